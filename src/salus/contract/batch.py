"""Samples as tensors, and the scalar that one update minimizes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples as tensors, axis 0 is B; `target` is empty once deployed."""

    ids: tuple[str, ...]
    inputs: Mapping[str, Tensor]
    target: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return B."""
        return len(self.ids)

    def to(self, device: torch.device | str, **options: Any) -> "Batch":
        """Return the batch with every tensor on `device`."""
        return Batch(
            self.ids,
            {name: tensor.to(device, **options) for name, tensor in self.inputs.items()},
            {name: tensor.to(device, **options) for name, tensor in self.target.items()},
        )

    def take(self, index: Tensor) -> "Batch":
        """Return the rows `index` (int64, on the batch's device), in that order."""
        return Batch(
            tuple(self.ids[i] for i in index.tolist()),
            {name: tensor[index] for name, tensor in self.inputs.items()},
            {name: tensor[index] for name, tensor in self.target.items()},
        )


@dataclass(frozen=True, slots=True)
class Objective:
    """A scalar to minimize and the only parameter group it may move.

    Attributes:
        name: Column of the training log.
        loss: Scalar tensor.
        group: Key of `System.groups()`.
        log: Further scalars for the log, not minimized.
    """

    name: str
    loss: Tensor
    group: str = "main"
    log: Mapping[str, float | Tensor] = field(default_factory=dict)
