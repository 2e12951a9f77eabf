import numpy as np
import pytest

from salus.metrics import calibration, operating_point


def sharpened(factor, count=4000, classes=3):
    """Answers whose logits are `factor` times what the labels were drawn from."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(count, classes)) * 2
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(classes, p=row) for row in honest])
    return operating_point.tempered(honest, 1 / factor), labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_a_planted_temperature_is_found(factor):
    table, labels = sharpened(factor)
    found = operating_point.temperature(table, labels)
    assert found == pytest.approx(factor, rel=0.08)
    after = operating_point.tempered(table, found)
    assert calibration.log_loss(after, labels) <= calibration.log_loss(table, labels) + 1e-6
    assert after.sum(axis=1) == pytest.approx(np.ones(len(after)))


def test_perfect_validation_does_not_make_answers_certain():
    table = np.array([[0.8, 0.2], [0.7, 0.3], [0.3, 0.7], [0.1, 0.9]] * 5)
    temperature = operating_point.temperature(table, (table[:, 1] > 0.5).astype(np.int64))
    assert operating_point.tempered(np.array([[0.6, 0.4]]), temperature)[0, 0] < 0.9
    assert operating_point.temperature(table, np.zeros(20, dtype=np.int64)) == 1.0


def test_youden_threshold_by_hand_and_by_search():
    assert operating_point.youden_threshold(np.array([0.1, 0.2, 0.6, 0.9]), np.array([0, 0, 1, 1], bool)) == 0.4
    rng = np.random.default_rng(1)
    positive = rng.random(80) < 0.3
    probability = np.clip(rng.random(80) * 0.6 + 0.3 * positive, 0, 1)

    def quality(threshold):
        called = probability >= threshold
        return called[positive].mean() + (~called[~positive]).mean()

    best = max(quality(t) for t in np.linspace(0, 1, 5001))
    assert quality(operating_point.youden_threshold(probability, positive)) == pytest.approx(best)
    assert operating_point.youden_threshold(probability, np.ones(80, bool)) == 0.5


def test_sensitivity_threshold_keeps_the_sensitivity():
    probability = np.linspace(0.05, 1.0, 20)
    threshold = operating_point.sensitivity_threshold(probability, np.ones(20, bool), 0.95)
    assert (probability >= threshold).sum() == 19
    assert operating_point.sensitivity_threshold(probability, np.zeros(20, bool), 0.95) == 0.5
