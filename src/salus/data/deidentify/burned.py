"""Made-up names drawn into the pixels of a copy, to see whether they are found."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Drawn:
    """Where letters were drawn: `(H, W)`, true on their strokes, and the value that was drawn."""

    strokes: NDArray[np.bool_]
    value: int


def can_draw(dataset: Any) -> bool:
    """Tell whether a data set has plain grey or colour pixels, large enough for a line of text."""
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if "PixelData" not in dataset or syntax is None or syntax.is_compressed or not dataset.original_encoding[1]:
        return False
    return (
        int(dataset.get("Rows", 0)) >= 128
        and int(dataset.get("Columns", 0)) >= 200
        and int(dataset.get("BitsAllocated", 0)) in (8, 16)
        and str(dataset.get("PhotometricInterpretation", "")) in ("MONOCHROME1", "MONOCHROME2", "RGB")
        and int(dataset.get("PlanarConfiguration", 0) or 0) == 0
    )


def draw_name(dataset: Any, name: str, rng: np.random.Generator) -> Drawn:
    """Draw a line of text of 14 to 28 pixels near a corner of every frame, at the bright end of the scale."""
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = int(dataset.Rows), int(dataset.Columns)
    size = int(rng.integers(14, min(29, rows // 6)))
    canvas = Image.new("L", (columns, rows), 0)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=size)
    left, top, right, bottom = pen.textbbox((0, 0), name, font=font)
    x = int(rng.choice([4, max(columns - (right - left) - 6, 4)]))
    y = int(rng.choice([4, max(rows - (bottom - top) - 10, 4)]))
    pen.text((x, y), name, fill=255, font=font)
    strokes = np.asarray(canvas) > 127
    kind = f"<{'i' if int(dataset.get('PixelRepresentation', 0) or 0) else 'u'}{int(dataset.BitsAllocated) // 8}"
    samples, frames = int(dataset.get("SamplesPerPixel", 1) or 1), int(dataset.get("NumberOfFrames", 1) or 1)
    count = frames * rows * columns * samples
    array = np.frombuffer(dataset.PixelData, kind, count).reshape(frames, rows, columns, samples).copy()
    value = int(array.max())
    array[:, strokes] = value
    dataset.PixelData = array.tobytes() + dataset.PixelData[array.nbytes :]
    return Drawn(strokes, value)


def still_there(dataset: Any, drawn: Drawn) -> bool:
    """Tell whether more than a fifth of the strokes can still be seen in any frame."""
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    array = np.asarray(dataset.pixel_array)
    array = array.reshape(-1, rows, columns, array.shape[-1] if array.shape[-1] == 3 and columns != 3 else 1)
    seen = (array[:, drawn.strokes] == drawn.value).all(-1).mean(1)
    return bool((seen > 0.2).any())
