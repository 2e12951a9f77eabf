"""A dataset in figures: who is in it, what its inputs hold, how it is divided, and a few samples to look at.

After the questions of Gebru et al. 2021, Datasheets for Datasets, doi 10.1145/3458723, as far as figures answer them.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from salus.data.cohort import peek
from salus.data.entry import Loaded
from salus.data.few_labels import NO_LABEL
from salus.data.fingerprint import sample_hash
from salus.data.inputs import Held, InputTally, Series, TargetTally
from salus.data.tally import Numbers, Spread
from salus.schema.errors import SalusError
from salus.schema.question import Question
from salus.schema.sample import Sample

EXAMPLES = 12
Watch = Callable[[int, int], None]
"""Called with samples done and samples in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """One class of the dataset.

    Attributes:
        name: Of the class.
        samples: How many.
        patients: How many different.
        parts: Samples in each part of an official split.
    """

    name: str
    samples: int
    patients: int
    parts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Datasheet:
    """What `describe` found.

    Attributes:
        samples: How many.
        patients: How many different.
        read: How many samples the measured figures are of; all unless a limit was given.
        per_patient: Samples of each patient.
        strata: Classes; one named `all` for questions without classes.
        parts: Samples and patients of each part of an official split.
        sites: Samples of each site.
        groups: Subgroups: numbers (age) as a spread, words as counts.
        inputs: What each input holds.
        answers: Findings, mentions or masks: their names and what was counted of each.
        target: The measurement that is asked for, where it is one.
        target_shapes: Shapes of targets that are arrays.
        question: What is asked.
        unit: What `patients` counts (`Loaded.unit`).
        notes: What a report prints.
        unreadable: Sample number and reason of what could not be read.
        fingerprint: SHA-256 over everything; empty where not everything was read.
        examples: A few samples, spread over the classes.
        example_labels: The class of each.
    """

    samples: int
    patients: int
    read: int
    per_patient: Spread
    strata: tuple[Stratum, ...]
    parts: Mapping[str, tuple[int, int]]
    sites: Mapping[str, int]
    groups: Mapping[str, Series]
    inputs: tuple[Held, ...]
    answers: Mapping[str, Mapping[str, int]]
    target: Series | None
    target_shapes: Mapping[str, int]
    question: Question
    unit: str = "patient"
    notes: tuple[str, ...] = ()
    unreadable: tuple[tuple[int, str], ...] = ()
    fingerprint: str = ""
    examples: tuple[Sample, ...] = ()
    example_labels: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; of the examples their ids."""
        kept = {name: getattr(self, name) for name in self.__slots__ if name not in ("examples", "question")}
        found: dict[str, Any] = asdict(_Plain(kept))["values"]
        return {**found, "question": self.question.to_dict(), "examples": [sample.id for sample in self.examples]}


@dataclass
class _Plain:
    values: dict[str, Any]


@dataclass
class _Seen:
    """What one pass gathers."""

    question: Question
    labels: list[str] = field(default_factory=list)
    patients: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    sites: Counter[str] = field(default_factory=Counter)
    groups: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    inputs: dict[str, InputTally] = field(default_factory=dict)
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    places: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def describe(
    loaded: Loaded,
    stratum: Callable[[Any], str],
    *,
    limit: int | None = None,
    examples: int = EXAMPLES,
    watch: Watch | None = None,
) -> Datasheet:
    """Read a dataset once and describe it; memory holds one sample at a time.

    A sample that cannot be read is counted and named, and the rest is described.

    Args:
        loaded: The dataset and its question.
        stratum: Target to its class (`Task.stratum`).
        limit: Read the inputs of this many samples, evenly spread; None for all (which the fingerprint needs).
        examples: How many samples to keep to look at.
        watch: Told how far it is.
    """
    dataset, total = loaded.dataset, len(loaded.dataset)
    chosen = range(total) if limit is None else np.unique(np.linspace(0, max(total - 1, 0), limit).astype(int)).tolist()
    reads = None if limit is None else frozenset(chosen)
    seen, targets, digest = _Seen(loaded.question), TargetTally(loaded.question), hashlib.sha256()
    read = 0
    for index in range(total):
        whole = reads is None or index in reads
        try:
            sample = dataset[index] if whole else peek(dataset, index)
        except SalusError as error:
            seen.unreadable.append((index, str(error)))
            continue
        _who(sample, index, stratum, seen)
        targets.add(sample.target)
        if whole:
            read += 1
            digest.update(sample_hash(sample.id, sample.patient, sample.inputs, sample.target))
            for name, value in sample.inputs.items():
                seen.inputs.setdefault(name, InputTally(name, type(value).__name__)).add(value)
        if watch is not None:
            watch(index + 1, total)
    places = _spread_over({name: seen.places[name] for name in _in_order(seen.places, seen.question)}, examples)
    kept = [(label, dataset[place]) for label, place in places]
    complete = read == total and total > 0
    return _sheet(loaded, seen, targets, read, digest.hexdigest() if complete else "", kept)


def _sheet(
    loaded: Loaded,
    seen: _Seen,
    targets: TargetTally,
    read: int,
    fingerprint: str,
    kept: Sequence[tuple[str, Sample]],
) -> Datasheet:
    per_patient = Numbers()
    for count in Counter(seen.patients).values():
        per_patient.add_one(count)
    return Datasheet(
        samples=len(loaded.dataset),
        patients=len(set(seen.patients)),
        read=read,
        per_patient=per_patient.spread(),
        strata=_strata(seen),
        parts=_parts(seen),
        sites={} if set(seen.sites) <= {""} else dict(seen.sites.most_common()),
        groups={name: _group(name, values) for name, values in seen.groups.items()},
        inputs=tuple(tally.held() for tally in seen.inputs.values()),
        answers={name: dict(counts) for name, counts in targets.counts.items()},
        target=targets.series(),
        target_shapes=dict(targets.shapes.most_common()),
        question=loaded.question,
        unit=loaded.unit,
        notes=loaded.notes,
        unreadable=tuple(seen.unreadable),
        fingerprint=fingerprint,
        examples=tuple(sample for _, sample in kept),
        example_labels=tuple(label for label, _ in kept),
    )


def _who(sample: Sample, index: int, stratum: Callable[[Any], str], seen: _Seen) -> None:
    try:
        label = stratum(sample.target)
    except SalusError:
        label = NO_LABEL
    seen.labels.append(label)
    seen.places[label].append(index)
    seen.patients.append(sample.patient)
    seen.splits.append(str(sample.meta.get("split", "")))
    seen.sites[str(sample.meta.get("site", ""))] += 1
    for key, value in sample.meta.items():
        if key.startswith("group_"):
            seen.groups[key.removeprefix("group_")].append(str(value))


def _strata(seen: _Seen) -> tuple[Stratum, ...]:
    people: dict[str, set[str]] = defaultdict(set)
    parts: dict[str, Counter[str]] = defaultdict(Counter)
    for label, patient, split in zip(seen.labels, seen.patients, seen.splits, strict=True):
        people[label].add(patient)
        parts[label][split] += 1
    if seen.question.kind in ("classification", "ordinal"):  # a class without samples is worth a line
        people.update({name: set() for name in seen.question.classes if name not in people})
    names = _in_order(people, seen.question)
    return tuple(
        Stratum(
            name=name,
            samples=sum(parts[name].values()),
            patients=len(people[name]),
            parts={part: parts[name][part] for part in _named(seen)},
        )
        for name in names
    )


def _in_order(names: Iterable[str], question: Question) -> list[str]:
    """Return strata in the order of the question's classes, others after them by name."""
    order = {name: place for place, name in enumerate(question.classes)}
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))


def _parts(seen: _Seen) -> dict[str, tuple[int, int]]:
    people: dict[str, set[str]] = defaultdict(set)
    for patient, split in zip(seen.patients, seen.splits, strict=True):
        people[split].add(patient)
    counts = Counter(seen.splits)
    return {part: (counts[part], len(people[part])) for part in _named(seen)}


def _named(seen: _Seen) -> list[str]:
    """Return the parts of the official split in their usual order; none where the data come with no split."""
    found = [part for part in dict.fromkeys(seen.splits) if part]
    usual = ("train", "valid", "test")
    return sorted(found, key=lambda part: usual.index(part) if part in usual else len(usual))


def _group(name: str, values: Sequence[str]) -> Series:
    """Return a subgroup as numbers where every value is one (an age), else as counts of words."""
    filled = [value for value in values if value and value.lower() not in ("nan", "none")]
    gone = len(values) - len(filled)
    try:
        numbers = Numbers()
        for value in filled:
            numbers.add_one(float(value))
        if len(set(filled)) > 5:
            return Series(name=name, spread=numbers.spread(), missing=gone, count=len(values))
    except ValueError:
        pass
    counts = Counter(filled)
    return Series(name=name, words=tuple(counts.most_common(24)), distinct=len(counts), missing=gone, count=len(values))


def _spread_over(places: Mapping[str, Sequence[int]], count: int) -> list[tuple[str, int]]:
    """Return `(label, sample number)` of up to `count` samples: each class in turn, evenly over its samples."""
    if not places:
        return []
    share = max(1, count // len(places))
    kept: list[tuple[str, int]] = []
    for label, numbers in places.items():
        steps = np.unique(np.linspace(0, len(numbers) - 1, min(share, len(numbers))).round().astype(int))
        kept += [(label, numbers[int(step)]) for step in steps]
    return kept[:count]
