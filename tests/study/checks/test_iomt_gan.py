"""Checks of the study on made-up trainings: use, minority classes, refusals, and arms side by side."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from generators import Fake, beat, part, row
from salus.contract.dataset import ListDataset
from salus.evaluate.honesty import encoder, likeness, use
from salus.schema.errors import ConfigError
from salus.study.checks.iomt_gan import beside, minority, refused, useful


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "STEPS", 30)
        patch.setattr(likeness, "TREES", 10)
        patch.setattr(use, "TREES", 20)
        yield


def context(maker: Any, source: Any, rare: int = 300, **options: Any) -> Any:
    train, test = (ListDataset(part(source, 300, seed, stem)) for seed, stem in ((0, "t"), (1, "c")))
    train = ListDataset([sample for n, sample in enumerate(train.samples) if n % 2 == 0 or n < rare])
    cell = SimpleNamespace(seed=0, fold=0, system=Fake(maker), train=train, test=test)
    classes = SimpleNamespace(question=SimpleNamespace(classes=("even", "odd")))
    named = SimpleNamespace(data="made_up")
    return SimpleNamespace(
        options=options,
        systems=lambda part, arm: iter([cell]),
        part=lambda name: named,
        dataset=lambda name: classes,
    )


def noise(target: Any, rng: np.random.Generator) -> Any:
    """Return a beat of the other class."""
    import dataclasses

    return dataclasses.replace(beat(1 - target, rng), target=target)


def test_use_on_unseen_records_is_met_by_true_beats_and_not_by_swapped_ones() -> None:
    good = useful(context(beat, beat, part="a", arm="b"))
    assert good[0].met is True
    assert "even" in good[1].figure
    assert useful(context(noise, beat, part="a", arm="b"))[0].met is False
    assert useful(context(noise, beat, part="a", arm="b", must=False))[0].met is None


def test_minority_arms_are_all_printed() -> None:
    rows = minority(context(beat, beat, rare=80, part="a", arm="b"))
    assert [r.text.split(", ")[-1] for r in rows] == [
        "real samples as they are", "class weights", "SMOTE", "synthetic samples added",
    ]  # fmt: skip
    assert all(r.met is None and "macro" in r.figure for r in rows)
    assert len(minority(context(beat, beat, part="a", arm="b"))) == 4  # nothing is rare, nothing is added


def test_a_collapsed_and_a_copying_generator_are_refused() -> None:
    assert [r.met for r in refused(context(row, row, part="a", arm="b"))] == [True, True]


def test_arms_side_by_side() -> None:
    (line,) = beside(context(row, row, part="a", arms=["b"]))
    assert line.kind == "R"
    assert "1 of 1 seeds released" in line.figure


def test_options_are_checked() -> None:
    with pytest.raises(ConfigError, match="`part` and `arm` are needed"):
        useful(context(row, row))
    with pytest.raises(ConfigError, match="unknown option 'seeds'"):
        minority(context(row, row, part="a", arm="b", seeds=2))
    with pytest.raises(ConfigError, match="`arms` are needed"):
        beside(context(row, row, part="a"))
