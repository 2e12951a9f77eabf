"""Tables in pieces: the pieces make the table, and bombs, cuts and lies end in one error."""

import gzip
import zlib

import pandas as pd
import pytest

from salus.data.records import stream
from salus.data.records.stream import find_table, numbers, read_pieces
from salus.schema.errors import DataError


def whole(path, columns, optional=()):
    found = {name: [] for name in (*columns, *optional)}
    for piece in read_pieces(path, columns, optional):
        for name, cells in piece.items():
            found[name] += cells
    return found


def test_pieces_make_the_table(tmp_path, monkeypatch):
    table = pd.DataFrame(
        {
            "Id": [f"{i:03d}" for i in range(500)],
            "note": [f'line "{i}"\nnext, {i}' for i in range(500)],
            "x": range(500),
        }
    )
    table.to_csv(tmp_path / "A.csv", index=False)
    table.to_csv(tmp_path / "b.csv.gz", index=False)
    table.to_parquet(tmp_path / "c.parquet")
    monkeypatch.setattr(stream, "BLOCK", 700)  # cuts fall inside quotes, too
    for name in ("A.csv", "b.csv.gz", "c.parquet"):
        found = whole(tmp_path / name, ("id", "NOTE", "x"), ("absent",))
        assert found["id"][7] == "007"  # leading zeros stay
        assert found["NOTE"] == table["note"].tolist()
        assert [int(word) for word in found["x"]] == list(range(500))
        assert found["absent"] == [""] * 500
    assert find_table(tmp_path, "a").name == "A.csv"
    assert find_table(tmp_path, "z") is None
    assert find_table(tmp_path / "nothing", "a") is None


def test_hostile_tables_end_in_one_error(tmp_path, monkeypatch):
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 12_000_000, 9))
    with pytest.raises(DataError, match="bomb"):
        whole(bomb, ("a",))
    monkeypatch.setattr(stream, "MAX_LINE", 2**20)
    for name, data, why in (
        ("line.csv", b"a,b\n" + b"1" * (2**24 + 5), "longer than"),
        ("ragged.csv", b"a,b\n1,2\n3\n", "not a regular table"),
        ("latin.csv", b"a,b\n\xe9\xff,2\n", "not a regular table"),
        ("twice.csv", b"a,a\n1,2\n", "twice"),
        ("none.csv", b"", "empty table"),
        ("names.csv", b"\xff\xfe,b\n1,2\n", "column names"),
        ("other.csv", b"x,y\n1,2\n", "no column a"),
        ("cut.csv.gz", gzip.compress(b"a,b\n1,2\n" * 5000)[:-40], "cannot be read"),
        ("plain.csv.gz", b"a,b\n1,2\n", "cannot be read"),
        ("bad.parquet", b"PAR1 not really", "not a readable Parquet"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(DataError, match=why):
            whole(path, ("a",))
    # damage inside the compressed stream is found by its checksum
    packed = bytearray(gzip.compress(b"a,b\n" + b"1,2\n" * 1000))
    packed[-6] ^= 0xFF
    (tmp_path / "crc.csv.gz").write_bytes(bytes(packed))
    with pytest.raises((DataError, zlib.error), match="cannot be read"):
        whole(tmp_path / "crc.csv.gz", ("a",))


def test_numbers_are_finite_or_missing():
    found = numbers(["1e3", " 2", "1_0", "inf", "-", "1e999"])
    assert found[:2].tolist() == [1000.0, 2.0]
    assert all(value != value for value in found[2:])
