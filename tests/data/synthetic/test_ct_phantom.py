import numpy as np
import pytest

from salus.data.library import load
from salus.data.synthetic.ct_phantom import AIR, ct_phantom
from salus.metrics.observer import contrast
from salus.schema.errors import ConfigError


def test_lesions_stand_where_the_phantom_says() -> None:
    phantom = ct_phantom(np.random.default_rng(3), 128)
    assert phantom.image.shape == (128, 128)
    assert phantom.image.dtype == np.float32
    assert len(phantom.lesions) == len(phantom.healthy) == 3
    for lesion in phantom.lesions:
        assert contrast(phantom.image, (lesion.row, lesion.column, lesion.radius)) == pytest.approx(-30.0, abs=9.0)
    for place in phantom.healthy:
        assert abs(contrast(phantom.image, (place.row, place.column, place.radius))) < 9.0
    every = [*phantom.lesions, *phantom.healthy]
    for i, one in enumerate(every):
        for other in every[i + 1 :]:
            assert np.hypot(one.row - other.row, one.column - other.column) > 3.5 * one.radius


def test_it_looks_like_a_body() -> None:
    image = ct_phantom(np.random.default_rng(0), 128).image
    assert image[0, 0] == AIR
    for low, high, share in (
        (-1100, -990, 0.3),
        (-870, -700, 0.01),
        (-150, -50, 0.05),
        (30, 90, 0.05),
        (200, 800, 0.01),
    ):
        assert ((image >= low) & (image <= high)).mean() > share


def test_seeds_decide_and_differ() -> None:
    first, same, other = (ct_phantom(np.random.default_rng(s), 96).image for s in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).mean() > 1


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 64"):
        ct_phantom(np.random.default_rng(0), 32)
    with pytest.raises(ConfigError, match="do not fit"):
        ct_phantom(np.random.default_rng(0), 64, spots=60)


def test_the_entry_gives_pairs_with_lesions() -> None:
    loaded = load("ct_phantom", {"slices": "10", "size": "128"})
    assert len(loaded.dataset) == 10
    sample = loaded.dataset[0]
    image = sample.inputs["image"]
    assert image.unit == "HU"
    assert image.spacing_mm == (3.125, 3.125)
    assert sample.target.shape == image.array.shape == (1, 128, 128)
    assert {loaded.dataset[i].meta["split"] for i in range(10)} == {"train", "valid", "test"}
    assert len({loaded.dataset[i].patient for i in range(10)}) == 10
    assert sample.meta["lesions"][0][3] == -30.0
    again = load("ct_phantom", {"slices": "10", "size": "128"}).dataset[0]
    np.testing.assert_array_equal(again.inputs["image"].array, image.array)
    worse = load("ct_phantom", {"slices": "10", "size": "128", "dose": "10"}).dataset[0]
    noise = [np.std((s.inputs["image"].array - s.target)[s.target > -200]) for s in (sample, worse)]
    assert noise[1] > 1.3 * noise[0] > 0
