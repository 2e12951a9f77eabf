"""Curves of answers and of training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from salus.study.report.bands import Curve, calibration_curve, ranking_curves
from salus.study.report.cells import SeedMarks, places, read_history
from salus.study.report.ink import INK, MUTED, RULE, Look, canvas, svg
from salus.study.report.words import metric_label
from salus.study.result import ArmResult, PartResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 4
"""Panels beside one another."""


def answer_curves(
    part: PartResult, marks: Mapping[str, Mapping[int, SeedMarks]], looks: Mapping[str, Look]
) -> Markup | None:
    """Draw ROC, precision-recall and calibration curves of all arms with their bands."""
    arms = [arm for arm in part.arms if marks.get(arm.name) and _ranked(marks[arm.name])]
    if not arms:
        return None
    names = part.question.get("classes") or ()
    positive = str(part.question.get("positive") or (names[-1] if names else "")) if len(names) == 2 else ""
    figure, axes = canvas(9.6, 3.4, columns=3)
    for arm in arms:
        seeds, look = list(marks[arm.name].values()), looks[arm.name]
        roc, precision = ranking_curves(seeds, positive)
        _line(axes[0, 0], roc, look)
        _line(axes[0, 1], precision, look)
        _line(axes[0, 2], calibration_curve(seeds, positive), look, points=True)
    what = f" of {positive!r}" if positive else ", mean of the classes"
    _square(axes[0, 0], f"ROC{what}", "False-positive rate", "True-positive rate (sensitivity)")
    _square(axes[0, 1], f"Precision and recall{what}", "Recall (sensitivity)", "Precision")
    _square(axes[0, 2], "Calibration", "Stated probability", "Share that came true")
    for place in (0, 2):
        axes[0, place].plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (2, 3)))
    return svg(
        figure,
        f"curves {part.name}",
        f"ROC, precision-recall and calibration curves of {len(arms)} arms with 95 % bands; tables give the figures",
    )


def learning_curves(folder: Path, part: PartResult, looks: Mapping[str, Look]) -> Markup | None:
    """Draw each trained arm's loss and validation score over epochs, one thin line a training."""
    logs = {
        arm.name: [log for _, _, at in places(folder, part.name, arm.name) if (log := read_history(at))]
        for arm in part.arms
    }
    arms = [arm for arm in part.arms if logs[arm.name]]
    if not arms:
        return None
    rows = -(-len(arms) // COLUMNS)
    columns = min(len(arms), COLUMNS)
    figure, axes = canvas(2.4 * columns + 0.6, 4.0 * rows, columns=columns, rows=2 * rows)
    metric = f"valid_{part.primary}"
    limits = _limits([log[metric] for arm in arms for log in logs[arm.name] if metric in log])
    for place in range(rows * columns):
        upper, lower = axes[place // columns * 2, place % columns], axes[place // columns * 2 + 1, place % columns]
        if place >= len(arms):
            upper.set_visible(False)
            lower.set_visible(False)
            continue
        _training(upper, lower, arms[place], logs[arms[place].name], part.primary, looks[arms[place].name])
        if limits:
            lower.set_ylim(*limits)
        if place % columns == 0:
            upper.set_ylabel("Training loss")
            lower.set_ylabel(f"{metric_label(part.primary)}, validation")
    return svg(figure, f"learning {part.name}", "Training loss and validation score over epochs, one line a training")


def _training(
    upper: "Axes",
    lower: "Axes",
    arm: ArmResult,
    logs: Sequence[Mapping[str, NDArray[np.float64]]],
    primary: str,
    look: Look,
) -> None:
    from matplotlib.ticker import MaxNLocator

    width, alpha = (1.1, 0.75) if len(logs) <= 5 else (0.8, 0.45)
    for log in logs:
        loss = next((name for name in log if name != "seconds" and not name.startswith(("valid_", "train_", "lr"))), "")
        for axis, name, style in (
            (upper, loss, "-"),
            (lower, f"valid_{primary}", "-"),
            (lower, f"train_{primary}", ":"),
        ):
            if name in log and np.isfinite(log[name]).any():
                epochs = np.arange(1, len(log[name]) + 1)
                seen = np.isfinite(log[name])
                mark = look.marker if seen.sum() == 1 else None
                axis.plot(
                    epochs[seen], log[name][seen], style, color=look.colour, linewidth=width, alpha=alpha, marker=mark
                )
    upper.set_title(_short(arm.label))
    lower.set_xlabel("Epoch")
    for axis in (upper, lower):
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axis.yaxis.set_major_locator(MaxNLocator(4))


def _line(axis: "Axes", curve: Curve, look: Look, *, points: bool = False) -> None:
    if not len(curve.x):
        return
    axis.fill_between(curve.x, curve.low, curve.high, color=look.colour, alpha=0.13, linewidth=0)
    marker = look.marker if points else None
    axis.plot(curve.x, curve.y, color=look.colour, linewidth=1.6, linestyle=look.dashes, marker=marker, markersize=4)


def _square(axis: "Axes", title: str, x: str, y: str) -> None:
    axis.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=x, ylabel=y, aspect="equal")
    axis.set_title(title, color=INK, fontsize=10)
    axis.grid(color=RULE, linewidth=0.6, alpha=0.6)


def _ranked(seeds: Mapping[int, SeedMarks]) -> bool:
    return all(
        {"truth", "answered"} <= set(marks.columns) and any(name.startswith("p_") for name in marks.columns)
        for marks in seeds.values()
    )


def _limits(values: Sequence[NDArray[np.float64]]) -> tuple[float, float] | None:
    """Return the common range of all validation scores, cut where single early epochs would squeeze the rest."""
    flat = np.concatenate([row[np.isfinite(row)] for row in values]) if values else np.zeros(0)
    if not len(flat):
        return None
    low, high = np.quantile(flat, [0.02, 0.98]).tolist()
    pad = 0.12 * (high - low) or 0.01
    return low - pad, high + pad


def _short(text: str, letters: int = 27) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
