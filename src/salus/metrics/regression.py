"""How far numbers are from the truth: error sums, quantile losses, and the error grid of glucose meters.

Everything here is one row an answer; `salus.tasks.regression` weighs and adds the rows up.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salus.metrics.weights import Floats, ratio
from salus.schema.errors import ShapeError

ZONES = ("A", "B", "C", "D", "E")
"""A: clinically right. B: off without harm. C: needless treatment. D: a danger missed. E: the opposite treatment."""


def farthest(truth: ArrayLike, low: float, high: float) -> Floats:
    """Return the largest absolute error that an answer between `low` and `high` can have."""
    values = np.asarray(truth, dtype=np.float64)
    return np.maximum(np.abs(values - low), np.abs(high - values))


def pinball(truth: ArrayLike, quantiles: ArrayLike, levels: ArrayLike) -> Floats:
    """Return the loss of each predicted quantile.

    Args:
        truth: `(...)`.
        quantiles: `(..., Q)`.
        levels: `(Q,)`, in (0, 1).

    Returns:
        `(..., Q)`: level x shortfall, or (1 - level) x excess.

    Source:
        Koenker and Bassett 1978, doi:10.2307/1913643.
    """
    missed = np.asarray(truth, dtype=np.float64)[..., None] - np.asarray(quantiles, dtype=np.float64)
    share = np.asarray(levels, dtype=np.float64)
    return np.maximum(share * missed, (share - 1.0) * missed)


def crps(truth: ArrayLike, quantiles: ArrayLike, levels: ArrayLike) -> Floats:
    """Return the continuous ranked probability score as twice the mean pinball loss, `(...)`, in the truth's unit.

    For one level of 0.5 it is the absolute error; with more and evenly spread levels it nears the exact integral.

    Source:
        Gneiting and Ranjan 2011, doi:10.1198/jbes.2010.08110, equation 17.
    """
    return 2.0 * pinball(truth, quantiles, levels).mean(axis=-1)


def within(truth: ArrayLike, quantiles: ArrayLike) -> tuple[float, float]:
    """Return how many truths `(N,)` lie between first and last of their quantiles `(N, Q)`, and the sum of widths.

    Ends belong to the interval; one whose ends are crossed holds nothing and has no width.
    """
    values, table = np.asarray(truth, dtype=np.float64), np.asarray(quantiles, dtype=np.float64)
    low, high = table[..., 0], table[..., -1]
    return float(((low <= values) & (values <= high)).sum()), float(np.maximum(high - low, 0.0).sum())


def clarke_zones(truth: ArrayLike, answer: ArrayLike) -> NDArray[np.int64]:
    """Return the zone of Clarke's error grid of each pair, as index into `ZONES`.

    Args:
        truth: Reference glucose, mg/dL, any shape.
        answer: Measured or predicted glucose, mg/dL, same shape.

    Raises:
        ShapeError: Two shapes.

    Source:
        Clarke, Cox, Gonder-Frederick, Carter and Pohl 1987, doi:10.2337/diacare.10.5.622, figure 1.

    >>> [ZONES[z] for z in clarke_zones([100, 100, 250, 60, 50], [115, 75, 100, 190, 100])]
    ['A', 'B', 'D', 'E', 'D']
    """
    x, y = np.asarray(truth, dtype=np.float64), np.asarray(answer, dtype=np.float64)
    if x.shape != y.shape:
        raise ShapeError(f"reference of shape {x.shape}, answer of shape {y.shape}: expected equal shapes")
    zones = np.full(x.shape, 1, dtype=np.int64)
    zones[(x >= 240) & (y >= 70) & (y <= 180)] = 3
    zones[(x <= 175 / 3) & (y >= 70) & (y <= 180)] = 3
    zones[(x >= 175 / 3) & (x <= 70) & (y >= 1.2 * x) & (y <= 180)] = 3
    zones[(x >= 70) & (x <= 290) & (y >= x + 110)] = 2
    zones[(x >= 130) & (x <= 180) & (y <= 1.4 * x - 182)] = 2
    zones[((x >= 180) & (y <= 70)) | ((x <= 70) & (y >= 180))] = 4
    zones[((x < 70) & (y < 70)) | (np.abs(y - x) <= 0.2 * x)] = 0
    return zones


def r_squared(squares: Floats, count: Floats, total: Floats, total_squares: Floats) -> Floats:
    """Return 1 - residual / total sum of squares.

    Args:
        squares: Sum of squared errors.
        count: Number of truths.
        total: Sum of truths.
        total_squares: Sum of squared truths; all `(R,)`.

    Returns:
        `(R,)`; NaN where the truths do not differ.
    """
    spread = total_squares - ratio(total**2, count, empty=0.0)
    # sums of equal numbers leave a rest of rounding
    spread = np.where(spread > 1e-12 * np.maximum(total_squares, 1e-300), spread, 0.0)
    return 1.0 - ratio(squares, spread)


def as_numbers(value: Any, shape: tuple[int, ...]) -> Floats:
    """Return an answer as numbers of a shape; one number may come as `()` or `(1,)`.

    Raises:
        ShapeError: Another shape.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.shape != shape and array.size == int(np.prod(shape)) and array.ndim <= 1 and len(shape) <= 1:
        array = array.reshape(shape)
    if array.shape != shape:
        raise ShapeError(f"answer of shape {array.shape}: expected {shape}")
    return array
