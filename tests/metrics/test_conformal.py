"""Conformal offsets: the coverage they promise, and what they refuse."""

import numpy as np
import pytest

from salus.metrics.conformal import conformal_offset, interval_scores
from salus.schema.errors import DataError, ShapeError


def test_scores_are_distances_from_the_interval() -> None:
    assert interval_scores([5.0, 1.0, 9.0], [2.0, 2.0, 2.0], [6.0, 6.0, 6.0]).tolist() == [-1.0, 1.0, 3.0]
    with pytest.raises(ShapeError, match="equal shapes"):
        interval_scores([1.0], [1.0, 2.0], [1.0])


def test_coverage_holds_on_average_over_calibration_sets() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(400):
        calibration, fresh = rng.gamma(2.0, size=39), rng.gamma(2.0, size=200)
        shares.append(np.mean(fresh <= conformal_offset(calibration, 0.8)))
    assert np.mean(shares) == pytest.approx(0.8, abs=0.02)  # exactly 32 / 40 in expectation


def test_the_rank_is_that_of_the_theorem() -> None:
    scores = np.arange(1.0, 20.0)  # 19 scores: ceil(20 x 0.9) = 18
    assert conformal_offset(scores, 0.9) == 18.0


def test_too_few_rows_and_bad_shares_are_refused() -> None:
    with pytest.raises(DataError, match="give at least 9"):
        conformal_offset(np.zeros(8), 0.9)
    with pytest.raises(DataError, match="between 0 and 1"):
        conformal_offset(np.zeros(8), 1.0)
    with pytest.raises(DataError, match="not finite"):
        conformal_offset([1.0, np.nan], 0.5)
