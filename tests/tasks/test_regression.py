"""Numbers and forecasts: figures by hand, and no figure that rises when an answer goes missing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question
from salus.tasks.registry import make

LEVELS = ("0.1", "0.5", "0.9")
QUESTIONS = {
    "number": Question(kind="regression", value_range=(0.0, 500.0), unit="mg/dL"),
    "quantiles": Question(kind="regression", value_range=(-50.0, 50.0), classes=LEVELS),
    "forecast": Question(kind="forecasting", value_range=(0.0, 500.0), unit="mg/dL"),
    "quantile forecast": Question(kind="forecasting", value_range=(0.0, 500.0), unit="mg/dL", classes=LEVELS),
}


def draw(name: str, rng: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return answers (some far outside the range) and truths (some equal, some at the ends, some not measured)."""
    question, count = QUESTIONS[name], int(rng.integers(3, 12))
    low, high = question.value_range or (0.0, 0.0)
    length = 4 if question.kind == "forecasting" else 1
    truth = np.round(rng.uniform(low, high, (count, length)), -1)
    truth = np.clip(truth, low, high)
    if length > 1:
        truth[rng.random(truth.shape) < 0.2] = np.nan
        truth[:, 0] = np.clip(np.nan_to_num(truth[:, 0], nan=low), low, high)
    size = float(rng.choice([0.0, 20.0, 2000.0]))
    answer = np.nan_to_num(truth, nan=100.0) + rng.normal(0, size, truth.shape)
    if question.classes:
        answer = np.sort(answer[..., None] + rng.normal(0, size, (*truth.shape, 3)), axis=-1)
    if length == 1:
        return list(answer[:, 0]), list(truth[:, 0])
    return list(answer), list(truth)


@pytest.mark.parametrize("name", QUESTIONS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_taking_answers_away_never_helps(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    task = make(QUESTIONS[name])
    values, truth = draw(name, rng)
    weights = np.vstack([np.ones(len(truth)), rng.integers(0, 3, (3, len(truth)))])
    before = task.summarize(task.judge(values, truth), weights)
    assert set(before) == set(task.directions)
    left: list[np.ndarray | None] = list(values)
    for row in rng.permutation(len(left)):
        left[row] = None if rng.random() < 0.5 else np.full(np.shape(values[row]), np.nan)
        after = task.summarize(task.judge(left, truth), weights)
        for metric, direction in task.directions.items():
            defined = np.isfinite(before[metric])
            assert np.array_equal(defined, np.isfinite(after[metric])), metric
            gain = direction * (after[metric] - before[metric])[defined]
            assert (gain <= 1e-9).all(), f"{metric} rose by {gain.max()} when row {row} lost its answer"
        before = after


def test_figures_by_hand() -> None:
    task = make(QUESTIONS["number"])
    truth = [100.0, {"value": 200.0}, 300.0]
    found = task.score([np.array(110.0), np.array([150.0]), None], truth)
    errors = np.array([10.0, 50.0, 300.0])
    assert found["mae"] == pytest.approx(errors.mean())
    assert found["rmse"] == pytest.approx(np.sqrt((errors**2).mean()))
    assert found["r2"] == pytest.approx(1 - (errors**2).sum() / 20_000)
    assert found["clarke_a"] == pytest.approx(1 / 3)
    assert found["clarke_ab"] == pytest.approx(2 / 3)


def test_a_perfect_answer_is_the_best_score() -> None:
    for name, question in QUESTIONS.items():
        task = make(question)
        values, truth = draw(name, np.random.default_rng(3))
        exact = [np.nan_to_num(np.asarray(t, dtype=float), nan=100.0) for t in truth]
        if task.question.classes:
            exact = [np.repeat(np.atleast_1d(e)[..., None], 3, axis=-1) for e in exact]
            exact = [e[0] if task.kind == "regression" else e for e in exact]
        found = task.score(exact, truth)
        assert found["mae"] == found["rmse"] == 0
        assert found["r2"] == 1
        assert found.get("crps", 0) == 0
        assert found.get("clarke_a", 1) == 1
        assert task.score(values, truth)["mae"] >= 0


def test_an_interval_is_judged_by_coverage_and_width() -> None:
    task = make(Question(kind="regression", classes=("0.1", "0.5", "0.9"), unit="min", value_range=(0.0, 600.0)))
    answers = [np.array([50.0, 100.0, 150.0]), np.array([50.0, 100.0, 150.0]), np.array([160.0, 100.0, 150.0]), None]
    found = task.score(answers, [150.0, 151.0, 155.0, 300.0])
    assert task.primary == "mae"
    assert found["interval_coverage"] == 1 / 4  # an end belongs to it; crossed ends hold nothing
    assert found["interval_width"] == (100 + 100 + 0 + 600) / 4
    assert found["mae"] == (50 + 51 + 55 + 300) / 4


def test_weights_count_rows_as_often() -> None:
    task = make(QUESTIONS["forecast"])
    values, truth = draw("forecast", np.random.default_rng(0))
    marks = task.judge(values, truth)
    twice = task.judge([*values, values[0]], [*truth, truth[0]])
    weights = np.ones((1, len(truth)))
    weights[0, 0] = 2
    for name, value in task.summarize(marks, weights).items():
        assert value == pytest.approx(task.summarize(twice)[name], nan_ok=True)


def test_what_cannot_be_judged_is_refused() -> None:
    task = make(QUESTIONS["number"])
    for target, words in ((float("nan"), "not finite"), ("high", "not one number"), (900.0, "900 lies outside")):
        with pytest.raises(DataError, match=words):
            task.judge([np.array(1.0)], [target])
    with pytest.raises(ShapeError):
        task.judge([np.array([1.0, 2.0])], [100.0])
    with pytest.raises(ShapeError):
        task.judge([], [100.0])
    forecast = make(QUESTIONS["forecast"])
    with pytest.raises(DataError, match="no future value"):
        forecast.judge([None], [np.full(4, np.nan)])
    with pytest.raises(ShapeError):
        forecast.judge([np.ones(3)], [np.ones(4)])
    for question in (
        Question(kind="regression"),
        Question(kind="regression", value_range=(1.0, 1.0)),
        Question(kind="regression", value_range=(0.0, 1.0), classes=("0.1", "0.9")),
        Question(kind="forecasting", value_range=(0.0, 1.0), classes=("low", "high")),
    ):
        with pytest.raises(UsageError):
            make(question)


def test_decode_keeps_the_numbers() -> None:
    assert make(QUESTIONS["forecast"]).decode(torch.tensor([[1.5, 2.0]])).tolist() == [[1.5, 2.0]]
