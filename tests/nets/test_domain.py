"""The domain of applicability: ranges, unknown words, gaps, and the distance to the fifth neighbour."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from salus.nets.domain import Domain
from salus.schema.errors import ShapeError, StoreError

TABLE = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 0.0], [4.0, 1.0], [5.0, 1.0], [6.0, 0.0], [7.0, np.nan]])


def fitted() -> Domain:
    return Domain(bits=False).fit(TABLE, np.nan_to_num(TABLE))


def test_ranges_unknown_words_and_gaps_are_told() -> None:
    asked = np.array([[0.9, 0.0], [7.1, 1.0], [3.0, -1.0], [np.nan, 1.0], [1.0, np.nan], [7.0, 1.0]])
    assert fitted().outside_range(asked).tolist() == [
        [True, False],
        [True, False],
        [False, True],
        [True, False],  # this column never had a gap
        [False, False],  # this one had
        [False, False],
    ]


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e6, 1e6), st.integers(0, 3))
def test_every_value_outside_a_range_is_flagged(value: float, column: int) -> None:
    table = np.random.default_rng(0).normal(size=(50, 4))
    own = Domain(bits=False).fit(table, table)
    row = table[:1].copy()
    row[0, column] = value
    low, high = table[:, column].min(), table[:, column].max()
    if not low - 1e-6 <= value <= high + 1e-6:
        assert own.outside_range(row)[0, column]


def test_distances_are_those_of_a_tree_of_points() -> None:
    rng = np.random.default_rng(1)
    rows, asked = rng.normal(size=(300, 6)), rng.normal(size=(700, 6))
    wanted = cKDTree(rows).query(asked, k=5)[0][:, 4] / np.sqrt(6)
    assert np.abs(Domain(bits=False).fit(rows, rows).distance(asked) - wanted).max() < 1e-3


def test_a_twentieth_of_the_training_rows_is_far() -> None:
    rows = np.random.default_rng(2).normal(size=(400, 5))
    own = Domain(bits=False).fit(rows, rows)
    # Asked again, a training row has itself for its first neighbour.
    assert own.far(rows).mean() <= 0.05
    assert own.far(rows + 100.0).all()


def test_bits_are_compared_by_tanimoto() -> None:
    rows = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]], dtype=float)
    own = Domain(bits=True, neighbours=1).fit(rows[:, :0], rows)
    asked = np.array([[1, 1, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0]], dtype=float)
    assert own.distance(asked) == pytest.approx([1 - 2 / 3, 0.5, 0.0], abs=1e-6)


def test_it_travels_with_the_weights() -> None:
    for bits in (False, True):
        rows = np.random.default_rng(3).integers(0, 2, (30, 13)).astype(float)
        own = Domain(bits=bits).fit(rows, rows)
        other = Domain(bits=bits)
        other.load_state_dict(own.state_dict())
        assert np.array_equal(other.distance(rows[:4]), own.distance(rows[:4]))
        assert np.array_equal(other.outside_range(rows + 2), own.outside_range(rows + 2))


def test_it_refuses_what_it_cannot_answer() -> None:
    with pytest.raises(ShapeError, match="without training rows"):
        Domain(bits=False).distance(np.zeros((1, 2)))
    with pytest.raises(StoreError, match="expected a table"):
        fitted().rows.set_extra_state(torch.zeros(3, dtype=torch.float32))
