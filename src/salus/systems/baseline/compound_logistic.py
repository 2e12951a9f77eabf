"""Logistic regression on the bits of a formula, one assay at a time: the plain method for compounds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.compounds import compound_bits, formula_kind
from salus.nets.targets import check_targets, target_tensors
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class CompoundLogisticConfig(Config):
    """Settings.

    Attributes:
        strength: Inverse of the L2 penalty (scikit-learn's C), above 0.
        formula: Bits of a compound: `circular` neighbourhoods (RDKit), text `grams`, or circular where RDKit is.
        bits: Length of a fingerprint.
    """

    strength: float = 0.1
    formula: Literal["auto", "circular", "grams"] = "auto"
    bits: int = 1024


class CompoundLogistic(System):
    """One weight a bit and assay."""

    card = Card(
        title="Logistic regression on fingerprints",
        authors="Cox 1958",
        family="baseline",
        tasks=("multilabel",),
        inputs=(("note", "Note: a SMILES formula"),),
        modalities=("text",),
        review="Stands beside the forest on compounds; the review does not name it.",
        advantages=("Fits twelve assays in seconds",),
        limits=("Adds up pieces of a molecule as if they did not touch each other",),
        explain_input="bits",
    )
    config_type: ClassVar[type[Config]] = CompoundLogisticConfig
    small: ClassVar[Config] = CompoundLogisticConfig()
    tiny: ClassVar[Config] = CompoundLogisticConfig(bits=64, formula="grams")
    config: CompoundLogisticConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        count = len(task.question.classes)
        self.register_buffer("weight", torch.zeros(count, self.config.bits))
        self.register_buffer("bias", torch.zeros(count))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `bits (B, bits)` float32.

        Raises:
            DataError: A formula that does not parse, or a target of another length.
        """
        bits = compound_bits(samples, self.fingerprint["formula"], self.config.bits)
        target = target_tensors(samples, self.task.question)
        return Batch(tuple(s.id for s in samples), {"bits": torch.from_numpy(bits).float()}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`."""
        return functional.linear(batch.inputs["bits"], self.get_buffer("weight"), self.get_buffer("bias"))

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: the solver in `settle` finds the optimum."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Say which bits formulas are turned into.

        Raises:
            DataError: A sample without target.
        """
        assert isinstance(config, CompoundLogisticConfig)  # noqa: S101
        check_targets([train[i] for i in range(len(train))])
        return {"formula": formula_kind(config.formula)}

    def settle(self, train: Dataset) -> None:
        """Fit each assay on the compounds it measured; an assay of one outcome keeps that outcome's odds."""
        from sklearn.linear_model import LogisticRegression

        batch = self.collate([train[i] for i in range(len(train))])
        if not batch.target:
            raise DataError("a training sample has no target; training needs one for each")
        bits, truth = batch.inputs["bits"].numpy(), batch.target["findings"].numpy()
        for number, column in enumerate(truth.T):
            known = np.isfinite(column)
            if len(np.unique(column[known])) < 2:
                self.get_buffer("bias")[number] = 5.0 if (column[known] == 1).any() else -5.0
                continue
            solver = LogisticRegression(C=self.config.strength, max_iter=500).fit(bits[known], column[known])
            self.get_buffer("weight")[number] = torch.from_numpy(solver.coef_[0]).float()
            self.get_buffer("bias")[number] = float(solver.intercept_[0])
