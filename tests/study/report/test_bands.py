"""Curves agree with the metrics' own curves, and bands hold them."""

import numpy as np

from salus.metrics.ranking import precision_recall_curve, roc_curve
from salus.study.report.bands import GRID, calibration_curve, ranking_curves
from salus.study.report.cells import SeedMarks


def marks(total=300, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.uniform(size=total) < 0.4).astype(float)
    p = np.round(1 / (1 + np.exp(-(2 * truth - 1 + rng.normal(0, 1.5, total)))), 2)
    columns = {
        "truth": truth,
        "answered": np.ones(total),
        "predicted": (p > 0.5).astype(float),
        "p_no": 1 - p,
        "p_yes": p,
    }
    people = np.array([f"p{k // 2}" for k in range(total)])
    return SeedMarks(ids=np.array([f"s{k}" for k in range(total)]), patients=people, columns=columns)


def test_one_seed_gives_the_metric_s_own_curves():
    one = marks()
    roc, precision = ranking_curves([one], "yes")
    scores, positive = one.columns["p_yes"], one.columns["truth"] == 1
    x, y, _ = roc_curve(scores, positive)
    np.testing.assert_allclose(roc.y[1:], np.interp(GRID, x, y)[1:], atol=1e-9)
    recall, share, _ = precision_recall_curve(scores, positive)
    expected = [share[np.argmax(recall >= r - 1e-12)] for r in GRID]
    np.testing.assert_allclose(precision.y, expected, atol=1e-9)


def test_bands_hold_the_curve_and_shrink_with_more_patients():
    small, large = ranking_curves([marks(100)], "yes")[0], ranking_curves([marks(3000)], "yes")[0]
    inner = slice(10, 90)
    assert np.all((small.low <= small.y + 1e-9)[inner] & (small.y <= small.high + 1e-9)[inner])
    assert (large.high - large.low)[inner].mean() < 0.4 * (small.high - small.low)[inner].mean()


def test_a_missing_answer_lowers_the_curve():
    one, other = marks(), marks()
    other.columns["answered"][np.flatnonzero(other.columns["truth"] == 1)[:30]] = 0
    assert ranking_curves([other], "yes")[0].y[50] < ranking_curves([one], "yes")[0].y[50]


def test_calibration_of_probabilities_that_come_true_lies_on_the_diagonal():
    rng = np.random.default_rng(1)
    p = rng.uniform(size=20_000)
    truth = (rng.uniform(size=len(p)) < p).astype(float)
    ids = np.arange(len(p)).astype(str)
    columns = {"truth": truth, "answered": np.ones(len(p)), "predicted": truth, "p_no": 1 - p, "p_yes": p}
    curve = calibration_curve([SeedMarks(ids=ids, patients=ids, columns=columns)], "yes")
    np.testing.assert_allclose(curve.y, curve.x, atol=0.03)
    assert len(curve.x) == 10


def test_equal_probabilities_make_one_bin():
    one = marks(50)
    one.columns["p_yes"] = np.full(50, 0.4)
    one.columns["p_no"] = np.full(50, 0.6)
    curve = calibration_curve([one], "yes")
    np.testing.assert_allclose(curve.x, [0.4])
    np.testing.assert_allclose(curve.y, [one.columns["truth"].mean()])
