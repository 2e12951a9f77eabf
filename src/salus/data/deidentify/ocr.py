"""Words read by Tesseract, run as a program with a time limit; everything works without it."""

import io
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from salus.data.deidentify.burned_in import Box

_SECONDS: Final = 20
_TALL: Final = 40
_MOST: Final = 200


@cache
def available() -> bool:
    """Tell whether the program `tesseract` is there."""
    return shutil.which("tesseract") is not None


def read_boxes(display: NDArray[np.uint8], boxes: "Sequence[Box]") -> list[str]:
    """Return what can be read in each box; empty where nothing can, or Tesseract is absent, fails or takes too long.

    All boxes are written below each other on one sheet, brought to one height and to black on white, so that one run
    of the program reads them all.

    Args:
        display: `(H, W)` in 0 to 255.
        boxes: Up to 200 are read; the others give empty strings.
    """
    words = [""] * len(boxes)
    if not boxes or not available():
        return words
    strips = [_strip(display, box) for box in boxes[:_MOST]]
    sheet, rows = _sheet(strips)
    for row, text in _recognised(sheet):
        for index, (start, stop) in enumerate(rows):
            if start <= row < stop:
                words[index] = f"{words[index]} {text}".strip()
    return words


def _strip(display: NDArray[np.uint8], box: "Box") -> NDArray[np.uint8]:
    from PIL import Image

    cut = display[box.top : box.bottom, box.left : box.right]
    ends = np.concatenate([cut[0], cut[-1], cut[:, 0], cut[:, -1]])
    ground = float(np.median(ends))
    level = float(np.percentile(cut, 3) if ground > float(np.median(cut)) or ground > 128 else np.percentile(cut, 97))
    if abs(level - ground) < 16:
        level = float(cut.max() if ground < 128 else cut.min())
    # Letters become black and whatever is nearer to their surroundings white: grey ground spoils the reading.
    span = level - ground or 1.0
    cut = np.asarray(255 - np.clip((cut - ground) / span * 2 - 0.6, 0, 1) * 255, np.uint8)
    scale = _TALL / max(cut.shape[0], 1)
    size = (min(max(int(cut.shape[1] * scale), 8), 4000), _TALL)
    return np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC))


def _sheet(strips: list[NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], list[tuple[int, int]]]:
    gap, wide = 24, max(strip.shape[1] for strip in strips) + 48
    sheet = np.full((gap + len(strips) * (_TALL + gap), wide), 255, np.uint8)
    rows = []
    for index, strip in enumerate(strips):
        top = gap + index * (_TALL + gap)
        sheet[top : top + _TALL, 24 : 24 + strip.shape[1]] = strip
        rows.append((top - gap // 2, top + _TALL + gap // 2))
    return sheet, rows


def _recognised(sheet: NDArray[np.uint8]) -> list[tuple[int, str]]:
    """Return the middle row and the text of each word of fair confidence."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG")
    command = ["tesseract", "stdin", "stdout", "--psm", "6", "-l", "eng", "tsv"]
    try:
        done = subprocess.run(
            command, input=buffer.getvalue(), capture_output=True, timeout=_SECONDS, check=False,
            env={"OMP_THREAD_LIMIT": "1", "PATH": _path()},
        )  # fmt: skip
    except (subprocess.TimeoutExpired, OSError):
        return []
    found = []
    for line in done.stdout.decode("utf-8", errors="replace").splitlines()[1:]:
        cells = line.split("\t")
        if len(cells) == 12 and cells[11].strip() and float(cells[10]) >= 40:
            found.append((int(cells[7]) + int(cells[9]) // 2, cells[11].strip()))
    return found


def _path() -> str:
    import os

    return os.environ.get("PATH", os.defpath)
