"""A random forest on a table: many trees, each grown on its own draw of rows.

Source: Breiman 2001, Random Forests, Machine Learning 45:5-32.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.grown import Grown
from salus.nets.tabular import RowEncoder, count_labels, measure_rows, row_batch
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class RowForestConfig(Config):
    """Settings.

    Attributes:
        trees: How many.
        leaf: Fewest training rows in a leaf.
        balanced: Weigh classes by the inverse of their number.
    """

    trees: int = 150
    leaf: int = 2
    balanced: bool = False


class RowForest(System):
    """The mean of many trees' class shares."""

    card = Card(
        title="Random forest on a table",
        authors="Breiman 2001",
        family="baseline",
        tasks=("classification",),
        inputs=(("row", "Row of numbers and words"),),
        modalities=("table",),
        review="Not in the review; the method that a network on a table has to justify itself against.",
        advantages=("Needs no scaling and hardly any tuning", "Takes gaps as they are"),
        limits=("Sees only columns it is given", "Probabilities come in steps"),
        differentiable=False,
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = RowForestConfig
    small: ClassVar[Config] = RowForestConfig()
    tiny: ClassVar[Config] = RowForestConfig(trees=5)
    config: RowForestConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.encoder = RowEncoder(fingerprint)
        self.forest = Grown(task.kind, len(task.question.classes))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `row (B, C)` float64: numbers as measured, words as numbers, NaN for missing.

        Raises:
            DataError: Other columns than in training, an infinite number, a word among numbers, an unknown label.
        """
        return row_batch(samples, self.task.question.classes, lambda rows: torch.from_numpy(self.encoder.raw(rows)))

    def forward(self, batch: Batch) -> Tensor:
        """Return log-probabilities `(B, K)`."""
        table = batch.inputs["row"].detach().cpu().numpy()
        answer = self.forest(torch.from_numpy(self.encoder.measured(table)))
        return self.forest.output(answer, 1e-4).float().to(batch.inputs["row"].device)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` grows the trees."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the columns and their categories.

        Raises:
            DataError: Fewer than two classes, or what `measure_rows` refuses.
        """
        count_labels(train)
        return measure_rows(train)

    def settle(self, train: Dataset) -> None:
        """Grow the forest on the whole training part."""
        batch = self.collate([train[index] for index in range(len(train))])
        self.forest.grow(
            self.encoder.measured(batch.inputs["row"].numpy()),
            batch.target["label"].numpy().astype(float),
            trees=self.config.trees,
            leaf=self.config.leaf,
            balanced=self.config.balanced,
        )
