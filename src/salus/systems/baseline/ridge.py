"""Ridge regression on a table: standardised numbers, one column per category, indicators of missing values.

Source: Hoerl and Kennard 1970, doi 10.1080/00401706.1970.10488634.
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
from salus.nets.tabular import RowEncoder, measure_rows
from salus.nets.targets import check_targets, target_tensors
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class RidgeConfig(Config):
    """Settings.

    Attributes:
        penalty: Weight of the squared coefficients, above 0.
    """

    penalty: float = 1.0


class Ridge(System):
    """A linear model of a number, or of the likelihood of a class; its coefficients can be read."""

    card = Card(
        title="Ridge regression",
        authors="Hoerl and Kennard 1970",
        family="baseline",
        tasks=("regression", "classification"),
        inputs=(("row", "Row of numbers and words"),),
        modalities=("table",),
        review="The plain linear method that a network or forest must beat; the review does not name it.",
        advantages=("One coefficient a column", "One solution, found at once"),
        limits=("Sees no interaction and no curve that a column does not hold",),
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = RidgeConfig
    small: ClassVar[Config] = RidgeConfig()
    tiny: ClassVar[Config] = RidgeConfig()
    config: RidgeConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.encoder = RowEncoder(fingerprint)
        outputs = len(task.question.classes) if task.kind == "classification" else 1
        self.register_buffer("weight", torch.zeros(outputs, len(self.encoder.features), dtype=torch.float64))
        self.register_buffer("bias", torch.zeros(outputs, dtype=torch.float64))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Encode rows to `row (B, F)`.

        Raises:
            DataError: Other columns than in training, an infinite number, a word among numbers, an unknown label.
        """
        target = target_tensors(samples, self.task.question)
        return Batch(tuple(s.id for s in samples), {"row": self.encoder.encode(samples)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return values `(B,)`, or scores `(B, K)` that a temperature turns into probabilities."""
        weight, bias = self.get_buffer("weight"), self.get_buffer("bias")
        answer = batch.inputs["row"].to(weight.dtype) @ weight.T + bias
        return answer[:, 0] if self.task.kind == "regression" else answer

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` solves for the coefficients."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the columns, their medians and scales.

        Raises:
            DataError: Targets that are all alike, or what `measure_rows` refuses.
        """
        check_targets([train[i] for i in range(len(train))])
        return measure_rows(train)

    def settle(self, train: Dataset) -> None:
        """Solve on the whole training part; the intercept is not penalised."""
        batch = self.collate([train[i] for i in range(len(train))])
        table = batch.inputs["row"].double()
        truth = next(iter(batch.target.values()))
        if self.task.kind == "classification":
            # Scores of +2 and -2 are odds of about 50 to 1 once a softmax has read them.
            truth = 4.0 * torch.nn.functional.one_hot(truth, len(self.task.question.classes)).double() - 2.0
        wanted = truth.reshape(len(truth), -1)
        centre, middle = table.mean(dim=0), wanted.mean(dim=0)
        moved = table - centre
        square = moved.T @ moved + self.config.penalty * torch.eye(table.shape[1], dtype=torch.float64)
        weight = torch.linalg.solve(square, moved.T @ (wanted - middle)).T
        self.get_buffer("weight").copy_(weight)
        self.get_buffer("bias").copy_(middle - weight @ centre)
