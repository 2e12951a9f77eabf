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


def test_the_second_version_and_pairs_of_files(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    nib.save(nib.Nifti2Image(array, AFFINE), tmp_path / "two.nii.gz")
    image = read_nifti(tmp_path / "two.nii.gz")
    assert (image.array[0] == array.transpose()).all()
    assert image.affine == pytest.approx(AFFINE)
    nib.save(nib.Nifti1Pair(array, AFFINE), tmp_path / "pair.hdr")
    assert (read_nifti(tmp_path / "pair.hdr").array[0] == array.transpose()).all()
    (tmp_path / "pair.img").unlink()
    with pytest.raises(DataError, match=r"pair\.hdr: not a readable NIfTI"):
        read_nifti(tmp_path / "pair.hdr")


def test_colours_become_channels(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (4, 5, 6, 3), dtype=np.uint8)
    packed = colours.copy().view([("R", "u1"), ("G", "u1"), ("B", "u1")])[..., 0]
    nib.save(nib.Nifti1Image(packed, AFFINE), tmp_path / "c.nii")
    image = read_nifti(tmp_path / "c.nii")
    assert (image.array == colours.transpose(3, 2, 1, 0)).all()
    assert image.unit == "uint8"


def test_the_fourth_axis_may_hold_channels(tmp_path: Path) -> None:
    array = np.random.default_rng(0).random((2, 3, 4, 5)).astype(np.float32)
    path = write(tmp_path / "a.nii", array)
    assert read_nifti(path).array.shape == (1, 5, 4, 3, 2)
    assert (read_nifti(path, fourth="channel").array == array.transpose(3, 2, 1, 0)).all()


def test_what_is_not_a_number_can_be_filled(tmp_path: Path) -> None:
    array = np.ones((2, 3, 4), np.float32)
    array[0, 0, 0], array[1, 2, 3] = np.nan, -np.inf
    filled = read_nifti(write(tmp_path / "a.nii", array), fill=-1.0).array
    assert filled[0, 0, 0, 0] == filled[0, 3, 2, 1] == -1
    assert (filled == 1).sum() == 22


def test_the_sform_decides_where_both_forms_are_stated(tmp_path: Path) -> None:
    volume = nib.Nifti1Image(np.zeros((4, 5, 6), np.uint8), AFFINE)
    other = AFFINE.copy()
    other[:3, 3] += 50
    volume.set_qform(other, 1)
    volume.set_sform(AFFINE, 2)
    nib.save(volume, tmp_path / "a.nii")
    assert read_nifti(tmp_path / "a.nii").affine == pytest.approx(AFFINE)
    volume.set_sform(None, 0)
    nib.save(volume, tmp_path / "q.nii")
    assert read_nifti(tmp_path / "q.nii").affine == pytest.approx(other, abs=1e-4)


def test_stale_voxel_sizes_give_way_to_the_affine(tmp_path: Path) -> None:
    volume = nib.Nifti1Image(np.zeros((4, 5, 6), np.uint8), AFFINE)
    nib.save(volume, tmp_path / "a.nii")
    data = bytearray((tmp_path / "a.nii").read_bytes())
    data[80:92] = np.array([9, 9, 9], "<f4").tobytes()  # pixdim[1..3]
    (tmp_path / "a.nii").write_bytes(data)
    assert read_nifti(tmp_path / "a.nii").spacing_mm == pytest.approx((3.0, 2.0, 1.5))


@pytest.mark.parametrize(("slope", "shift"), [(0.0, 5.0), (np.nan, 0.0), (np.inf, 0.0), (1.0, np.nan)])
def test_impossible_scaling_is_left_out_or_refused(tmp_path: Path, slope: float, shift: float) -> None:
    write(tmp_path / "a.nii", np.arange(24, dtype=np.int16).reshape(2, 3, 4))
    data = bytearray((tmp_path / "a.nii").read_bytes())
    data[112:120] = np.array([slope, shift], "<f4").tobytes()
    (tmp_path / "a.nii").write_bytes(data)
    try:
        values = read_nifti(tmp_path / "a.nii").array
    except DataError:
        return
    assert sorted(values.ravel().tolist()) == list(range(24))


def test_false_claims_cost_nothing(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.nii", np.zeros((4, 5, 6), np.uint8)).read_bytes()
    for field, dtype, value, why in (
        (42, "<i2", [400, 400, 400], "cannot hold the 64,000,000 bytes"),
        (42, "<i2", [30000, 30000, 30000], "more than the allowed"),
        (42, "<i2", [-4, 5, 6], "a.nii"),
        (108, "<f4", [1e30], "a.nii"),
        (108, "<f4", [1e9], "begin at byte"),
    ):
        data = bytearray(whole)
        raw = np.array(value, dtype).tobytes()
        data[field : field + len(raw)] = raw
        (tmp_path / "a.nii").write_bytes(data)
        with pytest.raises(DataError, match=why):
            read_nifti(tmp_path / "a.nii")
