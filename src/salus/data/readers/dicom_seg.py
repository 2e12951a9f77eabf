"""DICOM segmentations: masks on one grid, with what each segment is.

Source: DICOM PS3.3, A.51 and C.8.20 (segmentation, binary, fractional and label map), C.7.6.16 (functional groups).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import refuse_above
from salus.data.readers.dicom_file import DicomFile, guarded, open_dicom
from salus.data.readers.dicom_frames import refuse_short
from salus.data.readers.dicom_geometry import affine_of, functional, normal_of
from salus.data.readers.dicom_pixels import each_frame
from salus.data.readers.dicom_stack import Placed, frames_of
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Image

OFF_GRID_MM = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A coded concept: value, coding scheme (`SCT`, `DCM`, `UCUM`, ...), meaning in words."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment.

    Attributes:
        number: Its number in the file, from 1.
        label: Its name.
        category: What sort of thing (tissue, lesion, ...).
        kind: What it is (liver, nodule, ...).
        algorithm: `AUTOMATIC`, `SEMIAUTOMATIC`, `MANUAL` or empty, and the algorithm's name.
    """

    number: int
    label: str
    category: Code | None = None
    kind: Code | None = None
    algorithm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """Masks of one or more segments on one grid.

    Attributes:
        masks: `(K, D, H, W)`, one per segment: bool, or float32 in [0, 1] where the file is fractional.
        segments: What each of them is.
        spacing_mm: (between slices, rows, columns).
        affine: `(4, 4)`, as `Image.affine`.
        series: SeriesInstanceUID of the images that were segmented, empty where not stated.
        instances: SOPInstanceUIDs of those images.
    """

    masks: NDArray[Any]
    segments: tuple[Segment, ...]
    spacing_mm: tuple[float, float, float] | None
    affine: NDArray[np.float64] | None
    series: str = ""
    instances: tuple[str, ...] = ()

    def labels(self) -> NDArray[np.uint16]:
        """Return `(D, H, W)`: 0, or the number of the segment that a voxel belongs to (fractional: from one half).

        Raises:
            DataError: Two segments share a voxel.
        """
        volume = np.zeros(self.masks.shape[1:], np.uint16)
        for mask, segment in zip(self.masks, self.segments, strict=True):
            here = mask if mask.dtype == bool else mask >= 0.5
            if (volume[here] != 0).any():
                raise DataError(f"segment {segment.label!r} overlaps another one; use the masks, one per segment")
            volume[here] = segment.number
        return volume


def read_seg(path: Path | str, reference: Image | None = None, limit: int | None = None) -> Segmentation:
    """Read a DICOM segmentation.

    Args:
        path: The file.
        reference: Lay the masks on this volume's grid (the series that was segmented, as `read_dicom_series`
            returns it); planes that the file leaves out are empty. None takes the smallest grid that holds the frames.
        limit: Most voxels of all masks; None takes the setting.

    Raises:
        DataError: No segmentation, damaged, frames on no common grid, or not on the reference's.
    """
    file = open_dicom(path)
    with guarded(file.path):
        if "SegmentSequence" not in file.header:
            raise DataError(f"{file.path}: no segmentation; give a file of modality SEG")
        return _read(file, reference, limit)


def _read(file: DicomFile, reference: Image | None, limit: int | None) -> Segmentation:
    file.refuse_above(limit)
    refuse_short(file)
    header = file.header
    kind = str(getattr(header, "SegmentationType", "BINARY"))
    segments = tuple(_segment(item) for item in header.SegmentSequence)
    rank = {segment.number: index for index, segment in enumerate(segments)}
    frames, rows, columns, _ = file.sizes
    placed = frames_of(header, frames)
    numbers = [
        functional(header, frame, "SegmentIdentificationSequence", "ReferencedSegmentNumber") for frame in range(frames)
    ]
    affine, spacing, seats = _grid(file, placed)
    depth = 1 + max(seats)
    if reference is not None:
        if affine is None:
            raise DataError(f"{file.path}: states no geometry, so it cannot be laid on another volume")
        seats, depth = _on_reference(file, reference, affine, seats, (rows, columns))
        affine, spacing = reference.affine, three(reference.spacing_mm)
    refuse_above(file.path, len(segments) * depth * rows * columns, limit)
    fractional = kind == "FRACTIONAL"
    top = float(getattr(header, "MaximumFractionalValue", 255) or 255)
    masks = np.zeros((len(segments), depth, rows, columns), np.float32 if fractional else bool)

    def use(index: int, stored: NDArray[Any]) -> None:
        if kind == "LABELMAP":
            for segment in segments:
                masks[rank[segment.number], seats[index]] |= stored == segment.number
            return
        number = numbers[index]
        if number is None or int(number) not in rank:
            raise DataError(f"{file.path}: frame {index + 1} belongs to segment {number}, which is not described")
        here = masks[rank[int(number)], seats[index]]
        np.maximum(here, stored / np.float32(top) if fractional else stored != 0, out=here)

    each_frame(file, use, None)
    series, instances = _sources(header)
    return Segmentation(
        masks=masks, segments=segments, spacing_mm=spacing, affine=affine, series=series, instances=instances
    )


def _grid(
    file: DicomFile, placed: Sequence[Placed | None]
) -> tuple[NDArray[np.float64] | None, tuple[float, float, float] | None, list[int]]:
    """Return affine, spacing and the slice number of each frame; one slice a frame where there is no geometry."""
    known = [one for one in placed if one is not None]
    if len(known) != len(placed):
        same = len(getattr(file.header, "SegmentSequence", ())) == len(placed)
        return None, None, [0] * len(placed) if same else list(range(len(placed)))
    first = known[0]
    if first.spacing is None or any(not np.allclose(one.orientation, first.orientation, atol=1e-3) for one in known):
        raise DataError(f"{file.path}: frames turned against each other or without spacing; split the file")
    normal = normal_of(first.orientation)
    heights = np.array([one.origin @ normal for one in known])
    lowest = known[int(heights.argmin())]
    gaps = np.diff(np.unique(np.round(heights, 3)))
    stated = functional(file.header, 0, "PixelMeasuresSequence", "SpacingBetweenSlices")
    thick = functional(file.header, 0, "PixelMeasuresSequence", "SliceThickness")
    step = float(gaps.min()) if len(gaps) else float(stated or thick or 1.0)
    if (
        stated
        and float(stated) > 0
        and len(gaps)
        and np.allclose(gaps / float(stated), np.round(gaps / float(stated)), atol=0.02)
    ):
        step = float(stated)
    seats = (heights - heights.min()) / step
    off = np.abs(seats - np.round(seats)).max() * step
    ends = known[int(heights.argmax())].origin - lowest.origin
    way = ends / np.round(seats.max()) if seats.max() > 0.5 else normal * step
    away = max(
        float(np.abs(one.origin - lowest.origin - way * round(float(seat))).max())
        for one, seat in zip(known, seats, strict=True)
    )
    if max(off, away) > OFF_GRID_MM + 0.01 * step:
        raise DataError(f"{file.path}: its frames lie on no even grid ({max(off, away):.2f} mm off); resample it")
    affine = affine_of(lowest.origin, first.orientation, first.spacing, way)
    spacing = (float(np.linalg.norm(way)), *first.spacing)
    return affine, spacing, [int(seat) for seat in np.round(seats)]


def _on_reference(
    file: DicomFile, reference: Image, affine: NDArray[np.float64], seats: list[int], size: tuple[int, int]
) -> tuple[list[int], int]:
    """Return the reference's slice number of each frame, and its number of slices."""
    shape = reference.array.shape
    if reference.affine is None or len(shape) < 4:
        raise ShapeError(f"{file.path}: the reference must be a volume with an affine; read its series as one")
    if shape[-2:] != size:
        raise DataError(f"{file.path}: masks of {size[0]} x {size[1]} for slices of {shape[-2]} x {shape[-1]}")
    inverse = np.linalg.inv(reference.affine)
    placed = []
    for seat in seats:
        corners = np.array([[0, 0, seat, 1], [size[1] - 1, size[0] - 1, seat, 1]], dtype=np.float64).T
        found = (inverse @ affine @ corners)[:3].T
        k = round(float(found[0, 2]))
        wanted = np.array([[0, 0, k], [size[1] - 1, size[0] - 1, k]])
        if np.abs(found - wanted).max() > 0.1 or not 0 <= k < shape[-3]:
            raise DataError(f"{file.path}: lies on another grid than the reference; give the series it refers to")
        placed.append(k)
    return placed, shape[-3]


def _segment(item: Any) -> Segment:
    words = (str(getattr(item, "SegmentAlgorithmType", "") or ""), str(getattr(item, "SegmentAlgorithmName", "") or ""))
    return Segment(
        number=int(item.SegmentNumber),
        label=str(getattr(item, "SegmentLabel", "") or f"segment {item.SegmentNumber}"),
        category=code_of(item, "SegmentedPropertyCategoryCodeSequence"),
        kind=code_of(item, "SegmentedPropertyTypeCodeSequence"),
        algorithm=" ".join(word for word in words if word),
    )


def code_of(item: Any, keyword: str) -> Code | None:
    """Return the first code of a code sequence, None where there is none."""
    found = getattr(item, keyword, None)
    if not found:
        return None
    code = found[0]
    value = next((str(code.get(name)) for name in ("CodeValue", "LongCodeValue", "URNCodeValue") if code.get(name)), "")
    scheme, meaning = (str(code.get(name) or "") for name in ("CodingSchemeDesignator", "CodeMeaning"))
    return Code(value=value, scheme=scheme, meaning=meaning)


def _sources(header: Any) -> tuple[str, tuple[str, ...]]:
    series, instances = "", []
    for item in getattr(header, "ReferencedSeriesSequence", None) or ():
        series = series or str(getattr(item, "SeriesInstanceUID", "") or "")
        instances += [
            str(one.ReferencedSOPInstanceUID) for one in getattr(item, "ReferencedInstanceSequence", None) or ()
        ]
    return series, tuple(instances)


def three(spacing: tuple[float, ...] | None) -> tuple[float, float, float] | None:
    """Return the spacing of a volume, None where it is unknown or not of three axes."""
    return None if spacing is None or len(spacing) != 3 else (spacing[0], spacing[1], spacing[2])
