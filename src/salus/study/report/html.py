"""One self-contained HTML page per study: no request leaves it, and it reads without scripts."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from salus.schema.files import write_text
from salus.study.report import words
from salus.study.report.ink import looks
from salus.study.report.pictures import attached
from salus.study.report.sections import section
from salus.study.report.text import bar_summary, ranking
from salus.study.result import ArmResult, PartResult, StudyResult

ROLES = {"system": "system", "baseline": "baseline", "ablation": "ablation"}


def write_report(folder: Path, result: StudyResult) -> Path:
    """Write `report.html` into a study's folder.

    Args:
        folder: With `cells/`, `thumbnails/` and `checks/`; whatever is missing there is left out of the page.
        result: What the study found.

    Returns:
        The page's path.
    """
    path = folder / "report.html"
    write_text(path, render(folder, result))
    return path


def render(folder: Path, result: StudyResult) -> str:
    """Return the page as text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("salus.study.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tight"] = tight
    arms = legend(result.parts)
    chosen = looks([arm.name for arm in arms])
    template = environment.get_template("report.html")
    return template.render(
        result=result,
        sections=[section(folder, part, chosen) | {"number": n} for n, part in enumerate(result.parts, 1)],
        looks=chosen,
        arms=arms,
        roles=ROLES,
        bars=bar_summary(result),
        glance=glance(result),
        facts=facts(result),
        attached=attached(folder),
        checksums=checksums(folder),
        glossary=glossary(result),
        label=words.metric_label,
    )


def tight(text: str) -> str:
    """Keep figures together with their signs and units at the end of a line."""
    return re.sub(r"(?<=[<=p\d]) (?=[<=%]|[\d])", "\N{NO-BREAK SPACE}", text)


def facts(result: StudyResult) -> list[tuple[str, str]]:
    """Return the study in figures, for the head of the page."""
    trainings = sum(len(next(iter(a.metrics.values())).folds) for p in result.parts for a in p.arms if a.metrics)
    rows = [("Date", str(result.environment.get("date", "")))]
    rows.append(("Questions", f"{len(result.parts)}"))
    rows.append(("Arms", f"{len({arm.name for part in result.parts for arm in part.arms})}"))
    rows.append(("Trainings", f"{trainings:,}"))
    rows.append(("Computing time", words.duration(result.seconds) if result.seconds else ""))
    rows.append(("Salus", str(result.environment.get("salus", ""))))
    return [(name, text) for name, text in rows if text]


def glance(result: StudyResult) -> list[dict[str, Any]]:
    """Return one row per arm with its primary metric in every part; empty for a study of one part."""
    if len(result.parts) < 2:
        return []
    best = {part.name: (ranked[0].name if (ranked := ranking(part)) else "") for part in result.parts}
    rows = []
    for arm in legend(result.parts):
        cells = []
        for part in result.parts:
            found = next((one for one in part.arms if one.name == arm.name), None)
            row = found.metrics.get(part.primary) if found else None
            cells.append(
                {
                    "value": words.score(row.value, part.primary) if row else "",
                    "interval": words.interval(row.low, row.high, part.primary) if row else "",
                    "best": best[part.name] == arm.name,
                }
            )
        rows.append({"arm": arm, "cells": cells})
    return rows


def legend(parts: Sequence[PartResult]) -> list[ArmResult]:
    """Return the first arm of each name over all parts."""
    found: dict[str, ArmResult] = {}
    for part in parts:
        for arm in part.arms:
            found.setdefault(arm.name, arm)
    return list(found.values())


def checksums(folder: Path) -> list[tuple[str, str]]:
    """Return the SHA-256 of the study file and of the results, which the page was made from."""
    rows = []
    for name in ("study.toml", "results.json"):
        path = folder / name
        if path.is_file():
            rows.append((name, hashlib.sha256(path.read_bytes()).hexdigest()))
    return rows


def glossary(result: StudyResult) -> list[tuple[str, str]]:
    """Return the words that the page uses and the metrics that occur, in order of the alphabet."""
    used = {name for part in result.parts for name in part.directions}
    rows = dict(words.GLOSSARY)
    rows.update({words.metric_label(name): text for name, text in words.METRIC_GLOSSARY.items() if name in used})
    return sorted(rows.items(), key=lambda row: row[0].lower())
