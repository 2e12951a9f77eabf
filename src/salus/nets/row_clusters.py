"""Groups of rows found without labels: principal components, then k-means or a Gaussian mixture, as plain JSON.

How many groups there are is chosen by the silhouette, and only groups that come back when the rows are drawn again
are kept: k is lowered until the adjusted Rand index over bootstraps reaches the wanted stability.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError

Points = NDArray[np.floating]
Kind = Literal["kmeans", "mixture"]
JUDGED = 1000
"""Rows on which the silhouette is computed."""
ROWS_EACH = 20
"""A group needs at least this many rows on average."""


def measure_clusters(
    points: Points,
    *,
    kind: Kind = "kmeans",
    fixed: int = 0,
    most: int = 12,
    components: int = 32,
    stable: float = 0.6,
    bootstraps: int = 50,
) -> dict[str, Any]:
    """Find groups in the training part.

    Args:
        points: `(N, F)` of the training part.
        kind: Which model.
        fixed: This many groups, whatever the silhouette and the stability say; 0 chooses, 1 makes one group.
        most: Largest number tried; never more than one for each `ROWS_EACH` rows.
        components: Principal components kept.
        stable: Smallest adjusted Rand index over bootstraps; below it one group less is tried.
        bootstraps: How often the rows are drawn again.

    Returns:
        JSON values for `assign`, with `silhouette` and `stability` of each number of groups that was tried.

    Raises:
        DataError: More groups asked for than one for each `ROWS_EACH` rows.
    """
    from sklearn.decomposition import PCA
    from sklearn.metrics import silhouette_score

    limit = max(1, len(points) // ROWS_EACH)
    if fixed > limit:
        raise DataError(
            f"{fixed} clusters of {len(points)} training rows: a cluster needs {ROWS_EACH} rows on average; "
            f"ask for at most {limit}"
        )
    least = min(components, *points.shape)
    pca = PCA(n_components=least, svd_solver="full").fit(points)
    low = pca.transform(points)
    learned: dict[str, Any] = {"kind": kind, "mean": _plain(pca.mean_), "components": _plain(pca.components_)}
    silhouette, stability = {}, {}
    k = fixed
    if not fixed:
        seen = low[np.random.default_rng(0).permutation(len(low))[:JUDGED]]
        for count in range(2, min(most, limit) + 1):
            label = _assign(_fit(seen, count, kind), seen)
            silhouette[count] = float(silhouette_score(seen, label)) if len(np.unique(label)) > 1 else -1.0
        k = max(silhouette, key=silhouette.__getitem__, default=1)
        while k > 1:
            stability[k] = float(np.mean(bootstrap_rand(low, k, kind, bootstraps)))
            if stability[k] >= stable:
                break
            k -= 1
    model = _fit(low, k, kind)
    sizes = np.bincount(_assign(model, low), minlength=k)
    return learned | {
        "model": model,
        "k": k,
        "sizes": [int(n) for n in sizes],
        "silhouette": {str(key): value for key, value in silhouette.items()},
        "stability": {str(key): value for key, value in stability.items()},
    }


def assign(points: Points, learned: Mapping[str, Any]) -> NDArray[np.int64]:
    """Return the group of each row, `(N,)`, from 0; reads nothing but the rows."""
    return _assign(learned["model"], reduce(points, learned))


def joint_counts(labels: NDArray[np.int64], found: NDArray[np.int64], k: int) -> list[list[int]]:
    """Return how many rows each class (up to the highest) and group hold together, for `labels` and `found` `(N,)`."""
    joint = np.zeros((int(labels.max()) + 1, k), dtype=np.int64)
    np.add.at(joint, (labels, found), 1)
    counts: list[list[int]] = joint.tolist()
    return counts


def reduce(points: Points, learned: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the principal components of rows `(N, F)`, `(N, D)`."""
    low: NDArray[np.float64] = (points - np.asarray(learned["mean"])) @ np.asarray(learned["components"]).T
    return low


def bootstrap_rand(low: Points, k: int, kind: Kind, bootstraps: int, seed: int = 0) -> list[float]:
    """Return how well groups found in rows drawn with repetition agree with those of all rows, one index a drawing.

    Args:
        low: `(N, D)` principal components.
        k: Groups.
        kind: Which model.
        bootstraps: Drawings.
        seed: Of the drawings.

    Source:
        Hubert and Arabie 1985, doi 10.1007/BF01908075 (adjusted Rand index); Hennig 2007, doi
        10.1016/j.csda.2006.11.025 (stability under resampling).
    """
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    whole = _assign(_fit(low, k, kind), low)
    found = []
    for _ in range(bootstraps):
        drawn = _fit(low[rng.integers(0, len(low), len(low))], k, kind)
        found.append(float(adjusted_rand_score(whole, _assign(drawn, low))))
    return found


def _fit(low: Points, k: int, kind: Kind) -> dict[str, Any]:
    """Return centres, and for a mixture the shares and the spread of each axis, as JSON values."""
    if k == 1:
        return {"centres": _plain(low.mean(axis=0, keepdims=True))}
    if kind == "kmeans":
        from sklearn.cluster import KMeans

        return {"centres": _plain(KMeans(k, n_init=2, random_state=0).fit(low).cluster_centers_)}
    from sklearn.mixture import GaussianMixture

    found = GaussianMixture(k, covariance_type="diag", n_init=2, random_state=0, reg_covar=1e-3).fit(low)
    return {"centres": _plain(found.means_), "spread": _plain(found.covariances_), "shares": _plain(found.weights_)}


def _assign(model: Mapping[str, Any], low: Points) -> NDArray[np.int64]:
    centres = np.asarray(model["centres"])
    squares = (low[:, None, :] - centres[None]) ** 2
    if "spread" not in model:
        return squares.sum(axis=2).argmin(axis=1).astype(np.int64)
    spread = np.asarray(model["spread"])
    score = np.log(np.asarray(model["shares"])) - 0.5 * (squares / spread + np.log(spread)).sum(axis=2)
    return score.argmax(axis=1).astype(np.int64)


def _plain(values: Points) -> Any:
    return np.round(np.asarray(values, dtype=np.float64), 6).tolist()
