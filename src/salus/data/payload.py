"""Read exactly as many bytes as a header claims, packed or plain; never more, however large the file unpacks to."""

import bz2
import zlib
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import existing, inside
from salus.schema.errors import DataError

_PIECE = 2**20
DEFLATE_BEST = 1032
"""No deflate stream unpacks to more than this many times its size (RFC 1951: 258 bytes from 2 bits)."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def read_payload(handle: IO[bytes], count: int, path: Path, packing: str = "raw") -> bytearray:
    """Read `count` bytes from the handle's place on.

    Memory grows with what is really there, so a false claim costs nothing; unpacking stops at `count`.

    Args:
        handle: Open for reading.
        count: Bytes after unpacking.
        path: Named in errors.
        packing: `raw`, `deflate` (gzip or zlib, by its own mark) or `bzip2`.

    Raises:
        DataError: Fewer bytes than claimed, or a damaged stream.

    Source:
        RFC 1950, 1951 and 1952.
    """
    data = bytearray()
    try:
        if packing == "raw":
            while len(data) < count and (piece := handle.read(min(_PIECE, count - len(data)))):
                data += piece
        else:
            _unpack(handle, count, data, packing)
    except (OSError, zlib.error, ValueError, EOFError) as error:
        raise DataError(f"{path}: its packed values are damaged ({error}); copy it again from its source") from error
    if len(data) < count:
        raise DataError(f"{path}: cut short, {len(data):,} of {count:,} bytes of values; copy it again from its source")
    return data


def values_of(data: bytearray, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return bytes as an array of `shape` in C order, in the machine's own byte order; writable, not copied twice."""
    array = np.frombuffer(data, dtype=dtype).reshape(shape)
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))


def text_values(handle: IO[bytes], count: int, dtype: np.dtype[Any], path: Path) -> NDArray[Any]:
    """Read `count` numbers written as words, `(count,)`.

    Raises:
        DataError: Fewer numbers, or words that are no numbers of the type.
    """
    words: list[bytes] = []
    tail = b""
    while len(words) < count and (piece := handle.read(_PIECE)):
        parts = (tail + piece).split()
        tail = parts.pop() if parts and not piece[-1:].isspace() else b""
        words += parts
        if len(tail) > 64:
            break
    words += [tail] if tail and len(words) < count else []
    if len(words) < count:
        raise DataError(f"{path}: cut short, {len(words):,} of {count:,} written numbers; copy it again")
    try:
        return np.array([float(word) for word in words[:count]] if dtype.kind == "f" else words[:count]).astype(dtype)
    except (ValueError, OverflowError) as error:
        raise DataError(f"{path}: values written as text are no {dtype} ({error}); correct them") from error


def beside(path: Path, name: str) -> Path:
    """Return the file that holds the values of a header: in the header's folder or below it.

    Raises:
        DataError: No such file, no name a file can have, or a way out of the folder.
    """
    if not name or len(name) > 255 or not name.isprintable():
        raise DataError(f"{path}: names {name[:40]!r} as the file of its values; correct the header")
    try:
        return existing(inside(path.parent, name))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def refuse_short(path: Path, offset: int, count: int, packed: bool) -> None:
    """Refuse a file that cannot hold `count` bytes behind `offset`, whatever it unpacks to.

    Raises:
        DataError: It is too small.
    """
    size = path.stat().st_size
    room = size * DEFLATE_BEST if packed else size
    if offset + count > room:
        raise DataError(
            f"{path}: {size:,} bytes cannot hold the {count:,} bytes of values that it declares; "
            "it is cut short, copy it again"
        )


def _unpack(handle: IO[bytes], count: int, data: bytearray, packing: str) -> None:
    unpacker = _unpacker(packing)
    pending = b""
    while len(data) < count:
        pending = pending or handle.read(_PIECE)
        if not pending:
            return
        if unpacker.eof:  # the next member of several
            unpacker = _unpacker(packing)
        data += unpacker.decompress(pending, min(16 * _PIECE, count - len(data)))
        if unpacker.eof:
            pending = unpacker.unused_data
        elif packing == "deflate":
            pending = unpacker.unconsumed_tail  # type: ignore[attr-defined]
        else:
            while not unpacker.eof and not unpacker.needs_input and len(data) < count:  # type: ignore[attr-defined]
                data += unpacker.decompress(b"", min(16 * _PIECE, count - len(data)))
            pending = unpacker.unused_data if unpacker.eof else b""


def _unpacker(packing: str) -> _Unpacker:
    # 32 beside the window bits lets zlib tell gzip from zlib by the first bytes
    return bz2.BZ2Decompressor() if packing == "bzip2" else zlib.decompressobj(32 + zlib.MAX_WBITS)
