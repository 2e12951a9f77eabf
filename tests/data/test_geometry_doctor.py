"""Each doubt is raised by the image that deserves it, and by no other."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from salus.data.geometry_doctor import examine
from salus.data.readers.nifti import read_nifti
from salus.schema.sample import Image

GOOD = np.array([[-0.8, 0, 0, 90.0], [0, -0.8, 0, 110.0], [0, 0, 1.5, -60.0], [0, 0, 0, 1]])


def kinds(image: Image, path: Path | None = None) -> list[str]:
    return [remark.kind for remark in examine(image, path)]


def volume(affine: np.ndarray | None = GOOD, spacing: tuple | None = (1.5, 0.8, 0.8), **how: object) -> Image:
    array = how.pop("array", np.random.default_rng(0).random((1, 40, 60, 60)))
    return Image(array=array, spacing_mm=spacing, affine=affine, modality=how.get("modality", "CT"))


def test_a_sound_volume_raises_nothing() -> None:
    assert kinds(volume()) == []
    assert kinds(Image(array=np.zeros((3, 8, 8), np.uint8), spacing_mm=(0.5, 0.5))) == []


@pytest.mark.parametrize(
    ("image", "kind", "severity"),
    [
        (volume(None, None), "no_spacing", "warning"),
        (volume(None), "no_orientation", "warning"),
        (volume(None, (0.0, 1.0, 1.0)), "impossible_spacing", "error"),
        (volume(None, (float("nan"), 1.0, 1.0)), "impossible_spacing", "error"),
        (volume(np.diag([-1.0, -1, 1, 1]), (1.0, 1.0, 1.0)), "default_spacing", "note"),
        (volume(np.eye(4), (1.0, 1.0, 1.0)), "default_orientation", "warning"),
        (volume(GOOD * [[0.001], [0.001], [0.001], [1]], (0.0015, 0.0008, 0.0008)), "unusual_spacing", "warning"),
        (volume(GOOD * [[0.001], [0.001], [0.001], [1]], (0.0015, 0.0008, 0.0008)), "field_of_view", "warning"),
        (volume(np.diag([-0.8, -0.8, 5, 1]), (5.0, 0.8, 0.8)), "anisotropic", "note"),
        (volume(np.diag([-0.8, 0.8, 1.5, 1])), "left_handed", "note"),
        (volume(np.diag([0.8, 0.8, 0, 1])), "singular", "error"),
        (volume(GOOD, (1.5, 0.9, 0.8)), "spacing_disagrees", "warning"),
        (volume(GOOD @ [[1, 0, 0, 0], [0, 1, 0.2, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "not_orthogonal", "warning"),
    ],
)
def test_each_doubt_is_raised(image: Image, kind: str, severity: str) -> None:
    found = {remark.kind: remark.severity for remark in examine(image)}
    assert found[kind] == severity


def test_oblique_axes_are_told() -> None:
    angle = np.deg2rad(40)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    assert kinds(volume(turn @ GOOD)) == ["oblique"]


def test_a_fourth_axis_of_channels_or_in_the_wrong_place() -> None:
    rng = np.random.default_rng(0)
    from scipy.ndimage import gaussian_filter

    body = gaussian_filter(rng.normal(size=(24, 24, 24)), 2)
    moments = np.stack([body + 0.05 * body.std() * rng.normal(size=body.shape) for _ in range(30)])
    assert kinds(volume(array=moments[None])) == []
    swapped = moments.transpose(3, 1, 2, 0)[:, :, :, :10]  # columns stand where moments belong
    assert "axis_order" in kinds(volume(array=swapped[None]))
    contrasts = np.stack([body, -body, gaussian_filter(rng.normal(size=body.shape), 2)])
    assert kinds(volume(array=contrasts[None])) == ["channels_as_time"]
    assert kinds(volume(array=moments[None, :3])) == []


def test_forms_of_a_nifti_header_are_compared(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.random.default_rng(0).random((60, 60, 40), np.float32), GOOD)
    image.header.set_xyzt_units("mm")
    image.set_qform(GOOD, 1)
    image.set_sform(GOOD, 1)
    nib.save(image, tmp_path / "a.nii")
    assert kinds(read_nifti(tmp_path / "a.nii"), tmp_path / "a.nii") == []
    moved = GOOD.copy()
    moved[0, 3] += 3
    image.set_qform(moved, 1)
    nib.save(image, tmp_path / "b.nii")
    remark = examine(read_nifti(tmp_path / "b.nii"), tmp_path / "b.nii")[0]
    assert (remark.kind, remark.severity) == ("forms_disagree", "warning")
    assert "3 mm apart" in remark.what
    image.set_qform(np.diag([-1.0, 1, 1, 1]) @ GOOD, 1)
    image.header.set_xyzt_units("unknown")
    nib.save(image, tmp_path / "c.nii.gz")
    found = {remark.kind: remark for remark in examine(read_nifti(tmp_path / "c.nii.gz"), tmp_path / "c.nii.gz")}
    assert found["forms_disagree"].severity == "error"
    assert "LPS against RPS" in found["forms_disagree"].what
    assert found["no_unit"].severity == "note"
