"""One decision tree on a table: what a forest must beat.

Source: Breiman, Friedman, Olshen and Stone 1984, Classification and Regression Trees.
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
from salus.nets.tabular import RowEncoder, measure_rows
from salus.nets.targets import check_targets, target_tensors
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTreeConfig(Config):
    """Settings.

    Attributes:
        leaf: Fewest training rows in a leaf.
        balanced: Weigh classes by the inverse of their number.
    """

    leaf: int = 1
    balanced: bool = False


class DecisionTree(System):
    """Questions of one column each, asked one after another."""

    card = Card(
        title="Decision tree",
        authors="Breiman et al. 1984",
        family="baseline",
        tasks=("classification", "regression", "multilabel"),
        inputs=(("row", "Row of numbers and words"),),
        modalities=("table",),
        review="Named beside random forest and SVM as a method that foretells toxicity.",
        advantages=("Every answer is a short list of questions", "Takes gaps as they are"),
        limits=("Another few rows give another tree", "Answers in steps"),
        differentiable=False,
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = DecisionTreeConfig
    small: ClassVar[Config] = DecisionTreeConfig()
    tiny: ClassVar[Config] = DecisionTreeConfig(leaf=2)
    config: DecisionTreeConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.encoder = RowEncoder(fingerprint)
        self.tree = Grown(task.kind, len(task.question.classes))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `row (B, C)` float64: numbers as measured, words as numbers, NaN for missing.

        Raises:
            DataError: Other columns than in training, an infinite number, a word among numbers, an unknown label.
        """
        target = target_tensors(samples, self.task.question)
        return Batch(tuple(s.id for s in samples), {"row": torch.from_numpy(self.encoder.raw(samples))}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return log-probabilities `(B, K)`, values `(B,)`, or logits of findings `(B, K)`."""
        table = batch.inputs["row"].detach().cpu().numpy()
        answer = self.tree(torch.from_numpy(self.encoder.measured(table)))
        return self.tree.output(answer, 1e-3).float().to(batch.inputs["row"].device)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` grows the tree."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the columns and their categories.

        Raises:
            DataError: Fewer than two classes, or what `measure_rows` refuses.
        """
        check_targets([train[i] for i in range(len(train))])
        return measure_rows(train)

    def settle(self, train: Dataset) -> None:
        """Grow the tree on the whole training part."""
        batch = self.collate([train[i] for i in range(len(train))])
        own = self.config
        self.tree.grow(
            self.encoder.measured(batch.inputs["row"].numpy()),
            next(iter(batch.target.values())).numpy(),
            trees=1,
            leaf=own.leaf,
            look="all",
            balanced=own.balanced,
        )
