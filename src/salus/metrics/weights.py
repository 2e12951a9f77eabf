"""Row weights: how every metric of this package is asked for many resamples at once.

A resample of N rows is one row of a weight matrix `(R, N)`: how often each row was drawn. Metrics sort once and then
work through the matrix in chunks, so that memory stays bounded however many resamples are asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salus.schema.errors import DataError, ShapeError

Floats = NDArray[np.float64]
"""Double precision: sums of many small weights."""

CHUNK = 1_000_000
"""Numbers in one temporary (8 MB as float64); a metric holds fewer than eight of them at a time."""


def as_weights(weights: ArrayLike | None, rows: int) -> NDArray[Any]:
    """Return weights as `(R, N)`; None weighs each of N = `rows` rows once.

    Raises:
        ShapeError: Not two axes, or not one column per row.
    """
    if weights is None:
        return np.ones((1, rows))
    matrix = np.asarray(weights)
    if matrix.ndim != 2 or matrix.shape[1] != rows:
        raise ShapeError(f"weights of shape {matrix.shape} for {rows} rows: expected (R, {rows}), one row per resample")
    return matrix


def by_chunk(function: Callable[[Floats], Floats], weights: NDArray[Any]) -> Floats:
    """Apply `function` `(r, N) -> (r, ...)` to consecutive rows of `weights` and stack what it returns."""
    resamples, rows = weights.shape
    step = max(1, CHUNK // max(rows, 1))
    parts = [function(weights[start : start + step].astype(np.float64)) for start in range(0, max(resamples, 1), step)]
    return np.concatenate(parts)


def weighted_mean(values: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the weighted mean of values `(N,)` as `(R,)`; NaN where no row has weight."""
    array = np.asarray(values, dtype=np.float64)
    matrix = as_weights(weights, len(array))

    def mean(chunk: Floats) -> Floats:
        # Summed row by row: a matrix product may round differently with the number of rows or threads.
        return ratio((chunk * array).sum(axis=1), chunk.sum(axis=1))

    return by_chunk(mean, matrix)


def ratio(numerator: Floats, denominator: Floats, empty: float = float("nan")) -> Floats:
    """Divide element by element; `empty` where the denominator is not positive."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    result = np.full(numerator.shape, empty, dtype=np.float64)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows with equal keys, in ascending order of the key.

    Attributes:
        keys: `(G,)`, distinct.
        order: `(N,)`, a permutation that brings equal keys together.
        starts: `(G,)`, where each group begins in `order`.
    """

    keys: NDArray[Any]
    order: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, keys: ArrayLike) -> "Groups":
        """Group rows by a key `(N,)`.

        Raises:
            DataError: A key is NaN, which has no place in an order.
        """
        array = np.asarray(keys)
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise DataError(
                f"{int(np.isnan(array).sum())} of {len(array)} values to be ranked are NaN; judge them first"
            )
        order = np.argsort(array, kind="stable")
        distinct, starts = np.unique(array[order], return_index=True)
        return cls(distinct, order, starts)

    def sums(self, weights: Floats) -> Floats:
        """Return the weight of each group `(R, G)` from row weights `(R, N)`."""
        if not len(self.starts):
            return np.zeros((len(weights), 0))
        return np.add.reduceat(weights[:, self.order], self.starts, axis=1)
