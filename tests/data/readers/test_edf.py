"""EDF, EDF+ and BDF, written by edfio and by hand."""

import struct
from pathlib import Path

import numpy as np
import pytest

from salus.data.open import read_any
from salus.data.readers.edf import is_edf, read_edf, read_edf_recording
from salus.schema.errors import DataError, SalusError, UnitError


def field(words: object, width: int) -> bytes:
    return str(words).encode("latin-1").ljust(width)[:width]


def write_edf(
    path: Path,
    channels: list[tuple[str, str, int]],
    records: list[list[np.ndarray]],
    starts: list[float] | None = None,
    extra: dict[int, str] | None = None,
    duration: object = 1,
    width: int = 2,
) -> Path:
    """Write an EDF (or BDF, width 3) by the specification; `starts` makes it EDF+ and dates each record."""
    kind = "EDF" if width == 2 else "BDF"
    stamped = starts is not None
    rows = [*channels, (f"{kind} Annotations", "", 40)] if stamped else channels
    top = 2 ** (8 * width - 1)
    head = (
        (b"0".ljust(8) if width == 2 else b"\xffBIOSEMI")
        + field("P-007 F X X", 80)
        + field("Startdate 01-FEB-2020 X X X", 80)
    )
    head += field("01.02.20", 8) + field("03.04.05", 8) + field(256 * (len(rows) + 1), 8)
    head += (
        field(f"{kind}+D" if stamped else "", 44) + field(len(records), 8) + field(duration, 8) + field(len(rows), 4)
    )
    signals = [
        [field(name, 16) for name, _, _ in rows],
        [field("", 80) for _ in rows],
        [field(unit, 8) for _, unit, _ in rows],
        [field(-1000, 8) for _ in rows],
        [field(1000 * (top - 1) / top if width == 2 else 1000, 8) for _ in rows],
        [field(-top, 8) for _ in rows],
        [field(top - 1, 8) for _ in rows],
        [field("", 80) for _ in rows],
        [field(count, 8) for _, _, count in rows],
        [field("", 32) for _ in rows],
    ]
    body = b""
    for number, parts in enumerate(records):
        for part in parts:
            body += part.astype("<i2").tobytes() if width == 2 else b"".join(struct.pack("<i", v)[:3] for v in part)
        if starts is not None:
            text = f"+{starts[number]:g}\x14\x14\0".encode() + (extra or {}).get(number, "").encode()
            body += text.ljust(40 * width, b"\0")
    path.write_bytes(head + b"".join(b"".join(group) for group in signals) + body)
    return path


def ramp(start: int, count: int) -> np.ndarray:
    return np.arange(start, start + count)


SCALE = 1000 / 2**15


def test_channels_of_several_rates(tmp_path: Path) -> None:
    records = [[ramp(10 * r, 10), ramp(1000 + 2 * r, 2)] for r in range(5)]
    path = write_edf(tmp_path / "a.edf", [("ECG Lead II", "µV", 10), ("SaO2", "%", 2)], records)
    found = read_edf_recording(path)
    assert [(g.rate_hz, g.leads, g.units, g.array.shape) for g in found.groups] == [
        (10.0, ("ECG Lead II",), ("uV",), (1, 50)),
        (2.0, ("SaO2",), ("%",), (1, 10)),
    ]
    assert found.groups[0].array[0] == pytest.approx(np.arange(50) * SCALE, rel=1e-3, abs=1e-3)
    assert found.facts["sex"] == "F"
    assert found.facts["start"] == "2020-02-01T03:04:05"
    wave = read_edf(path)
    assert (wave.rate_hz, wave.leads, wave.array.shape) == (10.0, ("II", "SaO2"), (2, 50))
    assert read_edf(path, rate_hz=5).array.shape == (2, 25)
    assert is_edf(path)
    assert np.array_equal(read_any(path).array, wave.array)


def test_gaps_of_a_discontinuous_file_are_missing_values(tmp_path: Path) -> None:
    records = [[ramp(10 * r, 10)] for r in range(4)]
    extra = {1: "+1.25\x152.5\x14apnoea\x14\0", 2: "+7\x14lights on\x14second\x14\0"}
    path = write_edf(tmp_path / "d.edf", [("Flow", "", 10)], records, starts=[0.5, 1.5, 7.0, 8.0], extra=extra)
    found = read_edf_recording(path)
    array = found.groups[0].array[0]
    assert len(array) == 85
    expected = np.full(85, np.nan)
    for start, part in zip((0, 10, 65, 75), records, strict=True):
        expected[start : start + 10] = part[0] * SCALE
    assert np.allclose(array, expected, rtol=1e-3, atol=1e-3, equal_nan=True)
    assert [(m.start_s, m.text) for m in found.marks] == [(0.75, "apnoea"), (6.5, "lights on"), (6.5, "second")]
    assert found.marks[0].duration_s == 2.5
    assert np.isnan(found.marks[1].duration_s)
    assert "1 gaps of 4.5 s" in found.notes[0]


def test_records_that_follow_one_another_have_no_gap(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "c.edf", [("x", "", 10)], [[ramp(0, 10)]] * 3, starts=[0, 1, 2])
    found = read_edf_recording(path)
    assert found.groups[0].array.shape == (1, 30)
    assert found.notes == ()


@pytest.mark.parametrize("starts", [[0, 0.5], [5, 0], [0, 1e300], [0, float("nan")]])
def test_impossible_times_are_refused(tmp_path: Path, starts: list[float]) -> None:
    path = write_edf(tmp_path / "b.edf", [("x", "", 10)], [[ramp(0, 10)]] * 2, starts=starts)
    with pytest.raises(DataError):
        read_edf_recording(path)


def test_a_far_away_record_does_not_make_a_giant_array(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "b.edf", [("x", "", 10)], [[ramp(0, 10)]] * 2, starts=[0, 1e12])
    with pytest.raises(DataError, match="declares"):
        read_edf_recording(path)


def test_one_fast_channel_does_not_blow_up_the_slow_ones(tmp_path: Path) -> None:
    channels = [("fast", "", 5000), *[(f"s{i}", "", 1) for i in range(300)]]
    records = [[np.zeros(5000, dtype=int), *[np.zeros(1, dtype=int)] * 300]] * 4
    path = write_edf(tmp_path / "f.edf", channels, records)
    assert len(read_edf_recording(path, limit=100_000).groups) == 2
    with pytest.raises(DataError, match="301 leads at 5000 Hz"):
        read_edf(path, limit=100_000)


def test_bdf_has_24_bits(tmp_path: Path) -> None:
    values = np.array([-(2**23), -1, 0, 2**23 - 1])
    path = write_edf(tmp_path / "b.bdf", [("Fp1", "uV", 4)], [[values]], width=3)
    assert read_edf(path).array[0] == pytest.approx([-1000, 0, 0, 1000], abs=1e-3)
    stamped = write_edf(tmp_path / "p.bdf", [("Fp1", "uV", 4)], [[values]] * 2, starts=[0, 3], width=3)
    assert np.isnan(read_edf(stamped).array[0]).sum() == 8


def test_reads_what_the_library_writes(tmp_path: Path) -> None:
    import edfio

    rng = np.random.default_rng(0)
    signals = [
        edfio.EdfSignal(rng.normal(size=2560), sampling_frequency=256, label="EEG Fpz-Cz", physical_dimension="uV"),
        edfio.EdfSignal(rng.normal(size=10), sampling_frequency=1, label="Temp", physical_dimension="degC"),
    ]
    notes = [edfio.EdfAnnotation(0, 30, "Sleep stage W"), edfio.EdfAnnotation(4.5, None, "Movement ü")]
    edfio.Edf(signals, annotations=notes).write(tmp_path / "w.edf")
    found = read_edf_recording(tmp_path / "w.edf")
    assert found.groups[0].array[0] == pytest.approx(signals[0].data, abs=1e-6)
    assert found.groups[1].array[0] == pytest.approx(signals[1].data, abs=1e-6)
    assert [(m.start_s, m.text) for m in found.marks] == [(0, "Sleep stage W"), (4.5, "Movement ü")]


def test_annotations_alone_are_read_as_marks(tmp_path: Path) -> None:
    import edfio

    edfio.Edf([], annotations=[edfio.EdfAnnotation(0, 30, "Sleep stage 1")]).write(tmp_path / "h.edf")
    found = read_edf_recording(tmp_path / "h.edf")
    assert [mark.text for mark in found.marks] == ["Sleep stage 1"]
    assert found.groups == ()
    with pytest.raises(DataError, match="no signal in it"):
        read_edf(tmp_path / "h.edf")


@pytest.mark.parametrize(
    ("place", "words", "error"),
    [
        (0, b"1       ", DataError),
        (252, b"9999", DataError),
        (252, b"-1  ", DataError),
        (184, b"99999999", DataError),
        (236, b"99999999", DataError),
        (236, b"x       ", DataError),
        (244, b"0       ", UnitError),
        (244, b"nan     ", UnitError),
        (244, b"-5      ", UnitError),
        (256 + 216 * 2, b"99999999", DataError),
        (256 + 216 * 2, b"-3      ", DataError),
        (256 + 216 * 2, b"0       0       ", DataError),
    ],
)
def test_a_header_is_not_believed(tmp_path: Path, place: int, words: bytes, error: type[Exception]) -> None:
    path = write_edf(tmp_path / "a.edf", [("a", "", 10), ("b", "", 2)], [[ramp(0, 10), ramp(0, 2)]] * 3)
    data = bytearray(path.read_bytes())
    data[place : place + len(words)] = words
    path.write_bytes(bytes(data))
    with pytest.raises(error):
        read_edf_recording(path)


def test_an_unknown_number_of_records_is_what_is_there(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "a.edf", [("a", "", 10)], [[ramp(0, 10)]] * 3)
    data = bytearray(path.read_bytes())
    data[236:244] = b"-1      "
    path.write_bytes(bytes(data))
    assert read_edf(path).array.shape == (1, 30)


def test_truncated_and_altered_files_give_typed_errors(tmp_path: Path) -> None:
    whole = write_edf(
        tmp_path / "a.edf", [("x", "uV", 10), ("y", "uV", 4)], [[ramp(0, 10), ramp(0, 4)]] * 4, [0, 1, 5, 6]
    )
    data = whole.read_bytes()
    rng = np.random.default_rng(1)
    for number in range(300):
        changed = bytearray(data[: len(data) * (number % 100 + 1) // 100])
        for _ in range(int(rng.integers(0, 6)) if number >= 100 else 0):
            changed[int(rng.integers(len(changed)))] = int(rng.integers(256))
        whole.write_bytes(bytes(changed))
        try:
            read_edf(whole)
        except SalusError:
            continue
        assert number >= 99
