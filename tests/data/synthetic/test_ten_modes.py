"""Ten modes: far apart, equally filled, every second one of a class."""

import numpy as np

from salus.data.library import load
from salus.data.synthetic.ten_modes import MODES, SPREAD, centres, ten_modes


def test_modes_are_apart_and_equally_filled() -> None:
    drawn = ten_modes(np.random.default_rng(0), 2000)
    distance = np.linalg.norm(drawn.points[:, None] - centres(), axis=2)
    assert np.array_equal(distance.argmin(1), drawn.modes)
    assert np.bincount(drawn.modes).tolist() == [200] * MODES
    assert abs((drawn.points - centres()[drawn.modes]).std() - SPREAD) < 0.01
    gap = np.linalg.norm(centres()[0] - centres()[1])
    assert gap > 12 * SPREAD


def test_each_class_holds_five_modes_in_every_part() -> None:
    loaded = load("ten_modes", {"points": "1000"})
    samples = [loaded.dataset[i] for i in range(len(loaded.dataset))]
    for part in ("train", "valid", "test"):
        held = {(s.target, s.meta["mode"]) for s in samples if s.meta["split"] == part}
        assert len(held) == MODES
        assert all(label == mode % 2 for label, mode in held)
    assert load("ten_modes", {"points": "1000"}).dataset[17] == samples[17]
