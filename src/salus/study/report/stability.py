"""Curves that show whether networks that train against each other stayed in balance."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from markupsafe import Markup

from salus.schema.recipe import DIVERSITY, GAP
from salus.study.report.cells import places, read_history
from salus.study.report.ink import MUTED, Look, canvas, svg
from salus.study.result import PartResult

ROWS = ((DIVERSITY, "Diversity, real = 1"), (GAP, "Critic's gap"), ("gradient", "Gradient norm"))


def stability_curves(folder: Path, part: PartResult, looks: Mapping[str, Look]) -> Markup | None:
    """Draw diversity, critic's gap and gradient norms of every arm that logs them, one line a training.

    Solid lines of the third row are the generator's gradient norm, dotted ones those of its rivals.
    """
    logs = {
        arm.name: [log for _, _, at in places(folder, part.name, arm.name) if DIVERSITY in (log := read_history(at))]
        for arm in part.arms
    }
    arms = [arm for arm in part.arms if logs[arm.name]]
    if not arms:
        return None
    figure, axes = canvas(2.4 * len(arms) + 0.6, 5.4, columns=len(arms), rows=len(ROWS), sharey="row")
    for column, arm in enumerate(arms):
        axes[0, column].set_title(arm.label if len(arm.label) <= 27 else arm.label[:26] + "…")
        axes[0, column].axhline(1.0, color=MUTED, linewidth=0.8, linestyle=(0, (2, 3)))
        axes[-1, column].set_xlabel("Epoch")
        axes[-1, column].set_yscale("log")
        for log in logs[arm.name]:
            for axis, (name, _) in zip(axes[:, column], ROWS, strict=True):
                for key in (key for key in log if key.startswith(name)):
                    style = ":" if name == "gradient" and key != "gradient_generator" else "-"
                    epochs = np.arange(1, len(log[key]) + 1)
                    axis.plot(epochs, log[key], style, color=looks[arm.name].colour, linewidth=1.0, alpha=0.6)
    for axis, (_, label) in zip(axes[:, 0], ROWS, strict=True):
        axis.set_ylabel(label)
    return svg(figure, f"stability {part.name}", "Diversity of generated batches, critic's gap and gradient norms")
