"""The collapse alarm: a generator driven into collapse sets it off, a healthy one does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.nets.adversarial_curves import adversarial_curves
from salus.nets.adversarial_losses import critic_loss, generator_loss
from salus.nets.adversarial_penalty import gradient_penalty
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Optimizer, Recipe, Stage, Watch, two_rates
from salus.schema.sample import Row, Sample
from salus.train.alarm import alarms, diversity_note
from salus.train.fit import fit
from toy import ToyTask


@dataclass(frozen=True, slots=True, kw_only=True)
class PairConfig(Config):
    epochs: int = 12
    generator_rate: float = 1e-3
    penalty: float = 10.0
    watched: bool = True


class Pair(System):
    """The smallest adversarial pair: points in a plane."""

    card = Card(title="Pair", family="gan", tasks=("toy",), inputs=(("row", "Row"),), modalities=("table",))
    config_type = PairConfig
    config: PairConfig

    def __init__(self, config: PairConfig) -> None:
        super().__init__(ToyTask(), config, {})
        self.generator = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
        self.critic = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        assert isinstance(config, PairConfig)
        rates = two_rates(generator=config.generator_rate, critic=4e-3, betas=(0.5, 0.9))
        stage = Stage(epochs=config.epochs, batch_size=64, optimizers=rates)
        return Recipe(stages=(stage,), watch=Watch() if config.watched else None)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {"generator": list(self.generator.parameters()), "critic": list(self.critic.parameters())}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        rows = torch.tensor([[float(v) for v in s.inputs["row"].values.values()] for s in samples])
        return Batch(tuple(s.id for s in samples), {"row": rows})

    def forward(self, batch: Batch) -> Tensor:
        return self.critic(batch.inputs["row"])[:, 0]

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        real = batch.inputs["row"]
        fake = self.generator(torch.randn(len(real), 2))
        scores = self.critic(real), self.critic(fake.detach())
        loss = critic_loss("hinge", *scores)
        if self.config.penalty:
            loss = loss + self.config.penalty * gradient_penalty(self.critic, real, fake)
        yield Objective("critic", loss, "critic", adversarial_curves(real, fake, *scores))
        yield Objective("generator", generator_loss("hinge", self.critic(fake)), "generator")


def ten_points(count: int = 1280) -> ListDataset:
    """Ten separated modes on a circle."""
    rng = np.random.default_rng(0)
    angle = 2 * np.pi * rng.integers(0, 10, count) / 10
    rows = 2 * np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(0, 0.1, (count, 2))
    return ListDataset(
        [Sample(id=f"s{i}", patient=f"p{i}", inputs={"row": Row(values={"x": x, "y": y})}) for i, (x, y) in
         enumerate(rows.tolist())]
    )  # fmt: skip


def train(folder: Path | None = None, **settings: Any) -> Any:
    torch.manual_seed(0)
    return fit(Pair(PairConfig(**settings)), ten_points(), None, score=lambda *_: {}, folder=folder, events=False)


def test_a_huge_step_without_penalty_collapses_and_is_called_so(tmp_path: Path) -> None:
    result = train(tmp_path, generator_rate=0.3, penalty=0.0)
    assert len(result.alarms) == 1
    assert "stage 'fit': the generator collapsed" in result.alarms[0]
    assert result.history[-1]["diversity"] < 0.25
    head = (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"diversity", "critic_gap", "gradient_generator", "gradient_critic"} <= set(head)


def test_a_healthy_pair_is_left_in_peace() -> None:
    result = train()
    assert result.alarms == ()
    assert result.history[-1]["diversity"] > 0.7


def test_watching_changes_no_weight() -> None:
    ends = []
    for watched in (True, False):
        torch.manual_seed(0)
        system = Pair(PairConfig(epochs=2, watched=watched))
        fit(system, ten_points(), None, score=lambda *_: {})
        ends.append(system.state_dict())
    assert all(torch.equal(tensor, ends[1][name]) for name, tensor in ends[0].items())


def rows(*values: float, stage: str = "fit") -> list[dict[str, Any]]:
    return [{"stage": stage, "epoch": n, "diversity": value} for n, value in enumerate(values, 1)]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.0, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9), ""),  # a start is a start
        ((0.9, 0.9, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9), "from epoch 5 on, in 1 of 6 epochs judged"),
        ((0.9, 0.9, 0.9, 0.2, 0.1, 0.0, 0.0, 0.05), "lowest 0.000, at the end 0.050"),
        ((0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.26), ""),
    ],
)
def test_which_epochs_are_judged(values: tuple[float, ...], said: str) -> None:
    recipe = Recipe(stages=(Stage(epochs=8),), watch=Watch())
    found = alarms(rows(*values), recipe)
    assert bool(found) == bool(said)
    assert all(said in alarm for alarm in found)
    assert alarms(rows(*values), Recipe(stages=(Stage(epochs=8),))) == ()


def test_a_single_epoch_is_judged_and_stages_are_told_apart() -> None:
    recipe = Recipe(stages=(Stage(name="a", epochs=1), Stage(name="b", epochs=1)), watch=Watch(share=0.5))
    found = alarms([*rows(0.4, stage="a"), *rows(0.9, stage="b"), {"stage": "c", "epoch": 3}], recipe)
    assert [alarm[:9] for alarm in found] == ["stage 'a'"]


def test_the_progress_line_says_it() -> None:
    assert diversity_note({"diversity": 0.1}, Watch()) == ["diversity 0.10 (collapsed)"]
    assert diversity_note({"diversity": 0.8}, Watch()) == ["diversity 0.80"]
    assert diversity_note({"diversity": 0.1}, None) == []


def test_two_rates_are_adam_s_for_two_groups() -> None:
    found = two_rates(generator=1e-4, critic=4e-4, decay=0.01)
    assert found["generator"] == Optimizer(learning_rate=1e-4, betas=(0.0, 0.9))
    assert found["critic"] == Optimizer(learning_rate=4e-4, betas=(0.0, 0.9), weight_decay=0.01)
