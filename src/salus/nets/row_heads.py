"""What a generator's last layer says, as points of a `RowSpace`: numbers, gaps that come together, whole words.

Gaps and words are drawn, hard in the forward pass and soft in the backward one, so that a critic cannot tell rows by
values between a gap and none. Columns that are always missing together in the training part (five figures of one
series) are missing together here.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from salus.nets.row_space import EDGE, RowSpace
from salus.schema.errors import DataError
from salus.schema.sample import Row


def mark_groups(points: Tensor, numbers: int) -> list[int]:
    """Return for each number the group of its mark, -1 where it was never missing in the training part.

    Args:
        points: `(N, F)` training points of a `RowSpace`.
        numbers: P, how many numbers it has.
    """
    marks = points[:, numbers : 2 * numbers] > 0.5
    known: dict[bytes, int] = {}
    found = []
    for place in range(numbers):
        column = marks[:, place]
        key = column.numpy().tobytes()
        found.append(known.setdefault(key, len(known)) if bool(column.any()) else -1)
    return found


def held_states(points: Tensor, space: RowSpace) -> list[int]:
    """Return 1 for each state of a word that some training row is in, and 0 for the others.

    Args:
        points: `(N, F)` training points.
        space: The table's space.
    """
    return [int(point) for point in (points[:, 2 * len(space.numbers) :] > 0.5).any(0).tolist()]


class RowHeads(nn.Module):
    """Turns a network's output into points.

    Args:
        space: The table's space.
        groups: From `mark_groups`.
        held: From `held_states`: a state that nobody was in is never written. None allows all.
        temperature: Of the soft backward pass.

    Attributes:
        width: Numbers that the network must give for each row, R.
    """

    def __init__(
        self, space: RowSpace, groups: Sequence[int], held: Sequence[int] | None = None, temperature: float = 0.5
    ) -> None:
        super().__init__()
        self.numbers = len(space.numbers)
        self.kinds = max(groups, default=-1) + 1
        self.temperature = temperature
        self.start = 2 * self.numbers
        self.spans = [(first - self.start, last - self.start) for first, last in space.spans]
        self.words = len(space.features) - self.start
        self.width = self.numbers + self.kinds + self.words
        # A number that is never missing reads the mark of a group of its own, which stays zero.
        self.place: Tensor
        place = torch.tensor([group if group >= 0 else self.kinds for group in groups], dtype=torch.int64)
        self.register_buffer("place", place, persistent=False)
        self.barred: Tensor
        barred = torch.zeros(self.words) if held is None else -1e9 * (1.0 - torch.tensor(held, dtype=torch.float32))
        self.register_buffer("barred", barred, persistent=False)

    def forward(self, raw: Tensor) -> Tensor:
        """Return points `(B, F)` for the network's output `(B, R)`; draws from torch's random state."""
        score, gap, word = raw.float().split((self.numbers, self.kinds, self.words), dim=1)
        score = EDGE * torch.tanh(score / EDGE)
        kinds = functional.pad(self._gaps(gap), (0, 1))
        marks = kinds[:, self.place]
        word = word + self.barred
        states = [functional.gumbel_softmax(word[:, a:b], self.temperature, hard=True) for a, b in self.spans]
        return torch.cat([score * (1 - marks), marks, *states], dim=1)

    def _gaps(self, logits: Tensor) -> Tensor:
        """Return 0 or 1 for each group, drawn with the logits' probability: the binary case of Gumbel-softmax."""
        noise = torch.rand_like(logits).clamp(1e-6, 1 - 1e-6)
        soft = torch.sigmoid((logits + noise.log() - (1 - noise).log()) / self.temperature)
        return (soft > 0.5).to(soft) - soft.detach() + soft


def feature_sources(space: RowSpace) -> list[int]:
    """Return for each feature of a space the number of its column, so that a column is blanked as a whole."""
    numbers = list(range(len(space.numbers)))
    words = [[len(numbers) + k] * (last - first) for k, (first, last) in enumerate(space.spans)]
    return numbers + numbers + [place for span in words for place in span]


def coherent(row: Row) -> Row:
    """Return a generated row whose figures of one series agree: `_min`, `_mean`, `_max`, `_last` and `_count`.

    The lowest is not above the highest, mean and last lie between, and a series without values has a count of zero.
    Rows without such columns come back as they are.
    """
    values = dict(row.values)
    for name in [column.removesuffix("_min") for column in values if column.endswith("_min")]:
        low, high = values[f"{name}_min"], values.get(f"{name}_max")
        if isinstance(low, str) or not isinstance(high, float):
            continue
        low, high = min(low, high), max(low, high)
        values |= {f"{name}_min": low, f"{name}_max": high}
        for column in (f"{name}_mean", f"{name}_last"):
            between = values.get(column)
            if isinstance(between, float):
                values[column] = min(max(between, low), high)
        count = values.get(f"{name}_count")
        if isinstance(count, float) and (count > 0) == math.isnan(low):
            values[f"{name}_count"] = 0.0 if math.isnan(low) else 1.0
    return Row(values=values)


def wanted_conditions(
    targets: Sequence[Any], joint: Sequence[Sequence[int]], classes: Sequence[str]
) -> tuple[Tensor, Tensor]:
    """Return a class and a cluster for each wanted target, `(N,)` int64 each, as often as training had them together.

    Args:
        targets: Class indices; None for any class.
        joint: Training rows of each class and cluster.
        classes: Names of the classes.

    Raises:
        DataError: As `known_class`.
    """
    counts = torch.tensor(joint, dtype=torch.float64)
    each = counts.sum(1)
    drawn = torch.multinomial(each, max(1, len(targets)), replacement=True)[: len(targets)]
    for place, target in enumerate(targets):
        if target is not None:
            drawn[place] = known_class(target, each.tolist(), classes)
    return drawn, torch.multinomial(counts[drawn], 1)[:, 0] if len(targets) else drawn


def known_class(target: Any, counts: Sequence[float], classes: Sequence[str]) -> int:
    """Return a wanted class as an index.

    Raises:
        DataError: No class index, or a class without training samples; names those that had some.
    """
    held = [number for number, count in enumerate(counts) if count]
    if isinstance(target, bool) or not hasattr(target, "__index__") or int(target) not in held:
        names = ", ".join(f"{number} ({classes[number]})" for number in held)
        raise DataError(f"class {target!r} was not in the training part; ask for one of {names}")
    return int(target)
