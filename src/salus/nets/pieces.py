"""Numbers of a table as pieces: how far a value has passed through each of its quantile ranges.

Source:
    Gorishniy, Rubachev and Babenko 2022, On Embeddings for Numerical Features in Tabular Deep Learning, NeurIPS,
    section 3.2.1 (quantile bins, piecewise linear encoding).
"""

import numpy as np
from numpy.typing import NDArray


def quantile_edges(values: NDArray[np.floating], pieces: int) -> list[float]:
    """Return rising edges between at most `pieces` ranges that hold about equally many values; NaN is left out.

    A column of few distinct values gets an edge between each two of them; a constant one gets none.
    """
    known = np.unique(values[np.isfinite(values)])
    if len(known) < 2 or pieces < 1:
        return []
    if len(known) <= pieces + 1:
        return [float(value) for value in known]
    shares = np.linspace(0.0, 1.0, pieces + 1)
    edges = np.unique(np.quantile(values[np.isfinite(values)], shares))
    return [float(edge) for edge in edges] if len(edges) > 1 else [float(known[0]), float(known[-1])]


def piecewise(values: NDArray[np.floating], edges: list[float]) -> NDArray[np.float32]:
    """Return for each range between two edges which share of it lies below the value, `(N, E - 1)` in [0, 1].

    NaN passes through no range: all zero.

    >>> piecewise(np.array([0.5, 2.0, 9.0]), [0.0, 1.0, 3.0]).tolist()
    [[0.5, 0.0], [1.0, 0.5], [1.0, 1.0]]
    """
    bounds = np.asarray(edges, dtype=np.float64)
    if len(bounds) < 2:
        return np.zeros((len(values), 0), dtype=np.float32)
    filled = np.where(np.isfinite(values), values, bounds[0])[:, None]
    return np.clip((filled - bounds[:-1]) / np.diff(bounds), 0.0, 1.0).astype(np.float32)
