"""The head of a coded picture: 32 bytes that say what follows, so that nothing foreign is decoded."""

import math
import struct
import zlib
from dataclasses import dataclass

from salus.schema.errors import DataError, ShapeError, UnitError

MAGIC = b"SLPC"
VERSION = 1
UNITS = ("HU", "uint8", "a.u.", "uint16")
_HEAD = struct.Struct(">4sBBBBHHff8sI")
HEAD = _HEAD.size
LARGEST_SIDE = 0xFFFF
MOST_PIXELS = 2**26


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a coded picture says of itself.

    Attributes:
        kind: Number of the code (see `KINDS`).
        rate: Percent of measurements, or 0 where the code says it itself.
        unit: Of the picture's values.
        shape: Height and width in pixels.
        spacing_mm: Of rows and columns; None where unknown.
        model: First eight bytes of the SHA-256 of what the decoder must share with the encoder.
    """

    kind: int
    rate: int
    unit: str
    shape: tuple[int, int]
    spacing_mm: tuple[float, float] | None
    model: bytes


KINDS = ("block sampling", "jpeg", "jpeg2000", "jpeg_ls", "jpeg_xl")


def pack(head: Head, body: bytes) -> bytes:
    """Return head and body as one string of bytes.

    Raises:
        UnitError: A unit that has no number here.
        ShapeError: A side or an area too large.
    """
    if head.unit not in UNITS:
        raise UnitError(f"unit {head.unit!r} cannot be written; convert the picture to one of {', '.join(UNITS)}")
    height, width = head.shape
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE) or height * width > MOST_PIXELS:
        raise ShapeError(f"{height} x {width} pixels; cut the picture to at most {MOST_PIXELS} pixels")
    spacing = head.spacing_mm or (0.0, 0.0)
    fields = (MAGIC, VERSION, head.kind, head.rate, UNITS.index(head.unit), height, width, *spacing, head.model)
    first = _HEAD.pack(*fields, 0)[:-4]
    return first + struct.pack(">I", zlib.crc32(first + body)) + body


def unpack(data: bytes) -> tuple[Head, bytes]:
    """Return head and body.

    Raises:
        DataError: Too short, another magic word or version, a wrong checksum, or values that cannot be.
    """
    if len(data) < HEAD:
        raise DataError(
            f"{len(data)} bytes are fewer than the {HEAD} of a picture's head; it was cut off, send it again"
        )
    magic, version, kind, rate, unit, height, width, row, column, model, check = _HEAD.unpack_from(data)
    if magic != MAGIC:
        raise DataError(f"magic {magic!r}, expected {MAGIC!r}: not a picture coded by Salus; give one that it wrote")
    if version != VERSION:
        raise DataError(
            f"version {version} of the coded picture; this Salus reads version {VERSION}: use the newer one"
        )
    if zlib.crc32(data[: HEAD - 4] + data[HEAD:]) != check:
        raise DataError("checksum of the coded picture does not match: it was changed or cut off; send it again")
    if kind >= len(KINDS) or unit >= len(UNITS) or not height or not width or height * width > MOST_PIXELS:
        raise DataError(f"code {kind}, unit {unit}, {height} x {width} pixels: no picture that Salus writes")
    known = all(math.isfinite(step) and step > 0 for step in (row, column))
    head = Head(
        kind=kind,
        rate=rate,
        unit=UNITS[unit],
        shape=(height, width),
        spacing_mm=(row, column) if known else None,
        model=model,
    )
    return head, data[HEAD:]
