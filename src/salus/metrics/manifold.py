"""How much of the real samples a generator covers, and how much of what it makes is real: by balls of neighbours."""

from dataclasses import dataclass

import numpy as np

from salus.metrics.memorisation import squared_distances
from salus.metrics.weights import Floats
from salus.schema.errors import DataError

NEIGHBOURS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifold:
    """Four views of two clouds of points.

    Attributes:
        precision: Share of synthetic points inside the real cloud.
        recall: Share of real points inside the synthetic cloud.
        density: How many real balls a synthetic point lies in, over k; about 1 for a fresh draw, may exceed it.
        coverage: Share of real points with a synthetic one in their ball; 1 - 2^-k or so for a fresh draw.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(real: Floats, made: Floats, k: int = NEIGHBOURS) -> Manifold:
    """Compare real points `(N, D)` with made ones `(M, D)`; a ball reaches to the k-th neighbour of its own kind.

    Args:
        real: Feature vectors, more than k of them.
        made: Feature vectors, more than k of them; best as many as real ones.
        k: Neighbours.

    Raises:
        DataError: k rows or fewer on a side.

    Source:
        Kynkaanniemi et al. 2019, arXiv 1904.06991, equations 1 and 2; Naeem et al. 2020, arXiv 2002.09797,
        equations 3 and 4.
    """
    if min(len(real), len(made)) <= k:
        raise DataError(f"{len(real)} real and {len(made)} made samples: coverage needs more than {k} on each side")
    across = squared_distances(real, made)
    real_ball, made_ball = _radii(real, k), _radii(made, k)
    inside = across <= real_ball[:, None]
    return Manifold(
        precision=float(inside.any(axis=0).mean()),
        recall=float((across <= made_ball[None, :]).any(axis=1).mean()),
        density=float(inside.sum(axis=0).mean() / k),
        coverage=float(inside.any(axis=1).mean()),
    )


def modes_kept(shares: Floats, made: Floats, least: float = 0.2) -> int:
    """Count the modes that get at least a fifth of their real share.

    Args:
        shares: `(K,)`, share of real samples in each mode.
        made: `(K,)`, share of synthetic samples in each.
        least: Of the real share.
    """
    return int((np.asarray(made) >= least * np.asarray(shares)).sum())


def spread_ratio(real: Floats, made: Floats) -> float:
    """Return the mean squared distance among made points over that among real ones; 0 for one point repeated."""
    base = float(real.var(axis=0).sum())
    return float(made.var(axis=0).sum()) / base if base > 0 else 1.0


def _radii(points: Floats, k: int) -> Floats:
    squares = squared_distances(points, points)
    np.fill_diagonal(squares, 0.0)  # a point is its own nearest, exactly
    return np.partition(squares, k, axis=1)[:, k]
