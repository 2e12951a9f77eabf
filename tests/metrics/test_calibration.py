import numpy as np
import pytest
from sklearn import metrics as reference

from salus.metrics import calibration


def brute_force_error(probability, outcome, bins):
    """Rows in order, each to the bin that holds the middle of its mass; rows here have no equal probabilities."""
    order = np.argsort(probability)
    total = 0.0
    for number in range(bins):
        inside = [i for place, i in enumerate(order) if int((place + 0.5) / len(order) * bins) == number]
        if inside:
            total += len(inside) * abs(np.mean(probability[inside]) - np.mean(outcome[inside]))
    return total / len(order)


@pytest.mark.parametrize(("count", "bins"), [(150, 15), (47, 15), (9, 15), (40, 4)])
def test_calibration_error_agrees_with_a_loop(count, bins):
    rng = np.random.default_rng(count)
    probability, outcome = rng.random(count), rng.random(count) < 0.3
    found = calibration.calibration_error(probability, outcome, bins=bins)
    assert found == pytest.approx(brute_force_error(probability, outcome, bins))


def test_calibration_error_by_hand():
    # one probability: one bin, |0.7 - 0.5|
    assert calibration.calibration_error([0.7] * 4, [1, 1, 0, 0]) == pytest.approx(0.2)
    assert calibration.calibration_error([0.0, 1.0], [0, 1]) == pytest.approx(0.0)
    assert calibration.calibration_error([0.0, 1.0], [1, 0]) == pytest.approx(1.0)


def test_weights_are_copies_and_zero_weight_is_absence():
    rng = np.random.default_rng(0)
    probability, outcome = rng.random(30), rng.random(30) < 0.5
    weight = rng.integers(0, 3, 30)
    weighted = calibration.calibration_error(probability, outcome, weight[None])
    copied = calibration.calibration_error(np.repeat(probability, weight), np.repeat(outcome, weight))
    assert weighted == pytest.approx(copied)


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(1)
    probability, outcome = np.round(rng.random(60), 1), rng.random(60) < 0.5
    turn = rng.permutation(60)
    assert calibration.calibration_error(probability, outcome) == pytest.approx(
        calibration.calibration_error(probability[turn], outcome[turn])
    )


def test_reliability_curve_adds_up():
    rng = np.random.default_rng(2)
    probability, outcome = rng.random(100), rng.random(100) < 0.5
    foretold, observed, mass = calibration.reliability_curve(probability, outcome)
    assert len(mass) == 15
    assert mass.sum() == 100
    assert (foretold * mass).sum() == pytest.approx(probability.sum())
    error = (np.abs(foretold - observed) * mass).sum() / 100
    assert calibration.calibration_error(probability, outcome) == pytest.approx(error)


def test_brier_and_log_loss_agree_with_a_second_implementation():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 40)
    table = rng.dirichlet(np.ones(3), 40)
    weight = rng.integers(0, 3, 40)
    assert calibration.log_loss(table, truth, weight[None]) == pytest.approx(
        reference.log_loss(truth, table, sample_weight=weight, labels=[0, 1, 2])
    )
    assert calibration.brier(table, truth) == pytest.approx(((table - np.eye(3)[truth]) ** 2).sum(axis=1).mean())
    two = np.column_stack([1 - table[:, 0], table[:, 0]])
    assert calibration.brier(two, truth > 0) == pytest.approx(reference.brier_score_loss(truth > 0, two[:, 1]))
    assert calibration.log_loss([[1.0, 0.0]], [1]) == pytest.approx(-np.log(1e-15))
