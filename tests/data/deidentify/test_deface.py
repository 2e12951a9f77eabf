"""Defacing: the brain stays whole, the face goes, and what is no head is refused."""

from pathlib import Path

import numpy as np
import pytest

from salus.data.deidentify.deface import MARGIN_MM, deface, face_region
from salus.data.deidentify.phantom import Contrast, make_head
from salus.data.readers.dicom import read_dicom_series
from salus.data.readers.nifti import read_nifti
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Image


@pytest.mark.slow
@pytest.mark.parametrize(("contrast", "spacing"), [("t1", (2.0, 2.0, 2.0)), ("ct", (5.0, 1.5, 1.5))])
def test_the_face_goes_and_the_brain_stays(contrast: Contrast, spacing: tuple[float, float, float]) -> None:
    head = make_head(np.random.default_rng(7), contrast, spacing, turn_rad=0.3)
    done = deface(head.image)
    assert not (done.mask & head.brain).any()
    assert (done.mask & head.face).sum() > 0.98 * head.face.sum()
    assert (done.mask & head.ears).sum() > 0.85 * head.ears.sum()
    assert not (done.mask & head.skull).any()
    kept = ~done.mask
    assert np.array_equal(done.image.array[0][kept], head.image.array[0][kept])
    assert np.unique(done.image.array[0][done.mask]).size == 1
    assert done.image.affine is head.image.affine
    assert "Not a promise" in done.note


def test_the_region_keeps_its_distance_from_the_brain() -> None:
    points = np.array([[0.0, 100, -60], [32, 62, -36], [-90, -20, -30], [0, -18, 8], [0, 95, 60], [0, -100, -60]])
    far = np.full(6, 50.0)
    assert face_region(points, far).tolist() == [True, True, True, False, False, False]
    assert not face_region(points, np.full(6, MARGIN_MM)).any()


def test_what_is_no_whole_head_is_refused() -> None:
    rng = np.random.default_rng(0)
    small = Image(array=rng.random((1, 20, 20, 20)), affine=np.diag([1.0, 1, 1, 1]))
    with pytest.raises(DataError, match="too little of it"):
        deface(small)
    with pytest.raises(DataError, match="without affine"):
        deface(Image(array=small.array))
    with pytest.raises(DataError, match="one value"):
        deface(Image(array=np.zeros((1, 30, 40, 40)), affine=np.diag([4.0, 4, 4, 1])))
    with pytest.raises(ShapeError, match="a volume"):
        deface(Image(array=np.zeros((1, 40, 40)), affine=np.eye(4)))


@pytest.mark.slow
def test_a_ball_is_no_head() -> None:
    z, y, x = np.indices((60, 80, 80))
    ball = ((z - 30) / 25) ** 2 + ((y - 40) / 32) ** 2 + ((x - 40) / 26) ** 2 < 1
    noise = np.random.default_rng(0).normal(0, 3, ball.shape)
    with pytest.raises(DataError, match="does not fit"):
        deface(Image(array=(100.0 * ball + noise)[None].astype(np.float32), affine=np.diag([3.0, 3, 3, 1])))


@pytest.mark.slow
@pytest.mark.realdata
def test_a_real_head_is_defaced_and_its_brain_kept_and_a_chest_refused(data_root: Path) -> None:
    folder = data_root / "ms_longitudinal_mri"
    image = read_nifti(sorted(folder.rglob("study1_FLAIR.nii.gz"))[0])
    done = deface(image)
    assert 0.05 < done.mask.mean() < 0.5
    # Half of the bright tissue in front of and below the eyes' roof is gone, none of the upper half of the head.
    top = image.array.shape[1] // 2
    up = image.affine is not None and image.affine[2, 2] > 0
    upper = done.mask[top:] if up else done.mask[:top]
    assert upper.sum() < 0.25 * done.mask.sum()
    with pytest.raises(DataError, match="does not fit"):
        deface(read_dicom_series(data_root / "ct_lidc_idri_0314"))
