"""From a sequence of feature vectors to class logits: an LSTM, or rivals with as many weights."""

from collections.abc import Callable, Sequence
from typing import Literal

from torch import Tensor, nn

from salus.nets.recurrent import AttentionPool, Recurrent, pool_max, pool_mean

Pooling = Literal["lstm", "mean", "max", "attention"]


class SeriesHead(nn.Module):
    """Logits of a padded sequence.

    With `lstm` the sequence is read in order. The rivals see each step alone (dense layer, rectifier) and pool over
    steps, so they cannot know the order; their hidden width is chosen so that they hold as many weights as the LSTM.
    """

    def __init__(
        self,
        in_features: int,
        classes: int,
        *,
        pooling: Pooling = "lstm",
        size: int = 256,
        layers: int = 1,
        bidirectional: bool = False,
        readout: Literal["last", "mean"] = "last",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.pooling, self.readout = pooling, readout
        ways = 2 if bidirectional else 1
        if pooling == "lstm":
            self.recurrent = Recurrent(in_features, size, layers=layers, bidirectional=bidirectional)
            width = self.recurrent.out_features
        else:
            first = 4 * size * (in_features + size + 2) * ways
            later = 4 * size * (size * ways + size + 2) * ways
            goal = first + (layers - 1) * later + (size * ways + 1) * classes
            keys = size if pooling == "attention" else 0
            width = nearest(goal, lambda m: m * (in_features + 1) + (m + 1) * classes + keys * (m + 2))
            self.dense = nn.Sequential(nn.Linear(in_features, width), nn.ReLU())
            if pooling == "attention":
                self.attention = AttentionPool(width, hidden=keys)
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(width, classes)

    def forward(self, steps: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return logits `(B, K)` of sequences `(B, T, F)`, of which the first `lengths` steps are real."""
        if self.pooling == "lstm":
            states, last = self.recurrent(steps, lengths)
            pooled = pool_mean(states, lengths) if self.readout == "mean" else last
        elif self.pooling == "attention":
            pooled, _ = self.attention(self.dense(steps), lengths)
        else:
            pooled = {"mean": pool_mean, "max": pool_max}[self.pooling](self.dense(steps), lengths)
        return self.answer(self.dropout(pooled))


def nearest(goal: int, count: Callable[[int], int], most: int = 8192) -> int:
    """Return the width in 1..most whose number of weights is nearest to `goal`; `count` must not fall."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        if count(middle) < goal:
            low = middle + 1
        else:
            high = middle
    return low if low == 1 or count(low) - goal <= goal - count(low - 1) else low - 1


def matched_widths(
    widths: Sequence[int], depths: Sequence[int], *, norm: bool, in_channels: int = 1
) -> tuple[int, ...]:
    """Return widths of a 3-D encoder with as many weights as the 2-D one of `widths` and `depths`.

    Args:
        widths: Channels of the 2-D stacks.
        depths: Convolutions in each stack.
        norm: Whether each convolution is followed by batch norm.
        in_channels: Channels of the input.
    """
    goal = _weights(widths, depths, 9, norm, in_channels)

    def scaled(mille: int) -> list[int]:
        return [max(1, round(width * mille / 1000)) for width in widths]

    best = nearest(goal, lambda mille: _weights(scaled(mille), depths, 27, norm, in_channels), 1000)
    return tuple(scaled(best))


def _weights(widths: Sequence[int], depths: Sequence[int], taps: int, norm: bool, channels: int) -> int:
    total = 0
    for width, depth in zip(widths, depths, strict=True):
        for _ in range(depth):
            total += taps * channels * width + width * (3 if norm else 1)
            channels = width
    return total
