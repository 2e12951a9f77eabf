"""Variance shares of a grid: worked by hand, against sums of squares of scipy, and on noise."""

import numpy as np
import pytest
from scipy import stats

from salus.metrics.anova import functional_anova


def by_name(values, names, **options):
    effects, noise = functional_anova(values, names, **options)
    return {effect.names: effect for effect in effects}, noise


def test_two_settings_and_their_interaction_by_hand():
    a, b = np.array([-3.0, 3.0]), np.array([-1.0, 0.0, 1.0])
    both = np.outer([-1.0, 1.0], [1.0, -2.0, 1.0])
    grid = a[:, None] + b + both
    found, noise = by_name(np.repeat(grid[..., None], 2, axis=-1), ("a", "b"), resamples=20)
    total = 9.0 + 2 / 3 + 2.0
    assert noise == pytest.approx(0.0)
    assert found["a",].share == pytest.approx(9.0 / total)
    assert found["b",].share == pytest.approx(2 / 3 / total)
    assert found["a", "b"].share == pytest.approx(2.0 / total)
    assert found["rest",].share == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(found["a",].means, a, atol=1e-12)
    np.testing.assert_allclose(found["a", "b"].means, both, atol=1e-12)


def test_one_setting_agrees_with_scipy_s_f_test():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (4, 6)) + np.arange(4)[:, None] * 0.5
    found, noise = by_name(values, ("a",), order=1, resamples=50)
    assert found["a",].p == pytest.approx(stats.f_oneway(*values).pvalue)
    assert found["a",].share + noise == pytest.approx(1.0)


def test_shares_sum_to_one_and_noise_alone_is_not_taken_for_an_effect():
    values = np.random.default_rng(1).normal(0, 1, (3, 4, 2, 3))
    found, noise = by_name(values, ("a", "b", "c"))
    assert sum(effect.share for effect in found.values()) + noise == pytest.approx(1.0)
    assert all(effect.p > 0.001 for effect in found.values())
    assert sum(effect.clean for effect in found.values()) < 0.2
    for effect in found.values():
        assert effect.low <= effect.high


def test_a_third_order_effect_is_named_rest():
    a = np.array([-1.0, 1.0])
    values = np.repeat(np.einsum("i,j,k->ijk", a, a, a)[..., None], 2, axis=-1)
    effects, _ = functional_anova(values, ("a", "b", "c"), resamples=10)
    assert effects[0].names == ("rest",)
    assert effects[0].share == pytest.approx(1.0)
    assert functional_anova(values, ("a", "b", "c"), order=3, resamples=10)[0][0].names == ("a", "b", "c")


def test_what_cannot_be_divided_is_refused():
    with pytest.raises(ValueError, match="one axis each"):
        functional_anova(np.zeros((2, 3)), ("a", "b"))
    with pytest.raises(ValueError, match="one axis each"):
        functional_anova(np.array([[1.0, np.nan]]), ("a",))
    with pytest.raises(ValueError, match="equal"):
        functional_anova(np.ones((2, 3)), ("a",))
