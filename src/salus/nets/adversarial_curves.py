"""What shows a collapse while it happens: how far apart generated samples lie, and how far the critic is ahead."""

import torch
from torch import Tensor

from salus.schema.recipe import DIVERSITY, GAP

MOST = 64
"""Rows of a batch whose distances are taken."""


@torch.no_grad()
def adversarial_curves(
    real: Tensor,
    fake: Tensor,
    real_score: Tensor,
    fake_score: Tensor,
    *,
    real_label: Tensor | None = None,
    fake_label: Tensor | None = None,
) -> dict[str, Tensor]:
    """Return the figures of one step for `Objective.log`: the critic's gap and the diversity of the generated batch.

    Args:
        real: `(B, ...)` real samples as the critic sees them (scaled, not packed).
        fake: `(M, ...)` generated samples.
        real_score: The critic's scores of real samples, any shape.
        fake_score: Of generated ones.
        real_label: `(B,)` conditions; distances are then taken within a condition.
        fake_label: `(M,)`.
    """
    gap = real_score.detach().float().mean() - fake_score.detach().float().mean()
    return {GAP: gap, DIVERSITY: diversity(real, fake, real_label, fake_label)}


@torch.no_grad()
def diversity(real: Tensor, fake: Tensor, real_label: Tensor | None = None, fake_label: Tensor | None = None) -> Tensor:
    """Return the mean distance between two generated samples as a share of that between two real ones.

    With labels only pairs of one label count, and the share is the mean over the labels that have a pair on both
    sides: a conditional generator with one sample for each condition is collapsed although its conditions differ.

    Args:
        real: `(B, ...)`; the first `MOST` rows are used.
        fake: `(M, ...)`.
        real_label: `(B,)` int64; None treats all rows alike.
        fake_label: `(M,)` int64.

    Returns:
        Scalar: about 1 for a faithful generator, 0 for a collapsed one; 1 where there is no pair to compare.
    """
    label_real = torch.zeros(len(real), dtype=torch.int64, device=real.device) if real_label is None else real_label
    label_fake = torch.zeros(len(fake), dtype=torch.int64, device=fake.device) if fake_label is None else fake_label
    count = int(torch.cat([label_real[:MOST], label_fake[:MOST]]).max()) + 1
    apart_real, pairs_real = _apart(real[:MOST], label_real[:MOST], count)
    apart_fake, pairs_fake = _apart(fake[:MOST], label_fake[:MOST], count)
    both = (pairs_real > 0) & (pairs_fake > 0) & (apart_real > 0)
    if not bool(both.any()):
        return torch.ones((), device=real.device)
    return ((apart_fake[both] / pairs_fake[both]) / (apart_real[both] / pairs_real[both])).mean()


def _apart(rows: Tensor, label: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the sum of distances within each label and the number of pairs, `(count,)` each."""
    first, second = torch.triu_indices(len(rows), len(rows), 1, device=rows.device)
    same = label[first] == label[second]
    # Distances by differences, not by products: two equal samples must be exactly zero apart.
    distances, kind = torch.pdist(rows.detach().float().flatten(1))[same], label[first][same]
    zero = torch.zeros(count, device=rows.device)
    return zero.index_add(0, kind, distances), zero.index_add(0, kind, torch.ones_like(distances))
