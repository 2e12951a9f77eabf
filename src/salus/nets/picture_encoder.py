"""Encoders of pictures by name, all asked in the same way."""

from typing import Literal

import torch
from torch import Tensor, nn

from salus.nets.densenet import DenseNet
from salus.nets.efficientnet import EfficientNet
from salus.nets.resnet import LAYERS, ResNet
from salus.schema.errors import ConfigError

EncoderName = Literal["resnet18", "resnet50", "densenet121", "efficientnet_b0"]
Encoder = ResNet | DenseNet | EfficientNet
"""All have `pyramid`, `maps`, `last_conv`, `out_channels`, `reduction`, `pyramid_channels`, `pyramid_reductions`."""


def build_encoder(
    name: EncoderName,
    in_channels: int,
    *,
    width: int = 64,
    depths: tuple[int, ...] = (),
    stem: Literal["strided", "fine"] = "strided",
) -> Encoder:
    """Build an encoder without its dense layer.

    Args:
        name: Which layout.
        in_channels: 3 for colour, 1 for grey.
        width: Channels of the first layer of a residual network, 64 as published; the others scale by width / 64.
        depths: Blocks of each layer of a residual network in place of the published ones; empty for those.
        stem: As in `ResNet`; the other layouts have their strided one.

    Raises:
        ConfigError: A depth or a stem that the layout does not have.
    """
    if name in LAYERS:
        return ResNet(
            in_channels, None, depths=depths or LAYERS[name], bottleneck=name == "resnet50", width=width, stem=stem
        )
    if depths or stem != "strided":
        raise ConfigError(f"encoder={name!r} has fixed depths and a strided stem; depths and stem are for resnet18/50")
    if name == "densenet121":
        return DenseNet(in_channels, None, growth=max(4, width // 2))
    return EfficientNet(in_channels, None, width=width / 64)


class SkipDecoder(nn.Module):
    """From a pyramid of maps back to the picture's size: doubling, the finer map beside it, one 3 x 3 convolution.

    Source:
        Ronneberger et al. 2015, U-Net, doi 10.1007/978-3-319-24574-4_28, figure 1, with one convolution a level.
    """

    def __init__(self, channels: tuple[int, ...], classes: int) -> None:
        """Build the levels.

        Args:
            channels: Of each map of the pyramid, the finest first.
            classes: Maps of the answer.
        """
        super().__init__()
        self.levels = nn.ModuleList()
        below = channels[-1]
        for width in reversed(channels[:-1]):
            self.levels.append(
                nn.Sequential(
                    nn.Conv2d(below + width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
                )
            )
            below = width
        self.answer = nn.Conv2d(below, classes, 1)

    def forward(self, pyramid: list[Tensor], size: tuple[int, int]) -> Tensor:
        """Return `(B, classes, H, W)` for a size (H, W)."""
        found = pyramid[-1]
        for level, finer in zip(self.levels, reversed(pyramid[:-1]), strict=True):
            risen = nn.functional.interpolate(found, finer.shape[-2:], mode="bilinear", align_corners=False)
            found = level(torch.cat((risen.to(finer.dtype), finer), dim=1))
        found = self.answer(found)
        if found.shape[-2:] != size:
            found = nn.functional.interpolate(found, size, mode="bilinear", align_corners=False)
        return found
