"""FixMatch: a sure answer on a weak view is the label of a strong view of the same sample.

Source:
    Sohn et al. 2020, FixMatch: simplifying semi-supervised learning with consistency and confidence, NeurIPS,
    equations 3 and 4.
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
from salus.nets.sparse_trunk import SparseTrunk, Views, sparse_recipe
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Recipe
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class FixMatchConfig(Config):
    """Settings.

    Attributes:
        pixels: Side that pictures are brought to.
        widths: Channels of the convolutions.
        row_widths: Units of the dense layers.
        dropout: Before the last layer.
        flip: Pictures may be mirrored left and right.
        confident: Probability from which a sample without label is taken to be of a class.
        unlabelled_weight: Of the strong views.
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
    confident: float = 0.95
    unlabelled_weight: float = 1.0
    complete: Complete = "refuse"
    epochs: int = 200
    samples_per_epoch: int = 4096
    batch_size: int = 128
    learning_rate: float = 3e-4
    average: float = 0.99


class FixMatch(System):
    """A classifier taught by labels and by its own sure answers, which strong views must repeat."""

    card: ClassVar[Card] = Card(
        title="FixMatch",
        authors="after Sohn et al. 2020",
        family="baseline",
        tasks=("classification",),
        inputs=(("image", "Image (C, H, W), few of them with a label"), ("row", "Row, few of them with a label")),
        modalities=("image", "table"),
        review="Not a system of the review: a modern way to learn from samples without label.",
        limits=("needs views that leave the class alone; for rows of a table those are guesses",),
        explain_input="points",
    )
    config_type = FixMatchConfig
    small: ClassVar[FixMatchConfig] = FixMatchConfig(
        widths=(16, 32, 64), row_widths=(64, 32), epochs=16, samples_per_epoch=1600, batch_size=64, learning_rate=3e-3
    )
    tiny: ClassVar[FixMatchConfig] = FixMatchConfig(
        pixels=16, widths=(8,), row_widths=(8,), dropout=0.0, complete="accept", epochs=2, samples_per_epoch=24,
        batch_size=8, learning_rate=3e-3, average=0.5,
    )  # fmt: skip
    config: FixMatchConfig

    def __init__(self, task: Task, config: FixMatchConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.reader = SparseReader(fingerprint, task.question.classes, config.pixels)
        self.encoder = self.reader.space
        self.classifier = SparseTrunk(self.reader, config.widths, config.row_widths, config.dropout)
        self.views = Views(self.reader, flip=config.flip)

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage whose batches are labelled for one half; the last, averaged, weights are kept."""
        assert isinstance(config, FixMatchConfig)  # noqa: S101
        return sparse_recipe(
            config.epochs, config.samples_per_epoch, config.batch_size, config.learning_rate, config.average
        )

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return how samples are read, and how many of each class have a label; errors as `measure_sparse`."""
        assert isinstance(config, FixMatchConfig)  # noqa: S101
        return measure_sparse(train, config.complete)

    def groups(self) -> dict[str, list[torch.nn.Parameter]]:
        """Return the classifier."""
        return {"main": list(self.classifier.parameters())}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `points` and `label`, -1 where there is none; errors as `SparseReader.collate`."""
        return self.reader.collate(samples)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`."""
        return self.classifier(batch.inputs["points"])

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the cross-entropy of labels, and of strong views against the sure answers on weak ones."""
        points, (known, label) = batch.inputs["points"], split_labelled(batch)
        logits = self.classifier(torch.cat([self.views.weak(points), self.views.strong(points)]))
        weak, strong = logits.split(len(points))
        taught = functional.cross_entropy(weak[known], label)
        best, given = torch.softmax(weak.detach(), dim=1).max(dim=1)
        sure = ((best >= self.config.confident) & (batch.target["label"] < 0)).float()
        # The mean is over all rows without label, sure or not, so that the term grows with the network's certainty.
        each = functional.cross_entropy(strong, given, reduction="none") * sure
        repeated = each.sum() / (batch.target["label"] < 0).sum().clamp(min=1)
        loss = taught + self.config.unlabelled_weight * repeated
        yield Objective("loss", loss, log={"cross_entropy": taught.detach(), "sure": sure.mean()})
