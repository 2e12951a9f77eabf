"""How well a score ranks positives above negatives: AUROC, average precision, curves, DeLong's covariance.

A row that was not answered has no score. Callers give a positive without an answer `-inf` (it is never retrieved) and
a negative without one `+inf` (it is always a false alarm); then no function here can rise when an answer is removed.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salus.metrics.weights import Floats, Groups, as_weights, by_chunk, ratio
from salus.schema.errors import DataError, ShapeError

_ROUNDING = 1e-9  # 19 of 20 positives are a sensitivity of 0.95 whatever the last bit says


def auroc(scores: ArrayLike, positive: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the area under the ROC curve: the chance that a positive outranks a negative, ties counting half.

    Args:
        scores: `(N,)`, higher means more likely positive; infinite for rows without an answer.
        positive: `(N,)`, true for positives.
        weights: `(R, N)` or None.

    Returns:
        `(R,)`; NaN where only one class has weight.

    Source:
        Mann and Whitney 1947; Hanley and McNeil 1982.

    >>> auroc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
    array([0.75])
    """
    groups, truth, matrix = _prepare(scores, positive, weights)

    def area(chunk: Floats) -> Floats:
        hits, alarms = groups.sums(chunk * truth), groups.sums(chunk * ~truth)
        below = np.cumsum(alarms, axis=1) - alarms / 2
        return ratio((hits * below).sum(axis=1), hits.sum(axis=1) * alarms.sum(axis=1))

    return by_chunk(area, matrix)


def average_precision(scores: ArrayLike, positive: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the mean over positives of the precision at their score.

    A positive at `-inf` adds nothing: no threshold retrieves it. Without such rows this is the usual step-wise sum.

    Args:
        scores: `(N,)`, higher means more likely positive.
        positive: `(N,)`, true for positives.
        weights: `(R, N)` or None.

    Returns:
        `(R,)`; NaN where no positive has weight.
    """
    groups, truth, matrix = _prepare(scores, positive, weights)
    retrievable = groups.keys[::-1] > -np.inf

    def area(chunk: Floats) -> Floats:
        gained, hits, alarms = _cumulate(groups, truth, chunk)
        precision = ratio(hits, hits + alarms, empty=0.0)
        return ratio((gained * precision * retrievable).sum(axis=1), gained.sum(axis=1))

    return by_chunk(area, matrix)


def specificity_at_sensitivity(
    scores: ArrayLike, positive: ArrayLike, sensitivity: float = 0.95, weights: ArrayLike | None = None
) -> Floats:
    """Return the best specificity of any threshold whose sensitivity is at least `sensitivity`.

    A property of the ROC curve: the threshold is found on the rows given. Zero where positives without an answer make
    the sensitivity unreachable; NaN where one class has no weight.
    """
    groups, truth, matrix = _prepare(scores, positive, weights)

    def best(chunk: Floats) -> Floats:
        _, hits, alarms = _cumulate(groups, truth, chunk)
        if not hits.shape[1]:
            return np.full(len(chunk), np.nan)
        total_hits, total_alarms = hits[:, -1], alarms[:, -1]
        # The lowest score of all is -inf for missing positives: accepting it means calling everybody positive.
        reached = hits >= total_hits[:, None] * sensitivity - _ROUNDING
        alarm = np.take_along_axis(alarms, reached.argmax(axis=1)[:, None], axis=1)[:, 0]
        if groups.keys[0] == -np.inf:
            last = alarms.shape[1] - 1
            alarm = np.where(reached[:, :last].any(axis=1), alarm, total_alarms)
        return np.where(total_hits > 0, ratio(total_alarms - alarm, total_alarms), np.nan)

    return by_chunk(best, matrix)


def sensitivity_at_specificity(
    scores: ArrayLike, positive: ArrayLike, specificity: float = 0.95, weights: ArrayLike | None = None
) -> Floats:
    """Return the best sensitivity of any threshold whose specificity is at least `specificity`.

    Zero where negatives without an answer make the specificity unreachable; NaN where one class has no weight.
    """
    groups, truth, matrix = _prepare(scores, positive, weights)
    retrievable = groups.keys[::-1] > -np.inf

    def best(chunk: Floats) -> Floats:
        _, hits, alarms = _cumulate(groups, truth, chunk)
        if not hits.shape[1]:
            return np.full(len(chunk), np.nan)
        total_hits, total_alarms = hits[:, -1], alarms[:, -1]
        allowed = (alarms <= total_alarms[:, None] * (1 - specificity) + _ROUNDING) & retrievable
        found = np.where(allowed, hits, 0.0).max(axis=1)
        return np.where(total_alarms > 0, ratio(found, total_hits), np.nan)

    return by_chunk(best, matrix)


def roc_curve(scores: ArrayLike, positive: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return `(false positive rate, true positive rate, threshold)` of every distinct threshold, from (0, 0) to (1, 1).

    A row is called positive where its score is at least the threshold. Rates are NaN for a class without rows.
    """
    groups, truth, matrix = _prepare(scores, positive, None)
    _, hits, alarms = _cumulate(groups, truth, matrix.astype(np.float64))
    start = np.zeros(1)
    hits, alarms = np.concatenate([start, hits[0]]), np.concatenate([start, alarms[0]])
    thresholds = np.concatenate([[np.inf], groups.keys[::-1].astype(np.float64)])
    return ratio(alarms, alarms[-1]), ratio(hits, hits[-1]), thresholds


def precision_recall_curve(scores: ArrayLike, positive: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return `(recall, precision, threshold)` of every distinct threshold, with recall rising.

    Positives at `-inf` are never retrieved, so the curve ends below a recall of one where answers are missing.
    """
    groups, truth, matrix = _prepare(scores, positive, None)
    _, hits, alarms = _cumulate(groups, truth, matrix.astype(np.float64))
    keep = groups.keys[::-1] > -np.inf
    recall = ratio(hits[0], np.full(1, truth.sum(), dtype=np.float64))
    precision = ratio(hits[0], hits[0] + alarms[0], empty=0.0)
    return recall[keep], precision[keep], groups.keys[::-1][keep].astype(np.float64)


def delong(scores: ArrayLike, positive: ArrayLike) -> tuple[Floats, Floats]:
    """Return the AUROC of M scores of the same rows and the covariance of these estimates.

    Args:
        scores: `(M, N)`.
        positive: `(N,)`.

    Returns:
        `(M,)` areas and `(M, M)` covariance.

    Raises:
        DataError: Fewer than two rows of either class.

    Source:
        DeLong, DeLong and Clarke-Pearson 1988; midranks as in Sun and Xu 2014, doi:10.1109/LSP.2014.2337313.
    """
    from scipy.stats import rankdata

    table, truth = np.atleast_2d(np.asarray(scores, dtype=np.float64)), np.asarray(positive, dtype=bool)
    if table.shape[1] != len(truth):
        raise ShapeError(f"scores of shape {table.shape} for {len(truth)} rows: expected (M, {len(truth)})")
    count, other = int(truth.sum()), int((~truth).sum())
    if min(count, other) < 2:
        raise DataError(f"DeLong's covariance needs two rows of each class, got {count} positive and {other} negative")
    among_all = rankdata(table, axis=1)
    among_positive, among_negative = rankdata(table[:, truth], axis=1), rankdata(table[:, ~truth], axis=1)
    of_positive = (among_all[:, truth] - among_positive) / other
    of_negative = 1 - (among_all[:, ~truth] - among_negative) / count
    covariance = np.atleast_2d(np.cov(of_positive)) / count + np.atleast_2d(np.cov(of_negative)) / other
    return of_positive.mean(axis=1), covariance


def _prepare(
    scores: ArrayLike, positive: ArrayLike, weights: ArrayLike | None
) -> tuple[Groups, NDArray[np.bool_], NDArray[np.float64]]:
    values, truth = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    if values.shape != truth.shape or values.ndim != 1:
        raise ShapeError(f"{values.shape} scores for {truth.shape} truths: expected (N,) of each")
    return Groups.of(values), truth, as_weights(weights, len(values))


def _cumulate(groups: Groups, truth: NDArray[np.bool_], chunk: Floats) -> tuple[Floats, Floats, Floats]:
    """Return positives gained, all positives so far and all negatives so far, `(r, G)`, from the highest score down."""
    gained = groups.sums(chunk * truth)[:, ::-1]
    return gained, np.cumsum(gained, axis=1), np.cumsum(groups.sums(chunk * ~truth)[:, ::-1], axis=1)
