"""Densely connected networks in the published key layout, at full size or narrowed.

Source:
    Huang et al. 2017, Densely Connected Convolutional Networks, CVPR 2017, doi 10.1109/CVPR.2017.243, table 1
    (DenseNet-BC). Keys are those of the state dictionaries in common use: `features.denseblock<i>.denselayer<j>.norm1`,
    `features.transition<i>.conv`, `classifier`.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from salus.nets.resnet import start_rectified

DENSENET121 = (6, 12, 24, 16)


class _DenseLayer(nn.Module):
    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        found = self.conv1(torch.relu(self.norm1(x)))
        return torch.cat((x, self.conv2(torch.relu(self.norm2(found)))), dim=1)


class DenseNet(nn.Module):
    """A strided stem and four dense blocks with transitions between them; full-size defaults are DenseNet-121.

    Attributes:
        out_channels: Channels C of `maps`.
        reduction: Input pixels per pixel of `maps`, along one side.
        pyramid_channels: Channels of each map of `pyramid`, the finest first.
        pyramid_reductions: Input pixels per pixel of each of them.
    """

    def __init__(
        self,
        in_channels: int = 3,
        classes: int | None = 1000,
        *,
        depths: Sequence[int] = DENSENET121,
        growth: int = 32,
    ) -> None:
        """Build the layers.

        Args:
            in_channels: 3 for colour, 1 for grey.
            classes: Width of the dense layer; None leaves it out.
            depths: Layers of each block.
            growth: Channels that each layer adds; the stem has twice as many.
        """
        super().__init__()
        channels = 2 * growth
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(in_channels, channels, 7, 2, 3, bias=False),
            norm0=nn.BatchNorm2d(channels),
            relu0=nn.ReLU(),
            pool0=nn.MaxPool2d(3, 2, 1),
        )
        ends = [channels]
        for number, depth in enumerate(depths, start=1):
            inner: OrderedDict[str, nn.Module] = OrderedDict()
            for place in range(1, depth + 1):
                inner[f"denselayer{place}"] = _DenseLayer(channels, growth)
                channels += growth
            layers[f"denseblock{number}"] = nn.Sequential(inner)
            ends.append(channels)
            if number < len(depths):
                layers[f"transition{number}"] = _transition(channels)
                channels //= 2
        layers["norm5"] = nn.BatchNorm2d(channels)
        self.features = nn.Sequential(layers)
        self.classifier = None if classes is None else nn.Linear(channels, classes)
        self.out_channels = channels
        self.pyramid_channels = tuple(ends)
        self.pyramid_reductions = tuple(2**step for step in range(1, len(depths) + 2))
        self.reduction = self.pyramid_reductions[-1]
        self.apply(start_rectified)

    def pyramid(self, images: Tensor) -> list[Tensor]:
        """Return the maps of the stem and of each block, `(B, C_i, H / r_i, W / r_i)`."""
        seen, found = images.contiguous(memory_format=torch.channels_last), []
        for name, layer in self.features.named_children():
            seen = layer(seen)
            if name == "relu0" or name.startswith("denseblock"):
                found.append(seen)
        found[-1] = torch.relu(seen)
        return found

    def maps(self, images: Tensor) -> Tensor:
        """Return the last maps `(B, C, H / reduction, W / reduction)` of images `(B, in_channels, H, W)`."""
        return self.pyramid(images)[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Return the dense layer's answer `(B, classes)`, or the mean of the maps `(B, C)` where there is none."""
        found = self.maps(images).mean(dim=(2, 3))
        return found if self.classifier is None else self.classifier(found)

    @property
    def last_conv(self) -> nn.Conv2d:
        """The last convolution, which Grad-CAM reads."""
        return [layer for layer in self.features.modules() if isinstance(layer, nn.Conv2d)][-1]


def _transition(channels: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(channels),
            relu=nn.ReLU(),
            conv=nn.Conv2d(channels, channels // 2, 1, bias=False),
            pool=nn.AvgPool2d(2, 2),
        )
    )
