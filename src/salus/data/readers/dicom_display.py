"""What a viewer would show: the file's window or look-up table applied, polarity turned, eight bits.

Source: DICOM PS3.3, C.11.2 (VOI LUT), C.11.6 (softcopy presentation LUT), C.7.6.16.2.10 (frame VOI LUT); PS3.4, N.2
(order of the transformations).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.readers.dicom_file import DicomFile, guarded, open_dicom
from salus.data.readers.dicom_geometry import functional, unit_of
from salus.data.readers.dicom_pixels import one_frame
from salus.data.readers.dicom_values import channels_of, physical_type, scaling_of
from salus.schema.errors import DataError
from salus.schema.sample import Image

SOFT_TISSUE = (40.0, 400.0)
"""Center and width, HU, where a CT states no window."""

_SPAN = (1.0, 99.0)
_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def to_display(
    source: Path | str | Image,
    window: tuple[float, float] | None = None,
    frame: int | None = None,
    choice: int = 0,
) -> NDArray[np.uint8]:
    """Return one picture for the eye.

    Args:
        source: A DICOM file, or an image as the readers return it.
        window: Center and width in the image's unit; None takes the file's own, else soft tissue for HU, else the
            1st to 99th percentile.
        frame: Which frame or slice; None takes the middle one.
        choice: Which of the file's windows, where it states several.

    Returns:
        `(1, H, W)` or `(3, H, W)`.

    Raises:
        DataError: As `read_dicom`, no such frame or window, or a window of no width.
    """
    if isinstance(source, Image):
        return _of_image(source, window, frame)
    file = open_dicom(source)
    with guarded(file.path):
        return _of_file(file, window, frame, choice)


def windows_of(header: Any, frame: int = 0) -> list[tuple[float, float, str]]:
    """Return (center, width, function) of every window that a header states for a frame."""
    group = "FrameVOILUTSequence"
    centers, widths = (functional(header, frame, group, name) for name in ("WindowCenter", "WindowWidth"))
    if centers is None or widths is None:
        return []
    function = str(functional(header, frame, group, "VOILUTFunction") or "LINEAR")
    pairs = zip(np.atleast_1d(np.asarray(centers, float)), np.atleast_1d(np.asarray(widths, float)), strict=False)
    return [(float(center), float(width), function) for center, width in pairs]


def apply_window(values: NDArray[Any], center: float, width: float, function: str = "LINEAR") -> NDArray[np.float32]:
    """Map values to [0, 1] by a window.

    Args:
        values: Any shape.
        center: In the values' unit.
        width: Above 0; at least 1 for `LINEAR`.
        function: `LINEAR`, `LINEAR_EXACT` or `SIGMOID`.

    Raises:
        DataError: An unknown function, or a width that the function does not allow.

    Source:
        DICOM PS3.3, C.11.2.1.2.1, C.11.2.1.3.1, C.11.2.1.3.2.

    >>> apply_window(np.array([-160.0, 39.5, 239.0]), 40.0, 400.0)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    if function not in _FUNCTIONS:
        raise DataError(f"window function {function!r}; expected one of {', '.join(_FUNCTIONS)}")
    if width <= 0 or (function == "LINEAR" and width < 1):
        raise DataError(f"a window of width {width:g}; expected {'1 or more' if function == 'LINEAR' else 'above 0'}")
    x = np.asarray(values, dtype=np.float32)
    if function == "SIGMOID":
        return np.asarray(1.0 / (1.0 + np.exp(np.clip(-4.0 * (x - center) / width, -80, 80))), dtype=np.float32)
    if function == "LINEAR_EXACT":
        return np.clip((x - center) / width + 0.5, 0.0, 1.0).astype(np.float32)
    if width == 1:
        return (x > center - 0.5).astype(np.float32)
    return np.clip((x - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0).astype(np.float32)


def _of_file(file: DicomFile, window: tuple[float, float] | None, frame: int | None, choice: int) -> NDArray[np.uint8]:
    file.refuse_above()
    frames, rows, columns, _ = file.sizes
    number = frames // 2 if frame is None else frame
    stored = one_frame(file, number)
    values = np.empty((channels_of(file), rows, columns), physical_type(file))
    scaling_of(file)(number, stored, values)
    if len(values) == 3:
        return _colour(values, file)
    header = file.header
    stated = windows_of(header, number)
    if window is None and stated and not 0 <= choice < len(stated):
        raise DataError(f"{file.path}: states {len(stated)} windows, number {choice} is none of them; count from 0")
    if window is None and "VOILUTSequence" in header and not stated:
        shown = _by_table(values, header, choice)
    elif window is None and stated and stated[choice][1] >= 1:
        shown = apply_window(values, *stated[choice])
    else:
        shown = _by_default(values, window, unit_of(header), header)
    inverse = str(getattr(header, "PresentationLUTShape", "") or "") == "INVERSE"
    if inverse or str(getattr(header, "PhotometricInterpretation", "")) == "MONOCHROME1":
        shown = 1.0 - shown
    return _eight_bits(shown)


def _of_image(image: Image, window: tuple[float, float] | None, frame: int | None) -> NDArray[np.uint8]:
    array = image.array
    while array.ndim > 3:
        index = array.shape[1] // 2 if frame is None or array.ndim == 5 else frame
        if not 0 <= index < array.shape[1]:
            raise DataError(f"an image of {array.shape[1]} slices has no number {index}; count from 0")
        array = array[:, index]
    if len(array) == 3 and array.dtype.kind == "u":
        return array if array.dtype == np.uint8 else (array >> (8 * array.dtype.itemsize - 8)).astype(np.uint8)
    if array.dtype == np.uint8 and window is None:
        return np.asarray(array[:1], dtype=np.uint8)
    return _eight_bits(_by_default(array[:1], window, image.unit, None))


def _by_default(
    values: NDArray[Any], window: tuple[float, float] | None, unit: str, header: Any
) -> NDArray[np.float32]:
    if window is not None:
        return apply_window(values, *window)
    if unit == "HU":
        return apply_window(values, *SOFT_TISSUE)
    padding = None if header is None else getattr(header, "PixelPaddingValue", None)
    real = values[np.isfinite(values)] if values.dtype.kind == "f" else values.reshape(-1)
    if padding is not None and (real != padding).any():
        real = real[real != padding]
    if real.size == 0:
        return np.zeros(values.shape, np.float32)
    low, high = (float(value) for value in np.percentile(real, _SPAN))
    if high <= low:
        low, high = float(real.min()), float(real.max())
    if high <= low:
        return np.full(values.shape, 0.5, np.float32)
    clean = np.nan_to_num(values.astype(np.float32), nan=low, posinf=high, neginf=low)
    return np.clip((clean - low) / (high - low), 0, 1).astype(np.float32)


def _by_table(values: NDArray[Any], header: Any, choice: int) -> NDArray[np.float32]:
    item = header.VOILUTSequence[min(choice, len(header.VOILUTSequence) - 1)]
    count, first, bits = (int(value) for value in item.LUTDescriptor)
    count = count or 2**16
    if first >= 2**15 and values.min() < 0:
        first -= 2**16  # written unsigned although the values are signed
    raw = item["LUTData"].value
    table = np.frombuffer(raw, "<u2") if isinstance(raw, bytes) else np.asarray(raw)
    table = table[:count].astype(np.float32)
    if table.size == 0:
        raise DataError("an empty VOI look-up table; give a window")
    place = np.clip(np.round(values).astype(np.int64) - first, 0, table.size - 1)
    top = float((1 << bits) - 1) if 8 <= bits <= 16 else max(float(table.max()), 1.0)
    return np.asarray(np.clip(table[place] / top, 0, 1), dtype=np.float32)


def _colour(values: NDArray[Any], file: DicomFile) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values
    palette = str(file.header.PhotometricInterpretation) == "PALETTE COLOR"
    stored = 16 if palette else int(getattr(file.header, "BitsStored", 16) or 16)
    return (values.astype(np.uint32) >> max(0, stored - 8)).clip(0, 255).astype(np.uint8)


def _eight_bits(shown: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(shown * 255.0).astype(np.uint8)
