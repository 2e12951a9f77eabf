"""Self-training: a classifier labels what it is sure of and learns from it, round after round.

Source:
    Lee 2013, Pseudo-Label: the simple and efficient semi-supervised learning method for deep neural networks, ICML
    workshop; with rounds in place of a ramp of the second loss.
"""

from collections.abc import Iterator, Mapping, Sequence
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
from salus.nets.sparse_trunk import SparseTrunk, Teachers, Views, round_of, sparse_recipe
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Recipe
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTrainingConfig(Config):
    """Settings.

    Attributes:
        pixels: Side that pictures are brought to.
        widths: Channels of the convolutions.
        row_widths: Units of the dense layers.
        dropout: Before the last layer.
        flip: Pictures may be mirrored left and right.
        confident: Probability from which a sample without label is taken to be of a class.
        rounds: How often samples are given labels anew.
        unlabelled_weight: Of the samples that were given a label.
        complete: What to do where every training sample has a label.
        epochs: Of `samples_per_epoch` draws each.
        samples_per_epoch: Samples that count as a pass.
        batch_size: Samples a step, half of them labelled.
        learning_rate: Of Adam.
        average: Decay of the averaged weights that answer.
    """

    pixels: int = 28
    widths: tuple[int, ...] = (64, 128, 256)
    row_widths: tuple[int, ...] = (128, 64)
    dropout: float = 0.3
    flip: bool = True
    confident: float = 0.9
    rounds: int = 5
    unlabelled_weight: float = 1.0
    complete: Complete = "refuse"
    epochs: int = 200
    samples_per_epoch: int = 4096
    batch_size: int = 128
    learning_rate: float = 3e-4
    average: float = 0.99


class SelfTraining(System):
    """A classifier taught by labels and by its own sure answers of the round before."""

    card: ClassVar[Card] = Card(
        title="Self-training with confident labels",
        authors="after Lee 2013",
        family="baseline",
        tasks=("classification",),
        inputs=(("image", "Image (C, H, W), few of them with a label"), ("row", "Row, few of them with a label")),
        modalities=("image", "table"),
        review="Not a system of the review: the simplest way to learn from samples without label.",
        limits=("repeats its own mistakes with growing certainty",),
        explain_input="points",
    )
    config_type = SelfTrainingConfig
    small: ClassVar[SelfTrainingConfig] = SelfTrainingConfig(
        widths=(16, 32, 64),
        row_widths=(64, 32),
        confident=0.95,
        epochs=16,
        samples_per_epoch=1600,
        batch_size=64,
        learning_rate=3e-3,
    )
    tiny: ClassVar[SelfTrainingConfig] = SelfTrainingConfig(
        pixels=16, widths=(8,), row_widths=(8,), dropout=0.0, complete="accept", epochs=2, samples_per_epoch=24,
        batch_size=8, rounds=2, learning_rate=3e-3, average=0.5,
    )  # fmt: skip
    config: SelfTrainingConfig

    def __init__(self, task: Task, config: SelfTrainingConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.reader = SparseReader(fingerprint, task.question.classes, config.pixels)
        self.encoder = self.reader.space
        self.classifier = SparseTrunk(self.reader, config.widths, config.row_widths, config.dropout)
        self.views = Views(self.reader, flip=config.flip)
        self.teachers = Teachers([self.classifier], self.views, least=config.confident, agree=False)
        self.steps: Tensor
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage whose batches are labelled for one half; the last, averaged, weights are kept."""
        assert isinstance(config, SelfTrainingConfig)  # noqa: S101
        return sparse_recipe(
            config.epochs, config.samples_per_epoch, config.batch_size, config.learning_rate, config.average
        )

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return how samples are read, and how many of each class have a label; errors as `measure_sparse`."""
        assert isinstance(config, SelfTrainingConfig)  # noqa: S101
        return measure_sparse(train, config.complete)

    def groups(self) -> dict[str, list[torch.nn.Parameter]]:
        """Return the classifier; its teacher stands still."""
        return {"main": list(self.classifier.parameters())}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `points` and `label`, -1 where there is none; errors as `SparseReader.collate`."""
        return self.reader.collate(samples)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`."""
        return self.classifier(batch.inputs["points"])

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the cross-entropy of labels, and of the labels that the last round gave."""
        own, (known, label) = self.config, split_labelled(batch)
        points = batch.inputs["points"]
        loss = taught = functional.cross_entropy(self.classifier(self.views.weak(points[known])), label)
        number, begins = round_of(int(self.steps), own.epochs, own.samples_per_epoch, own.batch_size, own.rounds)
        if begins:
            self.teachers.learn([self.classifier])
        if number:
            given = torch.where(batch.target["label"] < 0, self.teachers.label(points), -1)
            rest = (given >= 0).nonzero()[:, 0]
            if len(rest):
                logits = self.classifier(self.views.weak(points[rest]))
                loss = loss + own.unlabelled_weight * functional.cross_entropy(logits, given[rest])
        self.steps += 1
        yield Objective("loss", loss, log={"cross_entropy": taught.detach()})
