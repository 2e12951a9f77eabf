"""Equal-error rate against a slow search, worked cases, and what a missing answer does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salus.metrics.verification import equal_error_rate, equal_error_threshold
from salus.schema.errors import ShapeError


def slow(scores: np.ndarray, genuine: np.ndarray) -> tuple[float, float]:
    """Return bounds: the rates next to where false accepts and rejects cross, one threshold after the other."""
    rates = [(0.0, 1.0)]
    for threshold in sorted(set(scores.tolist()), reverse=True):
        accepted = scores >= threshold
        rates.append((float(accepted[~genuine].mean()), float((~accepted)[genuine].mean())))
    after = next(i for i, (far, frr) in enumerate(rates) if far >= frr)
    return max(rates[after - 1][0], rates[after][1]), min(rates[after][0], rates[after - 1][1])


@pytest.mark.parametrize(
    ("scores", "genuine", "rate"),
    [
        ([3, 2, 1, 0], [1, 1, 0, 0], 0.0),
        ([0, 1, 2, 3], [1, 1, 0, 0], 1.0),
        ([1, 1, 1, 1], [1, 1, 0, 0], 0.5),
        ([4, 2, 3, 1], [1, 1, 0, 0], 0.5),
    ],
)
def test_worked_cases(scores: list[float], genuine: list[int], rate: float) -> None:
    assert equal_error_rate(scores, np.array(genuine, dtype=bool))[0] == pytest.approx(rate)


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=4, max_size=40))
def test_it_lies_where_a_slow_search_crosses(rows: list[tuple[int, bool]]) -> None:
    scores = np.array([row[0] for row in rows], dtype=float)
    genuine = np.array([row[1] for row in rows])
    found = equal_error_rate(scores, genuine)[0]
    if genuine.all() or not genuine.any():
        assert np.isnan(found)
        return
    low, high = slow(scores, genuine)
    assert low - 1e-9 <= found <= high + 1e-9


@given(st.integers(0, 1000))
def test_weights_are_repetitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, genuine = rng.normal(size=20).round(1), rng.random(20) < 0.4
    genuine[:2] = True, False
    weights = rng.integers(0, 4, 20)
    weights[:2] = 1
    repeated = equal_error_rate(np.repeat(scores, weights), np.repeat(genuine, weights))
    assert equal_error_rate(scores, genuine, weights[None]) == pytest.approx(repeated)


@given(st.integers(0, 1000))
def test_leaving_an_answer_out_never_helps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    genuine = rng.random(16) < 0.5
    genuine[:2] = True, False
    scores = rng.normal(size=16) + genuine
    before = equal_error_rate(scores, genuine)[0]
    for place in rng.permutation(16):
        scores[place] = -np.inf if genuine[place] else np.inf
        after = equal_error_rate(scores, genuine)[0]
        assert after >= before - 1e-9
        before = after
    assert before == 1.0


def test_the_threshold_separates_what_can_be_separated() -> None:
    scores, genuine = np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, True, False, False])
    assert 0.3 < equal_error_threshold(scores, genuine) <= 0.8
    assert equal_error_threshold(scores, np.ones(4, dtype=bool)) == 0.0
    with pytest.raises(ShapeError, match="expected"):
        equal_error_rate([1.0], [True, False])
