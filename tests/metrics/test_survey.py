"""Survey-weighted means against formulas and a jackknife."""

import numpy as np
import pytest

from salus.metrics.survey import weighted_mean, weighted_quantile
from salus.schema.errors import DataError, ShapeError


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, 4, 600)
    units = strata * 10 + rng.integers(0, 9, 600)
    values = 100 + 10 * strata + rng.normal(0, 5, 60)[units] + rng.normal(0, 20, 600)
    return values, rng.uniform(1, 50, 600), [f"h{s}" for s in strata], [f"u{u}" for u in units]


def test_equal_weights_and_lone_units_are_the_plain_standard_error() -> None:
    values = np.random.default_rng(1).normal(size=50)
    found = weighted_mean(values, np.full(50, 7.0), ["one"] * 50, [str(k) for k in range(50)])
    assert found.value == pytest.approx(values.mean())
    assert found.error == pytest.approx(values.std(ddof=1) / np.sqrt(50))
    assert (found.rows, found.total) == (50, 350.0)


@pytest.mark.parametrize("subgroup", [False, True])
def test_the_error_is_near_that_of_a_stratified_jackknife(subgroup: bool) -> None:
    values, weights, strata, units = drawn()
    domain = values > 115 if subgroup else np.ones(600, dtype=bool)
    found = weighted_mean(values, weights, strata, units, domain)
    h, u = np.array(strata), np.array(units)
    variance = 0.0
    for stratum in sorted(set(strata)):
        own = sorted(set(u[h == stratum]))
        for unit in own:
            moved = weights * np.where(u == unit, 0.0, np.where(h == stratum, len(own) / (len(own) - 1), 1.0)) * domain
            variance += (len(own) - 1) / len(own) * (moved @ values / moved.sum() - found.value) ** 2
    assert found.value == pytest.approx(np.average(values[domain], weights=weights[domain]))
    assert found.error == pytest.approx(np.sqrt(variance), rel=0.02)


def test_alike_visits_of_a_unit_widen_the_error() -> None:
    values, weights, strata, units = drawn()
    alone = weighted_mean(values, weights, strata, [str(k) for k in range(600)])
    assert weighted_mean(values, weights, strata, units).error > 1.3 * alone.error


def test_one_unit_a_stratum_has_no_error() -> None:
    assert np.isnan(weighted_mean([1.0, 2.0], [1.0, 1.0], ["a", "b"], ["x", "y"]).error)


def test_quantiles_go_by_weight() -> None:
    assert weighted_quantile([30.0, 10.0, 20.0], [1.0, 1.0, 2.0], 0.5) == 20.0
    assert weighted_quantile([1.0, 2.0, 3.0, 4.0], [1.0] * 4, 0.5) == 2.0


def test_bad_weights_are_refused() -> None:
    with pytest.raises(DataError, match="negative or not finite"):
        weighted_mean([1.0, 2.0], [1.0, -1.0], ["a", "a"], ["x", "y"])
    with pytest.raises(DataError, match="nobody to estimate"):
        weighted_mean([1.0, 2.0], [1.0, 1.0], ["a", "a"], ["x", "y"], [False, False])
    with pytest.raises(ShapeError, match="give one a row"):
        weighted_mean([1.0, 2.0], [1.0], ["a", "a"], ["x", "y"])
