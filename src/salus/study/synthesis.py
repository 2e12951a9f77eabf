"""Give a generator's samples away: audited on its own data, without copies, with its card; or refused."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from salus.contract.dataset import Dataset
from salus.contract.task import Task
from salus.data.library import open_data
from salus.data.split import Split
from salus.data.suit import suit
from salus.evaluate.honesty.card import HonestyCard
from salus.evaluate.honesty.draw import MOST, generator_of
from salus.schema.errors import ReleaseError, SalusError, UsageError
from salus.schema.sample import Sample
from salus.store.artifact import Artifact
from salus.store.release import audited, check_classes, parts_of, released_samples
from salus.store.synthetic import write_synthetic
from salus.study.report.honesty import write_honesty

Divide = Callable[[Dataset, Task, int], Split]


def release(
    artifact: Artifact,
    divide: Divide,
    folder: Path,
    count: int,
    *,
    classes: Sequence[str] = (),
    seed: int = 0,
    anyway: str = "",
    evidence: Path | None = None,
) -> tuple[HonestyCard, str]:
    """Audit a fitted generator on its own data and, if it may be released, write a synthetic dataset.

    Args:
        artifact: A run of `fit` whose system makes samples. Its data must be at hand: the audit needs the people it was
            trained on and those it never saw.
        divide: Splits a dataset as `fit` did (`salus.api.divide`).
        folder: New or empty; gets the samples, the honesty card and a privacy statement, and nothing of real people.
        count: How many samples.
        classes: Names of the classes to make, in turn; none takes the training part's proportions.
        seed: Of the noise.
        anyway: A written reason to release what the audit refuses; the card keeps it.
        evidence: Where a page with the nearest real people goes; it must not be given away. None writes none.

    Returns:
        The card, and what `open_data` is to be given to read the dataset again.

    Raises:
        ReleaseError: The audit refuses and no reason is given; nothing is written but the evidence.
        UsageError: The system makes no samples, an unknown class, an impossible count, a folder that holds something.
    """
    generator_of(artifact.system)
    if not 1 <= count <= MOST:
        raise UsageError(f"{count:,} samples wanted; give 1 to {MOST:,}")
    check_classes(artifact, classes)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} holds something already; choose another -o, or remove it")
    train, control, problem = own_parts(artifact, divide)
    found = audited(artifact, train, control, problem)
    if evidence is not None:
        write_honesty(evidence, found.card, found.pairs)
    card = found.card.released(anyway)
    samples, left_out = released_samples(artifact, count, seed, classes, train, control)
    if not samples:
        raise ReleaseError(f"all {left_out} samples drawn are copies of training samples; nothing was written")
    facts = {"generator": artifact.name, "wanted": count, "written": len(samples), "left_out": left_out, "seed": seed}
    return card, write_synthetic(folder, samples, artifact.system.task.question, card, facts)


def own_parts(artifact: Artifact, divide: Divide) -> tuple[list[Sample], list[Sample], str]:
    """Return what a run was trained on and what it never saw, or empty lists and why they are not to be had."""
    facts: dict[str, Any] = artifact.facts
    if "data" not in facts or "test_ids" not in facts:
        return [], [], "the run does not say on which data it was trained; make it with salus fit"
    try:
        loaded = open_data(str(facts["data"]))
        split = divide(loaded.dataset, artifact.system.task, int(facts["seed"]))
        train, control = parts_of(suit(loaded.dataset, type(artifact.system).card.inputs), split, facts)
    except SalusError as error:
        return [], [], str(error)
    return train, control, ""
