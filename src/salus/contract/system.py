"""What a published system owes: three methods to write, the rest to override if the paper asks."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.task import Task
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Recipe
from salus.schema.sample import Sample


class System(nn.Module, ABC):
    """A published system. It answers and names its losses; it never trains, scores, saves or logs itself.

    Attributes:
        card: Source, use and limits.
        config_type: The settings; defaults are the paper's numbers.
        small: What its study trains: minutes on two processor cores.
        tiny: Small enough for a one-second test.
    """

    card: ClassVar[Card]
    config_type: ClassVar[type[Config]] = Config
    small: ClassVar[Config] = Config()
    tiny: ClassVar[Config] = Config()

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__()
        self.task = task
        self.config = config
        self.fingerprint = fingerprint

    @abstractmethod
    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Turn samples into tensors; runs in workers, so it reads no weights. A target of None is accepted.

        Raises:
            DataError: A sample the system cannot take, named with the value and the remedy.
        """

    @abstractmethod
    def forward(self, batch: Batch) -> Tensor:
        """Return the task's answer `(B, ...)` before `decode`; differentiable where the card says so."""

    @abstractmethod
    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the losses of one step; each yield is one optimizer update, made before the next is computed."""

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return stages and optimizers; no stages make a plain estimator."""
        return Recipe()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn from the training part what the network's build needs, as JSON values (the fingerprint)."""
        return {}

    def settle(self, train: Dataset) -> None:
        """Learn after the last stage what no gradient moves: a forest, a codebook, a rule list."""

    def augment(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return a varied training sample; called by `fit` alone, and only where it is overridden."""
        return sample

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameter groups that objectives may name."""
        return {"main": list(self.parameters())}

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Turn `forward`'s output into answers; override for Viterbi, beam search and the like."""
        return self.task.decode(output)
