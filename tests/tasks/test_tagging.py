import numpy as np
import pytest
import torch

from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question
from salus.tasks.tagging import Tagging

QUESTION = Question(kind="tagging", classes=("O", "B-drug", "I-drug", "B-dose", "I-dose"))


def test_scores_by_hand():
    task = Tagging(QUESTION)
    truth = [np.array([1, 2, 0, 3]), np.array([0, 1])]
    #        first span cut short; dose right   nothing found; padding is cut away
    values = [np.array([1, 0, 0, 3]), np.array([0, 0, -1, -1])]
    marks = task.judge(values, truth)
    assert marks[:, :8].tolist() == [[1, 1, 1, 1, 2, 2, 4, 3], [1, 0, 0, 1, 0, 0, 2, 1]]
    score = task.summarize(marks)
    assert score["precision"] == pytest.approx(1 / 2)
    assert score["recall"] == pytest.approx(1 / 3)
    assert score["f1"] == pytest.approx(2 / 5)
    assert score["f1_relaxed"] == pytest.approx(2 * (2 / 3) / (1 + 2 / 3))
    assert score["token_accuracy"] == pytest.approx(4 / 6)
    by_type = task.by_type(marks)
    assert by_type["dose"]["f1"] == 1
    assert by_type["drug"]["f1"] == 0
    assert task.primary == "f1"


def test_a_missing_sentence_misses_all_and_invents_one_span_a_token():
    task = Tagging(QUESTION)
    marks = task.judge([None], [np.array([1, 2, 0, 3])])
    assert dict(zip(task.columns, marks[0], strict=True)) == {
        "answered": 0, "tp": 0, "fp": 4, "fn": 2, "relaxed_found": 0, "relaxed_true": 0, "tokens": 4,
        "tokens_right": 0, "tp_drug": 0, "fp_drug": 4, "fn_drug": 1, "tp_dose": 0, "fp_dose": 4, "fn_dose": 1,
    }  # fmt: skip


def test_a_short_answer_leaves_tokens_untagged():
    task = Tagging(QUESTION)
    score = task.score([np.array([1])], [np.array([1, 0, 3])])
    assert score["token_accuracy"] == pytest.approx(1 / 3)
    assert score["precision"] == 1
    assert score["recall"] == 0.5


def test_nothing_to_find_is_no_number_and_weights_are_copies():
    task = Tagging(QUESTION)
    marks = task.judge([np.array([0, 1]), np.array([1, 0])], [np.array([0, 0]), np.array([1, 1])])
    found = task.summarize(marks, np.array([[1, 0], [1, 2]]))
    assert np.isnan(found["f1"][0])
    assert found["precision"][0] == 0
    assert found["f1"][1] == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))


def test_logits_become_tags():
    task = Tagging(QUESTION)
    logits = torch.eye(5)[[2, 0, 4]][None]
    assert task.decode(logits).tolist() == [[2, 0, 4]]
    assert task.decode(torch.tensor([[2, 0, -1]])).tolist() == [[2, 0, -1]]
    logits[0, 1, 3] = float("nan")
    assert task.decode(logits).tolist() == [[2, -1, 4]]
    with pytest.raises(ShapeError):
        task.decode(torch.zeros(2, 3, 4))


def test_impossible_tags_are_refused():
    with pytest.raises(UsageError, match="IOB2"):
        Tagging(Question(kind="tagging", classes=("drug", "dose")))
    task = Tagging(QUESTION)
    with pytest.raises(DataError, match="tag index 5"):
        task.judge([np.array([5])], [np.array([0])])
    with pytest.raises(DataError, match="none negative"):
        task.judge([np.array([0])], [np.array([-1])])
