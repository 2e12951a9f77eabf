"""The task of verification: worked metrics, strangers, missing answers, errors."""

import numpy as np
import pytest
import torch

from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question
from salus.tasks.registry import make

TASK = make(Question(kind="verification", classes=("ann", "bob", "cy")))
GOOD = [np.array(row, dtype=float) for row in ([0.9, 0.1, 0.2], [0.0, 0.8, 0.3], [0.1, 0.2, 0.7])]


def test_everybody_known_is_perfect() -> None:
    found = TASK.score(GOOD, [0, 1, {"label": 2}], {"threshold": 0.5})
    assert found == {
        "eer": 0.0, "auroc": 1.0, "identification": 1.0, "false_accept_rate": 0.0, "false_reject_rate": 0.0
    }  # fmt: skip
    loose = TASK.score(GOOD, [0, 1, 2], {"threshold": 0.25})
    assert loose["false_accept_rate"] == pytest.approx(1 / 6)


def test_a_stranger_has_impostor_scores_only() -> None:
    found = TASK.score([*GOOD, np.array([0.95, 0.1, 0.1])], [0, 1, 2, -1], {"threshold": 0.5})
    assert found["false_accept_rate"] == pytest.approx(1 / 9)
    assert found["identification"] == 1.0
    assert 0 < found["eer"] < 0.2


def test_a_missing_answer_counts_as_the_worst() -> None:
    for gap in (None, np.array([np.nan, 0, 0])):
        found = TASK.score([GOOD[0], gap, GOOD[2]], [0, 1, 2], {"threshold": 0.5})
        assert found["identification"] == pytest.approx(2 / 3)
        assert found["false_reject_rate"] == pytest.approx(1 / 3)
        assert found["false_accept_rate"] == pytest.approx(2 / 6)
        assert found["eer"] == pytest.approx(1 / 3)
    nothing = TASK.score([None] * 3, [0, 1, 2])
    assert nothing["eer"] == 1.0
    assert nothing["auroc"] == 0.0


def test_the_threshold_comes_from_validation_and_ignores_gaps() -> None:
    threshold = TASK.operate([*GOOD, None], [0, 1, 2, 0])["threshold"]
    assert 0.3 < threshold <= 0.7


def test_weights_stand_for_people_drawn_again() -> None:
    marks = TASK.judge([*GOOD[:2], GOOD[0]], [0, 1, 2], {"threshold": 0.5})
    both = TASK.summarize(marks, np.array([[1, 1, 1], [2, 1, 0]]))
    assert both["identification"].tolist() == pytest.approx([2 / 3, 1.0])
    assert both["eer"][1] == 0.0
    assert TASK.stratum(2) == "cy"
    assert TASK.stratum(-1) == "stranger"


def test_bad_input_is_named() -> None:
    with pytest.raises(UsageError, match="at least two"):
        make(Question(kind="verification", classes=("ann",)))
    with pytest.raises(DataError, match="none of the 3 enrolled"):
        TASK.judge(GOOD[:1], [3])
    with pytest.raises(DataError, match="none of the 3 enrolled"):
        TASK.judge(GOOD[:1], [True])
    with pytest.raises(ShapeError, match="a score for each of 3"):
        TASK.judge([np.zeros(2)], [0])
    with pytest.raises(ShapeError, match="give one"):
        TASK.judge(GOOD, [0])
    with pytest.raises(ShapeError, match="expected \\(B, 3\\)"):
        TASK.decode(torch.zeros(2, 4))
