"""RT structure sets: contours in patient space, drawn as masks on the grid of the images.

Source: DICOM PS3.3, C.8.8.5 (structure set) and C.8.8.6 (ROI contour).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import refuse_above
from salus.data.readers.dicom_file import guarded, open_dicom
from salus.data.readers.dicom_seg import Segment, Segmentation, three
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Image

MAX_POINTS = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Contour:
    """One outline.

    Attributes:
        number: Number of its region of interest.
        shape: `CLOSED_PLANAR`, `POINT`, `OPEN_PLANAR`, ...
        points: `(N, 3)`, RAS mm.
    """

    number: int
    shape: str
    points: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureSet:
    """Regions of interest and their outlines.

    Attributes:
        names: Name by number.
        contours: In the order of the file.
        frame_of_reference: UID that the images must share.
    """

    names: dict[int, str]
    contours: tuple[Contour, ...]
    frame_of_reference: str

    def draw(self, reference: Image, limit: int | None = None) -> Segmentation:
        """Draw the closed outlines on a volume's grid; where outlines of one region nest, the inner one is a hole.

        Args:
            reference: The volume that was outlined.
            limit: Most voxels of all masks; None takes the setting.

        Returns:
            Masks `(K, D, H, W)`; a voxel belongs to a region where its centre lies inside.

        Raises:
            ShapeError: The reference has no affine or is no volume.
            DataError: An outline beyond the volume or across its slices, or too many voxels.
        """
        if reference.affine is None or reference.array.ndim < 4:
            raise ShapeError("the reference must be a volume with an affine; read its series as one")
        size = reference.array.shape[-3:]
        refuse_above(Path("RT structure set"), len(self.names) * int(np.prod(size)), limit)
        rank = {number: index for index, number in enumerate(self.names)}
        masks = np.zeros((len(rank), *size), bool)
        inverse = np.linalg.inv(reference.affine)
        for contour in self.contours:
            if contour.shape != "CLOSED_PLANAR" or contour.number not in rank or len(contour.points) < 3:
                continue
            index = contour.points @ inverse[:3, :3].T + inverse[:3, 3]
            slices = np.unique(np.round(index[:, 2]))
            name = self.names[contour.number]
            if len(slices) != 1 or np.abs(index[:, 2] - slices[0]).max() > 0.45:
                raise DataError(f"an outline of {name!r} runs across slices; give the series it was drawn on")
            if not 0 <= slices[0] < size[0]:
                raise DataError(f"an outline of {name!r} lies beyond the volume; give the series it was drawn on")
            _fill(masks[rank[contour.number], int(slices[0])], index[:, :2])
        return Segmentation(
            masks=masks,
            segments=tuple(Segment(number=number, label=name) for number, name in self.names.items()),
            spacing_mm=three(reference.spacing_mm),
            affine=reference.affine,
        )


def read_rtstruct(path: Path | str) -> StructureSet:
    """Read an RT structure set.

    Raises:
        DataError: No structure set, damaged, an outline without three numbers a point, or too many points.
    """
    file = open_dicom(path)
    with guarded(file.path):
        header = file.header
        if "StructureSetROISequence" not in header:
            raise DataError(f"{file.path}: no structure set; give a file of modality RTSTRUCT")
        names = {
            int(item.ROINumber): str(getattr(item, "ROIName", "") or f"region {item.ROINumber}")
            for item in header.StructureSetROISequence
        }
        contours, total = [], 0
        for region in getattr(header, "ROIContourSequence", None) or ():
            for item in getattr(region, "ContourSequence", None) or ():
                contour = _contour(item, int(region.ReferencedROINumber), file.path)
                total += len(contour.points)
                if total > MAX_POINTS:
                    raise DataError(f"{file.path}: outlines of more than {MAX_POINTS:,} points; refused")
                contours.append(contour)
        frame = next((str(one.FrameOfReferenceUID) for one in _frames(header)), "")
        return StructureSet(names=names, contours=tuple(contours), frame_of_reference=frame)


def _contour(item: Any, number: int, path: Path) -> Contour:
    data = getattr(item, "ContourData", None)
    values = np.array([float(value) for value in (data if data is not None else ())], dtype=np.float64)
    if values.size % 3 or not np.isfinite(values).all():
        raise DataError(f"{path}: an outline of {values.size} numbers; expected three a point")
    points = values.reshape(-1, 3) * np.array([-1.0, -1.0, 1.0])  # LPS to RAS
    return Contour(number=number, shape=str(getattr(item, "ContourGeometricType", "") or ""), points=points)


def _frames(header: Any) -> list[Any]:
    found = list(getattr(header, "ReferencedFrameOfReferenceSequence", None) or ())
    return [*found, *(item for item in (header,) if "FrameOfReferenceUID" in item)]


def _fill(mask: NDArray[np.bool_], outline: NDArray[np.float64]) -> None:
    """Turn every pixel whose centre lies inside a polygon: even-odd rule, row by row within its bounding box."""
    from skimage.draw import polygon2mask

    low = np.maximum(np.floor(outline.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 1, mask.shape[::-1])
    if (high <= low).any():
        return
    inner = polygon2mask((int(high[1] - low[1]), int(high[0] - low[0])), (outline - low)[:, ::-1])
    mask[low[1] : high[1], low[0] : high[0]] ^= inner
