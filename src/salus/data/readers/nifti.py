"""Volumes: NIfTI-1 and NIfTI-2 through nibabel, one file or a pair (.hdr and .img)."""

import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from salus.data.frame import Floats, spacing_of, usable
from salus.data.limits import existing, refuse_above
from salus.data.payload import refuse_short
from salus.schema.errors import DataError, SalusError
from salus.schema.sample import Image

SUFFIXES = (".nii", ".nii.gz", ".hdr")
MAX_OFFSET = 2**24
_TO_MM = {"meter": 1000.0, "micron": 0.001}


def read_nifti(
    path: Path | str,
    limit: int | None = None,
    fourth: Literal["time", "channel"] = "time",
    fill: float | None = None,
) -> Image:
    """Read a NIfTI file with its scaling applied.

    Args:
        path: `.nii`, `.nii.gz`, or the `.hdr` of a pair.
        limit: Most values it may decode to; None takes the setting.
        fourth: What the fourth axis holds. The standard says time; some data sets put several contrasts there.
        fill: Takes the place of NaN and infinity; None refuses them.

    Returns:
        `(1, D, H, W)`, or `(1, H, W)` where the file holds a single slice; `(1, T, D, H, W)` for a series in time;
        `(C, D, H, W)` or `(C, T, D, H, W)` where the fifth axis holds a vector, or the voxels are RGB. Unscaled
        integers keep their type, all else is float32. `affine` maps (i, j, k) = (W, H, D) indices to RAS mm: the
        sform where the file has one, else the qform, and None where it states neither.

    Raises:
        DataError: Unreadable, complex values, NaN or infinity (counted), not invertible, too large or cut short.

    Source:
        NIfTI-1 standard, fields dim, pixdim, xyzt_units, scl_slope, qform_code, sform_code; NIfTI-2 likewise.
    """
    found = existing(path)
    volume = open_nifti(found)
    try:
        colours = _checked(volume, found, limit)
        array = _values(volume, colours)
    except SalusError:
        raise
    except (OSError, ValueError, EOFError, zlib.error, OverflowError, MemoryError) as error:
        raise DataError(f"{found}: not a readable NIfTI file ({error}); write it again, or convert it") from error
    if array.dtype.kind == "f" and (bad := int((~np.isfinite(array)).sum())):
        if fill is None:
            raise DataError(
                f"{found}: {bad} of {array.size} voxels are NaN or infinite; set them to a background value first"
            )
        array = np.where(np.isfinite(array), array, np.float32(fill))
    channels = _channels_first(array, found, fourth)
    factor = _TO_MM.get(unit_of(volume), 1.0)
    stated, affine = _spacing(volume, factor, found), _affine(volume, factor, found)
    spacing = stated if affine is None else spacing_of(affine)  # pixdim may be stale beside an sform
    return Image(
        array=channels,
        spacing_mm=spacing[-(2 if channels.ndim == 3 else 3) :],
        affine=affine,
        unit="uint8" if colours else "a.u.",
    )


def open_nifti(path: Path) -> Any:
    """Return nibabel's picture of a file, header read, values not.

    Raises:
        DataError: Not NIfTI, or a header that cannot be.
    """
    import nibabel as nib

    try:
        volume: Any = nib.load(path)
    except Exception as error:  # nibabel raises its own kinds and whatever NumPy makes of a damaged header
        raise DataError(f"{path}: not a readable NIfTI file ({error}); write it again, or convert it") from error
    if not isinstance(volume, nib.Nifti1Image | nib.Nifti1Pair):
        raise DataError(f"{path}: {type(volume).__name__} is not NIfTI; convert it to .nii.gz")
    return volume


def unit_of(volume: Any) -> str:
    """Return the unit of length of nibabel's picture of a file: `mm`, `meter`, `micron`, or `unknown`."""
    try:
        return str(volume.header.get_xyzt_units()[0])
    except KeyError:  # a code that the standard does not know
        return "unknown"


def _checked(volume: Any, path: Path, limit: int | None) -> int:
    """Refuse what a header claims and the file cannot hold; return how many colours a voxel has, 0 for a number."""
    dtype = volume.get_data_dtype()
    colours = 3 if dtype.names in (("R", "G", "B"), ("R", "G", "B", "A")) else 0
    if min(volume.shape, default=0) < 1:
        raise DataError(f"{path}: declares an image of {volume.shape}; every size must be above 0")
    count = int(np.prod(volume.shape, dtype=object))
    refuse_above(path, count * max(colours, 1), limit)
    if not colours and (dtype.kind not in "buif" or dtype.itemsize > 8):
        raise DataError(f"{path}: values of type {dtype}; store one real number a voxel")
    offset = int(getattr(volume.dataobj, "offset", 0))
    if not 0 <= offset <= MAX_OFFSET:
        raise DataError(f"{path}: its values begin at byte {offset:,}; correct vox_offset")
    values = Path(volume.file_map["image"].filename)
    refuse_short(values, offset, count * dtype.itemsize, packed=not values.name.lower().endswith((".nii", ".img")))
    return colours


def _values(volume: Any, colours: int) -> NDArray[Any]:
    if colours:
        pixels = np.asarray(volume.dataobj.get_unscaled())
        pixels = pixels.reshape(pixels.shape + (1,) * (4 - pixels.ndim))  # colours are the fifth axis
        return np.stack([pixels[name] for name in ("R", "G", "B")], axis=-1)
    slope, shift = volume.dataobj.slope, volume.dataobj.inter
    kind = volume.get_data_dtype()
    if kind.kind in "bui" and slope == 1.0 and shift == 0.0:
        return np.asarray(volume.dataobj.get_unscaled()).astype(kind.newbyteorder("="), copy=False)
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite and is counted
        return np.asarray(volume.get_fdata(dtype=np.float32, caching="unchanged"))


def _channels_first(array: NDArray[Any], path: Path, fourth: str) -> NDArray[Any]:
    """Turn (x, y[, z[, t[, c]]]) into (C, [T,] [D,] H, W)."""
    while array.ndim > 5 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 4 and fourth == "channel":
        turned = array.transpose(3, 2, 1, 0)
    elif array.ndim == 5:
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


def _affine(volume: Any, factor: float, path: Path) -> Floats | None:
    header = volume.header
    if int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0:
        return None
    affine = np.array(volume.affine, dtype=np.float64)
    affine[:3] *= factor
    if not usable(affine):
        raise DataError(f"{path}: its affine is singular or not finite; correct sform or qform")
    return affine
