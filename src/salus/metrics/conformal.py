"""Honest intervals: what a calibration part says must be added to predicted quantiles.

Plain NumPy; nothing is learned but one number per group.
"""

import numpy as np
from numpy.typing import ArrayLike

from salus.schema.errors import DataError, ShapeError


def interval_scores(truth: ArrayLike, low: ArrayLike, high: ArrayLike) -> np.ndarray:
    """Return how far each truth lies outside its interval, `(N,)`; negative where it lies inside.

    Source:
        Romano, Patterson and Candès 2019, Conformalized Quantile Regression, NeurIPS 32, equation 6.

    Raises:
        ShapeError: Three lengths that differ.
    """
    y, a, b = (np.asarray(values, dtype=np.float64) for values in (truth, low, high))
    if not y.shape == a.shape == b.shape:
        raise ShapeError(f"truths {y.shape}, low ends {a.shape}, high ends {b.shape}: expected equal shapes")
    return np.maximum(a - y, y - b)


def conformal_offset(scores: ArrayLike, coverage: float) -> float:
    """Return what widens intervals on both sides so that the wanted share of new truths is covered.

    It is the ceil((N + 1) x coverage)-th smallest score: where calibration and new rows are exchangeable, coverage is
    at least as wanted, and above it by at most 1 / (N + 1).

    Source:
        Romano, Patterson and Candès 2019, equation 8 and theorem 1.

    Raises:
        DataError: Too few calibration rows for that coverage, a share outside (0, 1), or a score that is not finite.

    >>> conformal_offset([3.0, 1.0, 2.0, 4.0], coverage=0.6)
    3.0
    """
    found = np.sort(np.asarray(scores, dtype=np.float64).ravel())
    if not 0.0 < coverage < 1.0:
        raise DataError(f"coverage={coverage}: expected a share between 0 and 1")
    if not np.isfinite(found).all():
        raise DataError("a calibration score is not finite; look for answers that are not numbers")
    place = int(np.ceil((len(found) + 1) * coverage - 1e-12))
    if place > len(found):
        raise DataError(
            f"{len(found)} calibration rows cannot vouch for a coverage of {coverage:g}; "
            f"give at least {int(np.ceil(coverage / (1 - coverage) - 1e-9))}"
        )
    return float(found[place - 1])
