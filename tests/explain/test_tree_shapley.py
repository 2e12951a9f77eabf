"""Shapley values of a forest against the definition: every ordering of the features."""

from itertools import permutations

import numpy as np
import pytest

from salus.explain.tables import mean_squared_error, partial_dependence, permutation_importance
from salus.explain.tree_shapley import tree_shapley
from salus.nets.forest import FlatForest
from salus.schema.errors import DataError

FEATURES = 4


def fitted(rng: np.random.Generator, gaps: float = 0.0) -> tuple[FlatForest, np.ndarray]:
    from sklearn.ensemble import RandomForestRegressor

    table = rng.normal(size=(120, FEATURES)).astype(np.float32).astype(np.float64)
    target = table[:, 0] * table[:, 1] + np.abs(table[:, 2])
    table[rng.random(table.shape) < gaps] = np.nan
    return FlatForest().take(RandomForestRegressor(4, max_depth=5, random_state=0).fit(table, target)), table


def by_definition(forest: FlatForest, row: np.ndarray, background: np.ndarray) -> np.ndarray:
    found = np.zeros(len(row))
    orders = list(permutations(range(len(row))))
    for order in orders:
        mixed = background.copy()
        before = forest.probabilities(mixed)[:, 0].mean()
        for feature in order:
            mixed[:, feature] = row[feature]
            after = forest.probabilities(mixed)[:, 0].mean()
            found[feature] += after - before
            before = after
    return found / len(orders)


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_values_are_those_of_the_definition(gaps: float) -> None:
    forest, table = fitted(np.random.default_rng(5), gaps)
    for place in range(3):
        found = tree_shapley(forest, table[place], table[20:29])
        assert np.abs(found - by_definition(forest, table[place], table[20:29])).max() < 1e-9


def test_values_add_up_to_the_answer() -> None:
    forest, table = fitted(np.random.default_rng(6))
    background = table[50:]
    found = tree_shapley(forest, table[0], background)
    gap = forest.probabilities(table[:1])[0, 0] - forest.probabilities(background)[:, 0].mean()
    assert found.sum() == pytest.approx(gap, abs=1e-9)
    assert abs(found[3]) < np.abs(found[:3]).max()


def test_no_background_is_refused() -> None:
    forest, table = fitted(np.random.default_rng(7))
    with pytest.raises(DataError, match="background"):
        tree_shapley(forest, table[0], table[:0])


def test_importance_and_dependence_find_what_a_known_model_rests_on() -> None:
    rng = np.random.default_rng(8)
    table = rng.normal(size=(2000, 3))

    def ask(rows: np.ndarray) -> np.ndarray:
        return 2.0 * rows[:, 0] + rows[:, 1]

    found = permutation_importance(ask, table, ask(table), mean_squared_error, rng)
    # Exchanging a column of variance v and weight w costs 2 v w^2.
    assert found == pytest.approx([8.0, 2.0, 0.0], rel=0.1)
    values = np.array([-1.0, 0.0, 3.0])
    assert partial_dependence(ask, table, 0, values) == pytest.approx(2 * values + table[:, 1].mean())
