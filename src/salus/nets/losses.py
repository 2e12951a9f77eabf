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


def dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return one minus the soft Dice of the structures, averaged; all pixels of a batch are pooled.

    Args:
        logits: `(N, K, H, W)`; class 0 is the background and does not count.
        target: `(N, H, W)`, int64 classes.

    Returns:
        Scalar in [0, 1].

    Source:
        Milletari et al. 2016, V-Net, doi 10.1109/3DV.2016.79, section 3, with the sum in place of squares.
    """
    chance = logits.float().softmax(dim=1)[:, 1:]
    truth = functional.one_hot(target, logits.shape[1]).movedim(-1, 1)[:, 1:].to(chance)
    shared, total = (chance * truth).sum(dim=(0, 2, 3)), (chance + truth).sum(dim=(0, 2, 3))
    return 1.0 - ((2 * shared + 1.0) / (total + 1.0)).mean()
