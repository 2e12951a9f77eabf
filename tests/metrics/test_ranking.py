import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from salus.metrics import ranking
from salus.schema.errors import DataError, ShapeError


def rows(seed, count=60, levels=12):
    rng = np.random.default_rng(seed)
    positive = rng.random(count) < 0.4
    positive[:2] = [True, False]
    return np.round(rng.normal(size=count) + positive, 0 if levels < 10 else 1), positive, rng


def test_auroc_of_hand_made_rows():
    assert ranking.auroc([1, 2, 3, 4], [False, False, True, True]) == [1.0]
    assert ranking.auroc([1, 1, 1], [False, True, True]) == [0.5]
    assert np.isnan(ranking.auroc([1.0, 2.0], [True, True])).all()
    # pairs won, positives weighing 2 and 1: (2 * 1 + 1 * 0) of 3
    assert ranking.auroc([1, 0, 2], [False, True, True], [[1, 1, 2]]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("seed", range(8))
def test_auroc_and_average_precision_agree_with_a_second_implementation(seed):
    scores, positive, rng = rows(seed, levels=4 if seed % 2 else 12)
    weights = rng.multinomial(len(scores), np.ones(len(scores)) / len(scores), size=7)
    found_area, found_precision = (
        ranking.auroc(scores, positive, weights),
        ranking.average_precision(scores, positive, weights),
    )
    for row, weight in enumerate(weights):
        assert found_area[row] == pytest.approx(reference.roc_auc_score(positive, scores, sample_weight=weight))
        assert found_precision[row] == pytest.approx(
            reference.average_precision_score(positive, scores, sample_weight=weight)
        )


@pytest.mark.parametrize("seed", range(4))
def test_a_weight_is_that_many_copies_of_a_row(seed):
    scores, positive, rng = rows(seed)
    weight = rng.integers(0, 4, size=len(scores))
    copies, truths = np.repeat(scores, weight), np.repeat(positive, weight)
    for metric in (
        ranking.auroc,
        ranking.average_precision,
        lambda s, p, weights=None: ranking.specificity_at_sensitivity(s, p, 0.9, weights),
        lambda s, p, weights=None: ranking.sensitivity_at_specificity(s, p, 0.9, weights),
    ):
        assert metric(scores, positive, weights=weight[None]) == pytest.approx(metric(copies, truths))


def test_many_resamples_are_worked_through_in_chunks(monkeypatch):
    scores, positive, rng = rows(3)
    weights = rng.integers(0, 3, size=(50, len(scores)))
    whole = ranking.auroc(scores, positive, weights)
    monkeypatch.setattr("salus.metrics.weights.CHUNK", 130)
    assert np.array_equal(ranking.auroc(scores, positive, weights), whole)


@pytest.mark.parametrize("seed", range(6))
def test_curves_agree_with_a_second_implementation(seed):
    scores, positive, _ = rows(seed)
    false_rate, true_rate, thresholds = ranking.roc_curve(scores, positive)
    expected = reference.roc_curve(positive, scores, drop_intermediate=False)
    for mine, other in zip((false_rate, true_rate, thresholds), expected, strict=True):
        assert mine == pytest.approx(other)
    recall, precision, levels = ranking.precision_recall_curve(scores, positive)
    other_precision, other_recall, other_levels = reference.precision_recall_curve(positive, scores)
    assert recall == pytest.approx(other_recall[:-1][::-1])
    assert precision == pytest.approx(other_precision[:-1][::-1])
    assert levels == pytest.approx(other_levels[::-1])


@pytest.mark.parametrize("seed", range(6))
def test_working_points_agree_with_a_search_over_all_thresholds(seed):
    scores, positive, _ = rows(seed)
    best_specificity = best_sensitivity = 0.0
    for threshold in [*np.unique(scores), np.inf]:
        sensitivity = (scores[positive] >= threshold).mean()
        specificity = (scores[~positive] < threshold).mean()
        if sensitivity >= 0.8:
            best_specificity = max(best_specificity, specificity)
        if specificity >= 0.8:
            best_sensitivity = max(best_sensitivity, sensitivity)
    assert ranking.specificity_at_sensitivity(scores, positive, 0.8) == pytest.approx(best_specificity)
    assert ranking.sensitivity_at_specificity(scores, positive, 0.8) == pytest.approx(best_sensitivity)


def test_missing_answers_are_never_retrieved():
    scores = np.array([-np.inf, 3.0, 2.0, 1.0])
    positive = np.array([True, True, False, False])
    assert ranking.average_precision(scores, positive) == pytest.approx(0.5)
    assert ranking.specificity_at_sensitivity(scores, positive, 0.95) == [0.0]
    assert ranking.specificity_at_sensitivity(scores, positive, 0.5) == [1.0]
    scores = np.array([3.0, 2.0, np.inf, 1.0])
    assert ranking.sensitivity_at_specificity(scores, positive, 0.95) == [0.0]
    recall, _, _ = ranking.precision_recall_curve([-np.inf, 3.0, 2.0], [True, True, False])
    assert recall.max() == 0.5


def brute_force_delong(scores, positive):
    """Equations 3 to 6 of DeLong et al., pair by pair."""
    x, y = scores[:, positive], scores[:, ~positive]
    kernel = (x[:, :, None] > y[:, None, :]) + 0.5 * (x[:, :, None] == y[:, None, :])
    over_positives, over_negatives = kernel.mean(axis=2), kernel.mean(axis=1)
    covariance = np.cov(over_positives) / x.shape[1] + np.cov(over_negatives) / y.shape[1]
    return kernel.mean(axis=(1, 2)), covariance


@pytest.mark.parametrize("seed", range(4))
def test_delong_agrees_with_the_definition(seed):
    first, positive, rng = rows(seed)
    scores = np.stack([first, np.round(rng.normal(size=len(first)) + positive, 1), first + 1])
    areas, covariance = ranking.delong(scores, positive)
    expected_areas, expected = brute_force_delong(scores, positive)
    assert areas == pytest.approx(expected_areas)
    assert covariance == pytest.approx(expected)
    assert ranking.delong(first, positive)[1].shape == (1, 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=30))
def test_ranks_alone_matter(pairs):
    scores, positive = np.array([p[0] for p in pairs], dtype=float), np.array([p[1] for p in pairs])
    for metric in (ranking.auroc, ranking.average_precision):
        same = metric(np.exp(scores) * 7, positive)
        np.testing.assert_allclose(metric(scores, positive), same)
        np.testing.assert_allclose(metric(scores[::-1], positive[::-1]), same)


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="NaN"):
        ranking.auroc([np.nan, 1.0], [True, False])
    with pytest.raises(ShapeError):
        ranking.auroc([1.0, 2.0], [True])
    with pytest.raises(ShapeError, match=r"\(R, 2\)"):
        ranking.auroc([1.0, 2.0], [True, False], [[1, 1, 1]])
    with pytest.raises(DataError, match="two rows"):
        ranking.delong([1.0, 2.0, 3.0], [True, False, False])
