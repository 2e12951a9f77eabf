"""Ordered classes: cut points tuned for kappa, and the joint chance of the classes from a named one on."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from salus.schema.question import Question
from salus.tasks.ordinal import Ordinal

TASK = Ordinal(Question(kind="ordinal", classes=("0", "1", "2", "3"), positive="2"))


def made(count=300, seed=0, bias=0.0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, count)
    middle = np.clip(truth * 0.6 + 0.3 + bias + rng.normal(0, 0.4, count), 0, 3)
    table = np.exp(-2 * (np.arange(4) - middle[:, None]) ** 2)
    return list(table / table.sum(axis=1, keepdims=True)), truth.tolist()


def test_cuts_raise_kappa_on_the_answers_they_were_tuned_on_and_on_others():
    values, truth = made()
    chosen = TASK.operate(values, truth)
    assert len(chosen["cuts"]) == 3
    assert sorted(chosen["cuts"]) == chosen["cuts"]
    plain = {"temperature": chosen["temperature"]}
    for seed in (0, 1):
        values, truth = made(seed=seed)
        tuned, untuned = TASK.score(values, truth, chosen), TASK.score(values, truth, plain)
        assert tuned["kappa_quadratic"] > untuned["kappa_quadratic"] + 0.02
        assert tuned["auroc"] == untuned["auroc"]
    marks = TASK.judge(values, truth, chosen)
    assert tuned["kappa_quadratic"] == pytest.approx(cohen_kappa_score(truth, marks[:, 2], weights="quadratic"))


def test_the_joint_chance_from_a_class_on_is_ranked():
    values, truth = made(bias=0.2)
    expected = roc_auc_score(np.array(truth) >= 2, np.array(values)[:, 2:].sum(axis=1))
    assert TASK.score(values, truth)["auroc_from"] == pytest.approx(expected)
    assert "auroc_from" not in Ordinal(Question(kind="ordinal", classes=("0", "1", "2"))).directions


def test_missing_answers_never_help_and_are_never_called():
    values, truth = made(60)
    chosen = TASK.operate(values, truth)
    last = TASK.score(values, truth, chosen)
    for place in range(0, 60, 7):
        values[place] = None
        now = TASK.score(values, truth, chosen)
        assert now["kappa_quadratic"] <= last["kappa_quadratic"] + 1e-9
        assert now["auroc_from"] <= last["auroc_from"] + 1e-9
        last = now
    assert TASK.judge(values, truth, chosen)[0, 2] == -1


def test_one_class_in_validation_leaves_the_middles():
    values, _ = made(20)
    assert "cuts" not in TASK.operate(values, [1] * 20)
