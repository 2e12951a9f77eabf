"""The head of a coded picture: survives, and names what is wrong with foreign bytes."""

import struct
import zlib

import pytest

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.transforms.bitstream import HEAD, Head, pack, unpack

GOOD = Head(kind=0, rate=25, unit="HU", shape=(512, 300), spacing_mm=(0.5, 0.75), model=b"12345678")


def test_a_head_survives() -> None:
    data = pack(GOOD, b"body")
    assert len(data) == HEAD + 4 == 36
    assert unpack(data) == (GOOD, b"body")
    bare = Head(kind=1, rate=0, unit="uint8", shape=(1, 1), spacing_mm=None, model=bytes(8))
    assert unpack(pack(bare, b"")) == (bare, b"")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:20], "cut off"),
        (lambda data: b"PK\3\4" + data[4:], "magic"),
        (lambda data: data[:4] + b"\7" + data[5:], "version 7"),
        (lambda data: data[:-1] + b"!", "checksum"),
        (lambda data: data[:-1], "checksum"),
        (lambda data: data + b"!", "checksum"),
    ],
)
def test_foreign_and_damaged_bytes_are_named(change: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        unpack(change(pack(GOOD, b"body")))  # type: ignore[operator]


@pytest.mark.parametrize("place", [5, 7, 8, 10])
def test_a_forged_head_with_a_right_checksum_is_refused(place: int) -> None:
    first = bytearray(pack(GOOD, b"")[:-4])
    first[place] = 0xFF
    if place == 8:
        first[8:12] = b"\xff\xff\xff\xff"  # 65535 x 65535 pixels
    if place == 10:
        first[10:12] = b"\0\0"
    data = bytes(first) + struct.pack(">I", zlib.crc32(bytes(first)))
    with pytest.raises(DataError, match="no picture that Salus writes"):
        unpack(data)


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(UnitError, match="furlong"):
        pack(Head(kind=0, rate=1, unit="furlong", shape=(1, 1), spacing_mm=None, model=bytes(8)), b"")
    with pytest.raises(ShapeError, match="70000"):
        pack(Head(kind=0, rate=1, unit="HU", shape=(70_000, 1), spacing_mm=None, model=bytes(8)), b"")
