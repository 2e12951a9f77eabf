"""Generator and critic of rows of mixed type: residual dense layers, a head for each column, and packs of rows.

Source: Xu et al. 2019, Modeling Tabular Data using Conditional GAN, section 4.4; Jang et al. 2017, Categorical
Reparameterization with Gumbel-Softmax; Lin et al. 2018 (packing).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from salus.nets.row_modes import ModeSpace

TEMPERATURE = 0.2


class RowGenerator(nn.Module):
    """Dense layers whose input is carried on beside their output, and one head for each column.

    Args:
        space: Of the rows to be made.
        conditions: K, width of a condition.
        widths: Of noise and hidden layers.

    Attributes:
        noise: Shape of one row's noise: the first layer's, and one number for each mode and word to be drawn.
    """

    states: Tensor
    slots: Tensor

    def __init__(self, space: ModeSpace, conditions: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.space, self.size = space, widths[0]
        self.noise = (widths[0] + space.drawn,)
        self.layers, self.norms = nn.ModuleList(), nn.ModuleList()
        width = widths[0] + conditions
        for hidden in widths[1:]:
            self.layers.append(nn.Linear(width, hidden))
            self.norms.append(nn.BatchNorm1d(hidden))
            width += hidden
        self.head = nn.Linear(width, space.features)
        most = max(column.states for column in space.columns)
        states = [place for column in space.columns for place in range(column.span.start, column.span.stop)]
        slots = [c * most + k for c, column in enumerate(space.columns) for k in range(column.states)]
        self.register_buffer("states", torch.tensor(states), persistent=False)
        self.register_buffer("slots", torch.tensor(slots), persistent=False)
        self.grid = torch.Size((len(space.columns), most))

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Map noise `(B, *noise)`, standard normal, and conditions `(B, K)` to points `(B, F)`.

        Modes and words are drawn by Gumbel-softmax at temperature 0.2, so that the critic's gradient passes through
        the draw; the draw's own noise comes with the rest, so that equal noise gives equal rows.

        Source:
            Xu et al. 2019, section 4.4, the generator; Jang et al. 2017, equations 1 and 2.
        """
        hidden = torch.cat([noise[:, : self.size], condition], dim=1)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            hidden = torch.cat([torch.relu(norm(layer(hidden))), hidden], dim=1)
        raw = self.head(hidden).float()
        chance = torch.special.ndtr(noise[:, self.size :].float()).clamp(1e-6, 1 - 1e-6)
        gumbel = -torch.log(-torch.log(chance))
        drawn = (raw[:, self.states] + gumbel) / TEMPERATURE
        # All columns' softmax at once: each column's states side by side, padded to the longest column.
        share = drawn.new_full((len(raw), self.grid.numel()), -torch.inf)
        share = share.index_copy(1, self.slots, drawn).unflatten(1, self.grid)
        share = torch.softmax(share, dim=2).flatten(1)[:, self.slots]
        points = torch.tanh(raw)
        return points.index_copy(1, self.states, share)


class RowCritic(nn.Module):
    """Dense layers over a pack of rows and their conditions, to one score.

    Args:
        features: Of one row.
        conditions: Of one row.
        packing: Rows seen at once.
        widths: Of the hidden layers.
    """

    def __init__(self, features: int, conditions: int, packing: int, widths: Sequence[int]) -> None:
        super().__init__()
        sizes = [packing * (features + conditions), *widths]
        layers: list[nn.Module] = []
        for wide, narrow in pairwise(sizes):
            layers += [nn.Linear(wide, narrow), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))

    def forward(self, rows: Tensor, condition: Tensor) -> Tensor:
        """Map packs of rows `(P, packing * F)` and of conditions `(P, packing * K)` to scores `(P,)`."""
        scores: Tensor = self.layers(torch.cat([rows, condition], dim=1))[:, 0]
        return scores


def moment_gap(space: ModeSpace, real: Tensor, made: Tensor, asked: Tensor) -> Tensor:
    """Return how far means and covariances of the numbers are apart, class by class.

    A critic of packs learns single columns soon and how columns go together late; with few rows this says it directly.

    Args:
        space: Of the rows.
        real: Points `(B, F)`.
        made: Points `(B, F)` of the same conditions.
        asked: Conditions `(B, K)`; each column of ones and zeros is a class.

    Returns:
        Scalar: squared differences summed over numbers and pairs of numbers, mean over classes.

    Source:
        Mroueh et al. 2017, McGan: Mean and Covariance Feature Matching GAN, sections 3 and 4, with the columns
        themselves as features and squared differences.
    """
    sides = [space.numbers(points) for points in (real, made)]
    total = made.new_zeros(())
    kinds = asked.argmax(dim=1) if asked.shape[1] > 1 else torch.zeros(len(asked), dtype=torch.int64)
    present = kinds.unique()
    for kind in present:
        rows = [side[kinds == kind] for side in sides]
        if len(rows[0]) > 1:
            means = [side.mean(dim=0) for side in rows]
            both = [(side - mean).T @ (side - mean) / len(side) for side, mean in zip(rows, means, strict=True)]
            total = total + (means[0] - means[1]).square().sum() + (both[0] - both[1]).square().sum()
    return total / len(present)
