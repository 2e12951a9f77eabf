"""Shapley values of a forest's answer, exact, against a background of other rows.

For one row x and one background row z a leaf is reached by a mixture of the two exactly when each feature on its path
suits x or z. Features that only x suits must come from x, those that only z suits from z; the leaf's value times the
share of orderings in which that happens is what each of them adds. Sums over leaves, trees and background give the
Shapley values, whose sum is the answer for x less the mean answer for the background.

Source: Lundberg et al. 2020, doi 10.1038/s42256-019-0138-9, algorithm 3 (interventional), here leaf by leaf.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from salus.nets.forest import COLUMNS, FlatForest
from salus.schema.errors import DataError

Table = NDArray[np.float64]
MOST = 20_000_000
"""Comparisons of one tree (leaves x path x background); a larger question is refused."""


@dataclass(frozen=True, slots=True)
class _Leaves:
    """Leaves of a tree: for each feature on a path the interval `(low, high]` and whether a gap passes; `-1` pads."""

    feature: NDArray[np.int64]
    low: Table
    high: Table
    gap: NDArray[np.bool_]
    value: Table


def tree_shapley(forest: FlatForest, row: Table, background: Table, output: int = 0) -> Table:
    """Return the Shapley value of each feature for one row, `(F,)`.

    Args:
        forest: Fitted; what is explained is its mean leaf value, not a logarithm of it.
        row: `(F,)`, NaN where missing.
        background: `(M, F)`, rows whose mean answer is the starting point.
        output: Which of the forest's K values.

    Raises:
        DataError: No background, or a tree too large for one answer.
    """
    if background.ndim != 2 or not len(background):
        raise DataError("Shapley values need at least one background row; give some training rows")
    # The forest compares 32-bit features; so must its explanation.
    asked = row.astype(np.float32).astype(np.float64)
    others = background.astype(np.float32).astype(np.float64)
    found = np.zeros(len(asked))
    table, roots = forest.table.numpy(), forest.roots.tolist()
    for root in roots:
        leaves = _leaves(table, root, output)
        if leaves.feature.size * len(others) > MOST:
            raise DataError(f"a tree of {len(leaves.value)} leaves is too large for {len(others)} background rows")
        _add(found, leaves, asked, others)
    return found / (len(roots) * len(others))


def _add(found: Table, leaves: _Leaves, row: Table, others: Table) -> None:
    used = leaves.feature >= 0
    place = np.where(used, leaves.feature, 0)
    mine = _suits(leaves, row[place]) | ~used
    theirs = _suits(leaves, others[:, place]) | ~used
    reached = (mine | theirs).all(axis=2)
    only_mine, only_theirs = mine & ~theirs, theirs & ~mine
    ours, rest = only_mine.sum(axis=2), only_theirs.sum(axis=2)
    longest = leaves.feature.shape[1] + 1
    # Share of orderings of s + r features in which all s come before the r, seen from one of the s (or r).
    gain = np.array([[1 / (s * comb(s + r, s)) if s else 0.0 for r in range(longest)] for s in range(longest)])
    cost = gain.T
    plus = np.where(reached, gain[ours, rest] * leaves.value, 0.0)
    minus = np.where(reached, cost[ours, rest] * leaves.value, 0.0)
    share = (only_mine * plus[:, :, None]).sum(axis=0) - (only_theirs * minus[:, :, None]).sum(axis=0)
    np.add.at(found, place[used], share[used])


def _suits(leaves: _Leaves, values: Table) -> NDArray[np.bool_]:
    missing = np.isnan(values)
    return np.where(missing, leaves.gap, (values > leaves.low) & (values <= leaves.high))


def _leaves(table: Table, root: int, output: int) -> _Leaves:
    """Walk a tree and collect, for each leaf, what its path asks of each feature."""
    paths: list[tuple[dict[int, tuple[float, float, bool]], float]] = []
    stack: list[tuple[int, dict[int, tuple[float, float, bool]]]] = [(root, {})]
    while stack:
        node, asked = stack.pop()
        feature, threshold = int(table[node, 0]), float(table[node, 1])
        if feature < 0:
            paths.append((asked, float(table[node, COLUMNS + output])))
            continue
        low, high, gap = asked.get(feature, (-np.inf, np.inf, True))
        left = bool(table[node, 4])
        stack.append((int(table[node, 2]), {**asked, feature: (low, min(high, threshold), gap and left)}))
        stack.append((int(table[node, 3]), {**asked, feature: (max(low, threshold), high, gap and not left)}))
    width = max([1, *(len(asked) for asked, _ in paths)])
    shape = (len(paths), width)
    feature_of = np.full(shape, -1, dtype=np.int64)
    low_of, high_of, gap_of = np.full(shape, -np.inf), np.full(shape, np.inf), np.ones(shape, dtype=bool)
    for number, (asked, _) in enumerate(paths):
        for place, (name, (low, high, gap)) in enumerate(asked.items()):
            feature_of[number, place] = name
            low_of[number, place], high_of[number, place], gap_of[number, place] = low, high, gap
    return _Leaves(feature_of, low_of, high_of, gap_of, np.array([value for _, value in paths]))
