"""A small picture of one file, for a person to look at."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.open import read_any
from salus.data.readers.dicom import is_dicom
from salus.data.readers.dicom_display import to_display
from salus.data.readers.dicom_ecg import is_dicom_waveform
from salus.schema.errors import SalusError
from salus.schema.sample import Image, Waveform

EDGE = 160
POINTS = 240
_LEADS = 3


def draw(item: dict[str, Any]) -> dict[str, Any]:
    """Return `png` (base64) of an image's middle slice, or `trace` of a signal's first leads; nothing on failure.

    Args:
        item: `root`, and `path` relative to it.
    """
    path = Path(item["root"]) / str(item["path"])
    try:
        if is_dicom(path) and not is_dicom_waveform(path):
            return {"png": base64.b64encode(_png(to_display(path))).decode()}
        return drawn(read_any(path))
    except SalusError:
        return {}


def drawn(content: Any) -> dict[str, Any]:
    """Return `png` or `trace` of what a reader returned."""
    if isinstance(content, Image):
        return {"png": base64.b64encode(_png(content.array)).decode()}
    if isinstance(content, Waveform):
        return {"trace": [_line(row) for row in content.array[:_LEADS]]}
    return {}


def _png(array: NDArray[Any]) -> bytes:
    from PIL import Image as Picture

    while array.ndim > 3:
        array = array[:, array.shape[1] // 2]
    plane = np.moveaxis(array[:3], 0, -1) if array.shape[0] in (3, 4) else array[array.shape[0] // 2]
    step = max(1, max(plane.shape[:2]) // (2 * EDGE))
    values = np.nan_to_num(plane[::step, ::step].astype(np.float32))
    low, high = (0.0, 255.0) if plane.dtype == np.uint8 else np.quantile(values, [0.005, 0.995]).tolist()
    shown = np.clip(255 * (values - low) / (high - low or 1.0), 0, 255).astype(np.uint8)
    picture = Picture.fromarray(shown)
    picture.thumbnail((EDGE, EDGE))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _line(row: NDArray[Any]) -> list[float]:
    """Return at most 240 points between 0 and 1 of a lead's first tenth, or 2,000 samples; gaps are bridged."""
    some = row[: max(2_000, len(row) // 10)]
    some = some[:: max(1, len(some) // POINTS)][:POINTS].astype(np.float64)
    known = np.isfinite(some)
    if not known.any():
        return []
    filled = np.interp(np.arange(len(some)), np.flatnonzero(known), some[known])
    low, high = float(filled.min()), float(filled.max())
    return np.round((filled - low) / (high - low or 1.0), 3).tolist()
