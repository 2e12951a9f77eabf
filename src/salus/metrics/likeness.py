"""How alike two pictures, volumes or signals are, by small standardised copies; and which pairs are worth comparing.

Two of them are nearly equal when they correlate and when their gradients correlate, both measured against the
background: the 0.9 quantile q of random pairs. A pair counts when 1 - r <= CLOSENESS * (1 - q) for both.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

EDGE = {2: 24, 3: 12}
"""Cells per edge of a thumbnail, by number of space axes."""
POINTS = 128
"""Points of a shortened signal."""
# Measured, 24 x 24 thumbnails (12^3 for volumes), q of (value, gradient) and the closest pair of different pictures
# across the sides, as max((1 - r) / (1 - q)) over both:
#   PneumoniaMNIST official split     q 0.72, 0.37   closest 0.26 (r 0.953, 0.834)
#   RetinaMNIST official split        q 0.93, 0.82   closest 0.105 (r 0.996, 0.982)
#   brain_tumor_mri_cheng suggested   q 0.76, 0.28   closest 0.19 (r 0.955, 0.883)
#   BreakHis 100x by case             q 0.15, 0.06   closest 0.87
#   MIT-BIH beats across patients     q 0.88, 0.88   closest 0.25 (r 0.987, 0.974; 256 samples at 360 Hz)
# A copy saved as JPEG of quality 90, resized and resized back, with noise of 2 grey levels or a gamma of 0.8 gives,
# in at least 90 % of pictures, r >= 0.994, 0.967 (PneumoniaMNIST, bars 0.978, 0.950), and r >= 0.995, 0.996 (brain MRI,
# bars 0.981, 0.943). RetinaMNIST (bars 0.994, 0.986) shows copies of quality 90 and misses noisier ones.
# UMAFall: the closest 15 s trials of two people correlate 0.972. A picture moved by one pixel of 28 is not found.
CLOSENESS = 0.08
CEILING = (0.998, 0.995)
"""Above this a pair is reported however alike the whole set is."""
TABLES, BITS = 20, 16
"""Hash tables and bits of each: a pair with 5 % of its signs turned is met in one of them with 0.99999 certainty, two
strangers among 100,000 in one of 2^16 buckets a table."""
_DIRECTIONS = 32
_SAMPLE = 4_000
_CROWD = 16
_PAIRS = 2048
_ALL = 4_000
"""Up to so many rows all pairs are compared: whitening few rows would blow up what little tells copies apart."""
_FAINT = 0.02
PAIRS = 200_000
"""After so many nearly equal pairs the search ends."""


def thumbnail(array: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return the mean over channels (and time) in `(24, 24)` or `(12, 12, 12)` cells, flat.

    Args:
        array: `(C, H, W)`, `(C, D, H, W)` or `(C, T, D, H, W)`, real; a value that is not finite counts as 0.
    """
    space = array.ndim - 1 if array.ndim < 5 else 3
    small = np.nan_to_num(array.astype(np.float64)).mean(axis=tuple(range(array.ndim - space)))
    for axis in range(space):
        small = _cells(small, axis, EDGE[space])
    return small.astype(np.float32).ravel()


def shortened(array: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return a signal's leads `(L, 128)`, each without its mean, flat; NaN counts as the lead's mean."""
    filled = array.astype(np.float64)
    known = np.isfinite(filled)
    mean = np.where(known, filled, 0.0).sum(1, keepdims=True) / np.maximum(known.sum(1, keepdims=True), 1)
    return _cells(np.where(known, filled - mean, 0.0), 1, POINTS).astype(np.float32).ravel()


def standard(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the values and the gradients of `(N, F)` thumbnails or signals, each row of mean 0 and length 1."""
    return unit(values - values.mean(axis=1, keepdims=True)), unit(gradient(values))


def unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows of length 1; a row of zeros stays."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return (values / np.where(length > 0, length, 1)).astype(np.float32)


def gradient(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return signed differences of neighbours along every axis of the thumbnail or signal, `(N, G)`."""
    total, size = values.shape
    square = next((axes for axes, edge in EDGE.items() if edge**axes == size), 0)
    if not square:
        return np.diff(values.reshape(total, -1, POINTS), axis=2).reshape(total, -1)
    grid = values.reshape(total, *[EDGE[square]] * square)
    return np.concatenate([np.diff(grid, axis=1 + a).reshape(total, -1) for a in range(square)], axis=1)


def bars(plain: NDArray[np.float32], slope: NDArray[np.float32]) -> tuple[float, float]:
    """Return the correlations of values and of gradients from which on a pair counts as nearly equal.

    Args:
        plain: `(N, F)` standardised values.
        slope: `(N, G)` standardised gradients.
    """
    rng = np.random.default_rng(0)
    i, j = rng.integers(0, len(plain), (2, 20_000))
    i, j = i[i != j], j[i != j]
    limits = []
    for vectors, ceiling in ((plain, CEILING[0]), (slope, CEILING[1])):
        parts = [slice(start, start + _PAIRS // 4) for start in range(0, len(i), _PAIRS // 4)]
        alike = np.concatenate([np.einsum("pf,pf->p", vectors[i[part]], vectors[j[part]]) for part in parts])
        background = np.quantile(alike, 0.9)
        limits.append(float(min(1 - CLOSENESS * (1 - background), ceiling)))
    return limits[0], limits[1]


def candidates(values: NDArray[np.generic], least: float, tables: int = TABLES) -> Iterator[NDArray[np.int64]]:
    """Yield the pairs `(P, 2)` that are worth comparing, without comparing all: time grows nearly as N does.

    The rows are whitened along their main directions, so that what all pictures of a kind share (dark corners, a
    chest's outline) tells none apart, and hashed by the signs of random projections (Charikar 2002,
    doi:10.1145/509907.509965). Rows that share a bucket are paired; in a crowded bucket each with its next
    neighbours only, so copies form a chain instead of all pairs. A pair may come twice.

    Args:
        values: `(N, F)` thumbnails or shortened signals of any real dtype; memory beside them is 32 numbers a row.
        least: Correlation that a pair must reach to be of use; of few rows all pairs are compared by it at once.
        tables: Hash tables; more find more.
    """
    if len(values) <= _ALL:
        plain = _plain(values)
        for start in range(0, len(values), 256):
            i, j = np.nonzero(np.triu(plain[start : start + 256] @ plain.T >= least - 1e-4, start + 1))
            yield np.stack([i + start, j], axis=1)
        return
    rng = np.random.default_rng(0)
    some = _plain(values[_some(values.shape)]).astype(np.float64)
    centre = some.mean(axis=0)
    _, scale, axes = np.linalg.svd(some - centre, full_matrices=False)
    kept = max(1, min(_DIRECTIONS, int((scale > _FAINT * max(scale[0], 1e-12)).sum())))
    turn = (axes[:kept] / np.maximum(scale[:kept, None], 1e-12)).T.astype(np.float32)
    white = np.concatenate(
        [
            (_plain(values[start : start + _PAIRS]) - centre.astype(np.float32)) @ turn
            for start in range(0, len(values), _PAIRS)
        ]
    )
    powers = 1 << np.arange(BITS)
    for _ in range(tables):
        signs = white @ rng.normal(size=(kept, BITS)).astype(np.float32) > 0
        buckets = signs @ powers
        # Within a bucket neighbours in one more projection stand side by side, so that a chain joins what is alike.
        order = np.lexsort((white @ rng.normal(size=kept).astype(np.float32), buckets))
        yield from _neighbours(order, buckets[order])


def close_pairs(values: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the nearly equal pairs `(P, 2)` of `(N, F)` thumbnails or signals, and their correlations `(P,)`.

    Rows without any contrast equal nothing. The search ends at `PAIRS` pairs: so many tell all there is to tell.
    """
    if len(values) < 2:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.float32)
    least = bars(*standard(values[_some(values.shape)].astype(np.float32)))
    found: dict[tuple[int, int], float] = {}
    for pairs in candidates(values, least[0]):
        for start in range(0, len(pairs), _PAIRS):
            i, j = pairs[start : start + _PAIRS].T
            alike = np.einsum("pf,pf->p", _plain(values[i]), _plain(values[j]))
            near = alike >= least[0]
            i, j, alike = i[near], j[near], alike[near]
            if not len(i):
                continue
            slopes = [unit(gradient(values[side].astype(np.float32))) for side in (i, j)]
            near = np.einsum("pf,pf->p", *slopes) >= least[1]
            for a, b, r in zip(i[near].tolist(), j[near].tolist(), alike[near].tolist(), strict=True):
                found[min(a, b), max(a, b)] = r
        if len(found) > PAIRS:
            break
    rows = sorted(found)
    return np.array(rows, np.int64).reshape(-1, 2), np.array([found[row] for row in rows], np.float32)


def _plain(values: NDArray[np.generic]) -> NDArray[np.float32]:
    rows = values.astype(np.float32)
    return unit(rows - rows.mean(axis=1, keepdims=True))


def _some(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return rows that stand for all, in order: fewer where they are longer, so that memory stays the same."""
    most = max(500, min(_SAMPLE, _SAMPLE * EDGE[2] ** 2 // max(1, shape[1])))
    return np.sort(np.random.default_rng(1).permutation(shape[0])[:most])


def _neighbours(order: NDArray[np.int64], buckets: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Pair each row with the next ones of its bucket, step by step, until no bucket reaches that far."""
    for step in range(1, _CROWD + 1):
        same = np.flatnonzero(buckets[step:] == buckets[:-step])
        if not len(same):
            return
        yield np.stack([order[same], order[same + step]], axis=1)


def _cells(array: NDArray[np.float64], axis: int, count: int) -> NDArray[np.float64]:
    """Average an axis into `count` cells of nearly equal size; a shorter axis repeats its values."""
    size = array.shape[axis]
    if size < count:
        return np.take(array, np.arange(count) * size // count, axis=axis)
    start = np.arange(count) * size // count
    share = np.diff(np.append(start, size)).reshape([-1 if a == axis else 1 for a in range(array.ndim)])
    return np.add.reduceat(array, start, axis=axis) / share
