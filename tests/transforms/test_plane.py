import json
from typing import Any

import numpy as np
import pytest

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Image, Sample
from salus.transforms.plane import cut_patch, measure_planes, plane_of, planes_of


def sample(name: str = "a", array: np.ndarray | None = None, **options: Any) -> Sample:
    array = np.linspace(-1000, 400, 32 * 32, dtype=np.float32).reshape(1, 32, 32) if array is None else array
    thick = options.pop("thick", 1.0)
    image = {
        "spacing_mm": (0.8, 0.8),
        "affine": np.diag([0.8, 0.8, thick, 1.0]),
        "unit": "HU",
        "modality": "CT",
        **options,
    }
    return Sample(id=name, patient="p", inputs={"image": Image(array=array, **image)}, target=array)


TRAINED = measure_planes([sample()], (-1000.0, 400.0))


def test_a_fingerprint_is_json_and_the_window_maps_to_zero_and_one() -> None:
    assert json.loads(json.dumps(TRAINED)) == TRAINED
    images, clean = planes_of([sample(), sample("b")], TRAINED, 8)
    assert images.shape == (2, 1, 32, 32)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(images, clean)


def test_other_units_have_their_window_measured() -> None:
    array = np.linspace(50.0, 250.0, 32 * 32, dtype=np.float32).reshape(1, 32, 32)
    trained = measure_planes([sample(array=array, unit="a.u.", modality="MR")], (-1000.0, 400.0))
    assert trained["window"] == pytest.approx([51.0, 249.0], abs=0.3)
    images, _ = planes_of([sample(array=array, unit="a.u.", modality="MR")], trained, 8)
    assert -0.01 < images.min() < images.max() < 1.01


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        (sample(array=np.full((1, 32, 32), 24.0, np.float32)), UnitError, "rescale slope and intercept"),
        (sample(array=np.zeros((3, 32, 32), np.uint8), unit="uint8"), ShapeError, "colour picture"),
        (sample(array=np.zeros((1, 4, 32, 32), np.float32)), ShapeError, "no single slice"),
        (sample(spacing_mm=(0.8, 1.2)), ShapeError, "not square"),
        (sample(thick=3.0), DataError, "3 mm thick, trained on 1 mm"),
        (sample(modality="MR"), UnitError, "a MR series"),
        (sample(unit="a.u."), UnitError, "in a.u."),
        (sample(array=np.full((1, 32, 32), np.nan, np.float32)), DataError, "not finite"),
    ],
)
def test_what_no_denoiser_should_answer_is_refused(bad: Sample, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        planes_of([bad], TRAINED, 8)


def test_a_slice_just_below_three_times_as_thick_passes() -> None:
    planes_of([sample(thick=2.9)], TRAINED, 8)


def test_a_patch_inside_the_body_may_have_positive_hu_only() -> None:
    inner = sample(array=np.full((1, 8, 8), 40.0, np.float32))
    planes_of([inner], TRAINED, 8)
    with pytest.raises(UnitError):
        plane_of(inner)


def test_a_missing_or_misshapen_truth_is_named() -> None:
    from dataclasses import replace

    with pytest.raises(DataError, match="clean image is nothing"):
        measure_planes([replace(sample(), target=None)], None)
    with pytest.raises(DataError, match="shape"):
        planes_of([replace(sample(), target=np.zeros((1, 2, 2)))], TRAINED, 8)
    with pytest.raises(ShapeError, match="one at a time"):
        planes_of([sample(), sample("b", np.full((1, 16, 16), -1.0, np.float32))], TRAINED, 8)
    with pytest.raises(DataError, match="mixes units"):
        measure_planes([sample(), sample("b", unit="a.u.")], (-1.0, 1.0))
    with pytest.raises(DataError, match="no image named"):
        plane_of(Sample(id="x", patient="p", inputs={}))


def test_a_patch_keeps_image_and_truth_together_and_avoids_air() -> None:
    clean = np.full((1, 64, 64), -1000.0, np.float32)
    clean[:, 40:56, 40:56] = 50.0
    origin = sample(array=clean)
    for seed in range(20):
        patch = cut_patch(origin, 16, -950.0, np.random.default_rng(seed))
        assert patch.target.shape == patch.inputs["image"].array.shape == (1, 16, 16)
        np.testing.assert_array_equal(patch.target, patch.inputs["image"].array)
    shares = [(cut_patch(origin, 16, -950.0, np.random.default_rng(s)).target < -950).mean() <= 0.85 for s in range(40)]
    assert np.mean(shares) > 0.8
    assert cut_patch(sample(), 100, -950.0, np.random.default_rng(0)).target.shape == (1, 32, 32)
