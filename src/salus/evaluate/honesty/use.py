"""What synthetic samples are good for: models trained on them are asked about real people they never met."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.evaluate.bootstrap import interval, patient_weights
from salus.evaluate.honesty.card import Figure, RuleRow
from salus.evaluate.honesty.parts import MOST, equal_classes, labels_of, spaced
from salus.evaluate.honesty.space import ROWS, Space
from salus.metrics.ranking import auroc
from salus.metrics.rules import learn_rules
from salus.metrics.weights import Floats
from salus.schema.sample import Sample

TREES = 120
RESAMPLES = 1000
UTILITY = 0.90
RELEVANCE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What was found.

    Attributes:
        figures: For the card.
        relevance: `(column, on real, on synthetic)`.
        rules: Learnt on either side.
    """

    figures: tuple[Figure, ...] = ()
    relevance: tuple[tuple[str, float, float], ...] = ()
    rules: tuple[RuleRow, ...] = ()


def use(
    space: Space, train: Sequence[Sample], test: Sequence[Sample], made: Sequence[Sample], classes: Sequence[str]
) -> Use:
    """Train a forest on real and on synthetic samples with equal class counts and ask both about the test part.

    Two classes are judged by AUROC, more by macro-F1, numbers by the mean absolute error; the interval of the ratio
    resamples test patients, the same for both. Of rows the rules and relevances of both sides are compared too.

    Args:
        space: Of the training part.
        train: The whole training part.
        test: Real samples that neither the generator nor a forest has seen.
        made: Synthetic samples.
        classes: Names, in the order of indices; empty for numbers.

    Returns:
        Nothing where targets are neither classes nor numbers, or a side holds one class only.
    """
    if any(labels_of(side) is None for side in (train, test, made)):
        return Use()
    numbers = not classes or labels_of(train).dtype.kind == "f"
    if numbers:
        each = min(len(train), len(made), MOST)
        sides = [spaced(train, each), spaced(made, each)]
    else:
        sides, counts = equal_classes([train, made], most=MOST // 2)
        if len(counts) < 2:
            return Use()
        each = min(counts.values())
    truth = labels_of(test)
    answers, weights = [], patient_weights([s.patient for s in test], RESAMPLES, np.random.default_rng(50))
    rows = space.vectors(test)
    forests = []
    for side in sides:
        forest = _forest(numbers).fit(space.vectors(side), labels_of(side))
        forests.append(forest)
        answers.append(forest.predict(rows) if numbers else forest.predict_proba(rows))
    known = None if numbers else forests[0].classes_
    scores = [_score(answer, truth, known, weights.astype(np.float64)) for answer in answers]
    figures = _figures(scores, numbers, len(classes), each)
    if space.kind != ROWS or numbers:
        return Use(figures=tuple(figures))
    relevance = _relevance(space, forests)
    agreement = _agreement(relevance)
    rules = _rules(space, sides, test, classes)
    return Use(figures=(*figures, agreement), relevance=relevance, rules=rules)


def _forest(numbers: bool) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestRegressor if numbers else RandomForestClassifier
    return kind(TREES, min_samples_leaf=2, max_features="sqrt", random_state=51)


def _score(answer: Floats, truth: NDArray[Any], known: NDArray[np.int64] | None, weights: Floats) -> Floats:
    """Return the figure on the data and then on each resample, `(1 + R,)`."""
    every = np.concatenate([np.ones((1, len(truth))), weights])
    if known is None:
        return every @ np.abs(answer - truth) / np.maximum(every.sum(axis=1), 1.0)
    if len(known) == 2:
        return auroc(answer[:, 1], truth == known[1], every)
    guess = known[answer.argmax(axis=1)]
    parts = []
    for kind in known:
        hit, said, true = (every @ side for side in ((guess == kind) & (truth == kind), guess == kind, truth == kind))
        parts.append(np.where(said + true > 0, 2 * hit / np.where(said + true > 0, said + true, 1.0), 0.0))
    return np.mean(parts, axis=0)


def _figures(scores: Sequence[Floats], numbers: bool, kinds: int, each: int) -> list[Figure]:
    name = "mean absolute error" if numbers else "AUROC" if kinds == 2 else "macro-F1"
    real, made = scores
    ratio = real / np.maximum(made, 1e-12) if numbers else made / np.maximum(real, 1e-12)
    trained = f"forest on {each} {'samples' if numbers else 'of each class'}"
    found = [
        Figure(
            key=key,
            group="use",
            text=f"{name} on unseen people, {trained}, trained on {side}",
            value=float(score[0]),
            low=interval(score[1:])[0],
            high=interval(score[1:])[1],
        )
        for key, side, score in (("real_trained", "real", real), ("made_trained", "synthetic", made))
    ]
    difference = made - real
    low, high = interval(difference[1:])
    found.append(
        Figure(
            key="difference",
            group="use",
            text=f"{name}, trained on synthetic minus trained on real (paired)",
            value=float(difference[0]),
            low=low,
            high=high,
        )
    )
    low, high = interval(ratio[1:])
    found.append(
        Figure(
            key="utility",
            group="use",
            text="usefulness: trained on synthetic as a share of trained on real",
            value=float(ratio[0]),
            low=low,
            high=high,
        )
    )
    return found


def _relevance(space: Space, forests: Sequence[Any]) -> tuple[tuple[str, float, float], ...]:
    """Return how much of each forest's decrease of impurity each column brings."""
    owner = space.owners()
    both = [np.bincount(owner, forest.feature_importances_, minlength=len(space.columns)) for forest in forests]
    return tuple(zip(space.columns, both[0].tolist(), both[1].tolist(), strict=True))


def _agreement(relevance: Sequence[tuple[str, float, float]]) -> Figure:
    from scipy.stats import spearmanr

    real, made = (np.array([row[side] for row in relevance]) for side in (1, 2))
    flat = len(relevance) < 3 or np.ptp(real) == 0 or np.ptp(made) == 0
    return Figure(
        key="rules",
        group="rules",
        text="rank correlation of the columns' relevance on real and on synthetic samples",
        value=float("nan") if flat else float(spearmanr(real, made).statistic),
        note="fewer than three columns" if len(relevance) < 3 else "",
    )


def _rules(
    space: Space, sides: Sequence[Sequence[Sample]], test: Sequence[Sample], classes: Sequence[str]
) -> tuple[RuleRow, ...]:
    """Learn short rules on each side and see how they fare on unseen real and on synthetic samples."""
    names = space.names()
    rows = [_plain(space, side) for side in (*sides, test)]
    truths = [labels_of(side) for side in (*sides, test)]
    found = []
    for place, source in enumerate(("real", "synthetic")):
        for rule in learn_rules(rows[place], truths[place]):
            on_real, on_made = rule.fares(rows[2], truths[2]), rule.fares(rows[1], truths[1])
            found.append(
                RuleRow(
                    source=source,
                    words=rule.words(names, classes),
                    real_coverage=on_real[0],
                    real_error=on_real[1],
                    made_coverage=on_made[0],
                    made_error=on_made[1],
                )
            )
    return tuple(found)


def _plain(space: Space, samples: Sequence[Sample]) -> Floats:
    """Return vectors with numbers in their own units, so that a rule's bounds can be read, and words as 0 or 1."""
    vectors = space.vectors(samples)
    place = 0
    for _, learnt in space.plan:
        words = learnt.get("words")
        if words is not None:
            vectors[:, place : place + len(words)] = vectors[:, place : place + len(words)] > 0
            place += len(words)
        else:
            vectors[:, place] = vectors[:, place] * learnt["spread"] + learnt["mean"]
            place += 1 + bool(learnt["gaps"])
    return vectors
