import numpy as np
import pytest
import torch

from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question
from salus.tasks.restoration import Restoration

QUESTION = Question(kind="restoration", value_range=(-160.0, 240.0), unit="HU")


def test_only_the_window_counts():
    task = Restoration(QUESTION)
    truth = np.full((1, 16, 16), -1000.0)
    assert task.score([np.full((1, 16, 16), -400.0)], [truth])["rmse"] == 0
    score = task.score([np.full((1, 16, 16), -140.0)], [truth])
    assert score["rmse"] == pytest.approx(20)
    assert score["psnr"] == pytest.approx(20 * np.log10(400 / 20))


def test_a_missing_image_gets_what_no_image_can_undercut():
    task = Restoration(QUESTION)
    missing = task.score([None], [np.zeros((1, 16, 16))])
    assert missing == {
        "psnr": 0,
        "ssim": -1,
        "rmse": 400,
        "gradient_error": pytest.approx(400 / np.sqrt(2)),
        "noise_power_distance": 1,
    }
    checks = np.indices((16, 16)).sum(axis=0)[None] // 2 % 2
    worst = task.score([np.where(checks, 1e9, -1e9)], [np.where(checks, -1e9, 1e9)])
    for name, direction in task.directions.items():
        assert direction * worst[name] >= direction * missing[name]


def test_answers_keep_their_unit_and_weights_average_images():
    task = Restoration(QUESTION)
    assert task.decode(torch.full((2, 1, 4, 4), 7.0)).tolist() == np.full((2, 1, 4, 4), 7.0).tolist()
    truth = [np.zeros((1, 12, 12))] * 2
    marks = task.judge([truth[0] + 10, truth[0] + 40], truth)
    assert task.summarize(marks, np.array([[3, 1]]))["rmse"] == pytest.approx((3 * 10 + 40) / 4)


def test_impossible_questions_and_images_are_refused():
    with pytest.raises(UsageError, match="value_range"):
        Restoration(Question(kind="restoration"))
    task = Restoration(QUESTION)
    with pytest.raises(ShapeError, match="same shape"):
        task.judge([np.zeros((1, 4, 4))], [np.zeros((1, 4, 5))])
    with pytest.raises(DataError, match="not finite"):
        task.judge([np.zeros((1, 4, 4))], [np.full((1, 4, 4), np.nan)])
