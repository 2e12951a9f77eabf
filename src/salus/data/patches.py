"""Patches of a slide that hold tissue, on an even grid, one in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.data.readers.slide import Slide
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Image
from salus.transforms.resample import resize
from salus.transforms.tissue import tissue_mask

NEAR = 1.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A square of a slide.

    Attributes:
        x: First column, in pixels of level 0.
        y: First row, likewise.
        side: Edge in pixels of level 0.
        tissue: Share of its area that is tissue.
        level: Level it is read at.
        pixels: Edge in pixels once read.
    """

    x: int
    y: int
    side: int
    tissue: float
    level: int
    pixels: int


def patch_grid(
    slide: Slide,
    pixels: int = 256,
    spacing_um: float | None = None,
    overlap: float = 0.0,
    min_tissue: float = 0.5,
) -> Iterator[Patch]:
    """Yield the patches of a grid that hold enough tissue, row by row; nothing but a thumbnail is decoded.

    Args:
        slide: An open slide.
        pixels: Edge of a patch once read.
        spacing_um: Size of a pixel once read, in micrometres; None takes level 0 as it is.
        overlap: Share of an edge by which neighbours overlap, 0 or more, below 1.
        min_tissue: Least share of tissue.

    Raises:
        UsageError: An impossible size, overlap or share.
        DataError: A spacing is asked for and the slide states none, or one finer than it has.
    """
    if pixels < 1 or not 0 <= overlap < 1 or not 0 <= min_tissue <= 1:
        raise UsageError(
            f"patches of {pixels} pixels, overlap {overlap}, tissue {min_tissue}: give sizes above 0 and shares"
        )
    level, factor = _level(slide, spacing_um)
    side = max(1, round(pixels * factor))
    step = max(1, round(side * (1 - overlap)))
    full = slide.levels[0]
    mask = tissue_mask(slide.thumbnail(min(1024, max(full.height, full.width))).array)
    scale = (mask.shape[0] / full.height, mask.shape[1] / full.width)
    sums = np.pad(mask.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    for y in range(0, full.height - side + 1, step):
        for x in range(0, full.width - side + 1, step):
            share = _share(sums, (y * scale[0], (y + side) * scale[0]), (x * scale[1], (x + side) * scale[1]))
            if share >= min_tissue:
                yield Patch(x=x, y=y, side=side, tissue=share, level=level, pixels=pixels)


def read_patch(slide: Slide, patch: Patch) -> Image:
    """Return a patch as `(C, pixels, pixels)` in the slide's type; it is resampled where no level has its spacing."""
    level = slide.levels[patch.level]
    edge = max(1, round(patch.side / level.downsample))
    x, y = round(patch.x / level.downsample), round(patch.y / level.downsample)
    array = slide.read_region(patch.level, x, y, edge, edge)
    if edge != patch.pixels:
        smooth = resize(array, (patch.pixels, patch.pixels))
        array = np.rint(smooth).astype(slide.dtype) if slide.dtype.kind in "ui" else smooth.astype(slide.dtype)
    found = slide.levels[0].spacing_um
    spacing = None if found is None else tuple(size * patch.side / patch.pixels / 1000 for size in found)
    return Image(array=array, spacing_mm=spacing, unit=str(array.dtype), modality=slide.modality)


def _level(slide: Slide, spacing_um: float | None) -> tuple[int, float]:
    """Return the coarsest level that is fine enough, and how many pixels of level 0 a pixel of the patch spans."""
    if spacing_um is None:
        return 0, 1.0
    found = slide.levels[0].spacing_um
    if found is None:
        raise DataError(f"{slide.path}: states no size of a pixel; leave spacing_um out, or get it from the scanner")
    factor = spacing_um / ((found[0] + found[1]) / 2)
    if not factor * NEAR >= 1:
        raise DataError(f"{slide.path}: pixels of {found[0]:.4g} micrometres cannot give patches at {spacing_um:g}")
    factor = max(factor, 1.0)
    fine = [k for k, level in enumerate(slide.levels) if level.downsample <= factor * NEAR]
    return max(fine, key=lambda k: slide.levels[k].downsample), factor


def _share(sums: NDArray[np.int64], rows: tuple[float, float], columns: tuple[float, float]) -> float:
    """Return the mean of a mask over a rectangle, from its summed-area table; at least one pixel is looked at."""
    high, wide = sums.shape[0] - 1, sums.shape[1] - 1
    top, left = min(int(rows[0]), high - 1), min(int(columns[0]), wide - 1)
    bottom, right = min(max(round(rows[1]), top + 1), high), min(max(round(columns[1]), left + 1), wide)
    total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return float(total) / ((bottom - top) * (right - left))
