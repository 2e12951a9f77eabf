"""WFDB records, written by the library's own writer."""

from pathlib import Path

import numpy as np
import pytest

from salus.data.readers.wfdb import library, read_annotations, read_wfdb, record_comments
from salus.schema.errors import DataError


@pytest.fixture
def record(tmp_path: Path) -> Path:
    signal = np.stack([np.sin(np.arange(500) / 20), np.cos(np.arange(500) / 30)], axis=1)
    signal[10, 0] = np.nan
    with library() as wfdb:
        wfdb.wrsamp(
            "r1", fs=250, units=["mV", "mV"], sig_name=["II", "V1"], p_signal=signal, fmt=["16", "16"],
            comments=["age: 60"], write_dir=str(tmp_path),
        )  # fmt: skip
        wfdb.wrann("r1", "atr", np.array([50, 300]), symbol=["N", "V"], fs=250, write_dir=str(tmp_path))
    return tmp_path / "r1"


def test_signals_come_in_physical_units(record: Path) -> None:
    for path in (record, record.with_suffix(".hea"), record.with_suffix(".dat")):
        wave = read_wfdb(path)
        assert wave.leads == ("II", "V1")
        assert wave.units == ("mV", "mV")
        assert wave.rate_hz == 250.0
        assert wave.array.shape == (2, 500)
    assert np.isnan(wave.array[0, 10])
    assert wave.array[1, 30] == pytest.approx(np.cos(1.0), abs=1e-3)
    assert record_comments(record) == ("age: 60",)


def test_annotations(record: Path) -> None:
    marks = read_annotations(record)
    assert marks.positions.tolist() == [50, 300]
    assert marks.symbols == ("N", "V")
    with pytest.raises(DataError, match=r"r1\.qrs: no such file"):
        read_annotations(record, "qrs")


def test_a_header_may_not_name_files_elsewhere(record: Path) -> None:
    header = record.with_suffix(".hea")
    header.write_text(header.read_text().replace("r1.dat", "../r1.dat"))
    with pytest.raises(DataError, match=r"outside its folder; refused|not a WFDB header"):
        read_wfdb(record)


def test_damaged_records_are_named(record: Path) -> None:
    with pytest.raises(DataError, match="declares 1,000 values"):
        read_wfdb(record, limit=999)
    data = record.with_suffix(".dat")
    data.write_bytes(data.read_bytes()[:100])
    with pytest.raises(DataError, match="cannot be read"):
        read_wfdb(record)
    data.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        read_wfdb(record)
    record.with_suffix(".hea").write_text("\n")
    with pytest.raises(DataError, match="not a WFDB header"):
        read_wfdb(record)
    with pytest.raises(DataError, match="no such file"):
        read_wfdb(record.with_name("none"))
