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


def jitter_grey(
    images: Tensor, *, gain: float = 0.3, offset: float = 0.3, noise: float = 0.1, cut: float = 0.25
) -> Tensor:
    """Change contrast, brightness and noise of each row, and blank a square in half of them.

    Args:
        images: `(B, C, H, W)`, z-scored.
        gain: Largest relative change of contrast.
        offset: Standard deviation of the change of brightness.
        noise: Largest standard deviation of added noise.
        cut: Side of the blanked square, as a share of the image's.
    """
    rows, device = len(images), images.device
    each = (rows, 1, 1, 1)
    varied = images * (1 - gain + 2 * gain * torch.rand(each, device=device))
    varied = varied + offset * torch.randn(each, device=device)
    varied = varied + noise * torch.rand(each, device=device) * torch.randn_like(images)
    inside = torch.rand(each, device=device) < 0.5
    for axis in (2, 3):
        length = images.shape[axis]
        width = int(length * cut)
        start = torch.randint(0, length - width + 1, (rows, 1), device=device)
        place = torch.arange(length, device=device)
        within = (place >= start) & (place < start + width)
        inside = inside & within.reshape((rows, 1, length, 1) if axis == 2 else (rows, 1, 1, length))
    return varied.masked_fill(inside, 0.0)
