"""Synthetic samples judged by class: a fresh draw is near 0, a collapse is seen, silence wins nothing."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from generators import beat, part, picture, row
from salus.contract.dataset import ListDataset
from salus.data.asked import ask
from salus.data.entry import Loaded
from salus.data.library import open_data
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Row
from salus.tasks.registry import make
from salus.tasks.synthesis import Synthesis

CLASSES = Question(kind="classification", classes=("even", "odd"))


def asked(maker: Any, count: int, seed: int = 0) -> Loaded:
    return ask(Loaded(dataset=ListDataset(part(maker, count, seed, "s")), question=CLASSES), "synthesis")


def truths(loaded: Loaded) -> list[Any]:
    return [loaded.dataset[i].target for i in range(len(loaded.dataset))]


@pytest.mark.parametrize("maker", [row, beat, picture])
def test_a_fresh_draw_is_close_and_a_shuffled_class_is_not(maker: Any) -> None:
    loaded = asked(maker, 400)
    task = make(loaded.question)
    assert isinstance(task, Synthesis)
    fresh = [task.array(t) for t in truths(asked(maker, 400, seed=1))]
    good = task.score(fresh, truths(loaded))
    assert good["sliced_ks"] < 0.15
    assert good["diversity"] > 0.9
    swapped = task.score([fresh[i ^ 1] for i in range(400)], truths(loaded))
    assert swapped["sliced_ks"] > good["sliced_ks"] + 0.05
    one = task.score([fresh[i % 2] for i in range(400)], truths(loaded))
    assert one["sliced_ks"] > 0.4
    assert one["diversity"] < 0.05


def test_one_direction_is_the_two_sample_statistic_of_scipy() -> None:
    rng = np.random.default_rng(0)
    task = Synthesis(Question(kind="synthesis", columns=(("a", ()),)))
    real = rng.normal(size=60)
    made = np.round(rng.normal(0.5, 1, 60), 1)
    truth = [{"condition": 1.0, "real": Row(values={"a": float(v)})} for v in real]
    found = task.score([np.array([[v], [1.0]]) for v in made], truth)
    assert found["sliced_ks"] == pytest.approx(ks_2samp(made, real).statistic)


def test_weights_are_repetitions() -> None:
    loaded = asked(row, 40)
    task = make(loaded.question)
    values = [task.array(t) for t in truths(asked(row, 40, seed=2))]  # type: ignore[attr-defined]
    marks = task.judge(values, truths(loaded))
    counts = np.random.default_rng(0).integers(0, 3, 40)
    repeated = task.summarize(np.repeat(marks, counts, axis=0))
    weighed = task.summarize(marks, counts[None].astype(float))
    for name in task.directions:
        assert weighed[name] == pytest.approx(repeated[name])


def test_silence_never_helps() -> None:
    loaded = asked(row, 30)
    task = make(loaded.question)
    values: list[Any] = [task.array(t) for t in truths(asked(row, 30, seed=2))]  # type: ignore[attr-defined]
    values[3] = None
    found = task.score(values, truths(loaded))
    assert found == {"sliced_ks": 1.0, "diversity": 0.0}


def test_samples_hold_their_condition_and_the_question_its_words() -> None:
    loaded = asked(row, 30)
    assert dict(loaded.question.columns)["ward"] == ("north", "south", "west")
    assert Question.from_dict(loaded.question.to_dict()) == loaded.question
    sample = loaded.dataset[1]
    assert sample.inputs["condition"].values == {"class": "odd"}
    assert make(loaded.question).stratum(sample.target) == "odd"
    assert make(loaded.question).decode(torch.ones(2, 3)).shape == (2, 3)


def test_any_dataset_can_be_asked() -> None:
    loaded = open_data("wdbc:ask=synthesis")
    assert loaded.question.kind == "synthesis"
    assert len(loaded.question.columns) == 30
    assert isinstance(loaded.dataset[0].target["real"], Row)
    with pytest.raises(UsageError, match="can be asked for synthesis"):
        open_data("wdbc:ask=riddles")


def test_refusals_name_what_is_wrong() -> None:
    task = make(Question(kind="synthesis", columns=(("a", ("x", "y")),)))
    for real, said in ((Row(values={"b": 1.0}), "without column 'a'"), (Row(values={"a": "z"}), "'z' is none of x, y")):
        with pytest.raises(DataError, match=said):
            task.judge([None], [{"condition": 1.0, "real": real}])
    with pytest.raises(DataError, match="ask=synthesis"):
        task.judge([None], [1])
    with pytest.raises(ShapeError, match="answer of shape"):
        task.judge([np.zeros(3)], [{"condition": 1.0, "real": Row(values={"a": "x"})}])
