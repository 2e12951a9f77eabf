"""Run a study from its plan to its evidence: cells, results, report, checksums. Resumable; done cells are skipped."""

import importlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from salus.evaluate.firewall import enforce
from salus.schema.errors import StoreError, UsageError
from salus.schema.files import write_text
from salus.store.artifact import write_json
from salus.store.checksums import write_checksums
from salus.study.bars import check_bar
from salus.study.cell import DONE, Cell
from salus.study.collect import collect_part
from salus.study.context import CheckContext
from salus.study.engine import run_local, usable_cores
from salus.study.environment import describe_environment
from salus.study.plan import Part, Plan
from salus.study.prepare import guard, prepare
from salus.study.report.html import write_report
from salus.study.result import Bar, PartResult, StudyResult
from salus.study.thumbnails import save_thumbnails
from salus.study.view import StudyView
from salus.train.device import set_threads

NOT_EVIDENCE = ("checkpoint.safetensors", "tensorboard", "identity.txt")


def run_study(
    plan: Plan,
    folder: Path,
    *,
    jobs: int = 0,
    shown: bool = True,
    command: str = "",
) -> StudyResult:
    """Run what is not done yet, then write `results.json`, `report.html` and the checksum list.

    Args:
        plan: From `read_plan`.
        folder: Where everything goes; made if missing. A folder of another study is refused.
        jobs: Trainings at a time, one thread each; 0 for one per core.
        shown: Show progress on the error stream.
        command: How the user called it, for the report.

    Raises:
        LeakError: A split leaks; nothing is trained.
        DataError: The data cannot be used.
        StoreError: The folder belongs to another study, or cannot be written.
    """
    set_threads(1)
    _claim(plan, folder)
    firewalls = {}
    for part in plan.parts:
        prepared = prepare(part)
        findings = guard(part, prepared)
        write_json(folder / "splits" / f"{part.name}.json", _split_facts(part))
        firewalls[part.name] = [asdict(finding) for finding in findings]
        write_json(folder / "firewall" / f"{part.name}.json", {"findings": firewalls[part.name]})
        enforce(findings)
        save_thumbnails(folder / "thumbnails" / f"{part.name}.npz", prepared.loaded)
    # Networks first: a long training that starts last would leave every other core idle.
    cells = sorted(
        (cell for part in plan.parts for cell in cells_of(folder, part)),
        key=lambda cell: (cell.seed, cell.fold, cell.arm.role != "system"),
    )
    todo = [cell for cell in cells if not cell.done(prepare(cell.part).fingerprint)]
    with StudyView(plan.title, len(cells), len(cells) - len(todo), shown=shown) as view:
        problems = run_local(todo, jobs, view)
    lost = [cell for cell in cells if not (cell.place / DONE).is_file()]
    if lost:
        raise StoreError(
            f"{len(lost)} trainings ended without a result ({'; '.join(problems[:3])}); "
            "run the same command again to go on, with fewer --jobs if memory ran out"
        )
    return finish(plan, folder, firewalls, command=command)


def finish(plan: Plan, folder: Path, firewalls: dict[str, list[dict[str, Any]]], *, command: str) -> StudyResult:
    """Collect the cells of a study that has run, check its bars, and write results, report and checksums."""
    parts: list[PartResult] = []
    marks = {}
    for part in plan.parts:
        result, marks[part.name] = collect_part(folder, plan, part, prepare(part), firewalls[part.name])
        parts.append(result)
    bars = [check_bar(bar, parts, marks) for bar in plan.bars]
    bars += _checks(plan, folder)
    seconds = sum(_seconds(cell) for part in plan.parts for cell in cells_of(folder, part))
    result_all = StudyResult(
        name=plan.name,
        title=plan.title,
        asked=plan.asked,
        parts=parts,
        bars=bars,
        environment=describe_environment(),
        command=command or f"salus study studies/{plan.name}.toml",
        seconds=seconds,
    )
    result_all.save(folder / "results.json")
    write_report(folder, result_all)
    write_checksums(folder, leave_out=NOT_EVIDENCE)
    return result_all


def cells_of(folder: Path, part: Part) -> list[Cell]:
    """Return every training of a part, seeds outermost so that early results cover all arms."""
    folds = 1 if part.split == "official" else part.folds
    return [
        Cell(folder, part, arm, seed, fold)
        for seed in range(part.seeds)
        for fold in range(folds)
        for arm in part.arms
        if seed < (arm.seeds or part.seeds)
    ]


def default_jobs() -> int:
    """Return how many trainings run at a time when nobody says."""
    return usable_cores()


def _claim(plan: Plan, folder: Path) -> None:
    """Put the study file into its folder, or see that the folder is this study's."""
    note = folder / "study.toml"
    if note.is_file() and f'name = "{plan.name}"' not in note.read_text(encoding="utf-8"):
        raise StoreError(f"{folder} holds another study; choose another output folder")
    if folder.is_dir() and any(folder.iterdir()) and not note.is_file():
        raise StoreError(f"{folder} is not empty and holds no study; choose another output folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(note, plan.source or f'name = "{plan.name}"\n')


def _split_facts(part: Part) -> dict[str, Any]:
    """Return the ids on each side of every fold and seed, so that another machine can check the split."""
    prepared = prepare(part)
    ids = prepared.cohort.ids
    return {
        f"seed_{seed}": [
            {side: [ids[i] for i in getattr(split, side)] for side in ("train", "valid", "test")} for split in folds
        ]
        for seed, folds in enumerate(prepared.splits)
    }


def _checks(plan: Plan, folder: Path) -> list[Bar]:
    rows: list[Bar] = []
    place = folder / "checks"
    for number, asked in enumerate(plan.checks):
        module, _, function = asked.name.partition(".")
        try:
            check = getattr(importlib.import_module(f"salus.study.checks.{module}"), function)
        except (ImportError, AttributeError) as error:
            raise UsageError(f"no check named {asked.name!r}; checks are functions in salus/study/checks/") from error
        place.mkdir(exist_ok=True)
        start = time.perf_counter()
        found = check(CheckContext(plan=plan, study=folder, folder=place, options=asked.options))
        rows += found
        twice = any(other.name == asked.name for other in plan.checks[:number])
        write_json(
            place / (f"{asked.name}.{number}.json" if twice else f"{asked.name}.json"),
            {"rows": [asdict(row) for row in found], "seconds": time.perf_counter() - start},
        )
    return rows


def _seconds(cell: Cell) -> float:
    return float(json.loads((cell.place / DONE).read_text(encoding="utf-8"))["seconds"])


def bars_missed(bars: Sequence[Bar]) -> list[Bar]:
    """Return the conditions that had to hold and do not."""
    return [bar for bar in bars if bar.met is False]
