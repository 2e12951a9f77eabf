"""The slice-order phantom: two classes of the same slices in opposite order."""

import numpy as np

from salus.data.library import load
from salus.data.synthetic.slice_order import course, slice_order


def test_equal_seeds_give_equal_volumes_and_half_of_each_class():
    a, b = (slice_order(np.random.default_rng(3), 20, slices=8, size=16) for _ in range(2))
    np.testing.assert_array_equal(a.volumes, b.volumes)
    assert a.volumes.shape == (20, 8, 16, 16)
    assert a.labels.sum() == 10
    assert a.masks.any(axis=(1, 2)).all()


def test_a_course_rises_faster_than_it_fades():
    rng = np.random.default_rng(0)
    for _ in range(50):
        curve = course(rng, 240)
        peak = int(curve.argmax())
        rise = peak - int(np.argmax(curve > 0.5))
        fade = int(np.argmax(curve[peak:] < 0.5))
        assert 0.95 < curve.max() <= 1.0
        assert fade == 0 or fade > 1.5 * rise


def test_order_tells_the_class_and_the_set_of_slices_does_not():
    drawn = slice_order(np.random.default_rng(0), 200)
    light = np.array([v[:, m].mean(axis=1) for v, m in zip(drawn.volumes, drawn.masks, strict=True)])
    jump = np.diff(light, axis=1)
    # The steepest step goes up in class 0 and down in class 1.
    guess = (-jump.min(axis=1) > jump.max(axis=1)).astype(int)
    assert (guess == drawn.labels).mean() > 0.8
    for statistic in (light.mean(axis=1), light.max(axis=1), light.std(axis=1)):
        a, b = statistic[drawn.labels == 0], statistic[drawn.labels == 1]
        assert abs(a.mean() - b.mean()) < 3 * statistic.std() / np.sqrt(50)


def test_the_catalogue_offers_it():
    loaded = load("slice_order", {"volumes": "40"})
    assert len(loaded.dataset) == 40
    assert loaded.dataset[0].inputs["image"].array.shape == (1, 24, 32, 32)
    assert {loaded.dataset[i].meta["split"] for i in range(40)} == {"train", "valid", "test"}
