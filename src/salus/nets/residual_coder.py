"""Residual encoder-decoder without pooling: convolutions down, transposed convolutions up, additions across.

Source: Chen et al. 2017 (RED-CNN), doi 10.1109/TMI.2017.2715284, figure 1; the DU-GAN generator is its denser relative.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from salus.nets.first_layer import level_blind, look


class ResidualCoder(nn.Module):
    """Restore an image of any size.

    Args:
        width: Channels of every inner layer.
        layers: Convolutions, and as many transposed ones.
        kernel: Their size.
        every: Distance in layers between two shortcuts; 1 keeps the input of every encoder layer.
        spread: Standard deviation of the first weights; None draws them by fan-in, which needs fewer steps.
        padded: False lets an encoder layer trim the border, as RED-CNN does; the decoder puts it back.
    """

    def __init__(
        self,
        width: int,
        layers: int,
        kernel: int = 3,
        *,
        every: int = 1,
        spread: float | None = None,
        padded: bool = True,
    ) -> None:
        super().__init__()
        pad = kernel // 2 if padded else 0
        self.every = every
        self.encoder = nn.ModuleList(
            nn.Conv2d(1 if i == 0 else width, width, kernel, padding=pad) for i in range(layers)
        )
        self.decoder = nn.ModuleList(
            nn.ConvTranspose2d(width, 1 if i == layers - 1 else width, kernel, padding=pad) for i in range(layers)
        )
        self._draw(spread)

    @torch.no_grad()
    def _draw(self, spread: float | None) -> None:
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                weight.zero_()
            elif spread is None:
                nn.init.kaiming_normal_(weight, nonlinearity="relu")
            else:
                nn.init.normal_(weight, std=spread)
        if spread is None:
            level_blind(self.encoder[0])
            nn.init.normal_(self.decoder[-1].get_parameter("weight"), std=1e-3)

    def forward(self, image: Tensor) -> Tensor:
        """Return `(B, 1, H, W)`, the image plus what the network adds, not clipped."""
        kept: list[Tensor] = []
        x = image
        for number, layer in enumerate(self.encoder):
            if number % self.every == 0:
                kept.append(x)
            # Channels last is about twice as fast for few channels on a processor; the first conversion lasts.
            x = functional.relu(look(layer, x) if number == 0 else layer(x)).contiguous(
                memory_format=torch.channels_last
            )
        for number, layer in enumerate(self.decoder):
            x = layer(x)
            if (len(self.encoder) - 1 - number) % self.every == 0:
                x = x + kept.pop()
            if number + 1 < len(self.decoder):
                x = functional.relu(x)
        return x


def sobel(image: Tensor) -> Tensor:
    """Return the magnitude of the image gradient, same shape, with mirrored borders.

    Source:
        Huang et al. 2021, section III-B: 3x3 Sobel kernels divided by four, sqrt(gx^2 + gy^2 + 1e-4).
    """
    # Sums of shifted copies: exact in the dtype of `image`, where a convolution under autocast would round to bf16.
    x = functional.pad(image, (1, 1, 1, 1), mode="reflect")
    rows = (x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]) / 4
    columns = (x[..., :, :-2] + 2 * x[..., :, 1:-1] + x[..., :, 2:]) / 4
    across = rows[..., :, 2:] - rows[..., :, :-2]
    down = columns[..., 2:, :] - columns[..., :-2, :]
    return (across.square() + down.square() + 1e-4).sqrt()
