"""What a semi-supervised GAN adds to a classifier: a generator of points, a judge of rows, and the losses of both."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from salus.nets.image_gan import ImageGenerator
from salus.nets.item_space import ImageSpace
from salus.nets.row_heads import RowHeads
from salus.nets.sparse_labels import SparseReader


def real_loss(logits: Tensor) -> Tensor:
    """Return -log of the probability of being real, given the logits `(B, K)` of the real classes.

    The class "generated" has a logit of zero, which loses nothing: K + 1 logits have one degree of freedom too many.

    Source:
        Salimans et al. 2016, arXiv 1606.03498, section 5: D = Z / (Z + 1), Z the sum of the exponentials.
    """
    level = logits.float().logsumexp(dim=1)
    return functional.softplus(-level).mean()


def fake_loss(logits: Tensor) -> Tensor:
    """Return -log of the probability of being generated, given the logits `(B, K)` of the real classes."""
    return functional.softplus(logits.float().logsumexp(dim=1)).mean()


def feature_gap(real: Tensor, fake: Tensor) -> Tensor:
    """Return the squared distance of mean features `(B, D)` and `(M, D)`, averaged over D.

    Source:
        Salimans et al. 2016, section 3.1, divided by D so that the loss does not grow with the network.
    """
    return (real.float().mean(dim=0) - fake.float().mean(dim=0)).square().mean()


def lacking(own: Tensor, classes: int, most: int) -> Tensor:
    """Return which classes to generate, in a random order, until the rows at hand balance.

    Args:
        own: `(B,)` int64, classes of the rows at hand.
        classes: K.
        most: Longest answer.
    """
    have = torch.bincount(own, minlength=classes)
    short = torch.repeat_interleave(torch.arange(classes, device=own.device), have.max() - have)
    return short[torch.randperm(len(short), device=own.device)[:most]]


class PointGenerator(nn.Module):
    """Noise and a wanted class to a point of the reader's space.

    Args:
        reader: What is read.
        learned: Its fingerprint; of rows also `groups`, the marks that come together.
        noise: Numbers of noise.
        width: Channels before the last layer of pictures, units of the hidden layers of rows.
    """

    def __init__(self, reader: SparseReader, learned: Mapping[str, Any], noise: int, width: int) -> None:
        super().__init__()
        self.classes, self.noise = len(reader.classes), noise
        if isinstance(reader.space, ImageSpace):
            self.body: nn.Module | None = None
            self.last: nn.Module = ImageGenerator(reader.space.channels, reader.space.size, self.classes, width, noise)
        else:
            heads = RowHeads(reader.space, learned["groups"])
            self.body = nn.Sequential(
                nn.Linear(noise + self.classes, 2 * width), nn.BatchNorm1d(2 * width), nn.ReLU(),
                nn.Linear(2 * width, 2 * width), nn.BatchNorm1d(2 * width), nn.ReLU(),
                nn.Linear(2 * width, heads.width),
            )  # fmt: skip
            self.last = heads

    def forward(self, wanted: Tensor) -> Tensor:
        """Return points `(B, ...)` for wanted classes `(B,)` int64; noise comes from torch's random state."""
        condition = functional.one_hot(wanted, self.classes).float()
        noise = torch.randn(len(wanted), self.noise, device=wanted.device)
        if self.body is None:
            made: Tensor = self.last(noise, condition)
        else:
            made = self.last(self.body(torch.cat([noise, condition], dim=1)))
        return made


class RowJudge(nn.Module):
    """Scores whether a row is a real one of its class. What keeps it smooth is a penalty on its slope at real rows.

    Source:
        Miyato and Koyama 2018, cGANs with Projection Discriminator, equation 3.
    """

    def __init__(self, reader: SparseReader, width: int) -> None:
        super().__init__()
        assert not isinstance(reader.space, ImageSpace)  # noqa: S101
        self.body = nn.Sequential(
            nn.Linear(len(reader.space.features), width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2)
        )
        self.score = nn.Linear(width, 1)
        self.agree = nn.Linear(len(reader.classes), width, bias=False)
        self.classes = len(reader.classes)

    def forward(self, points: Tensor, label: Tensor) -> Tensor:
        """Return scores `(B,)` of points `(B, F)` with classes `(B,)`."""
        features = self.body(points)
        condition = functional.one_hot(label, self.classes).to(features.dtype)
        scores: Tensor = self.score(features)[:, 0] + (self.agree(condition) * features).sum(dim=1)
        return scores.float()
