"""No score of any task may rise when an answer is taken away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salus.schema.question import Question
from salus.tasks.registry import make, names

TAGS = ("O", "B-a", "I-a", "B-b", "I-b")
QUESTIONS = {
    "binary": Question(kind="classification", classes=("ill", "well"), positive="ill"),
    "several": Question(kind="classification", classes=("a", "b", "c", "d")),
    "ordinal": Question(kind="ordinal", classes=("0", "1", "2", "3", "4")),
    "multilabel": Question(kind="multilabel", classes=("a", "b", "c")),
    "tagging": Question(kind="tagging", classes=TAGS),
    "restoration": Question(kind="restoration", value_range=(-100.0, 300.0)),
    "segmentation": Question(kind="segmentation", classes=("background", "a", "b")),
}


def draw(name, rng):
    """Return answers and truths with ties, hard zeros and every kind of mistake."""
    count = int(rng.integers(3, 14))
    if name == "tagging":
        truth = [rng.integers(0, 5, int(rng.integers(1, 7))) for _ in range(count)]
        return [np.where(rng.random(len(t)) < 0.6, t, rng.integers(-1, 5, len(t))) for t in truth], truth
    if name == "restoration":
        truth = [rng.uniform(-150, 350, (1, 14, 13)) for _ in range(count)]
        return [t + rng.normal(0, float(rng.choice([0, 20, 900])), t.shape) for t in truth], truth
    classes = len(QUESTIONS[name].classes)
    if name == "segmentation":
        masks = [
            rng.choice(3, (3, 5, 6), p=rng.choice([[0.9, 0.1, 0], [1, 0, 0], [0.4, 0.3, 0.3]])) for _ in range(count)
        ]
        wrong = [rng.choice(3, m.shape, p=rng.choice([[1, 0, 0], [0.3, 0.4, 0.3]])) for m in masks]
        answers = [
            np.where(rng.random(m.shape) < rng.choice([0, 0.3, 1]), w, m) for m, w in zip(masks, wrong, strict=True)
        ]
        return answers, [{"label": mask, "spacing_mm": (2.5, 0.7, 0.9)} for mask in masks]
    if name == "multilabel":
        truth = rng.choice([0.0, 1.0, np.nan], (count, classes), p=[0.5, 0.35, 0.15])
        return list(np.round(np.clip(rng.normal(np.nan_to_num(truth), 0.5), 0, 1) * 4) / 4), list(truth)
    truth = rng.integers(0, classes, count)
    table = np.round(rng.dirichlet(np.full(classes, 0.4), count) * 4 + np.eye(classes)[truth], 0)
    table[table.sum(axis=1) == 0] = 1
    return list(table / table.sum(axis=1, keepdims=True)), list(truth)


@pytest.mark.parametrize("name", QUESTIONS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_taking_answers_away_never_helps(name, seed):
    rng = np.random.default_rng(seed)
    task = make(QUESTIONS[name])
    values, truth = draw(name, rng)
    weights = np.vstack([np.ones(len(truth)), rng.integers(0, 3, (3, len(truth)))])
    operating = {
        "temperature": float(rng.choice([1.0, 0.3, 4.0])),
        "threshold": float(rng.random()),
        "thresholds": {"a": 0.3},
    }
    before = task.summarize(task.judge(values, truth, operating), weights)
    assert set(before) == set(task.directions)
    left = list(values)
    for row in rng.permutation(len(left)):
        left[row] = None if rng.random() < 0.5 else np.full(np.shape(left[row]), np.nan)
        after = task.summarize(task.judge(left, truth, operating), weights)
        for metric, direction in task.directions.items():
            defined = np.isfinite(before[metric])
            assert np.array_equal(defined, np.isfinite(after[metric])), metric
            gain = direction * (after[metric] - before[metric])[defined]
            assert (gain <= 1e-9).all(), f"{metric} rose by {gain.max()} when row {row} lost its answer"
        before = after


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_answer_at_all_is_the_worst_score(name):
    rng = np.random.default_rng(7)
    task = make(QUESTIONS[name])
    values, truth = draw(name, rng)
    some, none = task.score(values, truth), task.score([None] * len(truth), truth)
    for metric, direction in task.directions.items():
        assert direction * none[metric] <= direction * some[metric] or np.isnan(none[metric])
        assert np.isnan(none[metric]) or direction < 0 or none[metric] <= 0


def test_every_kind_is_tried_here():
    assert {question.kind for question in QUESTIONS.values()} >= {
        "classification",
        "ordinal",
        "multilabel",
        "tagging",
        "restoration",
    }
    assert set(names()) >= {question.kind for question in QUESTIONS.values()}
