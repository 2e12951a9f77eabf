"""Nearly equal pictures and signals, by correlation of small standardised copies."""

import numpy as np
from numpy.typing import NDArray

from salus.evaluate.finding import crossing
from salus.evaluate.fingerprint import EDGE, POINTS

# Two pictures are nearly equal when they correlate and when their gradients correlate, both measured against the
# background: the 0.9 quantile q of random pairs. A pair counts when 1 - r <= CLOSENESS * (1 - q) for both.
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
COMPARED = 20_000
"""More samples than this are thinned, evenly, to bound time."""
BLOCK = 512
PAIRS = 200_000
"""After so many nearly equal pairs the search ends: the split leaks, and each further pair costs memory."""


def near_pairs(values: NDArray[np.float32], table: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of rows that some split separates and that are nearly equal.

    Args:
        values: `(N, F)`, thumbnails or shortened signals, not standardised.
        table: `(S, N)`, side of each row in each split.
    """
    if len(values) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    plain, slope = _unit(values - values.mean(axis=1, keepdims=True)), _unit(_gradient(values))
    bars = _bars(plain, slope)
    firsts, seconds = [], []
    for start in range(0, len(plain), BLOCK):
        match = plain[start : start + BLOCK] @ plain[start:].T >= bars[0]
        i, j = np.nonzero(np.triu(match, 1))
        i, j = i + start, j + start
        apart = crossing(table, i, j) >= 0
        i, j = i[apart], j[apart]
        close = np.concatenate(
            [np.zeros(0, bool)]
            + [
                np.einsum("pf,pf->p", slope[i[k : k + 4096]], slope[j[k : k + 4096]]) >= bars[1]
                for k in range(0, len(i), 4096)
            ]
        )
        firsts.append(i[close])
        seconds.append(j[close])
        if sum(map(len, firsts)) > PAIRS:
            break
    return np.concatenate(firsts), np.concatenate(seconds)


def _unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return (values / np.where(length > 0, length, 1)).astype(np.float32)


def _gradient(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return signed differences of neighbours along every axis of the thumbnail or signal, `(N, G)`."""
    total, size = values.shape
    square = next((axes for axes, edge in EDGE.items() if edge**axes == size), 0)
    if not square:
        return np.diff(values.reshape(total, -1, POINTS), axis=2).reshape(total, -1)
    grid = values.reshape(total, *[EDGE[square]] * square)
    return np.concatenate([np.diff(grid, axis=1 + a).reshape(total, -1) for a in range(square)], axis=1)


def _bars(plain: NDArray[np.float32], slope: NDArray[np.float32]) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    i, j = rng.integers(0, len(plain), (2, 20_000))
    i, j = i[i != j], j[i != j]
    limits = []
    for vectors, ceiling in ((plain, CEILING[0]), (slope, CEILING[1])):
        background = np.quantile(np.einsum("pf,pf->p", vectors[i], vectors[j]), 0.9)
        limits.append(float(min(1 - CLOSENESS * (1 - background), ceiling)))
    return limits[0], limits[1]
