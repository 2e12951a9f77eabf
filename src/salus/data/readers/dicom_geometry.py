"""Where a DICOM plane lies in the patient, and which value a stored number means."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Patient axes of DICOM are left, posterior, superior (LPS); Salus keeps right, anterior, superior (RAS).
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def functional(dataset: Any, frame: int, group: str, keyword: str) -> Any:
    """Return an attribute of one frame: from its functional group, the shared one, or the data set itself.

    Source:
        DICOM PS3.3, C.7.6.16 (multi-frame functional groups).
    """
    frames = getattr(dataset, "PerFrameFunctionalGroupsSequence", None)
    shared = getattr(dataset, "SharedFunctionalGroupsSequence", None)
    for item in (frames[frame] if frames and frame < len(frames) else None, shared[0] if shared else None):
        inner = getattr(item, group, None) if item is not None else None
        value = getattr(inner[0], keyword, None) if inner else None
        if value is not None:
            return value
    return getattr(dataset, keyword, None)


def plane(dataset: Any, frame: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return origin `(3,)` and orientation `(2, 3)` of a frame in LPS mm, None where the file has no geometry.

    Row 0 of the orientation points along increasing column index, row 1 along increasing row index.
    """
    origin = _numbers(functional(dataset, frame, "PlanePositionSequence", "ImagePositionPatient"), 3)
    cosines = _numbers(functional(dataset, frame, "PlaneOrientationSequence", "ImageOrientationPatient"), 6)
    if origin is None or cosines is None:
        return None
    return origin, cosines.reshape(2, 3)


def in_plane_spacing(dataset: Any, frame: int = 0) -> tuple[float, float] | None:
    """Return (between rows, between columns) in mm; None where the file states none or an impossible one.

    The detector's spacing is used only where the patient's is not known.
    """
    for group, keyword in (("PixelMeasuresSequence", "PixelSpacing"), ("", "ImagerPixelSpacing")):
        found = _numbers(functional(dataset, frame, group, keyword), 2)
        if found is not None and (found > 0).all():
            return float(found[0]), float(found[1])
    return None


def affine_of(
    origin: NDArray[np.float64],
    orientation: NDArray[np.float64],
    spacing: tuple[float, float],
    step: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the `(4, 4)` map from (column i, row j, slice k) to RAS mm.

    Args:
        origin: Centre of the first voxel, LPS mm.
        orientation: As `plane` returns it.
        spacing: (between rows, between columns), mm.
        step: From one slice to the next, LPS mm.

    Source:
        DICOM PS3.3, equation C.7.6.2.1-1.

    >>> affine_of(np.zeros(3), np.eye(3)[:2], (2.0, 1.0), np.array([0.0, 0.0, 5.0])).diagonal()
    array([-1., -2.,  5.,  1.])
    """
    affine = np.eye(4)
    affine[:3, 0] = orientation[0] * spacing[1]
    affine[:3, 1] = orientation[1] * spacing[0]
    affine[:3, 2] = step
    affine[:3, 3] = origin
    affine[:3] = _LPS_TO_RAS @ affine[:3]
    return affine


def normal_of(orientation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit normal `(3,)` of a plane."""
    return np.asarray(np.cross(orientation[0], orientation[1]), dtype=np.float64)


def unit_of(dataset: Any, frame: int = 0) -> str:
    """Return what one step of the rescaled value means: `HU`, a PET unit, the stated rescale type, or `a.u.`."""
    modality = str(getattr(dataset, "Modality", "") or "")
    if "DoseGridScaling" in dataset:
        return "Gy" if str(getattr(dataset, "DoseUnits", "")) == "GY" else "relative dose"
    stated = str(functional(dataset, frame, "PixelValueTransformationSequence", "RescaleType") or "")
    intercept = functional(dataset, frame, "PixelValueTransformationSequence", "RescaleIntercept")
    if modality == "CT" and intercept is not None and stated in ("", "HU", "US"):
        return "HU"
    if modality == "PT" and getattr(dataset, "Units", None):
        return str(dataset.Units)
    return stated if stated and stated != "US" and intercept is not None else "a.u."


def _numbers(value: Any, count: int) -> NDArray[np.float64] | None:
    if value is None or isinstance(value, str | float | int) or len(value) != count:
        return None
    numbers = np.array([float(item) for item in value], dtype=np.float64)
    return numbers if np.isfinite(numbers).all() else None
