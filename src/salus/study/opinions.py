"""What the field's other paired tests say of a comparison, beside the patient bootstrap that decides it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from salus.contract.task import Task
from salus.evaluate.bootstrap import Replicates
from salus.evaluate.compare import corrected_resampled_t, delong_test
from salus.tasks.classification import Classification

Judged = Sequence[tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.float64]]]
"""Of each seed: ids `(N,)`, patients `(N,)` and marks `(N, S)`, folds pooled."""


def delong(task: Task, a: Judged, b: Judged) -> float | None:
    """Return DeLong's p for the AUROC of two arms, on each row's log-odds averaged over seeds.

    None where the test does not hold: more than two classes, several rows a patient, arms with other rows, or an
    answer missing.
    """
    if not isinstance(task, Classification) or not task.binary:
        return None
    first, second = _mean_scores(task, a), _mean_scores(task, b)
    if first is None or second is None or first.keys() != second.keys():
        return None
    ids = sorted(first)
    scores = np.array([[first[i][0], second[i][0]] for i in ids])
    positive = np.array([first[i][1] for i in ids])
    if not np.isfinite(scores).all():
        return None
    return delong_test(scores[:, 0], scores[:, 1], positive)[1]


def resampled_t(a: Replicates, b: Replicates, metric: str, patients: Sequence[tuple[int, int]]) -> float | None:
    """Return the p of the corrected resampled t-test over (seed, fold) cells; None with fewer than four cells.

    Args:
        a: One arm.
        b: The other.
        metric: Which metric.
        patients: Training and test patients of each fold of a seed.
    """
    first, second = np.array(a.folds[metric]), np.array(b.folds[metric])
    if len(patients) < 2 or len(first) != len(second) or len(first) < 4 or not np.isfinite(first - second).all():
        return None
    if np.ptp(first - second) == 0:
        return None
    train, test = np.mean(patients, axis=0)
    return corrected_resampled_t(first - second, float(train), float(test))[1]


def _mean_scores(task: Classification, judged: Judged) -> dict[str, tuple[float, bool]] | None:
    """Return each row's mean log-odds over seeds and whether it is positive; None with several rows a patient."""
    sums: dict[str, list[float]] = {}
    truth: dict[str, bool] = {}
    for ids, patients, marks in judged:
        if len(set(patients.tolist())) < len(patients):
            return None
        scores = task.ranks(marks, task.positive)
        for name, score, label in zip(ids.tolist(), scores.tolist(), marks[:, 0].tolist(), strict=True):
            sums.setdefault(name, []).append(score)
            truth[name] = int(label) == task.positive
    return {name: (float(np.mean(values)), truth[name]) for name, values in sums.items()}
