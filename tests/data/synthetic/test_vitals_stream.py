"""The simulated vital signs hold what was planted."""

import numpy as np
import pytest

from salus.data.library import load
from salus.data.synthetic.vitals_stream import CLASSES, FACTORS, GROUPS, STEPS, simulate


@pytest.fixture(scope="module")
def streams():
    return simulate(np.random.default_rng(0), patients=300)


def test_plausible_readings(streams):
    windows = streams.windows
    assert windows.shape == (600, 5, STEPS)
    assert 0.005 < np.isnan(windows).mean() < 0.02
    assert not (windows[:, 1] >= windows[:, 0]).any()
    assert np.nanmax(windows[:, 3]) <= 42
    assert np.nanmin(windows[:, 4]) >= 45


def test_groups_carry_the_correlation(streams):
    assert np.bincount(streams.groups).tolist() == [FACTORS // GROUPS] * GROUPS
    matrix = np.abs(np.corrcoef(streams.factors.T))
    same = streams.groups[:, None] == streams.groups
    off = ~np.eye(FACTORS, dtype=bool)
    assert matrix[same & off].min() > matrix[~same].max()


def test_group_effect_of_each_class(streams):
    for label in range(1, len(CLASSES)):
        inside = np.abs(streams.factors[streams.labels == label].mean(axis=0))
        assert inside[streams.groups == label - 1].mean() > 3 * inside[streams.groups != label - 1].mean()


def test_same_generator_same_streams():
    one, two = (simulate(np.random.default_rng(3), patients=5) for _ in range(2))
    np.testing.assert_array_equal(one.windows, two.windows)
    np.testing.assert_array_equal(one.factors, two.factors)


def test_catalogue_entry():
    loaded = load("vitals_stream", {"inputs": "windows"})
    row = loaded.dataset[0].inputs["row"].values
    readings = loaded.dataset[0].inputs["vitals"].array[4]
    assert row["glucose_range"] == pytest.approx(np.nanmax(readings) - np.nanmin(readings))
    assert len(row) == 15
    assert set(load("vitals_stream", {"inputs": "factors"}).dataset[0].inputs) == {"row"}
    assert set(load("vitals_stream").dataset[0].inputs) == {"row", "vitals"}
    assert len({loaded.dataset[i].patient for i in range(len(loaded.dataset))}) == len(loaded.dataset) // 2
