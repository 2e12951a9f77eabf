"""What is wrong with a dataset, sample by sample, before a study finds out."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from salus.contract.dataset import Dataset
from salus.data.entry import Loaded
from salus.data.fingerprint import sample_hash
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Image, Note, Row, Sample, Waveform

FEW_PATIENTS = 10
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know about a dataset.

    Attributes:
        severity: `error` stops a study, `warning` bends its result, `note` is worth reading.
        what: One sentence.
        which: Ids of the samples or names of the columns, all of them.
        remedy: What to do.
    """

    severity: str
    what: str
    which: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        named = ", ".join(self.which[:_NAMED]) + (
            f" and {len(self.which) - _NAMED} more" if len(self.which) > _NAMED else ""
        )
        return f"{self.severity}: {self.what}{f' ({named})' if named else ''}; {self.remedy}"


@dataclass(slots=True)
class _Seen:
    """What one walk over the samples gathers; arrays are dropped once looked at."""

    ids: Counter[str] = field(default_factory=Counter)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    by_bytes: dict[bytes, list[tuple[str, str, str, str]]] = field(default_factory=lambda: defaultdict(list))
    labels: Counter[str] = field(default_factory=Counter)
    label_patients: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    patients: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    parts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unlabelled: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    constant: list[str] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=dict)
    columns: dict[str, tuple[int, set[float | str]]] = field(default_factory=dict)
    forms: dict[str, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))


def check(loaded: Loaded) -> list[Finding]:
    """Read every sample once and return what was found, errors first; an empty list means nothing was.

    Looks for repeated ids, unreadable samples, missing or unknown labels, equal inputs (with other labels, of other
    patients, in other parts), constant inputs, missing values, empty or rare classes, disagreeing shapes, channels,
    spacings, rates, leads and units, patients with several labels or in several parts.
    """
    seen = _walk(loaded.dataset, loaded.question)
    found = [
        *_identity(seen),
        *_labels(seen, loaded.question),
        *_twins(seen),
        *_values(seen, len(loaded.dataset)),
        *_geometry(seen, loaded.question),
        *_patients(seen),
    ]
    order = ("error", "warning", "note")
    return sorted(found, key=lambda finding: order.index(finding.severity))


def _walk(dataset: Dataset, question: Question) -> _Seen:
    seen = _Seen()
    for index in range(len(dataset)):
        try:
            sample = dataset[index]
        except DataError as error:
            seen.unreadable.append((f"number {index}", str(error)))
            continue
        label = _label(sample.target, question)
        part = str(sample.meta.get("split", ""))
        seen.ids[sample.id] += 1
        seen.patients[sample.patient].add(label)
        seen.parts[sample.patient].add(part)
        seen.by_bytes[sample_hash(sample.inputs)].append((sample.id, sample.patient, label, part))
        if label:
            seen.labels[label] += 1
            seen.label_patients[label].add(sample.patient)
            if label.startswith("?"):
                seen.outside.append(sample.id)
        elif sample.target is None:
            seen.unlabelled.append(sample.id)
        _look(sample, seen)
    return seen


def _label(target: Any, question: Question) -> str:
    """Return the class's name; `?n` for an index without a class; empty where the question has no such label."""
    if question.kind != "classification" or target is None:
        return ""
    index = target.get("label") if isinstance(target, Mapping) else target
    if isinstance(index, int | np.integer) and 0 <= int(index) < len(question.classes):
        return question.classes[int(index)]
    return f"?{index}"


def _look(sample: Sample, seen: _Seen) -> None:
    for name, value in sample.inputs.items():
        if isinstance(value, Image | Waveform):
            array = value.array
            if array.dtype.kind == "f" and (bad := int((~np.isfinite(array)).sum())):
                seen.missing[sample.id] = seen.missing.get(sample.id, 0) + bad
            if array.size and (array == array.flat[0]).all():
                seen.constant.append(sample.id)
            for what, form in _forms(value):
                seen.forms[f"{what} of {name}"][form].append(sample.id)
        elif isinstance(value, Note):
            if not value.text.strip():
                seen.constant.append(sample.id)
        elif isinstance(value, Row):
            seen.forms[f"columns of {name}"][", ".join(value.values)].append(sample.id)
            for column, cell in value.values.items():
                count, kept = seen.columns.get(column, (0, set()))
                empty = cell == "" or (isinstance(cell, float) and np.isnan(cell))
                if not empty and len(kept) < 2:
                    kept.add(cell)
                seen.columns[column] = (count + empty, kept)


def _forms(value: Image | Waveform) -> list[tuple[str, str]]:
    if isinstance(value, Waveform):
        return [
            ("sampling rate", f"{value.rate_hz:g} Hz"),
            ("leads", ", ".join(value.leads)),
            ("units", ", ".join(value.units)),
        ]
    spacing = "unknown" if value.spacing_mm is None else " x ".join(f"{step:.3g}" for step in value.spacing_mm) + " mm"
    return [
        ("channels", str(value.array.shape[0])),
        ("shape", " x ".join(map(str, value.array.shape[1:]))),
        ("spacing", spacing),
        ("unit", value.unit),
    ]


def _identity(seen: _Seen) -> list[Finding]:
    found = [
        Finding(severity="error", what=f"cannot be read: {why}", which=(name,), remedy="mend or remove it")
        for name, why in seen.unreadable
    ]
    twice = tuple(sorted(name for name, count in seen.ids.items() if count > 1))
    if twice:
        found.append(Finding(severity="error", what="ids used twice", which=twice, remedy="give every sample its own"))
    return found


def _labels(seen: _Seen, question: Question) -> list[Finding]:
    found = []
    if seen.unlabelled:
        found.append(
            Finding(
                severity="error", what="no target", which=tuple(seen.unlabelled), remedy="label them or leave them out"
            )
        )
    if seen.outside:
        what = f"a target that is none of the {len(question.classes)} classes"
        found.append(Finding(severity="error", what=what, which=tuple(seen.outside), remedy="correct the targets"))
    if question.kind != "classification":
        return found
    for name in question.classes:
        people = len(seen.label_patients.get(name, ()))
        what = f"class {name!r} has {seen.labels[name]} samples of {people} patients"
        if not people:
            found.append(Finding(severity="error", what=what, which=(), remedy="remove the class or add samples"))
        elif people < FEW_PATIENTS:
            remedy = "intervals will mean little; add patients or merge classes"
            found.append(Finding(severity="warning", what=what, which=(), remedy=remedy))
        else:
            found.append(Finding(severity="note", what=what, which=(), remedy="nothing to do"))
    return found


def _twins(seen: _Seen) -> list[Finding]:
    groups = [group for group in seen.by_bytes.values() if len(group) > 1]
    kinds: dict[str, list[str]] = defaultdict(list)
    for group in groups:
        ids = [name for name, _, _, _ in group]
        if len({label for _, _, label, _ in group}) > 1:
            kinds["labels"] += ids
        elif len({part for _, _, _, part in group}) > 1:
            kinds["parts"] += ids
        elif len({patient for _, patient, _, _ in group}) > 1:
            kinds["patients"] += ids
        else:
            kinds["plain"] += ids
    says = {
        "labels": ("error", "equal inputs with different labels", "one label is wrong: correct or remove them"),
        "parts": ("error", "equal inputs in different parts of the split", "keep one of each"),
        "patients": ("warning", "equal inputs of different patients", "a split by patient may leak: keep one of each"),
        "plain": ("note", "equal inputs of one patient", "keep one of each, they add nothing"),
    }
    return [
        Finding(severity=says[kind][0], what=says[kind][1], which=tuple(ids), remedy=says[kind][2])
        for kind, ids in kinds.items()
    ]


def _values(seen: _Seen, count: int) -> list[Finding]:
    found = []
    if seen.constant:
        remedy = "an empty picture, flat lead or empty text: remove it"
        found.append(
            Finding(severity="warning", what="one value throughout", which=tuple(seen.constant), remedy=remedy)
        )
    if seen.missing:
        what = f"{sum(seen.missing.values())} values are NaN or infinite in {len(seen.missing)} of {count} samples"
        found.append(
            Finding(
                severity="warning", what=what, which=tuple(seen.missing), remedy="fill or mask them per training part"
            )
        )
    gaps = {name: empty for name, (empty, _) in seen.columns.items() if empty}
    if gaps:
        worst = max(gaps, key=lambda name: gaps[name])
        what = f"{len(gaps)} columns have empty cells, most {worst!r} with {gaps[worst]} of {count}"
        found.append(
            Finding(severity="note", what=what, which=tuple(gaps), remedy="systems fill them from the training part")
        )
    flat = tuple(name for name, (_, kept) in seen.columns.items() if len(kept) < 2)
    if flat:
        found.append(Finding(severity="warning", what="columns with one value", which=flat, remedy="drop them"))
    return found


def _geometry(seen: _Seen, question: Question) -> list[Finding]:
    found = []
    for what, forms in seen.forms.items():
        if len(forms) < 2:
            continue
        usual = max(forms, key=lambda form: len(forms[form]))
        odd = tuple(name for form, ids in forms.items() if form != usual for name in ids)
        others = ", ".join(sorted(form for form in forms if form != usual)[:3])
        hard = what.split(" of ", maxsplit=1)[0] in ("channels", "leads", "columns", "unit", "units")
        found.append(
            Finding(
                severity="error" if hard else "warning",
                what=f"{what} differs: {usual or 'none'} in {len(forms[usual])}, else {others or 'none'}",
                which=odd,
                remedy="bring them to one form" if hard else "resample, or the form itself may give the class away",
            )
        )
    return found


def _patients(seen: _Seen) -> list[Finding]:
    found = []
    several = tuple(sorted(name for name, labels in seen.patients.items() if len(labels) > 1))
    if several:
        remedy = "right if the state changed between samples, else correct the labels"
        found.append(Finding(severity="note", what="patients with several labels", which=several, remedy=remedy))
    split = tuple(sorted(name for name, parts in seen.parts.items() if len(parts - {""}) > 1))
    if split:
        remedy = "a leak: put each patient in one part"
        found.append(
            Finding(severity="error", what="patients in several parts of the split", which=split, remedy=remedy)
        )
    if len(seen.patients) < FEW_PATIENTS:
        what = f"{len(seen.patients)} patients in all"
        found.append(
            Finding(severity="warning", what=what, which=(), remedy="no interval over so few means much; add patients")
        )
    return found
