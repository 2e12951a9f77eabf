"""From the cells' marks to estimates, comparisons, ranks and warnings."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.task import Task
from salus.evaluate.bootstrap import interval, patient_weights
from salus.evaluate.compare import bootstrap_p, holm, ranks
from salus.study.cell import DONE, Cell
from salus.study.plan import Arm, Part, Plan
from salus.study.prepare import Prepared
from salus.study.result import ArmResult, Comparison, Cost, Estimate, PartResult
from salus.tasks.registry import make

FEW_PATIENTS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMarks:
    """An arm's judged answers, out-of-fold answers pooled.

    Attributes:
        points: Metric to its value per seed.
        cells: Metric to its value per (seed, fold).
        replicates: Metric to `(R,)`, mean over seeds on each patient resample.
        facts: The cells' `cell.json`.
    """

    points: dict[str, list[float]]
    cells: dict[str, list[float]]
    replicates: dict[str, NDArray[np.float64]]
    facts: list[dict[str, Any]]


def gather(folder: Path, part: Part, arm: Arm, task: Task, resamples: int) -> ArmMarks:
    """Read an arm's cells and resample its patients."""
    points: dict[str, list[float]] = {}
    by_cell: dict[str, list[float]] = {}
    total: dict[str, NDArray[np.float64]] = {}
    facts = []
    seeds = arm.seeds or part.seeds
    for seed in range(seeds):
        marks, patients = [], []
        for fold in range(1 if part.split == "official" else part.folds):
            place = Cell(folder, part, arm, seed, fold).place
            facts.append(json.loads((place / DONE).read_text(encoding="utf-8")))
            with np.load(place / "marks.npz", allow_pickle=False) as arrays:
                marks.append(arrays["marks"])
                patients.append(arrays["patients"])
            for name, value in task.summarize(marks[-1]).items():
                by_cell.setdefault(name, []).append(float(value[0]))
        whole, who = np.concatenate(marks), np.concatenate(patients)
        for name, value in task.summarize(whole).items():
            points.setdefault(name, []).append(float(value[0]))
        weights = patient_weights(who.tolist(), resamples, seed=0)
        for name, values in task.summarize(whole, weights).items():
            total[name] = total[name] + values if name in total else values.astype(np.float64)
    return ArmMarks(points=points, cells=by_cell, replicates={n: v / seeds for n, v in total.items()}, facts=facts)


def collect_part(
    folder: Path, plan: Plan, part: Part, prepared: Prepared, firewall: list[dict[str, Any]]
) -> tuple[PartResult, dict[str, ArmMarks]]:
    """Build a part's result from its cells; also return the marks, which bars across parts need."""
    task = make(prepared.loaded.question)
    found = {arm.name: gather(folder, part, arm, task, plan.resamples) for arm in part.arms}
    comparisons = _compare(part, task, found)
    order = _ranks(part, task, found)
    arms = [_arm(arm, found[arm.name], task, order[arm.name]) for arm in part.arms]
    patients = {p for folds in prepared.splits for split in folds for p in _of(prepared, split.test)}
    result = PartResult(
        name=part.name,
        title=part.title,
        question=prepared.loaded.question.to_dict(),
        primary=task.primary,
        directions={name: int(sign) for name, sign in task.directions.items()},
        data={**prepared.facts, "fingerprint": prepared.fingerprint, "dropped": list(prepared.dropped)},
        split=_describe_split(part, prepared),
        firewall=firewall,
        arms=arms,
        comparisons=comparisons,
        warnings=_part_warnings(part, prepared, len(patients)),
    )
    return result, found


def _of(prepared: Prepared, indices: Sequence[int]) -> list[str]:
    return [prepared.cohort.patients[i] for i in indices]


def _arm(arm: Arm, marks: ArmMarks, task: Task, rank: int) -> ArmResult:
    metrics = {}
    for name in task.directions:
        low, high = interval(marks.replicates[name])
        points = marks.points[name]
        metrics[name] = Estimate(
            value=float(np.mean(points)), low=low, high=high, seeds=tuple(points), folds=tuple(marks.cells[name])
        )
    costs: dict[str, float] = {}
    for field in Cost.__dataclass_fields__:
        values = [row["cost"][field] for row in marks.facts if "cost" in row and row["cost"][field] is not None]
        costs[field] = float(np.median(values)) if values else math.nan
    config = next((row["config"] for row in marks.facts if "config" in row), {})
    return ArmResult(
        name=arm.name,
        label=arm.label,
        system=arm.system,
        role=arm.role,
        metrics=metrics,
        settings={"size": arm.size, **arm.set, "config": config},
        cost=Cost(**costs),
        rank=rank,
        missing=sum(int(row.get("missing", 0)) for row in marks.facts),
        warnings=_arm_warnings(marks, task),
    )


def _arm_warnings(marks: ArmMarks, task: Task) -> tuple[str, ...]:
    found = []
    failed = [row for row in marks.facts if row.get("error")]
    if failed:
        found.append(f"{len(failed)} of {len(marks.facts)} trainings failed and score as wrong: {failed[0]['error']}")
    reasons = sorted({reason for row in marks.facts for reason in row.get("reasons", ())})
    if reasons:
        found.append(f"some samples were not answered and score as wrong: {reasons[0]}")
    primary, sign = task.primary, task.directions[task.primary]
    points = marks.points[primary]
    low, high = interval(marks.replicates[primary])
    if len(points) > 1 and max(points) - min(points) > high - low:
        found.append(f"seeds disagree by {max(points) - min(points):.3g} {primary}, more than the patient interval")
    gaps = [
        sign * (row["train_score"][primary] - row["score"][primary])
        for row in marks.facts
        if row.get("train_score") and "score" in row
    ]
    if gaps and float(np.mean(gaps)) > max(0.1 * abs(float(np.mean(points))), 2 * (high - low)):
        found.append(f"training score exceeds the test score by {np.mean(gaps):.3g} {primary}: it overfits")
    hurried = [r for r in marks.facts if r.get("last_epoch", 0) > 3 and r["cost"]["best_epoch"] == r["last_epoch"]]
    if hurried and len(hurried) == len(marks.facts):
        found.append("the best validation epoch is the last one in every training: longer training may help")
    return tuple(found)


def _compare(part: Part, task: Task, found: dict[str, ArmMarks]) -> list[Comparison]:
    """Compare every arm with the reference on the primary metric; Holm's correction holds within the part."""
    first = next((a.name for a in part.arms if a.role == "system"), part.arms[0].name)
    reference = part.compare or first
    sign = task.directions[task.primary]
    rows = []
    for arm in part.arms:
        if arm.name == reference:
            continue
        difference = sign * (found[reference].replicates[task.primary] - found[arm.name].replicates[task.primary])
        low, high = interval(difference)
        mean = sign * (np.mean(found[reference].points[task.primary]) - np.mean(found[arm.name].points[task.primary]))
        rows.append((arm.name, float(mean), low, high, bootstrap_p(difference)))
    corrected = holm([row[4] for row in rows])
    return [
        Comparison(
            a=reference,
            b=name,
            metric=task.primary,
            difference=mean,
            low=low,
            high=high,
            p=p,
            p_holm=adjusted,
            test="paired patient bootstrap",
            verdict="tie" if low <= 0 <= high or adjusted > 0.05 else "a" if mean > 0 else "b",
        )
        for (name, mean, low, high, p), adjusted in zip(rows, corrected, strict=True)
    ]


def _ranks(part: Part, task: Task, found: dict[str, ArmMarks]) -> dict[str, int]:
    sign = task.directions[task.primary]
    names = [arm.name for arm in part.arms]
    means = [sign * float(np.mean(found[name].points[task.primary])) for name in names]
    tied = np.zeros((len(names), len(names)), bool)
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            low, high = interval(found[one].replicates[task.primary] - found[other].replicates[task.primary])
            tied[i, j] = low <= 0 <= high
    return dict(zip(names, ranks(means, tied), strict=True))


def _describe_split(part: Part, prepared: Prepared) -> dict[str, Any]:
    rows = []
    for fold, split in enumerate(prepared.splits[0]):
        row: dict[str, Any] = {"fold": fold}
        for side in ("train", "valid", "test"):
            indices = getattr(split, side)
            row[side] = len(indices)
            row[f"{side}_patients"] = len(set(_of(prepared, indices)))
        rows.append(row)
    return {
        "kind": part.split,
        "folds": len(prepared.splits[0]),
        "seeds": part.seeds,
        "unit": "patient",
        "train_share": part.train_share,
        "parts": rows,
    }


def _part_warnings(part: Part, prepared: Prepared, patients: int) -> tuple[str, ...]:
    found = []
    if patients < 10:
        found.append(f"only {patients} test patients: the intervals mean little, look at each patient")
    elif patients < FEW_PATIENTS:
        found.append(f"only {patients} test patients: the intervals are wide and rough")
    counts = prepared.facts["classes"]
    if counts and min(counts.values()) < 20:
        rare = min(counts, key=counts.__getitem__)
        found.append(f"class {rare!r} has only {counts[rare]} samples")
    if part.split == "random":
        found.append("this part uses a random split on purpose, to show how much a leak flatters; do not quote it")
    if prepared.dropped:
        found.append(f"{len(prepared.dropped)} byte-equal copies were left out, such as {prepared.dropped[0]}")
    return tuple(found)
