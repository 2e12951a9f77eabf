"""Distances of columns and associations of mixed tables against SciPy and by hand."""

import numpy as np
import pytest
from scipy.stats import contingency, ks_2samp

from salus.metrics.association import association, associations, column_distance


def test_numbers_are_apart_as_scipy_says_ties_and_all() -> None:
    rng = np.random.default_rng(0)
    for decimals in (0, 1, 5):
        a, b = np.round(rng.normal(size=90), decimals), np.round(rng.normal(0.4, 1.3, 70), decimals)
        assert column_distance(a, b) == pytest.approx(ks_2samp(a, b).statistic)


def test_missing_values_count() -> None:
    assert column_distance(np.array([1.0, np.nan]), np.array([1.0, 1.0])) == 0.5
    assert column_distance(np.array(["a", ""]), np.array(["a", "a"])) == 0.5
    assert column_distance(np.array(["1"]), np.array([1.0])) == 1.0


def test_pairs_of_every_kind() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=4000)
    word = np.where(a > 0, "up", "down")
    table = {"a": a, "b": -2 * a, "word": word, "same": word.copy(), "free": rng.choice(["x", "y", "z"], 4000)}
    found = associations(table)
    assert found[0, 1] == pytest.approx(-1.0)
    assert found[0, 2] == pytest.approx(np.sqrt(2 / np.pi), abs=0.02)  # between-group share of a halved normal
    assert found[2, 3] == pytest.approx(1.0, abs=1e-3)
    assert found[2, 4] < 0.03
    assert np.array_equal(found, found.T)


def test_cramer_is_scipy_s_before_its_correction() -> None:
    rng = np.random.default_rng(2)
    a = rng.integers(0, 3, 20_000)
    b = np.where(rng.random(20_000) < 0.6, a, rng.integers(0, 3, 20_000))
    table = contingency.crosstab(a, b).count
    assert association(a.astype(str), b.astype(str)) == pytest.approx(contingency.association(table), abs=2e-3)


def test_what_does_not_vary_goes_with_nothing() -> None:
    flat, words = np.full(50, 3.0), np.full(50, "x")
    other = np.arange(50.0)
    assert association(flat, other) == association(words, other) == association(words, words) == 0.0
    assert association(np.full(50, np.nan), other) == 0.0
