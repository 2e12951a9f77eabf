"""A part made ready: data loaded, cohort described, splits drawn, leaks looked for."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from salus.contract.dataset import Dataset, Subset
from salus.data.cohort import Cohort, cohort_of
from salus.data.entry import Loaded
from salus.data.few_labels import NO_LABEL, Hidden, capped, shown_labels, taught, unbalanced
from salus.data.fingerprint import fingerprint
from salus.data.library import entry, names, open_data
from salus.data.split import Index, Split, kfold, left_out, official, random_split, train_share
from salus.evaluate.firewall import Finding, duplicates_to_drop, inspect
from salus.schema.errors import UsageError
from salus.study.plan import Part
from salus.tasks.registry import make


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything about a part that no training changes.

    Attributes:
        loaded: Dataset and question.
        cohort: Who is in.
        splits: By seed, one split per fold.
        fingerprint: SHA-256 of the data.
        dropped: Ids left out as duplicates.
        shown: By seed and fold, the training samples whose labels are shown; empty where all are.
    """

    loaded: Loaded
    cohort: Cohort
    splits: list[list[Split]]
    fingerprint: str
    dropped: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    shown: list[list[Index]] = field(default_factory=list)

    def training(self, data: Dataset, seed: int, fold: int, *, labelled_only: bool = False) -> Dataset:
        """Return the training part of `data`, the dataset or a view of it, with the labels that may be seen."""
        rows = self.splits[seed][fold].train
        if not self.shown:
            return Subset(data, rows)
        shown = self.shown[seed][fold]
        return Subset(data, shown) if labelled_only else Subset(Hidden(data, shown), rows)


_READY: dict[str, Prepared] = {}


def prepare(part: Part) -> Prepared:
    """Load and split a part; the answer is kept, so child processes of one study share it.

    Raises:
        DataError: The data cannot be used or split as asked.
    """
    key = json.dumps({**dataclasses.asdict(part), "arms": ()}, sort_keys=True, default=list)
    if key not in _READY:
        _READY[key] = _prepare(part)
    return _READY[key]


def specification(part: Part) -> str:
    """Return the part's data as `name:option=value,...`."""
    options = ",".join(f"{k}={v}" for k, v in sorted(part.options.items()))
    return f"{part.data}:{options}" if options else part.data


def _prepare(part: Part) -> Prepared:
    loaded = open_data(specification(part))
    task = make(loaded.question)
    cohort = cohort_of(loaded.dataset, task.stratum)
    splits = [[taught(split, cohort) for split in _split(part, cohort, seed)] for seed in range(part.seeds)]
    dropped: tuple[str, ...] = ()
    if part.drop_duplicates:
        gone = set(duplicates_to_drop(loaded.dataset, [s for seed in splits for s in seed]))
        dropped = tuple(cohort.ids[i] for i in sorted(gone))
        splits = [[split.without(gone) for split in seed] for seed in splits]
    if part.train_share < 1.0:
        splits = [
            [train_share(split, cohort, part.train_share, seed) for split in folds] for seed, folds in enumerate(splits)
        ]
    if part.imbalance:
        splits = [[unbalanced(s, cohort, part.imbalance, seed) for s in folds] for seed, folds in enumerate(splits)]
    shown: list[list[Index]] = []
    if part.label_share < 1.0 or NO_LABEL in cohort.labels:
        shown = [[shown_labels(s, cohort, part.label_share, seed) for s in folds] for seed, folds in enumerate(splits)]
        splits = [
            [capped(split, cohort, len(own), seed) for split, own in zip(folds, labels, strict=True)]
            for seed, (folds, labels) in enumerate(zip(splits, shown, strict=True))
        ]
    return Prepared(
        loaded=loaded,
        cohort=cohort,
        splits=splits,
        fingerprint=fingerprint(loaded.dataset).sha256,
        dropped=dropped,
        facts=_facts(part, loaded, cohort),
        shown=shown,
    )


def _split(part: Part, cohort: Cohort, seed: int) -> list[Split]:
    if part.split == "official":
        return [official(cohort, valid_share=part.valid_share, seed=seed)]
    if part.split == "random":
        return random_split(cohort, folds=part.folds, seed=seed, valid_share=part.valid_share)
    if part.split == "left_out":
        splits = left_out(cohort, seed=seed, valid_share=part.valid_share)
        if len(splits) != part.folds:
            raise UsageError(
                f"part {part.name!r}: leaving one out makes {len(splits)} folds, folds = {part.folds}; "
                f"write folds = {len(splits)}"
            )
        return splits
    return kfold(cohort, folds=part.folds, seed=seed, valid_share=part.valid_share)


def _facts(part: Part, loaded: Loaded, cohort: Cohort) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for stratum in cohort.labels:
        counts[stratum] = counts.get(stratum, 0) + 1
    facts: dict[str, Any] = {
        "name": part.data,
        "options": dict(part.options),
        "samples": len(cohort.ids),
        "patients": len(set(cohort.patients)),
        "unit": loaded.unit,
        "classes": dict(sorted(counts.items())) if len(counts) > 1 else {},
        "notes": list(loaded.notes),
        "title": part.data,
        "licence": "the owner's",
        "citation": "",
        "simulated": False,
    }
    if part.data in names():
        found = entry(part.data)
        facts.update(
            title=found.title,
            licence=found.licence,
            citation=found.citation,
            simulated=found.kind == "simulated",
            homepage=found.homepage,
            traps=list(found.traps),
        )
    return facts


def guard(part: Part, prepared: Prepared) -> list[Finding]:
    """Run the leak firewall over every split of a part; overridden rules stay in the answer, marked."""
    every = [split for folds in prepared.splits for split in folds]
    allow = dict.fromkeys(part.allow, part.reason)
    return inspect(prepared.loaded.dataset, every, defining=prepared.loaded.defining, allow=allow)
