"""Generator and critic of short recordings: long short-term memories over frames of successive values."""

import torch
from torch import Tensor, nn

PLACE = 8
"""Numbers that a step's place is known by."""


class SeriesGenerator(nn.Module):
    """Two LSTM layers over a noise sequence, the step's place and a condition, a frame of values at each step.

    Recordings are cut around an event, so that a step's place says much: it has a learned code. Half of the noise is
    drawn anew at each step; the other half is one draw for the whole recording, what its steps have in common.

    Args:
        leads: L.
        steps: S, values a lead; a multiple of `frame`.
        conditions: K, width of a condition.
        width: Of each layer.
        noise: Noise values a step.
        frame: Values a lead that one step writes.

    Attributes:
        noise: Shape of one recording's noise.
    """

    def __init__(self, leads: int, steps: int, conditions: int, width: int, noise: int, frame: int = 1) -> None:
        super().__init__()
        self.leads, self.shared = leads, noise // 2
        self.noise = (steps // frame, noise)
        self.place = nn.Parameter(torch.randn(steps // frame, PLACE))
        self.cell = nn.LSTM(PLACE + noise + conditions, width, num_layers=2, batch_first=True)
        self.head = nn.Linear(width, leads * frame)

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Map noise `(B, S / frame, noise)` and conditions `(B, K)` to points `(B, L, S)`."""
        count, length, _ = noise.shape
        common = noise[:, :1, : self.shared].expand(-1, length, -1)
        place = self.place.expand(count, -1, -1)
        asked = condition[:, None].expand(-1, length, -1)
        steps = torch.cat([place, common, noise[:, :, self.shared :], asked], dim=2)
        return unframed(self.head(self.cell(steps)[0]), self.leads)


class SeriesCritic(nn.Module):
    """A bidirectional LSTM over frames and a condition, the states of all steps to one score.

    Args:
        leads: L of one recording.
        steps: S, values a lead; a multiple of `frame`.
        conditions: K of one recording.
        width: Of each direction.
        frame: Values a lead in one step.
        packing: Recordings seen at once.
    """

    def __init__(self, leads: int, steps: int, conditions: int, width: int, frame: int = 1, packing: int = 1) -> None:
        super().__init__()
        self.frame = frame
        self.cell = nn.LSTM(packing * (leads * frame + conditions), width, batch_first=True, bidirectional=True)
        self.score = nn.Sequential(
            nn.Linear(2 * width * (steps // frame), width), nn.LeakyReLU(0.2), nn.Linear(width, 1)
        )

    def forward(self, series: Tensor, condition: Tensor) -> Tensor:
        """Map packs `(P, packing * L, S)` and their conditions `(P, packing * K)` to scores `(P,)`."""
        frames = framed(series, self.frame)
        steps = torch.cat([frames, condition[:, None].expand(-1, frames.shape[1], -1)], dim=2)
        scores: Tensor = self.score(self.cell(steps)[0].flatten(1))[:, 0]
        return scores


def framed(series: Tensor, frame: int) -> Tensor:
    """Return `(B, L, S)` as `(B, S / frame, L * frame)`."""
    count, leads, steps = series.shape
    return series.reshape(count, leads, steps // frame, frame).transpose(1, 2).reshape(count, steps // frame, -1)


def unframed(frames: Tensor, leads: int) -> Tensor:
    """Return `(B, S / frame, L * frame)` as `(B, L, S)`: the reverse of `framed`."""
    count, steps, _ = frames.shape
    return frames.reshape(count, steps, leads, -1).transpose(1, 2).reshape(count, leads, -1)
