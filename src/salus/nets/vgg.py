"""VGG networks in the published key layout, and a masked 3-D relative of them for stacks of slices.

Source:
    Simonyan and Zisserman 2015, arXiv 1409.1556, table 1, configuration D. Keys are those of the state dictionaries
    in common use: `features.<i>` for convolutions (and batch norms, if any), `classifier.0/3/6` for the dense layers.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from salus.schema.errors import ConfigError

WIDTHS = (64, 128, 256, 512, 512)
DEPTHS = (2, 2, 3, 3, 3)


class VGG(nn.Module):
    """Stacks of 3 x 3 convolutions, each stack ended by a 2 x 2 maximum; full-size defaults are VGG-16.

    Attributes:
        out_channels: Channels C of `maps`.
        reduction: Input pixels per pixel of `maps`, along one side.
    """

    def __init__(
        self,
        in_channels: int = 3,
        classes: int | None = 1000,
        *,
        widths: Sequence[int] = WIDTHS,
        depths: Sequence[int] = DEPTHS,
        norm: bool = False,
        hidden: int | None = 4096,
        dropout: float = 0.5,
    ) -> None:
        """Build the layers.

        Args:
            in_channels: 3 for colour, 1 for grey.
            classes: Width of the last dense layer; None leaves it out.
            widths: Channels of each stack.
            depths: Convolutions in each stack.
            norm: Put a batch norm behind each convolution (the `vgg16_bn` layout).
            hidden: Width of the two dense layers before the last; None builds no dense layers at all.
            dropout: Share of hidden units dropped in training.

        Raises:
            ConfigError: Not one depth per width.
        """
        super().__init__()
        if len(widths) != len(depths):
            raise ConfigError(f"{len(widths)} widths and {len(depths)} depths; give one depth per width")
        layers: list[nn.Module] = []
        self.starts: list[int] = []
        channels = in_channels
        for width, depth in zip(widths, depths, strict=True):
            self.starts.append(len(layers))
            for _ in range(depth):
                layers.append(nn.Conv2d(channels, width, 3, padding=1))
                layers += [nn.BatchNorm2d(width)] if norm else []
                layers.append(nn.ReLU())
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.out_channels = channels
        self.reduction = 2 ** len(widths)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        dense: list[nn.Module] = []
        if hidden is not None:
            dense = [nn.Linear(channels * 49, hidden), nn.ReLU(), nn.Dropout(dropout)]
            dense += [nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(dropout)]
            dense += [nn.Linear(hidden, classes)] if classes is not None else []
        self.classifier = nn.Sequential(*dense)
        self.apply(_start)

    def maps(self, images: Tensor) -> Tensor:
        """Return feature maps `(B, C, H / reduction, W / reduction)` of images `(B, in_channels, H, W)`."""
        return self.features(images)

    def forward(self, images: Tensor) -> Tensor:
        """Return the dense layers' answer `(B, classes)`, or `(B, hidden)` where `classes` is None."""
        return self.classifier(self.avgpool(self.features(images)).flatten(1))

    @property
    def last_conv(self) -> nn.Conv2d:
        """The last convolution, which Grad-CAM reads."""
        return [layer for layer in self.features if isinstance(layer, nn.Conv2d)][-1]

    def last_block(self) -> list[nn.Parameter]:
        """Return the weights of the last stack."""
        return list(self.features[self.starts[-1] :].parameters())


class MaskedVGG3d(nn.Module):
    """The same stacks with 3 x 3 x 3 convolutions; maxima are taken in the slice plane only.

    Slices behind a stack's end are set to zero before every convolution, so they act exactly like the zero padding
    at the border and never change an answer.

    Attributes:
        out_channels: Channels C of the answer.
    """

    def __init__(self, in_channels: int, *, widths: Sequence[int], depths: Sequence[int], norm: bool = True) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        self.ends: list[int] = []
        channels = in_channels
        for width, depth in zip(widths, depths, strict=True):
            for _ in range(depth):
                self.layers.append(_MaskedConv3d(channels, width, norm=norm))
                channels = width
            self.ends.append(len(self.layers) - 1)
        self.out_channels = channels
        self.apply(_start)

    def forward(self, volumes: Tensor, mask: Tensor) -> Tensor:
        """Return one vector per slice.

        Args:
            volumes: `(B, in_channels, S, H, W)`.
            mask: `(B, S)`, true where a slice is real.

        Returns:
            `(B, S, C)`, zero on slices that are not real.
        """
        maps = volumes.masked_fill(~mask[:, None, :, None, None], 0.0)
        for number, layer in enumerate(self.layers):
            maps = layer(maps, mask)
            if number in self.ends:
                maps = nn.functional.max_pool3d(maps, (1, 2, 2))
        return maps.mean(dim=(3, 4)).transpose(1, 2)

    @property
    def last_conv(self) -> nn.Conv3d:
        """The last convolution, which Grad-CAM reads."""
        return [layer for layer in self.modules() if isinstance(layer, nn.Conv3d)][-1]

    def last_block(self) -> list[nn.Parameter]:
        """Return the weights of the last stack."""
        return list(self.layers[self.ends[-2] + 1 if len(self.ends) > 1 else 0 :].parameters())


class _MaskedConv3d(nn.Module):
    """Convolution, batch norm over real slices alone, rectifier, and zeros behind each stack's end."""

    def __init__(self, in_channels: int, out_channels: int, *, norm: bool) -> None:
        super().__init__()
        self.conv = nn.Conv3d(in_channels, out_channels, 3, padding=1)
        self.norm = nn.BatchNorm1d(out_channels) if norm else None

    def forward(self, maps: Tensor, mask: Tensor) -> Tensor:
        maps = self.conv(maps)
        if self.norm is not None:
            moved = maps.permute(0, 2, 3, 4, 1)  # (B, S, H, W, C)
            real = moved[mask]
            normed = torch.zeros_like(moved)
            normed[mask] = self.norm(real.flatten(0, -2)).view_as(real).to(moved.dtype)
            maps = normed.permute(0, 4, 1, 2, 3)
        return torch.relu(maps).masked_fill(~mask[:, None, :, None, None], 0.0)


def _start(layer: nn.Module) -> None:
    # He et al. 2015, equation 10: keeps the variance of activations through rectifiers without batch norm.
    if isinstance(layer, nn.Conv2d | nn.Conv3d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
