"""A generator of recordings that works on learned states instead of values: embedder, recovery, supervisor.

Source: Yoon, Jarrett and van der Schaar 2019, Time-series Generative Adversarial Networks, sections 4 and 5.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from salus.contract.batch import Objective
from salus.nets.series_gan import SeriesGenerator, framed, unframed

SUPERVISED, MOMENTS, KEPT = 100.0, 100.0, 0.1
"""Weights of the paper's published settings: of the supervised loss and of the moments in the generator's loss, and of
the supervised loss in the embedder's."""
Lesson = Literal["embed", "supervise", "both"]


class TimeGan(nn.Module):
    """Noise to states by one LSTM, states to states a step later by another, states to values by a third.

    Recordings are read into the same states by an embedder, and the critic compares states. Arguments are those of
    `SeriesGenerator`.

    Attributes:
        noise: Shape of one recording's noise.
    """

    def __init__(self, leads: int, steps: int, conditions: int, width: int, noise: int, frame: int = 1) -> None:
        super().__init__()
        self.leads, self.frame = leads, frame
        self.first = SeriesGenerator(width, steps // frame, conditions, width, noise)
        self.noise = self.first.noise
        self.supervisor = _Reader(width, width, bounded=True)
        self.embedder = _Reader(leads * frame, width, bounded=True)
        self.recovery = _Reader(width, leads * frame, width=width)

    def embed(self, points: Tensor) -> Tensor:
        """Return the states `(B, width, S / frame)` of points `(B, L, S)`, in [-1, 1]."""
        states: Tensor = self.embedder(framed(points, self.frame)).transpose(1, 2)
        return states

    def recover(self, states: Tensor) -> Tensor:
        """Return the points `(B, L, S)` of states."""
        return unframed(self.recovery(states.transpose(1, 2)), self.leads)

    def states(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Return made states `(B, width, S / frame)`: drawn, then passed through the supervisor."""
        return self._next(torch.tanh(self.first(noise, condition)))

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Map noise `(B, *noise)` and conditions `(B, K)` to points `(B, L, S)`."""
        return self.recover(self.states(noise, condition))

    def lesson(self, kind: Lesson, points: Tensor) -> Objective:
        """Return what embedder and recovery, or the supervisor, learn from real points alone.

        Args:
            kind: `embed` (recover what was embedded), `supervise` (foresee the next state; moves the supervisor), or
                `both`, which keeps the embedded states foreseeable while all networks train.
            points: `(B, L, S)`.

        Source:
            Yoon et al. 2019, equations 7 and 9.
        """
        if kind == "supervise":
            return Objective("supervised", self._foreseen(self.embed(points).detach()), "generator")
        states = self.embed(points)
        loss = (self.recover(states) - points).square().mean()
        name = "reconstruction" if kind == "embed" else "embedder"
        if kind == "both":
            loss = loss + KEPT * self._foreseen(states)
        return Objective(name, loss, "embedder")

    def guidance(self, made: Tensor, points: Tensor) -> Tensor:
        """Return what the generator's loss has beside the critic's taste: foresight, and moments of the batch.

        Args:
            made: Made states.
            points: Real points `(B, L, S)`.
        """
        values = self.recover(made)
        spread = (values.std(dim=0, unbiased=False) - points.std(dim=0, unbiased=False)).abs().mean()
        level = (values.mean(dim=0) - points.mean(dim=0)).abs().mean()
        foreseen = self._foreseen(self.embed(points).detach())
        return SUPERVISED * (foreseen + 1e-12).sqrt() + MOMENTS * (spread + level)

    def embedding(self) -> list[nn.Parameter]:
        """Return the weights of embedder and recovery; all others make states."""
        return [*self.embedder.parameters(), *self.recovery.parameters()]

    def making(self) -> list[nn.Parameter]:
        """Return the weights that make states."""
        return [*self.first.parameters(), *self.supervisor.parameters()]

    def _next(self, states: Tensor) -> Tensor:
        following: Tensor = self.supervisor(states.transpose(1, 2)).transpose(1, 2)
        return following

    def _foreseen(self, states: Tensor) -> Tensor:
        return (self._next(states)[:, :, :-1] - states[:, :, 1:]).square().mean()


class _Reader(nn.Module):
    """One LSTM layer and a dense one at each step."""

    def __init__(self, taken: int, given: int, *, width: int = 0, bounded: bool = False) -> None:
        super().__init__()
        self.cell = nn.LSTM(taken, width or given, batch_first=True)
        self.head = nn.Linear(width or given, given)
        self.bounded = bounded

    def forward(self, steps: Tensor) -> Tensor:
        given: Tensor = self.head(self.cell(steps)[0])
        return torch.tanh(given) if self.bounded else given
