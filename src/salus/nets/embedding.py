"""Embeddings on the unit sphere: a 1-D convolutional encoder, and the loss that draws a margin between people."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class WaveEncoder(nn.Module):
    """Convolution, batch normalisation, rectifier and pooling, some times; then the mean over time and a projection.

    Args:
        leads: Rows of the input.
        widths: Channels of each convolution.
        kernels: Width of each kernel, odd.
        size: Numbers of the embedding.
        dropout: Share of pooled features silenced in training.
    """

    def __init__(
        self, leads: int, widths: Sequence[int], kernels: Sequence[int], size: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width, kernel in zip(widths, kernels, strict=True):
            layers += [nn.Conv1d(leads, width, kernel, padding=kernel // 2), nn.BatchNorm1d(width), nn.ReLU()]
            layers.append(nn.MaxPool1d(2))
            leads = width
        self.features = nn.Sequential(*layers)
        self.project = nn.Sequential(nn.Dropout(dropout), nn.Linear(leads, size))

    def forward(self, windows: Tensor) -> Tensor:
        """Map windows `(N, L, T)` to unit vectors `(N, size)`."""
        embedding: Tensor = functional.normalize(self.project(self.features(windows).mean(dim=-1)), dim=-1)
        return embedding


def additive_margin(cosines: Tensor, labels: Tensor, margin: float, scale: float) -> Tensor:
    """Return the mean cross-entropy of scaled cosines, the true person's lowered by a margin.

    Args:
        cosines: `(N, K)`.
        labels: `(N,)`, int64.
        margin: 0 gives the plain softmax on cosines.
        scale: Inverse temperature.

    Source:
        Wang et al. 2018, CosFace: Large Margin Cosine Loss for Deep Face Recognition, CVPR, equation 4.
    """
    own = functional.one_hot(labels, cosines.shape[1]).to(cosines.dtype)
    return functional.cross_entropy(scale * (cosines - margin * own), labels)


def mean_directions(embeddings: Tensor, labels: Tensor, count: int) -> Tensor:
    """Return the mean direction `(count, D)` of each label's embeddings `(N, D)`; zero for a label without any."""
    sums = torch.zeros(count, embeddings.shape[1], dtype=embeddings.dtype, device=embeddings.device)
    return functional.normalize(sums.index_add_(0, labels, embeddings), dim=-1)
