"""A U-Net that judges: one score for the whole image and one for each pixel, with spectral norm where asked.

Source: Huang et al. 2021 (DU-GAN), section III-B, after Schonfeld et al. 2020, doi 10.1109/CVPR42600.2020.00823.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from salus.nets.first_layer import level_blind, look

SLOPE = 0.2
FEW = 4
"""Channels of an image: no spectral norm and no half precision there."""


class DownBlock(nn.Module):
    """Two 3x3 convolutions, then a 4x4 convolution of stride two, beside a 1x1 shortcut.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        shrink: Halve the image; False keeps its size.
    """

    def __init__(self, inputs: int, outputs: int, *, shrink: bool = True) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.down = nn.Conv2d(outputs, outputs, 4, 2, 1) if shrink else nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)
        self.shrink = shrink

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return `(B, outputs, H/2, W/2)` and what the decoder gets at full size, `(B, outputs, H, W)`."""
        # Channels last is about twice as fast for few channels on a processor; one conversion here lasts to the end.
        fine = functional.leaky_relu(self._seen(self.first, x), SLOPE).contiguous(memory_format=torch.channels_last)
        fine = functional.leaky_relu(self.second(fine), SLOPE)
        coarse = self.down(fine)
        # Stride two of a 1x1 kernel is a choice of pixels; cropping keeps odd sizes in step with the 4x4 path.
        chosen = x[..., ::2, ::2][..., : coarse.shape[-2], : coarse.shape[-1]] if self.shrink else x
        return coarse + self._seen(self.shortcut, chosen), fine

    def _seen(self, layer: nn.Module, x: Tensor) -> Tensor:
        return look(layer, x) if self.first.in_channels <= FEW else layer(x)


class UpBlock(nn.Module):
    """Bilinear doubling, the encoder's features beside it, two 3x3 convolutions and a 1x1 shortcut.

    Args:
        inputs: Channels from below.
        skip: Channels from the encoder.
        outputs: Channels out.
    """

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs + skip, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs + skip, outputs, 1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Return `(B, outputs, H, W)` at the size of `skip`."""
        if x.shape[-2:] != skip.shape[-2:]:
            x = functional.interpolate(x, size=skip.shape[-2:], mode="bilinear", align_corners=False)
        joined = torch.cat([x, skip], dim=1)
        fine = functional.leaky_relu(self.first(joined), SLOPE)
        return functional.leaky_relu(self.second(fine), SLOPE) + self.shortcut(joined)


class UNetCritic(nn.Module):
    """Judge an image as a whole and pixel by pixel.

    Args:
        widths: Channels of each down block; the last one keeps its size.
        channels: Of the image.
        spectral: Bound the convolutions' Lipschitz constants, except where they have at most four inputs or one output.
        gain: Scale of the first filters, which then start blind to the image's level; None leaves them as drawn.
    """

    def __init__(
        self, widths: tuple[int, ...], channels: int = 1, *, spectral: bool = True, gain: float | None = None
    ) -> None:
        super().__init__()
        ends = (channels, *widths)
        self.encoder = nn.ModuleList(
            DownBlock(low, high, shrink=number + 1 < len(widths))
            for number, (low, high) in enumerate(zip(ends, widths, strict=False))
        )
        ups = []
        below = widths[-1]
        for width in reversed(widths[:-1]):
            ups.append(UpBlock(below, width, width))
            below = width
        self.decoder = nn.ModuleList(ups)
        self.whole = nn.Linear(widths[-1], 1)
        self.pixel = nn.Conv2d(below, 1, 1)
        if gain is not None:
            level_blind(self.encoder[0].get_submodule("first"), gain)
        if spectral:
            bound_convolutions(self)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores `(B, 1)` and pixel scores `(B, 1, H, W)` of images `(B, C, H, W)`, unbounded."""
        skips = []
        x = image
        for block in self.encoder:
            x, fine = block(x)
            skips.append(fine)
        whole = self.whole(functional.leaky_relu(x, SLOPE).mean(dim=(2, 3)))
        for block, skip in zip(self.decoder, reversed(skips[:-1]), strict=True):
            x = block(x, skip)
        return whole, self.pixel(x)


def bound_convolutions(module: nn.Module) -> None:
    """Put spectral norm on every convolution of `module` with over four inputs and over one output."""
    found = [m for m in module.modules() if isinstance(m, nn.Conv2d) and m.in_channels > FEW and m.out_channels > 1]
    for convolution in found:
        parametrizations.spectral_norm(convolution)
