"""The honesty card of a generator that a study trained, with its conditions; one `[[check]]` a generator."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from salus.contract.dataset import Dataset, Subset
from salus.data.cohort import peek
from salus.data.library import open_data
from salus.data.suit import suit
from salus.evaluate.honesty.card import Figure
from salus.evaluate.honesty.examine import Examined, examine_system
from salus.evaluate.honesty.use import RELEVANCE, UTILITY
from salus.schema.errors import ConfigError, DataError
from salus.schema.files import write_text
from salus.schema.sample import Sample
from salus.study.context import CheckContext, CheckRow, TrainedCell
from salus.study.honesty_picture import draw_pairs
from salus.study.prepare import specification
from salus.study.report.honesty import write_honesty

DISTANCE = 0.15
GOALS = {
    "column": ("at most", DISTANCE),
    "correlation": ("at most", DISTANCE),
    "rules": ("at least", RELEVANCE),
    "utility": ("at least", UTILITY),
}
"""Figures that a study may turn into conditions with `bars`."""
MUST = ("share", "membership", "planted")
"""Figures that are conditions for every generator, and modes where they were planted; the rest decides the verdict."""
OPTIONS = ("part", "arm", "seeds", "bars", "title", "control")


def card(context: CheckContext) -> list[CheckRow]:
    """Audit what an arm generates against its test part, the control part that it never saw.

    Options of the `[[check]]`: `part` and `arm`; `seeds`, how many cells are audited (all, unless given); `bars`,
    which of `column`, `correlation`, `rules` and `utility` are conditions too; `title`, which stands before each line;
    `control`, options of the part's dataset under which it yields other samples of the training patients, which then
    take the test part's place: where few people are known, strangers differ too much to be a control.
    The figures of an arm that is an ablation are printed, no conditions: it is shown for what it does.
    The first cell's card is left as JSON and as a page with the nearest real people, and a picture for the report.

    Raises:
        ConfigError: An option that is missing, unknown or impossible.
    """
    part, arm, seeds, bars, title = _options(context.options)
    other = context.options.get("control", {})
    found: list[Examined] = []
    problem = ""
    for cell in context.systems(part, arm):
        if cell.fold or (seeds and cell.seed >= seeds):
            continue
        subject = f"{arm} on {context.part(part).data}, seed {cell.seed}"
        try:
            audit = examine_system(
                cell.system, _samples(cell.train), _control(context, part, cell, other), subject=subject, seed=cell.seed
            )
        except DataError as error:  # one class only, values that are not finite: the figure is that there is none
            problem = str(error)
            continue
        found.append(audit)
        if len(found) == 1:
            stem = re.sub(r"\W+", "_", f"honesty_{part}_{arm}")
            write_text(context.folder / f"{stem}.json", audit.card.to_json())
            write_honesty(context.folder / f"{stem}.html", audit.card, audit.pairs)
            draw_pairs(context.folder / f"{stem}.png", audit)
    name = title or f"{arm} ({part})"
    shown = any(own.name == arm and own.role == "ablation" for own in context.part(part).arms)
    rows = _rows(name, found, bars)
    rows = [dataclasses.replace(row, kind="R", met=None) for row in rows] if shown else rows
    return [*rows, _verdict(name, found, problem)]


def _rows(name: str, found: Sequence[Examined], bars: Sequence[str]) -> list[CheckRow]:
    rows = []
    for first in found[0].card.figures if found else ():
        figures = [audit.card.figure(first.key) for audit in found]
        values = [figure.value for figure in figures]
        planted = first.key == "modes" and "planted" in first.text
        must = first.key in (*MUST, *bars) or planted
        met = _met(first, values) if first.key not in bars else _goal(first.key, values)
        goal = first.goal if first.key not in bars else " ".join(map(str, GOALS[first.key]))
        note = f" ({first.note})" if first.note else ""
        rows.append(
            CheckRow(
                kind="M" if must else "R",
                text=f"{name}: {first.text}" + (f", {goal}" if goal else "") + note,
                figure=_spread(figures),
                met=met if must else None,
            )
        )
    return rows


def _verdict(name: str, found: Sequence[Examined], problem: str) -> CheckRow:
    refused = [audit.card for audit in found if audit.card.reasons]
    words = f"{len(found) - len(refused)} of {len(found)} seeds released" if found else "no card"
    if refused:
        words += f"; refused because {'; '.join(reason.split(' (')[0] for reason in refused[0].reasons)}"
    if problem:
        words += f"; a generator could not be audited: {problem}"
    return CheckRow(kind="R", text=f"{name}: verdict of the honesty card", figure=words)


def _met(first: Figure, values: Sequence[float]) -> bool:
    """Judge the mean over seeds by the limit of the first card."""
    limit = re.search(r"at (most|least) ([0-9.]+)", first.goal)
    mean = float(np.mean(values))
    if limit is None:
        return bool(first.met)
    return mean <= float(limit[2]) if limit[1] == "most" else mean >= float(limit[2])


def _goal(key: str, values: Sequence[float]) -> bool:
    word, limit = GOALS[key]
    mean = float(np.mean(values))
    return mean <= limit if word == "at most" else mean >= limit


def _spread(figures: Sequence[Figure]) -> str:
    if len(figures) == 1:
        return figures[0].words()
    digits = 0 if figures[0].key == "modes" else 3
    values = ", ".join(f"{figure.value:.{digits}f}" for figure in figures)
    mean = f"{np.mean([figure.value for figure in figures]):.{max(digits, 1)}f}"
    return f"{mean} (seeds {values}; first {figures[0].words()})"


def _options(options: Mapping[str, Any]) -> tuple[str, str, int, tuple[str, ...], str]:
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown or not options.get("part") or not options.get("arm"):
        wrong = f"unknown option {unknown[0]!r}" if unknown else "`part` and `arm` are needed"
        raise ConfigError(f"check honesty.card: {wrong}; it takes {', '.join(OPTIONS)}")
    bars = tuple(options.get("bars", ()))
    if set(bars) - set(GOALS):
        raise ConfigError(f"check honesty.card: bars = {list(bars)}; choose from {', '.join(GOALS)}")
    seeds = options.get("seeds", 0)
    if not isinstance(seeds, int) or seeds < 0:
        raise ConfigError(f"check honesty.card: seeds = {seeds!r}; give how many cells are audited")
    return str(options["part"]), str(options["arm"]), seeds, bars, str(options.get("title", ""))


def _control(context: CheckContext, part: str, cell: TrainedCell, other: Mapping[str, Any]) -> list[Sample]:
    """Return the cell's test part, or the training patients' samples that the part yields under other options."""
    if not other:
        return _samples(cell.test)
    plan = context.part(part)
    options = {**plan.options, **{str(key): str(value) for key, value in other.items()}}
    data = open_data(specification(dataclasses.replace(plan, options=options))).dataset
    people = {peek(cell.train, place).patient for place in range(len(cell.train))}
    own = Subset(data, [place for place in range(len(data)) if peek(data, place).patient in people])
    return _samples(suit(own, type(cell.system).card.inputs))


def _samples(data: Dataset) -> list[Sample]:
    return [data[i] for i in range(len(data))]
