"""NIfTI: axes, geometry, scaling and refusals."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from salus.data.readers.nifti import read_nifti
from salus.schema.errors import DataError

AFFINE = np.array([[0.0, -2.0, 0, 5], [1.5, 0, 0, -7], [0, 0, 3.0, 11], [0, 0, 0, 1]])


def write(path: Path, array: np.ndarray, affine: np.ndarray | None = AFFINE) -> Path:
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


def test_a_volume_keeps_values_and_geometry(tmp_path: Path) -> None:
    array = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    image = read_nifti(write(tmp_path / "a.nii.gz", array))
    assert image.array.shape == (1, 4, 3, 2)
    assert image.array.dtype == np.int16
    assert image.array[0, 3, 2, 1] == array[1, 2, 3]
    assert image.spacing_mm == pytest.approx((3.0, 2.0, 1.5))
    assert image.affine == pytest.approx(AFFINE)


def test_time_and_vectors_find_their_axes(tmp_path: Path) -> None:
    assert read_nifti(write(tmp_path / "t.nii", np.zeros((2, 3, 4, 5), np.uint8))).array.shape == (1, 5, 4, 3, 2)
    assert read_nifti(write(tmp_path / "v.nii", np.zeros((2, 3, 4, 1, 6), np.uint8))).array.shape == (6, 4, 3, 2)
    assert read_nifti(write(tmp_path / "b.nii", np.zeros((2, 3, 4, 5, 6), np.uint8))).array.shape == (6, 5, 4, 3, 2)
    assert read_nifti(write(tmp_path / "p.nii", np.zeros((2, 3), np.uint8))).array.shape == (1, 3, 2)


def test_scaling_is_applied(tmp_path: Path) -> None:
    volume = nib.Nifti1Image(np.array([[[0, 10, 20]]], dtype=np.int16), AFFINE)
    volume.header.set_slope_inter(0.5, -100)
    nib.save(volume, tmp_path / "a.nii")
    image = read_nifti(tmp_path / "a.nii")
    assert image.array.ravel().tolist() == pytest.approx(nib.load(tmp_path / "a.nii").get_fdata().ravel().tolist())
    assert image.array.dtype == np.float32


def test_unknown_geometry_stays_unknown_and_metres_become_millimetres(tmp_path: Path) -> None:
    assert read_nifti(write(tmp_path / "a.nii", np.zeros((2, 3, 4), np.uint8), None)).affine is None
    volume = nib.Nifti1Image(np.zeros((2, 3, 4), np.uint8), np.diag([0.001, 0.002, 0.003, 1]))
    volume.header.set_xyzt_units("meter")
    nib.save(volume, tmp_path / "m.nii")
    image = read_nifti(tmp_path / "m.nii")
    assert image.spacing_mm == pytest.approx((3.0, 2.0, 1.0))
    assert image.affine is not None
    assert image.affine.diagonal() == pytest.approx([1, 2, 3, 1])


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    array = np.zeros((2, 3, 4), np.float32)
    array[0, 0, 0], array[1, 1, 1] = np.nan, np.inf
    with pytest.raises(DataError, match=r"n\.nii: 2 of 24 voxels are NaN or infinite"):
        read_nifti(write(tmp_path / "n.nii", array))
    with pytest.raises(DataError, match="complex64"):
        read_nifti(write(tmp_path / "c.nii", np.zeros((2, 2, 2), np.complex64)))
    with pytest.raises(DataError, match="declares 24 values, more than the allowed 23"):
        read_nifti(write(tmp_path / "l.nii", np.zeros((2, 3, 4), np.uint8)), limit=23)
    whole = write(tmp_path / "w.nii.gz", np.random.default_rng(0).random((9, 9, 9)).astype(np.float32)).read_bytes()
    (tmp_path / "cut.nii.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.nii\.gz: not a readable NIfTI"):
        read_nifti(tmp_path / "cut.nii.gz")
    (tmp_path / "x.nii").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"x\.nii: not a readable NIfTI"):
        read_nifti(tmp_path / "x.nii")
