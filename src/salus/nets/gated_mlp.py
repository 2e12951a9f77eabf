"""A small dense network over a table whose hidden units another, optional, vector may close.

Source: Arevalo et al. 2017, arXiv 1702.01992 (gated multimodal units), with one gate on the first source.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class GatedMLP(nn.Module):
    """Dense layers; the last hidden one is multiplied by a gate that the second source sets.

    Args:
        features: F, columns of the first source.
        gated_by: O, columns of the second source; 0 for none, and then there is no gate.
        widths: Units of the hidden layers.
        outputs: K.
        dropout: Share of hidden units silenced in training.
    """

    def __init__(self, features: int, gated_by: int, widths: Sequence[int], outputs: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((features, *widths[:-1]), widths, strict=True):
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
        self.body = nn.Sequential(*layers)
        self.gate = nn.Linear(gated_by, widths[-1]) if gated_by else None
        self.head = nn.Linear(widths[-1], outputs)

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Map `(B, F)` and, where there is a gate, `(B, O)` to `(B, K)`."""
        hidden = self.body(first)
        if self.gate is not None and second is not None:
            hidden = 2 * torch.sigmoid(self.gate(second)) * hidden
        answer: Tensor = self.head(hidden)
        return answer
