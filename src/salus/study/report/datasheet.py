"""One self-contained HTML page for a dataset: no request leaves it, and it reads without scripts."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from salus.data.datasheet import Datasheet
from salus.data.entry import Entry
from salus.data.inputs import Held, Series
from salus.data.tally import Spread
from salus.schema.files import write_text
from salus.study.report.specimen import first_rows, legend, specimens
from salus.study.report.words import plural

MOST_COLUMNS = 400
PARTS = {"train": "training", "valid": "validation", "test": "test"}


def write_datasheet(path: Path, sheet: Datasheet, entry: Entry | None, spec: str) -> Path:
    """Write the page.

    Args:
        path: Where to.
        sheet: What the dataset holds.
        entry: What the catalogue says of it; None for a user's own data.
        spec: How the user named it.

    Raises:
        StoreError: The place cannot be written.
    """
    write_text(path, render(sheet, entry, spec))
    return path


def render(sheet: Datasheet, entry: Entry | None, spec: str) -> str:
    """Return the page as text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("salus.study.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    columns, rows = first_rows(sheet.examples)
    return environment.get_template("datasheet.html").render(
        sheet=sheet,
        entry=entry,
        spec=spec,
        title=entry.title if entry else spec,
        facts=facts(sheet, entry),
        gallery=gallery(sheet),
        structures=legend(sheet.question),
        columns=columns,
        rows=rows,
        row_labels=sheet.example_labels,
        parts={name: PARTS.get(name, name) for name in sheet.parts},
        inputs=[view(held) for held in sheet.inputs],
        groups=[one(series) for series in sheet.groups.values()],
        target=one(sheet.target) if sheet.target else None,
        per_patient=sheet.per_patient,
        largest=max((stratum.samples for stratum in sheet.strata), default=0) or 1,
        answer_columns=answer_columns(sheet.answers),
        files=[(file.url, file.path, vouched(file)) for file in entry.files] if entry else [],
        number=number,
        plural=plural,
    )


def facts(sheet: Datasheet, entry: Entry | None) -> list[tuple[str, str]]:
    """Return the figures for the head of the page."""
    rows = [("Samples", f"{sheet.samples:,}"), (f"{sheet.unit.capitalize()}s", f"{sheet.patients:,}")]
    if sheet.question.classes and sheet.question.kind != "tagging":
        rows.append(("Classes", f"{len(sheet.question.classes)}"))
    rows.append(("Question", sheet.question.kind))
    if entry:
        rows += [("Data", entry.modality), ("Licence", entry.licence)]
    return rows


def gallery(sheet: Datasheet) -> list[dict[str, Any]]:
    """Return the examples by class, `{label, kind, items}`; one group where there are no classes."""
    groups: dict[str, list[tuple[str, str, Markup]]] = {}
    for sample, label in zip(sheet.examples, sheet.example_labels, strict=True):
        shown = "" if label == "all" else label
        groups.setdefault(shown, []).extend(specimens(sample, shown, sheet.question))
    return [
        {"label": label, "kind": items[0][0], "items": items}
        for label, items in groups.items()
        if items  # rows of a table have no picture; they are shown as a table
    ]


def view(held: Held) -> dict[str, Any]:
    """Return an input for the page: its forms and what was measured of it."""
    return {
        "name": held.name,
        "kind": held.kind,
        "forms": [(name, list(found.items())) for name, found in held.forms.items()],
        "series": [one(series) for series in held.series[:MOST_COLUMNS]],
        "more": max(0, len(held.series) - MOST_COLUMNS),
        "missing_samples": held.missing_samples,
    }


def one(series: Series) -> dict[str, Any]:
    """Return one quantity for the page: range, middle, missing share and a picture of its histogram."""
    spread = series.spread
    return {
        "name": series.name,
        "unit": spread.unit if spread else "",
        "range": f"{number(spread.low)} to {number(spread.high)}" if spread and math.isfinite(spread.low) else "",
        "middle": f"{number(spread.quantiles[2])} ({number(spread.quantiles[1])} to {number(spread.quantiles[3])})"
        if spread and spread.quantiles
        else "",
        "words": ", ".join(f"{word} {count:,}" for word, count in series.words[:6])
        + (f", and {series.distinct - 6:,} more" if series.distinct > 6 else ""),
        "missing": share(series.missing, series.count),
        "bars": bars(spread, f"{series.name}: histogram") if spread else word_bars(series),
    }


def bars(spread: Spread, label: str) -> Markup:
    """Return a histogram as a small SVG that takes the page's colours; empty where all values are one."""
    return _bars(spread.bars, label) if spread.bars else Markup("")


def word_bars(series: Series) -> Markup:
    """Return how often each of the commonest words occurs."""
    return _bars([count for _, count in series.words], f"{series.name}: counts") if series.words else Markup("")


def _bars(counts: Sequence[int], label: str) -> Markup:
    width, height = 160.0, 34.0
    step, top = width / len(counts), max(counts) or 1
    shapes = "".join(
        f'<rect x="{step * place + 0.5:.1f}" y="{height * (1 - count / top):.1f}" '
        f'width="{max(step - 1, 0.6):.1f}" height="{height * count / top:.1f}"/>'
        for place, count in enumerate(counts)
    )
    return Markup(  # noqa: S704 - numbers, the label is escaped
        f'<svg class="bars" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(label)}" '
        f'preserveAspectRatio="none">{shapes}</svg>'
    )


def answer_columns(answers: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return what was counted of findings, mentions or masks, in one order."""
    usual = ("there", "not there", "not known", "mentions", "samples", "voxels")
    found = {name for counts in answers.values() for name in counts}
    return [name for name in usual if name in found]


def vouched(file: Any) -> str:
    """Say what verifies a file after the transfer."""
    if file.sha256:
        return f"SHA-256 {file.sha256}"
    return f"MD5 {file.md5}" if file.md5 else "nothing: the publisher gives no checksum"


def share(part: int, whole: int) -> str:
    """Write a share as percent, with enough digits that a few are not none."""
    if not part or not whole:
        return ""
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %" if percent >= 0.1 else "below 0.1 %"


def number(value: float) -> str:
    """Write a measured value with four figures."""
    if not math.isfinite(value):
        return "\N{EN DASH}"
    text = f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")
