"""Several findings at once: figures against scikit-learn, and what is not known counts nowhere."""

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question
from salus.tasks.registry import make

NAMES = ("mass", "nodule", "hernia")


@pytest.fixture
def task():
    return make(Question(kind="multilabel", classes=NAMES))


def drawn(count=200, unknown=0.0):
    rng = np.random.default_rng(3)
    truth = (rng.random((count, 3)) < [0.5, 0.2, 0.1]).astype(float)
    answers = np.clip(0.5 * truth + 0.7 * rng.random((count, 3)), 0, 1)
    truth[rng.random(truth.shape) < unknown] = np.nan
    return answers, truth


@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_figures_equal_those_of_scikit_learn(task, unknown):
    answers, truth = drawn(unknown=unknown)
    found = task.score(list(answers), list(truth))
    known = [~np.isnan(truth[:, k]) for k in range(3)]
    pairs = [(truth[known[k], k], answers[known[k], k]) for k in range(3)]
    assert found["auroc"] == pytest.approx(np.mean([sk.roc_auc_score(*pair) for pair in pairs]))
    assert found["average_precision"] == pytest.approx(np.mean([sk.average_precision_score(*pair) for pair in pairs]))
    assert found["brier"] == pytest.approx(np.mean([sk.brier_score_loss(*pair) for pair in pairs]))
    called = [(t, p >= 0.5) for t, p in pairs]
    assert found["f1_macro"] == pytest.approx(np.mean([sk.f1_score(*pair) for pair in called]))
    assert found["balanced_accuracy"] == pytest.approx(np.mean([sk.balanced_accuracy_score(*pair) for pair in called]))
    right = ((answers >= 0.5) == (truth == 1)) | np.isnan(truth)
    assert found["exact_match"] == pytest.approx(right.all(axis=1).mean())


def test_a_finding_that_nobody_looked_for_is_left_out(task):
    answers, truth = drawn()
    truth[:, 1] = np.nan
    other = make(Question(kind="multilabel", classes=("mass", "hernia")))
    alone = other.score(list(answers[:, [0, 2]]), list(truth[:, [0, 2]]))
    assert task.score(list(answers), list(truth)) == pytest.approx(alone)
    assert task.operate(list(answers), list(truth))["thresholds"]["nodule"] == 0.5


def test_thresholds_come_from_validation_and_move_decisions_alone(task):
    answers, truth = drawn()
    chosen = task.operate(list(answers), list(truth))
    before, after = task.score(list(answers), list(truth)), task.score(list(answers), list(truth), chosen)
    assert after["balanced_accuracy"] > before["balanced_accuracy"]
    assert after["auroc"] == before["auroc"]
    marks = task.judge(list(answers), list(truth), chosen)
    assert marks.shape == (200, len(task.columns))


def test_strata_decode_and_wrong_input(task):
    assert [task.stratum(np.array(row)) for row in ([0, 0, 0], [0, 1, np.nan], [np.nan] * 3)] == [
        "none",
        "some",
        "none",
    ]
    assert task.decode(torch.zeros(2, 3)).tolist() == [[0.5] * 3] * 2
    with pytest.raises(ShapeError, match="expected \\(B, 3\\)"):
        task.decode(torch.zeros(2, 4))
    for target in (1, None, [0, 1], [0, 1, 2]):
        with pytest.raises(DataError, match="no list of 3 findings"):
            task.labels([target])
    with pytest.raises(DataError, match="outside"):
        task.score([np.array([0.1, 1.4, 0.0])], [np.zeros(3)])
    with pytest.raises(ShapeError, match="answer 0 has shape"):
        task.score([np.zeros(2)], [np.zeros(3)])
    with pytest.raises(UsageError, match="different names"):
        make(Question(kind="multilabel", classes=("a", "a")))
