"""Overlay planes: drawings and regions that lie over an image, as masks on its grid.

Source: DICOM PS3.3, C.9.2 (overlay plane module); PS3.5, 8.1.2 and its retired form, planes in the unused bits of
the pixels.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import refuse_above
from salus.data.readers.dicom_file import DicomFile, guarded, open_dicom
from salus.data.readers.dicom_pixels import raw_words
from salus.schema.errors import DataError

_GROUPS = range(0x6000, 0x6020, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """One overlay plane.

    Attributes:
        group: Its group number, 0x6000 to 0x601E.
        kind: `graphics` or `region`.
        label: Label or description, as written.
        embedded: True where it stood in unused bits of the pixels.
        first_frame: Image frame that its first plane belongs to, from 0.
        mask: `(F, H, W)` bool on the image's grid; F is 1 where it lies over every frame.
    """

    group: int
    kind: str
    label: str
    embedded: bool
    first_frame: int
    mask: NDArray[np.bool_]


def read_overlays(path: Path | str, limit: int | None = None) -> tuple[Overlay, ...]:
    """Read every overlay plane of a file.

    Args:
        path: The file.
        limit: Most pixels of one overlay; None takes the setting.

    Raises:
        DataError: Not DICOM, no image, or an overlay that is cut short or impossible.
    """
    file = open_dicom(path)
    with guarded(file.path):
        _ = file.sizes
        return tuple(_overlay(file, group, limit) for group in _GROUPS if (group, 0x0010) in file.header)


def _overlay(file: DicomFile, group: int, limit: int | None) -> Overlay:
    header = file.header
    rows, columns = (int(_value(header, group, element) or 0) for element in (0x0010, 0x0011))
    frames = int(_value(header, group, 0x0015) or 1)
    if min(rows, columns, frames) < 1:
        raise DataError(f"{file.path}: overlay {group:04X} of {frames} x {rows} x {columns}; every size must exceed 0")
    refuse_above(file.path, rows * columns * frames, limit)
    data = _value(header, group, 0x3000)
    if data is not None:
        plane = _packed(file, bytes(data), group, (frames, rows, columns))
    else:
        plane = _embedded(file, int(_value(header, group, 0x0102) or 0), limit)
    origin = _value(header, group, 0x0050)
    top, left = (int(origin[0]) - 1, int(origin[1]) - 1) if origin is not None and len(origin) == 2 else (0, 0)
    label = str(_value(header, group, 0x1500) or _value(header, group, 0x0022) or "")
    return Overlay(
        group=group,
        kind="region" if str(_value(header, group, 0x0040) or "G").strip() == "R" else "graphics",
        label=label,
        embedded=data is None,
        first_frame=max(0, int(_value(header, group, 0x0051) or 1) - 1),
        mask=_on_grid(plane, file.sizes[1:3], top, left),
    )


def _packed(file: DicomFile, data: bytes, group: int, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    count = shape[0] * shape[1] * shape[2]
    if len(data) * 8 < count:
        raise DataError(f"{file.path}: overlay {group:04X} is cut short, {len(data)} bytes for {count} pixels")
    bits = np.unpackbits(np.frombuffer(data, np.uint8, (count + 7) // 8), bitorder="little", count=count)
    return bits.reshape(shape).astype(bool)


def _embedded(file: DicomFile, bit: int, limit: int | None) -> NDArray[np.bool_]:
    file.refuse_above(limit)
    allocated, stored = int(file.header.BitsAllocated), int(file.header.BitsStored)
    high = int(getattr(file.header, "HighBit", stored - 1))
    if not 0 <= bit < allocated or high - stored < bit <= high:
        raise DataError(f"{file.path}: an overlay in bit {bit}, where the samples stand; export it again")
    planes = [(words >> bit) & 1 for _, words in raw_words(file)]
    return np.stack(planes).astype(bool)


def _on_grid(plane: NDArray[np.bool_], size: tuple[int, int], top: int, left: int) -> NDArray[np.bool_]:
    """Lay a plane whose first pixel is at (top, left) over the image; what hangs over is cut off."""
    mask = np.zeros((len(plane), *size), dtype=bool)
    rows = range(max(0, top), min(size[0], top + plane.shape[1]))
    columns = range(max(0, left), min(size[1], left + plane.shape[2]))
    if rows and columns:
        mask[:, rows.start : rows.stop, columns.start : columns.stop] = plane[
            :, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
    return mask


def _value(header: Any, group: int, element: int) -> Any:
    found = header.get((group, element))
    return None if found is None else found.value
