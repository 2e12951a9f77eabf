"""Generators without a network, so that the audit meets each fault on purpose: honest, copying, collapsed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.system import System
from salus.contract.task import Task
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.question import Question
from salus.schema.sample import Image, Row, Sample, Waveform
from salus.tasks.registry import make

MIXTURE = Question(kind="classification", classes=("even", "odd"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoConfig(Config):
    pass


class Fake(System):
    """Answers nothing; makes samples as its maker says."""

    card = Card(title="Fake", family="gan", tasks=("classification",), inputs=(("row", "Row"),), modalities=("table",))
    config_type = NoConfig

    def __init__(self, maker: Any, task: Task | None = None) -> None:
        super().__init__(task or make(MIXTURE), NoConfig(), {})
        self.maker, self.weight = maker, nn.Parameter(torch.zeros(1))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        return Batch(tuple(s.id for s in samples), {"x": torch.zeros(len(samples), 1)})

    def forward(self, batch: Batch) -> Tensor:
        return batch.inputs["x"] * self.weight

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        yield Objective("none", self(batch).sum())

    def synthesize(self, targets: Sequence[Any]) -> list[Sample]:
        rng = np.random.default_rng(int(torch.randint(2**31, (1,))))
        wanted = [int(rng.integers(2)) if target is None else target for target in targets]
        return [self.maker(target, rng) for target in wanted]


def row(target: Any, rng: np.random.Generator) -> Sample:
    """Draw a mixed row: two centres by class, skewed and correlated numbers, a word that depends on the class."""
    a = rng.normal(1.5 * target, 1.0)
    numbers = {"a": a, "b": 0.8 * a + rng.normal(0, 0.6), "c": float(rng.lognormal(0, 0.5)), "d": rng.normal(0, 3.0)}
    ward = str(rng.choice(["north", "south", "west"], p=[0.6, 0.3, 0.1] if target else [0.2, 0.3, 0.5]))
    return Sample(id="x", patient="x", inputs={"row": Row(values={**numbers, "ward": ward})}, target=int(target))


def beat(target: Any, rng: np.random.Generator) -> Sample:
    """Draw a series `(1, 64)`: a peak whose width depends on the class, with jitter, gain and drift of its own."""
    time = np.arange(64)
    peak = rng.normal(32, 2)
    wave = rng.uniform(0.8, 1.2) * np.exp(-(((time - peak) / (2 + 4 * target + rng.uniform(0, 1.5))) ** 2))
    wave += 0.3 * np.sin(time / rng.uniform(8, 14) + rng.uniform(0, 6)) + rng.normal(0, 0.03, 64)
    item = Waveform(array=wave[None].astype(np.float32), rate_hz=90.0, leads=("MLII",), units=("mV",))
    return Sample(id="x", patient="x", inputs={"waveform": item}, target=int(target))


def picture(target: Any, rng: np.random.Generator) -> Sample:
    """Draw an image `(1, 16, 16)`: a blob in a place of its own, larger in class one, on a slope of grey."""
    y, x = np.mgrid[:16, :16]
    centre = rng.uniform(4, 12, 2)
    radius = 2.0 + 1.8 * target + rng.uniform(0, 0.8)
    field = 60 + 3 * rng.normal() * x + 3 * rng.normal() * y
    field += 120 * np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / (2 * radius**2)) + rng.normal(0, 5, (16, 16))
    item = Image(array=field.clip(0, 255).astype(np.uint8)[None], unit="uint8")
    return Sample(id="x", patient="x", inputs={"image": item}, target=int(target))


def part(maker: Any, count: int, seed: int, stem: str) -> list[Sample]:
    """Draw a part of a made-up data set with classes in turn."""
    rng = np.random.default_rng(seed)
    made = [maker(number % 2, rng) for number in range(count)]
    return [Sample(id=f"{stem}{n}", patient=f"{stem}{n}", inputs=s.inputs, target=s.target) for n, s in enumerate(made)]
