"""From stored samples to physical values: modality LUT, rescale, dose scaling, polarity, palettes.

Source: DICOM PS3.3, C.11.1 (modality LUT), C.7.6.3.1.2 (photometric interpretation), C.7.6.16.2.9 (pixel value
transformation), C.8.8.3 (RT dose).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.readers.dicom_file import DicomFile
from salus.data.readers.dicom_frames import stored_type
from salus.data.readers.dicom_geometry import functional, unit_of

_GROUP = "PixelValueTransformationSequence"
Writer = Callable[[int, NDArray[Any], NDArray[Any]], None]


def channels_of(file: DicomFile) -> int:
    """Return 3 for colour, palettes among it, and 1 otherwise."""
    palette = str(getattr(file.header, "PhotometricInterpretation", "")) == "PALETTE COLOR"
    return 3 if palette or file.sizes[3] == 3 else 1


def physical_type(file: DicomFile) -> np.dtype[Any]:
    """Return the type of a physical value: float32 once anything is scaled, else as stored."""
    header, stored = file.header, stored_type(file)
    if str(getattr(header, "PhotometricInterpretation", "")) == "PALETTE COLOR":
        return np.dtype(np.uint16) if _palette_bits(header) > 8 else np.dtype(np.uint8)
    if file.sizes[3] == 3 or stored.kind == "f":
        return stored
    scaled = "ModalityLUTSequence" in header or "DoseGridScaling" in header or _states_rescale(file)
    return np.dtype(np.float32) if scaled else stored


def writer_of(file: DicomFile) -> Writer:
    """Return what puts a frame's physical values into an array.

    The function takes the frame's number, its stored samples `(H, W)` or `(H, W, 3)`, and the array `(C, H, W)` to
    fill. MONOCHROME1 is turned so that bright is high, except where values are physical: polarity is a matter of
    display there.
    """
    write = scaling_of(file)
    dark = str(getattr(file.header, "PhotometricInterpretation", "")) == "MONOCHROME1"
    return _inverted(file) if write is _plain and dark and unit_of(file.header) == "a.u." else write


def scaling_of(file: DicomFile) -> Writer:
    """Return what `writer_of` does without its turn of MONOCHROME1: what the windows of a file are meant for."""
    header = file.header
    if str(getattr(header, "PhotometricInterpretation", "")) == "PALETTE COLOR":
        return _palette(file)
    if file.sizes[3] == 3:
        return _colour
    if stored_type(file).kind == "f":
        return _plain
    if "ModalityLUTSequence" in header:
        return _lut(header)
    if "DoseGridScaling" in header:
        return _linear([(float(header.DoseGridScaling), 0.0)])
    return _linear(_rescales(file)) if _states_rescale(file) else _plain


def _states_rescale(file: DicomFile) -> bool:
    return any(
        functional(file.header, frame, _GROUP, name) is not None
        for name in ("RescaleSlope", "RescaleIntercept")
        for frame in (range(file.sizes[0]) if "PerFrameFunctionalGroupsSequence" in file.header else (0,))
    )


def _rescales(file: DicomFile) -> list[tuple[float, float]]:
    frames = file.sizes[0] if "PerFrameFunctionalGroupsSequence" in file.header else 1
    pairs = []
    for frame in range(frames):
        slope = functional(file.header, frame, _GROUP, "RescaleSlope")
        shift = functional(file.header, frame, _GROUP, "RescaleIntercept")
        pairs.append((1.0 if slope is None else float(slope), 0.0 if shift is None else float(shift)))
    return pairs


def _plain(frame: int, stored: NDArray[Any], out: NDArray[Any]) -> None:
    out[0] = stored


def _colour(frame: int, stored: NDArray[Any], out: NDArray[Any]) -> None:
    out[:] = np.moveaxis(stored, -1, 0)


def _linear(pairs: list[tuple[float, float]]) -> Writer:
    def write(frame: int, stored: NDArray[Any], out: NDArray[Any]) -> None:
        slope, shift = pairs[frame if len(pairs) > 1 else 0]
        exact = float(slope).is_integer() and float(shift).is_integer() and stored.dtype.itemsize <= 2
        if slope == 1.0 and exact:  # both terms are exact in float32, so one pass does
            np.add(stored, np.float32(shift), out=out[0], dtype=np.float32)
        else:
            out[0] = stored.astype(np.float64) * slope + shift

    return write


def _lut(header: Any) -> Writer:
    from pydicom.pixels.processing import apply_modality_lut

    def write(frame: int, stored: NDArray[Any], out: NDArray[Any]) -> None:
        out[0] = apply_modality_lut(stored, header)

    return write


def _inverted(file: DicomFile) -> Writer:
    bits = int(getattr(file.header, "BitsStored", 0) or file.header.BitsAllocated)
    top = -1 if stored_type(file).kind == "i" else (1 << bits) - 1

    def write(frame: int, stored: NDArray[Any], out: NDArray[Any]) -> None:
        out[0] = top - stored.astype(np.int64)

    return write


def _palette(file: DicomFile) -> Writer:
    from pydicom.pixels.processing import apply_color_lut

    def write(frame: int, stored: NDArray[Any], out: NDArray[Any]) -> None:
        out[:] = np.moveaxis(np.asarray(apply_color_lut(stored, file.header))[..., :3], -1, 0)

    return write


def _palette_bits(header: Any) -> int:
    described = getattr(header, "RedPaletteColorLookupTableDescriptor", None)
    return int(described[2]) if described is not None and len(described) == 3 else 16
