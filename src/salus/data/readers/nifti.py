"""Volumes: NIfTI-1 and NIfTI-2 through nibabel."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import existing, refuse_above
from salus.schema.errors import DataError
from salus.schema.sample import Image

SUFFIXES = (".nii", ".nii.gz")
_TO_MM = {"meter": 1000.0, "micron": 0.001}


def read_nifti(path: Path | str, limit: int | None = None) -> Image:
    """Read a NIfTI file with its scaling applied.

    Args:
        path: `.nii` or `.nii.gz`.
        limit: Most values it may decode to; None takes the setting.

    Returns:
        `(1, D, H, W)`, or `(1, H, W)` where the file holds a single slice; `(1, T, D, H, W)` for a series in time;
        `(C, D, H, W)` or `(C, T, D, H, W)` where the fifth axis holds a vector. Unscaled integers keep their type, all
        else is float32. `affine` maps (i, j, k) = (W, H, D) indices to RAS mm and is None where the file states
        neither sform nor qform.

    Raises:
        DataError: Unreadable, complex or colour values, NaN or infinity (counted), not invertible, too large.

    Source:
        NIfTI-1 standard, fields dim, pixdim, xyzt_units, scl_slope, qform_code, sform_code.
    """
    import nibabel as nib

    found = existing(path)
    try:
        volume: Any = nib.load(found)
        if not isinstance(volume, nib.Nifti1Image | nib.Nifti1Pair):
            raise DataError(f"{found}: {type(volume).__name__} is not NIfTI; convert it to .nii.gz")
        refuse_above(found, int(np.prod(volume.shape, dtype=object)), limit)
        if volume.get_data_dtype().kind not in "buif":
            raise DataError(f"{found}: values of type {volume.get_data_dtype()}; store one real number a voxel")
        array = _values(volume)
    except (OSError, ValueError, EOFError, zlib.error, OverflowError, nib.filebasedimages.ImageFileError) as error:
        raise DataError(f"{found}: not a readable NIfTI file ({error}); write it again, or convert it") from error
    if array.dtype.kind == "f" and (bad := int((~np.isfinite(array)).sum())):
        raise DataError(
            f"{found}: {bad} of {array.size} voxels are NaN or infinite; set them to a background value first"
        )
    channels = _channels_first(array, found)
    factor = _TO_MM.get(volume.header.get_xyzt_units()[0], 1.0)
    return Image(
        array=channels,
        spacing_mm=_spacing(volume, factor, found)[-(2 if channels.ndim == 3 else 3) :],
        affine=_affine(volume, factor, found),
    )


def _values(volume: Any) -> NDArray[Any]:
    slope, shift = volume.dataobj.slope, volume.dataobj.inter
    kind = volume.get_data_dtype()
    if kind.kind in "bui" and slope == 1.0 and shift == 0.0:
        return np.asarray(volume.dataobj.get_unscaled()).astype(kind.newbyteorder("="), copy=False)
    return np.asarray(volume.get_fdata(dtype=np.float32, caching="unchanged"))


def _channels_first(array: NDArray[Any], path: Path) -> NDArray[Any]:
    """Turn (x, y[, z[, t[, c]]]) into (C, [T,] [D,] H, W)."""
    while array.ndim > 5 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 5:
        turned = array.transpose(4, 3, 2, 1, 0)
        turned = turned[:, 0] if turned.shape[1] == 1 else turned
    elif array.ndim == 3 and array.shape[2] == 1:  # one slice is a picture; the affine still says where it lies
        turned = array[..., 0].transpose()[None]
    elif array.ndim in (2, 3, 4):
        turned = array.transpose()[None]
        turned = turned[:, 0] if array.ndim == 4 and turned.shape[1] == 1 else turned
    else:
        raise DataError(f"{path}: {array.ndim} axes of shape {array.shape}; expected 2 to 5")
    return np.ascontiguousarray(turned)


def _spacing(volume: Any, factor: float, path: Path) -> tuple[float, ...]:
    zooms = [float(zoom) * factor for zoom in volume.header.get_zooms()[: min(3, volume.ndim)]]
    if any(not np.isfinite(zoom) or zoom <= 0 for zoom in zooms):
        raise DataError(f"{path}: voxel size {zooms} mm; every size must be above 0, correct the header")
    return tuple(reversed(zooms))


def _affine(volume: Any, factor: float, path: Path) -> NDArray[np.float64] | None:
    header = volume.header
    if int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0:
        return None
    affine = np.array(volume.affine, dtype=np.float64)
    affine[:3] *= factor
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
        raise DataError(f"{path}: its affine is singular or not finite; correct sform or qform")
    return affine
