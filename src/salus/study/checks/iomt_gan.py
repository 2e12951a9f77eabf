"""What `iomt_gan` owes beside the honesty card: use on unseen records, minority beats, refusals, and ablations."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.evaluate.honesty.draw import condition_of, draw
from salus.evaluate.honesty.examine import examine, examine_system
from salus.evaluate.honesty.space import Space
from salus.evaluate.honesty.use import UTILITY
from salus.metrics.weights import Floats
from salus.schema.errors import ConfigError
from salus.schema.sample import Sample
from salus.study.context import CheckContext, CheckRow

TREES = 100
COMMON = 2000
"""Training samples of the commonest class that the minority arms see; the others are taken whole."""
NEIGHBOURS = 5
EVERY = 4
"""The forests look at every fourth value of a beat, 90 a second."""
SHOWN = 400
BESIDE = ("modes", "spread", "coverage", "column", "correlation", "share", "membership", "told_apart", "utility")


def useful(context: CheckContext) -> list[CheckRow]:
    """Train a forest on real and on synthetic samples, equally many of each class, and ask both about unseen people.

    Options: `part` and `arm`; `must`, false where the figure is only printed.
    """
    part, arm = _asked(context.options, "must")
    classes = context.dataset(part).question.classes
    ratios: list[float] = []
    found: dict[str, list[Floats]] = {"real": [], "synthetic": []}
    records: dict[str, dict[str, list[float]]] = {"real": {}, "synthetic": {}}
    for cell in context.systems(part, arm):
        train, test = _samples(cell.train), _samples(cell.test)
        space = Space(train)
        sides = {"real": _equal(train, cell.seed)}
        wanted = [condition_of(sample) for sample in sides["real"]]
        sides["synthetic"] = draw(cell.system, wanted, cell.seed)
        for name, side in sides.items():
            guess = _forest(cell.seed).fit(_rows(space, side), _labels(side)).predict(_rows(space, test))
            found[name].append(_f1(_labels(test), guess, len(classes)))
            _by_record(records[name], test, guess)
        ratios.append(float(found["synthetic"][-1].mean() / max(found["real"][-1].mean(), 1e-9)))
    must = bool(context.options.get("must", True))
    rows = [
        CheckRow(
            kind="M" if must else "R",
            text=f"{arm} ({part}): macro-F1 on unseen records, a forest trained on synthetic samples as a share of one "
            f"trained on as many real ones" + (f", at least {UTILITY:g}" if must else ""),
            figure=_spread(ratios),
            met=(bool(ratios) and float(np.mean(ratios)) >= UTILITY) if must else None,
        )
    ]
    for name, values in found.items():
        if values:
            each = " ".join(f"{k} {v:.3f}" for k, v in zip(classes, np.mean(values, axis=0), strict=True))
            told = ", ".join(f"{record} {np.mean(right):.3f}" for record, right in sorted(records[name].items()))
            text = f"{arm} ({part}): trained on {name} samples, F1 of each class; balanced accuracy of each record"
            macro = f"macro {np.mean(values):.3f}: {each}; records {told}"
            rows.append(CheckRow(kind="R", text=text, figure=macro))
    return rows


def minority(context: CheckContext) -> list[CheckRow]:
    """Add synthetic samples of the rare classes to the real ones, beside SMOTE and class weights.

    Options: `part` and `arm`. The commonest class is thinned to 2,000 training samples in every arm.
    """
    part, arm = _asked(context.options)
    classes = context.dataset(part).question.classes
    scores: dict[str, list[Floats]] = {}
    for cell in context.systems(part, arm):
        train, test = _samples(cell.train), _samples(cell.test)
        space, rng = Space(train), np.random.default_rng([cell.seed, 61])
        chosen = _thinned(train, rng)
        rows, labels = _rows(space, chosen), _labels(chosen)
        counts = np.bincount(labels, minlength=len(classes))
        lacking = [k for k in range(len(classes)) for _ in range(int(counts.max() - counts[k])) if counts[k]]
        made = draw(cell.system, lacking, cell.seed)
        extra = _rows(space, made) if made else rows[:0]
        smote = np.concatenate(
            [_between(rows[labels == k], lacking.count(k), rng) for k in range(len(classes)) if counts[k]]
        )
        arms: dict[str, tuple[Floats, NDArray[np.int64], str | None]] = {
            "real samples as they are": (rows, labels, None),
            "class weights": (rows, labels, "balanced"),
            "SMOTE": (np.concatenate([rows, smote]), np.append(labels, np.array(lacking, dtype=np.int64)), None),
            "synthetic samples added": (np.concatenate([rows, extra]), np.append(labels, _labels(made)), None),
        }
        target, truth = _rows(space, test), _labels(test)
        for name, (table, answers, weight) in arms.items():
            guess = _forest(cell.seed, weight).fit(table, answers).predict(target)
            scores.setdefault(name, []).append(_f1(truth, guess, len(classes)))
    return [
        CheckRow(
            kind="R",
            text=f"{arm} ({part}): F1 on unseen records, {name}",
            figure=" ".join(f"{k} {v:.3f}" for k, v in zip(classes, np.mean(values, axis=0), strict=True))
            + f"; macro {_spread([float(v.mean()) for v in values])}",
        )
        for name, values in scores.items()
    ]


def refused(context: CheckContext) -> list[CheckRow]:
    """Let a collapsed and a copying generator, made of the first trained one, go through the audit.

    Options: `part` and `arm`.
    """
    part, arm = _asked(context.options)
    cell = next(iter(context.systems(part, arm)), None)
    if cell is None:
        return [CheckRow(kind="M", text=f"{arm} ({part}): refusals", figure="no training", met=False)]
    train, control = _samples(cell.train), _samples(cell.test)
    kinds = sorted({condition_of(sample) for sample in train})
    single = {sample.target: sample for sample in draw(cell.system, kinds, 0)}
    wanted = [condition_of(train[place % len(train)]) for place in range(SHOWN)]
    made = {
        "a collapsed generator, one sample a class": [single[kind] for kind in wanted],
        "a copying generator, training samples anew": [train[place % len(train)] for place in range(SHOWN)],
    }
    rows = []
    for name, samples in made.items():
        copies = [dataclasses.replace(s, id=f"made_{n}", patient=f"made_{n}", meta={}) for n, s in enumerate(samples)]
        classes = context.dataset(part).question.classes
        reasons = examine(train, control, copies, subject=name, classes=classes).card.reasons
        word = "it collapsed" if "collapsed" in name else "it copies"
        rows.append(
            CheckRow(
                kind="M",
                text=f"{name} ({part}): refused because {word}",
                figure=f"refused, {len(reasons)} reasons" if reasons else "released",
                met=any(reason.startswith(word) for reason in reasons),
            )
        )
    return rows


def beside(context: CheckContext) -> list[CheckRow]:
    """Say in one line of each arm of a part what its honesty card holds: modes kept, likeness, privacy and use.

    Options: `part` and `arms`.
    """
    part, arms = str(context.options.get("part", "")), context.options.get("arms", ())
    if not part or not arms:
        raise ConfigError("check iomt_gan.beside: `part` and `arms` are needed")
    rows = []
    for arm in arms:
        cards = [
            examine_system(
                cell.system, _samples(cell.train), _samples(cell.test), subject=f"{arm} on {part}", seed=cell.seed
            ).card
            for cell in context.systems(part, str(arm))
            if not cell.fold
        ]
        figures = []
        for key in BESIDE:
            values = [format(card.figure(key).value, ".0f" if key == "modes" else ".2f") for card in cards]
            figures.append(f"{key} {', '.join(values)}")
        verdicts = sum(not card.reasons for card in cards)
        words = "; ".join(figures) + f"; {verdicts} of {len(cards)} seeds released" if cards else "no training"
        rows.append(CheckRow(kind="R", text=f"{arm} ({part}): honesty cards in short, one value a seed", figure=words))
    return rows


def _asked(options: Mapping[str, Any], *more: str) -> tuple[str, str]:
    unknown = sorted(set(options) - {"part", "arm", *more})
    if unknown or not options.get("part") or not options.get("arm"):
        wrong = f"unknown option {unknown[0]!r}" if unknown else "`part` and `arm` are needed"
        raise ConfigError(f"a check of iomt_gan: {wrong}; it takes part, arm{''.join(f', {key}' for key in more)}")
    return str(options["part"]), str(options["arm"])


def _rows(space: Space, samples: Sequence[Sample]) -> Floats:
    return space.vectors(samples)[:, ::EVERY]


def _forest(seed: int, weight: str | None = None) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(TREES, min_samples_leaf=2, class_weight=weight, random_state=seed)


def _labels(samples: Sequence[Sample]) -> NDArray[np.int64]:
    return np.array([condition_of(sample) for sample in samples], dtype=np.int64)


def _equal(samples: Sequence[Sample], seed: int) -> list[Sample]:
    """Return equally many samples of each class, as many as the rarest has."""
    labels, rng = _labels(samples), np.random.default_rng([seed, 60])
    each = int(min(np.bincount(labels)[np.unique(labels)]))
    places = [rng.permutation(np.flatnonzero(labels == kind))[:each] for kind in np.unique(labels)]
    return [samples[int(place)] for place in np.concatenate(places)]


def _thinned(samples: Sequence[Sample], rng: np.random.Generator) -> list[Sample]:
    labels = _labels(samples)
    places = [rng.permutation(np.flatnonzero(labels == kind))[:COMMON] for kind in np.unique(labels)]
    return [samples[int(place)] for place in np.sort(np.concatenate(places))]


def _between(rows: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return `count` rows on lines between a row and one of its five nearest.

    Source:
        Chawla et al. 2002, SMOTE: Synthetic Minority Over-sampling Technique, section 4.2.
    """
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=min(NEIGHBOURS + 1, len(rows))).fit(rows).kneighbors(rows)[1][:, 1:]
    start = rng.integers(len(rows), size=count)
    other = near[start, rng.integers(near.shape[1], size=count)]
    step: Floats = rng.random((count, 1))
    return rows[start] + step * (rows[other] - rows[start])


def _f1(truth: NDArray[np.int64], guess: NDArray[np.int64], kinds: int) -> Floats:
    hits = np.array([((truth == k) & (guess == k)).sum() for k in range(kinds)])
    asked = np.array([(truth == k).sum() + (guess == k).sum() for k in range(kinds)])
    return 2 * hits / np.maximum(asked, 1)


def _by_record(found: dict[str, list[float]], test: Sequence[Sample], guess: NDArray[np.int64]) -> None:
    truth, people = _labels(test), np.array([sample.patient for sample in test])
    for person in np.unique(people):
        own = people == person
        right = [(guess[own & (truth == k)] == k).mean() for k in np.unique(truth[own])]
        found.setdefault(str(person), []).append(float(np.mean(right)))


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "no training"
    words = f"{np.mean(values):.3f}"
    return words if len(values) == 1 else f"{words} (seeds {', '.join(f'{value:.3f}' for value in values)})"


def _samples(data: Dataset) -> list[Sample]:
    return [data[i] for i in range(len(data))]
