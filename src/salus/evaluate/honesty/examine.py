"""The whole audit of a generator's samples, from three lists of samples to a card and what a person should see."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salus.contract.system import System
from salus.evaluate.honesty.card import Figure, HonestyCard, Limits
from salus.evaluate.honesty.draw import draw, targets_like
from salus.evaluate.honesty.encoder import Features
from salus.evaluate.honesty.likeness import coverage, likeness
from salus.evaluate.honesty.parts import MOST, balance, labels_of
from salus.evaluate.honesty.privacy import critic_attack, privacy
from salus.evaluate.honesty.space import Space
from salus.evaluate.honesty.use import use
from salus.schema.sample import Sample

PAIRS = 12
UNMEASURED = (
    "attackers who know more than the synthetic samples, such as the network's weights or how it was trained",
    "inference of one column from the others (attribute inference)",
    "any formal guarantee (differential privacy): none was asked for or computed",
    "people outside the control part: a figure here is of these data and this training",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A synthetic sample beside the real sample nearest to it. Shows a real person's data: never to be given away.

    Attributes:
        made: Synthetic.
        real: Nearest of the training part.
        distance: Between them, in the space's units.
        copy: Whether it counts as a copy.
    """

    made: Sample
    real: Sample
    distance: float
    copy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What an audit gives back.

    Attributes:
        card: Figures and verdict; holds no real sample.
        pairs: The six closest pairs and six in between, for looking at.
    """

    card: HonestyCard
    pairs: tuple[Pair, ...]


def examine(
    train: Sequence[Sample],
    control: Sequence[Sample],
    made: Sequence[Sample],
    *,
    subject: str,
    classes: Sequence[str] = (),
    limits: Limits | None = None,
    system: System | None = None,
) -> Examined:
    """Audit synthetic samples.

    Args:
        train: What the generator was trained on.
        control: Real samples of other people that it never saw.
        made: Synthetic samples; as many as the control part, at least.
        subject: System and data, in words.
        classes: Names of classes, in the order of indices; empty for numbers.
        limits: What may not be exceeded; None for the usual ones.
        system: The generator, for the attack with its critic's scores.

    Raises:
        DataError: Fewer than 50 samples a side, or samples that are not alike.
    """
    bounds = limits or Limits()
    parts = balance(train, control, made)
    space = Space(train)
    labels = labels_of(train)
    features = Features(space, train, labels if labels is not None and labels.dtype.kind == "i" else None)
    found = privacy(space, train, control, parts, bounds)
    covered, modes = coverage(features, train, parts, bounds)
    alike, columns = likeness(space, parts)
    useful = use(space, train, control, made, classes)
    figures = [*found.figures, *covered, *alike, *useful.figures]
    attack = critic_attack(system, parts) if system is not None else None
    if attack is not None:
        figures.append(attack)
    card = HonestyCard(
        subject=subject,
        kind=space.kind,
        counts={
            "training": len(train),
            "control": len(control),
            "synthetic": len(made),
            "compared on each side": len(parts.unseen),
        },
        figures=tuple(figures),
        columns=columns,
        modes=modes,
        relevance=useful.relevance,
        rules=useful.rules,
        distances=found.distances,
        reasons=refusals(figures),
        unmeasured=UNMEASURED if attack is not None else (*UNMEASURED, "an attack with the critic's scores"),
    )
    order = np.argsort(found.neighbours.distance, kind="stable")
    shown = np.unique(
        np.concatenate([order[: PAIRS // 2], order[np.linspace(0, len(order) - 1, PAIRS // 2).astype(int)]])
    )
    shown = shown[np.argsort(found.neighbours.distance[shown], kind="stable")]
    pairs = tuple(
        Pair(
            made=parts.made[int(k)],
            real=train[int(found.neighbours.index[k])],
            distance=float(found.neighbours.distance[k]),
            copy=bool(found.copies[k]),
        )
        for k in shown
    )
    return Examined(card=card, pairs=pairs)


def examine_system(
    system: System,
    train: Sequence[Sample],
    control: Sequence[Sample],
    *,
    subject: str,
    seed: int = 0,
    limits: Limits | None = None,
) -> Examined:
    """Draw as many samples as the larger side holds (at most 4,000), in its proportions, and audit them."""
    count = min(2 * MOST, max(len(train), len(control), MOST // 2))
    made = draw(system, targets_like(train, count, seed), seed)
    return examine(
        train,
        control,
        made,
        subject=subject,
        classes=system.task.question.classes if labels_are_classes(train) else (),
        limits=limits,
        system=system,
    )


def labels_are_classes(samples: Sequence[Sample]) -> bool:
    """Tell whether the samples' targets are class indices."""
    labels = labels_of(samples)
    return labels is not None and labels.dtype.kind == "i"


def refusals(figures: Sequence[Figure]) -> tuple[str, ...]:
    """Return why a generator must not be released: it copies, it collapsed, or the audit could not see."""
    words = {"share": "it copies", "membership": "it copies", "copies": "it copies", "planted": "the audit is blind"}
    return tuple(
        f"{words.get(figure.key, 'it collapsed')} ({figure.text}: {figure.words()}; {figure.goal})"
        for figure in figures
        if figure.met is not None and not figure.met
    )
