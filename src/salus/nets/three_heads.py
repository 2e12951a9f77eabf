"""A discriminator of rows with three answers: measured or made, which class, which cluster."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from salus.nets.adversarial_losses import pack


def dense_layers(size: int, widths: Sequence[int], dropout: float = 0.0) -> nn.Sequential:
    """Return dense layers with layer norm, leaky rectifier (slope 0.2) and dropout after each."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(size, width), nn.LayerNorm(width), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
        size = width
    return nn.Sequential(*layers)


class ThreeHeads(nn.Module):
    """One trunk, three linear heads; the first sees packs of rows.

    Args:
        features: Numbers of a row, F.
        widths: Units of the trunk's layers.
        classes: K.
        clusters: Groups; with one there is no cluster loss.
        dropout: Share of the trunk's units silenced in training.
        packing: Rows that the first head sees at a time.
        cluster_weight: Of the cluster loss beside the class loss.

    Source:
        Odena et al. 2017, section 3, with a second auxiliary head; Lin et al. 2018, section 3, for the packs, which
        are joined after the trunk so that the other heads see single rows.
    """

    def __init__(
        self,
        features: int,
        widths: Sequence[int],
        classes: int,
        clusters: int,
        *,
        dropout: float = 0.0,
        packing: int = 1,
        cluster_weight: float = 0.5,
    ) -> None:
        super().__init__()
        self.packing, self.clusters, self.cluster_weight = packing, clusters, cluster_weight
        self.trunk = dense_layers(features, widths, dropout)
        self.of_origin = nn.Linear(packing * widths[-1], 1)
        self.of_class = nn.Linear(widths[-1], classes)
        self.of_cluster = nn.Linear(widths[-1], clusters)

    def forward(self, rows: Tensor) -> Tensor:
        """Return class logits `(B, K)` of rows `(B, F)`."""
        logits: Tensor = self.of_class(self.trunk(rows))
        return logits

    def origin(self, hidden: Tensor) -> Tensor:
        """Return scores of packs `(B // packing, 1)`, high for measured rows, given the trunk's output."""
        score: Tensor = self.of_origin(pack(hidden, self.packing))
        return score

    def score(self, rows: Tensor) -> Tensor:
        """Return `origin` of rows `(B, F)`: what a penalty on the slope is taken of."""
        return self.origin(self.trunk(rows))

    def realness(self, rows: Tensor) -> Tensor:
        """Return one score for each row, `(B,)`: that of a pack full of it."""
        hidden: Tensor = self.trunk(rows)
        score: Tensor = self.of_origin(hidden.repeat(1, self.packing))
        return score[:, 0]

    def told(self, hidden: Tensor, label: Tensor, cluster: Tensor) -> Tensor:
        """Return the cross-entropy of the class head, and the weighted one of the cluster head."""
        loss = functional.cross_entropy(self.of_class(hidden), label)
        if self.clusters > 1:
            loss = loss + self.cluster_weight * functional.cross_entropy(self.of_cluster(hidden), cluster)
        return loss

    @torch.no_grad()
    def cluster_of(self, rows: Tensor) -> Tensor:
        """Return the cluster that the head finds likeliest, `(B,)` int64."""
        return torch.as_tensor(self.of_cluster(self.trunk(rows)).argmax(1))
