"""Who is in a dataset: what a split, a firewall and a report need, without the inputs."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset, Subset
from salus.data.labels import refuse_repeated_ids
from salus.schema.errors import DataError
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """One entry a sample, in the dataset's order.

    Attributes:
        ids: Sample ids, all different.
        patients: Whose each sample is.
        labels: Stratum of each sample, by which folds are balanced.
        sites: Hospital or source of each, empty where unknown.
        splits: `train`, `valid`, `test` of an official split, empty where there is none.
        groups: Subgroup name (without `group_`) to the value of each sample.
        recordings: Recording (or study) of each, empty where unknown.
    """

    ids: tuple[str, ...]
    patients: tuple[str, ...]
    labels: tuple[str, ...]
    sites: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    recordings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("patients", "labels", "sites", "splits", "recordings"):
            column = getattr(self, name)
            if len(column) != len(self.ids) and (column or name in ("patients", "labels")):
                raise DataError(f"cohort of {len(self.ids)} samples with {len(column)} {name}; give one a sample")
        for name, values in self.groups.items():
            if len(values) != len(self.ids):
                raise DataError(f"cohort of {len(self.ids)} samples with {len(values)} values of group {name!r}")
        refuse_repeated_ids(self.ids, "dataset")
        # an official split of one patient (slices of one scan) is for the firewall to refuse or let through
        if len(set(self.patients)) < 2 and not self.splits:
            raise DataError(f"dataset: {len(set(self.patients))} patient only; a split by patient needs two or more")
        if not all(self.patients):
            raise DataError(f"sample {self.ids[self.patients.index('')]}: no patient; every sample needs one")

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def patient_index(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Return the patients in order of first appearance, and for each sample the number of its patient `(N,)`."""
        order = {name: number for number, name in enumerate(dict.fromkeys(self.patients))}
        return tuple(order), np.array([order[name] for name in self.patients], dtype=np.int64)

    def label_index(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Return the strata, sorted, and for each sample the number of its stratum `(N,)`."""
        names = tuple(sorted(set(self.labels)))
        number = {name: index for index, name in enumerate(names)}
        return names, np.array([number[label] for label in self.labels], dtype=np.int64)

    def take(self, index: NDArray[Any]) -> "Cohort":
        """Return the samples `index` as a cohort, in that order."""
        rows = [int(i) for i in index]

        def pick(column: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(column[i] for i in rows) if column else ()

        return Cohort(
            ids=pick(self.ids),
            patients=pick(self.patients),
            labels=pick(self.labels),
            sites=pick(self.sites),
            splits=pick(self.splits),
            groups={name: pick(values) for name, values in self.groups.items()},
            recordings=pick(self.recordings),
        )


def cohort_of(dataset: Dataset, stratum: Callable[[Any], str], classes: tuple[str, ...] = ()) -> Cohort:
    """Walk a dataset once and note who is in it; files are not read where the dataset offers `peek`.

    Args:
        dataset: The samples.
        stratum: Target to the class by which folds are balanced (`Task.stratum`).
        classes: Strata that must each have a sample.

    Raises:
        DataError: Repeated ids (named), a class without samples, fewer than two patients.
    """
    samples = [peek(dataset, index) for index in range(len(dataset))]
    labels = tuple(stratum(sample.target) for sample in samples)
    counts = Counter(labels)
    for name in classes:
        if not counts[name]:
            present = ", ".join(f"{label} {count}" for label, count in sorted(counts.items()))
            raise DataError(f"class {name!r} has no sample (there are: {present}); remove the class or add samples")
    groups = sorted({key for sample in samples for key in sample.meta if key.startswith("group_")})
    return Cohort(
        ids=tuple(sample.id for sample in samples),
        patients=tuple(sample.patient for sample in samples),
        labels=labels,
        sites=_column(samples, "site"),
        splits=_column(samples, "split"),
        groups={key.removeprefix("group_"): _column(samples, key) for key in groups},
        recordings=_column(samples, "recording"),
    )


def peek(dataset: Dataset, index: int) -> Sample:
    """Return a sample, without its inputs where the dataset can tell the rest unread."""
    if isinstance(dataset, Subset):
        return peek(dataset.dataset, dataset.indices[index])
    look: Callable[[int], Sample] = getattr(dataset, "peek", dataset.__getitem__)
    return look(index)


def _column(samples: list[Sample], key: str) -> tuple[str, ...]:
    values = tuple(str(sample.meta.get(key, "")) for sample in samples)
    return values if any(values) else ()
