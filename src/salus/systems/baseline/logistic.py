"""Logistic regression on a table: standardised numbers, one column per category, indicators of missing values.

Source: Cox 1958, J. R. Stat. Soc. B 20:215-242 (binary); the multinomial form for more classes, with an L2 penalty.
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
from salus.nets.tabular import RowEncoder, count_labels, measure_rows, row_batch
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticConfig(Config):
    """Settings.

    Attributes:
        strength: Inverse of the L2 penalty (scikit-learn's C), above 0.
        iterations: Most steps of the solver.
    """

    strength: float = 1.0
    iterations: int = 1000


class Logistic(System):
    """A linear model whose weights a reader can check."""

    card = Card(
        title="Logistic regression",
        authors="Cox 1958",
        family="baseline",
        tasks=("classification",),
        inputs=(("row", "Row of numbers and words"),),
        modalities=("table",),
        review="Named as the classical method that networks are compared with.",
        advantages=("One weight a column", "Fits in a second", "Well calibrated when its form is right"),
        limits=("Sees no interaction and no curve that a column does not hold",),
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = LogisticConfig
    small: ClassVar[Config] = LogisticConfig()
    tiny: ClassVar[Config] = LogisticConfig(iterations=200)
    config: LogisticConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = task.question.classes
        self.encoder = RowEncoder(fingerprint)
        self.register_buffer("weight", torch.zeros(len(self.classes), len(self.encoder.features)))
        self.register_buffer("bias", torch.zeros(len(self.classes)))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Encode rows to `row (B, F)`.

        Raises:
            DataError: Other columns than in training, an infinite number, a word among numbers, an unknown label.
        """
        return row_batch(samples, self.classes, self.encoder.encode)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`; a class that training never saw gets a very low one."""
        return functional.linear(batch.inputs["row"], self.get_buffer("weight"), self.get_buffer("bias"))

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: the solver in `settle` finds the optimum."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the columns, their medians and scales.

        Raises:
            DataError: Fewer than two classes, or what `measure_rows` refuses.
        """
        count_labels(train)
        return measure_rows(train)

    def settle(self, train: Dataset) -> None:
        """Fit the weights on the whole training part."""
        from sklearn.linear_model import LogisticRegression

        batch = self.collate([train[i] for i in range(len(train))])
        if "label" not in batch.target:
            raise DataError("a training sample has no label; training needs one for each")
        solver = LogisticRegression(C=self.config.strength, max_iter=self.config.iterations)
        solver.fit(batch.inputs["row"].double().numpy(), batch.target["label"].numpy())
        weight = torch.zeros_like(self.get_buffer("weight"))
        bias = torch.full_like(self.get_buffer("bias"), -30.0)
        found, coefficients = [int(k) for k in solver.classes_], torch.from_numpy(solver.coef_).float()
        offsets = torch.from_numpy(solver.intercept_).float()
        if len(found) == 2:
            # A binary solver keeps one row: the logit of the second class against the first.
            weight[found[1]], bias[found[1]], bias[found[0]] = coefficients[0], offsets[0], 0.0
        else:
            weight[found], bias[found] = coefficients, offsets
        self.get_buffer("weight").copy_(weight)
        self.get_buffer("bias").copy_(bias)
