"""Whole slides and microscopy: TIFF, BigTIFF, OME-TIFF and SVS pyramids, read lazily by region."""

import math
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import existing, max_values, refuse_above
from salus.data.readers.slide_form import guarded, is_microscope, names_of, planes_of, spacing_of
from salus.data.readers.tiles import PageTiles, TileCache
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Image

CACHE_BYTES = 128 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One resolution of a slide.

    Attributes:
        height: Rows.
        width: Columns.
        downsample: How many pixels of level 0 one pixel spans, along an edge.
        spacing_um: Size of a pixel, (rows, columns), in micrometres; None where the file does not say.
    """

    height: int
    width: int
    downsample: float
    spacing_um: tuple[float, float] | None


class Slide:
    """An open pyramid: regions are decoded tile by tile when they are asked for. Made by `open_slide`.

    Attributes:
        path: The file.
        levels: From the finest to the coarsest.
        channels: Channels of a region: 3 for colour, else as many as were recorded.
        times: Points in time.
        depths: Focal planes.
        dtype: Of the values.
        modality: `SM` where a slide scanner wrote the file, else empty.
        depth_um: Distance of focal planes in micrometres, None where unknown.
        associated: Names of pictures beside the tissue (`thumbnail`, `macro`, `label`). A label may show a name.
    """

    def __init__(self, path: Path, tiff: Any, grids: list[PageTiles], extra: Mapping[str, Any], cache: int) -> None:
        self.path, self._tiff, self._grids, self._extra = path, tiff, grids, extra
        self._cache, self._lock = TileCache(cache), threading.Lock()
        self._roles, self._sizes = planes_of(grids[0].series, path)
        first = grids[0]
        spacing, self.depth_um = spacing_of(tiff, first.series)
        self.modality = "SM" if is_microscope(first.series) else ""
        self.levels = tuple(
            Level(
                height=grid.height,
                width=grid.width,
                downsample=first.width / grid.width,
                spacing_um=spacing
                and (spacing[0] * (first.height / grid.height), spacing[1] * (first.width / grid.width)),
            )
            for grid in grids
        )
        self._colours = min(first.samples, 3) if first.samples != 2 else 1  # what is left is transparency
        self.channels = self._colours * self._sizes["c"]
        self.times, self.depths = self._sizes["t"], self._sizes["z"]
        self.dtype = np.dtype(first.page.dtype).newbyteorder("=")
        self.associated = tuple(extra)

    def __enter__(self) -> "Slide":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._tiff.close()

    def read_region(
        self, level: int, x: int, y: int, width: int, height: int, *, time: int = 0, depth: int = 0
    ) -> NDArray[Any]:
        """Decode a rectangle; tiles it does not touch stay on disk.

        Args:
            level: Index into `levels`.
            x: First column, in pixels of that level.
            y: First row, likewise.
            width: Columns.
            height: Rows.
            time: Which point in time.
            depth: Which focal plane.

        Returns:
            `(C, height, width)`, as stored. What lies beyond the slide is zero.

        Raises:
            UsageError: No such level, time or depth, or a rectangle without area.
            DataError: Larger than the setting allows, or a damaged tile.
        """
        if not 0 <= level < len(self.levels) or not 0 <= time < self.times or not 0 <= depth < self.depths:
            raise UsageError(
                f"{self.path}: level {level}, time {time}, depth {depth}; "
                f"it has {len(self.levels)}, {self.times} and {self.depths}"
            )
        if width < 1 or height < 1:
            raise UsageError(f"{self.path}: a region of {width} x {height}; both must be above 0")
        refuse_above(self.path, width * height * self.channels)
        out = np.zeros((self.channels, height, width), dtype=self.dtype)
        for channel in range(self._sizes["c"]):
            place = slice(channel * self._colours, (channel + 1) * self._colours)
            self._paste(out[place], self._grids[level], self._plane(time, channel, depth), (x, y), level)
        return out

    def thumbnail(self, side: int = 1024) -> Image:
        """Return the whole slide `(C, H, W)`, its longer edge at most `side` pixels.

        Raises:
            DataError: A damaged tile, or no level small enough for the setting.
        """
        wanted = [k for k, level in enumerate(self.levels) if max(level.height, level.width) >= side]
        level = wanted[-1] if wanted else 0
        if self.levels[level].height * self.levels[level].width * self.channels > max_values():
            raise DataError(
                f"{self.path}: no level near {side} pixels; write it as a pyramid, or raise SALUS_MAX_VALUES"
            )
        array = self.read_region(level, 0, 0, self.levels[level].width, self.levels[level].height)
        step = max(1, math.ceil(max(array.shape[1:]) / side))
        rows, columns = array.shape[1] // step * step, array.shape[2] // step * step
        blocks = array[:, : max(rows, 1), : max(columns, 1)]
        if rows and columns:
            blocks = blocks.reshape(len(array), rows // step, step, columns // step, step).mean(axis=(2, 4))
        array = np.rint(blocks).astype(self.dtype) if self.dtype.kind in "ui" else blocks.astype(self.dtype)
        return self.image(array, level, step)

    def read_associated(self, name: str) -> Image:
        """Return a picture beside the tissue as `(C, H, W)`.

        Raises:
            UsageError: No such picture.
            DataError: Damaged or too large.
        """
        if name not in self._extra:
            raise UsageError(f"{self.path}: no picture {name!r}; it has {', '.join(self._extra) or 'none'}")
        with guarded(self.path):
            grid = PageTiles(self._extra[name], self.path)
            refuse_above(self.path, grid.height * grid.width * grid.samples)
            out = np.zeros((min(grid.samples, 3), grid.height, grid.width), dtype=grid.page.dtype.newbyteorder("="))
            self._paste(out, grid, 0, (0, 0), name)
        return Image(array=out, unit=str(out.dtype))

    def image(self, array: NDArray[Any], level: int, step: int = 1) -> Image:
        """Return an array of this slide as an image with its spacing.

        Args:
            array: `(C, H, W)`, `(C, D, H, W)` or `(C, T, D, H, W)`.
            level: Where it was read.
            step: How many pixels of the level one of its pixels spans, along an edge.
        """
        found = self.levels[level].spacing_um
        spacing: tuple[float, ...] | None = None
        if found is not None and (array.ndim == 3 or self.depth_um is not None):
            depth = () if array.ndim == 3 else (float(self.depth_um or 0.0) / 1000,)
            spacing = (*depth, found[0] * step / 1000, found[1] * step / 1000)
        return Image(array=array, spacing_mm=spacing, unit=str(array.dtype), modality=self.modality)

    def _paste(self, out: NDArray[Any], grid: PageTiles, plane: int, corner: tuple[int, int], key: Any) -> None:
        (high, wide), (x, y) = grid.tile, corner
        bottom, right = min(y + out.shape[1], grid.height), min(x + out.shape[2], grid.width)
        for row in range(max(y, 0) // high, -(-bottom // high)):
            for column in range(max(x, 0) // wide, -(-right // wide)):
                tile = self._cache.get((key, plane, row, column))
                if tile is None:
                    tile = grid.read(plane, row, column, self._lock)
                    self._cache.put((key, plane, row, column), tile)
                top, left = max(row * high, y, 0), max(column * wide, x, 0)
                end, edge = min(row * high + len(tile), bottom), min(column * wide + tile.shape[1], right)
                if end > top and edge > left:
                    part = tile[top - row * high : end - row * high, left - column * wide : edge - column * wide]
                    out[:, top - y : end - y, left - x : edge - x] = part[..., : len(out)].transpose(2, 0, 1)

    def _plane(self, time: int, channel: int, depth: int) -> int:
        wanted = {"t": time, "c": channel, "z": depth}
        index = 0
        for role, size in self._roles:
            index = index * size + wanted[role]
        return index


def open_slide(path: Path | str, cache_bytes: int = CACHE_BYTES) -> Slide:
    """Open a pyramid, or any TIFF, without decoding a pixel.

    Args:
        path: TIFF, BigTIFF, OME-TIFF (one file), SVS and the other TIFF dialects that tifffile knows.
        cache_bytes: Decoded tiles kept in memory.

    Raises:
        DataError: Not TIFF, damaged, values that are no plain numbers, or tiles of absurd size.

    Source:
        TIFF 6.0; BigTIFF; OME-TIFF 2016-06; Aperio SVS as tifffile documents it.
    """
    import tifffile

    found = existing(path)
    with guarded(found):
        tiff = tifffile.TiffFile(found, _multifile=False)  # OME metadata may name other files: they stay shut
        try:
            series = list(tiff.series)
            main = max(series, key=lambda one: one.keyframe.imagelength * one.keyframe.imagewidth)
            grids = [PageTiles(level, found) for level in main.levels]
            return Slide(found, tiff, grids, names_of([one for one in series if one is not main]), cache_bytes)
        except BaseException:
            tiff.close()
            raise


def read_slide(path: Path | str, limit: int | None = None) -> Image:
    """Read a whole TIFF at the finest level that the setting allows; a warning says so where it is not the finest.

    Args:
        path: As `open_slide`.
        limit: Most values it may decode to; None takes the setting.

    Returns:
        `(C, H, W)`; `(C, D, H, W)` with focal planes or pages; `(C, T, D, H, W)` with time.

    Raises:
        DataError: As `open_slide`, or no level fits.
    """
    allowed = max_values() if limit is None else limit
    with open_slide(path) as slide:
        planes = slide.channels * slide.times * slide.depths
        fitting = [k for k, level in enumerate(slide.levels) if level.height * level.width * planes <= allowed]
        if not fitting:
            last = slide.levels[-1]
            refuse_above(slide.path, last.height * last.width * planes, limit)
        chosen = slide.levels[fitting[0]]
        if fitting[0]:
            warnings.warn(
                f"{slide.path}: level 0 has {slide.levels[0].width} x {slide.levels[0].height} pixels, more than the "
                f"allowed {allowed:,} values; read at level {fitting[0]} ({chosen.width} x {chosen.height}) instead; "
                "use open_slide for regions, or set SALUS_MAX_VALUES",
                stacklevel=2,
            )
        stack = np.empty((slide.channels, slide.times, slide.depths, chosen.height, chosen.width), slide.dtype)
        for time in range(slide.times):
            for depth in range(slide.depths):
                region = slide.read_region(fitting[0], 0, 0, chosen.width, chosen.height, time=time, depth=depth)
                stack[:, time, depth] = region
        array = stack[:, 0] if stack.shape[1] == 1 else stack
        array = array[:, 0] if array.ndim == 4 and array.shape[1] == 1 else array
        return slide.image(array, fitting[0])
