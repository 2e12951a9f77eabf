"""Write images with their place in the patient: NIfTI-1 and NRRD."""

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.frame import Floats, flip_lps
from salus.schema.errors import DataError, ShapeError
from salus.schema.files import write_bytes
from salus.schema.sample import Image

_NIFTI_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")


def write_nifti(path: Path | str, image: Image) -> None:
    """Write an image as NIfTI-1 with its values as they are, geometry in both sform and qform where it is a rotation.

    Args:
        path: `.nii` or `.nii.gz`.
        image: `(C, H, W)`, `(C, D, H, W)` or `(C, T, D, H, W)`; several channels go to the fifth axis, as the standard
            has it for vectors. booleans become uint8, float16 float32.

    Raises:
        DataError: Another ending.
        ShapeError: An axis too long for the format.

    Source:
        NIfTI-1 standard, fields dim, intent_code, sform and qform.
    """
    import nibabel as nib

    target = Path(path)
    packed = target.name.lower().endswith(".nii.gz")
    if not packed and not target.name.lower().endswith(".nii"):
        raise DataError(f"{target}: a NIfTI file ends in .nii or .nii.gz; rename it")
    array = _plain(image.array)
    if max(array.shape) > 32767:
        raise ShapeError(f"{target}: an axis of {max(array.shape)} voxels, NIfTI-1 takes 32,767; write NRRD")
    spatial = array if array.ndim > 3 else array[:, None]
    full = spatial if spatial.ndim == 5 else spatial[:, None]  # (C, T, D, H, W)
    turned = full.transpose(4, 3, 2, 1, 0)
    turned = turned if turned.shape[4] > 1 else turned[..., 0]
    turned = turned[..., 0] if turned.ndim == 4 and turned.shape[3] == 1 else turned
    volume = nib.Nifti1Image(np.asfortranarray(turned), _affine(image), dtype=turned.dtype)
    known = 1 if image.affine is not None else 0
    volume.set_sform(volume.affine, code=known)
    # a qform holds no shear: writing one for a tilted gantry would contradict the sform
    volume.set_qform(volume.affine if _rigid(volume.affine) else None, code=known if _rigid(volume.affine) else 0)
    volume.header.set_xyzt_units("mm", "sec")
    if turned.ndim == 5:
        volume.header.set_intent("vector")
    data = volume.to_bytes()
    write_bytes(target, gzip.compress(data, compresslevel=6, mtime=0) if packed else data)


def write_nrrd(path: Path | str, image: Image) -> None:
    """Write an image as NRRD, packed with gzip, in the LPS space that ITK and 3D Slicer expect.

    Args:
        path: `.nrrd`.
        image: `(C, H, W)`, `(C, D, H, W)` or `(C, T, D, H, W)`.

    Raises:
        DataError: Another ending.

    Source:
        NRRD format definition 0005 (teem).
    """
    import nrrd

    target = Path(path)
    if not target.name.lower().endswith(".nrrd"):
        raise DataError(f"{target}: a NRRD file ends in .nrrd; rename it")
    array = _plain(image.array)
    spatial = array if array.ndim > 3 else array[:, None]
    lps = flip_lps(_affine(image))
    rows = [lps[:3, axis].tolist() for axis in range(3)]
    kinds = ["domain"] * 3
    empty = [float("nan")] * 3
    if spatial.ndim == 5:  # file order is fastest first: space, then time
        rows, kinds = [*rows, empty], [*kinds, "time"]
    if len(spatial) > 1:
        rows, kinds, turned = [empty, *rows], ["vector", *kinds], np.moveaxis(spatial, 0, -1)
    else:
        turned = spatial[0]
    header: dict[str, Any] = {"encoding": "gzip", "kinds": kinds}
    if image.affine is not None or image.spacing_mm is not None:
        header["space directions"] = np.array(rows)
        header["space"] = "left-posterior-superior"
        header["space origin"] = lps[:3, 3]
        header["space units"] = ["mm"] * 3
    buffer = io.BytesIO()
    nrrd.write(buffer, turned, header, compression_level=6, index_order="C")
    write_bytes(target, buffer.getvalue())


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype == np.bool_:
        return array.astype(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype.name not in _NIFTI_TYPES:
        raise ShapeError(f"image of {array.dtype}: volumes hold real numbers of at most 8 bytes; convert it first")
    return array


def _affine(image: Image) -> Floats:
    if image.affine is not None:
        return np.asarray(image.affine, dtype=np.float64)
    steps = tuple(image.spacing_mm or ())[::-1]
    return np.diag([*(steps + (1.0,) * (3 - len(steps))), 1.0])


def _rigid(affine: Floats) -> bool:
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.allclose(axes.T @ axes, np.eye(3), atol=1e-5))
