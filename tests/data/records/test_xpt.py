"""SAS transport files, written here byte by byte from the published layout."""

import contextlib
import struct

import numpy as np
import pytest

from salus.data.catalogue.nhanes_2017_2018 import _part
from salus.data.readers.table import read_columns
from salus.data.records.xpt import read_xpt
from salus.schema.errors import DataError


def ibm(value):
    """Return IBM's base-16 double of a number; zero and missing have their own bytes."""
    if value is None:
        return b"." + bytes(7)
    if value == 0:
        return bytes(8)
    sign, value, exponent = (0x80 if value < 0 else 0), abs(value), 64
    while value >= 1:
        value, exponent = value / 16, exponent + 1
    while value < 1 / 16:
        value, exponent = value * 16, exponent - 1
    return bytes([sign | exponent]) + int(value * 2**56).to_bytes(7, "big")


def write_xpt(path, names, rows):
    """Write columns of numbers, and of words of eight letters where the first row holds one."""

    def pad(data, size=80):
        return data.ljust(size, b" ")

    def head(name, tail=b"0" * 30):
        return pad(b"HEADER RECORD*******" + name.ljust(8) + b"HEADER RECORD!!!!!!!" + tail)

    stamp = b"01JAN20:00:00:00"
    out = head(b"LIBRARY") + pad(b"SAS     SAS     SASLIB  9.4     X64     ".ljust(64) + stamp) + pad(stamp)
    out += head(b"MEMBER", b"000000000000000001600000000140  "[:32])
    out += head(b"DSCRPTR") + pad(b"SAS     TINY    SASDATA 9.4     X64     ".ljust(64) + stamp) + pad(stamp)
    out += head(b"NAMESTR", f"000000{len(names):04d}".encode().ljust(30, b"0"))
    fields = b""
    for place, name in enumerate(names):
        kind = 2 if isinstance(rows[0][place], str) else 1
        fields += struct.pack(
            ">hhhh8s40s8shhh2s8shhl52s", kind, 0, 8, place + 1, name.encode().ljust(8), b" " * 40, b" " * 8, 0, 0, 0,
            b"  ", b" " * 8, 0, 0, 8 * place, bytes(52),
        )  # fmt: skip
    out += pad(fields, -(-len(fields) // 80) * 80) + head(b"OBS")
    body = b"".join(cell.encode().ljust(8) if isinstance(cell, str) else ibm(cell) for row in rows for cell in row)
    path.write_bytes(out + pad(body, -(-len(body) // 80) * 80))


ROWS = [(1.0, 0.0, "ab"), (2.0, -37.25, "c"), (3.0, None, ""), (4.0, 5.5e6, "d")]


def test_numbers_zero_missing_and_words(tmp_path):
    write_xpt(tmp_path / "t.xpt", ("SEQN", "X", "W"), ROWS)
    found = read_xpt(tmp_path / "t.xpt")
    assert found["SEQN"] == [1, 2, 3, 4]
    assert found["X"][0] == 0.0  # not the 5.4e-79 that pandas makes of it
    assert found["X"][1] == -37.25
    assert np.isnan(found["X"][2])
    assert found["X"][3] == pytest.approx(5.5e6)
    assert found["W"] == ["ab", "c", "", "d"]
    table = read_columns(tmp_path / "t.xpt")
    assert table.words["SEQN"] == ["1", "2", "3", "4"]
    assert "W" not in table.numbers
    (tmp_path / "t.xpt").rename(tmp_path / "DEMO_J.XPT")
    assert _part(tmp_path, "DEMO_J")["SEQN"].tolist() == [1, 2, 3, 4]


def test_cut_and_changed_files_end_in_one_error(tmp_path):
    path = tmp_path / "t.xpt"
    write_xpt(path, ("SEQN", "X", "W"), ROWS)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    for length in range(0, len(good), max(1, len(good) // 60)):
        path.write_bytes(good[:length])
        _one_error_or_a_table(path)
    for _ in range(300):
        data = bytearray(good)
        for place in rng.integers(0, len(good), 3):
            data[place] = int(rng.integers(256))
        path.write_bytes(bytes(data))
        _one_error_or_a_table(path)
    path.write_bytes(b"HEADER RECORD*******LIBV8   HEADER" + good)
    with pytest.raises(DataError, match="version 8"):
        read_xpt(path)
    path.write_bytes(b"SEQN,X\n1,2\n")
    with pytest.raises(DataError, match="no SAS transport"):
        read_xpt(path)


def _one_error_or_a_table(path):
    with contextlib.suppress(DataError):
        assert len(read_xpt(path))
