"""Mean Teacher: the averaged network teaches the network to answer alike on another view of the same sample.

Source:
    Tarvainen and Valpola 2017, Mean teachers are better role models, NeurIPS, equations 1 and 2.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.sparse_labels import Complete, SparseReader, measure_sparse, split_labelled
from salus.nets.sparse_trunk import SparseTrunk, Views, sparse_recipe
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Recipe
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanTeacherConfig(Config):
    """Settings.

    Attributes:
        pixels: Side that pictures are brought to.
        widths: Channels of the convolutions.
        row_widths: Units of the dense layers.
        dropout: Before the last layer.
        flip: Pictures may be mirrored left and right.
        consistency: Largest weight of the squared distance to the teacher's answer.
        ramp: Share of the steps over which that weight rises.
        decay: Of the teacher's average.
        complete: What to do where every training sample has a label.
        epochs: Of `samples_per_epoch` draws each.
        samples_per_epoch: Samples that count as a pass.
        batch_size: Samples a step, half of them labelled.
        learning_rate: Of Adam.
    """

    pixels: int = 28
    widths: tuple[int, ...] = (64, 128, 256)
    row_widths: tuple[int, ...] = (128, 64)
    dropout: float = 0.3
    flip: bool = True
    consistency: float = 10.0
    ramp: float = 0.3
    decay: float = 0.99
    complete: Complete = "refuse"
    epochs: int = 200
    samples_per_epoch: int = 4096
    batch_size: int = 128
    learning_rate: float = 3e-4


class MeanTeacher(System):
    """A classifier and its average over time, which answers."""

    card: ClassVar[Card] = Card(
        title="Mean teachers are better role models",
        authors="after Tarvainen and Valpola 2017",
        family="baseline",
        tasks=("classification",),
        inputs=(("image", "Image (C, H, W), few of them with a label"), ("row", "Row, few of them with a label")),
        modalities=("image", "table"),
        review="Not a system of the review: a modern way to learn from samples without label.",
        limits=("needs views that leave the class alone; for rows of a table those are guesses",),
        explain_input="points",
    )
    config_type = MeanTeacherConfig
    small: ClassVar[MeanTeacherConfig] = MeanTeacherConfig(
        widths=(16, 32, 64), row_widths=(64, 32), epochs=16, samples_per_epoch=1600, batch_size=64, learning_rate=3e-3
    )
    tiny: ClassVar[MeanTeacherConfig] = MeanTeacherConfig(
        pixels=16, widths=(8,), row_widths=(8,), dropout=0.0, complete="accept", epochs=2, samples_per_epoch=24,
        batch_size=8, learning_rate=3e-3,
    )  # fmt: skip
    config: MeanTeacherConfig

    def __init__(self, task: Task, config: MeanTeacherConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.reader = SparseReader(fingerprint, task.question.classes, config.pixels)
        self.encoder = self.reader.space
        self.classifier = SparseTrunk(self.reader, config.widths, config.row_widths, config.dropout)
        self.views = Views(self.reader, flip=config.flip)
        self.teacher = deepcopy(self.classifier).requires_grad_(False)
        self.steps: Tensor
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage whose batches are labelled for one half; the teacher of the last step answers."""
        assert isinstance(config, MeanTeacherConfig)  # noqa: S101
        return sparse_recipe(config.epochs, config.samples_per_epoch, config.batch_size, config.learning_rate, None)

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return how samples are read, and how many of each class have a label; errors as `measure_sparse`."""
        assert isinstance(config, MeanTeacherConfig)  # noqa: S101
        return measure_sparse(train, config.complete)

    def groups(self) -> dict[str, list[torch.nn.Parameter]]:
        """Return the classifier; the teacher follows without gradients."""
        return {"main": list(self.classifier.parameters())}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `points` and `label`, -1 where there is none; errors as `SparseReader.collate`."""
        return self.reader.collate(samples)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`."""
        return self.teacher(batch.inputs["points"])

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield cross-entropy and the distance to the teacher; the teacher moves before each step."""
        points, (known, label) = batch.inputs["points"], split_labelled(batch)
        self._follow()
        logits = self.classifier(self.views.weak(points))
        taught = functional.cross_entropy(logits[known], label)
        with torch.no_grad():
            goal = torch.softmax(self.teacher.eval()(self.views.weak(points)), dim=1)
        apart = (torch.softmax(logits, dim=1) - goal).square().sum(dim=1).mean()
        yield Objective("loss", taught + self._weight() * apart, log={"cross_entropy": taught.detach(), "apart": apart})
        self.steps += 1

    def settle(self, train: Dataset) -> None:
        """Let the teacher take in the last step."""
        self._follow()

    @torch.no_grad()
    def _follow(self) -> None:
        # Short averages at first, so that the untrained weights are soon forgotten.
        decay = min(self.config.decay, (1 + int(self.steps)) / (10 + int(self.steps)))
        sources = [parameter.detach() for parameter in self.classifier.parameters()]
        torch._foreach_lerp_(list(self.teacher.parameters()), sources, 1.0 - decay)

    def _weight(self) -> float:
        """Return the weight of consistency: exp(-5 (1 - t)^2) of its largest value while it rises."""
        own = self.config
        total = own.epochs * -(-own.samples_per_epoch // own.batch_size)
        position = min(1.0, int(self.steps) / max(1.0, own.ramp * total))
        return own.consistency * math.exp(-5.0 * (1.0 - position) ** 2)
