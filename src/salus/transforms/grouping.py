"""Which factors of a table belong together, by their Pearson correlation on the training part.

Source: the positive and negative factor groups follow the idea of Ismail et al. 2020 (IEEE Access, 9036869); the order
inside a set is the optimal leaf order of an average-linkage tree (Bar-Joseph et al. 2001, Bioinformatics 17:S22-S29).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from salus.schema.errors import ShapeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Factor numbers in the order that a convolution reads them.

    Attributes:
        positive: Factors with a partner at r >= threshold, neighbours alike; then factors without any partner.
        negative: Factors with a partner at r <= -threshold, neighbours opposed.
        clusters: Partition of all factors by |r|, largest first.
    """

    positive: tuple[int, ...]
    negative: tuple[int, ...]
    clusters: tuple[tuple[int, ...], ...]


def correlation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Pearson's r `(F, F)` of the columns of `(N, F)`; a constant column correlates with nothing."""
    centred = values - values.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    scaled = np.where(length > 1e-9, centred / np.where(length > 1e-9, length, 1.0), 0.0)
    matrix = (scaled.T @ scaled).clip(-1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def group_factors(matrix: NDArray[np.float64], threshold: float) -> Grouping:
    """Split factors into correlation sets and order each.

    Args:
        matrix: `(F, F)`, Pearson's r.
        threshold: Least |r| of a partnership, in (0, 1).

    Raises:
        ShapeError: The matrix is not square.
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(f"correlation matrix of shape {matrix.shape}: expected (F, F)")
    others = matrix - np.eye(len(matrix))
    alike, opposed = (others >= threshold).any(axis=1), (others <= -threshold).any(axis=1)
    alone = np.flatnonzero(~alike & ~opposed)
    return Grouping(
        positive=(*_ordered(np.flatnonzero(alike), 1 - matrix), *map(int, alone)),
        negative=_ordered(np.flatnonzero(opposed), 1 + matrix),
        clusters=_clusters(1 - np.abs(matrix), 1 - threshold),
    )


def rand_index(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Return the share of pairs on which two partitions `(F,)` agree: together in both or apart in both.

    Source: Rand 1971, J. Am. Stat. Assoc. 66:846-850.

    >>> rand_index(np.array([0, 0, 1]), np.array([5, 5, 5]))
    0.3333333333333333
    """
    rows, columns = np.triu_indices(len(first), k=1)
    return float(((first[rows] == first[columns]) == (second[rows] == second[columns])).mean())


def _ordered(members: NDArray[np.int64], distance: NDArray[np.float64]) -> tuple[int, ...]:
    if len(members) < 3:
        return tuple(map(int, members))
    tree, condensed = _tree(distance[np.ix_(members, members)])
    return tuple(int(members[i]) for i in leaves_list(optimal_leaf_ordering(tree, condensed)))


def _clusters(distance: NDArray[np.float64], cut: float) -> tuple[tuple[int, ...], ...]:
    if len(distance) < 2:
        return tuple((i,) for i in range(len(distance)))
    labels = fcluster(_tree(distance)[0], t=cut, criterion="distance")
    members = [tuple(map(int, np.flatnonzero(labels == label))) for label in np.unique(labels)]
    return tuple(sorted(members, key=lambda group: (-len(group), group)))


def _tree(distance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    square = np.maximum((distance + distance.T) / 2, 0.0)
    np.fill_diagonal(square, 0.0)
    condensed = squareform(square, checks=False)
    return np.asarray(linkage(condensed, method="average")), condensed
