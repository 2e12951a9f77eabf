"""Parts of adversarial training on images: least-squares loss, CutMix masks and CutMix consistency."""

import torch
from torch import Tensor

Scores = tuple[Tensor, Tensor]
"""A critic's answer: `(B, 1)` for the whole image and `(B, 1, H, W)` for its pixels."""


def least_squares(score: Tensor, goal: float | Tensor) -> Tensor:
    """Return the mean squared distance of scores to their goal (1 real, 0 not).

    Source:
        Mao et al. 2017, doi 10.1109/ICCV.2017.304, equation 2, without the factor one half.
    """
    return (score.float() - goal).square().mean()


def judge(scores: Scores, goal: float, *, pixels: bool = True) -> Tensor:
    """Return the least-squares loss of both heads of a critic; `pixels=False` leaves the pixel head out."""
    whole = least_squares(scores[0], goal)
    return whole + least_squares(scores[1], goal) if pixels else whole


def cutmix_mask(like: Tensor) -> Tensor:
    """Draw one rectangle per image: `(B, 1, H, W)` of 1 (keep the first image) and 0 (take the second).

    The share of zeros is Beta(1, 1), that is uniform, and the rectangle has the image's proportions; which of the two
    images gives the rectangle is a coin. Uses torch's random state.

    Source:
        Yun et al. 2019, doi 10.1109/ICCV.2019.00612, equation 2; Schonfeld et al. 2020, section 3.2.
    """
    count, _, height, width = like.shape
    side = torch.rand(count, 1, device=like.device).sqrt()
    center = torch.rand(count, 2, device=like.device)
    rows = torch.arange(height, device=like.device) + 0.5
    columns = torch.arange(width, device=like.device) + 0.5
    # The centre is drawn where the whole rectangle fits, so its area is the drawn one.
    top = center[:, :1] * (1 - side) * height
    left = center[:, 1:] * (1 - side) * width
    inside_rows = (rows >= top) & (rows < top + side * height)
    inside_columns = (columns >= left) & (columns < left + side * width)
    hole = (inside_rows[:, :, None] & inside_columns[:, None, :])[:, None]
    flip = torch.rand(count, 1, 1, 1, device=like.device) < 0.5
    return (hole == flip).to(like.dtype)


def mix(first: Tensor, second: Tensor, mask: Tensor) -> Tensor:
    """Return `first` where the mask is 1 and `second` where it is 0."""
    return mask * first + (1 - mask) * second


def cutmix_loss(mixed: Scores, real: Tensor, fake: Tensor, mask: Tensor, weight: float) -> Tensor:
    """Return what a critic owes on mixed images: whole image not real, pixels by origin, and consistency.

    Args:
        mixed: Scores of the mixed images.
        real: Pixel scores of the real images, `(B, 1, H, W)`.
        fake: Pixel scores of the others.
        mask: 1 where a pixel is real.
        weight: Of the consistency.

    Source:
        Huang et al. 2021, section III-C; Schonfeld et al. 2020, equations 5 and 6.
    """
    expected = mix(real, fake, mask).float()
    consistency = (mixed[1].float() - expected).square().mean()
    return least_squares(mixed[0], 0.0) + least_squares(mixed[1], mask) + weight * consistency
