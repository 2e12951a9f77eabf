"""Candidate lines of text in one grey picture, by strokes, components and rows, rated by a logistic model."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from salus.data.deidentify.burned_in import Box

SURE: Final = 0.5
"""Score from which a line is text even where no word can be read in it."""
DOUBTFUL: Final = 0.1
"""Score from which a line is worth reading; below it is anatomy."""
_CONTRAST: Final = 40
_STROKE: Final = 13
"""Side of the square that wipes strokes out, in pixels: above the stroke of a bold letter 40 pixels high."""
_MOST_PARTS: Final = 20_000

FEATURES: Final = (
    "parts", "wide", "even", "uniform", "flat", "sharp", "contrast", "same", "stroke", "fill", "baseline", "height",
    "gaps",
)  # fmt: skip
WEIGHTS: Final = (
    2.205, 1.842, -1.012, -1.504, -2.582, 3.44, 6.828, 0.67, -0.243, 7.08, 3.885, 1.283, -0.495,
)  # fmt: skip
OFFSET: Final = -13.18
"""Logistic regression of planted lines against lines on clean pictures; `benchmarks/burned_in.py` fits it again."""


@dataclass(frozen=True, slots=True)
class Part:
    """A connected stroke: its box and what drawn letters have in common.

    Attributes:
        top: First row.
        left: First column.
        bottom: Row after the last.
        right: Column after the last.
        value: Its grey value.
        contrast: Above its surroundings, 0 to 255.
        uniform: 1 for one grey value along it, 0 for a scatter of a quarter of the contrast.
        flat: 1 for even surroundings.
        sharp: Share of the contrast that is taken within two pixels of its edge.
        stroke: Width of its stroke over its height.
        fill: Share of its box.
    """

    top: int
    left: int
    bottom: int
    right: int
    value: float
    contrast: float
    uniform: float
    flat: float
    sharp: float
    stroke: float
    fill: float

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top


def lines_of(display: NDArray[np.uint8]) -> list[Box]:
    """Return boxes of candidate lines with their scores.

    Args:
        display: `(H, W)` in 0 to 255.
    """
    found = []
    for line in candidates(display):
        score = float(1 / (1 + np.exp(-(np.dot(WEIGHTS, features(line)) + OFFSET))))
        if score >= DOUBTFUL:
            found.append(_box(line, score, display.shape))
    return found


def candidates(display: NDArray[np.uint8]) -> list[list[Part]]:
    """Return rows of parts, bright and dark, by relief and by the ends of the grey scale where text is drawn."""
    if min(display.shape) < 8:
        return []
    found = []
    for picture in (display, 255 - display):
        values = picture.astype(np.float32)
        for mask, ground in _masks(values):
            found += _grouped(_parts(values, mask, ground))
    return found


def _masks(values: NDArray[np.float32]) -> list[tuple[NDArray[np.bool_], NDArray[np.float32]]]:
    from scipy import ndimage

    ground = ndimage.grey_opening(values, size=(_STROKE, _STROKE))
    relief = values - ground
    end = (values >= 248) & (relief > 0.5 * _CONTRAST)
    return [(relief > _CONTRAST, ground), (end, ground)]


def _parts(values: NDArray[np.float32], mask: NDArray[np.bool_], ground: NDArray[np.float32]) -> list[Part]:
    from scipy import ndimage

    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if count == 0:
        return []
    # Contrast over one pixel: a drawn edge takes nearly all of its step at once, an anatomical one spreads it.
    step = ndimage.maximum_filter(values, 3) - ndimage.minimum_filter(values, 3)
    inner = ndimage.distance_transform_edt(mask)
    parts = []
    for index, box in enumerate(ndimage.find_objects(labels)[:_MOST_PARTS], start=1):
        height, width = (side.stop - side.start for side in box)
        if not 5 <= height <= 70 or width > 40 * height:
            continue
        inside = labels[box] == index
        if inside.sum() < 5:
            continue
        parts.append(_part(box, inside, values[box], ground[box], step[box], inner[box]))
    # A frame, a curve or a table's edge fills little of its box; no letter is so empty.
    return [part for part in parts if part.contrast >= 0.5 * _CONTRAST and part.fill >= 0.12]


def _part(
    box: tuple[slice, ...],
    inside: NDArray[np.bool_],
    values: NDArray[Any],
    ground: NDArray[Any],
    step: NDArray[Any],
    inner: NDArray[Any],
) -> Part:
    drawn, below = values[inside], ground[inside]
    value = float(np.percentile(drawn, 85))
    contrast = max(value - float(np.median(below)), 1.0)
    core = drawn[drawn >= np.median(drawn)]
    return Part(
        top=box[0].start, left=box[1].start, bottom=box[0].stop, right=box[1].stop, value=value, contrast=contrast,
        uniform=1 - min(1.0, float(core.std()) / (0.25 * contrast)),
        flat=1 - min(1.0, float(below.std()) / (0.25 * contrast)),
        sharp=min(1.2, float(np.percentile(step[inside], 60)) / contrast),
        stroke=2 * float(np.percentile(inner[inside], 90)) / inside.shape[0], fill=float(inside.mean()),
    )  # fmt: skip


def _grouped(parts: list[Part]) -> list[list[Part]]:
    """Chain parts of like height on one row, left to right."""
    lines: list[list[Part]] = []
    for part in sorted(parts, key=lambda one: one.left):
        best, nearest = None, np.inf
        for line in reversed(lines[-300:]):
            last = line[-4:]
            tall = max(part.height, *(one.height for one in last))
            small = min(max(one.height for one in last), part.height)
            gap = part.left - max(one.right for one in last)
            middle = (min(one.top for one in last) + max(one.bottom for one in last)) / 2
            if gap > 1.5 * tall or tall > 2.2 * small + 2 or not part.top - 2 <= middle <= part.bottom + 2:
                continue
            if abs(part.value - last[-1].value) > 0.3 * max(part.contrast, last[-1].contrast):
                continue
            if abs(gap) < nearest:
                best, nearest = line, abs(gap)
        if best is None:
            lines.append([part])
        else:
            best.append(part)
    return [line for line in lines if _is_row(line)]


def _is_row(line: list[Part]) -> bool:
    """Tell a row from one small mark, and from a chain that wanders up or down."""
    usual = float(np.median([part.height for part in line]))
    high = max(part.bottom for part in line) - min(part.top for part in line)
    wide = max(part.right for part in line) - min(part.left for part in line)
    # Only small letters run together; one tall stroke that is wide is the edge of a table or of the body.
    merged = len(line) > 1 or usual <= 24 or wide <= 3 * usual
    return wide > 0.9 * usual and high <= 2.5 * usual + 4 and merged


def features(line: list[Part]) -> NDArray[np.float64]:
    """Return what the model weighs, in the order of `FEATURES`."""
    heights = np.array([part.height for part in line], float)
    weight = np.array([max(part.fill * part.height * (part.right - part.left), 1) for part in line])
    usual = float(np.median(heights))
    left, right = min(part.left for part in line), max(part.right for part in line)
    gaps = np.array([b.left - a.right for a, b in pairwise(line)] or [0], float)
    contrast = float(np.average([part.contrast for part in line], weights=weight))
    bottoms = np.array([part.bottom for part in line], float)

    def mean(name: str) -> float:
        return float(np.average([getattr(part, name) for part in line], weights=weight))

    return np.array([
        np.log(min(len(line), 30)), np.log(min((right - left) / max(usual, 1), 30)),
        float((np.abs(heights - usual) <= 0.3 * usual + 1).mean()),
        mean("uniform"), mean("flat"), mean("sharp"), contrast / 255,
        1 - min(1.0, float(np.std([part.value for part in line])) / (0.2 * contrast)), mean("stroke"), mean("fill"),
        1 - min(1.0, float(np.median(np.abs(bottoms - np.median(bottoms)))) / max(0.2 * usual, 1)), np.log(usual / 12),
        1 - min(1.0, float(np.std(gaps)) / max(usual, 1)),
    ])  # fmt: skip


def _box(line: list[Part], score: float, shape: tuple[int, ...]) -> Box:
    margin = 2 + max(part.height for part in line) // 8
    return Box(
        max(min(part.top for part in line) - margin, 0),
        max(min(part.left for part in line) - margin, 0),
        min(max(part.bottom for part in line) + margin, shape[0]),
        min(max(part.right for part in line) + margin, shape[1]),
        round(score, 3),
    )
