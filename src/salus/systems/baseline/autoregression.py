"""Future values as a weighted sum of past ones, by ridge regression: one line of algebra, hard to beat nearby.

Source: Yule 1927, doi:10.1098/rsta.1927.0007 (autoregression); Hoerl and Kennard 1970, doi:10.2307/1267351 (ridge).
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
from salus.nets.series import future_of, history_of, series_batch
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample

_CHUNK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoregressionConfig(Config):
    """Settings.

    Attributes:
        ridge: Weight of the penalty, per training sample, on histories in their own unit.
    """

    ridge: float = 1e-3


class Autoregression(System):
    """One linear map from the history, less its last value, to what each future step adds to that value."""

    card = Card(
        title="Ridge autoregression",
        family="baseline",
        tasks=("forecasting",),
        inputs=(("signal", "Waveform: (1, T), the history; NaN where nothing was measured"),),
        modalities=("signal",),
        review="Not in the review; the honest linear rival of every forecasting network.",
        advantages=("Closed form: equal data give equal weights", "One number a past step and future step"),
        limits=("Linear: the same rise adds the same at any level", "One lead"),
        explain_input="signal",
    )
    config_type: ClassVar[type[Config]] = AutoregressionConfig
    small: ClassVar[Config] = AutoregressionConfig()
    tiny: ClassVar[Config] = AutoregressionConfig()

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        assert isinstance(config, AutoregressionConfig)  # noqa: S101
        self.ridge = config.ridge
        self.horizon, self.steps = int(fingerprint["horizon"]), int(fingerprint["steps"])
        # before it is settled the map adds nothing: persistence
        self.register_buffer("weights", torch.zeros(self.steps, self.horizon, dtype=torch.float64))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Stack histories; see `series_batch`."""
        return series_batch(samples, self.steps)

    def forward(self, batch: Batch) -> Tensor:
        """Return the forecast `(B, H)`."""
        history = batch.inputs["signal"][:, 0]
        added = _features(history) @ self.get_buffer("weights").to(history.dtype)
        return history[:, -1:] + added

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: the weights are solved for, not learned by steps."""
        yield from ()

    def settle(self, train: Dataset) -> None:
        """Solve the normal equations, each future step from the samples in which it was measured."""
        gram = torch.zeros(self.horizon, self.steps, self.steps, dtype=torch.float64)
        right = torch.zeros(self.horizon, self.steps, dtype=torch.float64)
        counts = torch.zeros(self.horizon, dtype=torch.float64)
        for start in range(0, len(train), _CHUNK):
            batch = self.collate([train[i] for i in range(start, min(start + _CHUNK, len(train)))])
            history, future = batch.inputs["signal"][:, 0].double(), batch.target["values"].double()
            features, added = _features(history), future - history[:, -1:]
            for step in range(self.horizon):
                known = added[:, step].isfinite()
                gram[step] += features[known].T @ features[known]
                right[step] += features[known].T @ added[known, step]
                counts[step] += known.sum()
        penalty = self.ridge * counts.clamp(min=1.0)[:, None, None] * torch.eye(self.steps, dtype=torch.float64)
        self.get_buffer("weights").copy_(torch.linalg.solve(gram + penalty, right).T)

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return how many steps are seen and asked for.

        Raises:
            DataError: No input `signal`, or no future values.
        """
        first = train[0]
        return {"horizon": len(future_of(first)), "steps": len(history_of(first))}


def _features(history: Tensor) -> Tensor:
    """Return the history less its last value, and 1 in the place of that value, `(B, T)`."""
    rest = history[:, :-1] - history[:, -1:]
    return torch.cat([rest, torch.ones_like(history[:, :1])], dim=1)
