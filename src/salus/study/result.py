"""What a study found, as plain data that the report, the results page and `--json` all read.

One `StudyResult` holds a `PartResult` per question (dataset, split, arms); a part holds an `ArmResult` per trained
recipe and a `Comparison` per pair that was tested. Arrays (marks, pictures) stay in the cells' folders:
`<study>/cells/<part>/<arm>/s<seed>_f<fold>/`.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A metric with its 95 % patient-bootstrap interval (seeds inside) and its spread.

    Attributes:
        value: Mean over seeds of the metric on all test answers of a seed (folds pooled).
        low: Lower end of the interval.
        high: Upper end of the interval.
        seeds: The metric of each seed.
        folds: The metric of each (seed, fold) cell.
    """

    value: float
    low: float
    high: float
    seeds: tuple[float, ...] = ()
    folds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an arm costs, as medians over its cells; NaN where not applicable.

    Attributes:
        parameters: Trainable numbers.
        flops: Floating-point operations of one answer.
        latency_ms: Median time of one answer alone, one thread.
        fit_s: Seconds of the whole training.
        best_s: Seconds until the best validation epoch (convergence time).
        best_epoch: Its number, from 1.
        peak_mb: Peak resident memory of the training process, MB.
    """

    parameters: float = float("nan")
    flops: float = float("nan")
    latency_ms: float = float("nan")
    fit_s: float = float("nan")
    best_s: float = float("nan")
    best_epoch: float = float("nan")
    peak_mb: float = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """One recipe of a part.

    Attributes:
        name: Short name, unique in its part and folder name of its cells.
        label: What the table prints.
        system: Name in the registry.
        role: `system`, `baseline` or `ablation`.
        settings: What differs from the size's config.
        metrics: By metric name.
        cost: What it costs.
        rank: Among the arms of its part by the primary metric, 1 the best; ties share a rank.
        missing: Answers that were not given, over all cells.
        warnings: Sentences (overfitting gap, unstable seeds, failed cells).
    """

    name: str
    label: str
    system: str
    role: str
    metrics: dict[str, Estimate]
    settings: dict[str, Any] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    rank: int = 0
    missing: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two arms on the same patients: `a` minus `b`, signed so that positive means `a` is better.

    Attributes:
        a: Arm name.
        b: Arm name.
        metric: Which metric.
        difference: Mean over seeds.
        low: Lower end of the 95 % interval of the paired bootstrap.
        high: Upper end.
        p: Two-sided, before correction.
        p_holm: After Holm's correction within the part.
        test: Which test gave `p`.
        verdict: `"a"`, `"b"` or `"tie"`.
    """

    a: str
    b: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    test: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A condition of the study file, or one figure of a check.

    Attributes:
        kind: `M` must hold, `R` must be printed.
        text: The condition in words.
        figure: What came out, in words with its interval.
        met: None for `R`.
    """

    kind: str
    text: str
    figure: str
    met: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """One question of the study.

    Attributes:
        name: Short name and folder name.
        title: What is asked, for people.
        question: The task (`Question.to_dict()`).
        primary: Name of the headline metric.
        directions: Metric name to +1 (higher is better) or -1, in order of display.
        data: Facts for people: `name`, `title`, `licence`, `citation`, `options`, `samples`, `patients`, `classes`
            (name to count), `notes`, `simulated`, `fingerprint`.
        split: `kind`, `folds`, `seeds`, `unit`, and `parts`: a list of `{fold, train, valid, test, ...}` counts.
        firewall: List of `{rule, passed, overridden, evidence, reason}`.
        arms: In the order of the study file.
        comparisons: All that were tested.
        warnings: Sentences (few patients, one class rare, ...).
    """

    name: str
    title: str
    question: dict[str, Any]
    primary: str
    directions: dict[str, int]
    data: dict[str, Any]
    split: dict[str, Any]
    firewall: list[dict[str, Any]]
    arms: list[ArmResult]
    comparisons: list[Comparison]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """Everything a report needs beside the cells' arrays.

    Attributes:
        name: Of the study file.
        title: For people.
        asked: What was asked and why, a paragraph.
        parts: One per question.
        bars: Conditions that the study file names.
        environment: `salus`, `python`, `torch`, `platform`, `processor`, `cores`, `date` and the like.
        command: How to run it again.
        seconds: Wall time of all cells.
        extras: Figures of checks that are no training (name to rows of name and figure).
    """

    name: str
    title: str
    asked: str
    parts: list[PartResult]
    bars: list[Bar]
    environment: dict[str, Any]
    command: str
    seconds: float = 0.0
    extras: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the result as JSON, by a temporary name."""
        temporary = path.with_name(path.name + ".part")
        temporary.write_text(json.dumps(dataclasses.asdict(self), indent=1), encoding="utf-8")
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> "StudyResult":
        """Read what `save` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        parts = [
            PartResult(
                **{
                    **part,
                    "arms": [_arm(arm) for arm in part["arms"]],
                    "comparisons": [Comparison(**row) for row in part["comparisons"]],
                    "warnings": tuple(part["warnings"]),
                }
            )
            for part in data["parts"]
        ]
        bars = [Bar(**bar) for bar in data["bars"]]
        extras = {name: [(str(a), str(b)) for a, b in rows] for name, rows in data["extras"].items()}
        return cls(**{**data, "parts": parts, "bars": bars, "extras": extras})


def _arm(data: dict[str, Any]) -> ArmResult:
    metrics = {
        name: Estimate(**{**row, "seeds": tuple(row["seeds"]), "folds": tuple(row["folds"])})
        for name, row in data["metrics"].items()
    }
    return ArmResult(**{**data, "metrics": metrics, "cost": Cost(**data["cost"]), "warnings": tuple(data["warnings"])})
