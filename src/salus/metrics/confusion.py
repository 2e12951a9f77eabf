"""What was called what: weighted confusion matrices and the figures read from them.

A matrix has one column more than rows: the last counts rows without an answer. Such a row is a false negative of its
own class and a false positive of every other class, so that no figure can rise when an answer is removed.
"""

import numpy as np
from numpy.typing import ArrayLike

from salus.metrics.weights import Floats, Groups, as_weights, by_chunk, ratio
from salus.schema.errors import DataError


def confusion(truth: ArrayLike, predicted: ArrayLike, classes: int, weights: ArrayLike | None = None) -> Floats:
    """Count truths against answers.

    Args:
        truth: `(N,)`, class indices below K.
        predicted: `(N,)`, class indices below K, or -1 for no answer.
        classes: K.
        weights: `(R, N)` or None.

    Returns:
        `(R, K, K + 1)`: row the truth, column the answer, last column no answer.

    Raises:
        DataError: An index outside its range.
    """
    rows, columns = np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if len(rows) and (rows.min() < 0 or rows.max() >= classes or columns.min() < -1 or columns.max() >= classes):
        raise DataError(f"class indices must lie in 0..{classes - 1} (answers: or -1 for none); check the label order")
    groups = Groups.of(rows * (classes + 1) + np.where(columns < 0, classes, columns))

    def count(chunk: Floats) -> Floats:
        matrix = np.zeros((len(chunk), classes * (classes + 1)))
        matrix[:, groups.keys] = groups.sums(chunk)
        return matrix.reshape(len(chunk), classes, classes + 1)

    return by_chunk(count, as_weights(weights, len(rows)))


def accuracy(matrix: Floats) -> Floats:
    """Return the share of rows answered rightly, `(R,)`, from `(R, K, K + 1)`."""
    return ratio(_right(matrix).sum(axis=1), matrix.sum(axis=(1, 2)))


def recall(matrix: Floats) -> Floats:
    """Return the share of each class answered rightly, `(R, K)`; NaN for a class without weight."""
    return ratio(_right(matrix), matrix.sum(axis=2))


def balanced_accuracy(matrix: Floats) -> Floats:
    """Return the mean recall of the classes that have weight, `(R,)`."""
    return mean_present(recall(matrix))


def f1(matrix: Floats) -> Floats:
    """Return F1 of each class, `(R, K)`; NaN for a class that is neither there nor answered."""
    right = _right(matrix)
    missed = matrix.sum(axis=2) - right
    return ratio(2 * right, 2 * right + missed + _false_positives(matrix))


def f1_macro(matrix: Floats) -> Floats:
    """Return the mean F1 of the classes that are there or answered, `(R,)`."""
    return mean_present(f1(matrix))


def sensitivity(matrix: Floats, positive: int) -> Floats:
    """Return the share of the positive class that was called positive, `(R,)`."""
    return recall(matrix)[:, positive]


def specificity(matrix: Floats, positive: int) -> Floats:
    """Return the share of all other classes that was not called positive, `(R,)`; no answer counts as called."""
    negative = np.delete(matrix.sum(axis=2), positive, axis=1).sum(axis=1)
    return ratio(negative - _false_positives(matrix)[:, positive], negative)


def quadratic_kappa(matrix: Floats) -> Floats:
    """Return Cohen's kappa with quadratic weights between ordered classes, `(R,)`.

    Rows without an answer get the answers that make kappa smallest. Observed and expected disagreement are both sums
    over rows (the truth's margins are fixed), so the worst completion is the maximum of a ratio of two sums, found
    exactly by Dinkelbach's iteration. A completion set only grows when an answer is removed, so kappa never rises.

    Returns:
        NaN where fewer than two classes have weight.

    Source:
        Cohen 1968; Dinkelbach 1967, doi:10.1287/mnsc.13.7.492.
    """
    classes = matrix.shape[1]
    distance = (np.arange(classes)[:, None] - np.arange(classes)[None, :]) ** 2 / max(classes - 1, 1) ** 2
    answered, missing = matrix[:, :, :classes], matrix[:, :, classes]
    margin = matrix.sum(axis=2)
    expected = ratio(margin @ distance, margin.sum(axis=1, keepdims=True), empty=0.0)
    observed = (answered * distance).sum(axis=(1, 2))
    by_chance = (answered.sum(axis=1) * expected).sum(axis=1)
    worst = np.zeros(len(matrix))
    for _ in range(classes * classes + 1):
        choice = (distance[None] - worst[:, None, None] * expected[:, None, :]).argmax(axis=2)
        cost = (missing * np.take_along_axis(distance[None], choice[:, :, None], axis=2)[:, :, 0]).sum(axis=1)
        chance = (missing * np.take_along_axis(expected, choice, axis=1)).sum(axis=1)
        found = ratio(observed + cost, by_chance + chance)
        if np.array_equal(found, worst, equal_nan=True):
            break
        worst = found
    return np.where((margin > 0).sum(axis=1) > 1, 1 - worst, np.nan)


def mean_present(values: Floats) -> Floats:
    """Return the mean over classes `(R, K)` of the values that are not NaN, `(R,)`; NaN where all are."""
    present = ~np.isnan(values)
    return ratio(np.where(present, values, 0.0).sum(axis=1), present.sum(axis=1).astype(np.float64))


def _right(matrix: Floats) -> Floats:
    return np.diagonal(matrix[:, :, :-1], axis1=1, axis2=2)


def _false_positives(matrix: Floats) -> Floats:
    missing = matrix[:, :, -1]
    called = matrix[:, :, :-1].sum(axis=1) - _right(matrix)
    return called + missing.sum(axis=1, keepdims=True) - missing
