import numpy as np
import pytest

from salus.metrics.observer import (
    contrast,
    hotelling_template,
    kept_and_invented,
    laguerre_gauss,
    observer_area,
    regions,
)
from salus.schema.errors import DataError, ShapeError


def blob(side: int, sd: float) -> np.ndarray:
    axis = np.arange(side) - side // 2
    return np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * sd**2))


def draw(height: float, count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (count, 17, 17)) + height * blob(17, 2.5)


def test_channels_are_unit_and_nearly_orthogonal() -> None:
    channels = laguerre_gauss(61, 20.0, 4)
    np.testing.assert_allclose(channels @ channels.T, np.eye(4), atol=0.02)
    with pytest.raises(ShapeError, match="odd"):
        laguerre_gauss(16, 10.0)


def test_the_template_of_white_noise_is_the_signal() -> None:
    rng = np.random.default_rng(0)
    signal = np.array([2.0, 0.0, -1.0])
    absent = rng.normal(0, 1, (20_000, 3))
    template = hotelling_template(rng.normal(0, 1, (20_000, 3)) + signal, absent)
    np.testing.assert_allclose(template, signal, atol=0.06)


def test_the_area_is_that_of_the_ideal_observer() -> None:
    from scipy.stats import norm

    height = 0.35
    names = [f"p{i % 40}" for i in range(800)]
    area = observer_area(draw(height, 800, 1), draw(0.0, 800, 2), names, names, 14.0)
    # White noise: the ideal d' is the length of the signal without its mean, which a region does not know.
    signal = height * (blob(17, 2.5) - blob(17, 2.5).mean())
    ideal = norm.cdf(np.linalg.norm(signal) / np.sqrt(2))
    assert ideal - 0.04 < area < ideal + 0.02
    assert observer_area(draw(0.0, 400, 3), draw(0.0, 400, 4), names[:400], names[:400], 14.0) == pytest.approx(
        0.5, abs=0.1
    )


def test_too_few_regions_are_refused() -> None:
    with pytest.raises(DataError, match="add slices"):
        observer_area(draw(1.0, 8, 0), draw(0.0, 8, 1), list("aabbccdd"), list("aabbccdd"), 14.0)


def test_lesions_are_kept_or_lost_and_healthy_places_may_show_one() -> None:
    rows, columns = np.ogrid[:64, :64]

    def disc(row: int, column: int, value: float) -> np.ndarray:
        return value * (np.hypot(rows - row, columns - column) <= 4)

    image = 60.0 + disc(16, 16, -30.0) + disc(16, 48, -10.0) + disc(48, 16, -20.0)
    lesions = [(16.0, 16.0, 4.0, -30.0), (16.0, 48.0, 4.0, -30.0)]
    healthy = [(48.0, 16.0, 4.0, 0.0), (48.0, 48.0, 4.0, 0.0)]
    assert contrast(image, lesions[0]) == pytest.approx(-30.0)
    assert contrast(image, healthy[1]) == 0.0
    assert kept_and_invented(image, lesions, healthy) == (1, 1)
    assert kept_and_invented(image, [], healthy) == (0, 0)


def test_regions_sit_on_their_place() -> None:
    image = np.zeros((20, 20))
    image[9, 12] = 1
    cut = regions(image, [(9.2, 11.9, 3.0, 0.0)], 5)
    assert cut.shape == (1, 5, 5)
    assert cut[0, 2, 2] == 1
    with pytest.raises(ShapeError, match="leaves the image"):
        regions(image, [(1.0, 10.0)], 5)
