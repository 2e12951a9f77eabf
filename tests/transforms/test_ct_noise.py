import numpy as np
import pytest

from salus.schema.errors import ConfigError, ShapeError, UnitError
from salus.transforms.ct_noise import (
    WATER_PER_MM,
    attenuation,
    hounsfield,
    low_dose,
    normal_dose,
    tube_counts,
)


def water(size: int = 48, radius: float = 18.0) -> np.ndarray:
    axis = np.arange(size) - (size - 1) / 2
    image = np.where(axis[:, None] ** 2 + axis**2 <= radius**2, 0.0, -1000.0)
    return image.astype(np.float32)


def test_water_is_zero_hu_and_air_does_not_attenuate() -> None:
    np.testing.assert_allclose(attenuation(np.array([-1200.0, -1000.0, 0.0])), [0, 0, WATER_PER_MM], rtol=1e-6)
    np.testing.assert_allclose(hounsfield(np.array([0.0, WATER_PER_MM, 2 * WATER_PER_MM])), [-1000, 0, 1000], atol=1e-3)


def test_tube_counts_leave_the_asked_photons_at_the_fifth_percentile() -> None:
    path = np.linspace(0.0, 6.0, 2001)
    start = tube_counts(path, 300.0)
    assert np.percentile(start * np.exp(-path), 5) == pytest.approx(300.0)


def test_less_dose_is_more_noise_without_a_shift() -> None:
    images = np.stack([water()] * 4)
    clean = normal_dose(images, 6.0, views=120)
    inside = water(radius=14.0)[None].repeat(4, 0) > -500
    assert abs(clean[inside].mean()) < 5
    spread = []
    for counts in (120.0, 480.0, 5000.0):
        noisy = low_dose(images, 6.0, counts, np.random.default_rng(0), views=120)
        error = (noisy - clean)[inside]
        spread.append(error.std())
        assert abs(error.mean()) < 0.2 * error.std()
    # Four times the photons give half the noise, a little less because of the electronic part.
    assert 1.9 < spread[0] / spread[1] < 2.6
    assert spread[1] > 2.5 * spread[2]


def test_the_seed_decides_the_noise() -> None:
    images = water(24, 9.0)[None]
    first, same, other = (low_dose(images, 8.0, 300.0, np.random.default_rng(s), views=40) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_what_is_no_ct_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(UnitError, match="rescale intercept"):
        low_dose(water()[None] + 1000, 1.0, 300.0, rng)
    with pytest.raises(ShapeError, match="square"):
        low_dose(np.full((1, 8, 9), -1000.0), 1.0, 300.0, rng)
    with pytest.raises(ConfigError, match="positive"):
        low_dose(water()[None], 0.0, 300.0, rng)
