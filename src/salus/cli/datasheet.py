"""`salus data show`: a dataset in facts, figures and small pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salus.cli.show import emit_json, facts, table

if TYPE_CHECKING:
    from salus.data.datasheet import Datasheet
    from salus.data.entry import Entry

MOST_ROWS = 24
"""Columns of a table that are described on the terminal; `--json` and `--html` have them all."""


def show(
    name: Annotated[str, typer.Argument(help="Dataset[:option=value,...], manifest, table or folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write the datasheet with pictures to this file.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read only this many samples, evenly spread.")] = None,
    pictures: Annotated[bool, typer.Option("--pictures/--no-pictures", help="Show samples in the terminal.")] = True,
) -> None:
    """Describe a dataset: origin, licence, split rule, traps and, if it is here, what is in it, with a few samples."""
    from salus.cli.catalogue import about
    from salus.data.library import entry, names, open_data, parse_spec, present
    from salus.schema.errors import DataError

    head, options = parse_spec(name)
    found = entry(head) if head in names() else None
    if found is not None and not present(found, options):
        if html is not None:
            open_data(name)  # says what is missing and how to get it
            raise DataError(f"{name}: not here; run `salus data get {name}` first")
        emit_json(about(found)) if as_json else _origin(found)
        if not as_json:
            typer.echo(f"not here; `salus data get {name}` fetches it" if found.files else "not here")
        return
    sheet = _described(name, limit, quiet=as_json)
    if html is not None:
        from salus.study.report.datasheet import write_datasheet

        write_datasheet(html, sheet, found, name)
    if as_json:
        counts = {stratum.name: stratum.samples for stratum in sheet.strata}
        told = about(found) if found else {}
        emit_json({**told, **sheet.to_dict(), **({"classes": counts} if len(counts) > 1 else {})})
        return
    if found:
        _origin(found)
    _figures(sheet)
    if pictures:
        _samples(sheet)
    _advice(found, sheet)
    if html is not None:
        typer.echo(f"datasheet: {html}")


def _described(name: str, limit: int | None, *, quiet: bool) -> "Datasheet":
    """Open and read the dataset, with a bar on the error stream where it takes long and a person looks on."""
    import sys
    import time

    from salus.data.datasheet import describe
    from salus.data.library import open_data
    from salus.tasks.registry import make
    from salus.train.progress import Bar

    loaded = open_data(name)
    bar: Bar | None = None
    started = time.monotonic()

    def watch(done: int, total: int) -> None:
        nonlocal bar
        if bar is None and not quiet and sys.stderr.isatty() and time.monotonic() - started > 1.0:
            bar = Bar()
            bar.begin("reading", total)
        if bar is not None:
            bar.step(done)

    try:
        return describe(loaded, make(loaded.question).stratum, limit=limit, watch=watch)
    finally:
        if bar is not None:
            bar.end()


def _origin(found: "Entry") -> None:
    told: list[tuple[str, Any]] = [
        ("name", found.name),
        ("title", found.title),
        ("data", f"{found.modality}, {found.kind}"),
        ("task", ", ".join(found.tasks)),
        ("licence", found.licence),
        ("citation", found.citation),
        ("homepage", found.homepage),
        ("options", {key: list(values) or "any text" for key, values in found.options.items()}),
        ("files", [file.url for file in found.files]),
    ]
    facts([(key, value) for key, value in told if value])


def _figures(sheet: "Datasheet") -> None:
    """Print who is in it, then what was measured."""
    typer.echo()
    rows: list[tuple[str, Any]] = [("samples", f"{sheet.samples:,}"), (f"{sheet.unit}s", f"{sheet.patients:,}")]
    if sheet.unreadable:
        place, reason = sheet.unreadable[0]
        rows.append(("not readable", f"{len(sheet.unreadable):,}, the first is number {place}: {reason}"))
    question = {key: value for key, value in sheet.question.to_dict().items() if value not in ("", None, [], ())}
    rows.append(("question", question))
    if sheet.sites:
        rows.append(("sites", sheet.sites))
    for group in sheet.groups.values():
        rows.append((group.name, _in_words(group)))
    if sheet.target:
        rows.append(("target", _in_words(sheet.target)))
    facts(rows)
    parts = list(sheet.parts)
    if len(sheet.strata) > 1 or parts:
        typer.echo()
        lines = [
            (s.name, f"{s.samples:,}", f"{s.patients:,}", *(f"{s.parts[p]:,}" for p in parts)) for s in sheet.strata
        ]
        table(("class", "samples", f"{sheet.unit}s", *parts), lines)
    if sheet.answers:
        typer.echo()
        table(("", ""), [(name, _counted(counts)) for name, counts in sheet.answers.items()])
    for held in sheet.inputs:
        typer.echo()
        forms = [(key, _counted(found) if len(found) > 1 else next(iter(found))) for key, found in held.forms.items()]
        table(("", ""), [(held.name, held.kind), *forms])
        lines = [(series.name, _in_words(series), _missing(series)) for series in held.series[:MOST_ROWS]]
        if lines:
            table(("what", "range, middle half or words", "missing"), lines, least={"range, middle half or words": 30})
        if len(held.series) > MOST_ROWS:
            typer.echo(f"and {len(held.series) - MOST_ROWS} more; --json or --html has them all")


def _samples(sheet: "Datasheet") -> None:
    from rich.console import Console

    from salus.cli.show import width
    from salus.cli.specimens import lines_of

    console = Console(highlight=False, width=width())
    for line in lines_of(sheet, width(), colours=console.color_system in ("256", "truecolor")):
        console.print(line)


def _advice(found: "Entry | None", sheet: "Datasheet") -> None:
    typer.echo()
    rows: list[tuple[str, Any]] = []
    if found:
        rows += [("patient", found.patient), ("split", found.split), ("traps", list(found.traps))]
    rows += [("notes", list(sheet.notes)), ("fingerprint", sheet.fingerprint)]
    facts([(key, value) for key, value in rows if value])


def _in_words(series: Any) -> str:
    from salus.study.report.datasheet import number

    spread = series.spread
    if spread is None:
        shown = ", ".join(f"{word} {count:,}" for word, count in series.words[:5])
        return shown + (f", and {series.distinct - 5:,} more" if series.distinct > 5 else "")
    if not spread.quantiles:
        return "all missing"
    unit = f" {spread.unit}" if spread.unit else ""
    middle = f"{number(spread.quantiles[1])} to {number(spread.quantiles[3])}"
    return f"{number(spread.low)} to {number(spread.high)}{unit} (half: {middle})"


def _missing(series: Any) -> str:
    from salus.study.report.datasheet import share

    return share(series.missing, series.count)


def _counted(counts: Mapping[str, int], most: int = 6) -> str:
    shown = ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:most])
    return shown + (f", and {len(counts) - most} more" if len(counts) > most else "")
