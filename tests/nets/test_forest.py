import numpy as np
import pytest
import torch

from salus.nets.forest import FlatForest
from salus.schema.errors import ShapeError, StoreError


def _data(rng, count=300):
    features = rng.normal(size=(count, 7)).astype(np.float32)
    return features, (features[:, 0] * features[:, 1] > 0).astype(int) + (features[:, 2] > 1)


def test_answers_equal_the_librarys():
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(0)
    features, labels = _data(rng)
    forest = RandomForestClassifier(20, random_state=0, class_weight="balanced_subsample").fit(features, labels)
    flat = FlatForest().take(forest)
    new = rng.normal(size=(500, 7)).astype(np.float32)
    assert np.abs(flat.probabilities(new, rows=128) - forest.predict_proba(new)).max() < 1e-6


@pytest.mark.parametrize("kind", ["forest", "tree"])
def test_regression_equals_the_librarys(kind):
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(1)
    features, _ = _data(rng)
    target = np.sin(features[:, 0]) * 10
    model = (RandomForestRegressor(10, random_state=0) if kind == "forest" else DecisionTreeRegressor(max_depth=5)).fit(
        features, target
    )
    assert np.abs(FlatForest().take(model).probabilities(features)[:, 0] - model.predict(features)).max() < 1e-6


def test_gaps_take_the_librarys_branch():
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(3)
    features, labels = _data(rng)
    features[rng.random(features.shape) < 0.3] = np.nan
    forest = RandomForestClassifier(20, random_state=0).fit(features, labels)
    assert np.abs(FlatForest().take(forest).probabilities(features) - forest.predict_proba(features)).max() < 1e-6


def test_routes_by_hand():
    # One split: feature 1 at 0.5; at the threshold a row goes left, and so does a gap.
    flat = FlatForest()
    flat.set_extra_state(
        torch.tensor(
            [[1, 0.5, 1, 2, 1, 0.0, 1], [-1, 0, 0, 0, 0, 3.0, 0], [-1, 0, 0, 0, 0, 4.0, 0]], dtype=torch.float64
        )
    )
    rows = torch.tensor([[9.0, 0.5], [0.0, 0.6], [0.0, torch.nan]])
    assert flat(rows).flatten().tolist() == [3.0, 4.0, 3.0]


def test_state_survives_in_an_empty_forest():
    from sklearn.ensemble import RandomForestClassifier

    features, labels = _data(np.random.default_rng(2))
    flat = FlatForest().take(RandomForestClassifier(5, random_state=0).fit(features, labels))
    other = FlatForest()
    other.load_state_dict(flat.state_dict())
    assert np.array_equal(other.probabilities(features), flat.probabilities(features))


def test_refuses_what_it_cannot_answer():
    flat = FlatForest()
    with pytest.raises(ShapeError, match="without trees"):
        flat(torch.zeros(1, 3))
    with pytest.raises(StoreError, match="expected"):
        flat.set_extra_state(torch.zeros(3, 2))
    with pytest.raises(StoreError, match="children"):
        flat.set_extra_state(torch.tensor([[0.0, 0.5, 0, 0, 1, 1.0, 1]]))
    flat.set_extra_state(
        torch.tensor(
            [[5.0, 0.5, 1, 2, 0, 0.0, 1], [-1, 0, 0, 0, 0, 1.0, 0], [-1, 0, 0, 0, 0, 1.0, 0]], dtype=torch.float64
        )
    )
    with pytest.raises(ShapeError, match="feature 5"):
        flat(torch.zeros(1, 3))
