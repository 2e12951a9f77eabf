import numpy as np
import pytest

from salus.study.checks.semi_gan import at_one_half, recall_at


def test_the_default_point_takes_the_likeliest_class_and_leaves_missing_answers_missing() -> None:
    # truth, answered, predicted at a threshold of 0.9, probability of each class
    marks = np.array([[1, 1, 0, 0.3, 0.7], [0, 1, 0, 0.8, 0.2], [1, 0, -1, 1.0, 0.0]])
    assert at_one_half(marks)[:, 2].tolist() == [1, 0, -1]
    assert marks[0, 2] == 0


def test_recall_at_a_specificity_counts_by_hand() -> None:
    others = np.arange(10) / 10  # 0.0 ... 0.9
    true = np.array([0.85, 0.95, 0.99, 0.1])
    score = np.concatenate([others, true])
    truth = np.arange(14) >= 10
    assert recall_at(score, truth, 0.9) == pytest.approx(3 / 4)  # one of ten others stands above 0.8
    assert recall_at(score, truth, 1.0) == pytest.approx(2 / 4)
