"""Check the conditions that a study file names."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from salus.evaluate.bootstrap import interval
from salus.study.collect import ArmMarks
from salus.study.plan import BarPlan
from salus.study.result import Bar, PartResult

Marks = Mapping[str, Mapping[str, ArmMarks]]
FAILED = 0.01
"""A rival that left more than this share of its answers out was not compared with: its zeros prove nothing."""


def check_bar(bar: BarPlan, parts: Sequence[PartResult], marks: Marks) -> Bar:
    """Judge one condition.

    A margin above zero asks for a mean paired difference of at least that much *and* an interval above zero; a margin
    of zero or below asks for the mean difference alone. Differences are signed so that positive means the arm is
    better, and are paired on the same patient resamples, averaged over the bar's parts. A comparison with a rival that
    failed is not met, whatever the figures: missing answers count as wrong for whoever gives them.
    """
    if bar.metric.startswith("cost."):
        return _cost_bar(bar, parts)
    if bar.versus:
        return _difference_bar(bar, parts, marks)
    value, replicates = _mean(bar.parts, bar.arm, bar.metric, marks)
    low, high = interval(replicates)
    met = True
    if bar.at_least is not None:
        met = met and value >= bar.at_least
    if bar.at_most is not None:
        met = met and value <= bar.at_most
    return Bar(
        kind=bar.kind,
        text=bar.text,
        figure=f"{value:.3f} [{low:.3f}, {high:.3f}]",
        met=bool(met) if bar.kind == "M" else None,
    )


def _difference_bar(bar: BarPlan, parts: Sequence[PartResult], marks: Marks) -> Bar:
    sign = {part.name: part.directions for part in parts}[bar.parts[0]][bar.metric]
    mine, my_replicates = _mean(bar.parts, bar.arm, bar.metric, marks)
    other, other_replicates = _mean(bar.versus_parts or bar.parts, bar.versus, bar.metric, marks)
    difference = sign * (mine - other)
    low, high = interval(sign * (my_replicates - other_replicates))
    met = None
    if bar.kind == "M" and bar.margin is not None:
        met = bool(difference >= bar.margin and (bar.margin <= 0 or low > 0))
    if bar.kind == "M" and bar.ratio_at_most is not None:
        met = bool(mine <= bar.ratio_at_most * other)
    figure = f"{mine:.3f} against {other:.3f}: {difference:+.3f} [{low:+.3f}, {high:+.3f}]"
    missing = _missing(bar.versus_parts or bar.parts, bar.versus, marks)
    if missing > FAILED:
        figure += f"; no comparison: {bar.versus} left out {100 * missing:.0f} % of its answers"
        met = None if met is None else False
    return Bar(kind=bar.kind, text=bar.text, figure=figure, met=met)


def _cost_bar(bar: BarPlan, parts: Sequence[PartResult]) -> Bar:
    field = bar.metric.removeprefix("cost.")
    mine = _cost(bar.parts, bar.arm, field, parts)
    met, figure = True, f"{mine:,.6g}"
    if bar.versus:
        other = _cost(bar.versus_parts or bar.parts, bar.versus, field, parts)
        figure = f"{mine:,.6g} against {other:,.6g} (ratio {mine / other:.3f})"
        met = bar.ratio_at_most is None or mine <= bar.ratio_at_most * other
    if bar.at_most is not None:
        met = met and mine <= bar.at_most
    if bar.at_least is not None:
        met = met and mine >= bar.at_least
    return Bar(kind=bar.kind, text=bar.text, figure=figure, met=bool(met) if bar.kind == "M" else None)


def _mean(names: Sequence[str], arm: str, metric: str, marks: Marks) -> tuple[float, NDArray[np.float64]]:
    values = [marks[name][arm].replicates.values[metric] for name in names]
    replicates = [marks[name][arm].replicates.resampled[metric] for name in names]
    return float(np.mean(values)), np.mean(replicates, axis=0)


def _missing(names: Sequence[str], arm: str, marks: Marks) -> float:
    """Return the share of an arm's answers that are missing, the worst part counting."""
    shares = []
    for name in names:
        found = marks[name][arm]
        asked = sum(len(ids) for ids, _, _ in found.judged)
        shares.append(sum(int(row.get("missing", 0)) for row in found.facts) / max(asked, 1))
    return max(shares)


def _cost(names: Sequence[str], arm: str, field: str, parts: Sequence[PartResult]) -> float:
    found = [dataclasses.asdict(a.cost)[field] for p in parts if p.name in names for a in p.arms if a.name == arm]
    return float(np.mean(found))
