"""Error against bytes: where a curve stands at a rate, and how far two curves are apart."""

from collections.abc import Sequence

import numpy as np

from salus.metrics.weights import Floats
from salus.schema.errors import DataError


def at_rate(rates: Sequence[float], values: Sequence[float], rate: float) -> float:
    """Return a curve's value at a rate, between its points along the logarithm of the rate; NaN outside them.

    Args:
        rates: Bits a pixel, positive, in any order.
        values: PSNR in dB or another figure, one a rate.
        rate: Where.

    >>> at_rate([0.25, 1.0], [30.0, 40.0], 0.5)
    35.0
    """
    x, y = _curve(rates, values)
    at = np.log(rate)
    if not x[0] - 1e-12 <= at <= x[-1] + 1e-12:
        return float("nan")
    return float(np.interp(at, x, y))


def mean_gap(
    rates: Sequence[float], values: Sequence[float], other_rates: Sequence[float], other_values: Sequence[float]
) -> float:
    """Return how much higher the first curve lies, averaged over the logarithm of the rates that both reach.

    Straight lines join the points. NaN where the curves share no range of rates.

    Source:
        Bjontegaard 2001, VCEG-M33, with lines in place of cubics, which swing between few points.
    """
    (x, y), (other_x, other_y) = _curve(rates, values), _curve(other_rates, other_values)
    low, high = max(x[0], other_x[0]), min(x[-1], other_x[-1])
    if low >= high:
        return float("nan")
    inner = [point for point in (*x, *other_x) if low < point < high]
    grid = np.array(sorted({low, high, *inner}))
    gap = np.interp(grid, x, y) - np.interp(grid, other_x, other_y)
    return float(np.trapezoid(gap, grid) / (high - low))


def _curve(rates: Sequence[float], values: Sequence[float]) -> tuple[Floats, Floats]:
    x, y = np.asarray(rates, np.float64), np.asarray(values, np.float64)
    if x.shape != y.shape or x.ndim != 1 or not len(x) or not (x > 0).all() or not np.isfinite(y).all():
        raise DataError(f"{x.size} rates and {y.size} values make no curve; give positive rates and finite values")
    order = np.argsort(x)
    return np.log(x[order]), y[order]
