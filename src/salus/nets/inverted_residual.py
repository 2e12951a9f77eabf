"""Inverted residual blocks over time, as MobileNetV2 has them over space.

Time is kept as the width of a picture of height one: depth-wise filters in the channels-last layout train two to three
times as fast as one-dimensional convolutions on a processor, with equal results.

Source:
    Sandler et al. 2018, MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, section 3 and table 1.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def _filter(channels: int, out_channels: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(
        channels, out_channels, (1, kernel), stride=(1, stride), padding=(0, kernel // 2), groups=groups, bias=False
    )


class InvertedResidual1d(nn.Module):
    """Widen by a point-wise convolution, filter each channel alone, narrow linearly; add the input where shapes allow.

    Args:
        channels: Input channels.
        out_channels: Output channels.
        stride: Step of the depth-wise convolution.
        expansion: Widening factor; 1 leaves the point-wise widening out, as the paper's first block does.
        kernel: Length of the depth-wise filter, odd.
    """

    def __init__(self, channels: int, out_channels: int, *, stride: int, expansion: int, kernel: int) -> None:
        super().__init__()
        wide = channels * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [_filter(channels, wide, 1), nn.BatchNorm2d(wide), nn.ReLU6()]
        layers += [
            _filter(wide, wide, kernel, stride=stride, groups=wide),
            nn.BatchNorm2d(wide),
            nn.ReLU6(),
            _filter(wide, out_channels, 1),
            nn.BatchNorm2d(out_channels),  # no activation: the bottleneck is linear
        ]
        self.body = nn.Sequential(*layers)
        self.residual = stride == 1 and channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, 1, T)` to `(B, C', 1, ceil(T / stride))`."""
        out: Tensor = self.body(x)
        return x + out if self.residual else out


class MobileNet1d(nn.Module):
    """A strided stem and a row of inverted residuals, each halving time.

    Args:
        leads: Input channels.
        widths: Channels of the stem and of each block.
        expansion: Widening factor of the blocks.
        kernel: Filter length, odd.
    """

    def __init__(self, leads: int, widths: Sequence[int], *, expansion: int = 4, kernel: int = 5) -> None:
        super().__init__()
        self.stem = nn.Sequential(_filter(leads, widths[0], kernel, stride=2), nn.BatchNorm2d(widths[0]), nn.ReLU6())
        self.blocks = nn.Sequential(
            *(InvertedResidual1d(a, b, stride=2, expansion=expansion, kernel=kernel) for a, b in pairwise(widths))
        )
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                part.weight.data = part.weight.data.contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, L, T)` to `(B, C, T')`, T halved (rounded up) once per width."""
        flat = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        out: Tensor = self.blocks(self.stem(flat))
        return out.squeeze(2)
