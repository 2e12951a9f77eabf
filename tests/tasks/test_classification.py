import json

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from salus.metrics import ranking
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question
from salus.tasks.classification import Classification
from salus.tasks.ordinal import Ordinal

BINARY = Question(kind="classification", classes=("ill", "well"), positive="ill")
SEVERAL = Question(kind="classification", classes=("a", "b", "c"))


def test_logits_become_probabilities():
    task = Classification(BINARY)
    one = task.decode(torch.tensor([0.0, 50.0]))
    assert one[0] == pytest.approx([0.5, 0.5])
    assert one[1, 1] == pytest.approx(np.exp(-50.0))  # column 0 is the positive class
    assert np.array_equal(task.decode(torch.tensor([[0.0], [50.0]])), one)
    assert task.decode(torch.tensor([[50.0, 0.0]]))[0] == pytest.approx(one[1])
    with pytest.raises(ShapeError, match=r"\(B, 3\)"):
        Classification(SEVERAL).decode(torch.zeros(4))


def test_binary_scores_agree_with_a_second_implementation():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 80)
    ill = np.clip(rng.normal(0.5, 0.2, 80) + 0.2 * (truth == 0), 0.01, 0.99)
    score = Classification(BINARY).score(list(np.column_stack([ill, 1 - ill])), list(truth))
    called = np.where(ill >= 0.5, 0, 1)
    assert score["auroc"] == pytest.approx(reference.roc_auc_score(truth == 0, ill))
    assert score["average_precision"] == pytest.approx(reference.average_precision_score(truth == 0, ill))
    assert score["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(truth, called))
    assert score["f1_macro"] == pytest.approx(reference.f1_score(truth, called, average="macro"))
    assert score["sensitivity"] == pytest.approx(reference.recall_score(truth, called, pos_label=0))
    assert score["specificity"] == pytest.approx(reference.recall_score(truth, called, pos_label=1))
    assert score["brier"] == pytest.approx(reference.brier_score_loss(truth == 0, ill))


def test_scores_of_several_classes_agree_with_a_second_implementation():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 80)
    table = rng.dirichlet(np.ones(3), 80) * 0.5 + 0.5 * np.eye(3)[np.where(rng.random(80) < 0.6, truth, 0)]
    score = Classification(SEVERAL).score(list(table), [{"label": int(t)} for t in truth])
    assert list(score) == ["auroc", "balanced_accuracy", "accuracy", "f1_macro", "brier", "ece"]
    assert score["auroc"] == pytest.approx(reference.roc_auc_score(truth, table, multi_class="ovr", average="macro"))
    assert score["accuracy"] == pytest.approx(reference.accuracy_score(truth, table.argmax(axis=1)))
    ordinal = Ordinal(Question(kind="ordinal", classes=("1", "2", "3"))).score(list(table), list(truth))
    assert ordinal["kappa_quadratic"] == pytest.approx(
        reference.cohen_kappa_score(truth, table.argmax(axis=1), weights="quadratic")
    )
    assert ordinal["auroc"] == score["auroc"]


def test_marks_hold_what_figures_need():
    task = Classification(BINARY)
    values = [np.array([0.9, 0.1]), None, np.array([0.2, 0.8])]
    marks = task.judge(values, [0, 0, 1], {"temperature": 2.0, "threshold": 0.8})
    assert task.columns == ("truth", "answered", "predicted", "p_ill", "p_well")
    assert marks[:, 0].tolist() == [0, 0, 1]
    assert marks[:, 1].tolist() == [1, 0, 1]
    assert marks[:, 2].tolist() == [1, -1, 1]  # 0.9 tempered is 0.75
    assert marks[:, 3] == pytest.approx([0.75, 0, 1 / 3])
    assert task.ranks(marks, 0)[1] == -np.inf
    assert task.ranks(marks, 1)[1] == np.inf
    assert task.judge(values, [0, 0, 1], {"threshold": 0.95, "threshold_at_sensitivity": 0.1})[0, 2] == 1
    chosen = {"threshold": 0.95, "threshold_at_sensitivity": 0.1, "target_sensitivity": 0.95}
    assert task.judge(values, [0, 0, 1], chosen)[0, 2] == 0


def test_answers_beyond_the_last_digit_of_one_keep_their_order():
    task = Classification(Question(kind="classification", classes=("no", "yes")))
    values = list(task.decode(torch.tensor([60.0, 50.0, 40.0, 30.0])))
    assert task.score(values, [1, 1, 0, 0])["auroc"] == 1.0
    assert task.score(values, [1, 1, 0, 0], {"temperature": 0.5})["auroc"] == 1.0


def test_what_is_chosen_on_validation_is_json_and_helps():
    rng = np.random.default_rng(2)
    truth = (rng.random(400) < 0.1).astype(int)
    logit = (rng.normal(size=400) + 2 * truth - 3) * 3
    ill = 1 / (1 + np.exp(-logit))
    task = Classification(Question(kind="classification", classes=("well", "ill")))
    values = [*np.column_stack([1 - ill, ill]), None]
    truths = [*truth.tolist(), 1]
    chosen = json.loads(json.dumps(task.operate(values, truths)))
    assert set(chosen) == {"temperature", "threshold", "threshold_at_sensitivity"}
    plain, tuned = task.score(values[:-1], truths[:-1]), task.score(values[:-1], truths[:-1], chosen)
    assert tuned["balanced_accuracy"] > plain["balanced_accuracy"] + 0.05
    assert tuned["auroc"] == pytest.approx(plain["auroc"])
    kept = task.score(values[:-1], truths[:-1], {**chosen, "target_sensitivity": 0.95})
    assert kept["sensitivity"] >= 0.95
    assert set(Classification(SEVERAL).operate([None, None], [0, 1])) == {"temperature"}
    assert task.operate([None], [1]) == {"temperature": 1.0, "threshold": 0.5, "threshold_at_sensitivity": 0.5}


def test_many_resamples_equal_one_at_a_time():
    rng = np.random.default_rng(3)
    task = Classification(SEVERAL)
    marks = task.judge([*rng.dirichlet(np.ones(3), 29), None], list(rng.integers(0, 3, 30)))
    weights = rng.multinomial(30, np.ones(30) / 30, size=6).astype(np.float32)
    together = task.summarize(marks, weights)
    for row in range(6):
        copies = task.summarize(np.repeat(marks, weights[row].astype(int), axis=0))
        for name, value in copies.items():
            assert together[name][row] == pytest.approx(value[0]), name


def test_a_resample_with_one_class_is_no_number():
    task = Classification(BINARY)
    marks = task.judge([np.array([0.9, 0.1]), np.array([0.2, 0.8])], [0, 1])
    found = task.summarize(marks, np.array([[2.0, 0.0], [1.0, 1.0]]))
    assert np.isnan(found["auroc"][0])
    assert found["auroc"][1] == 1
    assert found["accuracy"][0] == 1


def test_impossible_questions_and_answers_are_refused():
    with pytest.raises(UsageError, match="two different classes"):
        Classification(Question(kind="classification", classes=("a",)))
    with pytest.raises(UsageError, match="not among"):
        Classification(Question(kind="classification", classes=("a", "b"), positive="c"))
    task = Classification(BINARY)
    right = np.array([0.5, 0.5])
    for target in (2, -1, None, {"grade": 1}, float("nan"), "ill"):
        with pytest.raises(DataError, match="no class index"):
            task.judge([right], [target])
    with pytest.raises(DataError, match="softmax"):
        task.judge([np.array([2.0, -1.0])], [0])
    with pytest.raises(ShapeError):
        task.judge([np.array([1.0])], [0])
    with pytest.raises(ShapeError, match="1 answers for 2"):
        task.judge([right], [0, 1])


def test_folds_are_balanced_by_class():
    assert Classification(BINARY).stratum({"label": np.int64(1), "mask": None}) == "well"


def test_curves_can_be_drawn_from_marks_alone():
    task = Classification(BINARY)
    marks = task.judge([np.array([0.9, 0.1]), np.array([0.8, 0.2]), np.array([0.3, 0.7])], [0, 1, 1])
    false_rate, true_rate, _ = ranking.roc_curve(task.ranks(marks, task.positive), marks[:, 0] == task.positive)
    assert np.trapezoid(true_rate, false_rate) == pytest.approx(task.summarize(marks)["auroc"][0])
