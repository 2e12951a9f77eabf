"""Tiles of a TIFF page: found, checked against what they claim, decoded, and kept as long as memory is left."""

import struct
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.readers.slide_form import guarded
from salus.schema.errors import DataError

MAX_TILE = 2**26
"""Most values one tile or strip may decode to (8,192 x 8,192 grey)."""

_PIECE = 2**22
_JPEG = (6, 7, 34892, 33007)
_JPEG2000 = (33003, 33004, 33005, 34712)
_APERIO_YCC = 33003


class TileCache:
    """Decoded tiles, the least recently used dropped first, within a bound of bytes; safe between threads."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.held = 0
        self._tiles: OrderedDict[Any, NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any) -> NDArray[Any] | None:
        """Return a tile, or None where it is not held."""
        with self._lock:
            if key not in self._tiles:
                return None
            self._tiles.move_to_end(key)
            return self._tiles[key]

    def put(self, key: Any, tile: NDArray[Any]) -> None:
        """Keep a tile; one above the bound is not kept."""
        with self._lock:
            if tile.nbytes > self.max_bytes or key in self._tiles:
                return
            self._tiles[key] = tile
            self.held += tile.nbytes
            while self.held > self.max_bytes:
                self.held -= self._tiles.popitem(last=False)[1].nbytes


class PageTiles:
    """The grid of tiles or strips of the planes of one level.

    Args:
        series: tifffile's series (one level of it); every plane has the form of its keyframe.
        path: Named in errors.

    Attributes:
        height: Rows of pixels.
        width: Columns of pixels.
        samples: Samples of a pixel.
        tile: Rows and columns of one tile.
    """

    def __init__(self, series: Any, path: Path) -> None:
        page = series.keyframe
        self.series, self.page, self.path = series, page, path
        self.height, self.width = int(page.imagelength), int(page.imagewidth)
        self.samples = int(page.samplesperpixel)
        self.separate = int(page.planarconfig) == 2 and self.samples > 1
        if page.dtype is None or page.dtype.kind not in "uifb" or int(page.photometric) == 3:
            kind = "palette colours" if int(page.photometric) == 3 else f"values of {page.dtype}"
            raise DataError(f"{path}: {kind}; store plain real numbers, or RGB")
        white_is_zero = int(page.photometric) == 0 and page.dtype.kind == "u"
        self.top = 2 ** int(page.bitspersample) - 1 if white_is_zero else 0
        self.plain = _plain(series)
        if self.plain:
            row = self.width * self.samples * page.dtype.itemsize
            self.tile = (max(1, min(self.height, _PIECE // max(row, 1))), self.width)
        elif page.is_tiled:
            self.tile = (int(page.tilelength), int(page.tilewidth))
        else:
            self.tile = (min(int(page.rowsperstrip), self.height), self.width)
        each = self.tile[0] * self.tile[1] * (1 if self.separate else self.samples)
        if min(self.tile) < 1 or each > MAX_TILE:
            raise DataError(
                f"{path}: tiles of {self.tile[0]} x {self.tile[1]}; a tile may hold {MAX_TILE:,} values, "
                "write it with tiles of 256 to 1,024 pixels"
            )
        self.grid = (-(-self.height // self.tile[0]), -(-self.width // self.tile[1]))

    def read(self, plane: int, row: int, column: int, lock: threading.Lock) -> NDArray[Any]:
        """Decode one tile, `(h, w, samples)`, bright is high; at the lower and right edge it may hang over.

        Raises:
            DataError: Damaged, cut short, or larger than it claims.
        """
        with guarded(self.path):  # a damaged tag may hold a word where a number belongs
            tile = self._stored(plane, row, column, lock)
        return np.asarray(self.top - tile, dtype=tile.dtype) if self.top else tile

    def _stored(self, plane: int, row: int, column: int, lock: threading.Lock) -> NDArray[Any]:
        if self.plain:
            return self._rows(plane, row, lock)
        index = row * self.grid[1] + column
        if not self.separate:
            return self._segment(plane, index, lock)
        step = self.grid[0] * self.grid[1]
        return np.concatenate([self._segment(plane, s * step + index, lock) for s in range(self.samples)], axis=2)

    def _rows(self, plane: int, row: int, lock: threading.Lock) -> NDArray[Any]:
        page = self.page
        top, count = row * self.tile[0], min(self.tile[0], self.height - row * self.tile[0])
        width = self.width * self.samples * page.dtype.itemsize
        start = int(self.series.dataoffset) + plane * self.height * width + top * width
        data = self._bytes(page.parent.filehandle, start, count * width, lock)
        values = np.frombuffer(data, dtype=page.dtype.newbyteorder(page.parent.byteorder))
        return values.astype(page.dtype.newbyteorder("=")).reshape(count, self.width, self.samples)

    def _segment(self, plane: int, index: int, lock: threading.Lock) -> NDArray[Any]:
        page = self.series[plane]
        channels = 1 if self.separate else self.samples
        empty = np.zeros((*self.tile, channels), dtype=self.page.dtype)
        if page is None:  # a plane that the metadata name and the file does not hold
            return empty
        if index >= len(page.dataoffsets) or index >= len(page.databytecounts):
            raise DataError(f"{self.path}: tile {index} is not in its table of tiles; it is cut short, copy it again")
        start, size = int(page.dataoffsets[index]), int(page.databytecounts[index])
        if size == 0:  # sparse: nothing was scanned here
            return empty
        if size > 4 * MAX_TILE:
            raise DataError(f"{self.path}: tile {index} claims {size:,} bytes; the file is damaged, copy it again")
        data = self._bytes(page.parent.filehandle, start, size, lock)
        self._check_claim(data, index)
        try:
            own = {name: getattr(page, name, None) for name in ("jpegtables", "jpegheader")}
            decoded, _, _ = page.decode(data, index, **{name: part for name, part in own.items() if part is not None})
        except Exception as error:  # codecs raise kinds of their own
            raise DataError(f"{self.path}: tile {index} cannot be decoded ({error}); copy the file again") from error
        if decoded is None:
            return empty
        if int(self.page.compression) == _APERIO_YCC and channels == 3:
            decoded = _rgb_of(decoded)
        tile: NDArray[Any] = decoded[0]
        return tile

    def _bytes(self, handle: Any, start: int, size: int, lock: threading.Lock) -> bytes:
        with lock:
            if start + size > handle.size:
                raise DataError(
                    f"{self.path}: values at byte {start + size:,} of {handle.size:,}; it is cut short, copy it again"
                )
            handle.seek(start)
            data: bytes = handle.read(size)
            return data

    def _check_claim(self, data: bytes, index: int) -> None:
        """Refuse a tile whose own header claims more pixels than its page, before a codec makes room for them."""
        compression = int(self.page.compression)
        claimed = None
        if compression in _JPEG:
            claimed = _jpeg_size(data)
        elif compression in _JPEG2000:
            claimed = _jpeg2000_size(data)
        if claimed is not None and claimed[0] * claimed[1] > 4 * self.tile[0] * self.tile[1]:
            raise DataError(
                f"{self.path}: tile {index} unpacks to {claimed[0]} x {claimed[1]} where {self.tile[0]} x "
                f"{self.tile[1]} belong; the file is damaged, copy it again"
            )


def _plain(series: Any) -> bool:
    """Tell whether the values lie in one piece, unpacked: rows can then be read without a codec."""
    page = series.keyframe
    plain = not page.is_tiled and int(page.compression) == 1 and int(page.predictor) == 1
    whole = page.dtype is not None and page.bitspersample == 8 * page.dtype.itemsize and int(page.fillorder) == 1
    contiguous = int(page.planarconfig) == 1 or int(page.samplesperpixel) == 1
    return bool(plain and whole and contiguous and not page.is_subsampled and series.dataoffset is not None)


def _rgb_of(tile: NDArray[Any]) -> NDArray[Any]:
    """Turn full-range YCbCr of Rec. 601 into RGB (Aperio stores it in JPEG 2000 without saying so inside)."""
    y, blue, red = (tile[..., k].astype(np.float32) for k in range(3))
    blue, red = blue - 128, red - 128
    colours = np.stack([y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue], axis=-1)
    return np.clip(np.rint(colours), 0, 255).astype(tile.dtype)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return rows and columns of a JPEG's frame header.

    Source:
        ITU-T T.81, B.2.2: SOF markers are 0xC0 to 0xCF without 0xC4, 0xC8 and 0xCC.
    """
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            rows, columns = struct.unpack(">HH", data[place + 5 : place + 9])
            return int(rows), int(columns)
        place += 1 if marker == 0xFF else 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def _jpeg2000_size(data: bytes) -> tuple[int, int] | None:
    """Return rows and columns of a JPEG 2000 codestream, inside JP2 boxes or bare.

    Source:
        ISO/IEC 15444-1, A.5.1 (SIZ): Xsiz, Ysiz, XOsiz, YOsiz.
    """
    place = data.find(b"\xff\x4f\xff\x51", 0, 4096)
    if place < 0 or place + 24 > len(data):
        return None
    right, bottom, left, top = struct.unpack(">4I", data[place + 8 : place + 24])
    return max(bottom - top, 0), max(right - left, 0)
