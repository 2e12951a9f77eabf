"""Correlation groups of factors."""

import numpy as np
import pytest

from salus.schema.errors import ShapeError
from salus.transforms.grouping import correlation, group_factors, rand_index


def test_correlation_meets_numpy_and_survives_constants():
    values = np.random.default_rng(0).standard_normal((50, 4))
    np.testing.assert_allclose(correlation(values), np.corrcoef(values.T), atol=1e-12)
    values[:, 2] = 7.0
    assert np.isfinite(correlation(values)).all()
    assert correlation(values)[2].tolist() == [0, 0, 1, 0]


def test_sets_by_hand():
    matrix = np.eye(5)
    matrix[0, 3] = matrix[3, 0] = 0.6  # alike
    matrix[1, 3] = matrix[3, 1] = -0.5  # opposed
    grouping = group_factors(matrix, 0.2)
    assert set(grouping.positive) == {0, 3, 2, 4}
    assert grouping.positive[2:] == (2, 4)  # without a partner: behind the rest
    assert set(grouping.negative) == {1, 3}
    assert grouping.clusters[0] in ((0, 3), (0, 1, 3))


def test_neighbours_are_alike():
    rng = np.random.default_rng(1)
    hidden = rng.standard_normal((400, 3))
    owner = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    values = hidden[:, owner] + 0.4 * rng.standard_normal((400, 9))
    grouping = group_factors(correlation(values), 0.2)
    read = owner[list(grouping.positive)]
    assert (np.diff(read) != 0).sum() == 2  # each group in one piece
    assert sorted(map(len, grouping.clusters)) == [3, 3, 3]


def test_rand_index_ignores_names_of_groups():
    assert rand_index(np.array([0, 0, 1, 1]), np.array([7, 7, 3, 3])) == 1.0
    assert rand_index(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])) == pytest.approx(2 / 6)


def test_needs_a_square():
    with pytest.raises(ShapeError, match="expected"):
        group_factors(np.zeros((2, 3)), 0.2)
