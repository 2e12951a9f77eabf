"""Columns of mixed tables: how far two of a kind are apart, and how much two of a table tell of one another."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from salus.metrics.weights import Floats

Column = NDArray[np.float64] | NDArray[np.str_]
"""Numbers with NaN where missing, or words, empty where missing."""
_KINDS = "iuf"


def is_number(column: Column) -> bool:
    """Tell whether a column holds numbers."""
    return column.dtype.kind in _KINDS


def column_distance(real: Column, made: Column) -> float:
    """Return how far two columns are apart, 0 to 1.

    Numbers: the largest difference of their distributions (Kolmogorov and Smirnov), missing values counted as lowest.
    Words: half the summed difference of their shares (total variation), missing as a word of its own.

    >>> column_distance(np.array([1.0, 2.0]), np.array([1.0, 9.0]))
    0.5
    >>> column_distance(np.array(["a", "b"]), np.array(["a", "a"]))
    0.5
    """
    if not is_number(real) or not is_number(made):
        real, made = real.astype(str), made.astype(str)
        words = np.union1d(real, made)
        shares = [np.searchsorted(words, side) for side in (real, made)]
        counts = [np.bincount(place, minlength=len(words)) / len(place) for place in shares]
        return float(np.abs(counts[0] - counts[1]).sum() / 2)
    sides = [np.sort(np.where(np.isnan(side), -np.inf, side)) for side in (real, made)]
    grid = np.unique(np.concatenate(sides))
    rise = [np.searchsorted(side, grid, side="right") / len(side) for side in sides]
    return float(np.abs(rise[0] - rise[1]).max())


def associations(table: Mapping[str, Column], names: Sequence[str] | None = None) -> Floats:
    """Return how strongly every two columns go together, `(F, F)`, with ones on the diagonal.

    Two numbers: Pearson's r, -1 to 1. A number and a word: the correlation ratio, 0 to 1. Two words: Cramer's V
    corrected for chance, 0 to 1. Rows where either is missing are left out of a pair; a column that does not vary goes
    with nothing.

    Source:
        Fisher 1925 (correlation ratio); Bergsma 2013, doi 10.1016/j.jkss.2012.10.002 (bias of Cramer's V).
    """
    chosen = list(names if names is not None else table)
    found = np.eye(len(chosen))
    for i, first in enumerate(chosen):
        for j in range(i):
            found[i, j] = found[j, i] = association(table[first], table[chosen[j]])
    return found


def association(first: Column, second: Column) -> float:
    """Return how strongly two columns of one table go together; see `associations`."""
    known = ~(_missing(first) | _missing(second))
    a, b = first[known], second[known]
    if len(a) < 3:
        return 0.0
    if is_number(a) and is_number(b):
        return _pearson(a.astype(np.float64), b.astype(np.float64))
    if is_number(a) or is_number(b):
        words, numbers = (b, a) if is_number(a) else (a, b)
        return _correlation_ratio(words, numbers.astype(np.float64))
    return _cramer(a, b)


def _missing(column: Column) -> NDArray[np.bool_]:
    return np.isnan(column) if is_number(column) else column == ""


def _pearson(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / scale) if scale > 1e-12 * max(1.0, len(a)) else 0.0


def _correlation_ratio(words: Column, numbers: Floats) -> float:
    _, group = np.unique(words, return_inverse=True)
    total = ((numbers - numbers.mean()) ** 2).sum()
    if total <= 0:
        return 0.0
    counts = np.bincount(group)
    means = np.bincount(group, numbers) / counts
    return float(np.sqrt(min((counts * (means - numbers.mean()) ** 2).sum() / total, 1.0)))


def _cramer(a: Column, b: Column) -> float:
    _, i = np.unique(a, return_inverse=True)
    _, j = np.unique(b, return_inverse=True)
    rows, columns, total = int(i.max()) + 1, int(j.max()) + 1, len(i)
    table = np.bincount(i * columns + j, minlength=rows * columns).reshape(rows, columns)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / total
    phi = ((table - expected) ** 2 / expected).sum() / total
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (total - 1))
    height = rows - (rows - 1) ** 2 / (total - 1)
    width = columns - (columns - 1) ** 2 / (total - 1)
    least = min(height, width) - 1
    return float(np.sqrt(min(phi / least, 1.0))) if least > 0 else 0.0
