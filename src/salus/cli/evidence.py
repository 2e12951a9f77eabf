"""`salus demo`, `study`, `report` and `verify`: comparisons and their evidence."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salus.cli.show import emit_json, table
from salus.schema.errors import StoreError, UsageError

if TYPE_CHECKING:
    from salus.study.plan import Plan
    from salus.study.result import StudyResult

JSON = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
JOBS = Annotated[int, typer.Option("-j", "--jobs", help="Trainings at a time, one thread each; 0 for one per core.")]
Folder = Annotated[Path, typer.Argument(help="Folder that `salus study -o` wrote.")]


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the evidence.")] = Path("salus-demo"),
    jobs: JOBS = 0,
    as_json: JSON = False,
) -> None:
    """Compare systems of several families on real data that came with the installation; about two minutes."""
    import tomllib
    from importlib.resources import files

    from salus.study.plan import build_plan

    text = files("salus.study").joinpath("demo.toml").read_text(encoding="utf-8")
    plan = build_plan(tomllib.loads(text), source=text, where="demo")
    start = time.perf_counter()
    result = _run(plan, out, jobs, as_json, "salus demo -o salus-demo")
    if as_json:
        return
    typer.echo(f"\nDone in {time.perf_counter() - start:.0f} s. Next, try:")
    typer.echo(f"  salus verify {out}")
    typer.echo("  salus fit vitals_cnn wdbc -o runs/wdbc")
    typer.echo(
        "  salus study --systems vitals_cnn,logistic,boosting --data wdbc --folds 5 --seeds 3 -o runs/wdbc-study"
    )
    del result


def study(
    file: Annotated[Path | None, typer.Argument(help="Study file (TOML); or give --systems and --data.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder for the evidence.")] = None,
    systems: Annotated[str, typer.Option(help="Systems to compare, separated by commas.")] = "",
    data: Annotated[str, typer.Option(help="Dataset, manifest, table or folder.")] = "",
    folds: Annotated[int, typer.Option(help="Patient-grouped folds; 0 for the official split.")] = 5,
    seeds: Annotated[int, typer.Option(help="Repetitions.")] = 3,
    size: Annotated[str, typer.Option(help="small, paper or tiny.")] = "small",
    drop_duplicates: Annotated[bool, typer.Option("--drop-duplicates", help="Leave out byte-equal copies.")] = False,
    allow: Annotated[list[str] | None, typer.Option(help="Override a firewall rule: RULE=REASON.")] = None,
    jobs: JOBS = 0,
    engine: Annotated[str, typer.Option(help="local: this machine.")] = "local",
    page: Annotated[Path | None, typer.Option(help="Also write the Markdown results page here.")] = None,
    as_json: JSON = False,
) -> None:
    """Run a comparison: train, score, compare, report. Resumable: run the same command again."""
    from salus.study.plan import read_plan

    if engine != "local":
        raise UsageError(f"no engine named {engine!r}; this version has: local")
    if file is not None:
        plan = read_plan(file)
        command = f"salus study {file}"
    else:
        plan = _quick_plan(systems, data, folds=folds, seeds=seeds, size=size, drop=drop_duplicates, allow=allow or [])
        command = f"salus study --systems {systems} --data {data} --folds {folds} --seeds {seeds}"
    folder = out or Path("runs") / plan.name
    # The evidence names no folder of this machine: whoever repeats the study chooses an own one.
    result = _run(plan, folder, jobs, as_json, f"{command} -o runs/{plan.name}")
    if page is not None:
        from salus.study.report.page import write_page

        write_page(folder, result, page)
    if any(bar.met is False for bar in result.bars):
        raise typer.Exit(8)


def report(folder: Folder) -> None:
    """Write the HTML report of a study again from its results."""
    from salus.store.checksums import write_checksums
    from salus.study.report.html import write_report
    from salus.study.result import StudyResult
    from salus.study.run import NOT_EVIDENCE

    if not (folder / "results.json").is_file():
        raise StoreError(f"{folder}: no results.json; `salus study` has not finished there")
    path = write_report(folder, StudyResult.load(folder / "results.json"))
    write_checksums(folder, leave_out=NOT_EVIDENCE)
    typer.echo(str(path))


def verify(folder: Folder, as_json: JSON = False) -> None:
    """Check that nothing in an evidence folder was altered, cut short or taken away."""
    from salus.store.checksums import NAME, verify_checksums

    problems = verify_checksums(folder)
    count = len((folder / NAME).read_text(encoding="utf-8").splitlines())
    if as_json:
        emit_json({"folder": str(folder), "files": count, "problems": problems})
    else:
        for problem in problems[:50]:
            typer.secho(problem, fg="red", err=True)
    if problems:
        raise StoreError(f"{folder}: {len(problems)} of {count} files are not what the study wrote")
    if not as_json:
        typer.echo(f"{folder}: all {count} files are as they were written")


def _quick_plan(systems: str, data: str, *, folds: int, seeds: int, size: str, drop: bool, allow: list[str]) -> "Plan":
    from salus.data.library import parse_spec
    from salus.schema.config import parse_settings
    from salus.study.plan import build_plan
    from salus.systems import registry

    if not systems or not data:
        raise UsageError("give a study file, or --systems a,b and --data NAME")
    head, options = parse_spec(data)
    overrides = parse_settings(allow)
    arms = []
    for name in [word.strip() for word in systems.split(",") if word.strip()]:
        registry.find(name)
        role = "baseline" if registry.family(name) == "baseline" else "system"
        arms.append({"name": name, "system": name, "role": role, "size": size})
    part = {
        "name": "comparison",
        "title": f"{' against '.join(arm['name'] for arm in arms)} on {data}",
        "data": head,
        "options": options,
        "split": "kfold" if folds else "official",
        "folds": folds or 5,
        "seeds": seeds,
        "drop_duplicates": drop,
        "allow": list(overrides),
        "reason": "; ".join(str(v) for v in overrides.values()),
        "arm": arms,
    }
    stem = "".join(c if c.isalnum() else "-" for c in Path(head).stem)[:40] or "data"
    return build_plan(
        {"name": f"study-{stem}", "title": str(part["title"]), "asked": "Which system is better here?", "part": [part]},
        where="command line",
    )


def _run(plan: "Plan", folder: Path, jobs: int, as_json: bool, command: str) -> "StudyResult":
    from salus.study.run import run_study

    result = run_study(plan, folder, jobs=jobs, shown=not as_json, command=command)
    if as_json:
        import dataclasses

        emit_json(dataclasses.asdict(result))
    else:
        _tell(result, folder)
    return result


def _tell(result: "StudyResult", folder: Path) -> None:
    from salus.study.report.text import summary

    for part in result.parts:
        shown = list(part.directions)[:4]
        rows = []
        for arm in sorted(part.arms, key=lambda a: a.rank):
            cells = [f"{arm.metrics[m].value:.3f} [{arm.metrics[m].low:.3f}, {arm.metrics[m].high:.3f}]" for m in shown]
            rows.append((arm.rank, arm.label, arm.role, *cells, f"{arm.cost.fit_s:.1f} s"))
        table(("rank", "arm", "role", *shown, "training"), rows, title=part.title)
    for line in summary(result):
        typer.echo(f"- {line}")
    for bar in result.bars:
        mark = {True: "met", False: "NOT MET", None: "printed"}[bar.met]
        typer.echo(f"  [{bar.kind}] {mark}: {bar.text}: {bar.figure}")
    typer.secho(f"\nReport: {folder / 'report.html'}", bold=True)
