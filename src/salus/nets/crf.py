"""Linear-chain conditional random field: what a whole sequence of tags is worth, which is the best, how sure.

Emissions are `(B, T, K)` unnormalized scores with `lengths (B,)`, 1 <= length <= T. A path's score is
`start[y_1] + sum_t emission[t, y_t] + sum_t transition[y_t, y_t+1] + end[y_last]`.

Source:
    Lafferty, McCallum and Pereira 2001, Conditional random fields, ICML, 282-289; forward-backward with scaling as
    Rabiner 1989, doi 10.1109/5.18626, section V.A.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from salus.nets.recurrent import check_lengths, step_mask
from salus.schema.errors import DataError, ShapeError

IMPOSSIBLE = -1e4


class ChainCRF(nn.Module):
    """Tag-to-tag scores over given emissions.

    Attributes:
        transition: `(K, K)`, from the row's tag to the column's.
        start: `(K,)`, score of beginning with a tag.
        end: `(K,)`, score of ending with one.
    """

    def __init__(self, tags: int) -> None:
        super().__init__()
        self.transition = nn.Parameter(torch.zeros(tags, tags))
        self.start = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))

    def log_partition(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return the logarithm of the summed exponentiated scores of all paths, `(B,)`.

        Raises:
            ShapeError: Emissions of another number of tags, or lengths that do not fit.
        """
        self._check(emissions, lengths)
        total: Tensor = _LogPartition.apply(emissions, self.transition, self.start, self.end, lengths)
        return total

    def path_score(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return the score of the given paths `tags (B, T)` int64, `(B,)`; tags behind the end are not read."""
        self._check(emissions, lengths)
        mask = step_mask(lengths, emissions.shape[1])
        tags = tags.masked_fill(~mask, 0)
        emitted = emissions.gather(2, tags.unsqueeze(2)).squeeze(2).masked_fill(~mask, 0.0).sum(1)
        moved = self.transition[tags[:, :-1], tags[:, 1:]].masked_fill(~mask[:, 1:], 0.0).sum(1)
        last = tags.gather(1, (lengths - 1).unsqueeze(1)).squeeze(1)
        return emitted + moved + self.start[tags[:, 0]] + self.end[last]

    def negative_log_likelihood(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return minus the log-probability of the given paths, `(B,)`."""
        return self.log_partition(emissions, lengths) - self.path_score(emissions, tags, lengths)

    @torch.no_grad()
    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return the probability of each tag at each step, `(B, T, K)`; zero behind the end."""
        self._check(emissions, lengths)
        found = _forward_backward(emissions, self.transition, self.start, self.end, lengths)
        return found.unary.to(emissions.dtype)

    @torch.no_grad()
    def probability(self, emissions: Tensor, lengths: Tensor, allowed: Tensor) -> Tensor:
        """Return the probability `(B,)` that every step's tag lies in `allowed (B, T, K)` bool: a span's, say."""
        inside = self.log_partition(emissions.masked_fill(~allowed, IMPOSSIBLE), lengths)
        return (inside - self.log_partition(emissions, lengths)).exp()

    @torch.no_grad()
    def viterbi(self, emissions: Tensor, lengths: Tensor, allowed: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Return the best paths.

        Args:
            emissions: `(B, T, K)`.
            lengths: `(B,)`.
            allowed: Which transitions `(K, K)` and which first tags `(K,)` may be used, bool; None for all.

        Returns:
            `(B, T)` int64, -1 behind each end.
        """
        self._check(emissions, lengths)
        transition: Tensor = self.transition
        start: Tensor = self.start
        if allowed is not None:
            transition = transition.masked_fill(~allowed[0], IMPOSSIBLE)
            start = start.masked_fill(~allowed[1], IMPOSSIBLE)
        steps, mask = emissions.shape[1], step_mask(lengths, emissions.shape[1])
        best = start + emissions[:, 0]
        origins: list[Tensor] = []
        still = torch.arange(len(start), device=emissions.device).expand_as(best)
        for t in range(1, steps):
            value, origin = (best.unsqueeze(2) + transition).max(dim=1)
            live = mask[:, t].unsqueeze(1)
            best = torch.where(live, value + emissions[:, t], best)
            origins.append(torch.where(live, origin, still))
        tag = (best + self.end).argmax(dim=1)
        path = [tag]
        for origin in reversed(origins):
            tag = origin.gather(1, tag.unsqueeze(1)).squeeze(1)
            path.append(tag)
        return torch.stack(path[::-1], dim=1).masked_fill(~mask, -1)

    def _check(self, emissions: Tensor, lengths: Tensor) -> None:
        if emissions.ndim != 3 or emissions.shape[2] != len(self.start):
            raise ShapeError(
                f"emissions of shape {tuple(emissions.shape)} for {len(self.start)} tags; expected (B, T, tags)"
            )
        check_lengths(emissions, lengths)


def iob_allowed(classes: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return which tag may follow which `(K, K)` and which may come first `(K,)`: no `I-x` without `B-x` or `I-x`.

    Raises:
        DataError: A class that is neither `O` nor `B-` or `I-` with a type.

    >>> iob_allowed(("O", "B-x", "I-x"))[0].int().tolist()
    [[1, 1, 0], [1, 1, 1], [1, 1, 1]]
    """
    for name in classes:
        if name != "O" and not (name[:2] in ("B-", "I-") and len(name) > 2):
            raise DataError(f"tag {name!r} is no IOB tag; name tags 'O', 'B-<type>' or 'I-<type>'")
    follows = [
        [not after.startswith("I-") or (before != "O" and before[2:] == after[2:]) for after in classes]
        for before in classes
    ]
    return torch.tensor(follows), torch.tensor([not name.startswith("I-") for name in classes])


class _Sums:
    """What one forward and one backward pass give: `total (B,)`, `unary (B, T, K)`, `pairs (B, K, K)` in float64."""

    def __init__(self, total: Tensor, unary: Tensor, pairs: Tensor) -> None:
        self.total, self.unary, self.pairs = total, unary, pairs


def _forward_backward(emissions: Tensor, transition: Tensor, start: Tensor, end: Tensor, lengths: Tensor) -> _Sums:
    # Scaled probabilities in float64 reach 1e-308, so that a matrix product replaces the log-sum-exp of K x K terms.
    steps = emissions.shape[1]
    mask = step_mask(lengths, steps)
    scores = emissions.double().masked_fill(~mask.unsqueeze(2), 0.0)
    peak = scores.amax(dim=2)
    emit = (scores - peak.unsqueeze(2)).exp()
    ceiling = transition.max().double()
    move, first, last = (transition.double() - ceiling).exp(), start.double(), end.double()
    live = mask.double().unsqueeze(2)

    alpha = torch.empty_like(emit)
    scale = torch.ones_like(peak)
    now = emit[:, 0] * (first - first.max()).exp()
    for t in range(steps):
        if t:
            now = torch.lerp(alpha[:, t - 1], (alpha[:, t - 1] @ move) * emit[:, t], live[:, t])
        total = now.sum(dim=1, keepdim=True).clamp_min(1e-300)
        alpha[:, t] = now = now / total
        scale[:, t] = total.squeeze(1)
    close = (last - last.max()).exp()
    ended = (alpha[:, -1] * close).sum(dim=1).clamp_min(1e-300)
    # The scale of a padded step is one and its peak zero: neither adds to the total.
    total = scale.log().sum(1) + peak.sum(1) + ended.log() + first.max() + last.max() + (lengths - 1) * ceiling

    beta = torch.empty_like(emit)
    future = torch.zeros_like(emit)  # emission times beta of the next step
    beta[:, -1] = close
    for t in range(steps - 2, -1, -1):
        future[:, t] = emit[:, t + 1] * beta[:, t + 1]
        earlier = torch.lerp(beta[:, -1], future[:, t] @ move.T, live[:, t + 1])
        beta[:, t] = earlier / earlier.amax(dim=1, keepdim=True).clamp_min(1e-300)
    unary = alpha * beta
    unary = unary / unary.sum(dim=2, keepdim=True).clamp_min(1e-300) * live
    norm = (alpha * (future @ move.T)).sum(dim=2, keepdim=True).clamp_min(1e-300)
    weighted = alpha[:, :-1] / norm[:, :-1] * live[:, 1:]
    pairs = (weighted.transpose(1, 2) @ future[:, :-1]) * move
    return _Sums(total, unary, pairs)


class _LogPartition(torch.autograd.Function):
    """The log-partition with its gradient in closed form: expected counts of tags and of transitions."""

    @staticmethod
    def forward(ctx: Any, emissions: Tensor, transition: Tensor, start: Tensor, end: Tensor, lengths: Tensor) -> Tensor:
        found = _forward_backward(emissions, transition, start, end, lengths)
        ctx.save_for_backward(found.unary.to(emissions.dtype), found.pairs.to(emissions.dtype), lengths)
        return found.total.to(emissions.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:
        unary, pairs, lengths = ctx.saved_tensors
        weight = gradients[0]
        rows = torch.arange(len(unary), device=unary.device)
        return (
            unary * weight[:, None, None],
            (pairs * weight[:, None, None]).sum(0),
            (unary[:, 0] * weight[:, None]).sum(0),
            (unary[rows, lengths - 1] * weight[:, None]).sum(0),
            None,
        )
