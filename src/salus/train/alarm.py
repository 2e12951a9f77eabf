"""The collapse alarm: reads a training's log and says where generated batches lost their diversity."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from salus.schema.recipe import DIVERSITY, Recipe, Watch


def alarms(history: Sequence[Mapping[str, Any]], recipe: Recipe) -> tuple[str, ...]:
    """Return one sentence for each stage in which the diversity of generated batches fell below the recipe's share.

    The first epochs of a stage (`Watch.after`) are not judged, the last planned one always is.

    Args:
        history: One row per epoch, as `FitResult.history`.
        recipe: Whose `watch` says what a collapse is; without one there is no alarm.
    """
    watch, found = recipe.watch, []
    for stage in recipe.stages if watch is not None else ():
        assert watch is not None  # noqa: S101
        rows = [row for row in history if row["stage"] == stage.name and DIVERSITY in row]
        judged = rows[min(math.ceil(watch.after * stage.epochs), max(0, stage.epochs - 1)) :]
        low = [row for row in judged if row[DIVERSITY] < watch.share]
        if low:
            worst = min(low, key=lambda row: row[DIVERSITY])
            found.append(
                f"stage {stage.name!r}: the generator collapsed: from epoch {low[0]['epoch']} on, in {len(low)} of "
                f"{len(judged)} epochs judged, generated batches had less than {watch.share:g} of the diversity of "
                f"real ones (lowest {worst[DIVERSITY]:.3f}, at the end {rows[-1][DIVERSITY]:.3f}); lower the "
                "generator's rate, or add a gradient penalty or packing"
            )
    return tuple(found)


def diversity_note(row: Mapping[str, Any], watch: Watch | None) -> list[str]:
    """Return the words about diversity for the progress line of an epoch; none where it is not watched."""
    if watch is None or DIVERSITY not in row:
        return []
    return [f"diversity {row[DIVERSITY]:.2f}" + (" (collapsed)" if row[DIVERSITY] < watch.share else "")]
