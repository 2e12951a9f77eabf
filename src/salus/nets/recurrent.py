"""Recurrent layers over sequences of unequal length: what stands behind a sequence's end never changes an answer.

Sequences are `(B, T, F)` with `lengths (B,)` int64, 1 <= length <= T; steps from `length` on are padding.
`lengths=None` means that every step is real.
"""

import contextlib
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from salus.schema.errors import ShapeError


def step_mask(lengths: Tensor, steps: int) -> Tensor:
    """Return a bool mask `(B, T)`, true where a step is real.

    >>> step_mask(torch.tensor([1, 3]), 3).int().tolist()
    [[1, 0, 0], [1, 1, 1]]
    """
    return torch.arange(steps, device=lengths.device).unsqueeze(0) < lengths.unsqueeze(1)


def check_lengths(steps: Tensor, lengths: Tensor) -> None:
    """Refuse lengths that do not fit the sequences.

    Raises:
        ShapeError: Not one length per sequence, an empty sequence, or a length beyond T.
    """
    if lengths.shape != steps.shape[:1]:
        raise ShapeError(f"{tuple(lengths.shape)} lengths for {steps.shape[0]} sequences; give one per sequence")
    low, high = int(lengths.min()), int(lengths.max())
    if low < 1:
        raise ShapeError(f"a sequence of length {low}: an empty sequence has no answer; leave it out")
    if high > steps.shape[1]:
        raise ShapeError(f"a sequence of length {high} in a batch padded to {steps.shape[1]} steps; pad to the longest")


class Recurrent(nn.Module):
    """LSTM or GRU, one- or bidirectional, that stops at each sequence's own end.

    Attributes:
        out_features: Width D of what it returns: `size`, twice that when bidirectional.
    """

    def __init__(
        self,
        in_features: int,
        size: int,
        *,
        kind: Literal["lstm", "gru"] = "lstm",
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        cell = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
        self.cell = cell(
            in_features,
            size,
            num_layers=layers,
            batch_first=True,
            bidirectional=bidirectional,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.out_features = size * (2 if bidirectional else 1)

    def forward(self, steps: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read the sequences.

        Args:
            steps: `(B, T, F)`.
            lengths: `(B,)`, or None when nothing is padded.

        Returns:
            The hidden state at every step `(B, T, D)`, zero behind each end; and the summary `(B, D)` of the last
            layer: the forward state at the last real step, beside the backward state at the first one.

        Raises:
            ShapeError: A length below one or beyond T.
        """
        # cuDNN gives no gradients of a recurrent layer in eval mode, and explanations need them.
        blocked = steps.is_cuda and torch.is_grad_enabled() and not self.training
        with torch.backends.cudnn.flags(enabled=False) if blocked else contextlib.nullcontext():
            if lengths is None:
                states, final = self.cell(steps)
            else:
                check_lengths(steps, lengths)
                packed = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
                packed_states, final = self.cell(packed)
                states, _ = pad_packed_sequence(packed_states, batch_first=True, total_length=steps.shape[1])
        hidden = final[0] if isinstance(final, tuple) else final
        last = torch.cat((hidden[-2], hidden[-1]), dim=1) if self.cell.bidirectional else hidden[-1]
        return states, last


class AttentionPool(nn.Module):
    """Weighted mean over steps with learned weights.

    Source:
        Bahdanau et al. 2015, arXiv 1409.0473, the additive score `v . tanh(W h + b)`, with a learned query in place
        of a decoder state (Yang et al. 2016, hierarchical attention networks, equations 5 to 7).
    """

    def __init__(self, in_features: int, hidden: int | None = None) -> None:
        super().__init__()
        self.key = nn.Linear(in_features, hidden or in_features)
        self.query = nn.Linear(hidden or in_features, 1, bias=False)

    def forward(self, steps: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the pooled vector `(B, F)` and the weights `(B, T)`, which sum to one and are zero on padding."""
        scores: Tensor = self.query(torch.tanh(self.key(steps))).squeeze(-1).float()
        if lengths is not None:
            check_lengths(steps, lengths)
            scores = scores.masked_fill(~step_mask(lengths, steps.shape[1]), -torch.inf)
        weights = scores.softmax(dim=1).to(steps.dtype)
        return pool_weighted(steps, weights, lengths), weights


def pool_weighted(steps: Tensor, weights: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return `sum_t weights[b, t] * steps[b, t]` over real steps, `(B, F)`, whatever the padding holds."""
    return (_cleared(steps, lengths, 0.0) * weights.unsqueeze(-1)).sum(dim=1)


def pool_mean(steps: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return the mean over real steps, `(B, F)`."""
    if lengths is None:
        return steps.mean(dim=1)
    check_lengths(steps, lengths)
    return _cleared(steps, lengths, 0.0).sum(dim=1) / lengths.unsqueeze(1).to(steps.dtype)


def pool_max(steps: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return the largest value over real steps, `(B, F)`."""
    if lengths is not None:
        check_lengths(steps, lengths)
    return _cleared(steps, lengths, -torch.inf).amax(dim=1)


def _cleared(steps: Tensor, lengths: Tensor | None, value: float) -> Tensor:
    # masked_fill and not a product: zero times NaN in the padding would be NaN.
    if lengths is None:
        return steps
    return steps.masked_fill(~step_mask(lengths, steps.shape[1]).unsqueeze(-1), value)
