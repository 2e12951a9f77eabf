"""What a check of a folder or a dataset found, as plain values for the terminal, JSON and HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing to know, about one or many files.

    Attributes:
        severity: `error` must be mended, `warning` bends a result, `note` is worth reading.
        area: `files`, `geometry`, `values`, `signal`, `table`, `record`, `copies`, `labels`, `identity`, `split`.
        what: One sentence.
        count: How many files, samples, columns or pairs.
        which: The first of them.
        remedy: What to do.
    """

    severity: str
    area: str
    what: str
    count: int = 0
    which: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A file that cannot be used: what is wrong with it and what to do."""

    path: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """How much of one kind there is.

    Attributes:
        kind: In words.
        files: How many.
        bytes: All together.
        forms: The commonest sizes, with how many have them.
    """

    kind: str
    files: int
    bytes: int
    forms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One DICOM series of two files or more.

    Attributes:
        name: Folder of its first file, or that file.
        modality: DICOM code.
        files: How many.
        shape: Of the volume, empty where none can be made.
        spacing: Between slices, rows, columns, mm.
        tilt_degrees: Of the gantry.
        severity: Of its worst finding; empty where there is none.
        findings: In sentences.
    """

    name: str
    modality: str
    files: int
    shape: str = ""
    spacing: str = ""
    tilt_degrees: float = 0.0
    severity: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Whether the data can answer a kind of question.

    Attributes:
        task: Kind of question.
        modality: `image`, `volume`, `signal`, `table`, `text` or `record`.
        verdict: `yes`, `with limits` or `no`.
        why: One sentence.
        systems: Systems of the catalogue that take it.
    """

    task: str
    modality: str
    verdict: str
    why: str
    systems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A picture of one sample: `png` in base64, or `trace` rows of a signal."""

    name: str
    label: str = ""
    png: str = ""
    trace: tuple[tuple[float, ...], ...] = ()


@dataclass(slots=True, kw_only=True)
class Report:
    """All that a check found.

    Attributes:
        title: What was checked.
        facts: Names and figures for the head of the page.
        holds: What there is.
        broken: What cannot be used, at most `BROKEN`.
        broken_count: How many in all.
        concerns: Errors first.
        series: DICOM series, at most `BROKEN`.
        fitness: What it can be used for.
        labels: Class to files or samples.
        examples: To look at.
        notes: Sentences that go with the data.
    """

    title: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    holds: list[Holding] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    broken_count: int = 0
    concerns: list[Concern] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    fitness: list[Fit] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Tell whether nothing must be mended."""
        return not self.broken_count and not any(one.severity == "error" for one in self.concerns)

    def sort(self) -> None:
        """Put errors first, and what touches many before what touches few."""
        self.concerns.sort(key=lambda one: (SEVERITIES.index(one.severity), one.area, -one.count, one.what))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, without pictures."""
        found = asdict(self)
        found.pop("examples")
        found["passed"] = self.passed
        return found


BROKEN = 1_000
"""Files that a report names one by one."""


def listed(names: Sequence[str], most: int = 20) -> tuple[str, ...]:
    """Return the first names."""
    return tuple(names[:most])


def commonest(counts: Mapping[str, int], most: int = 4) -> tuple[str, ...]:
    """Return `form (count)` of the commonest forms, and how many others there are."""
    order = sorted((form for form in counts if form), key=lambda form: (-counts[form], form))
    shown = [f"{form} ({counts[form]:,})" for form in order[:most]]
    return (*shown, f"{len(order) - most} other sizes") if len(order) > most else tuple(shown)


def example(name: str, label: str, drawn: Mapping[str, Any]) -> Example:
    """Return an example from what `salus.data.survey.draw` drew."""
    trace = tuple(tuple(row) for row in drawn.get("trace", ()))
    return Example(name=name, label=label, png=str(drawn.get("png", "")), trace=trace)
