"""Write an attribution: the numbers, a picture a person can read, and its exam."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from salus.explain.attribution import Attribution
from salus.schema.files import write_text, write_with
from salus.schema.sample import Sample


def write_attribution(attribution: Attribution, sample: Sample, folder: Path) -> dict[str, Any]:
    """Write `attribution.npz`, `attribution.png` and `attribution.json` to a folder; return the JSON's content."""
    facts: dict[str, Any] = {
        "sample": sample.id,
        "method": attribution.method,
        "explained": attribution.subject,
        **{name: round(value, 4) for name, value in attribution.figures.items()},
    }
    names = list(attribution.names)
    if names:
        order = np.argsort(-np.abs(attribution.values))[:10]
        facts["largest"] = ", ".join(f"{names[i]} {attribution.values[i]:+.3g}" for i in order)

    def numbers(path: Path) -> None:
        with path.open("wb") as handle:
            np.savez_compressed(handle, allow_pickle=False, values=attribution.values, input=attribution.input)

    write_with(folder / "attribution.npz", numbers)
    write_with(folder / "attribution.png", lambda path: _draw(attribution, sample, names, path))
    write_text(folder / "attribution.json", json.dumps(facts, indent=1) + "\n")
    return facts


def _draw(attribution: Attribution, sample: Sample, names: list[str], path: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9}):
        values = attribution.values
        if names:
            figure = _bars(values, names, Figure)
        elif values.ndim >= 3 or (values.ndim == 2 and min(values.shape) > 16):
            figure = _maps(attribution, Figure)
        else:
            figure = _traces(attribution, Figure)
        figure.suptitle(f"{sample.id}: {attribution.subject} ({attribution.method})", fontsize=9)
        figure.savefig(path, format="png", dpi=130)


def _bars(values: Any, names: list[str], figure_type: Any) -> Any:
    flat = values
    order = np.argsort(-np.abs(flat))[:20][::-1]
    figure = figure_type(figsize=(6, 0.28 * len(order) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    # by place, not by name: the same word may stand in a text twice
    axes.barh(
        range(len(order)),
        flat[order],
        tick_label=[names[i] for i in order],
        color=np.where(flat[order] > 0, "#0072b2", "#d55e00"),
    )
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set_xlabel("contribution (positive speaks for the answer)")
    return figure


def _maps(attribution: Attribution, figure_type: Any) -> Any:
    image, values = attribution.input, attribution.values
    while image.ndim > 2:
        # Of channels or slices show the one that the map rests on most.
        best = int(np.abs(values).reshape(len(values), -1).sum(1).argmax())
        image, values = image[best], values[best]
    limit = float(np.abs(values).max()) or 1.0
    figure = figure_type(figsize=(8, 4), layout="constrained")
    for number, title in enumerate(("input", "attribution"), start=1):
        axes = figure.add_subplot(1, 2, number)
        axes.imshow(image, cmap="gray")
        if title == "attribution":
            shown = axes.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, alpha=0.6)
            figure.colorbar(shown, ax=axes, shrink=0.7)
        axes.set_title(title)
        axes.axis("off")
    return figure


def _traces(attribution: Attribution, figure_type: Any) -> Any:
    signal, values = np.atleast_2d(attribution.input), np.atleast_2d(attribution.values)
    limit = float(np.abs(values).max()) or 1.0
    figure = figure_type(figsize=(9, 1.1 * len(signal) + 1), layout="constrained")
    for number, (trace, share) in enumerate(zip(signal, values, strict=True), start=1):
        axes = figure.add_subplot(len(signal), 1, number)
        axes.plot(trace, color="black", linewidth=0.7)
        extent = (0, len(trace), float(trace.min()), float(trace.max()) + 1e-6)
        axes.imshow(share[None], aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, alpha=0.6, extent=extent)
    return figure
