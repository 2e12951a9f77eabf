"""`salus data check`: what a folder, file, manifest, table or dataset holds, and what is wrong with it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salus.cli.show import emit_json, facts, table

if TYPE_CHECKING:
    from salus.data.survey.report import Report

_SHOWN = 12
_COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}
_VERBS = {"counting": "counting files", "looking": "looking at files", "series": "series", "samples": "reading samples",
          "comparing": "comparing", "leaks": "searching for leaks"}  # fmt: skip


def check(
    name: Annotated[str, typer.Argument(metavar="DATA", help="Folder, file, manifest, table or dataset.")],
    html: Annotated[Path | None, typer.Option("--html", help="Write the report as one web page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    workers: Annotated[int, typer.Option(help="Processes that look at files.", min=1, max=64)] = 2,
    headers: Annotated[bool, typer.Option("--headers-only", help="Read headers, decode nothing: faster.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what an earlier check found.")] = False,
    seconds: Annotated[float, typer.Option(help="Most time for one file.", min=0.1)] = 60.0,
) -> None:
    """Say what data hold, what is broken, doubtful, copied or names people, and what they are fit for.

    A folder may be of any size; a check that was stopped goes on where it was. Exits with 3 if something must be
    mended.
    """
    from salus.api import divide
    from salus.study.inspection import check_anything

    watch = _Watch()
    try:
        report = check_anything(
            name, divide, workers=workers, deep=not headers, fresh=fresh, seconds=seconds, watch=watch
        )
    finally:
        watch.end()
    if html is not None:
        from salus.study.report.inspection import write_check

        write_check(html, report)
    if as_json:
        emit_json(report.to_dict())
    else:
        _print(report, html)
    if not report.passed:
        raise typer.Exit(3)


class _Watch:
    """A bar with time left, on the terminal's error stream; one bar for each thing that is done."""

    def __init__(self) -> None:
        self.bar: Any = None
        self.what = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        from salus.train.progress import Bar

        if what != self.what:
            self.end()
            self.what, self.bar = what, Bar()
            self.bar.begin(_VERBS.get(what, what), total, max(done - 1, 0))
        self.bar.step(done)
        if total and done == total:
            self.bar.view.update(self.bar.task, completed=total)

    def end(self) -> None:
        if self.bar is not None:
            self.bar.end()
        self.bar = None


def _print(report: "Report", html: Path | None) -> None:
    facts(report.facts, title=report.title)
    if report.holds:
        rows = [(one.kind, f"{one.files:,}", ", ".join(one.forms)) for one in report.holds]
        table(("holds", "files", "commonest"), rows, least={"commonest": 30})
    if report.broken:
        rows = [(one.path, one.why, one.remedy) for one in report.broken[:_SHOWN]]
        more = f" (the first {_SHOWN})" if report.broken_count > _SHOWN else ""
        table(("broken file", "why", "remedy"), rows, title=f"{report.broken_count:,} cannot be used{more}")
    if report.concerns:
        told = [(one.severity, one.what, _which(one), one.remedy) for one in report.concerns]
        table(("", "what", "which", "remedy"), told, drop=("remedy",), least={"what": 30, "which": 20})
    if report.fitness:
        fits = [(one.task, one.modality, one.verdict, one.why, ", ".join(one.systems[:6])) for one in report.fitness]
        table(("fit for", "data", "", "why", "systems"), fits, drop=("systems",), least={"why": 30})
    for note in report.notes:
        typer.secho(f"note: {note}", dim=True)
    if html is not None:
        typer.echo(f"report: {html}")
    elif not report.passed or report.concerns:
        typer.echo("`--html FILE` writes all of it with pictures; `--json` prints it.")
    if report.passed:
        typer.secho("nothing must be mended", fg="green")
    else:
        errors = sum(one.severity == "error" for one in report.concerns)
        typer.secho(f"{report.broken_count:,} broken files and {errors} other errors must be mended", fg="red")


def _which(one: Any) -> str:
    shown = ", ".join(one.which[:3])
    return f"{shown} and {one.count - 3:,} more" if one.count > 3 and len(one.which) >= 3 else shown
