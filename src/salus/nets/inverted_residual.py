"""Inverted residual blocks over time, as MobileNetV2 has them over space.

Source:
    Sandler et al. 2018, MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, section 3 and table 1.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn


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
            layers += [nn.Conv1d(channels, wide, 1, bias=False), nn.BatchNorm1d(wide), nn.ReLU6()]
        layers += [
            nn.Conv1d(wide, wide, kernel, stride=stride, padding=kernel // 2, groups=wide, bias=False),
            nn.BatchNorm1d(wide),
            nn.ReLU6(),
            nn.Conv1d(wide, out_channels, 1, bias=False),
            nn.BatchNorm1d(out_channels),  # no activation: the bottleneck is linear
        ]
        self.body = nn.Sequential(*layers)
        self.residual = stride == 1 and channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, T)` to `(B, C', ceil(T / stride))`."""
        out: Tensor = self.body(x)
        return x + out if self.residual else out


class MobileNet1d(nn.Sequential):
    """A strided stem and a row of inverted residuals, each halving time.

    Args:
        leads: Input channels.
        widths: Channels of the stem and of each block.
        expansion: Widening factor of the blocks.
        kernel: Filter length, odd.
    """

    def __init__(self, leads: int, widths: Sequence[int], *, expansion: int = 4, kernel: int = 5) -> None:
        stem = [
            nn.Conv1d(leads, widths[0], kernel, stride=2, padding=kernel // 2, bias=False),
            nn.BatchNorm1d(widths[0]),
            nn.ReLU6(),
        ]
        blocks = [InvertedResidual1d(a, b, stride=2, expansion=expansion, kernel=kernel) for a, b in pairwise(widths)]
        super().__init__(*stem, *blocks)
