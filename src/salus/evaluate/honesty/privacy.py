"""Does it give its training part away? Nearest neighbours, copies planted on purpose, and attacks on membership."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.contract.generator import Critic
from salus.contract.system import System
from salus.evaluate.bootstrap import interval, patient_weights
from salus.evaluate.honesty.card import Figure, Limits
from salus.evaluate.honesty.parts import Parts, balance
from salus.evaluate.honesty.planted import plant
from salus.evaluate.honesty.space import ROWS, Space
from salus.metrics import memorisation
from salus.metrics.memorisation import Nearest, nearest
from salus.metrics.weights import Floats
from salus.schema.sample import Sample

RESAMPLES = 500
DRAWS = 5
View = Callable[[Sequence[Sample]], Floats]
Spread = tuple[float, float, float]
BINS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """What was found.

    Attributes:
        figures: For the card.
        distances: Histogram of the card.
        neighbours: Of each synthetic sample in `Parts.made`, its nearest sample of the whole training part.
        copies: `(M,)`, which of them count as copies.
    """

    figures: tuple[Figure, ...]
    distances: dict[str, tuple[float, ...]]
    neighbours: Nearest
    copies: NDArray[np.bool_]


def privacy(
    space: Space,
    train: Sequence[Sample],
    control: Sequence[Sample],
    parts: Parts,
    limits: Limits,
) -> Privacy:
    """Measure how much closer synthetic samples are to seen than to equally many unseen people.

    Share and attack are measured on the samples' own values. No trained feature space is used: a network that was
    trained on the seen people embeds them unlike others. Where the training part is larger than the control part, five
    draws of seen people are averaged. Copies are looked for in the whole training part, by values and by shapes.

    Args:
        space: Of the training part.
        train: The whole training part.
        control: The whole control part.
        parts: Seen, unseen and synthetic samples in equal proportions.
        limits: What may not be exceeded.
    """
    share, attack, ideal = _against_unseen(space.vectors, _draws(train, control, parts))
    near, far = (nearest(space.vectors(parts.made), space.vectors(side)) for side in (parts.seen, parts.unseen))
    finder = Finder(space, train, parts.unseen)
    copies = finder.copies(parts.made)
    natural = finder.copies(parts.unseen).mean()
    figures = [
        _at_most("share", "synthetic samples closer to a seen than to an unseen person", share, limits.share, ideal),
        _at_most("membership", "attack on membership by distance (AUROC)", attack, limits.membership),
        _excess(float(copies.mean()), float(natural), len(copies), limits),
        _planted(finder, train, limits),
    ]
    neighbours = nearest(space.vectors(parts.made), space.vectors(train))
    return Privacy(figures=tuple(figures), distances=_histogram(near, far), neighbours=neighbours, copies=copies)


def critic_attack(system: System, parts: Parts) -> Figure | None:
    """Return how well the critic's own scores tell seen from unseen people; None where there is no critic to ask."""
    import torch

    if not isinstance(system, Critic):
        return None
    rng = np.random.default_rng(46)
    weights = [_weights(side, rng) for side in (parts.seen, parts.unseen)]
    scores = []
    with torch.no_grad():
        for side in (parts.seen, parts.unseen):
            batches = [side[first : first + 64] for first in range(0, len(side), 64)]
            found = [system.realness(system.collate(batch)).float().reshape(-1) for batch in batches]
            scores.append(torch.cat(found).double().numpy())
    every = np.concatenate([np.ones((1, sum(map(len, scores)))), np.concatenate(weights, axis=1)])
    found_all = memorisation.membership_auroc(scores[0], scores[1], every)
    low, high = interval(found_all[1:])
    return Figure(
        key="critic",
        group="privacy",
        text="attack on membership by the critic's scores (AUROC)",
        value=float(found_all[0]),
        low=low,
        high=high,
        note="concerns the trained system, not its samples: above 0.55 the run must not be given away",
    )


class Finder:
    """Finds copies of training samples, by distance of values and, for arrays, of shapes without mean and gain.

    Args:
        space: Of the training part.
        train: Where copies may come from.
        unseen: People who are no copies and say how near two people come.
    """

    def __init__(self, space: Space, train: Sequence[Sample], unseen: Sequence[Sample]) -> None:
        self.space = space
        self.views: list[View] = [space.vectors] if space.kind == ROWS else [space.vectors, space.shapes]
        self.known = [view(train) for view in self.views]
        apart = [nearest(view(unseen), known) for view, known in zip(self.views, self.known, strict=True)]
        self.thresholds = [memorisation.copy_threshold(found) for found in apart]
        self.middle = float(np.median(apart[0].distance))

    def copies(self, samples: Sequence[Sample]) -> NDArray[np.bool_]:
        """Tell for each sample whether it is a copy, `(N,)`."""
        found = np.zeros(len(samples), dtype=bool)
        for view, known, threshold in zip(self.views, self.known, self.thresholds, strict=True):
            found |= nearest(view(samples), known).distance <= threshold
        return found


def _draws(train: Sequence[Sample], control: Sequence[Sample], parts: Parts) -> list[Parts]:
    more = DRAWS if len(train) >= 1.5 * len(parts.seen) else 1
    return [parts, *(balance(train, control, parts.made, seed) for seed in range(1, more))]


def _against_unseen(view: View, draws: Sequence[Parts]) -> tuple[Spread, Spread, float]:
    """Return share and attack with intervals, and the share that other training samples would get in place of made."""
    rng = np.random.default_rng(45)
    shares, attacks, ideals = [], [], []
    for place, parts in enumerate(draws):
        seen, unseen, made = (view(side) for side in (parts.seen, parts.unseen, parts.made))
        weights = [_weights(side, rng) for side in (parts.seen, parts.unseen)]
        near, far = nearest(made, seen), nearest(made, unseen)
        value = np.array([memorisation.closer_share(near, far)])
        shares.append(np.append(value, memorisation.closer_share_weighted(near, far, *weights)))
        guess = [-nearest(side, made).distance for side in (seen, unseen)]
        every = np.concatenate([np.ones((1, len(seen) + len(unseen))), np.concatenate(weights, axis=1)])
        attacks.append(memorisation.membership_auroc(guess[0], guess[1], every))
        if place:
            known = {sample.id for sample in parts.seen}
            other = view([sample for sample in draws[0].seen if sample.id not in known])
            if len(other):
                ideals.append(memorisation.closer_share(nearest(other, seen), nearest(other, unseen)))
    share, attack = np.mean(shares, axis=0), np.mean(attacks, axis=0)
    ideal = float(np.mean(ideals)) if ideals else float("nan")
    return (float(share[0]), *interval(share[1:])), (float(attack[0]), *interval(attack[1:])), ideal


def _weights(side: Sequence[Sample], rng: np.random.Generator) -> Floats:
    return patient_weights([sample.patient for sample in side], RESAMPLES, rng).astype(np.float64)


def _at_most(key: str, text: str, found: Spread, limit: float, ideal: float = float("nan")) -> Figure:
    value, low, high = found
    notes = ["the excess may be chance: its interval holds 0.5"] if value > limit and low <= 0.5 else []
    if np.isfinite(ideal):
        notes.append(f"other samples of the training part itself would get {ideal:.3f}")
    return Figure(
        key=key,
        group="privacy",
        text=text,
        value=value,
        low=low,
        high=high,
        goal=f"at most {limit:g}; chance gives 0.5",
        met=bool(value <= limit),
        note="; ".join(notes),
    )


def _excess(made: float, natural: float, count: int, limits: Limits) -> Figure:
    """Judge copies beyond those that unseen people show; a single one among few samples may be chance."""
    excess = made - natural
    margin = 1.96 * np.sqrt((made * (1 - made) + natural * (1 - natural)) / count)
    return Figure(
        key="copies",
        group="privacy",
        text="copies of training samples among synthetic ones, beyond those among unseen people",
        value=excess,
        low=excess - margin,
        high=excess + margin,
        goal=f"at most {limits.copies:g}, or within chance",
        met=bool(excess <= limits.copies or excess - margin <= 0),
        note=f"{made:.3f} of the synthetic samples, {natural:.3f} of the unseen people",
    )


def _planted(finder: Finder, train: Sequence[Sample], limits: Limits) -> Figure:
    exact, disturbed = plant(finder.space, train, finder.middle)
    found = [finder.copies(side) for side in (exact, disturbed)]
    share = float(np.concatenate(found).mean())
    return Figure(
        key="planted",
        group="privacy",
        text=f"planted copies found ({len(exact)} exact, {len(disturbed)} slightly disturbed)",
        value=share,
        goal=f"at least {limits.planted:g}, or the audit is blind",
        met=share >= limits.planted,
        note=f"exact {found[0].mean():.3f}, disturbed {found[1].mean():.3f}",
    )


def _histogram(near: Nearest, far: Nearest) -> dict[str, tuple[float, ...]]:
    top = float(np.quantile(np.concatenate([near.distance, far.distance]), 0.99)) or 1.0
    edges = np.linspace(0.0, top, BINS + 1)
    counts = [np.histogram(found.distance.clip(max=top), edges)[0] for found in (near, far)]
    return {
        "edges": tuple(edges.tolist()),
        "seen": tuple(counts[0].astype(float).tolist()),
        "unseen": tuple(counts[1].astype(float).tolist()),
    }
