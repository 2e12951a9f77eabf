"""What may be chosen on validation answers: a temperature and thresholds."""

import numpy as np
from numpy.typing import NDArray

from salus.metrics.weights import Floats

SHARPEST, FLATTEST = 0.1, 10.0
"""Bounds of the temperature."""

_SMALLEST = 1e-300  # keeps the logarithm finite and the order of tiny probabilities


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """Return softmax(log p / temperature) of probabilities `(N, K)`.

    Source:
        Guo, Pleiss, Sun and Weinberger 2017, equation 9, on log-probabilities in place of logits (the same thing).
    """
    logits = np.log(np.maximum(probabilities, _SMALLEST)) / temperature
    raised = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return raised / raised.sum(axis=1, keepdims=True)


def temperature(probabilities: Floats, labels: NDArray[np.int64]) -> float:
    """Return the temperature that minimizes the log loss of probabilities `(N, K)` against class indices `(N,)`.

    Targets are smoothed as Platt did, (n + 1) / (n + 2) for the n rows of a class, so that a validation part without
    errors does not drive the temperature to zero. One where fewer than two classes were seen.

    Source:
        Guo et al. 2017, section 4.2; targets of Platt 1999.
    """
    from scipy.optimize import minimize_scalar

    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    if (counts > 0).sum() < 2:
        return 1.0
    sure = (counts[labels] + 1) / (counts[labels] + 2)
    targets = np.repeat(((1 - sure) / (classes - 1))[:, None], classes, axis=1)
    targets[np.arange(len(labels)), labels] = sure
    logs = np.log(np.maximum(probabilities, 1e-15))

    def loss(log_temperature: float) -> float:
        logits = logs / np.exp(log_temperature)
        top = logits.max(axis=1, keepdims=True)
        normal = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        return float(-(targets * normal).sum())

    bounds = (np.log(SHARPEST), np.log(FLATTEST))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4}).x))


def youden_threshold(probability: Floats, positive: NDArray[np.bool_]) -> float:
    """Return the threshold with the best balanced accuracy, 0.5 where one class is missing.

    Candidates lie half-way between neighbouring answers; of equally good ones the nearest to 0.5 is taken.

    Source:
        Youden 1950.
    """
    if positive.all() or not positive.any():
        return 0.5
    distinct = np.unique(probability)
    candidates = np.concatenate([[0.0], (distinct[1:] + distinct[:-1]) / 2, [1.0 + 1e-9]])
    hits, alarms = np.sort(probability[positive]), np.sort(probability[~positive])
    found = 1 - np.searchsorted(hits, candidates, side="left") / len(hits)
    refused = np.searchsorted(alarms, candidates, side="left") / len(alarms)
    quality = found + refused
    best = candidates[quality >= quality.max() - 1e-12]
    return float(best[np.abs(best - 0.5).argmin()])


def sensitivity_threshold(probability: Floats, positive: NDArray[np.bool_], sensitivity: float) -> float:
    """Return the highest threshold that calls at least `sensitivity` of the positives; 0.5 where there are none."""
    if not positive.any():
        return 0.5
    falling = np.sort(probability[positive])[::-1]
    needed = int(np.ceil(sensitivity * len(falling) - 1e-9))
    return float(falling[max(needed, 1) - 1])
