"""WFDB records, written by the library's own writer or by hand, read against the library and against the numbers."""

import os
from pathlib import Path

import numpy as np
import pytest

from salus.data.readers.wfdb import read_annotations, read_wfdb, read_wfdb_recording, record_comments, record_facts
from salus.data.readers.wfdb_header import library
from salus.schema.errors import DataError, SalusError, UnitError

FORMATS = ["80", "212", "310", "311", "16", "61", "160", "24", "32", "508", "516", "524"]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    signal = np.stack([np.sin(np.arange(500) / 20), np.cos(np.arange(500) / 30)], axis=1)
    signal[10, 0] = np.nan
    with library() as wfdb:
        wfdb.wrsamp(
            "r1", fs=250, units=["mV", "mV"], sig_name=["II", "V1"], p_signal=signal, fmt=["16", "16"],
            comments=["age: 60"], write_dir=str(tmp_path),
        )  # fmt: skip
        wfdb.wrann(
            "r1", "atr", np.array([50, 300]), symbol=["N", "+"], aux_note=["", "(AFIB"], fs=250, write_dir=str(tmp_path)
        )
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


def packed(fmt: str, values: np.ndarray) -> bytes:
    """Pack flat samples by the format's own definition (WFDB manual, signal(5))."""
    if fmt in ("80", "160"):
        return (values + 2 ** (7 if fmt == "80" else 15)).astype("<u1" if fmt == "80" else "<u2").tobytes()
    if fmt in ("16", "32", "61"):
        return values.astype({"16": "<i2", "32": "<i4", "61": ">i2"}[fmt]).tobytes()
    if fmt == "24":
        return values.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    size = 2 if fmt == "212" else 3
    padded = [int(v) for v in values] + [0] * (-len(values) % size)
    out = bytearray()
    for start in range(0, len(padded), size):
        group = padded[start : start + size]
        if fmt == "212":
            a, b = (v & 0xFFF for v in group)
            out += bytes([a & 0xFF, a >> 8 | b >> 8 << 4, b & 0xFF])
        else:
            a, b, c = (v & 0x3FF for v in group)
            if fmt == "311":
                out += (a | b << 10 | c << 20).to_bytes(4, "little")
            else:
                out += ((a << 1 | (c & 0x1F) << 11) & 0xFFFF).to_bytes(2, "little")
                out += ((b << 1 | c >> 5 << 11) & 0xFFFF).to_bytes(2, "little")
    return bytes(out)


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("count", [299, 300, 301])
def test_every_format_gives_the_numbers_that_were_stored(tmp_path: Path, fmt: str, count: int) -> None:
    bits = {"80": 8, "508": 8, "212": 12, "310": 10, "311": 10, "24": 24, "524": 24, "32": 32}.get(fmt, 16)
    top = 2 ** (bits - 1) - 1
    stored = np.random.default_rng(0).integers(-top, top, (count, 2))
    if fmt.startswith("5"):
        import soundfile

        kind = "PCM_S8" if fmt == "508" else f"PCM_{bits}"
        shifted = (
            (stored << (8 if fmt == "508" else 0)).astype(np.int16) if bits <= 16 else stored.astype(np.int32) << 8
        )
        soundfile.write(tmp_path / "r.dat", shifted, 8000, format="FLAC", subtype=kind)
    else:
        (tmp_path / "r.dat").write_bytes(packed(fmt, stored.ravel()))
    (tmp_path / "r.hea").write_text(
        f"r 2 100 {count}\nr.dat {fmt} 200(3)/mV 0 0 0 0 0 a\nr.dat {fmt} 1.5(-7)/uV 0 0 0 0 0 b\n"
    )
    wave = read_wfdb(tmp_path / "r")
    assert wave.array[0] == pytest.approx((stored[:, 0] - 3) / 200.0, rel=1e-6)
    assert wave.array[1] == pytest.approx((stored[:, 1] + 7) / 1.5, rel=1e-6)
    data = (tmp_path / "r.dat").read_bytes()
    (tmp_path / "r.dat").write_bytes(data[: len(data) * 9 // 10])
    with pytest.raises(DataError, match=r"cannot be read|FLAC|the header declares"):
        read_wfdb(tmp_path / "r")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_microvolts_do_not_become_volts(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "u.dat").write_bytes(np.arange(4, dtype="<i2").tobytes())
    (tmp_path / "u.hea").write_bytes("u 1 10 4\nu.dat 16 2/µV 16 0 0 0 0 Dérivation II\n".encode(encoding))
    wave = read_wfdb(tmp_path / "u")
    assert (wave.units, wave.leads) == (("uV",), ("Dérivation II",))


def test_differences_of_format_8_add_up(tmp_path: Path) -> None:
    steps = np.array([[1, -1], [2, 5], [-3, 100], [127, -128]], dtype=np.int8)
    (tmp_path / "d.dat").write_bytes(steps.tobytes())
    (tmp_path / "d.hea").write_text("d 2 50 4\nd.dat 8 10/mV 8 0 20 0 0 x\nd.dat 8 10/mV 8 0 -5 0 0 y\n")
    expected = np.array([[20], [-5]]) + np.cumsum(steps.astype(int), axis=0).T
    assert read_wfdb(tmp_path / "d").array == pytest.approx(expected / 10)


def test_leads_of_several_rates_keep_their_own_or_come_to_the_highest(tmp_path: Path) -> None:
    time = np.arange(400) / 100.0
    slow, fast = np.sin(2 * np.pi * time), np.sin(2 * np.pi * np.arange(1600) / 400.0)
    frames = np.column_stack([np.round(1000 * slow), *np.round(1000 * fast).reshape(400, 4).T]).astype("<i2")
    (tmp_path / "m.dat").write_bytes(frames.tobytes())
    (tmp_path / "m.hea").write_text(
        "m 2 100 400\nm.dat 16 1000/mV 16 0 0 0 0 PLETH\nm.dat 16x4 1000/mV 16 0 0 0 0 II\n"
    )
    found = read_wfdb_recording(tmp_path / "m")
    assert [(group.rate_hz, group.leads, group.array.shape) for group in found.groups] == [
        (100.0, ("PLETH",), (1, 400)),
        (400.0, ("II",), (1, 1600)),
    ]
    assert found.groups[1].array[0] == pytest.approx(fast, abs=1e-3)
    wave = read_wfdb(tmp_path / "m")
    assert (wave.rate_hz, wave.leads, wave.array.shape) == (400.0, ("PLETH", "II"), (2, 1600))
    assert np.abs(wave.array[0] - wave.array[1])[100:-100].max() < 0.01


def test_skewed_leads_are_moved_each_by_its_own(tmp_path: Path) -> None:
    ramp = np.arange(20, dtype="<i2")
    (tmp_path / "s.dat").write_bytes(np.column_stack([ramp, ramp, ramp]).tobytes())
    lines = "".join(f"s.dat 16{skew} 1/mV 16 0 0 0 0 {name}\n" for name, skew in (("a", ""), ("b", ":2"), ("c", ":5")))
    (tmp_path / "s.hea").write_text(f"s 3 10 20\n{lines}")
    found = read_wfdb_recording(tmp_path / "s")
    array = found.groups[0].array
    assert array[0] == pytest.approx(ramp)
    assert array[1, :18] == pytest.approx(ramp[2:])
    assert array[2, :15] == pytest.approx(ramp[5:])
    assert np.isnan(array[1, 18:]).all()
    assert np.isnan(array[2, 15:]).all()
    assert "b, c" in found.notes[0]


def test_segments_are_put_together_by_name_and_gaps_are_missing(tmp_path: Path) -> None:
    ramp = np.arange(10, dtype="<i2")
    for name, leads in (("s1", ["II", "V"]), ("s2", ["V"])):
        (tmp_path / f"{name}.dat").write_bytes(np.repeat(ramp, len(leads)).tobytes())
        (tmp_path / f"{name}.hea").write_text(
            f"{name} {len(leads)} 10 10\n" + "".join(f"{name}.dat 16 2/mV 16 0 0 0 0 {lead}\n" for lead in leads)
        )
    (tmp_path / "lay.hea").write_text("lay 2 10 0\n~ 0 200/mV 0 0 0 0 0 V\n~ 0 200/mV 0 0 0 0 0 II\n")
    (tmp_path / "all.hea").write_text("all/4 2 10 25\nlay 0\ns1 10\n~ 5\ns2 10\n")
    found = read_wfdb_recording(tmp_path / "all")
    wave = found.groups[0]
    assert wave.leads == ("V", "II")
    assert wave.array[0, :10] == pytest.approx(ramp / 2)
    assert wave.array[1, :10] == pytest.approx(ramp / 2)
    assert np.isnan(wave.array[:, 10:15]).all()
    assert wave.array[0, 15:] == pytest.approx(ramp / 2)
    assert np.isnan(wave.array[1, 15:]).all()
    assert "1 of 4 segments are gaps" in found.notes[0]
    with library() as wfdb:
        other = wfdb.rdrecord(str(tmp_path / "all"))
    assert np.allclose(other.p_signal.T, wave.array, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("all/1 1 10 10\nall 10\n", "made of segments itself"),
        ("all/2 1 10 10\ns1 10\n", "declares 2 segments"),
        ("all/1 1 10 99\ns1 10\n", "10 samples in all, 99 declared"),
        ("all/1 1 10 10\nnone 10\n", "no such file"),
        ("all/1 1 10 9\ns1 9\n", "has 10 samples, 9 declared"),
        ("all/1 99999 10 10\ns1 10\n", "expected 1 to 4096"),
    ],
)
def test_segments_that_do_not_fit_are_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "s1.dat").write_bytes(bytes(20))
    (tmp_path / "s1.hea").write_text("s1 1 10 10\ns1.dat 16 1/mV 16 0 0 0 0 a\n")
    (tmp_path / "all.hea").write_text(text)
    with pytest.raises(DataError, match=words):
        read_wfdb(tmp_path / "all")


def test_annotations(record: Path) -> None:
    marks = read_annotations(record)
    assert marks.positions.tolist() == [50, 300]
    assert marks.symbols == ("N", "+")
    assert marks.notes == ("", "(AFIB")
    found = read_wfdb_recording(record)
    assert [(mark.start_s, mark.text) for mark in found.marks] == [(0.2, "N"), (1.2, "+ (AFIB")]
    assert found.facts == {"age": "60", "age_years": "60"}
    with pytest.raises(DataError, match=r"r1\.qrs: no such file"):
        read_annotations(record, "qrs")
    record.with_suffix(".atr").write_bytes(b"\1\2\3")
    with pytest.raises(DataError, match="not a WFDB annotation file"):
        read_annotations(record)


@pytest.mark.parametrize(
    ("comments", "expected"),
    [
        (["69 M 1085 1629 x1", "Aldomet, Inderal"], {"age_years": "69", "sex": "M", "remarks": "Aldomet, Inderal"}),
        (["age: 81", "sex: female"], {"age_years": "81", "sex": "F"}),
        (["<age>: 56 <sex>: M <diagnoses> LBBB"], {"age_years": "56", "sex": "M", "diagnosis": "LBBB"}),
        (["Age: n/a", "gender: M", "Dx: 164889003"], {"sex": "M", "diagnosis": "164889003"}),
        (["Reason for admission: Myocardial infarction"], {"diagnosis": "Myocardial infarction"}),
    ],
)
def test_what_the_comments_say(record: Path, comments: list[str], expected: dict[str, str]) -> None:
    header = record.with_suffix(".hea")
    lines = [line for line in header.read_text().splitlines() if not line.startswith("#")]
    header.write_text("\n".join([*lines, *(f"# {line}" for line in comments)]))
    found = record_facts(record)
    assert {key: found[key] for key in expected} == expected
    assert "n/a" not in found.values()


@pytest.mark.parametrize("name", ["../r1.dat", "/etc/passwd", "a\\b.dat", "c:x.dat"])
def test_a_header_may_not_name_files_elsewhere(record: Path, name: str) -> None:
    header = record.with_suffix(".hea")
    header.write_text(header.read_text().replace("r1.dat", name))
    with pytest.raises(DataError, match=r"outside its folder; refused|not a WFDB header|no file"):
        read_wfdb(record)


def test_a_link_out_of_the_folder_is_refused(record: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret.dat"
    elsewhere.write_bytes(bytes(2000))
    record.with_suffix(".dat").unlink()
    os.symlink(elsewhere, record.with_suffix(".dat"))
    with pytest.raises(DataError, match="leads out of"):
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


@pytest.mark.parametrize(
    "line",
    [
        "r1 2 250 99999999999",
        "r1 999999999 250 500",
        "r1 2 0 500",
        "r1 2 1e99 500",
        "r1 2 250 -5",
        "r1 0 250 500",
        "r1 2 " + "9" * 900 + " 500",
        "x" * 200_000,
    ],
)
def test_a_header_is_not_believed(record: Path, line: str) -> None:
    header = record.with_suffix(".hea")
    rest = header.read_text().split("\n", 1)[1]
    header.write_text(f"{line}\n{rest}")
    with pytest.raises((DataError, UnitError)):
        read_wfdb(record)


def test_a_flac_that_unfolds_to_too_much_is_refused(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "f.dat", np.zeros(2**23, dtype=np.int16), 8000, format="FLAC", subtype="PCM_16")
    (tmp_path / "f.hea").write_text("f 1 8000 8388608\nf.dat 516 1/mV 16 0 0 0 0 x\n")
    small = (tmp_path / "f.dat").stat().st_size * 2000 < 2**23
    if small:
        with pytest.raises(DataError, match="unfold to"):
            read_wfdb(tmp_path / "f")
    else:
        assert read_wfdb(tmp_path / "f").array.shape == (1, 2**23)
    (tmp_path / "f.hea").write_text("f 1 8000 99999999\nf.dat 516 1/mV 16 0 0 0 0 x\n")
    with pytest.raises(DataError, match="the header declares"):
        read_wfdb(tmp_path / "f")


def test_no_damage_gives_anything_but_a_typed_error(record: Path) -> None:
    rng = np.random.default_rng(3)
    whole = {suffix: record.with_suffix(suffix).read_bytes() for suffix in (".hea", ".dat", ".atr")}
    for number in range(150):
        suffix = (".hea", ".atr", ".hea")[number % 3]
        data = bytearray(whole[suffix])
        for _ in range(int(rng.integers(1, 6))):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
        record.with_suffix(suffix).write_bytes(bytes(data[: int(rng.integers(1, len(data) + 1))]))
        try:
            read_wfdb_recording(record)
        except SalusError:
            pass
        finally:
            record.with_suffix(suffix).write_bytes(whole[suffix])
