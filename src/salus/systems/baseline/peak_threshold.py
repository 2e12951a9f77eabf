"""The largest acceleration of a trial against a threshold: the oldest fall detector."""

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
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.sample import Sample
from salus.transforms.motion import check_motion, is_fall, motion_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakThresholdConfig(Config):
    """Settings.

    Attributes:
        sensitivity: Share of training falls that the threshold finds.
    """

    sensitivity: float = 0.95


class PeakThreshold(System):
    """Log-odds of a fall: by how much the trial's largest acceleration exceeds the threshold, in training spreads."""

    card: ClassVar[Card] = Card(
        title="Peak-acceleration threshold",
        family="baseline",
        tasks=("classification",),
        inputs=(("signal", "Waveform (3n, T): acceleration g first"),),
        modalities=("signal",),
        review="Stands beside `fall_edge` as the simplest detector; the review does not name it.",
        advantages=("One comparison per sample; runs on any sensor.",),
        limits=("Jogging, hopping and sitting down hard exceed many falls.",),
        differentiable=False,
        explain_input="signal",
    )
    config_type: ClassVar[type[Config]] = PeakThresholdConfig
    small: ClassVar[Config] = PeakThresholdConfig()
    tiny: ClassVar[Config] = PeakThresholdConfig()

    config: PeakThresholdConfig

    def __init__(self, task: Task, config: PeakThresholdConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.leads = tuple(fingerprint["leads"])
        self.rate_hz = float(fingerprint["rate_hz"])
        self.register_buffer("threshold_g", torch.tensor(3.0))
        self.register_buffer("spread_g", torch.tensor(1.0))

    threshold_g: Tensor
    spread_g: Tensor

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return leads and rate of the training trials."""
        if len({is_fall(train[index]) for index in range(len(train))}) < 2:
            raise DataError("training part: falls or daily activities are missing; both are needed to learn")
        first = motion_stream(train[0])
        return {"leads": list(first.leads), "rate_hz": first.rate_hz}

    def settle(self, train: Dataset) -> None:
        """Set the threshold by the training falls."""
        batch = self.collate([train[index] for index in range(len(train))])
        peaks, falls = batch.inputs["peak_g"], batch.target["label"] == 1
        self.threshold_g.copy_(torch.quantile(peaks[falls], 1.0 - self.config.sensitivity))
        self.spread_g.copy_(peaks.std().clamp(min=1e-3))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `peak_g` `(B,)`: each trial's largest acceleration."""
        peaks = []
        for sample in samples:
            stream = motion_stream(sample)
            check_motion(stream, self.leads, self.rate_hz, 0.0, f"sample {sample.id}")
            peaks.append(float(np.nanmax(np.linalg.norm(stream.array[:3], axis=0))))
        target = {}
        if all(sample.target is not None for sample in samples):
            target = {"label": torch.tensor([int(is_fall(sample)) for sample in samples])}
        return Batch(tuple(sample.id for sample in samples), {"peak_g": torch.tensor(peaks)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return `(B, 2)`: zero, and the distance from the threshold."""
        score = (batch.inputs["peak_g"] - self.threshold_g) / self.spread_g
        return torch.stack([torch.zeros_like(score), score], dim=1)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: the threshold is counted, not descended to."""
        yield from ()
