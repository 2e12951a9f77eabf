"""What a model of a table rests on, asked by changing columns: importance by exchange, and answers along one column.

Source: Breiman 2001, doi 10.1023/A:1010933404324, section 10 (importance by permutation); Friedman 2001, doi
10.1214/aos/1013203451, section 8.2 (partial dependence).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]
Ask = Callable[[Table], Table]
"""Answers rows `(N, C)` with numbers `(N,)`."""
Loss = Callable[[Table, Table], float]
"""Compares answers `(N,)` with truths `(N,)`; lower is better."""


def permutation_importance(
    ask: Ask, table: Table, truth: Table, loss: Loss, rng: np.random.Generator, repeats: int = 10
) -> Table:
    """Return how much the loss rises when a column's values are exchanged among the rows, `(C,)`.

    Columns that carry the same knowledge stand in for each other, so each of them may look unimportant.

    Args:
        ask: The model.
        table: `(N, C)`, rows it was not trained on.
        truth: `(N,)`.
        loss: What is to be low.
        rng: Exchanges.
        repeats: Exchanges of each column that are averaged.
    """
    base = loss(ask(table), truth)
    found = np.zeros(table.shape[1])
    for column in range(table.shape[1]):
        for _ in range(repeats):
            other = table.copy()
            other[:, column] = rng.permutation(other[:, column])
            found[column] += loss(ask(other), truth) - base
    return found / repeats


def partial_dependence(ask: Ask, table: Table, column: int, values: Table) -> Table:
    """Return the mean answer when a column is set to each of `values` `(V,)` in every row of `table`, `(V,)`."""
    found = np.empty(len(values))
    for place, value in enumerate(values):
        other = table.copy()
        other[:, column] = value
        found[place] = float(ask(other).mean())
    return found


def mean_squared_error(answers: Table, truth: Table) -> float:
    """Return the mean squared difference."""
    return float(np.mean((answers - truth) ** 2))


def not_falling(values: Table, slack: float = 0.0) -> float:
    """Return the largest fall below an earlier value, as a share of the whole rise, less `slack`; 0 for none.

    >>> round(not_falling(np.array([0.0, 2.0, 1.5, 4.0])), 3)
    0.125
    """
    fall = float(np.max(np.maximum.accumulate(values) - values))
    return max(0.0, fall / max(float(np.ptp(values)), 1e-300) - slack)
