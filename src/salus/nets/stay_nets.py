"""Networks of an adversarial forecast of one number: who draws it, who judges it, and how far its interval is off."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from salus.metrics.conformal import conformal_offset
from salus.nets.row_space import RowSpace
from salus.nets.row_trunk import RowEncoderNet

LEAST_BLUR = 0.05


class StayPredictor(nn.Module):
    """Draws a number from a row and noise.

    Args:
        space: Whose points are read.
        code_size: Numbers of a code's embedding.
        width: Of the fused vector and of the hidden layer.
        noise: Numbers of noise.
        dropout: Share of the fused vector silenced in training.
        blurred: Learn how far each draw is to be blurred, which bands need.
    """

    def __init__(
        self, space: RowSpace, code_size: int, width: int, dropout: float, *, noise: int, blurred: bool
    ) -> None:
        super().__init__()
        self.trunk = RowEncoderNet(space, code_size, width, dropout)
        self.head = nn.Sequential(nn.Linear(width + noise, width), nn.ReLU(), nn.Linear(width, 1))
        self.blur = nn.Linear(width, 1) if blurred else None

    def forward(self, points: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Map points `(B, F)` and noise `(B, M, Z)` to draws `(B, M)` and their blur `(B, 1)`."""
        hidden = self.trunk(points)
        wide = hidden[:, None].expand(-1, noise.shape[1], -1)
        drawn: Tensor = self.head(torch.cat([wide, noise], dim=2))[..., 0]
        raw = drawn.new_zeros(len(drawn), 1) if self.blur is None else self.blur(hidden)
        return drawn, functional.softplus(raw) + LEAST_BLUR


class StayCritic(nn.Module):
    """Scores a row together with a number.

    Args:
        space: Whose points are read.
        code_size: Numbers of a code's embedding.
        width: Of the fused vector and of the hidden layer.
        dropout: Share of the fused vector silenced in training.
    """

    def __init__(self, space: RowSpace, code_size: int, width: int, dropout: float) -> None:
        super().__init__()
        self.trunk = RowEncoderNet(space, code_size, width, dropout)
        self.head = nn.Sequential(nn.Linear(width + 1, width), nn.LeakyReLU(0.2), nn.Linear(width, 1))

    def forward(self, points: Tensor, stay: Tensor) -> Tensor:
        """Map points `(B, F)` and numbers `(B,)` to scores `(B, 1)`, high for real."""
        score: Tensor = self.head(torch.cat([self.trunk(points), stay[:, None]], dim=1))
        return score


class Offsets(nn.Module):
    """Moves the ends of intervals so that they cover what they say, group by group.

    Args:
        groups: How many there are.

    Source:
        Romano, Patterson and Candès 2019, Conformalized Quantile Regression, theorem 2 (each end by itself); groups as
        in Vovk's Mondrian conformal predictors, Vovk et al. 2005, section 4.5.
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.register_buffer("ends", torch.zeros(groups, 2))

    def forward(self, quantiles: Tensor, group: Tensor) -> Tensor:
        """Return `low, middle, high` `(B, 3)` with the ends moved, in rising order; `group` is `(B,)` int64."""
        moves = self.get_buffer("ends")[group]
        moved = torch.stack([quantiles[:, 0] - moves[:, 0], quantiles[:, 1], quantiles[:, 2] + moves[:, 1]], dim=1)
        return moved.sort(dim=1).values

    def settle(
        self,
        quantiles: Tensor,
        truth: Tensor,
        group: Tensor,
        *,
        levels: tuple[float, float],
        fewest: int,
    ) -> None:
        """Find the moves on rows that trained nothing.

        Args:
            quantiles: `(N, 3)`.
            truth: `(N,)`.
            group: `(N,)`.
            levels: Of the two ends.
            fewest: Rows that a group needs for moves of its own; smaller ones take those of all rows.

        Raises:
            DataError: Too few rows for the levels.
        """
        ends = quantiles[:, [0, 2]].double()
        missed = torch.stack([ends[:, 0] - truth, truth - ends[:, 1]], dim=1).numpy()
        for place in range(len(self.get_buffer("ends"))):
            own = (group == place).numpy()
            rows = missed[own] if own.sum() >= fewest else missed
            for side, share in enumerate((1 - levels[0], levels[1])):
                self.get_buffer("ends")[place, side] = conformal_offset(rows[:, side], share)
