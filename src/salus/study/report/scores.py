"""Scores with their intervals, their spread and their price, drawn."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup, escape

from salus.study.report.ink import INK, MUTED, Look, canvas, svg
from salus.study.report.text import unit
from salus.study.report.words import amount, interval, metric_label, score
from salus.study.result import ArmResult, Comparison, Estimate, PartResult

WIDTH, HEIGHT = 260.0, 26.0
"""Of the interval graphic in a table's row, in SVG units."""


def interval_cells(part: PartResult, looks: Mapping[str, Look]) -> dict[str, Markup]:
    """Return a small interval graphic for each arm, all on one scale, for the cells of a table."""
    found = {arm.name: arm.metrics[part.primary] for arm in part.arms if part.primary in arm.metrics}
    span = score_span(part)
    if span is None:
        return {}
    best = _best(part)
    return {name: _row(row, span, looks[name], part.primary, best) for name, row in found.items()}


def difference_cells(rows: Sequence[Comparison]) -> list[Markup]:
    """Return a small interval graphic for each difference, with a line at zero."""
    kept = _close([(row.difference, (row.low, row.high)) for row in rows], 0.0)
    span = _span([value for found in kept for value in found] + [0.0])
    if span is None:
        return [Markup("")] * len(rows)
    zero = _at(0.0, span)
    cells = []
    for row in rows:
        text = (
            f"{score(row.difference, row.metric, signed=True)}, {interval(row.low, row.high, row.metric, signed=True)}"
        )
        colour = {"a": "var(--good)", "b": "var(--bad)"}.get(row.verdict, "var(--muted)")
        body = f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="1" y2="{HEIGHT - 1:.0f}"/>'
        body += _whisker(row.low, row.difference, row.high, span, colour, 4.5)
        cells.append(_cell(body, text))
    return cells


def axis_label(part: PartResult) -> str:
    """Return the range that the interval graphics span, in words."""
    span = score_span(part)
    return "" if span is None else f"{score(span[0], part.primary)} … {score(span[1], part.primary)}"


def score_span(part: PartResult) -> tuple[float, float] | None:
    """Return the range of scores that is drawn: all arms but those that fall far behind the rest."""
    rows = [arm.metrics[part.primary] for arm in part.arms if part.primary in arm.metrics]
    kept = _close([(row.value, (row.low, row.value, row.high, *row.seeds)) for row in rows], _best(part))
    return _span([value for found in kept for value in found])


def spread(part: PartResult, looks: Mapping[str, Look]) -> Markup | None:
    """Draw every seed and fold of every arm beside the interval over patients."""
    arms = [arm for arm in part.arms if part.primary in arm.metrics and math.isfinite(arm.metrics[part.primary].value)]
    if not any(len(arm.metrics[part.primary].seeds) > 1 or len(arm.metrics[part.primary].folds) > 1 for arm in arms):
        return None
    figure, axes = canvas(9.2, 0.95 + 0.46 * len(arms))
    axis = axes[0, 0]
    rng = np.random.default_rng(0)
    for place, arm in enumerate(arms):
        row, look = arm.metrics[part.primary], looks[arm.name]
        axis.plot([row.low, row.high], [place, place], color=look.colour, linewidth=7, alpha=0.2, solid_capstyle="butt")
        if len(row.folds) > len(row.seeds):
            height = place + rng.uniform(-0.24, 0.24, len(row.folds))
            axis.plot(row.folds, height, ".", color=look.colour, markersize=4, alpha=0.5)
        axis.plot(row.seeds, [place] * len(row.seeds), look.marker, color=look.colour, markersize=7, alpha=0.85,
                  markeredgecolor=INK, markeredgewidth=0.4)  # fmt: skip
    span = score_span(part)
    folds = [value for arm in arms for value in arm.metrics[part.primary].folds]
    if span and folds:
        reach = 2 * (span[1] - span[0])
        near = [value for value in folds if span[0] - reach <= value <= span[1] + reach]
        low, high = min(span[0], *near), max(span[1], *near)
        axis.set_xlim(low - 0.02 * (high - low), high + 0.02 * (high - low))
        for place, arm in enumerate(arms):
            value = arm.metrics[part.primary].value
            if not low <= value <= high:
                side = 0.01 if value < low else 0.99
                text = f"\N{LEFTWARDS ARROW} {score(value)}" if value < low else f"{score(value)} \N{RIGHTWARDS ARROW}"
                axis.text(side, place, text, transform=axis.get_yaxis_transform(), color=looks[arm.name].colour,
                          fontsize=9, va="center", ha="left" if value < low else "right")  # fmt: skip
    axis.set_yticks(range(len(arms)), [arm.label for arm in arms], fontsize=9.5, color=INK)
    axis.set_ylim(len(arms) - 0.45, -0.55)
    axis.grid(axis="y", visible=False)
    axis.set_xlabel(metric_label(part.primary))
    return svg(
        figure,
        f"spread {part.name}",
        f"{metric_label(part.primary)} of each seed and fold for {len(arms)} arms; interval over {unit(part)}s",
    )


def price(part: PartResult, looks: Mapping[str, Look]) -> Markup | None:
    """Draw the score against parameters, training time and latency, each on a logarithmic scale."""
    kinds = (("parameters", "Parameters"), ("fit_s", "Training time (s)"), ("latency_ms", "Time of one answer (ms)"))
    shown = [
        (kind, label)
        for kind, label in kinds
        if sum(_cost(arm, kind) > 0 and part.primary in arm.metrics for arm in part.arms) > 1
    ]
    if not shown:
        return None
    from matplotlib.ticker import LogLocator, NullLocator

    figure, axes = canvas(3.2 * len(shown), 3.0, columns=len(shown), sharey=True)
    for axis, (kind, label) in zip(axes[0], shown, strict=True):
        axis.set_xscale("log")
        axis.set_xlabel(label)
        for arm in part.arms:
            if _cost(arm, kind) > 0 and part.primary in arm.metrics:
                row, look = arm.metrics[part.primary], looks[arm.name]
                axis.plot([_cost(arm, kind)] * 2, [row.low, row.high], color=look.colour, linewidth=1.4, alpha=0.6)
                axis.plot(_cost(arm, kind), row.value, look.marker, color=look.colour, markersize=8,
                          markeredgecolor=INK, markeredgewidth=0.4)  # fmt: skip
        prices = np.log10(
            [_cost(arm, kind) for arm in part.arms if _cost(arm, kind) > 0 and part.primary in arm.metrics]
        )
        # Whole decades, so that even arms of one price get a scale that can be read.
        axis.set_xlim(10 ** np.floor(prices.min() - 0.1), 10 ** np.ceil(prices.max() + 0.1))
        axis.xaxis.set_major_locator(LogLocator(numticks=6))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_major_formatter(lambda value, _: amount(value))
    axes[0, 0].set_ylabel(metric_label(part.primary))
    for axis in axes[0]:
        axis.xaxis.label.set_color(MUTED)
    return svg(
        figure, f"price {part.name}", f"{metric_label(part.primary)} against cost; the cost table gives the figures"
    )


def _cost(arm: ArmResult, kind: str) -> float:
    value = float(getattr(arm.cost, kind))
    return value if math.isfinite(value) else 0.0


def _best(part: PartResult) -> float:
    sign = part.directions.get(part.primary, 1)
    values = [sign * arm.metrics[part.primary].value for arm in part.arms if part.primary in arm.metrics]
    values = [value for value in values if math.isfinite(value)]
    return sign * max(values) if values else math.nan


def _close(rows: Sequence[tuple[float, tuple[float, ...]]], centre: float) -> list[tuple[float, ...]]:
    """Leave out rows that would squeeze all others: four times as far from the centre as the next one."""
    rows = sorted((row for row in rows if math.isfinite(row[0])), key=lambda row: abs(row[0] - centre))
    while len(rows) > 2 and abs(rows[-1][0] - centre) > 4 * abs(rows[-2][0] - centre) > 0:
        rows = rows[:-1]
    return [found for _, found in rows]


def _span(values: Sequence[float]) -> tuple[float, float] | None:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    pad = 0.04 * (high - low) or 0.01
    return low - pad, high + pad


def _at(value: float, span: tuple[float, float]) -> float:
    return 6 + (WIDTH - 12) * (value - span[0]) / (span[1] - span[0])


def _row(row: Estimate, span: tuple[float, float], look: Look, metric: str, best: float) -> Markup:
    if not all(math.isfinite(value) for value in (row.low, row.value, row.high)):
        return Markup("")
    middle = HEIGHT / 2
    body = ""
    if math.isfinite(best):
        x = _at(best, span)
        body += f'<line class="zero" x1="{x:.1f}" x2="{x:.1f}" y1="1" y2="{HEIGHT - 1:.0f}"/>'
    for seed in row.seeds if len(row.seeds) > 1 else ():
        if span[0] <= seed <= span[1]:
            body += (
                f'<circle cx="{_at(seed, span):.1f}" cy="{middle + 8:.0f}" r="1.8" fill="{look.css}" opacity="0.6"/>'
            )
    body += _whisker(row.low, row.value, row.high, span, look.css, 5.5)
    return _cell(body, f"{score(row.value, metric)}, {interval(row.low, row.high, metric)}")


def _whisker(low: float, value: float, high: float, span: tuple[float, float], colour: str, radius: float) -> str:
    if not all(math.isfinite(number) for number in (low, value, high)):
        return ""
    y = HEIGHT / 2 - 1
    if not span[0] <= value <= span[1]:
        x, way = (4.0, 9) if value < span[0] else (WIDTH - 4, -9)
        return f'<path d="M{x:.0f} {y}l{way} -5v10z" fill="{colour}"/>'
    a, x, b = (_at(min(max(number, span[0]), span[1]), span) for number in (low, value, high))
    lines = f"M{a:.1f} {y}H{b:.1f}M{a:.1f} {y - 4}v8M{b:.1f} {y - 4}v8"
    return (
        f'<path d="{lines}" stroke="{colour}" stroke-width="2" fill="none"/>'
        f'<circle cx="{x:.1f}" cy="{y}" r="{radius}" fill="{colour}"/>'
    )


def _cell(body: str, label: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and constants, the label is escaped
        f'<svg class="interval" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="{escape(label)}">'
        f"{body}</svg>"
    )
