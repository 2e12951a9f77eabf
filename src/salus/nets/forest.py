"""A fitted forest as flat node arrays: no pickle, no tree library when it answers."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from salus.schema.errors import ShapeError, StoreError

COLUMNS = 5  # feature (-1 in a leaf), threshold, left child, right child, 1 where a gap goes left; then the values


class FlatForest(nn.Module):
    """Averages trees that are routed all at once.

    The nodes of all trees stand in one table `(nodes, 5 + K)`: feature, threshold, left, right, where a missing value
    goes, and the K values of a leaf (class shares, or the mean target). A table of any size travels in the module's
    extra state, so an empty forest of the same class can be loaded from a file.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.zeros(0, COLUMNS + 1, dtype=torch.float64)
        self.roots = torch.zeros(0, dtype=torch.int64)
        self.depth = 0

    @property
    def fitted(self) -> bool:
        """Tell whether there is a tree."""
        return len(self.roots) > 0

    def take(self, forest: Any) -> "FlatForest":
        """Copy the trees of a fitted scikit-learn forest or tree of classification or regression; returns itself."""
        trees = [tree.tree_ for tree in getattr(forest, "estimators_", [forest])]
        tables, roots, offset = [], [], 0
        for tree in trees:
            values = tree.value[:, 0, :].astype(np.float64)
            if hasattr(forest, "classes_"):
                values = values / values.sum(axis=1, keepdims=True)
            inner = tree.children_left >= 0
            node = np.stack(
                [
                    np.where(inner, tree.feature, -1),
                    np.where(inner, tree.threshold, 0.0),
                    np.where(inner, tree.children_left + offset, 0),
                    np.where(inner, tree.children_right + offset, 0),
                    np.where(inner, tree.missing_go_to_left, 0),
                ],
                axis=1,
            )
            tables.append(np.concatenate([node, values], axis=1))
            roots.append(offset)
            offset += len(values)
        self._set(torch.from_numpy(np.concatenate(tables)), torch.tensor(roots))
        return self

    def forward(self, features: Tensor) -> Tensor:
        """Map features `(N, F)`, NaN where missing, to mean leaf values `(N, K)`, float64.

        Source:
            Breiman 2001, Random Forests; the answer is the mean of the trees' leaves, as scikit-learn gives it.

        Raises:
            ShapeError: The forest holds no tree, or features are fewer than it was fitted on.
        """
        if not self.fitted:
            raise ShapeError("forest without trees; fit the system before asking it")
        feature = self.table[:, 0].long()
        if int(feature.max()) >= features.shape[1]:
            raise ShapeError(f"{features.shape[1]} features: the forest looks at feature {int(feature.max())}")
        # Trees were split on 32-bit features against 64-bit thresholds; comparing otherwise moves rows near a split.
        known = features.to(torch.float32).to(torch.float64)
        threshold, children = self.table[:, 1], self.table[:, 2:4].long()
        gap_right = self.table[:, 4] == 0
        place = self.roots.expand(len(features), -1)
        for _ in range(self.depth):
            asked = feature[place]
            value = known.gather(1, asked.clamp(min=0))
            right = torch.where(value.isnan(), gap_right[place], value > threshold[place])
            child = children[place, right.long()]
            place = torch.where(asked < 0, place, child)
        return self.table[:, COLUMNS:][place].mean(dim=1)

    def probabilities(self, features: NDArray[np.floating], rows: int = 4096) -> NDArray[np.float64]:
        """Answer a NumPy array `(N, F)` with `(N, K)`, some rows at a time to bound memory."""
        parts = [self(torch.from_numpy(features[i : i + rows])) for i in range(0, len(features), rows)]
        return torch.cat(parts).numpy() if parts else np.zeros((0, self.table.shape[1] - COLUMNS))

    def get_extra_state(self) -> Tensor:
        """Return the table with the roots marked by a further column."""
        mark = torch.zeros(len(self.table), 1, dtype=torch.float64)
        mark[self.roots] = 1.0
        return torch.cat([self.table, mark], dim=1)

    def set_extra_state(self, state: Tensor) -> None:
        """Take what `get_extra_state` returned.

        Raises:
            StoreError: No table of nodes.
        """
        if state.ndim != 2 or state.shape[1] < COLUMNS + 2:
            raise StoreError(f"forest of shape {tuple(state.shape)}: expected (nodes, at least {COLUMNS + 2})")
        self._set(state[:, :-1].to(torch.float64).contiguous(), state[:, -1].nonzero()[:, 0])

    def _set(self, table: Tensor, roots: Tensor) -> None:
        nodes = table[:, :COLUMNS].numpy()
        inner = np.flatnonzero(nodes[:, 0] >= 0)
        children = nodes[inner, 2:4]
        # Parents come before children, so a route always ends.
        wrong = (children <= inner[:, None]) | (children >= len(table))
        if wrong.any():
            node = int(np.flatnonzero(wrong.any(axis=1))[0])
            left, right = children[node].astype(int)
            raise StoreError(f"forest node {inner[node]}: children {left} and {right} are not further down the table")
        here, depth = roots.numpy(), 0
        while len(here := here[nodes[here, 0] >= 0]):
            here, depth = nodes[here, 2:4].astype(np.int64).ravel(), depth + 1
        self.table, self.roots, self.depth = table, roots, depth
