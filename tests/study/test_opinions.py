"""The other paired tests agree with the bootstrap where they hold, and are silent where they do not."""

from typing import Any

import numpy as np

from salus.evaluate.bootstrap import Cell, replicate
from salus.evaluate.compare import bootstrap_p, differences
from salus.schema.question import Question
from salus.study.opinions import delong, resampled_t
from salus.tasks.registry import make

TASK = make(Question(kind="classification", classes=("no", "yes")))


def judged(noise: float, seed: int, patients: int = 200) -> list[tuple[Any, Any, Any]]:
    rng = np.random.default_rng(seed)
    truth = np.arange(300) % 2
    p = 1 / (1 + np.exp(-(2.0 * truth - 1.0 + rng.normal(0, noise, 300))))
    marks = TASK.judge([np.array([1 - q, q]) for q in p], truth.tolist())
    names = np.array([f"p{i % patients}" if patients < 300 else f"p{i}" for i in range(300)])
    return [(np.array([f"s{i}" for i in range(300)]), names, marks)]


def test_delong_is_near_the_bootstrap_and_sees_a_real_difference() -> None:
    good, bad = judged(1.0, 0, 300), judged(3.0, 1, 300)
    p = delong(TASK, good, bad)
    assert p is not None
    assert p < 0.01
    arms = [replicate(TASK, [Cell(patients=j[0][1].tolist(), marks=j[0][2])]) for j in (good, bad)]
    assert bootstrap_p(differences(arms[0], arms[1], "auroc", 1)) < 0.01
    same = delong(TASK, good, good)
    assert same == 1.0


def test_delong_is_silent_with_several_rows_a_patient_or_other_rows() -> None:
    assert delong(TASK, judged(1.0, 0, 200), judged(1.0, 1, 200)) is None
    ids, patients, marks = judged(1.0, 0, 300)[0]
    assert delong(TASK, [(ids, patients, marks)], [(ids[1:], patients[1:], marks[1:])]) is None
    assert delong(make(Question(kind="tagging", classes=("O", "B-X", "I-X"))), [], []) is None


def test_the_t_test_over_folds_needs_folds() -> None:
    cell = judged(1.0, 0, 300)[0]
    folds = [i % 5 for i in range(300)]
    one = replicate(TASK, [Cell(patients=cell[1].tolist(), marks=cell[2], folds=folds)], 100)
    worse = judged(4.0, 2, 300)[0]
    other = replicate(TASK, [Cell(patients=worse[1].tolist(), marks=worse[2], folds=folds)], 100)
    p = resampled_t(one, other, "auroc", [(192, 60)] * 5)
    assert p is not None
    assert 0 < p < 0.2
    assert resampled_t(one, one, "auroc", [(192, 60)] * 5) is None
    assert resampled_t(one, other, "auroc", []) is None
