"""From the cells' marks to estimates, comparisons, ranks and warnings."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from salus.contract.task import Task
from salus.evaluate.bootstrap import Cell as Judged
from salus.evaluate.bootstrap import Replicates, interval, intervals, replicate
from salus.evaluate.compare import compare, ranks, verdict
from salus.study.cell import DONE, Cell
from salus.study.opinions import delong, resampled_t
from salus.study.plan import Arm, Part, Plan
from salus.study.prepare import Prepared
from salus.study.result import ArmResult, Comparison, Cost, Estimate, PartResult
from salus.tasks.registry import make

FEW_PATIENTS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMarks:
    """An arm's judged answers and what its cells left.

    Attributes:
        replicates: Every metric on the data and on each resample, seeds inside, folds pooled.
        facts: The cells' `cell.json`.
        judged: Ids, patients and marks of each seed, folds pooled.
        unit: What was resampled: `patient`, or `sample` where the test part has one patient only.
    """

    replicates: Replicates
    facts: list[dict[str, Any]]
    judged: list[tuple[Any, Any, Any]]
    unit: str


def gather(folder: Path, part: Part, arm: Arm, task: Task, resamples: int) -> ArmMarks:
    """Read an arm's cells and resample its patients (its samples, where all are of one patient)."""
    cells, facts, judged = [], [], []
    unit = "patient"
    for seed in range(arm.seeds or part.seeds):
        marks, names, folds = [], [], []
        for fold in range(1 if part.split == "official" else part.folds):
            place = Cell(folder, part, arm, seed, fold).place
            facts.append(json.loads((place / DONE).read_text(encoding="utf-8")))
            with np.load(place / "marks.npz", allow_pickle=False) as arrays:
                marks.append(arrays["marks"])
                names.append((arrays["patients"], arrays["ids"]))
                folds += [fold] * len(marks[-1])
        patients, ids = (np.concatenate([pair[side] for pair in names]) for side in (0, 1))
        if len(set(patients.tolist())) < 2:
            patients, unit = ids, "sample"
        judged.append((ids, patients, np.concatenate(marks)))
        cells.append(Judged(patients=patients.tolist(), marks=judged[-1][2], folds=folds))
    return ArmMarks(replicates=replicate(task, cells, resamples), facts=facts, judged=judged, unit=unit)


def collect_part(
    folder: Path, plan: Plan, part: Part, prepared: Prepared, firewall: list[dict[str, Any]]
) -> tuple[PartResult, dict[str, ArmMarks]]:
    """Build a part's result from its cells; also return the marks, which bars across parts need."""
    task = make(prepared.loaded.question)
    found = {arm.name: gather(folder, part, arm, task, plan.resamples) for arm in part.arms}
    replicates = {name: marks.replicates for name, marks in found.items()}
    sign = task.directions[task.primary]
    # A rank is a description, so each pair is judged by its own interval; Holm over all pairs of many arms would need
    # far more resamples than an interval does. The claims in `comparisons` are corrected.
    every = [replace(row, verdict=verdict(row.low, row.high, 0.0)) for row in compare(replicates, task.primary, sign)]
    order = ranks(list(found), every)
    unit = next(iter(found.values())).unit
    arms = [_arm(arm, found[arm.name], task, order[arm.name]) for arm in part.arms]
    patients = {p for folds in prepared.splits for split in folds for p in _of(prepared, split.test)}
    result = PartResult(
        name=part.name,
        title=part.title,
        question=prepared.loaded.question.to_dict(),
        primary=task.primary,
        directions={name: int(sign) for name, sign in task.directions.items()},
        data={**prepared.facts, "fingerprint": prepared.fingerprint, "dropped": list(prepared.dropped)},
        split={**_describe_split(part, prepared), "unit": unit},
        firewall=firewall,
        arms=arms,
        comparisons=_compare(part, task, found, _fold_sizes(part, prepared)),
        warnings=_part_warnings(part, prepared, len(patients), unit),
    )
    return result, found


def _of(prepared: Prepared, indices: Iterable[Any]) -> list[str]:
    return [prepared.cohort.patients[i] for i in indices]


def _arm(arm: Arm, marks: ArmMarks, task: Task, rank: int) -> ArmResult:
    metrics = {
        name: Estimate(value=row.value, low=row.low, high=row.high, seeds=tuple(row.seeds), folds=tuple(row.folds))
        for name, row in intervals(marks.replicates).items()
    }
    costs: dict[str, float] = {}
    for field in Cost.__dataclass_fields__:
        values = [row["cost"][field] for row in marks.facts if "cost" in row and row["cost"][field] is not None]
        costs[field] = float(np.median(values)) if values else math.nan
    config: dict[str, Any] = next((row["config"] for row in marks.facts if "config" in row), {})
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
    alarms = [alarm for row in marks.facts for alarm in row.get("alarms", ())]
    if alarms:
        found.append(f"collapse alarm, {len(alarms)} times in {len(marks.facts)} trainings: {alarms[0]}")
    primary, sign = task.primary, task.directions[task.primary]
    points = marks.replicates.seeds[primary]
    low, high = interval(marks.replicates.resampled[primary])
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


def _compare(part: Part, task: Task, found: dict[str, ArmMarks], fold_sizes: list[tuple[int, int]]) -> list[Comparison]:
    """Compare every arm with the reference on the primary metric; Holm's correction holds within the part.

    The patient bootstrap decides; DeLong's test and the corrected resampled t-test are named beside it where they hold.
    """
    first = next((a.name for a in part.arms if a.role == "system"), part.arms[0].name)
    reference = part.compare or first
    pairs = [(reference, arm.name) for arm in part.arms if arm.name != reference]
    replicates = {name: marks.replicates for name, marks in found.items()}
    rows = []
    for row in compare(replicates, task.primary, task.directions[task.primary], pairs):
        a, b = found[row.a], found[row.b]
        others = {
            "DeLong": delong(task, a.judged, b.judged) if task.primary == "auroc" else None,
            "corrected resampled t": resampled_t(a.replicates, b.replicates, task.primary, fold_sizes),
        }
        named = [f"{name} p = {p:.2g}" for name, p in others.items() if p is not None]
        rows.append(
            Comparison(
                a=row.a,
                b=row.b,
                metric=row.metric,
                difference=row.difference,
                low=row.low,
                high=row.high,
                p=row.p,
                p_holm=row.p_holm,
                test="; ".join([row.test, *named]),
                verdict=row.verdict,
            )
        )
    return rows


def _fold_sizes(part: Part, prepared: Prepared) -> list[tuple[int, int]]:
    """Return training and test patients of each fold; empty where there is one split only."""
    if part.split == "official":
        return []
    return [(len(set(_of(prepared, s.train))), len(set(_of(prepared, s.test)))) for s in prepared.splits[0]]


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
        "train_share": part.train_share,
        "label_share": part.label_share,
        "labelled": len(prepared.shown[0][0]) if prepared.shown else None,
        "imbalance": part.imbalance,
        "parts": rows,
    }


def _part_warnings(part: Part, prepared: Prepared, patients: int, unit: str) -> tuple[str, ...]:
    found, noun = [], prepared.loaded.unit
    if unit == "sample":
        found.append("all test samples are of one patient: intervals resample samples and say nothing of other people")
    elif patients < 10:
        found.append(f"only {patients} test {noun}s: the intervals mean little, look at each {noun}")
    elif patients < FEW_PATIENTS:
        found.append(f"only {patients} test {noun}s: the intervals are wide and rough")
    counts = prepared.facts["classes"]
    if counts and min(counts.values()) < 20:
        rare = min(counts, key=counts.__getitem__)
        found.append(f"class {rare!r} has only {counts[rare]} samples")
    if part.split == "random":
        found.append("this part uses a random split on purpose, to show how much a leak flatters; do not quote it")
    if prepared.dropped:
        found.append(f"{len(prepared.dropped)} byte-equal copies were left out, such as {prepared.dropped[0]}")
    return tuple(found)
