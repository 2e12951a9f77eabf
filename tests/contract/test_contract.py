"""What every system owes. A new file in `systems/` is tested here with no edit."""

import dataclasses
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from made import make_data
from salus.contract.dataset import ListDataset, Subset
from salus.contract.system import System
from salus.evaluate.predict import answer, score
from salus.explain.attribution import attribute
from salus.schema.config import Config
from salus.store.artifact import load, save
from salus.systems import registry
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.train.run import seed_torch

NAMES = sorted(registry.names())


def built(name: str, seed: int = 0) -> tuple[System, ListDataset]:
    kind = registry.find(name)
    data, question = make_data(kind)
    seed_torch(seed, 77)
    return registry.create(name, make(question), data, kind.tiny), data


@pytest.fixture(scope="module", params=NAMES)
def fitted(request: pytest.FixtureRequest) -> tuple[str, System, ListDataset]:
    """Train one tiny system on made-up data."""
    system, data = built(request.param)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(system, data, Subset(data, range(8)), score=score, seed=3)
    return request.param, system, data


def equal(a: list[Any], b: list[Any], tolerance: float = 1e-4) -> bool:
    return all(np.allclose(x, y, atol=tolerance, rtol=1e-4) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_complete(name: str) -> None:
    kind = registry.find(name)
    card = kind.card
    assert card.title
    assert card.tasks
    assert card.inputs
    assert card.modalities
    assert card.review
    assert card.limits
    assert card.family == registry.family(name)
    if card.family != "baseline":
        assert card.authors
        assert card.deviations


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_settings_that_survive_json(name: str) -> None:
    kind = registry.find(name)
    for config in (kind.config_type(), kind.small, kind.tiny):
        assert isinstance(config, Config)
        assert kind.config_type.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_fingerprint_survives_json_and_learns_nothing_else(fitted: tuple[str, System, ListDataset]) -> None:
    _, system, _ = fitted
    again = json.loads(json.dumps(system.fingerprint))
    twin = type(system)(system.task, system.config, again)
    assert {n: t.shape for n, t in twin.named_parameters()} == {n: t.shape for n, t in system.named_parameters()}


@pytest.mark.parametrize("name", NAMES)
def test_each_objective_is_a_finite_scalar_of_a_known_group(name: str) -> None:
    system, data = built(name)
    recipe = type(system).recipe(system.config)
    system.train()
    batch = system.collate([data[i] for i in range(8)])
    for stage in recipe.stages:
        found = list(system.objectives(batch, stage.name))
        assert found, stage.name
        for objective in found:
            assert objective.loss.ndim == 0
            assert torch.isfinite(objective.loss)
            assert objective.group in system.groups()
            assert objective.group in stage.optimizers


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_give_equal_weights(name: str) -> None:
    pair = []
    for _ in range(2):
        system, data = built(name)
        fit(system, Subset(data, range(12)), None, score=score, seed=5)
        pair.append(system.state_dict())
    assert all(torch.equal(tensor, pair[1][key]) for key, tensor in pair[0].items())


def test_save_then_load_gives_equal_answers(fitted: tuple[str, System, ListDataset], tmp_path: Path) -> None:
    name, system, data = fitted
    before = answer(system, data)
    save(system, tmp_path / "run")
    artifact = load(tmp_path / "run")
    assert artifact.name == name
    assert equal(before, answer(artifact.system, data), 0.0)


def test_company_and_order_change_no_answer(fitted: tuple[str, System, ListDataset]) -> None:
    _, system, data = fitted
    together = answer(system, data)
    alone = answer(system, data, batch_size=1)
    back = answer(system, Subset(data, range(len(data) - 1, -1, -1)))[::-1]
    together, alone, back = ([np.atleast_1d(value) for value in found] for found in (together, alone, back))
    assert all(len(value) for value in together)
    short = [t[: len(a)] for t, a in zip(together, alone, strict=True)]
    assert equal(short, alone, 2e-3)
    assert equal(together, back, 2e-3)


def test_collate_reads_no_weights(fitted: tuple[str, System, ListDataset]) -> None:
    name, _, data = fitted
    system, _ = built(name)
    first = system.collate([data[i] for i in range(4)])
    with torch.no_grad():
        for parameter in system.parameters():
            parameter.fill_(float("nan"))
    second = system.collate([data[i] for i in range(4)])
    assert all(torch.equal(t.nan_to_num(), second.inputs[n].nan_to_num()) for n, t in first.inputs.items())


def test_a_sample_without_target_is_answered(fitted: tuple[str, System, ListDataset]) -> None:
    _, system, data = fitted
    bare = ListDataset([dataclasses.replace(data[i], target=None) for i in range(3)])
    assert equal(answer(system, bare), answer(system, Subset(data, range(3))), 0.0)


def test_attributions_have_the_input_s_shape(fitted: tuple[str, System, ListDataset]) -> None:
    _, system, data = fitted
    found = attribute(system, data[0], exam=False)
    assert found.values.shape == found.input.shape
    assert np.isfinite(found.values).all()


@pytest.mark.parametrize("name", [n for n in NAMES if registry.family(n) != "baseline"])
def test_one_small_batch_can_be_overfitted(name: str) -> None:
    system, data = built(name)
    few = Subset(data, range(6))
    before = score(system, few)
    kind = type(system)
    longer = {f.name: 25 for f in dataclasses.fields(kind.config_type) if f.name in ("epochs", "finetune_epochs")}
    seed_torch(0, 77)
    system = registry.create(name, system.task, few, kind.tiny.replace(longer))
    fit(system, few, None, score=score, seed=0)
    after = score(system, few)
    task = system.task
    sign = task.directions[task.primary]
    assert sign * after[task.primary] >= sign * before[task.primary]
