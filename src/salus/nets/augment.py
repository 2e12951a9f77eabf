"""Variation of images as tensors, under torch's own random state: batch-wise, so it costs little."""

import math

import torch
from torch import Tensor, nn


def jitter_affine(
    images: Tensor, *, degrees: float = 0.0, zoom: float = 0.0, shift: float = 0.0, flip: bool = False
) -> Tensor:
    """Turn, scale, move and mirror each row of a batch; its channels (or slices) move together.

    Args:
        images: `(B, C, H, W)`.
        degrees: Largest turn either way.
        zoom: Largest relative change of scale.
        shift: Largest move, as a share of the side.
        flip: Mirror left and right, half of the time.

    Returns:
        Same shape; pixels from outside repeat the border.
    """
    rows = len(images)
    spread = torch.rand(rows, 4, device=images.device) * 2 - 1
    angle = spread[:, 0] * math.radians(degrees)
    scale = 1.0 + spread[:, 1] * zoom
    mirror = torch.where(torch.rand(rows, device=images.device) < 0.5, -1.0, 1.0) if flip else torch.ones_like(angle)
    aspect = images.shape[-1] / images.shape[-2]
    cosine, sine = angle.cos() / scale, angle.sin() / scale
    theta = torch.stack(
        (
            torch.stack((cosine * mirror, -sine / aspect, spread[:, 2] * shift * 2), dim=1),
            torch.stack((sine * aspect * mirror, cosine, spread[:, 3] * shift * 2), dim=1),
        ),
        dim=1,
    )
    grid = nn.functional.affine_grid(theta, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images.float(), grid, padding_mode="border", align_corners=False).to(images.dtype)
