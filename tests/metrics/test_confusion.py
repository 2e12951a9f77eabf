from itertools import product

import numpy as np
import pytest
from sklearn import metrics as reference

from salus.metrics import confusion
from salus.schema.errors import DataError


def drawn(seed, classes, count=50):
    rng = np.random.default_rng(seed)
    return rng.integers(0, classes, count), rng.integers(0, classes, count), rng.integers(0, 3, (5, count))


@pytest.mark.parametrize(("seed", "classes"), [(0, 2), (1, 3), (2, 5)])
def test_figures_agree_with_a_second_implementation(seed, classes):
    truth, predicted, weights = drawn(seed, classes)
    matrix = confusion.confusion(truth, predicted, classes, weights)
    assert matrix.shape == (5, classes, classes + 1)
    for row, weight in enumerate(weights):
        options = {"sample_weight": weight}
        labels = list(range(classes))
        assert matrix[row, :, :-1] == pytest.approx(
            reference.confusion_matrix(truth, predicted, labels=labels, **options)
        )
        expected = {
            confusion.accuracy: reference.accuracy_score(truth, predicted, **options),
            confusion.balanced_accuracy: reference.balanced_accuracy_score(truth, predicted, **options),
            confusion.f1_macro: reference.f1_score(truth, predicted, average="macro", **options),
            confusion.quadratic_kappa: reference.cohen_kappa_score(truth, predicted, weights="quadratic", **options),
        }
        for metric, value in expected.items():
            assert metric(matrix)[row] == pytest.approx(value), metric.__name__


def test_sensitivity_and_specificity_by_hand():
    matrix = confusion.confusion([1, 1, 1, 0, 0, 0, 0], [1, 0, -1, 0, 0, 1, -1], 2)
    assert confusion.sensitivity(matrix, 1) == pytest.approx(1 / 3)
    assert confusion.specificity(matrix, 1) == pytest.approx(2 / 4)
    assert confusion.sensitivity(matrix, 0) == pytest.approx(2 / 4)
    assert confusion.accuracy(matrix) == pytest.approx(3 / 7)


def test_a_missing_answer_is_missed_once_and_a_false_alarm_for_every_other_class():
    matrix = confusion.confusion([0, 1, 2], [0, 1, -1], 3)
    # classes 0 and 1: one hit, one false alarm; class 2: missed
    assert confusion.f1(matrix)[0] == pytest.approx([2 / 3, 2 / 3, 0])
    assert confusion.f1_macro(matrix) == pytest.approx(4 / 9)


def test_classes_that_are_absent_do_not_count():
    matrix = confusion.confusion([0, 0, 1], [0, 1, 1], 4)
    assert confusion.balanced_accuracy(matrix) == pytest.approx(0.75)
    assert np.isnan(confusion.recall(matrix)[0, 2:]).all()
    assert np.isnan(confusion.quadratic_kappa(confusion.confusion([1, 1], [1, 0], 2))).all()


@pytest.mark.parametrize("seed", range(6))
def test_kappa_takes_the_worst_completion_of_missing_answers(seed):
    rng = np.random.default_rng(seed)
    classes = 3 + seed % 2
    truth = rng.integers(0, classes, 14)
    predicted = np.where(rng.random(14) < 0.7, truth, rng.integers(0, classes, 14))
    missing = rng.choice(14, size=4, replace=False)
    predicted[missing] = -1
    worst = np.inf
    for guess in product(range(classes), repeat=4):
        filled = predicted.copy()
        filled[missing] = guess
        worst = min(worst, reference.cohen_kappa_score(truth, filled, weights="quadratic"))
    found = confusion.quadratic_kappa(confusion.confusion(truth, predicted, classes))
    assert found == pytest.approx(worst)


def test_indices_outside_the_classes_are_refused():
    with pytest.raises(DataError, match=r"0\.\.1"):
        confusion.confusion([0, 2], [0, 1], 2)
    with pytest.raises(DataError):
        confusion.confusion([0, 1], [0, -2], 2)
