"""The page of a data check: one self-contained file with pictures, in the look of the study report."""

from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from salus.data.survey.gather import in_bytes
from salus.data.survey.report import Concern, Example, Report
from salus.schema.files import write_text
from salus.study.report.pictures import trace

AREAS = {
    "files": "Files",
    "identity": "Identifiers still inside",
    "copies": "Copies",
    "labels": "Labels",
    "split": "Split and leaks",
    "geometry": "Geometry",
    "signal": "Signals",
    "values": "Values",
    "table": "Tables",
    "record": "Records",
    "text": "Texts",
}
_BADGES = {"error": "bad", "warning": "warn", "note": ""}
_VERDICTS = {"yes": "good", "with limits": "warn", "no": "bad"}


def write_check(path: Path, report: Report) -> Path:
    """Write the page of a check.

    Raises:
        StoreError: It cannot be written.
    """
    write_text(path, render_check(report))
    return path


def render_check(report: Report) -> str:
    """Return the page as text; nothing in it is fetched from elsewhere, and names of files cannot run."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("salus.study.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["in_bytes"] = in_bytes
    return environment.get_template("check.html").render(
        report=report,
        areas=grouped(report),
        badges=_BADGES,
        verdicts=_VERDICTS,
        summary=summary(report),
        examples=[{"name": one.name, "label": one.label, "body": _body(one)} for one in report.examples],
        wide=any(one.trace for one in report.examples),
        most=max(report.labels.values(), default=1),
    )


def grouped(report: Report) -> list[tuple[str, list[Concern]]]:
    """Return the concerns by area, areas with errors first."""
    found = []
    for area, title in AREAS.items():
        here = [one for one in report.concerns if one.area == area]
        if here:
            found.append((title, here))
    rank = {"error": 0, "warning": 1, "note": 2}
    return sorted(found, key=lambda row: min(rank[one.severity] for one in row[1]))


def summary(report: Report) -> list[str]:
    """Return the answer in sentences."""
    errors = [one for one in report.concerns if one.severity == "error"]
    warnings = [one for one in report.concerns if one.severity == "warning"]
    lines = []
    if report.passed:
        lines.append("Nothing must be mended.")
    if report.broken_count:
        lines.append(f"{_many(report.broken_count, 'file')} cannot be used.")
    if errors:
        lines.append(
            f"{_many(len(errors), 'other error')} must be mended: {'; '.join(one.what for one in errors[:3])}."
        )
    if warnings:
        lines.append(f"{_many(len(warnings), 'warning')} may bend results.")
    fit = [
        f"{one.task} of {one.modality} data" if one.modality else one.task
        for one in report.fitness
        if one.verdict != "no"
    ]
    if fit:
        lines.append(f"It can be used for {', '.join(dict.fromkeys(fit))}.")
    return lines


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _body(one: Example) -> Any:
    if one.png:
        return Markup('<img class="picture" alt="{}" src="data:image/png;base64,{}">').format(one.name, one.png)
    rows = [row for row in one.trace if row]
    if not rows:
        return escape("")
    length = min(map(len, rows))
    return trace(np.array([row[:length] for row in rows]), one.name)
