"""From what is known of every file to what is said of the folder: holdings, broken files, doubts, identifiers."""

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from salus.data.survey.kinds import WORDS
from salus.data.survey.report import BROKEN, Broken, Concern, Holding, Report, Series, commonest
from salus.data.survey.store import Store

SAMPLES = ("dicom", "volume", "picture", "array", "signal", "text", "record")
"""Kinds of which each file can be a sample."""
_NAMED = 20
_TEMPLATES = 400
_DIRECT = ("name", "birth date", "address", "phone", "e-mail", "pixels")


@dataclass(slots=True)
class _Group:
    count: int = 0
    example: str = ""
    which: list[str] = field(default_factory=list)

    def add(self, path: str, example: str) -> None:
        self.count += 1
        self.example = self.example or example
        if len(self.which) < _NAMED:
            self.which.append(path)


def holdings(store: Store, report: Report) -> None:
    """Say what the folder holds: files by kind, patients, series, modalities."""
    kinds: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    modalities: Counter[str] = Counter()
    for kind, size, says, modality in store.rows("SELECT kind, size, says, modality FROM file"):
        kinds[kind] += 1
        sizes[kind] += size
        if says and kind in SAMPLES and len(forms[kind]) < 10_000:
            forms[kind][says] += 1
        if modality:
            modalities[modality] += 1
    for kind in WORDS:
        if kinds[kind]:
            forms_of = commonest(forms[kind]) if kind != "text" else ()
            report.holds.append(Holding(kind=WORDS[kind], files=kinds[kind], bytes=sizes[kind], forms=forms_of))
    report.facts += [("Files", f"{sum(kinds.values()):,}"), ("Size", in_bytes(sum(sizes.values())))]
    for word, column in (("Patients", "patient"), ("Series", "series")):
        count = next(store.rows(f"SELECT COUNT(DISTINCT {column}) FROM file WHERE {column}<>''"))[0]  # noqa: S608
        if count:
            report.facts.append((word, f"{count:,}"))
    if modalities:
        shown = ", ".join(f"{name} {count:,}" for name, count in modalities.most_common(6))
        report.facts.append(("Modalities", shown))


def broken(store: Store, report: Report) -> None:
    """List the files that cannot be used."""
    query = "SELECT path, problem, remedy FROM file WHERE problem<>'' ORDER BY path"
    for path, why, remedy in store.rows(query):
        report.broken_count += 1
        if len(report.broken) < BROKEN:
            report.broken.append(Broken(path=path, why=why, remedy=remedy))


def doubts(store: Store, report: Report) -> None:
    """Put equal doubts of many files together; figures may differ between them."""
    groups: dict[tuple[str, str, str, str], _Group] = defaultdict(_Group)
    for path, severity, area, what, remedy in store.rows("SELECT path, severity, area, what, remedy FROM doubt"):
        key = (severity, area, re.sub(r"[\d.,]+", "#", what), remedy)
        if key in groups or len(groups) < _TEMPLATES:
            groups[key].add(path, what)
    for (severity, area, _, remedy), group in groups.items():
        report.concerns.append(
            Concern(
                severity=severity,
                area=area,
                what=group.example,
                count=group.count,
                which=tuple(group.which),
                remedy=remedy,
            )
        )


def identities(store: Store, report: Report) -> None:
    """Say which identifiers are still inside, and in how many files; what singles a person out is an error."""
    groups: dict[tuple[str, str], _Group] = defaultdict(_Group)
    for path, place, kind, form in store.rows("SELECT path, place, kind, form FROM mark"):
        groups[place, kind].add(path, form)
    for (place, kind), group in groups.items():
        direct = kind in _DIRECT
        sign = ", " if group.example.endswith(" of them") else ", such as "
        shown = f"{sign}{group.example}" if group.example else ""
        report.concerns.append(
            Concern(
                severity="error" if direct else "note" if kind in ("private", "date") else "warning",
                area="identity",
                what=f"{place}: {_SAYS.get(kind, kind)}{shown}",
                count=group.count,
                which=tuple(group.which),
                remedy="run `salus data deid` before anyone else sees the files",
            )
        )


_SAYS = {
    "name": "a person's name",
    "person": "what looks like a person's name",
    "birth date": "a birth date",
    "address": "an address",
    "phone": "a telephone number",
    "e-mail": "an e-mail address",
    "number": "a number that may lead to the patient",
    "staff": "a member of staff",
    "place": "where or on what it was made",
    "private": "elements of a maker's own that may hold anything",
    "pixels": "writing in the picture itself",
    "writing": "writing in the picture itself, perhaps",
    "text": "free text that names someone",
    "date": "a date",
}


def series(store: Store, report: Report) -> None:
    """List the DICOM series with their geometry, the doubtful ones first, and say what is wrong with how many."""
    groups: dict[tuple[str, str, str], _Group] = defaultdict(_Group)
    rows: list[Series] = []
    for (text,) in store.rows("SELECT found FROM series"):
        about = json.loads(text)
        findings = about.pop("findings")
        worst = min((f[1] for f in findings), key=("error", "warning", "note").index, default="")
        for kind, severity, what, remedy in findings:
            groups[kind, severity, remedy].add(about["name"], what)
        rows.append(Series(**about, severity=worst, findings=tuple(f[2] for f in findings)))
    rank = {"error": 0, "warning": 1, "note": 2, "": 3}
    report.series = sorted(rows, key=lambda row: (rank[row.severity], row.name))[:BROKEN]
    for (_, severity, remedy), group in groups.items():
        which = tuple(group.which)
        many = f"{group.count} series: " if group.count > 1 else ""
        report.concerns.append(
            Concern(
                severity=severity,
                area="geometry",
                what=f"{many}{group.example}",
                count=group.count,
                which=which,
                remedy=remedy,
            )
        )


def in_bytes(size: int) -> str:
    """Write a number of bytes.

    >>> in_bytes(900), in_bytes(2_500_000)
    ('900 bytes', '2.5 MB')
    """
    for step, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= step:
            return f"{size / step:.3g} {unit}"
    return f"{size} bytes"
