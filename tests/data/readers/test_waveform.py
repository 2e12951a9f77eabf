"""Waveforms in tables: where the rate comes from, and what uneven times become."""

from pathlib import Path

import numpy as np
import pytest

from salus.data.open import read_any
from salus.data.readers.table import read_columns
from salus.data.readers.waveform import read_waveform, read_waveform_recording
from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Waveform


def text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_a_waveform_takes_its_rate_from_the_time_column(tmp_path: Path) -> None:
    lines = "".join(f"{i * 0.004:.3f},{np.sin(i):.4f},{i}\n" for i in range(50))
    path = text(tmp_path / "a.csv", "time_s,ECG Lead II [mV],V1 [mV]\n" + lines)
    wave = read_waveform(path)
    assert wave.rate_hz == pytest.approx(250.0)
    assert wave.leads == ("II", "V1")
    assert wave.units == ("mV", "mV")
    assert wave.array.shape == (2, 50)
    assert read_waveform(path, leads=["V1 [mV]"]).array[0, 7] == 7


@pytest.mark.parametrize("comment", ["# rate_hz: 250", "# Sampling rate = 250 Hz", "# fs: 0.25 kHz", "#fs:250"])
def test_a_rate_may_stand_above_the_columns(tmp_path: Path, comment: str) -> None:
    path = text(tmp_path / "a.csv", f"# patient: 7\n{comment}\necg [mV]\n1\n2\n\n3\n")
    wave = read_waveform(path)
    assert (wave.rate_hz, wave.leads, wave.units) == (250.0, ("ecg",), ("mV",))
    assert read_waveform_recording(path).facts["patient"] == "7"
    assert isinstance(read_any(path), Waveform)
    with pytest.raises(DataError, match="line 4 has 2 cells"):
        read_columns(text(tmp_path / "b.csv", f"# patient: 7\n{comment}\necg [mV]\n1,2\n"))


def test_a_column_that_begins_with_a_hash_is_a_column(tmp_path: Path) -> None:
    assert list(read_columns(text(tmp_path / "a.csv", "#id,x\n1,2\n")).words) == ["#id", "x"]


@pytest.mark.parametrize(
    ("header", "step", "rate"),
    [("time [ms],x", 4, 250.0), ("t_ms,x", 4, 250.0), ("time (min),x", 5, 1 / 300), ("t,x", 0.5, 2.0)],
)
def test_units_of_time(tmp_path: Path, header: str, step: float, rate: float) -> None:
    path = text(tmp_path / "a.csv", header + "\n" + "".join(f"{step * i},{i}\n" for i in range(9)))
    assert read_waveform(path).rate_hz == pytest.approx(rate)


def test_calendar_times(tmp_path: Path) -> None:
    rows = "".join(f"2014-02-03 03:{5 * i:02d}:12,{90 + i}\n" for i in range(6))
    wave = read_waveform(text(tmp_path / "a.csv", "time,gl [mg/dL]\n" + rows))
    assert wave.rate_hz == pytest.approx(1 / 300)
    assert wave.units == ("mg/dL",)
    with pytest.raises(DataError, match="ISO 8601"):
        read_waveform(text(tmp_path / "b.csv", "time,x\nmonday,1\ntuesday,2\n"))


def test_missing_rows_are_missing_values_and_are_said(tmp_path: Path) -> None:
    found = read_waveform_recording(text(tmp_path / "b.csv", "t,x\n0,1\n1,1\n2,1\n4,1\n5,1\n6,1\n"))
    assert np.array_equal(found.groups[0].array[0], [1, 1, 1, np.nan, 1, 1, 1], equal_nan=True)
    assert "1 rows are missing" in found.notes[0]
    with pytest.raises(DataError, match="declares"):
        read_waveform(text(tmp_path / "c.csv", "t,x\n0,1\n1,1\n2,1\n3,1\n1e12,1\n"))


def test_irregular_times_need_a_rate_and_are_interpolated(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    times = np.concatenate([np.cumsum(rng.uniform(0.05, 0.15, 100)), 40 + np.cumsum(rng.uniform(0.05, 0.15, 100))])
    path = text(tmp_path / "a.csv", "t,x\n" + "".join(f"{t:.6f},{3 * t:.6f}\n" for t in times))
    with pytest.raises(DataError, match=r"not evenly rising \(line 3\): steps of 0\.05\d* to \d+"):
        read_waveform(path)
    found = read_waveform_recording(path, rate_hz=20)
    wave = found.groups[0]
    grid = times[0] + np.arange(wave.array.shape[1]) / 20
    inside = (grid > times[99] + 1e-6) & (grid < times[100] - 1e-6)
    assert np.isnan(wave.array[0, inside]).all()
    assert wave.array[0, ~inside] == pytest.approx(3 * grid[~inside], rel=1e-4)
    assert "interpolated to 20 Hz" in found.notes[0]
    assert read_waveform(path, rate_hz=2).array[0, 1] == pytest.approx(3 * (times[0] + 0.5), rel=0.02)


def test_a_stated_rate_must_agree_with_the_times(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", "t,x\n0,1\n1,2\n2,3\n")
    assert read_waveform(path, rate_hz=1.0).rate_hz == 1.0
    with pytest.raises(UnitError, match="5 Hz stated, but the times in 't' give 1"):
        read_waveform(path, rate_hz=5)


@pytest.mark.parametrize("comment", ["# rate_hz: fast", "# rate_hz: 0", "# rate_hz: -3", "# rate_hz: 1e999"])
def test_impossible_rates_are_refused(tmp_path: Path, comment: str) -> None:
    with pytest.raises(UnitError, match="must be above 0"):
        read_waveform(text(tmp_path / "a.csv", f"{comment}\nx\n1\n2\n"))


def test_a_waveform_without_rate_or_with_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnitError, match="no sampling rate"):
        read_waveform(text(tmp_path / "a.csv", "x\n1\n2\n"))
    wave = read_waveform(tmp_path / "a.csv", rate_hz=2)
    assert wave.rate_hz == 2.0
    with pytest.raises(UnitError, match="rate 0"):
        read_waveform(tmp_path / "a.csv", rate_hz=0)
    with pytest.raises(DataError, match=r"do not rise \(line 4\)"):
        read_waveform(text(tmp_path / "b.csv", "t,x\n0,1\n1,1\n1,1\n2,1\n"))
    with pytest.raises(DataError, match="'note' holds words"):
        read_waveform(text(tmp_path / "c.csv", "x,note\n1,a\n2,b\n"), rate_hz=1, leads=["note"])
