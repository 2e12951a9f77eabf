"""From a fitted generator to samples that may be given away: rebuild its parts, audit it, draw, leave copies out."""

from collections.abc import Sequence
from typing import Any

from salus.contract.dataset import Dataset
from salus.evaluate.honesty.card import HonestyCard
from salus.evaluate.honesty.draw import draw, targets_like
from salus.evaluate.honesty.examine import Examined, examine_system
from salus.evaluate.honesty.privacy import Finder
from salus.evaluate.honesty.space import Space
from salus.schema.errors import DataError, SalusError, UsageError
from salus.schema.sample import Sample
from salus.store.artifact import Artifact

ROUNDS = 3
NATURAL = 0.02
"""Above this share of copies among unseen people, equal rows are no sign of memory, and none are left out."""


def audited(artifact: Artifact, train: Sequence[Sample], control: Sequence[Sample], problem: str = "") -> Examined:
    """Audit a run's generator; where it cannot be audited, return a card that refuses release and says why."""
    subject = f"{artifact.name} trained on {artifact.facts.get('data', 'data of its own')}"
    if not problem:
        try:
            seed = int(artifact.facts.get("seed", 0))
            return examine_system(artifact.system, train, control, subject=subject, seed=seed + 1)
        except DataError as error:
            problem = str(error)
    counts = {"training": len(train), "control": len(control)}
    reason = f"the audit could not be made ({problem})"
    card = HonestyCard(
        subject=subject, kind="", counts=counts, figures=(), reasons=(reason,), unmeasured=("everything",)
    )
    return Examined(card=card, pairs=())


def released_samples(
    artifact: Artifact,
    count: int,
    seed: int,
    classes: Sequence[str],
    train: Sequence[Sample],
    control: Sequence[Sample],
) -> tuple[list[Sample], int]:
    """Draw samples and leave out those that count as copies of training samples, drawing others in their place.

    Args:
        artifact: A fitted generator.
        count: How many samples are wanted.
        seed: Of the noise.
        classes: Names of wanted classes, in turn; none takes the training part's proportions.
        train: What the generator saw; empty where it is not at hand, and then nothing is left out.
        control: People it did not see.

    Returns:
        The samples, and how many were left out.
    """
    known = artifact.system.task.question.classes
    finder = Finder(Space(train), train, control) if train and control else None
    if finder is not None and finder.copies(control).mean() > NATURAL:
        finder = None
    kept: list[Sample] = []
    left_out = 0
    for turn in range(ROUNDS):
        missing = count - len(kept)
        if missing <= 0:
            break
        made = draw(artifact.system, _targets(known, classes, train, missing, seed + turn), seed + 7919 * turn)
        copies = finder.copies(made) if finder is not None else [False] * len(made)
        kept += [sample for sample, copy in zip(made, copies, strict=True) if not copy]
        left_out += int(sum(map(bool, copies)))
    return kept, left_out


def check_classes(artifact: Artifact, classes: Sequence[str]) -> None:
    """Refuse classes that a run does not know.

    Raises:
        UsageError: Names the first one and those it knows.
    """
    known = artifact.system.task.question.classes
    for name in classes:
        if name not in known:
            raise UsageError(f"no class {name!r}; the run knows {', '.join(known) or 'no classes'}")


def parts_of(dataset: Dataset, split: Any, facts: dict[str, Any]) -> tuple[list[Sample], list[Sample]]:
    """Return a run's training and test samples.

    Raises:
        DataError: The dataset gives another test part than the run recorded.
    """
    gone = set(facts.get("dropped", ()))
    train, test = (
        [s for s in (dataset[int(i)] for i in part) if s.id not in gone] for part in (split.train, split.test)
    )
    recorded = facts.get("test_ids")
    if recorded is not None and {s.id for s in test} != set(recorded):
        raise SalusError("its data are not what they were when it was trained, so nobody can say whom it never saw")
    return train, test


def _targets(known: Sequence[str], classes: Sequence[str], train: Sequence[Sample], count: int, seed: int) -> list[Any]:
    if classes:
        wanted = [known.index(name) for name in classes]
        return [wanted[number % len(wanted)] for number in range(count)]
    return targets_like(train, count, seed) if train else [None] * count
