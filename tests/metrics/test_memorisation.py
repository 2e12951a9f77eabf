"""Nearest neighbours against a brute force; copies, chance and their intervals."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from salus.metrics import memorisation as m
from salus.schema.errors import ShapeError


def test_nearest_is_the_brute_force_even_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows, references = rng.normal(size=(37, 5)), rng.normal(size=(23, 5))
    monkeypatch.setattr(m, "BLOCK", 100)
    found = m.nearest(rows, references)
    every = cdist(rows, references)
    assert found.distance == pytest.approx(every.min(1))
    assert np.array_equal(found.index, every.argmin(1))


def test_an_exact_copy_has_distance_zero_far_from_the_origin() -> None:
    rows = 1e6 + np.random.default_rng(0).normal(size=(50, 200))
    assert m.nearest(rows[::-1], rows).distance.tolist() == [0.0] * 50


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ShapeError, match="expected"):
        m.nearest(np.zeros((2, 3)), np.zeros((0, 3)))


def test_a_fresh_draw_is_at_chance_and_a_copier_is_not() -> None:
    rng = np.random.default_rng(1)
    seen, unseen, fresh = (rng.normal(size=(400, 4)) for _ in range(3))
    copies = seen[rng.integers(0, 400, 400)] + rng.normal(0, 0.01, (400, 4))
    for rows, low, high in ((fresh, 0.42, 0.58), (copies, 0.99, 1.0)):
        near, far = m.nearest(rows, seen), m.nearest(rows, unseen)
        share = m.closer_share(near, far)
        assert low <= share <= high
        ones = np.ones((1, 400))
        assert m.closer_share_weighted(near, far, ones, ones)[0] == pytest.approx(share)
        attack = m.membership_auroc(-m.nearest(seen, rows).distance, -m.nearest(unseen, rows).distance)[0]
        assert (attack > 0.75) == (rows is copies)


def test_the_share_s_interval_holds_chance_as_often_as_it_says() -> None:
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        seen, unseen, fresh = (rng.normal(size=(120, 3)) for _ in range(3))
        near, far = m.nearest(fresh, seen), m.nearest(fresh, unseen)
        weights = [rng.multinomial(120, np.full(120, 1 / 120), 200).astype(float) for _ in range(2)]
        low, high = np.quantile(m.closer_share_weighted(near, far, *weights), [0.025, 0.975])
        held += low <= 0.5 <= high
    assert held >= 52


def test_ties_count_half() -> None:
    rows = np.zeros((4, 1))
    near = m.nearest(rows, rows)
    assert m.closer_share(near, near) == 0.5


def test_the_threshold_of_copies_follows_the_unseen() -> None:
    rng = np.random.default_rng(2)
    middle = 3.0
    distance = np.abs(rng.normal(middle, 0.3, 1000))
    found = m.copy_threshold(m.Nearest(distance=distance, index=np.zeros(1000, int)))
    assert 0.1 * middle < found <= 0.5 * middle + 0.1
    assert m.copy_threshold(m.Nearest(distance=np.zeros(9), index=np.zeros(9, int))) == 0.0
    half = np.concatenate([np.zeros(500), distance[:500]])
    assert m.copy_threshold(m.Nearest(distance=half, index=np.zeros(1000, int))) == pytest.approx(0.3, rel=0.05)
