"""EfficientNet in the published key layout, at full size or narrowed.

Source:
    Tan and Le 2019, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019, arXiv
    1905.11946, table 1 (B0). Keys are those of the state dictionaries in common use: `features.<i>.<j>.block.<k>`, with
    `fc1` and `fc2` in each squeeze-and-excitation, and `classifier.1`.
"""

import math

import torch
from torch import Tensor, nn

STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
"""Widening, kernel, stride, channels and blocks of each stage of B0."""
STEM, LAST = 32, 1280
_ENDS = (1, 2, 3, 5, 8)


class EfficientNet(nn.Module):
    """A strided stem, seven stages of inverted residuals with squeeze and excitation, and a point-wise end.

    Attributes:
        out_channels: Channels C of `maps`.
        reduction: Input pixels per pixel of `maps`, along one side.
        pyramid_channels: Channels of each map of `pyramid`, the finest first.
        pyramid_reductions: Input pixels per pixel of each of them.
    """

    def __init__(
        self, in_channels: int = 3, classes: int | None = 1000, *, width: float = 1.0, drop_path: float = 0.2
    ) -> None:
        """Build the layers.

        Args:
            in_channels: 3 for colour, 1 for grey.
            classes: Width of the dense layer; None leaves it out.
            width: Factor on all channels, rounded to multiples of eight; 1 is B0.
            drop_path: Share of residual paths that the last block drops in training; earlier blocks drop fewer.
        """
        super().__init__()
        channels = _rounded(STEM * width)
        parts: list[nn.Module] = [_unit(in_channels, channels, 3, stride=2)]
        ends = [channels]
        total, done = sum(stage[-1] for stage in STAGES), 0
        for expansion, kernel, stride, outputs, depth in STAGES:
            blocks = []
            for number in range(depth):
                blocks.append(
                    _Inverted(
                        channels,
                        _rounded(outputs * width),
                        kernel=kernel,
                        stride=stride if number == 0 else 1,
                        expansion=expansion,
                        drop=drop_path * done / total,
                    )
                )
                channels = _rounded(outputs * width)
                done += 1
            parts.append(nn.Sequential(*blocks))
            ends.append(channels)
        parts.append(_unit(channels, _rounded(LAST * width), 1))
        ends.append(_rounded(LAST * width))
        self.features = nn.Sequential(*parts)
        self.out_channels = ends[-1]
        self.classifier = None if classes is None else nn.Sequential(nn.Dropout(0.2), nn.Linear(ends[-1], classes))
        self.pyramid_channels = tuple(ends[place] for place in _ENDS)
        self.pyramid_reductions = (2, 4, 8, 16, 32)
        self.reduction = 32
        self.apply(_start)

    def pyramid(self, images: Tensor) -> list[Tensor]:
        """Return the last maps of each size, `(B, C_i, H / r_i, W / r_i)`."""
        seen, found = images.contiguous(memory_format=torch.channels_last), []
        for place, layer in enumerate(self.features):
            seen = layer(seen)
            if place in _ENDS:
                found.append(seen)
        return found

    def maps(self, images: Tensor) -> Tensor:
        """Return the last maps `(B, C, H / 32, W / 32)` of images `(B, in_channels, H, W)`."""
        return self.pyramid(images)[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Return the dense layer's answer `(B, classes)`, or the mean of the maps `(B, C)` where there is none."""
        found = self.maps(images).mean(dim=(2, 3))
        return found if self.classifier is None else self.classifier(found)

    @property
    def last_conv(self) -> nn.Conv2d:
        """The last convolution, which Grad-CAM reads."""
        return [layer for layer in self.features.modules() if isinstance(layer, nn.Conv2d)][-1]


class _Squeeze(nn.Module):
    """Weigh channels by what their means say (Hu et al. 2018, doi 10.1109/CVPR.2018.00745)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.fc2(nn.functional.silu(self.fc1(x.mean(dim=(2, 3), keepdim=True))))
        return x * torch.sigmoid(gate)


class _Inverted(nn.Module):
    """Widen, filter each channel alone, weigh, narrow linearly; add the input where shapes allow."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int, drop: float) -> None:
        super().__init__()
        wide = inputs * expansion
        layers: list[nn.Module] = [_unit(inputs, wide, 1)] if expansion != 1 else []
        layers.append(_unit(wide, wide, kernel, stride=stride, groups=wide))
        layers.append(_Squeeze(wide, max(1, inputs // 4)))
        layers.append(nn.Sequential(nn.Conv2d(wide, outputs, 1, bias=False), nn.BatchNorm2d(outputs)))
        self.block = nn.Sequential(*layers)
        self.residual, self.drop = stride == 1 and inputs == outputs, drop

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.block(x)
        if not self.residual:
            return found
        if self.training and self.drop:
            # Huang et al. 2016, arXiv 1603.09382, section 3: whole residual paths are dropped, row by row.
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop
            found = found * kept / (1.0 - self.drop)
        return x + found


def _unit(inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.SiLU())


def _rounded(channels: float) -> int:
    """Return the nearest multiple of eight that is not a tenth smaller, as the published networks are scaled."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near if near >= 0.9 * channels else near + 8


def _start(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.Linear):
        bound = 1.0 / math.sqrt(layer.out_features)
        nn.init.uniform_(layer.weight, -bound, bound)
        nn.init.zeros_(layer.bias)
