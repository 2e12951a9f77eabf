"""How alike synthetic and real samples are: coverage of the real ones, single columns, pairs, and a forest's eye."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.evaluate.honesty.card import Figure, Limits
from salus.evaluate.honesty.draw import condition_of
from salus.evaluate.honesty.encoder import Features
from salus.evaluate.honesty.parts import Parts, spaced
from salus.evaluate.honesty.space import Space
from salus.metrics.association import associations, column_distance
from salus.metrics.manifold import manifold, modes_kept, spread_ratio
from salus.metrics.memorisation import nearest
from salus.metrics.weights import Floats
from salus.schema.sample import Sample

MODES = 10
FOLDS = 4
TREES = 60
TOLD = 1000
"""Samples a side that the forest is shown."""
SHOWN = 40


def coverage(
    features: Features, train: Sequence[Sample], parts: Parts, limits: Limits
) -> tuple[list[Figure], tuple[tuple[str, float, float], ...]]:
    """Measure precision, recall, density, coverage, spread and modes against unseen people.

    The training part's own figures stand beside them as what a faithful generator could reach.

    Returns:
        Figures, and the share of each mode on both sides.
    """
    count = min(len(parts.unseen), len(parts.made))
    seen, unseen, made = (features(spaced(side, count)) for side in (parts.seen, parts.unseen, parts.made))
    found, ceiling = manifold(unseen, made), manifold(unseen, seen)
    goal = limits.coverage * ceiling.coverage
    spread = _spread(features, parts)
    modes, known = _modes(features, train, parts)
    kept = modes_kept(np.array([real for _, real, _ in modes]), np.array([share for _, _, share in modes]))
    figures = [
        Figure(
            key=name,
            group="coverage",
            text=text,
            value=getattr(found, name),
            note=f"{getattr(ceiling, name):.3f} for the training part itself",
        )
        for name, text in (
            ("precision", "precision: synthetic samples among the real ones"),
            ("recall", "recall: real samples among the synthetic ones"),
            ("density", "density of synthetic samples where real ones are"),
        )
    ]
    figures.append(
        Figure(
            key="coverage",
            group="coverage",
            text="coverage: real samples with a synthetic neighbour",
            value=found.coverage,
            goal=f"at least {limits.coverage:g} of the training part's own {ceiling.coverage:.3f}, or it has collapsed",
            met=found.coverage >= goal,
        )
    )
    figures.append(
        Figure(
            key="spread",
            group="coverage",
            text="spread of synthetic samples over the spread of real ones, within classes",
            value=spread,
            goal=f"at least {limits.spread:g}, or it has collapsed",
            met=spread >= limits.spread,
        )
    )
    least = limits.modes if known else limits.modes // 2
    figures.append(
        Figure(
            key="modes",
            group="coverage",
            text=f"modes kept of {len(modes)} ({'planted' if known else 'clusters of the training part'})",
            value=float(kept),
            goal=f"at least {least}, or it has collapsed",
            met=kept >= least,
            note="" if known else "clusters are no true modes, so half of them must be kept",
        )
    )
    return figures, modes


def likeness(space: Space, parts: Parts) -> tuple[list[Figure], tuple[tuple[str, float], ...]]:
    """Compare columns and pairs of columns of synthetic samples with the training part's.

    Returns:
        Figures, and `(name, distance)` of each column, worst first.
    """
    real, made = space.table(parts.seen), space.table(parts.made)
    apart = sorted(((name, column_distance(real[name], made[name])) for name in real), key=lambda pair: -pair[1])
    gap = np.abs(associations(real) - associations(made))
    places = np.unravel_index(int(gap.argmax()), gap.shape) if gap.size else (0, 0)
    names = list(real)
    pair = f"{names[int(places[0])]} with {names[int(places[1])]}"
    figures = [
        Figure(
            key="column",
            group="likeness",
            text="worst distance of a column (Kolmogorov and Smirnov; total variation for words)",
            value=apart[0][1],
            note=apart[0][0],
        ),
        Figure(
            key="correlation",
            group="likeness",
            text="largest error of an association of two columns",
            value=float(gap.max()) if gap.size else 0.0,
            note=pair if len(names) > 1 else "one column only",
        ),
        _discriminator(space, parts),
    ]
    return figures, tuple(apart[:SHOWN])


def _spread(features: Features, parts: Parts) -> float:
    """Return the spread ratio within classes, weighed by class: one point a class is a collapse too."""
    groups: dict[Any, tuple[list[Sample], list[Sample]]] = {}
    for place, side in enumerate((parts.unseen, parts.made)):
        for sample in side:
            groups.setdefault(condition_of(sample) if parts.classes else 0, ([], []))[place].append(sample)
    ratios = [(len(real), spread_ratio(features(real), features(made))) for real, made in groups.values() if made]
    return float(np.average([ratio for _, ratio in ratios], weights=[count for count, _ in ratios]))


def _modes(
    features: Features, train: Sequence[Sample], parts: Parts
) -> tuple[tuple[tuple[str, float, float], ...], bool]:
    """Return each mode's share among unseen and synthetic samples, and whether the modes were planted.

    A synthetic point farther from its mode's centre than any of that mode's training points, half as much again,
    belongs to none.
    """
    points = features(train)
    planted = [sample.meta.get("mode") for sample in train]
    known = all(mode is not None for mode in planted)
    if known:
        names, place = np.unique(np.array(planted), return_inverse=True)
    else:
        from sklearn.cluster import KMeans

        fitted = KMeans(n_clusters=min(MODES, len(points)), n_init=3, random_state=48).fit(points)
        place, names = fitted.labels_, np.arange(fitted.n_clusters)
    centres = np.stack([points[place == k].mean(axis=0) for k in range(len(names))])
    reach = np.array([np.linalg.norm(points[place == k] - centres[k], axis=1).max() for k in range(len(names))])
    shares = []
    for side in (parts.unseen, parts.made):
        near = nearest(features(side), centres)
        inside = near.distance <= 1.5 * reach[near.index] + 1e-9
        shares.append(np.bincount(near.index[inside], minlength=len(names)) / len(side))
    rows = zip(names.tolist(), shares[0].tolist(), shares[1].tolist(), strict=True)
    return tuple((f"mode {name}", real, made) for name, real, made in rows), known


def _discriminator(space: Space, parts: Parts) -> Figure:
    """Return how often a forest tells synthetic from unseen real samples, cross-validated, equally many of both."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_predict

    count = min(len(parts.unseen), len(parts.made), TOLD)
    rows = np.concatenate([space.vectors(spaced(side, count)) for side in (parts.unseen, parts.made)])
    truth: NDArray[np.int64] = np.repeat([0, 1], [count, count])
    forest = RandomForestClassifier(TREES, min_samples_leaf=2, random_state=49)
    guess = cross_val_predict(forest, _narrow(rows), truth, cv=FOLDS)
    right = guess == truth
    margin = 1.96 * right.std() / np.sqrt(len(right))
    return Figure(
        key="told_apart",
        group="likeness",
        text="a forest tells synthetic from real (accuracy, cross-validated)",
        value=float(right.mean()),
        low=float(right.mean() - margin),
        high=float(right.mean() + margin),
        note="0.5 is not told apart; being told apart does not make samples useless",
    )


def _narrow(rows: Floats, most: int = 256) -> Floats:
    """Return at most 256 columns: every so-many-th of a longer vector, so that a forest stays quick."""
    step = max(1, -(-rows.shape[1] // most))
    return rows[:, ::step]
