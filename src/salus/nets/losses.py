"""Losses that more than one system minimizes."""

from torch import Tensor
from torch.nn import functional


def focal_loss(logits: Tensor, target: Tensor, gamma: float = 2.0, weights: Tensor | None = None) -> Tensor:
    """Return cross-entropy in which easy samples count little.

    Args:
        logits: `(N, K)`.
        target: `(N,)`, int64 classes.
        gamma: How fast a sample loses weight as it gets easy; 0 gives cross-entropy.
        weights: `(K,)`, weight of each class; None weighs all by one. The mean divides by the weights' sum.

    Returns:
        Scalar: mean of -w_t (1 - p_t)^gamma log p_t.

    Source:
        Lin et al. 2017, Focal Loss for Dense Object Detection, ICCV 2017, equation 5.
    """
    log_true = functional.log_softmax(logits, dim=-1).gather(-1, target[:, None])[:, 0]
    loss = -((1.0 - log_true.exp()) ** gamma) * log_true
    if weights is None:
        return loss.mean()
    share = weights.to(loss)[target]
    return (share * loss).sum() / share.sum()
