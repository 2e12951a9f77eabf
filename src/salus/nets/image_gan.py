"""Generator and critic of small pictures: strided convolutions without pooling, the critic's layers bounded.

Source: Radford et al. 2016, Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks, section 3; Miyato et al. 2018 (spectral norm); Miyato and Koyama 2018, cGANs with Projection Discriminator.
"""

import torch
from torch import Tensor, nn

from salus.nets.adversarial_penalty import bound_layers
from salus.schema.errors import ConfigError


class ImageGenerator(nn.Module):
    """Noise and condition to a quarter-size map, two transposed convolutions to the picture.

    Args:
        channels: C.
        size: S, a multiple of 4.
        conditions: K, width of a condition.
        width: Channels before the last layer.
        noise: Length of the noise.

    Attributes:
        noise: Shape of one picture's noise.
    """

    def __init__(self, channels: int, size: int, conditions: int, width: int, noise: int) -> None:
        super().__init__()
        if size < 8 or size % 4:
            raise ConfigError(f"size={size}: pictures are made at 8 pixels a side or more, a multiple of 4")
        self.noise, self.start = (noise,), (2 * width, size // 4, size // 4)
        self.dense = nn.Linear(noise + conditions, 2 * width * (size // 4) ** 2)
        self.layers = nn.Sequential(
            nn.BatchNorm2d(2 * width), nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Map noise `(B, noise)` and conditions `(B, K)` to points `(B, C, S, S)` in [-1, 1]."""
        start = self.dense(torch.cat([noise, condition], dim=1)).unflatten(1, self.start)
        made: Tensor = self.layers(start)
        return made.float()


class ImageCritic(nn.Module):
    """Two bounded convolutions to features at every place, scored alone and by their agreement with the condition.

    Medical pictures are taken in standard positions, so that features keep their place instead of being summed.

    Args:
        channels: C of one picture.
        size: S, a multiple of 4.
        conditions: K of one picture.
        width: Channels of the first layer.
        packing: Pictures seen at once.
    """

    def __init__(self, channels: int, size: int, conditions: int, width: int, packing: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(packing * channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.1),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1), nn.LeakyReLU(0.1), nn.Flatten(),
        )  # fmt: skip
        features = 2 * width * (size // 4) ** 2
        self.score = nn.Linear(features, 1)
        self.agree = nn.Linear(packing * conditions, features, bias=False)
        bound_layers(self)

    def forward(self, images: Tensor, condition: Tensor) -> Tensor:
        """Map packs `(P, packing * C, S, S)` and their conditions `(P, packing * K)` to scores `(P,)`."""
        features = self.layers(images).float()
        scores: Tensor = self.score(features)[:, 0] + (self.agree(condition) * features).sum(dim=1)
        return scores
