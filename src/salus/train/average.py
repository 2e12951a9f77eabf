"""Exponential moving average of weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Averaged copy of some parameters; buffers are taken as they are.

    The decay starts low, min(decay, (1 + n) / (10 + n)), so that short trainings are not held back by the start.

    Source:
        Polyak and Juditsky 1992, doi 10.1137/0330046; the warm-up is the one of TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.live = dict(parameters)
        self.shadow: dict[str, Tensor] = {name: p.detach().clone() for name, p in self.live.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the live weights."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(list(self.shadow.values()), [p.detach() for p in self.live.values()], 1.0 - decay)

    @torch.no_grad()
    def install(self) -> None:
        """Overwrite the live weights by the average."""
        for name, parameter in self.live.items():
            parameter.copy_(self.shadow[name])

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Put the average in place for the block, then give the live weights back."""
        kept = {name: p.detach().clone() for name, p in self.live.items()}
        self.install()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, parameter in self.live.items():
                    parameter.copy_(kept[name])
