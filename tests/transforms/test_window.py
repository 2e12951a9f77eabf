import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salus.schema.errors import DataError, ShapeError
from salus.transforms import window as cut


def test_windows_by_hand():
    array = np.arange(10.0)[None]
    windows = cut.sliding_windows(array, 4, 3)
    assert windows[:, 0].tolist() == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    assert cut.window_starts(10, 4, 3).tolist() == [0, 3, 6]
    assert cut.window_starts(3, 4, 3).size == 0
    with pytest.raises(ShapeError, match="record longer"):
        cut.sliding_windows(array, 11, 1)


@given(length=st.integers(1, 60), size=st.integers(1, 60), stride=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_starts_and_windows_agree(length, size, stride):
    starts = cut.window_starts(length, size, stride)
    array = np.arange(length, dtype=float)[None]
    if length >= size:
        assert np.array_equal(cut.sliding_windows(array, size, stride)[:, 0, 0], starts)
    else:
        assert starts.size == 0


def test_lost_packets():
    array = np.zeros((2, 8))
    array[1, 3] = np.nan
    assert cut.dropped_share(array, 4, 2).tolist() == [0.25, 0.25, 0.0]
    filled = cut.fill_gaps(np.array([[np.nan, 1, np.nan, 3, np.nan], [np.nan] * 5]))
    assert filled.tolist() == [[1, 1, 2, 3, 3], [0] * 5]


def test_bursts_are_spread_and_losses_stay_gaps():
    measured = np.array([0, 50, 100, 150, 400, 450.0])  # four packets were lost
    arrived = np.array([30, 110, 111, 160, 410, 460.0])
    times = cut.latest_times(arrived, 50.0)
    assert (np.diff(times) >= 50).all()
    assert (times <= arrived).all()
    grid = cut.nearest_grid(times, measured[None], 20.0)[0]
    assert np.isnan(grid).sum() == 4
    assert grid[~np.isnan(grid)].tolist() == measured.tolist()


def test_repeated_and_backward_stamps_are_refused():
    with pytest.raises(DataError, match=r"time 50 ms is followed by 50 ms \(2 such steps\)"):
        cut.check_stamps(np.array([0, 50, 50, 40]), "trial 7")
    with pytest.raises(DataError, match="drop repeated packets"):
        cut.nearest_grid(np.array([0, 0]), np.zeros((1, 2)), 20.0)
    with pytest.raises(DataError, match="single packet"):
        cut.nearest_grid(np.zeros(0), np.zeros((1, 0)), 20.0)
    assert cut.nearest_grid(np.array([5]), np.ones((3, 1)), 20.0).shape == (3, 1)


def test_saturation_runs():
    acceleration = np.zeros((3, 10))
    acceleration[0, 2:5] = 7.95
    acceleration[1, 5:7] = -8.0
    assert cut.longest_saturation(acceleration, 8.0) == 5
    assert cut.longest_saturation(np.zeros((3, 4)), 8.0) == 0


def test_turning_about_gravity_keeps_gravity_and_lengths():
    rng = np.random.default_rng(0)
    array = rng.normal(size=(6, 50))
    array[:3] += np.array([0.2, 0.9, -0.3])[:, None]
    axis = cut.gravity_direction(array[:3])
    matrix = cut.rotation_matrix(axis, 1.1)
    turned = cut.rotate_triples(array, matrix)
    assert np.allclose(matrix @ axis, axis)
    assert np.allclose(np.linalg.norm(turned[3:], axis=0), np.linalg.norm(array[3:], axis=0), atol=1e-5)
    assert np.allclose(cut.gravity_direction(turned[:3]), axis, atol=1e-5)


def test_rotation_by_hand():
    matrix = cut.rotation_matrix(np.array([0.0, 0.0, 1.0]), np.pi / 2)
    assert np.allclose(matrix @ [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    assert cut.gravity_direction(np.zeros((3, 4))).tolist() == [0, 0, 1]
    with pytest.raises(ShapeError, match="4 leads"):
        cut.rotate_triples(np.zeros((4, 3)), matrix)
