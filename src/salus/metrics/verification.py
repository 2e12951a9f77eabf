"""How well a score tells the person claimed from everybody else: equal-error rate, false accepts and rejects.

A genuine score compares a person with their own enrolment, an impostor score with somebody else's. A missing answer
counts as `-inf` where it is genuine and `+inf` where it is an impostor's, so that no rate falls when one is left out.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salus.metrics.weights import Floats, Groups, as_weights, by_chunk, ratio
from salus.schema.errors import ShapeError


def equal_error_rate(scores: ArrayLike, genuine: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the rate at which false accepts and false rejects are equal, between two thresholds on the line.

    Args:
        scores: `(N,)`, higher means more alike.
        genuine: `(N,)`, true where a person is compared with their own enrolment.
        weights: `(R, N)` or None.

    Returns:
        `(R,)`; NaN where genuine or impostor scores have no weight.

    Source:
        ISO/IEC 19795-1:2021, Biometric performance testing and reporting, false accept and false reject rates.

    >>> equal_error_rate([0.9, 0.8, 0.3, 0.4, 0.2, 0.1], [True, True, True, False, False, False])
    array([0.33333333])
    """
    groups, truth, matrix = _prepare(scores, genuine, weights)

    def rate(chunk: Floats) -> Floats:
        accepted, rejected, total, others = _curve(groups, truth, chunk)
        # The difference rises from -1 (nobody accepted) to at least 0 (everybody with a score accepted).
        difference = accepted - rejected
        after = (difference >= 0).argmax(axis=1)
        rows = np.arange(len(chunk))
        before = np.maximum(after - 1, 0)
        low, high = difference[rows, before], difference[rows, after]
        share = np.where(high > low, -low / np.where(high > low, high - low, 1.0), 1.0)
        found = accepted[rows, before] + share * (accepted[rows, after] - accepted[rows, before])
        return np.where((total > 0) & (others > 0), found, np.nan)

    return by_chunk(rate, matrix)


def equal_error_threshold(scores: ArrayLike, genuine: ArrayLike) -> float:
    """Return the score at which the two error rates are nearest: a score at least this high is accepted.

    Half way to the next lower score, so that rounding moves no decision. With one kind of score only there is no such
    point, and 0 is returned.
    """
    groups, truth, matrix = _prepare(scores, genuine, None)
    if truth.all() or not truth.any():
        return 0.0
    accepted, rejected, _, _ = _curve(groups, truth, matrix.astype(np.float64))
    place = int(np.abs(accepted[0] - rejected[0]).argmin())
    keys = groups.keys[::-1].astype(np.float64)
    keys = keys[np.isfinite(keys)]
    if not len(keys):
        return 0.0
    if place == 0:
        return float(keys[0] + 1e-6)
    own = keys[min(place - 1, len(keys) - 1)]
    below = keys[place] if place < len(keys) else own
    return float((own + below) / 2)


def _prepare(
    scores: ArrayLike, genuine: ArrayLike, weights: ArrayLike | None
) -> tuple[Groups, NDArray[np.bool_], NDArray[np.float64]]:
    values, truth = np.asarray(scores, dtype=np.float64), np.asarray(genuine, dtype=bool)
    if values.shape != truth.shape or values.ndim != 1:
        raise ShapeError(f"{values.shape} scores for {truth.shape} truths: expected (N,) of each")
    return Groups.of(values), truth, as_weights(weights, len(values))


def _curve(groups: Groups, truth: NDArray[np.bool_], chunk: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return false accepts and false rejects `(r, G + 1)` from accepting nobody on, and both totals `(r,)`.

    The last group is left out where it is `-inf`: no threshold accepts a genuine score that is missing.
    """
    own = np.cumsum(groups.sums(chunk * truth)[:, ::-1], axis=1)
    other = np.cumsum(groups.sums(chunk * ~truth)[:, ::-1], axis=1)
    total, others = own[:, -1:], other[:, -1:]
    if groups.keys[0] == -np.inf:
        own, other = own[:, :-1], other[:, :-1]
    start = np.zeros((len(chunk), 1))
    accepted = np.concatenate([start, ratio(other, others, empty=0.0)], axis=1)
    rejected = np.concatenate([start + 1, 1 - ratio(own, total, empty=0.0)], axis=1)
    return accepted, rejected, total[:, 0], others[:, 0]
