"""Coverage by balls of neighbours, against loops that follow the papers word by word."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from salus.metrics.manifold import manifold, modes_kept, spread_ratio
from salus.schema.errors import DataError


def slow(real: np.ndarray, made: np.ndarray, k: int) -> list[float]:
    radius = [sorted(cdist(p[None], real)[0])[k] for p in real]
    made_radius = [sorted(cdist(p[None], made)[0])[k] for p in made]
    d = cdist(real, made)
    n, m = d.shape
    precision = sum(any(d[i, j] <= radius[i] for i in range(n)) for j in range(m)) / m
    recall = sum(any(d[i, j] <= made_radius[j] for j in range(m)) for i in range(n)) / n
    density = sum(d[i, j] <= radius[i] for i in range(n) for j in range(m)) / (k * m)
    coverage = sum(min(d[i]) <= radius[i] for i in range(n)) / n
    return [precision, recall, density, coverage]


@pytest.mark.parametrize("shift", [0.0, 1.0, 4.0])
def test_all_four_are_the_papers(shift: float) -> None:
    rng = np.random.default_rng(int(shift))
    real, made = rng.normal(size=(40, 3)), rng.normal(shift, 0.7, (30, 3))
    found = manifold(real, made, k=3)
    assert [found.precision, found.recall, found.density, found.coverage] == pytest.approx(slow(real, made, 3))


def test_a_fresh_draw_a_collapse_and_a_stranger() -> None:
    rng = np.random.default_rng(0)
    real, fresh = rng.normal(size=(2, 500, 2))
    good = manifold(real, fresh)
    assert good.coverage > 0.9
    assert 0.8 < good.density < 1.2
    collapsed = manifold(real, real[:1] + rng.normal(0, 0.01, (500, 2)))
    assert collapsed.precision == 1.0
    assert collapsed.recall < 0.05
    assert collapsed.coverage < 0.05
    assert manifold(real, fresh + 50).precision == 0.0


def test_modes_and_spread() -> None:
    shares = np.full(10, 0.1)
    assert modes_kept(shares, shares) == 10
    assert modes_kept(shares, np.array([0.2] * 4 + [0.019] * 4 + [0.062] * 2)) == 6
    rng = np.random.default_rng(0)
    real = rng.normal(size=(2000, 4))
    assert spread_ratio(real, 0.5 * real) == pytest.approx(0.25)
    assert spread_ratio(real, np.repeat(real[:1], 9, axis=0)) == 0.0


def test_too_few_points_are_refused() -> None:
    with pytest.raises(DataError, match="more than 5"):
        manifold(np.zeros((5, 2)), np.zeros((9, 2)))
