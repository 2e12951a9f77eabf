"""Check a dataset sample by sample: what `salus.data.check` finds, near copies, odd labels, and what it is fit for."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.data.check import check
from salus.data.entry import Loaded
from salus.data.survey.draw import drawn
from salus.data.survey.labels import FEW, giveaways, odd_names, uneven
from salus.data.survey.report import Concern, Example, Fit, Holding, Report, commonest, example, listed
from salus.metrics.likeness import close_pairs, shortened, thumbnail
from salus.schema.question import Question
from salus.schema.sample import Events, Image, Note, Row, Sample, Waveform

_EXAMPLES = 24
_COMPARED = 200_000
_LEADS = 16
_VALUES = 300


@dataclass(slots=True)
class _Seen:
    """What one walk gathers; arrays are dropped once looked at."""

    label: Callable[[object], str]
    total: int
    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    forms: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    labels: Counter[str] = field(default_factory=Counter)
    patients: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    looks: dict[str, dict[str, Counter[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Counter)))
    small: dict[tuple[str, int], tuple[list[tuple[str, str, str]], list[NDArray[np.uint8]]]] = field(
        default_factory=dict
    )
    examples: list[Example] = field(default_factory=list)


def survey_dataset(
    loaded: Loaded, title: str, label: Callable[[object], str], watch: Callable[[str, int, int], None] | None = None
) -> Report:
    """Read every sample once and say what was found.

    Args:
        loaded: The dataset and its question.
        title: What the report calls it.
        label: Target to its class (`Task.stratum`).
        watch: Told of the progress.
    """
    seen = _Seen(label, len(loaded.dataset))

    class Watched:
        """The dataset, noting what passes by."""

        def __len__(self) -> int:
            return len(loaded.dataset)

        def __getitem__(self, index: int, /) -> Sample:
            if watch is not None:
                watch("samples", index + 1, seen.total)
            sample = loaded.dataset[index]
            _note(sample, seen)
            return sample

    dataset: Dataset = Watched()
    report = Report(title=title, notes=list(loaded.notes))
    for one in check(Loaded(dataset=dataset, question=loaded.question, defining=loaded.defining)):
        report.concerns.append(
            Concern(
                severity=one.severity,
                area=_area(one.what),
                what=one.what,
                count=len(one.which),
                which=listed(one.which),
                remedy=one.remedy,
            )
        )
    people: set[str] = set().union(*seen.patients.values()) if seen.patients else set()
    report.facts = [
        ("Samples", f"{seen.total:,}"),
        ("Patients", f"{len(people):,}"),
        ("Question", loaded.question.kind),
    ]
    report.holds = [
        Holding(kind=kind, files=count, bytes=0, forms=commonest(seen.forms[kind]))
        for kind, count in seen.kinds.items()
    ]
    named = {name: count for name, count in seen.labels.items() if name and name != "all"}
    if len(named) > 1:
        report.labels = dict(sorted(named.items(), key=lambda row: -row[1]))
        report.concerns += [*odd_names(named), *uneven(named, seen.patients)[-1:], *giveaways(named, seen.looks)]
    _near(seen, report)
    report.fitness = [_fit(seen, loaded.question, named)]
    report.examples = seen.examples
    report.sort()
    return report


def modality_of(kinds: Counter[str]) -> str:
    """Return the modality that most inputs are of."""
    return kinds.most_common(1)[0][0] if kinds else ""


def _note(sample: Sample, seen: _Seen) -> None:
    word = seen.label(sample.target) if sample.target is not None else ""
    seen.count += 1
    seen.labels[word] += 1
    seen.patients[word].add(sample.patient)
    for name, value in sample.inputs.items():
        kind, form, looks = _described(value)
        seen.kinds[kind] += 1
        seen.forms[kind][form] += 1
        for look, text in looks.items():
            table = seen.looks[look]
            if text in table or len(table) < _VALUES:
                table[text][word] += 1
        _keep_small(sample, name, value, word, seen)
    if seen.total and (seen.count - 1) * _EXAMPLES // seen.total >= len(seen.examples):
        picture = next((found for value in sample.inputs.values() if (found := drawn(value))), None)
        if picture:
            seen.examples.append(example(sample.id, word, picture))


def _described(value: object) -> tuple[str, str, dict[str, str]]:
    if isinstance(value, Image):
        shape = " x ".join(map(str, value.array.shape[1:]))
        spacing = "" if value.spacing_mm is None else " x ".join(f"{step:.3g}" for step in value.spacing_mm)
        kind = "image" if value.array.ndim == 3 else "volume"
        return kind, shape, {"shape": shape, "spacing": spacing, "number type": str(value.array.dtype)}
    if isinstance(value, Waveform):
        form = f"{value.array.shape[0]} leads, {value.array.shape[1] / value.rate_hz:.3g} s at {value.rate_hz:g} Hz"
        return "signal", form, {"rate": f"{value.rate_hz:g} Hz", "leads": ", ".join(value.leads[:16])}
    if isinstance(value, Row):
        return "table", f"{len(value.values)} columns", {}
    if isinstance(value, Note):
        return "text", "", {}
    return ("record" if isinstance(value, Events) else "other"), "", {}


def _keep_small(sample: Sample, name: str, value: object, word: str, seen: _Seen) -> None:
    if not isinstance(value, Image | Waveform) or not value.array.size or seen.count > _COMPARED:
        return
    small = thumbnail(value.array) if isinstance(value, Image) else shortened(value.array[:_LEADS])
    low, high = float(small.min()), float(small.max())
    if high > low:
        rows, values = seen.small.setdefault((name, len(small)), ([], []))
        rows.append((sample.id, sample.patient, word))
        values.append(np.rint(255 * (small - low) / (high - low)).astype(np.uint8))


def _near(seen: _Seen, report: Report) -> None:
    """Report nearly equal inputs of several patients or classes; those of one patient are no surprise."""
    for (name, _), (rows, values) in seen.small.items():
        if len(rows) < 2:
            continue
        pairs, alike = close_pairs(np.stack(values))
        across: list[str] = []
        classes = 0
        for (i, j), r in zip(pairs.tolist(), alike.tolist(), strict=True):
            if rows[i][1] != rows[j][1]:
                across.append(f"{rows[i][0]} ~ {rows[j][0]} (r {r:.4f})")
                classes += rows[i][2] != rows[j][2]
        if across:
            what = f"{len(across):,} pairs of nearly equal inputs {name!r} belong to several patients"
            what += f", {classes:,} of them to several classes" if classes else ""
            remedy = "look at them; a split by patient may leak: keep one of each"
            report.concerns.append(
                Concern(
                    severity="warning", area="copies", what=what, count=len(across), which=listed(across), remedy=remedy
                )
            )


def _fit(seen: _Seen, question: Question, named: dict[str, int]) -> Fit:
    modality = modality_of(seen.kinds)
    people = {word: len(seen.patients[word]) for word in named}
    if named and question.kind in ("classification", "ordinal"):
        least = min(people, key=lambda word: people[word])
        if people[least] < FEW:
            verdict = "with limits" if people[least] > 1 else "no"
            why = f"class {least!r} has {people[least]:,} patients; it takes {FEW} to judge one"
        else:
            verdict, why = "yes", f"{len(named)} classes, the smallest {least!r} with {people[least]:,} patients"
        return Fit(task=question.kind, modality=modality, verdict=verdict, why=why)
    count = len(set().union(*seen.patients.values())) if seen.patients else 0
    verdict = "yes" if count >= FEW else "with limits" if count > 1 else "no"
    why = f"{seen.count:,} samples of {count:,} patients"
    return Fit(task=question.kind, modality=modality, verdict=verdict, why=why)


def _area(what: str) -> str:
    for area, words in (
        ("copies", ("equal inputs",)),
        ("labels", ("class ", "target", "labels")),
        ("split", ("parts of the split", "patients in all")),
        ("geometry", (" of ",)),
    ):
        if any(word in what for word in words):
            return area
    return "values"
