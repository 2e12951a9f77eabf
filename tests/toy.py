"""A two-objective system on made-up rows: small enough to train in milliseconds, rich enough to show a broken loop."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.question import Question
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Row, Sample


class ToyTask(Task):
    kind = "toy"
    question = Question(kind="toy")
    primary = "error"
    directions: Mapping[str, int] = {"error": -1}
    columns = ("error",)

    def decode(self, output: Tensor) -> Any:
        return output.numpy()

    def judge(self, values: Sequence[Any], truth: Sequence[Any], operating: Any = None) -> Any:
        return np.array([[1e3 if v is None else abs(float(v) - float(t))] for v, t in zip(values, truth, strict=True)])

    def summarize(self, marks: Any, weights: Any = None) -> Any:
        weights = np.ones((1, len(marks))) if weights is None else weights
        return {"error": (weights @ marks[:, 0]) / weights.sum(1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyConfig(Config):
    epochs: int = 3
    accumulate: int = 1
    ema: float | None = 0.9
    precision: str = "fp32"
    poison: bool = False


class Toy(System):
    card = Card(title="Toy", family="cnn", tasks=("toy",), inputs=(("row", "Row"),), modalities=("table",))
    config_type = ToyConfig
    tiny = small = ToyConfig()
    config: ToyConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.one = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.3), nn.BatchNorm1d(8), nn.Tanh())
        self.two = nn.Linear(8, 1)
        self.settled = nn.Buffer(torch.zeros(1))

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        assert isinstance(config, ToyConfig)
        first = Stage(name="warm", epochs=1, batch_size=8, optimizers={"two": Optimizer(name="sgd", momentum=0.9)})
        both = {"one": Optimizer(name="adamw", learning_rate=1e-2), "two": Optimizer(learning_rate=1e-2)}
        second = Stage(name="both", epochs=config.epochs, batch_size=8, optimizers=both, schedule="cosine", warmup=0.1)
        return Recipe(
            stages=(first, second),
            clip_norm=1.0,
            accumulate=config.accumulate,
            ema=config.ema,
            ema_groups=("one", "two"),
            precision=config.precision,
        )

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {"one": list(self.one.parameters()), "two": list(self.two.parameters())}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        rows = torch.tensor([[float(v) for v in s.inputs["row"].values.values()] for s in samples])
        target = {} if samples[0].target is None else {"y": torch.tensor([float(s.target) for s in samples])}
        return Batch(tuple(s.id for s in samples), {"row": rows}, target)

    def forward(self, batch: Batch) -> Tensor:
        return self.two(self.one(batch.inputs["row"]))[:, 0]

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        error = (self(batch) - batch.target["y"]).square().mean()
        yield Objective("fit", error if not self.config.poison else error * float("nan"), "two")
        if stage == "both":
            yield Objective("shape", (self(batch) - batch.target["y"]).abs().mean(), "one")

    def settle(self, train: Any) -> None:
        self.settled.fill_(float(torch.rand(1)))


class Augmented(Toy):
    def augment(self, sample: Sample, rng: np.random.Generator) -> Sample:
        values = {k: float(v) + rng.normal(0, 0.1) for k, v in sample.inputs["row"].values.items()}
        return Sample(id=sample.id, patient=sample.patient, inputs={"row": Row(values=values)}, target=sample.target)


def toy_data(count: int = 41, seed: int = 0) -> ListDataset:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, 3))
    return ListDataset(
        [
            Sample(
                id=f"s{i}",
                patient=f"p{i}",
                inputs={"row": Row(values={"a": a, "b": b, "c": c})},
                target=float(a - 2 * b),
            )
            for i, (a, b, c) in enumerate(rows.tolist())
        ]
    )


def toy_score(system: System, data: Any) -> dict[str, float]:
    with torch.no_grad():
        answers = system(system.collate([data[i] for i in range(len(data))]))
    return system.task.score(list(answers.numpy()), [data[i].target for i in range(len(data))])
