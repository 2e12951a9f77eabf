"""The network that systems with few labels share: a trunk over rows or pictures, and logits.

Nothing in it depends on a batch's other rows, so that labelled, unlabelled and generated rows may be asked together or
apart.
"""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from salus.nets.adversarial_augment import augment_rows
from salus.nets.augment import jitter_affine, jitter_grey
from salus.nets.item_space import ImageSpace
from salus.nets.row_heads import feature_sources
from salus.nets.sparse_labels import SparseReader
from salus.schema.recipe import Optimizer, Recipe, Stage


class SparseTrunk(nn.Module):
    """Strided convolutions with weight norm and a mean over the picture, or dense layers over a row; then one layer.

    Args:
        reader: Says what is read and which classes there are.
        widths: Channels of the convolutions.
        row_widths: Units of the dense layers.
        dropout: Share of features silenced in training.

    Source:
        Salimans and Kingma 2016, Weight Normalization, equation 2; the strided convolutions are those of Radford et
        al. 2016.
    """

    def __init__(self, reader: SparseReader, widths: Sequence[int], row_widths: Sequence[int], dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        if isinstance(reader.space, ImageSpace):
            width = reader.space.channels
            for following in widths:
                layers.append(parametrizations.weight_norm(nn.Conv2d(width, following, 3, stride=2, padding=1)))
                layers.append(nn.LeakyReLU(0.2))
                width = following
            layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        else:
            width = len(reader.space.features)
            for following in row_widths:
                layers += [nn.Linear(width, following), nn.LeakyReLU(0.2)]
                width = following
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, len(reader.classes))

    @property
    def last_conv(self) -> nn.Module:
        """The last convolution, which Grad-CAM reads."""
        return [layer for layer in self.layers if isinstance(layer, nn.Conv2d)][-1]

    def features(self, points: Tensor) -> Tensor:
        """Map points `(B, ...)` to features `(B, D)`."""
        found: Tensor = self.layers(points)
        return found

    def forward(self, points: Tensor) -> Tensor:
        """Map points `(B, ...)` to logits `(B, K)`, float32."""
        return self.answer(self.features(points))

    def answer(self, features: Tensor) -> Tensor:
        """Map features `(B, D)` to logits `(B, K)`, float32."""
        logits: Tensor = self.head(self.dropout(features))
        return logits.float()


class Views(nn.Module):
    """Weakly and strongly varied views of points, drawn from torch's random state.

    Args:
        reader: Of rows or pictures.
        flip: Pictures may be mirrored left and right.
    """

    def __init__(self, reader: SparseReader, *, flip: bool = True) -> None:
        super().__init__()
        self.flip = flip
        self.sources = None if isinstance(reader.space, ImageSpace) else feature_sources(reader.space)

    def weak(self, points: Tensor) -> Tensor:
        """Return points as another measurement of the same patient would give them."""
        if self.sources is None:
            return jitter_affine(points, degrees=8.0, zoom=0.08, shift=0.05, flip=self.flip)
        return augment_rows(points, ("jitter",), sources=self.sources, noise=0.1)

    def strong(self, points: Tensor) -> Tensor:
        """Return points that differ so much that only what matters is left alike."""
        if self.sources is None:
            turned = jitter_affine(points, degrees=20.0, zoom=0.25, shift=0.12, flip=self.flip)
            return jitter_grey(turned)
        return augment_rows(points, sources=self.sources, noise=0.3, drop=0.25)


def cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """Return the mean cross-entropy of logits `(B, K)`, zero (with a gradient of zero) where there is no row."""
    return functional.cross_entropy(logits.float(), label) if len(label) else logits.float().sum() * 0.0


class Teachers(nn.Module):
    """Frozen copies of classifiers that label rows for the classifiers' next round.

    Args:
        sources: Classifiers of equal classes, one or more.
        views: A single teacher is asked twice, about the row and about a weak view of it.
        least: Mean probability from which a row is taken to be of a class.
        agree: Every opinion must name the same class.
    """

    def __init__(self, sources: Sequence[SparseTrunk], views: Views, *, least: float, agree: bool) -> None:
        super().__init__()
        self.copies = nn.ModuleList(deepcopy(source) for source in sources).requires_grad_(False)
        self.views, self.least, self.agree = views, least, agree

    @torch.no_grad()
    def learn(self, sources: Sequence[SparseTrunk]) -> None:
        """Take over the weights of classifiers."""
        for copy, source in zip(self.copies, sources, strict=True):
            copy.load_state_dict(source.state_dict())

    @torch.no_grad()
    def label(self, points: Tensor) -> Tensor:
        """Return the class of each point `(B,)` int64, -1 where the teachers are not sure or do not agree."""
        opinions = self._opinions(points)
        best, label = opinions.mean(dim=0).max(dim=1)
        sure = best >= self.least
        if self.agree:
            sure = sure & (opinions.argmax(dim=2) == label).all(dim=0)
        return torch.where(sure, label, -1)

    @torch.no_grad()
    def confirm(self, points: Tensor, wanted: Tensor) -> Tensor:
        """Return where every opinion names the wanted class, boolean `(B,)`; everywhere if none needs to agree."""
        if not self.agree:
            return torch.ones_like(wanted, dtype=torch.bool)
        return (self._opinions(points).argmax(dim=2) == wanted).all(dim=0)

    def _opinions(self, points: Tensor) -> Tensor:
        """Return probabilities `(T, B, K)`."""
        asked = [(copy.eval(), points) for copy in self.copies]
        if len(asked) == 1:
            asked.append((asked[0][0], self.views.weak(points)))
        return torch.stack([torch.softmax(copy(shown), dim=1) for copy, shown in asked])


def round_of(step: int, epochs: int, samples_per_epoch: int, batch_size: int, rounds: int) -> tuple[int, bool]:
    """Return the number of the round that a step belongs to (0 learns from labels alone), and whether it begins one."""
    total = epochs * -(-samples_per_epoch // batch_size)
    length = max(1, total // (rounds + 1))
    return min(step // length, rounds), step % length == 0 and 0 < step // length <= rounds


def sparse_recipe(epochs: int, samples_per_epoch: int, batch_size: int, rate: float, average: float | None) -> Recipe:
    """Return one stage of Adam whose batches are labelled for one half, classes drawn equally often.

    The averaged weights of the last step are kept: a validation part as small as the labelled one chooses an epoch by
    chance.
    """
    stage = Stage(
        epochs=epochs,
        batch_size=batch_size,
        samples_per_epoch=samples_per_epoch,
        optimizers={"main": Optimizer(learning_rate=rate, betas=(0.5, 0.999))},
        schedule="cosine",
        labelled=0.5,
        balanced=True,
        keep_best=False,
        validate_every=max(1, epochs // 4),
    )
    return Recipe(stages=(stage,), ema=average, precision="auto")
