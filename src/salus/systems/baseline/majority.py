"""The class shares of the training part, whatever the input: what any classifier must beat.

Source: none; the maximum-likelihood categorical distribution without inputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.tabular import count_labels, label_tensor
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.sample import Sample


class Majority(System):
    """Answers every sample with the training part's class shares."""

    card = Card(
        title="Class shares of the training part",
        family="baseline",
        tasks=("classification",),
        inputs=(("any", "not read"),),
        modalities=("table", "image", "volume", "signal", "text", "record"),
        review="Not in the review; the floor of every comparison.",
        advantages=("Perfectly calibrated on average", "Shows what accuracy an unbalanced set gives for nothing"),
        limits=("Tells no two patients apart: its AUROC is 0.5",),
        differentiable=False,
    )
    config_type: ClassVar[type[Config]] = Config

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = task.question.classes
        counts = torch.tensor(fingerprint["counts"], dtype=torch.float64)
        if len(counts) > len(self.classes):
            raise DataError(f"labels up to {len(counts) - 1}, but the question has {len(self.classes)} classes")
        padded = torch.zeros(len(self.classes), dtype=torch.float64)
        padded[: len(counts)] = counts
        # One imagined sample spread over all classes keeps a class that never occurred from being impossible.
        smoothed = (padded + 1 / len(self.classes)) / (padded.sum() + 1)
        self.register_buffer("log_shares", smoothed.log().float())

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Keep the ids and labels; the inputs are not read."""
        labels = label_tensor(samples, self.classes)
        return Batch(
            tuple(sample.id for sample in samples),
            {"nothing": torch.zeros(len(samples), 1)},
            {} if labels is None else {"label": labels},
        )

    def forward(self, batch: Batch) -> Tensor:
        """Return the log class shares `(B, K)`."""
        shares = self.get_buffer("log_shares")
        return shares + batch.inputs["nothing"].to(shares.dtype)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: the shares are counted, not learned by steps."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Count the labels of the training part."""
        return {"counts": count_labels(train)}
