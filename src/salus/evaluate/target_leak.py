"""Inputs that give the answer away: defining columns, and single columns or image regions that decide the target."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.evaluate.finding import Finding, shown
from salus.evaluate.fingerprint import Facts
from salus.metrics.likeness import EDGE

# The strongest single measurement of the 30 of WDBC has an AUROC of 0.975, so an honest strong column passes.
DECIDES = 0.999
RANKS = 0.9999
SMALLEST = 5
"""A class with fewer samples is separated by chance and is not asked."""


def target_leak(facts: Facts, defining: Sequence[str] = ()) -> Finding:
    """Report columns that define the target, equal it, order it or separate its classes.

    Args:
        facts: Of the samples that some split uses.
        defining: Columns that define the target and must not be inputs.
    """
    lines = [f"column {name!r} defines the target and is an input" for name in defining if name in facts.rows]
    told = [k for k in facts.index if facts.targets[k] is not None]
    target = np.array([facts.targets[k] for k in told])
    if len(told) >= 2 * SMALLEST and len(np.unique(target)) > 1:
        lines += [line for name, line in _columns(facts, told, target) if name not in defining]
        if target.dtype.kind == "i":
            lines += _regions(facts, told, target)
    return Finding(rule="target", passed=not lines, evidence=shown(lines), count=len(lines))


def _columns(facts: Facts, told: Sequence[int], target: NDArray[Any]) -> list[tuple[str, str]]:
    lines = []
    for name, cells in facts.rows.items():
        values = [cells.get(k, np.nan) for k in told]
        if any(isinstance(value, str) for value in values):
            why = _purity(values, target)
        else:
            numbers = np.array(values, dtype=np.float64)
            why = _number(numbers, target) or (_purity(values, target) if len(np.unique(numbers)) <= 20 else "")
        if why:
            lines.append((name, f"{'' if name.startswith(('size of', 'letters of')) else 'column '}{name!r} {why}"))
    return lines


def _number(values: NDArray[np.float64], target: NDArray[Any]) -> str:
    known = np.isfinite(values)
    if target.dtype.kind != "i":
        if known.mean() < 0.5 or np.ptp(values[known]) == 0:
            return ""
        if np.array_equal(values[known], target[known]):
            return "equals the target"
        rank = abs(np.corrcoef(_ranks(values[known, None])[:, 0], _ranks(target[known, None])[:, 0])[0, 1])
        return f"orders the target (rank correlation {rank:.5f})" if rank >= RANKS else ""
    if _separates(known.astype(np.float64)[:, None], target)[0] >= DECIDES:
        return "tells the target by being missing"
    if known.mean() >= 0.5:
        score = _separates(values[known, None], target[known])[0]
        if score >= DECIDES:
            return f"separates the classes alone (AUROC {score:.4f})"
    return ""


def _purity(values: Sequence[float | str], target: NDArray[Any]) -> str:
    """Judge a column of few values: does each value belong to one answer?"""
    if target.dtype.kind != "i":
        return ""
    tables: dict[Any, Counter[int]] = {}
    for value, answer in zip(values, target.tolist(), strict=True):
        key = "missing" if isinstance(value, float) and np.isnan(value) else value
        tables.setdefault(key, Counter())[answer] += 1
    if len(tables) > len(target) / 10 or len(tables) < 2:
        return ""
    right = sum(max(table.values()) for table in tables.values()) / len(target)
    base = max(Counter(target.tolist()).values()) / len(target)
    # Naming the class that fills almost everything is no knowledge: the errors must shrink a hundredfold.
    return f"names the target alone (right in {right:.2%})" if 1 - right <= 0.01 * (1 - base) else ""


def _regions(facts: Facts, told: Sequence[int], target: NDArray[Any]) -> list[str]:
    """Look for a cell of the picture (mean, darkest or brightest value) that separates the classes alone."""
    lines = []
    means: dict[str, dict[int, NDArray[np.float32]]] = {
        name: dict(zip(places, vectors, strict=True))
        for (name, size), (places, vectors) in facts.shapes.items()
        if size == EDGE[2] ** 2 and name in facts.extremes
    }
    for name, by_mean in means.items():
        rows = [k for k in told if k in by_mean]
        if len(rows) < len(told) / 2:
            continue
        chosen = target[np.isin(told, rows)]
        values = np.stack([np.concatenate([by_mean[k], facts.extremes[name][k]]) for k in rows])
        blocks = (values[:, k : k + 192] for k in range(0, values.shape[1], 192))  # ranks take memory
        scores = np.concatenate([_separates(block, chosen) for block in blocks])
        cells = np.flatnonzero(scores >= DECIDES) % EDGE[2] ** 2
        for cell in np.unique(cells).tolist():
            row, column = divmod(cell, EDGE[2])
            lines.append(f"{name!r}: the cell in row {row + 1}, column {column + 1} of {EDGE[2]} separates the classes")
    return lines


def _separates(values: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    """Return for each column the worst AUROC (or one minus it) over pairs of classes, `(F,)`."""
    sizes = Counter(target.tolist())
    classes = sorted(name for name, size in sizes.items() if size >= SMALLEST)
    if len(classes) < 2 or len(classes) > 20:
        return np.zeros(values.shape[1])
    worst = np.ones(values.shape[1])
    for k, low in enumerate(classes):
        for high in classes[k + 1 :]:
            chosen = (target == low) | (target == high)
            ranks = _ranks(values[chosen])
            positive = target[chosen] == high
            count = int(positive.sum())
            area = (ranks[positive].sum(axis=0) - count * (count + 1) / 2) / (count * (len(positive) - count))
            worst = np.minimum(worst, np.maximum(area, 1 - area))
            if worst.max() < DECIDES:
                return worst
    return worst


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=0))
