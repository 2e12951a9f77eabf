"""One frame of reference: nibabel and SimpleITK are asked the same questions."""

import nibabel as nib
import numpy as np
import pytest

from salus.data.frame import (
    ORIENTATIONS,
    inverse,
    obliquity_deg,
    orientation_of,
    reorient,
    resample_to,
    spacing_of,
    to_voxel,
    to_world,
)
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.sample import Image


def made(code: str, seed: int = 0, angle: float = 0.0) -> Image:
    """Return a small volume whose axes point where `code` says, turned by an angle about a random axis."""
    rng = np.random.default_rng(seed)
    columns = np.zeros((3, 3))
    for voxel, letter in enumerate(code):
        axis, sign = next(
            (a, 1 if letter == pair[0] else -1) for a, pair in enumerate(("RL", "AP", "SI")) if letter in pair
        )
        columns[axis, voxel] = sign
    about = rng.normal(size=3)
    about /= np.linalg.norm(about)
    cross = np.cross(np.eye(3), about)
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    affine = np.eye(4)
    affine[:3, :3] = turn @ columns * (0.7, 1.1, 2.5)
    affine[:3, 3] = rng.uniform(-100, 100, 3)
    return Image(array=rng.random((2, 4, 5, 6)), spacing_mm=(2.5, 1.1, 0.7), affine=affine)


@pytest.mark.parametrize("code", ORIENTATIONS)
def test_the_48_orientations_are_named_as_nibabel_names_them(code: str) -> None:
    assert len(set(ORIENTATIONS)) == 48
    for angle in (0.0, 0.3):
        affine = made(code, 3, angle).affine
        assert orientation_of(affine) == "".join(nib.aff2axcodes(affine))
        assert orientation_of(affine) == code or angle


def test_random_affines_are_named_as_nibabel_names_them() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        affine = np.eye(4)
        affine[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0] * rng.uniform(0.3, 5, 3)
        assert orientation_of(affine) == "".join(nib.aff2axcodes(affine))


@pytest.mark.parametrize("code", ORIENTATIONS)
def test_turning_axes_moves_no_voxel(code: str) -> None:
    image = made("LPS", 5, 0.2)
    turned = reorient(image, code)
    assert orientation_of(turned.affine) == code
    rng = np.random.default_rng(0)
    for _ in range(10):
        k, j, i = (int(rng.integers(n)) for n in image.array.shape[1:])
        point = to_world(image.affine, (i, j, k))
        a, b, c = np.rint(to_voxel(turned.affine, point)).astype(int)
        assert turned.array[:, c, b, a].tolist() == image.array[:, k, j, i].tolist()
        assert to_world(turned.affine, (a, b, c)) == pytest.approx(point)
    again = reorient(turned, "LPS")
    assert (again.array == image.array).all()
    assert again.affine == pytest.approx(image.affine)
    shape = nib.as_closest_canonical(nib.Nifti1Image(image.array[0].transpose(), image.affine)).shape
    assert reorient(image, "RAS").array.shape[1:] == shape[::-1]


def test_time_stays_in_place() -> None:
    image = made("LPS")
    series = Image(array=np.stack([image.array, image.array + 1], axis=1), affine=image.affine)
    turned = reorient(series, "SRA")
    assert turned.array.shape[:2] == (2, 2)
    assert (turned.array[:, 1] == reorient(Image(array=image.array + 1, affine=image.affine), "SRA").array).all()


def test_resampling_puts_a_point_where_it_was() -> None:
    image = made("LAS", 2, 0.4)
    array = np.zeros((1, 20, 20, 20), np.float32)
    array[0, 8:12, 9:13, 7:11] = 1
    image = Image(array=array, affine=image.affine)
    centre = to_world(image.affine, (8.5, 10.5, 9.5))
    grid = np.diag([1.0, 1.0, 1.0, 1.0])
    grid[:3, 3] = centre - 20
    found = resample_to(image, grid, (41, 41, 41)).array[0]
    k, j, i = (np.array(np.nonzero(found > 0.5)) @ found[found > 0.5]) / found[found > 0.5].sum()
    assert to_world(grid, (i, j, k)) == pytest.approx(centre, abs=0.1)
    shift = np.eye(4)
    shift[:3, 3] = (5, 0, 0)  # the wanted grid's points lie 5 mm further right in the image
    moved = resample_to(image, grid, (41, 41, 41), world=shift).array[0]
    assert np.abs(moved[:, :, :-5] - found[:, :, 5:]).max() < 1e-4
    labels = resample_to(Image(array=array.astype(np.uint8) * 3, affine=image.affine), grid, (41, 41, 41), order=0)
    assert set(np.unique(labels.array)) == {0, 3}


def test_spacing_and_obliquity() -> None:
    image = made("RPI", 0, 0.25)
    assert spacing_of(image.affine) == pytest.approx((2.5, 1.1, 0.7))
    assert 0 < obliquity_deg(image.affine) <= np.rad2deg(0.25) + 1e-6
    assert obliquity_deg(made("RPI").affine) == 0
    assert inverse(image.affine) @ image.affine == pytest.approx(np.eye(4), abs=1e-12)


def test_what_cannot_be_turned_is_refused() -> None:
    with pytest.raises(DataError, match="singular"):
        inverse(np.diag([1.0, 0.0, 1.0, 1.0]))
    with pytest.raises(UsageError, match="RAL"):
        reorient(made("RAS"), "RAL")
    with pytest.raises(DataError, match="no known orientation"):
        reorient(Image(array=np.zeros((1, 2, 2, 2))))
    with pytest.raises(ShapeError, match="slice axis"):
        reorient(Image(array=np.zeros((1, 2, 2)), affine=np.eye(4)))
