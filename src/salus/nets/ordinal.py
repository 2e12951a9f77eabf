"""A head for ordered classes: one score, and a cut point between each pair of neighbours."""

import torch
from torch import Tensor, nn


class CumulativeHead(nn.Module):
    """The chance of lying above cut k is the logistic function of score minus cut; cuts stay in order.

    Source:
        McCullagh 1980, Regression Models for Ordinal Data, J. R. Stat. Soc. B 42:109-142, equation 2.4
        (proportional odds).
    """

    def __init__(self, features: int, classes: int) -> None:
        """Build the layers.

        Args:
            features: Width of the input.
            classes: K ordered classes.
        """
        super().__init__()
        self.score = nn.Linear(features, 1)
        self.first = nn.Parameter(torch.tensor(-(classes - 2) / 2))
        # softplus(0.5413) = 1: the cuts start one apart.
        self.steps = nn.Parameter(torch.full((classes - 2,), 0.5413))

    def cuts(self) -> Tensor:
        """Return the cut points `(K - 1,)`, increasing."""
        steps = nn.functional.softplus(self.steps)
        return torch.cat((self.first[None], self.first + torch.cumsum(steps, dim=0)))

    def above(self, features: Tensor) -> Tensor:
        """Return the logits `(B, K - 1)` of lying above each cut, float32."""
        return self.score(features).float() - self.cuts().float()

    def forward(self, features: Tensor) -> Tensor:
        """Return log-probabilities `(B, K)`, which a softmax turns into probabilities."""
        above = self.above(features)
        upper = nn.functional.pad(torch.sigmoid(above), (1, 0), value=1.0)
        lower = nn.functional.pad(torch.sigmoid(above), (0, 1), value=0.0)
        return (upper - lower).clamp(min=1e-7).log()


def cumulative_loss(above: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the mean cross-entropy of "is it above cut k", summed over cuts.

    Args:
        above: `(N, K - 1)` logits.
        target: `(N,)` classes.
        weights: `(K,)`, weight of each class; None weighs all by one.

    Returns:
        Scalar.
    """
    steps = torch.arange(above.shape[1], device=above.device)
    loss = nn.functional.binary_cross_entropy_with_logits(
        above, (target[:, None] > steps).to(above.dtype), reduction="none"
    ).sum(dim=1)
    if weights is None:
        return loss.mean()
    share = weights.to(loss)[target]
    return (share * loss).sum() / share.sum().clamp(min=1e-12)
