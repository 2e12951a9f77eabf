"""Residual networks in the published key layout, at full size or narrowed.

Source:
    He et al. 2016, Deep Residual Learning for Image Recognition, CVPR 2016, doi 10.1109/CVPR.2016.90, table 1. Keys are
    those of the state dictionaries in common use: `conv1`, `bn1`, `layer<i>.<j>.conv<k>`, `downsample.0/1`, `fc`. The
    stride of a bottleneck lies on its 3 x 3 convolution, as those files expect.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from salus.schema.errors import ConfigError

LAYERS = {"resnet18": (2, 2, 2, 2), "resnet50": (3, 4, 6, 3)}


class Pointwise(nn.Conv2d):
    """A 1 x 1 convolution that chooses pixels before it mixes channels, which is the same as a stride.

    The strided kernel of torch 2.13 writes outside its memory on a processor for eight channels in the channels-last
    layout, and the program ends.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, inputs, H, W)` to `(B, outputs, ceil(H / stride), ceil(W / stride))`."""
        chosen = x[..., :: self.stride[0], :: self.stride[1]]
        return nn.functional.conv2d(chosen.contiguous(memory_format=torch.channels_last), self.weight, self.bias)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, inputs, H, W)` to `(B, width, H / stride, W / stride)`."""
        found = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(found + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """A 3 x 3 convolution between two point-wise ones, beside a shortcut."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.downsample = _shortcut(inputs, width * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, inputs, H, W)` to `(B, 4 * width, H / stride, W / stride)`."""
        found = torch.relu(self.bn1(self.conv1(x)))
        found = self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(found)))))
        return torch.relu(found + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """A stem and four layers of residual blocks; full-size defaults are ResNet-18.

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
        depths: Sequence[int] = LAYERS["resnet18"],
        bottleneck: bool = False,
        width: int = 64,
        stem: Literal["strided", "fine"] = "strided",
    ) -> None:
        """Build the layers.

        Args:
            in_channels: 3 for colour, 1 for grey.
            classes: Width of the dense layer; None leaves it out.
            depths: Blocks of each of the four layers.
            bottleneck: Take blocks of three convolutions (ResNet-50).
            width: Channels of the first layer; each further layer doubles them.
            stem: A 7 x 7 convolution of stride two with a maximum (as published), or one 3 x 3 convolution that keeps
                the size, for pictures of few pixels.

        Raises:
            ConfigError: Not four depths.
        """
        super().__init__()
        if len(depths) != 4:
            raise ConfigError(f"depths={tuple(depths)}: a residual network of this layout has four layers")
        kind = Bottleneck if bottleneck else BasicBlock
        self.fine = stem == "fine"
        self.conv1 = nn.Conv2d(in_channels, width, *((3, 1, 1) if self.fine else (7, 2, 3)), bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        channels = width
        for number, depth in enumerate(depths):
            wide, stride = width * 2**number, 1 if number == 0 else 2
            blocks = []
            for block in range(depth):
                blocks.append(kind(channels, wide, stride if block == 0 else 1))
                channels = wide * kind.expansion
            self.add_module(f"layer{number + 1}", nn.Sequential(*blocks))
        self.out_channels = channels
        self.fc = None if classes is None else nn.Linear(channels, classes)
        ends = [width * 2**number * kind.expansion for number in range(4)]
        self.pyramid_channels = tuple(ends) if self.fine else (width, *ends)
        self.pyramid_reductions = (1, 2, 4, 8) if self.fine else (2, 4, 8, 16, 32)
        self.reduction = self.pyramid_reductions[-1]
        self.apply(start_rectified)

    def pyramid(self, images: Tensor) -> list[Tensor]:
        """Return the maps of stem (where it halves the size) and layers, `(B, C_i, H / r_i, W / r_i)`."""
        # Channels last is up to twice as fast for few channels on a processor; one conversion lasts to the end.
        seen = torch.relu(self.bn1(self.conv1(images.contiguous(memory_format=torch.channels_last))))
        found = [] if self.fine else [seen]
        if not self.fine:
            seen = nn.functional.max_pool2d(seen, 3, 2, 1)
        for number in range(1, 5):
            seen = self.get_submodule(f"layer{number}")(seen)
            found.append(seen)
        return found

    def maps(self, images: Tensor) -> Tensor:
        """Return the last maps `(B, C, H / reduction, W / reduction)` of images `(B, in_channels, H, W)`."""
        return self.pyramid(images)[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Return the dense layer's answer `(B, classes)`, or the mean of the maps `(B, C)` where there is none."""
        found = self.maps(images).mean(dim=(2, 3))
        return found if self.fc is None else self.fc(found)

    @property
    def last_conv(self) -> nn.Conv2d:
        """The last convolution of the body, which Grad-CAM reads."""
        return [layer for layer in self.get_submodule("layer4").modules() if isinstance(layer, nn.Conv2d)][-1]


def start_rectified(layer: nn.Module) -> None:
    """Draw a convolution's first weights so that variances pass through rectifiers.

    Source:
        He et al. 2015, arXiv 1502.01852, equation 10.
    """
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(Pointwise(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
