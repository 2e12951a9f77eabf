"""Linear discriminants on the spectra of worn sensors: what a network that knows people by their gait must not lose to.

Source: Fisher 1936; shrinkage of the covariance by Ledoit and Wolf 2004.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.tabular import count_labels
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.sample import Sample
from salus.transforms.gait import WINDOW, check_gait, gait_of, spectra
from salus.transforms.window import fill_gaps, sliding_windows


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectraLDAConfig(Config):
    """Settings.

    Attributes:
        stride: Samples between two windows of a recording longer than one.
    """

    stride: int = 20


class SpectraLDA(System):
    """Log power spectra and means of all leads, one linear score a person."""

    card = Card(
        title="Linear discriminant analysis on spectra",
        family="baseline",
        tasks=("verification",),
        inputs=(("gait", "Waveform (3n, T) at 20 Hz: acceleration g, rotation deg/s of worn tags; 4 s or more"),),
        modalities=("signal",),
        review="Not in the review; the plain method for telling people apart by how they walk.",
        advantages=("Fitted in a moment", "Hard to beat with few people and one session each"),
        limits=("Means of the leads tell how a tag sits as much as who wears it", "New people need a new fit"),
        explain_input="spectrum",
    )
    config_type: ClassVar[type[Config]] = SpectraLDAConfig
    small: ClassVar[Config] = SpectraLDAConfig()
    tiny: ClassVar[Config] = SpectraLDAConfig()
    config: SpectraLDAConfig
    centre: Tensor
    spread: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.leads = tuple(fingerprint["leads"])
        size, people = len(self.leads) * (WINDOW // 2 + 2), len(task.question.classes)
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.register_buffer("weight", torch.zeros(people, size))
        self.register_buffer("bias", torch.zeros(people))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the leads.

        Raises:
            DataError: One person only.
        """
        count_labels(train)
        return {"leads": list(gait_of(train[0]).leads)}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `spectrum (B, W, F)`, padded with zeros, and `usable (B, W)`.

        Raises:
            DataError: A recording that `check_gait` refuses, or the number of nobody as target.
        """
        parts = []
        for sample in samples:
            wave = gait_of(sample)
            check_gait(wave, self.leads, f"sample {sample.id}")
            parts.append(spectra(sliding_windows(fill_gaps(wave.array), WINDOW, self.config.stride)))
        most = max(len(part) for part in parts)
        table = np.zeros((len(parts), most, parts[0].shape[1]), dtype=np.float32)
        usable = np.zeros((len(parts), most), dtype=bool)
        for row, part in enumerate(parts):
            table[row, : len(part)], usable[row, : len(part)] = part, True
        target = {}
        if all(sample.target is not None for sample in samples):
            target = {"label": torch.tensor([_person(sample) for sample in samples])}
        inputs = {"spectrum": torch.from_numpy(table), "usable": torch.from_numpy(usable)}
        return Batch(tuple(sample.id for sample in samples), inputs, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return each person's log-probability `(B, K)`, averaged over windows."""
        usable = batch.inputs["usable"][..., None]
        scaled = (batch.inputs["spectrum"] - self.centre) / self.spread
        logs = torch.log_softmax(scaled @ self.weight.T + self.bias, dim=-1)
        return (logs * usable).sum(dim=1) / usable.sum(dim=1)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` solves for the discriminants."""
        yield from ()

    def settle(self, train: Dataset) -> None:
        """Fit on every window of the training part, people weighted equally."""
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        batch = self.collate([train[index] for index in range(len(train))])
        usable = batch.inputs["usable"]
        rows = batch.inputs["spectrum"][usable].double().numpy()
        labels = batch.target["label"][:, None].expand(usable.shape)[usable].numpy()
        centre, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
        present = np.unique(labels)
        solver = LinearDiscriminantAnalysis(
            solver="lsqr", shrinkage="auto", priors=np.full(len(present), 1 / len(present))
        ).fit((rows - centre) / spread, labels)
        coefficients, offsets = solver.coef_, solver.intercept_
        if len(present) == 2:
            # A binary solver keeps one row: the second class against the first.
            coefficients, offsets = np.vstack([-coefficients, coefficients]) / 2, np.append(-offsets, offsets) / 2
        self.centre.copy_(torch.from_numpy(centre))
        self.spread.copy_(torch.from_numpy(spread))
        self.weight.zero_()
        self.bias.fill_(-30.0)  # a person that training never saw
        self.weight[present] = torch.from_numpy(coefficients).float()
        self.bias[present] = torch.from_numpy(offsets).float()


def _person(sample: Sample) -> int:
    label = sample.target.get("label") if isinstance(sample.target, Mapping) else sample.target
    if isinstance(label, bool) or not isinstance(label, int | np.integer):
        raise DataError(f"sample {sample.id}: person {label!r}; expected the number of a person")
    return int(label)
