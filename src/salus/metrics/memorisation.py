"""Does a generator repeat what it was trained on? Nearest neighbours of synthetic rows among seen and unseen ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.metrics.ranking import auroc
from salus.metrics.weights import Floats
from salus.schema.errors import ShapeError

BLOCK = 4_000_000
"""Distances held at a time."""
NEAR = 0.1
FAR = 0.5
UNSEEN = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """For each row, the nearest of the reference rows.

    Attributes:
        distance: `(N,)`, Euclidean.
        index: `(N,)`, which reference row.
    """

    distance: Floats
    index: NDArray[np.int64]


def nearest(rows: Floats, references: Floats) -> Nearest:
    """Find the nearest reference of each row, exactly, in blocks of bounded memory.

    Args:
        rows: `(N, D)`.
        references: `(M, D)`, at least one.

    Raises:
        ShapeError: No reference, or another number of columns.
    """
    if rows.ndim != 2 or references.ndim != 2 or rows.shape[1] != references.shape[1] or not len(references):
        raise ShapeError(f"rows {rows.shape} and references {references.shape}: expected (N, D) and (M, D), M >= 1")
    distance, index = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64)
    step = max(1, BLOCK // len(references))
    for first in range(0, len(rows), step):
        squares = squared_distances(rows[first : first + step], references)
        found = squares.argmin(axis=1)
        index[first : first + step] = found
        # the winner anew: the fast formula loses half of the digits where rows are nearly equal
        exact = ((rows[first : first + step] - references[found]) ** 2).sum(axis=1)
        distance[first : first + step] = np.sqrt(exact)
    return Nearest(distance=distance, index=index)


def squared_distances(rows: Floats, references: Floats) -> Floats:
    """Return squared Euclidean distances `(N, M)`, never below zero."""
    squares = (rows**2).sum(axis=1)[:, None] - 2 * rows @ references.T + (references**2).sum(axis=1)
    return np.maximum(squares, 0.0)


def closer_share(to_seen: Nearest, to_unseen: Nearest) -> float:
    """Return the share of rows nearer to a seen than to an unseen row; ties count half, 0.5 is what chance gives."""
    return float((_sooner(to_seen, to_unseen)).mean())


def closer_share_weighted(to_seen: Nearest, to_unseen: Nearest, seen_weights: Floats, unseen_weights: Floats) -> Floats:
    """Return the share for resamples of the real rows, `(R,)`.

    Each synthetic row votes in the cell of its nearest real row, seen or unseen; a resample weighs cells, so that the
    interval holds what another draw of patients would have changed.

    Args:
        to_seen: Of the synthetic rows.
        to_unseen: Of the synthetic rows.
        seen_weights: `(R, M)`, how often each seen row was drawn.
        unseen_weights: `(R, M')`.
    """
    share = _sooner(to_seen, to_unseen)
    seen = seen_weights @ np.bincount(to_seen.index, share, minlength=seen_weights.shape[1])
    unseen = unseen_weights @ np.bincount(to_unseen.index, 1.0 - share, minlength=unseen_weights.shape[1])
    total = seen + unseen
    return np.where(total > 0, seen / np.where(total > 0, total, 1.0), 0.5)


def membership_auroc(
    seen: Sequence[float] | Floats, unseen: Sequence[float] | Floats, weights: Floats | None = None
) -> Floats:
    """Return how well a score tells rows that training saw from rows that it did not: 0.5 is chance, `(R,)`.

    Args:
        seen: `(M,)`, higher where the attacker believes a row was seen (minus its distance to the synthetic rows).
        unseen: `(M',)`.
        weights: `(R, M + M')` of seen and then unseen rows, or None.

    Source:
        Chen et al. 2020, GAN-Leaks, arXiv 1909.03935 (distance to the nearest generated sample).
    """
    truth = np.concatenate([np.ones(len(seen), bool), np.zeros(len(unseen), bool)])
    return auroc(np.concatenate([np.asarray(seen), np.asarray(unseen)]), truth, weights)


def copy_threshold(unseen_to_seen: Nearest) -> float:
    """Return the distance below which a row counts as a copy of a training row.

    Unseen people say how near two different people come: the distance that only one in 200 of them undercuts, but at
    least a tenth and at most half of the median, so that neither dense points nor copies inside the data mislead.
    Rows that equal a training row are left out of the median; where all do, only equality counts.
    """
    apart = unseen_to_seen.distance[unseen_to_seen.distance > 0]
    if not len(apart):
        return 0.0
    middle = float(np.median(apart))
    return float(np.clip(np.quantile(unseen_to_seen.distance, UNSEEN), NEAR * middle, FAR * middle))


def _sooner(to_seen: Nearest, to_unseen: Nearest) -> Floats:
    closer = (to_seen.distance < to_unseen.distance).astype(np.float64)
    return closer + 0.5 * (to_seen.distance == to_unseen.distance)
