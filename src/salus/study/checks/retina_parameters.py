"""The parameter study of the two-branch network: which settings moved validation kappa, alone and together."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.metrics.anova import Effect, functional_anova
from salus.study.context import CheckContext, CheckRow

PART = "grid"
SETTINGS = ("optimizer", "learning_rate", "batch_size")
EPOCHS = "epochs"
METRIC = "valid_kappa_quadratic"
SHOWN = 10
WORDS = {"learning_rate": "learning rate", "batch_size": "batch size"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Validation kappa of every training.

    Attributes:
        values: `(optimizers, rates, batches, epochs, seeds)`.
        levels: Of each axis but the last.
        failed: Trainings that ended without a figure; they count as kappa 0, guessing.
    """

    values: NDArray[np.float64]
    levels: tuple[tuple[Any, ...], ...]
    failed: int


def effects(context: CheckContext) -> list[CheckRow]:
    """Divide the variance of validation kappa among settings; draw main effects and the strongest interaction."""
    grid = read_grid(context)
    names = (*SETTINGS, EPOCHS)
    found, noise = functional_anova(grid.values, names)
    single = [effect for effect in found if len(effect.names) == 1 and effect.names != ("rest",)]
    first, second = single[:2]
    _draw(context.folder / "parameters.png", grid, found, names)
    spans = [f"{_words(e.names)} {e.share:.2f} [{e.low:.2f}, {e.high:.2f}]" for e in (first, second)]
    rows = [
        CheckRow(
            kind="M",
            text="the two most influential settings, share of the variance of validation kappa over the whole grid",
            figure=f"{'; '.join(spans)} ({grid.values[..., 0, :].size} trainings)",
            met=bool(first.p < 0.05 and second.p < 0.05 and first.share > second.share),
        )
    ]
    for effect in found[:SHOWN]:
        rows.append(CheckRow(kind="R", text=f"effect of {_words(effect.names)}", figure=_figure(effect)))
    for axis, name in enumerate(names):
        main = next(effect for effect in single if effect.names == (name,))
        levels = [f"{level}: {mean:.3f}" for level, mean in zip(grid.levels[axis], main.means, strict=True)]
        rows.append(CheckRow(kind="R", text=f"mean validation kappa by {_words((name,))}", figure=", ".join(levels)))
    rows.append(
        CheckRow(
            kind="R",
            text="variance between seeds alone; trainings without a figure (they count as kappa 0)",
            figure=f"{noise:.3f} of the variance; {grid.failed}",
        )
    )
    return [*rows, _best(context, grid)]


def read_grid(context: CheckContext) -> Grid:
    """Read validation kappa after a third, two thirds and all of the epochs of each training.

    The learning rate is constant, so a training's first epochs are those of a shorter one.
    """
    part = context.part(PART)
    levels = [sorted({arm.set[name] for arm in part.arms}) for name in SETTINGS]
    longest = int(part.arms[0].set[EPOCHS])
    marks = tuple(max(1, round(longest * step / 3)) for step in (1, 2, 3))
    values = np.full((*map(len, levels), len(marks), part.seeds), np.nan)
    for arm in part.arms:
        place = tuple(found.index(arm.set[name]) for found, name in zip(levels, SETTINGS, strict=True))
        for seed in range(part.seeds):
            curve = _curve(context.study / "cells" / PART / arm.name / f"s{seed}_f0" / "history.csv")
            for step, epoch in enumerate(marks):
                values[(*place, step, seed)] = curve.get(epoch, np.nan)
    lost = int(np.isnan(values[..., -1, :]).sum())
    return Grid(values=np.nan_to_num(values), levels=(*map(tuple, levels), marks), failed=lost)


def _curve(path: Path) -> dict[int, float]:
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row.get(METRIC)]
    found = {int(row["epoch"]): float(row[METRIC]) for row in rows}
    return {epoch: value for epoch, value in found.items() if np.isfinite(value)}


def _best(context: CheckContext, grid: Grid) -> CheckRow:
    """Name the cell with the best validation kappa and its test kappa: one figure of many, and the luckiest."""
    last = grid.values[..., -1, :].mean(axis=-1)
    place = np.unravel_index(int(last.argmax()), last.shape)
    chosen = {name: grid.levels[axis][place[axis]] for axis, name in enumerate(SETTINGS)}
    arm = next(a for a in context.part(PART).arms if all(a.set[name] == value for name, value in chosen.items()))
    tests = []
    for seed in range(context.part(PART).seeds):
        facts = context.study / "cells" / PART / arm.name / f"s{seed}_f0" / "cell.json"
        tests.append(json.loads(facts.read_text(encoding="utf-8")).get("score", {}).get("kappa_quadratic", 0.0))
    words = ", ".join(f"{WORDS.get(name, name)} {value}" for name, value in chosen.items())
    near = int((last >= last.max() - 0.02).sum())
    return CheckRow(
        kind="R",
        text="the cell with the best validation kappa (chosen among many, so its own figure flatters) on the test part",
        figure=f"{words}: validation {last.max():.3f}, test {np.mean(tests):.3f}; {near} of {last.size} cells lie "
        "within 0.02 of it on validation",
    )


def _figure(effect: Effect) -> str:
    chance = "p < 0.001" if effect.p < 0.001 else f"p = {effect.p:.3f}"
    span = f"{effect.share:.3f} [{effect.low:.3f}, {effect.high:.3f}]"
    return f"{span} of the variance, {effect.clean:.3f} without noise, {chance}"


def _words(names: tuple[str, ...]) -> str:
    if names == ("rest",):
        return "three settings or more together"
    return " with ".join(WORDS.get(name, name) for name in names)


def _draw(path: Path, grid: Grid, found: list[Effect], names: tuple[str, ...]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 3).ravel()
    shown = found[:SHOWN][::-1]
    error = np.array([[max(e.share - e.low, 0.0) for e in shown], [max(e.high - e.share, 0.0) for e in shown]])
    axes[0].barh([_words(e.names) for e in shown], [e.share for e in shown], xerr=error, color="#4477aa")
    axes[0].set_xlabel("share of the variance")
    for axis, name in enumerate(names):
        others = tuple(a for a in range(grid.values.ndim) if a != axis)
        low, high = np.percentile(grid.values, [25, 75], axis=others)
        steps = np.arange(len(grid.levels[axis]))
        axes[1 + axis].fill_between(steps, low, high, color="#4477aa", alpha=0.2)
        axes[1 + axis].plot(steps, grid.values.mean(axis=others), "o-", color="#4477aa")
        axes[1 + axis].set_xticks(steps, [str(level) for level in grid.levels[axis]])
        axes[1 + axis].set(xlabel=WORDS.get(name, name), ylabel="validation kappa", ylim=(-0.1, 1.0))
    pair = next(effect.names for effect in found if len(effect.names) > 1)
    one, two = (names.index(name) for name in pair)
    others = tuple(a for a in range(grid.values.ndim) if a not in (one, two))
    table = grid.values.mean(axis=others)
    drawn = axes[5].imshow(table, vmin=0.0, vmax=1.0, cmap="viridis", aspect="auto")
    for row, column in np.ndindex(*table.shape):
        axes[5].text(column, row, f"{table[row, column]:.2f}", ha="center", va="center", color="white")
    axes[5].set_yticks(range(table.shape[0]), [str(level) for level in grid.levels[one]])
    axes[5].set_xticks(range(table.shape[1]), [str(level) for level in grid.levels[two]])
    axes[5].set(xlabel=WORDS.get(pair[1], pair[1]), ylabel=WORDS.get(pair[0], pair[0]))
    figure.colorbar(drawn, ax=axes[5], label="validation kappa")
    figure.savefig(path, dpi=100)
