"""Differentiable augmentation: what a critic sees is varied, real and generated alike, and gradients pass through it.

With few real samples a critic learns them by heart. Varying only the real ones would teach the generator the
variation, so both sides pass through the same function, each with its own draws from torch's random state.

Source: Zhao et al. 2020, Differentiable Augmentation for Data-Efficient GAN Training, section 3; the image parts and
their ranges are the paper's, those for series and rows are ours.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from salus.schema.errors import ConfigError

IMAGE_PARTS = ("colour", "translation", "cutout")
SERIES_PARTS = ("jitter", "shift", "mask")
ROW_PARTS = ("jitter", "mask")


def augment_images(
    images: Tensor, parts: Sequence[str] = IMAGE_PARTS, *, shift: float = 0.125, cut: float = 0.5
) -> Tensor:
    """Vary each image on its own.

    Args:
        images: `(B, C, H, W)`, about [-1, 1].
        parts: Of `colour` (brightness in +-0.5, saturation 0 to 2, contrast 0.5 to 1.5), `translation`, `cutout`.
        shift: Largest move, as a share of the side; what comes in from outside is zero.
        cut: Side of the square set to zero, as a share of the image's; it may hang over the border.

    Raises:
        ConfigError: An unknown part.
    """
    _known(parts, IMAGE_PARTS)
    if "colour" in parts:
        each = (len(images), 1, 1, 1)
        images = images + torch.rand(each, device=images.device) - 0.5
        grey = images.mean(1, keepdim=True)
        images = (images - grey) * (2 * torch.rand(each, device=images.device)) + grey
        level = images.mean((1, 2, 3), keepdim=True)
        images = (images - level) * (0.5 + torch.rand(each, device=images.device)) + level
    if "translation" in parts:
        for axis in (-2, -1):
            images = _moved(images, axis, shift)
    if "cutout" in parts:
        inside = [_window(images, axis, cut, hang=True) for axis in (-2, -1)]
        images = images * ~(inside[0] & inside[1])
    return images


def augment_series(
    series: Tensor,
    parts: Sequence[str] = SERIES_PARTS,
    *,
    noise: float = 0.05,
    gain: float = 0.1,
    shift: float = 0.05,
    cut: float = 0.15,
) -> Tensor:
    """Vary each recording on its own.

    Args:
        series: `(B, C, T)`, scaled to about one.
        parts: Of `jitter` (noise, and a gain for each channel), `shift` in time, `mask` (a stretch set to zero).
        noise: Standard deviation of the added noise.
        gain: Largest relative change of a channel.
        shift: Largest move, as a share of T; what comes in from outside is zero.
        cut: Length of the masked stretch, as a share of T.

    Raises:
        ConfigError: An unknown part.
    """
    _known(parts, SERIES_PARTS)
    if "jitter" in parts:
        change = 1 + gain * (2 * torch.rand(*series.shape[:2], 1, device=series.device) - 1)
        series = series * change + noise * torch.randn_like(series)
    if "shift" in parts:
        series = _moved(series, -1, shift)
    if "mask" in parts:
        series = series * ~_window(series, -1, cut, hang=False)
    return series


def augment_rows(
    rows: Tensor,
    parts: Sequence[str] = ROW_PARTS,
    *,
    sources: Sequence[int] | None = None,
    noise: float = 0.05,
    drop: float = 0.1,
) -> Tensor:
    """Vary each row on its own.

    Args:
        rows: `(B, F)`, standardised numbers and one column for each category.
        parts: Of `jitter` (noise) and `mask` (columns set to zero, which is a standardised number's mean).
        sources: Table column of each feature, F of them, so that a word is masked as a whole; None masks features.
        noise: Standard deviation of the added noise.
        drop: Chance of each column to be masked.

    Raises:
        ConfigError: An unknown part.
    """
    _known(parts, ROW_PARTS)
    if "jitter" in parts:
        rows = rows + noise * torch.randn_like(rows)
    if "mask" in parts:
        source = torch.arange(rows.shape[1]) if sources is None else torch.as_tensor(list(sources))
        source = source.to(rows.device)
        gone = torch.rand(len(rows), int(source.max()) + 1, device=rows.device) < drop
        rows = rows * ~gone[:, source]
    return rows


def _moved(values: Tensor, axis: int, share: float) -> Tensor:
    """Return each row moved along `axis` by its own whole number of steps, zeros from outside."""
    length = values.shape[axis]
    most = int(length * share + 0.5)
    step = torch.randint(-most, most + 1, (len(values),), device=values.device)
    place = torch.arange(length, device=values.device)[None] - step[:, None]
    valid = (place >= 0) & (place < length)
    shape = [len(values)] + [1] * (values.ndim - 1)
    shape[axis] = length
    index = place.clamp(0, length - 1).reshape(shape).expand(values.shape)
    return values.gather(values.ndim + axis, index) * valid.reshape(shape)


def _window(values: Tensor, axis: int, share: float, *, hang: bool) -> Tensor:
    """Return where each row's stretch of `share` of the axis lies: boolean, broadcast over the other axes."""
    length = values.shape[axis]
    width = int(length * share + 0.5)
    if hang:  # the centre is uniform, as in the paper, so the stretch may end beyond the border
        start = torch.randint(0, length + (1 - width % 2), (len(values),), device=values.device) - width // 2
    else:
        start = torch.randint(0, length - width + 1, (len(values),), device=values.device)
    place = torch.arange(length, device=values.device)[None]
    inside = (place >= start[:, None]) & (place < start[:, None] + width)
    shape = [len(values)] + [1] * (values.ndim - 1)
    shape[axis] = length
    return inside.reshape(shape)


def _known(parts: Sequence[str], known: Sequence[str]) -> None:
    for part in parts:
        if part not in known:
            raise ConfigError(f"augmentation {part!r} is not known; use some of {', '.join(known)}")
