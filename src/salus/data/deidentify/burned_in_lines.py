"""Candidate lines of text in one grey picture, by strokes, components and rows."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from salus.data.deidentify.burned_in import Box

SURE: Final = 0.6
"""Score above which a line is text even where no word can be read in it."""
_LOWEST: Final = 0.3
_CONTRAST: Final = 40
_STROKE: Final = 13
"""Side of the square that wipes strokes out, in pixels: above the stroke of a bold letter 40 pixels high."""
_MOST_PARTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Part:
    """A connected stroke: its box, how uniform it is, how sharp its edge, how full its box."""

    top: int
    left: int
    bottom: int
    right: int
    quality: float

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left


def lines_of(display: NDArray[np.uint8]) -> list[Box]:
    """Return boxes of candidate lines with their scores.

    Args:
        display: `(H, W)` in 0 to 255.
    """
    if min(display.shape) < 8:
        return []
    found: list[Box] = []
    for picture in (display, 255 - display):
        found += _grouped(_parts(picture), display.shape)
    return found


def _parts(picture: NDArray[np.uint8]) -> list[_Part]:
    """Return strokes that are brighter than their surroundings."""
    from scipy import ndimage

    values = picture.astype(np.float32)
    opened = ndimage.grey_opening(values, size=(_STROKE, _STROKE))
    relief = values - opened
    mask = relief > _CONTRAST
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if count == 0:
        return []
    # Contrast over one pixel: a drawn edge takes nearly all of its step at once, an anatomical one spreads it.
    step = ndimage.maximum_filter(values, 3) - ndimage.minimum_filter(values, 3)
    boxes = ndimage.find_objects(labels)
    parts = []
    for index, box in enumerate(boxes[:_MOST_PARTS], start=1):
        height, width = (side.stop - side.start for side in box)
        if not 5 <= height <= 70 or width > 30 * height or width < 1:
            continue
        part = labels[box] == index
        area = int(part.sum())
        if area < 6 or area > 0.95 * height * width and min(height, width) > 8:
            continue
        quality = _quality(part, values[box], opened[box], step[box])
        if quality > 0.15:
            parts.append(_Part(box[0].start, box[1].start, box[0].stop, box[1].stop, quality))
    return parts


def _quality(part: NDArray[np.bool_], values: NDArray[Any], ground: NDArray[Any], step: NDArray[Any]) -> float:
    """Rate one stroke from 0 to 1 by uniform values, flat ground and sharp edges."""
    inside, below = values[part], ground[part]
    contrast = float(np.percentile(inside, 90) - np.median(below))
    if contrast < _CONTRAST:
        return 0.0
    top = np.percentile(inside, 75)
    core = inside[inside >= np.percentile(inside, 50)]
    uniform = 1 - min(1.0, float(core.std()) / (0.25 * contrast))
    flat = 1 - min(1.0, float(below.std()) / (0.25 * contrast))
    sharp = min(1.0, float(np.percentile(step[part], 60)) / contrast)
    return float(uniform * 0.4 + flat * 0.3 + sharp * 0.3) * (1.0 if top > 60 else 0.5)


def _grouped(parts: list[_Part], shape: tuple[int, ...]) -> list[Box]:
    """Chain parts of like height on one row, left to right."""
    parts = sorted(parts, key=lambda part: part.left)
    lines: list[list[_Part]] = []
    for part in parts:
        best, nearest = None, np.inf
        for line in reversed(lines[-400:]):
            last = line[-1]
            tall = max(max(p.height for p in line[-4:]), part.height)
            gap = part.left - max(p.right for p in line[-4:])
            shared = min(part.bottom, last.bottom) - max(part.top, last.top)
            if gap > 1.6 * tall or shared < 0.5 * min(part.height, last.height):
                continue
            if part.height > 2.4 * tall or tall > 2.4 * max(part.height, 1):
                continue
            if abs(gap) < nearest:
                best, nearest = line, abs(gap)
        if best is None:
            lines.append([part])
        else:
            best.append(part)
    boxes = []
    for line in lines:
        score = _line_score(line)
        if score >= _LOWEST:
            margin = 2
            boxes.append(
                Box(
                    max(min(p.top for p in line) - margin, 0),
                    max(min(p.left for p in line) - margin, 0),
                    min(max(p.bottom for p in line) + margin, shape[0]),
                    min(max(p.right for p in line) + margin, shape[1]),
                    round(score, 3),
                )
            )
    return boxes


def _line_score(line: list[_Part]) -> float:
    """Rate a row: quality of its strokes, equal heights, and how many there are."""
    heights = np.array([part.height for part in line], float)
    usual = float(np.median(heights))
    width = max(part.right for part in line) - min(part.left for part in line)
    wide = width / max(usual, 1.0)
    if wide < 0.9 and len(line) < 2:
        return 0.0
    even = float((np.abs(heights - usual) <= 0.35 * usual + 1).mean())
    count = min(1.0, max(len(line), wide / 1.2) / 4)
    quality = float(np.mean([part.quality for part in line]))
    return quality * (0.4 + 0.6 * even) * (0.5 + 0.5 * count)
