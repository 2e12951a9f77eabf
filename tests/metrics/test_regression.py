"""Errors of numbers: against scikit-learn, and against zones read from the published grid."""

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss, r2_score

from salus.metrics.regression import ZONES, clarke_zones, crps, farthest, pinball, r_squared
from salus.schema.errors import ShapeError


@pytest.mark.parametrize(
    ("truth", "answer", "zone"),
    [
        (100, 100, "A"), (100, 119, "A"), (100, 81, "A"), (60, 30, "A"), (300, 241, "A"), (69, 69, "A"),
        (100, 125, "B"), (100, 75, "B"), (300, 200, "B"), (180, 130, "B"), (65, 71, "A"), (400, 300, "B"),
        (100, 215, "C"), (75, 190, "C"), (150, 20, "C"), (175, 60, "C"), (285, 399, "C"),
        (250, 100, "D"), (245, 180, "D"), (50, 100, "D"), (65, 100, "D"), (300, 71, "D"),
        (190, 60, "E"), (300, 70, "E"), (60, 190, "E"), (50, 300, "E"),
    ],
)  # fmt: skip
def test_zones_of_the_grid(truth: float, answer: float, zone: str) -> None:
    assert ZONES[int(clarke_zones([truth], [answer])[0])] == zone


def test_every_pair_has_one_zone_and_the_diagonal_is_right() -> None:
    grid = np.stack(np.meshgrid(np.arange(1, 401), np.arange(1, 401)))
    zones = clarke_zones(grid[0], grid[1])
    assert set(np.unique(zones)) == {0, 1, 2, 3, 4}
    assert (np.diagonal(zones) == 0).all()
    with pytest.raises(ShapeError):
        clarke_zones([1, 2], [1])


def test_quantile_losses_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth, quantiles = rng.normal(size=50), rng.normal(size=(50, 3))
    for place, level in enumerate((0.1, 0.5, 0.9)):
        ours = pinball(truth, quantiles, (0.1, 0.5, 0.9))[:, place].mean()
        assert ours == pytest.approx(mean_pinball_loss(truth, quantiles[:, place], alpha=level))
    assert crps(truth, quantiles[:, 1:2], (0.5,)) == pytest.approx(np.abs(truth - quantiles[:, 1]))


def test_crps_nears_that_of_a_normal_distribution() -> None:
    from scipy.stats import norm

    levels = (np.arange(999) + 1) / 1000
    for truth in (-1.0, 0.0, 2.5):
        exact = truth * (2 * norm.cdf(truth) - 1) + 2 * norm.pdf(truth) - 1 / np.sqrt(np.pi)
        assert crps(truth, norm.ppf(levels), levels) == pytest.approx(exact, abs=5e-3)


def test_r_squared_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(100, 20, 40)
    answer = truth + rng.normal(0, 10, 40)
    sums = [np.array([v]) for v in (((answer - truth) ** 2).sum(), 40.0, truth.sum(), (truth**2).sum())]
    assert r_squared(*sums)[0] == pytest.approx(r2_score(truth, answer))
    same = [np.array([v]) for v in (5.0, 3.0, 0.3, 0.03)]
    assert np.isnan(r_squared(*same)[0])


def test_the_farthest_end() -> None:
    assert farthest([0, 4, 10], 0, 10).tolist() == [10, 6, 10]
