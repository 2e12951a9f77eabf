"""The quantiles of the training part's numbers, whatever the row: what any model of a number must beat.

Source: none; the empirical distribution without inputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.targets import check_targets, target_tensors
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample

GRID = 101
"""Quantiles kept, at even levels from 0 to 1."""


class TrainingQuantiles(System):
    """Answers every sample with the training part's median, or with the quantiles that the question asks for."""

    card = Card(
        title="Quantiles of the training part",
        family="baseline",
        tasks=("regression",),
        inputs=(("any", "not read"),),
        modalities=("table", "image", "volume", "signal", "text", "record"),
        review="Not in the review; the floor of every comparison of numbers.",
        advantages=("Its interval covers what it says, on average",),
        limits=("Tells no two patients apart",),
        differentiable=False,
    )
    config_type: ClassVar[type[Config]] = Config

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        levels = np.asarray(getattr(task, "levels", (0.5,)))
        found = np.interp(levels, np.linspace(0, 1, GRID), fingerprint["quantiles"])
        self.register_buffer("answer", torch.from_numpy(found))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Keep the ids and numbers; the inputs are not read."""
        target = target_tensors(samples, self.task.question)
        return Batch(tuple(sample.id for sample in samples), {"nothing": torch.zeros(len(samples), 1)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return the median `(B,)`, or quantiles `(B, Q)`."""
        answer = self.get_buffer("answer").expand(len(batch), -1) + batch.inputs["nothing"]
        return answer[:, 0] if answer.shape[1] == 1 else answer

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: the quantiles are counted, not learned by steps."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Take the quantiles of the training part.

        Raises:
            DataError: A sample without a number, or numbers that are all alike.
        """
        samples = [train[i] for i in range(len(train))]
        check_targets(samples)
        values = [s.target["value"] if isinstance(s.target, Mapping) else s.target for s in samples]
        return {"quantiles": np.quantile(np.asarray(values, dtype=float), np.linspace(0, 1, GRID)).tolist()}
