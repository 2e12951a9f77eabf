"""Figures of a nation from a survey: weighted means with the error that the sampling design implies.

Hospitals and counties were drawn, not visits: visits of one drawn unit are alike, so an error that takes them as
independent is too small.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from salus.schema.errors import DataError, ShapeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """A weighted mean.

    Attributes:
        value: Of the population that the weights stand for.
        error: Standard error under the design; NaN where no stratum holds two units.
        rows: How many were sampled.
        total: Whom they stand for: the weights' sum.
    """

    value: float
    error: float
    rows: int
    total: float

    def words(self, digits: int = 1) -> str:
        """Return the mean with its 95 % interval."""
        low, high = self.value - 1.96 * self.error, self.value + 1.96 * self.error
        return f"{self.value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def weighted_mean(
    values: ArrayLike, weights: ArrayLike, strata: Sequence[str], units: Sequence[str], domain: ArrayLike | None = None
) -> Weighted:
    """Return a weighted mean with its design-based standard error.

    The units are taken as drawn with replacement within strata (the ultimate-cluster approximation); a stratum with one
    unit adds no variance. A domain keeps every unit in the design: leaving rows out beforehand would make the error of
    a subgroup too small.

    Args:
        values: `(N,)`.
        weights: `(N,)`, 0 or more: how many of the population a row stands for.
        strata: N names.
        units: N names of the primary sampling units, different between strata.
        domain: `(N,)` bool, whose mean is wanted; None for all.

    Raises:
        ShapeError: Different lengths.
        DataError: A weight below 0 or not finite, or a domain without weight.

    Source:
        Särndal, Swensson and Wretman 1992, Model Assisted Survey Sampling, section 5.7 (Taylor linearization of a
        ratio), with the with-replacement variance of its section 4.3.
    """
    y, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    inside = np.ones(len(y), dtype=bool) if domain is None else np.asarray(domain, dtype=bool)
    if not len(y) == len(w) == len(strata) == len(units) == len(inside):
        raise ShapeError(f"{len(y)} values, {len(w)} weights, {len(strata)} strata, {len(units)} units: give one a row")
    if not np.isfinite(w).all() or (w < 0).any():
        raise DataError("a survey weight is negative or not finite; every row needs a weight of 0 or more")
    w = np.where(inside, w, 0.0)
    total = float(w.sum())
    if total <= 0:
        raise DataError("no row of the domain has a weight above 0; there is nobody to estimate")
    y = np.where(inside, y, 0.0)
    mean = float(w @ y / total)
    unit_names, unit = np.unique(np.asarray(units, dtype=str), return_inverse=True)
    parts = np.bincount(unit, weights=w * (y - mean) / total, minlength=len(unit_names))
    home = np.empty(len(unit_names), dtype=object)
    home[unit] = np.asarray(strata, dtype=str)
    variance, drawn = 0.0, False
    for stratum in sorted(set(home.tolist())):
        own = parts[home == stratum]
        if len(own) > 1:
            drawn = True
            variance += len(own) / (len(own) - 1) * float(((own - own.mean()) ** 2).sum())
    return Weighted(value=mean, error=variance**0.5 if drawn else float("nan"), rows=int(inside.sum()), total=total)


def weighted_quantile(values: ArrayLike, weights: ArrayLike, level: float) -> float:
    """Return the smallest value at or below which at least `level` of the weight lies.

    >>> weighted_quantile([10.0, 20.0, 30.0], [1.0, 1.0, 8.0], 0.5)
    30.0
    """
    y, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    order = np.argsort(y, kind="stable")
    below = np.cumsum(w[order])
    return float(y[order][int(np.searchsorted(below, level * below[-1] * (1 - 1e-12)))])
