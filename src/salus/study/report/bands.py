"""Curves with bands: a curve per seed, averaged, and the spread over resampled patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.study.report.cells import SeedMarks

RESAMPLES = 200
"""Enough for a band that is drawn; the figures of the tables come from the study's own resamples."""
GRID = np.linspace(0, 1, 101)
BINS = 10
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """A mean curve and its 95 % band, on one grid `(G,)`."""

    x: Floats
    y: Floats
    low: Floats
    high: Floats


def classes(marks: SeedMarks) -> list[str]:
    """Return the class names that classification marks speak of."""
    return [name[2:] for name in marks.columns if name.startswith("p_")]


def ranks(marks: SeedMarks, name: str, index: int) -> Floats:
    """Return the score of class `name` by which rows are ordered; a missing answer is the worst."""
    answered, truth = marks.columns["answered"] > 0, marks.columns["truth"] == index
    return np.where(answered, marks.columns[f"p_{name}"], np.where(truth, -np.inf, np.inf))


def patient_weights(patients: NDArray[np.str_], rng: np.random.Generator) -> Floats:
    """Return row weights `(1 + R, N)`: all rows once, then resamples of patients."""
    _, place = np.unique(patients, return_inverse=True)
    count = int(place.max()) + 1
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    return np.concatenate([np.ones((1, len(place))), drawn[:, place].astype(np.float64)])


def ranking_curves(seeds: Sequence[SeedMarks], positive: str) -> tuple[Curve, Curve]:
    """Return the ROC curve and the precision-recall curve of an arm.

    Args:
        seeds: Marks of each seed.
        positive: Class of a binary question; empty for the mean over classes of one against the rest.
    """
    roc, precision = [], []
    for marks in seeds:
        names = classes(marks)
        weights = patient_weights(marks.patients, np.random.default_rng(0))
        asked = [names.index(positive)] if positive in names else range(len(names))
        pairs = [
            _one_class(ranks(marks, names[k], k), marks.columns["truth"] == k, weights)
            for k in asked
            if 0 < (marks.columns["truth"] == k).sum() < len(marks.ids)
        ]
        if pairs:
            roc.append(np.mean([pair[0] for pair in pairs], axis=0))
            precision.append(np.mean([pair[1] for pair in pairs], axis=0))
    return _curve(GRID, roc), _curve(GRID, precision)


def calibration_curve(seeds: Sequence[SeedMarks], positive: str) -> Curve:
    """Return observed shares against foretold probabilities in ten bins of equal mass.

    Asks of the positive class, or of the likeliest one where there is no positive class.
    """
    foretold, came_true, patients = [], [], []
    for marks in seeds:
        names = classes(marks)
        table = np.stack([marks.columns[f"p_{name}"] for name in names], axis=1)
        truth, kept = marks.columns["truth"].astype(int), marks.columns["answered"] > 0
        if positive in names:
            probability, outcome = table[:, names.index(positive)], truth == names.index(positive)
        else:
            probability, outcome = table.max(axis=1), table.argmax(axis=1) == truth
        foretold.append(probability[kept])
        came_true.append(outcome[kept])
        patients.append(marks.patients[kept])
    probability, outcome = np.concatenate(foretold), np.concatenate(came_true)
    if not len(probability):
        return _curve(np.zeros(0), [])
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, BINS + 1)[1:-1]))
    bins = np.eye(len(edges) + 1)[np.searchsorted(edges, probability, side="right")]
    bins = bins[:, bins.sum(axis=0) > 0]
    weights = patient_weights(np.concatenate(patients), np.random.default_rng(0))
    mass = weights @ bins
    with np.errstate(invalid="ignore"):
        observed = (weights * outcome) @ bins / np.where(mass > 0, mass, np.nan)
    x = probability @ bins / bins.sum(axis=0)
    return _curve(x, [observed])


def _one_class(scores: Floats, positive: NDArray[np.bool_], weights: Floats) -> tuple[Floats, Floats]:
    """Return true-positive rates over the grid of false-positive rates, and precision over the grid of recall."""
    order = np.argsort(-scores, kind="stable")
    # Compared, not subtracted: missing answers stand at plus or minus infinity.
    ends = np.flatnonzero(np.append(scores[order][1:] != scores[order][:-1], True))
    hits = np.cumsum(weights[:, order] * positive[order], axis=1)[:, ends]
    alarms = np.cumsum(weights[:, order] * ~positive[order], axis=1)[:, ends]
    roc, precision = np.full((len(weights), len(GRID)), np.nan), np.full((len(weights), len(GRID)), np.nan)
    for row, (found, false) in enumerate(zip(hits, alarms, strict=True)):
        if found[-1] > 0 and false[-1] > 0:
            recall = found / found[-1]
            roc[row] = np.interp(GRID, np.append(0, false / false[-1]), np.append(0, recall))
            share = found / np.maximum(found + false, 1e-12)
            # Precision at a recall is that of the first threshold that reaches it: no line between two thresholds.
            precision[row] = share[np.minimum(np.searchsorted(recall, GRID - 1e-12), len(share) - 1)]
    return roc, precision


def _curve(x: Floats, seeds: Sequence[Floats]) -> Curve:
    if not seeds:
        empty = np.zeros(0)
        return Curve(empty, empty, empty, empty)
    mean = np.mean(seeds, axis=0)
    with np.errstate(all="ignore"):
        low, high = np.nanquantile(mean[1:], [0.025, 0.975], axis=0)
    return Curve(x, mean[0], low, high)
