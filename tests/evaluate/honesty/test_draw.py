"""Asking a generator: seeds, proportions, marks and refusals."""

from typing import Any

import numpy as np
import pytest
import torch

from generators import Fake, part, row
from salus.contract.generator import Critic, Generator
from salus.evaluate.honesty.draw import condition_of, draw, targets_like
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Sample, Waveform
from salus.systems.baseline.identity import Identity


def test_a_system_with_the_method_is_a_generator_and_no_other() -> None:
    assert isinstance(Fake(row), Generator)
    assert not isinstance(Fake(row), Critic)


def test_equal_seeds_give_equal_samples_and_leave_torch_alone() -> None:
    system = Fake(row)
    system.train()
    before = torch.random.get_rng_state()
    first, again, other = (draw(system, [0, 1] * 200, seed) for seed in (3, 3, 4))
    assert [s.inputs for s in first] == [s.inputs for s in again]
    assert [s.inputs for s in first] != [s.inputs for s in other]
    assert torch.equal(before, torch.random.get_rng_state())
    assert system.training


def test_every_sample_is_marked_and_has_a_name_of_its_own() -> None:
    made = draw(Fake(row), [0, 1] * 200, 5)
    assert len({s.id for s in made}) == len({s.patient for s in made}) == 400
    assert all(s.meta["synthetic"] for s in made)
    assert [s.target for s in made] == [0, 1] * 200


def test_proportions_are_those_of_the_training_part() -> None:
    train = part(row, 30, 0, "t")[:15]
    wanted = targets_like(train, 150, 1)
    assert np.bincount(wanted).tolist() == [80, 70]
    assert targets_like(train, 7, 1) == wanted[:7]


def test_conditions_are_read_from_every_form_of_target() -> None:
    made: list[Any] = [2, np.int64(2), {"label": 2}, {"condition": 2}, 2.5, {"value": 2.5}, None, "word"]
    found = [condition_of(Sample(id="a", patient="a", inputs={}, target=target)) for target in made]
    assert found == [2, 2, 2, 2, 2.5, 2.5, None, None]


def test_a_system_that_makes_nothing_is_named() -> None:
    from salus.schema.question import Question
    from salus.tasks.registry import make

    task = make(Question(kind="restoration", value_range=(0.0, 1.0)))
    with pytest.raises(UsageError, match="Identity makes no synthetic samples"):
        draw(Identity(task, Identity.tiny, {}), [0], 0)


def test_values_that_are_not_finite_are_refused() -> None:
    def broken(target: Any, rng: Any) -> Sample:
        wave = Waveform(array=np.full((1, 4), np.nan), rate_hz=1.0, leads=("a",))
        return Sample(id="x", patient="x", inputs={"waveform": wave}, target=target)

    with pytest.raises(DataError, match="not finite"):
        draw(Fake(broken), [0], 0)
