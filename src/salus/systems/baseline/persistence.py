"""The last value, repeated: what any forecast must beat.

Source: none; the best forecast of a random walk.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.series import future_of, history_of, series_batch
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample


class Persistence(System):
    """Answers every future step with the last value that was measured."""

    card = Card(
        title="The last value, repeated",
        family="baseline",
        tasks=("forecasting",),
        inputs=(("signal", "Waveform: (1, T), the history; NaN where nothing was measured"),),
        modalities=("signal",),
        review="Not in the review; the floor of every forecast.",
        advantages=("Hard to beat a few steps ahead", "Nothing to train"),
        limits=("Knows no trend and no time of day", "One lead"),
        explain_input="signal",
    )
    config_type: ClassVar[type[Config]] = Config

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.horizon = int(fingerprint["horizon"])
        self.steps = int(fingerprint["steps"])

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Stack histories; see `series_batch`."""
        return series_batch(samples, self.steps)

    def forward(self, batch: Batch) -> Tensor:
        """Return the last value, `(B, H)`."""
        return batch.inputs["signal"][:, 0, -1:].expand(-1, self.horizon)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: there is nothing to learn."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return how many steps are seen and asked for.

        Raises:
            DataError: No input `signal`, or no future values.
        """
        first = train[0]
        return {"horizon": len(future_of(first)), "steps": len(history_of(first))}
