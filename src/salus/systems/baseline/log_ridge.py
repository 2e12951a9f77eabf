"""Ridge regression of the logarithm of a positive number, with the spread of its errors as interval.

A linear model of what has a long tail (minutes, days, costs): errors are shares, not minutes. Every row gets the same
spread on the logarithm's scale: that is what a plain linear model knows of its own doubt.

Source: Hoerl and Kennard 1970, doi 10.1080/00401706.1970.10488634; the interval is the quantile of the residuals.
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
from salus.nets.row_space import RowSpace, measure_space
from salus.nets.targets import check_targets, target_tensors
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRidgeConfig(Config):
    """Settings.

    Attributes:
        penalty: Weight of the squared coefficients, above 0.
        fewest: Training rows that a word must stand in to have a coefficient.
    """

    penalty: float = 30.0
    fewest: int = 20


class LogRidge(System):
    """A linear model of log(1 + y) on normal scores, words and marks of missing values."""

    card = Card(
        title="Ridge regression of a logarithm",
        authors="Hoerl and Kennard 1970",
        family="baseline",
        tasks=("regression",),
        inputs=(("row", "Row of numbers and words"),),
        modalities=("table",),
        review="The plain linear method beside a network that forecasts a length of stay.",
        advantages=("One coefficient a column", "One solution, found at once"),
        limits=("Sees no interaction", "One spread for all rows"),
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = LogRidgeConfig
    small: ClassVar[Config] = LogRidgeConfig()
    tiny: ClassVar[Config] = LogRidgeConfig(fewest=1)
    config: LogRidgeConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.space = RowSpace(fingerprint)
        self.encoder = self.space.encoder
        self.levels: tuple[float, ...] = tuple(getattr(task, "levels", (0.5,)))
        self.register_buffer("weight", torch.zeros(len(self.space.features), dtype=torch.float64))
        self.register_buffer("bias", torch.zeros((), dtype=torch.float64))
        self.register_buffer("spread", torch.zeros(len(self.levels), dtype=torch.float64))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Encode rows to `row (B, F)`.

        Raises:
            DataError: Other columns than in training, an infinite number, a word among numbers, a target below 0.
        """
        target = target_tensors(samples, self.task.question)
        for sample, value in zip(samples, target.get("value", torch.zeros(0)).tolist(), strict=False):
            if value < 0:
                raise DataError(f"sample {sample.id!r}: target {value:g} has no logarithm; leave the sample out")
        return Batch(tuple(s.id for s in samples), {"row": self.space.encode(samples)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return values `(B,)`, or quantiles `(B, Q)`."""
        middle = batch.inputs["row"].double() @ self.get_buffer("weight") + self.get_buffer("bias")
        answer = torch.expm1(middle[:, None] + self.get_buffer("spread"))
        return answer[:, 0] if len(self.levels) == 1 else answer

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` solves for the coefficients."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the columns and their scores.

        Raises:
            DataError: Targets that are all alike, or what `measure_space` refuses.
        """
        assert isinstance(config, LogRidgeConfig)  # noqa: S101
        check_targets([train[i] for i in range(len(train))])
        return measure_space(train, fewest=config.fewest)

    def settle(self, train: Dataset) -> None:
        """Solve on the whole training part; the intercept is not penalised."""
        batch = self.collate([train[i] for i in range(len(train))])
        table, wanted = batch.inputs["row"].double(), torch.log1p(batch.target["value"])
        centre, middle = table.mean(dim=0), wanted.mean()
        moved = table - centre
        square = moved.T @ moved + self.config.penalty * torch.eye(table.shape[1], dtype=torch.float64)
        weight = torch.linalg.solve(square, moved.T @ (wanted - middle))
        self.get_buffer("weight").copy_(weight)
        self.get_buffer("bias").copy_(middle - weight @ centre)
        missed = wanted - table @ weight - self.get_buffer("bias")
        self.get_buffer("spread").copy_(torch.quantile(missed, torch.tensor(self.levels, dtype=torch.float64)))
