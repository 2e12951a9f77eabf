"""Clusters of rows: found where they are, kept only where they come back, assigned as scikit-learn would."""

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from salus.nets.row_clusters import assign, bootstrap_rand, measure_clusters, reduce
from salus.schema.errors import DataError


def blobs(count=300, groups=3, seed=0, features=6, spread=0.3):
    rng = np.random.default_rng(seed)
    centres = 4 * np.eye(features)[:groups]
    label = np.arange(count) % groups
    return centres[label] + spread * rng.normal(size=(count, features)), label


@pytest.mark.parametrize("kind", ["kmeans", "mixture"])
def test_planted_groups_are_found_and_counted(kind):
    points, label = blobs()
    learned = json.loads(json.dumps(measure_clusters(points, kind=kind, bootstraps=5, components=4)))
    assert learned["k"] == 3
    assert sorted(learned["sizes"]) == [100, 100, 100]
    found = assign(points, learned)
    assert {tuple(sorted(set(label[found == k].tolist()))) for k in range(3)} == {(0,), (1,), (2,)}
    assert learned["stability"]["3"] > 0.95
    assert max(learned["silhouette"], key=learned["silhouette"].get) == "3"


def test_rows_alone_decide_and_one_row_is_enough():
    points, _ = blobs()
    learned = measure_clusters(points, bootstraps=3)
    assert np.array_equal(assign(points, learned), np.concatenate([assign(p[None], learned) for p in points]))


def test_components_are_those_of_pca():
    points, _ = blobs(features=8)
    learned = measure_clusters(points, fixed=2, components=5)
    ours, theirs = reduce(points, learned), PCA(5).fit_transform(points)
    assert np.allclose(np.abs(ours), np.abs(theirs), atol=1e-4)


def test_a_mixture_assigns_by_the_larger_posterior():
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(0, 3.0, (400, 2)), rng.normal(0, 0.2, (100, 2))])
    learned = measure_clusters(points, kind="mixture", fixed=2, components=2)
    low = reduce(points, learned)
    theirs = GaussianMixture(2, covariance_type="diag", n_init=2, random_state=0, reg_covar=1e-3).fit(low)
    assert (assign(points, learned) == theirs.predict(low)).mean() > 0.995


def test_noise_without_groups_is_left_whole():
    points = np.random.default_rng(2).normal(size=(400, 12))
    learned = measure_clusters(points, bootstraps=6, stable=0.9)
    assert learned["k"] == 1
    assert set(assign(points, learned)) == {0}
    assert all(value < 0.9 for value in learned["stability"].values())
    assert list(map(int, learned["stability"])) == sorted(map(int, learned["stability"]), reverse=True)


def test_stability_tells_real_groups_from_forced_ones():
    points, _ = blobs()
    assert np.mean(bootstrap_rand(points, 3, "kmeans", 5)) > 0.95
    assert np.mean(bootstrap_rand(points, 7, "kmeans", 5)) < 0.9


def test_too_many_clusters_for_the_rows_are_refused():
    points, _ = blobs(100)
    with pytest.raises(DataError, match=r"6 clusters of 100 training rows.*at most 5"):
        measure_clusters(points, fixed=6)
    assert measure_clusters(points[:12], bootstraps=2)["k"] == 1  # too few rows for any second group
