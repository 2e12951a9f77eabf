"""Samples beside their nearest real neighbours as one picture for a study's report."""

import io
from pathlib import Path

import numpy as np

from salus.evaluate.honesty.examine import Examined, Pair
from salus.evaluate.honesty.space import Item, item_of
from salus.schema.files import write_bytes
from salus.schema.sample import Image, Row, Waveform
from salus.study.pictures import plane

SHOWN = 6


def draw_pairs(path: Path, audit: Examined) -> None:
    """Write synthetic samples over their nearest real ones; of rows, the distances instead.

    Args:
        path: A PNG file.
        audit: From `examine`.
    """
    from matplotlib.figure import Figure

    item = item_of(audit.pairs[0].made)[1]
    if isinstance(item, Row):
        figure = Figure(figsize=(6.4, 2.8), layout="constrained")
        axis = figure.subplots()
        edges = np.array(audit.card.distances["edges"])
        for side, colour in (("unseen", "tab:blue"), ("seen", "tab:red")):
            axis.stairs(audit.card.distances[side], edges, fill=True, alpha=0.45, color=colour, label=f"{side} person")
        axis.set_xlabel("distance of a synthetic row to the nearest real one")
        axis.legend(frameon=False)
    else:
        pairs = audit.pairs[:: max(1, len(audit.pairs) // SHOWN)][:SHOWN]
        figure = Figure(figsize=(1.7 * len(pairs), 3.9), layout="constrained")
        axes = np.atleast_2d(figure.subplots(2, len(pairs), squeeze=False))
        for column, pair in enumerate(pairs):
            for line, (sample, word) in enumerate(((pair.made, "synthetic"), (pair.real, "nearest real"))):
                _draw(axes[line, column], item_of(sample)[1], pair)
                axes[line, column].set_title(word if line else f"synthetic\nd = {pair.distance:.3g}", fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    write_bytes(path, buffer.getvalue())


def _draw(axis: object, item: Item, pair: Pair) -> None:
    if isinstance(item, Image):
        real = item_of(pair.real)[1]
        assert isinstance(real, Image)  # noqa: S101
        limits = (float(real.array.min()), float(real.array.max()))
        axis.imshow(plane(item.array), cmap="gray", vmin=limits[0], vmax=limits[1])  # type: ignore[attr-defined]
        axis.set_axis_off()  # type: ignore[attr-defined]
    elif isinstance(item, Waveform):
        axis.plot(item.array.T, linewidth=0.9)  # type: ignore[attr-defined]
        axis.tick_params(labelsize=6)  # type: ignore[attr-defined]
