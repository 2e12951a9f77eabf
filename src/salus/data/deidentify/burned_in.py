"""Text burned into pictures: found by the look of its strokes, read by Tesseract where that is installed, masked.

Burned-in letters differ from anatomy in four ways: strokes of one width, one grey value along them, edges of one or
two pixels, and neighbours of the same height on one line. Both polarities are searched, so MONOCHROME1 needs no care.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import ShapeError

FRAMES: Final = 5
"""Frames of a multi-frame picture that are searched; their union masks every frame."""
_LARGEST: Final = 1400
"""Longest side that is searched at full size; larger pictures are searched at half size as well."""


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A rectangle in pixels, its ends excluded.

    Attributes:
        top: First row.
        left: First column.
        bottom: Row after the last.
        right: Column after the last.
        score: How much it looks like text, 0 to 1.
        text: What Tesseract read there; empty where nothing was read or it is not installed.
    """

    top: int
    left: int
    bottom: int
    right: int
    score: float = 1.0
    text: str = ""


def find_burned_in(array: NDArray[Any], *, read: bool = True) -> tuple[Box, ...]:
    """Find text in the pixels of a picture or of a stack of frames.

    Args:
        array: `(H, W)`, `(C, H, W)` or `(C, F, H, W)`; any real type, C up to 4.
        read: Ask Tesseract about every candidate where it is installed; doubtful ones stay only if it reads a word.

    Returns:
        Boxes around lines of text, united over the searched frames, in reading order.

    Raises:
        ShapeError: Other axes.
    """
    from salus.data.deidentify.burned_in_lines import lines_of

    frames = _frames(array)
    found: list[Box] = []
    for frame in frames:
        display = _display(frame)
        boxes = lines_of(display)
        if max(display.shape) > _LARGEST:
            small = display[: display.shape[0] // 2 * 2, : display.shape[1] // 2 * 2]
            small = small.reshape(small.shape[0] // 2, 2, small.shape[1] // 2, 2).mean((1, 3)).astype(np.uint8)
            boxes += [Box(2 * b.top, 2 * b.left, 2 * b.bottom, 2 * b.right, b.score) for b in lines_of(small)]
        found += _decided(display, _united(boxes), read)
    return tuple(_united(found))


def mask_boxes(array: NDArray[Any], boxes: Sequence[Box], fill: float | None = None) -> NDArray[Any]:
    """Return a copy with the boxes painted over in every channel and frame.

    Args:
        array: `(..., H, W)`.
        boxes: From `find_burned_in`, or made by hand; parts outside the picture are ignored.
        fill: Value to paint; None takes the smallest of the picture.

    Raises:
        ShapeError: Fewer than two axes.
    """
    if array.ndim < 2:
        raise ShapeError(f"picture of shape {array.shape}: expected (..., H, W)")
    masked = array.copy()
    value = array.min() if fill is None and array.size else fill or 0
    for box in boxes:
        masked[..., max(box.top, 0) : max(box.bottom, 0), max(box.left, 0) : max(box.right, 0)] = value
    return masked


def _frames(array: NDArray[Any]) -> list[NDArray[Any]]:
    """Return up to `FRAMES` pictures `(C, H, W)`, first and last among them."""
    shaped = array[None] if array.ndim == 2 else array
    if shaped.ndim not in (3, 4) or not 1 <= shaped.shape[0] <= 4 or min(shaped.shape[-2:]) < 1:
        raise ShapeError(
            f"picture of shape {array.shape}: expected (H, W), (C, H, W) or (C, F, H, W) with up to 4 channels"
        )
    if shaped.ndim == 3:
        return [shaped]
    count = shaped.shape[1]
    chosen = np.unique(np.linspace(0, count - 1, min(count, FRAMES)).round().astype(int))
    return [shaped[:, index] for index in chosen]


def _display(frame: NDArray[Any]) -> NDArray[np.uint8]:
    """Return one grey picture in 0 to 255: text is drawn at the end of the scale, so the ends are kept, not clipped."""
    grey = frame[:3].astype(np.float32)
    # A coloured letter is bright in its strongest channel; a mean would dim it.
    grey = grey.max(0) * 0.5 + grey.mean(0) * 0.5
    grey = np.nan_to_num(grey, nan=float(np.nanmin(grey)) if np.isfinite(grey).any() else 0.0)
    low, high = (float(value) for value in np.percentile(grey, (0.1, 99.9)))
    if high <= low:
        low, high = float(grey.min()), float(grey.max())
    return np.asarray(np.clip((grey - low) / max(high - low, 1e-9), 0, 1) * 255, dtype=np.uint8)


def _decided(display: NDArray[np.uint8], boxes: list[Box], read: bool) -> list[Box]:
    """Keep sure candidates, and doubtful ones in which a word can be read."""
    from salus.data.deidentify.burned_in_lines import SURE
    from salus.data.deidentify.ocr import available, read_boxes

    if not (read and boxes and available()):
        return [box for box in boxes if box.score >= SURE]
    words = read_boxes(display, boxes)
    return [
        Box(b.top, b.left, b.bottom, b.right, b.score, word)
        for b, word in zip(boxes, words, strict=True)
        if b.score >= SURE or sum(letter.isalnum() for letter in word) >= 3
    ]


def _united(boxes: Sequence[Box]) -> list[Box]:
    """Unite boxes that overlap by more than a third of the smaller one."""
    left = sorted(boxes)
    done: list[Box] = []
    while left:
        box = left.pop(0)
        for index, other in enumerate(left):
            height = min(box.bottom, other.bottom) - max(box.top, other.top)
            width = min(box.right, other.right) - max(box.left, other.left)
            area = min((b.bottom - b.top) * (b.right - b.left) for b in (box, other))
            if height > 0 and width > 0 and 3 * height * width > area:
                del left[index]
                words = max(box.text, other.text, key=len)
                box = Box(min(box.top, other.top), min(box.left, other.left), max(box.bottom, other.bottom),
                          max(box.right, other.right), max(box.score, other.score), words)  # fmt: skip
                left = sorted([box, *left])
                break
        else:
            done.append(box)
    return sorted(done)
