"""Whether a probability of 0.8 comes true eight times in ten."""

import numpy as np
from numpy.typing import ArrayLike

from salus.metrics.weights import Floats, Groups, as_weights, by_chunk, ratio, weighted_mean

BINS = 15
"""Bins of equal mass for the calibration error."""

SMALLEST = 1e-15
"""Probabilities below this count as this in logarithms: the worst log loss is 34.5."""


def calibration_error(
    probability: ArrayLike, outcome: ArrayLike, weights: ArrayLike | None = None, bins: int = BINS
) -> Floats:
    """Return the expected calibration error over bins of equal mass.

    Equal probabilities share a bin: the one that holds the middle of their mass.

    Args:
        probability: `(N,)` in [0, 1].
        outcome: `(N,)`, true where what was foretold came true.
        weights: `(R, N)` or None.
        bins: How many bins.

    Returns:
        `(R,)` in [0, 1].

    Source:
        Naeini, Cooper and Hauskrecht 2015, with equal-mass bins as in Nixon et al. 2019.
    """
    groups = Groups.of(np.asarray(probability, dtype=np.float64))
    came_true = np.asarray(outcome, dtype=np.float64)

    def error(chunk: Floats) -> Floats:
        mass, foretold, observed = _binned(groups, came_true, chunk, bins)
        return ratio(np.abs(foretold - observed).sum(axis=1), mass.sum(axis=1))

    return by_chunk(error, as_weights(weights, len(came_true)))


def reliability_curve(probability: ArrayLike, outcome: ArrayLike, bins: int = BINS) -> tuple[Floats, Floats, Floats]:
    """Return `(mean probability, observed share, rows)` of each bin that is not empty, for a reliability diagram."""
    came_true = np.asarray(outcome, dtype=np.float64)
    groups = Groups.of(np.asarray(probability, dtype=np.float64))
    mass, foretold, observed = (part[0] for part in _binned(groups, came_true, np.ones((1, len(came_true))), bins))
    full = mass > 0
    return foretold[full] / mass[full], observed[full] / mass[full], mass[full]


def brier(probabilities: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the Brier score `(R,)`: squared distance between probabilities and truth.

    Two classes: the squared error of one probability, in [0, 1]. More: the sum over classes, in [0, 2].

    Args:
        probabilities: `(N, K)`.
        truth: `(N,)`, class indices.
        weights: `(R, N)` or None.

    Source:
        Brier 1950.
    """
    table, labels = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    distance = ((table - np.eye(table.shape[1])[labels]) ** 2).sum(axis=1)
    return weighted_mean(distance / 2 if table.shape[1] == 2 else distance, weights)


def log_loss(probabilities: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the mean negative logarithm of the true class's probability, `(R,)`, nat."""
    table, labels = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    return weighted_mean(-np.log(np.maximum(table[np.arange(len(labels)), labels], SMALLEST)), weights)


def _binned(groups: Groups, outcome: Floats, chunk: Floats, bins: int) -> tuple[Floats, Floats, Floats]:
    """Return mass, foretold mass and observed mass of each bin, `(r, bins)`."""
    mass, observed = groups.sums(chunk), groups.sums(chunk * outcome)
    middle = ratio(np.cumsum(mass, axis=1) - mass / 2, mass.sum(axis=1, keepdims=True), empty=0.0)
    bin_of = np.minimum((middle * bins).astype(np.int64), bins - 1) + bins * np.arange(len(chunk))[:, None]

    def gather(values: Floats) -> Floats:
        flat = np.bincount(bin_of.ravel(), weights=values.ravel(), minlength=bins * len(chunk))
        return flat.reshape(len(chunk), bins).astype(np.float64)

    return gather(mass), gather(mass * groups.keys), gather(observed)
