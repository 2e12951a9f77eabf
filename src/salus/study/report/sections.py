"""What each part of the report shows, as plain values for the templates."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from salus.study.report import words
from salus.study.report.bands import classes
from salus.study.report.cells import SeedMarks, read_marks
from salus.study.report.figures import answer_curves, learning_curves
from salus.study.report.ink import Look
from salus.study.report.pictures import cases, thumbnails
from salus.study.report.scores import axis_label, difference_cells, interval_cells, price, spread
from salus.study.report.stability import stability_curves
from salus.study.report.text import part_summary, ranking, unit
from salus.study.result import ArmResult, PartResult

RULES = {
    "patient": "No patient is shared",
    "duplicate": "No copy is shared",
    "duplicate_inside": "Copies inside one side (information)",
    "near_duplicate": "No near copy is shared",
    "window": "No recording is shared",
    "target": "No input is the answer",
}
BROKEN = {
    "patient": "Patients are shared between the sides",
    "duplicate": "Copies are shared between the sides",
    "near_duplicate": "Near copies are shared between the sides",
    "window": "Recordings are shared between the sides",
    "target": "An input gives the answer away",
}
SPLITS = {
    "kfold": "cross-validation",
    "official": "the publisher's own",
    "random": "random, which is known to leak",
    "left_out": "each left out once",
}
EVIDENCE = 8
"""Lines of evidence that the report prints for a rule."""
MATRIX = 12
"""Confusion matrices of more classes are left out."""


def section(folder: Path, part: PartResult, looks: Mapping[str, Look]) -> dict[str, Any]:
    """Return everything the template needs for one question."""
    marks = {arm.name: read_marks(folder, part.name, arm.name) for arm in part.arms}
    headline = next((arm for arm in ranking(part) if arm.role == "system"), None) or next(iter(ranking(part)), None)
    shown = cases(folder, part, headline.name) if headline else []
    return {
        "part": part,
        "key": slug(part.name),
        "sentences": part_summary(part),
        "metric": words.metric_label(part.primary),
        "higher": part.directions.get(part.primary, 1) > 0,
        "thumbnails": thumbnails(folder, part),
        "class_counts": class_counts(part),
        "unit": unit(part),
        "facts": data_facts(part),
        "split": split_rows(part),
        "split_kind": SPLITS.get(str(part.split.get("kind")), str(part.split.get("kind", ""))),
        "firewall": firewall_rows(part),
        "table": score_table(part),
        "intervals": interval_cells(part, looks),
        "axis": axis_label(part),
        "comparisons": comparison_rows(part),
        "curves": answer_curves(part, marks, looks),
        "matrices": [row for arm in part.arms if (row := matrix(part, arm, marks[arm.name]))],
        "learning": learning_curves(folder, part, looks),
        "stability": stability_curves(folder, part, looks),
        "headline": headline,
        "worst": [case for case in shown if case["worst"]],
        "best": [case for case in reversed(shown) if not case["worst"]],
        "spread": spread(part, looks),
        "costs": cost_rows(part),
        "price": price(part, looks),
        "warnings": warning_rows(part),
    }


def slug(text: str) -> str:
    """Return a name that may be an id in the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


def class_counts(part: PartResult) -> list[dict[str, Any]]:
    """Return `{name, count, share}` of each class, `share` relative to the largest."""
    counts = part.data.get("classes") or {}
    largest, total = max(counts.values(), default=1), sum(counts.values()) or 1
    return [
        {"name": name, "count": count, "width": 100 * count / largest, "share": count / total}
        for name, count in counts.items()
    ]


def data_facts(part: PartResult) -> list[tuple[str, str]]:
    """Return what is known of the data, as `(name, text)`."""
    data = part.data
    rows = [("Data set", str(data.get("title") or data.get("name", "")))]
    for key, label in (("samples", "Samples"), ("patients", f"{unit(part).capitalize()}s")):
        if data.get(key) is not None:
            rows.append((label, f"{data[key]:,}"))
    if data.get("options"):
        rows.append(("Options", words.settings(data["options"])))
    for key, label in (
        ("licence", "Licence"),
        ("citation", "Citation"),
        ("homepage", "Homepage"),
        ("fingerprint", "Fingerprint"),
    ):
        if data.get(key):
            rows.append((label, str(data[key])))
    return rows


def split_rows(part: PartResult) -> list[dict[str, Any]]:
    """Return for each fold its counts and the blocks of its bar, `(side, percent)`, the test block moving with k."""
    folds = list(part.split.get("parts") or [])
    sizes = [[_count(row, side) for side in ("train", "valid", "test")] for row in folds]
    rows: list[dict[str, Any]] = []
    before = 0
    for row, (train, valid, test) in zip(folds, sizes, strict=True):
        total = (train + valid + test) or 1
        first = min(before, train) if len(folds) > 1 else train
        blocks = [("train", first), *(("valid", valid), ("test", test)), ("train", train - first)]
        if len(folds) > 1:
            blocks = [("train", first), ("test", test), ("valid", valid), ("train", train - first)]
        rows.append(
            {
                "name": f"Fold {int(row.get('fold', len(rows))) + 1}" if len(folds) > 1 else "",
                "blocks": [(side, 100 * size / total) for side, size in blocks if size],
                "counts": {side: _counts(row, side, unit(part)) for side in ("train", "valid", "test")},
            }
        )
        before += test
    return rows


def firewall_rows(part: PartResult) -> list[dict[str, Any]]:
    """Return `{name, state, reason, evidence, more}` of each rule; state is passed, allowed, refused or note."""
    rows = []
    for finding in part.firewall:
        evidence = [str(line) for line in finding.get("evidence") or ()]
        count = int(finding.get("count") or len(evidence))
        state = "passed" if finding.get("passed") else "allowed" if finding.get("overridden") else "refused"
        rule = str(finding.get("rule"))
        if rule == "duplicate_inside":
            if not evidence:
                continue
            state = "note"
        rows.append(
            {
                "name": (BROKEN if state in ("allowed", "refused") else RULES).get(rule, rule),
                "state": state,
                "reason": str(finding.get("reason") or ""),
                "evidence": evidence[:EVIDENCE],
                "count": count,
                "more": max(count - EVIDENCE, 0),
            }
        )
    order = {"refused": 0, "allowed": 0, "passed": 1, "note": 2}
    return sorted(rows, key=lambda row: order[row["state"]])


def score_table(part: PartResult) -> list[dict[str, Any]]:
    """Return the arms by rank, each with a cell per metric: `{value, interval, best}`."""
    best = {
        name: max(
            (sign * arm.metrics[name].value for arm in part.arms if name in arm.metrics and _finite(arm, name)),
            default=math.nan,
        )
        for name, sign in part.directions.items()
    }
    rows = []
    for arm in sorted(part.arms, key=lambda arm: (arm.rank or 99, arm.label)):
        cells = []
        for name, sign in part.directions.items():
            row = arm.metrics.get(name)
            cells.append(
                {
                    "metric": name,
                    "value": words.score(row.value, name) if row else words.DASH,
                    "interval": words.interval(row.low, row.high, name) if row and math.isfinite(row.low) else "",
                    "best": bool(row) and row is not None and sign * row.value == best[name],
                }
            )
        rows.append({"arm": arm, "cells": cells, "settings": plain_settings(arm)})
    return rows


def plain_settings(arm: ArmResult) -> str:
    """Return what differs from the size's configuration; the whole configuration is in the study's folder."""
    return words.settings({name: value for name, value in arm.settings.items() if name not in ("config", "size")})


def comparison_rows(part: PartResult) -> list[dict[str, Any]]:
    """Return the tested pairs with their graphic and their verdict in words."""
    labels = {arm.name: arm.label for arm in part.arms}
    rows = []
    for row, cell in zip(part.comparisons, difference_cells(part.comparisons), strict=True):
        a, b = labels.get(row.a, row.a), labels.get(row.b, row.b)
        verdict = {"a": f"{a} better", "b": f"{b} better"}.get(row.verdict, "tie")
        rows.append(
            {
                "a": a,
                "b": b,
                "row": row,
                "cell": cell,
                "verdict": verdict,
                "metric": words.metric_label(row.metric),
                "difference": words.score(row.difference, row.metric, signed=True),
                "interval": words.interval(row.low, row.high, row.metric, signed=True),
                "p": words.p_value(row.p),
                "p_holm": words.p_value(row.p_holm),
            }
        )
    return rows


def matrix(part: PartResult, arm: ArmResult, seeds: Mapping[int, SeedMarks]) -> dict[str, Any] | None:
    """Return an arm's confusion matrix, mean over seeds: rows the truth, columns the answer and `none`."""
    if not seeds or not all({"truth", "predicted"} <= set(row.columns) for row in seeds.values()):
        return None
    names = classes(next(iter(seeds.values())))
    if not 2 <= len(names) <= MATRIX:
        return None
    counts = np.zeros((len(names), len(names) + 1))
    for row in seeds.values():
        predicted = row.columns["predicted"].astype(int)
        np.add.at(counts, (row.columns["truth"].astype(int), np.where(predicted < 0, len(names), predicted)), 1)
    counts /= len(seeds)
    missing = bool(counts[:, -1].any())
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    width = len(names) + missing
    return {
        "arm": arm,
        "names": names,
        "columns": [*names, "no answer"][:width],
        "rows": [
            {
                "name": name,
                "cells": [
                    {"share": float(shares[k, j]), "count": _round(counts[k, j]), "right": j == k} for j in range(width)
                ],
            }
            for k, name in enumerate(names)
        ],
    }


def cost_rows(part: PartResult) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the columns that some arm fills, and a row of texts per arm."""
    kinds = [kind for kind in words.COSTS if any(math.isfinite(getattr(arm.cost, kind)) for arm in part.arms)]
    rows = [
        {"arm": arm, "cells": [words.cost(kind, float(getattr(arm.cost, kind))) for kind in kinds]} for arm in part.arms
    ]
    return [words.COSTS[kind] for kind in kinds], rows


def warning_rows(part: PartResult) -> list[tuple[str, str]]:
    """Return `(whom it concerns, sentence)`."""
    rows = [("", _sentence(text)) for text in part.warnings]
    rows += [(arm.label, _sentence(text)) for arm in part.arms for text in arm.warnings]
    rows += [
        (arm.label, f"{words.plural(arm.missing, 'answer')} missing; each counts as wrong.")
        for arm in part.arms
        if arm.missing
    ]
    return rows


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _finite(arm: ArmResult, name: str) -> bool:
    return math.isfinite(arm.metrics[name].value)


def _count(row: Mapping[str, Any], side: str) -> int:
    value = row.get(side, 0)
    return int(value.get("samples", 0) if isinstance(value, Mapping) else value or 0)


def _counts(row: Mapping[str, Any], side: str, noun: str) -> str:
    value = row.get(side, 0)
    patients = value.get("patients") if isinstance(value, Mapping) else row.get(f"{side}_patients")
    samples = _count(row, side)
    if not samples:
        return words.DASH
    return f"{samples:,}" if patients in (None, samples) else f"{samples:,} ({words.plural(int(patients), noun)})"


def _round(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or value >= 10 else f"{value:.1f}"
