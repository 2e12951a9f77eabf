"""Support vectors with a Gaussian kernel on a table, for classes or for a number.

Source: Cortes and Vapnik 1995, doi 10.1007/BF00994018; regression: Drucker et al. 1997, NIPS 9:155-161.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.tabular import RowEncoder, measure_rows
from salus.nets.targets import check_targets, target_tensors
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import ShapeError, StoreError
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class RbfSvmConfig(Config):
    """Settings.

    Attributes:
        cost: Weight of a margin's violation (scikit-learn's C).
        balanced: Weigh classes by the inverse of their number.
    """

    cost: float = 1.0
    balanced: bool = True


class RbfSvm(System):
    """Distances to chosen training rows, weighed and added up; one class against the rest."""

    card = Card(
        title="Support vector machine with a Gaussian kernel",
        authors="Cortes and Vapnik 1995",
        doi="10.1007/BF00994018",
        family="baseline",
        tasks=("classification", "regression"),
        inputs=(("row", "Row of numbers and words"),),
        modalities=("table",),
        review="Named beside random forest and decision tree as a method that foretells toxicity.",
        advantages=("Smooth answers", "Few settings"),
        limits=("Its margin is no probability before validation has tempered it", "Far from all rows it knows nothing"),
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = RbfSvmConfig
    small: ClassVar[Config] = RbfSvmConfig()
    tiny: ClassVar[Config] = RbfSvmConfig()
    config: RbfSvmConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.encoder = RowEncoder(fingerprint["rows"])
        classes = len(task.question.classes)
        self.heads = 1 if task.kind == "regression" or classes == 2 else classes
        self.vectors = torch.zeros(0, 0, dtype=torch.float64)
        self.register_buffer("gamma", torch.ones((), dtype=torch.float64))
        self.register_buffer("bias", torch.zeros(self.heads, dtype=torch.float64))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Encode rows to `row (B, F)`.

        Raises:
            DataError: Other columns than in training, an infinite number, a word among numbers, an unknown label.
        """
        target = target_tensors(samples, self.task.question)
        return Batch(tuple(s.id for s in samples), {"row": self.encoder.encode(samples)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return values `(B,)`, or margins as logits `(B, K)`.

        Raises:
            ShapeError: The system was never fitted.
        """
        if not len(self.vectors):
            raise ShapeError("rbf_svm holds no support vectors; fit it, or load a run that was fitted")
        rows, count = batch.inputs["row"].double(), len(self.encoder.features)
        kept = self.vectors.to(rows.device)
        apart = (rows[:, None] - kept[None, :, :count]).square().sum(dim=2)
        margins = torch.exp(-self.get_buffer("gamma") * apart) @ kept[:, count:] + self.get_buffer("bias")
        if self.task.kind == "regression":
            return margins[:, 0] * self.fingerprint["scale"] + self.fingerprint["mean"]
        return torch.cat([-margins / 2, margins / 2], dim=1) if self.heads == 1 else margins

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` chooses the support vectors."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the columns, their medians and scales, and the spread of a number.

        Raises:
            DataError: Fewer than two classes, or what `measure_rows` refuses.
        """
        return {**check_targets([train[i] for i in range(len(train))]), "rows": measure_rows(train)}

    def settle(self, train: Dataset) -> None:
        """Choose support vectors of the whole training part."""
        from sklearn.svm import SVC, SVR

        batch = self.collate([train[i] for i in range(len(train))])
        table = batch.inputs["row"].double().numpy()
        truth = next(iter(batch.target.values())).numpy()
        gamma = 1.0 / max(table.shape[1] * float(table.var()), 1e-12)
        weights: NDArray[np.float64] = np.zeros((len(table), self.heads))
        for head in range(self.heads):
            if self.task.kind == "regression":
                solver = SVR(C=self.config.cost, gamma=gamma)
                solver.fit(table, (truth - self.fingerprint["mean"]) / self.fingerprint["scale"])
            else:
                wanted = truth == (1 if self.heads == 1 else head)
                if wanted.all() or not wanted.any():
                    self.get_buffer("bias")[head] = 1.0 if wanted.all() else -1.0
                    continue
                solver = SVC(C=self.config.cost, gamma=gamma, class_weight="balanced" if self.config.balanced else None)
                solver.fit(table, wanted)
            weights[solver.support_, head] = solver.dual_coef_[0]
            self.get_buffer("bias")[head] = float(solver.intercept_[0])
        used = weights.any(axis=1)
        self.vectors = torch.from_numpy(np.concatenate([table, weights], axis=1)[used])
        self.get_buffer("gamma").fill_(gamma)

    def get_extra_state(self) -> Tensor:
        """Return support vectors and their weights, `(S, F + heads)`."""
        return self.vectors

    def set_extra_state(self, state: Tensor) -> None:
        """Take what `get_extra_state` returned.

        Raises:
            StoreError: Another number of columns.
        """
        if state.numel() and (state.ndim != 2 or state.shape[1] != len(self.encoder.features) + self.heads):
            raise StoreError(f"support vectors of shape {tuple(state.shape)} do not fit {len(self.encoder.features)}")
        self.vectors = state.double()
