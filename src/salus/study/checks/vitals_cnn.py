"""Checks of the study `vitals_cnn` that are no training: the pattern miner, the planted groups, the groups in use."""

from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from salus.data.catalogue import vitals_stream
from salus.study.context import CheckContext, CheckRow
from salus.systems.cnn.vitals_cnn import VitalsCNN
from salus.transforms.grouping import rand_index
from salus.transforms.patterns import regular_patterns

DATABASES = 200


def miner(context: CheckContext) -> list[CheckRow]:
    """Compare the pattern miner with a search of every item set on random databases."""
    rng = np.random.default_rng(200)
    equal = patterns = 0
    for _ in range(DATABASES):
        held = rng.random((int(rng.integers(5, 40)), int(rng.integers(2, 8)))) < rng.uniform(0.2, 0.9)
        gap, support = int(rng.integers(1, 10)), int(rng.integers(1, 8))
        transactions = [np.flatnonzero(row).tolist() for row in held]
        mined = {p.items: (p.support, p.gap) for p in regular_patterns(transactions, longest_gap=gap, support=support)}
        equal += mined == _every_set(held, gap, support)
        patterns += len(mined)
    return [
        CheckRow(
            kind="M",
            text=f"pattern miner equals a search of every item set on {DATABASES} random databases",
            figure=f"{equal} of {DATABASES} equal, {patterns} patterns in all",
            met=equal == DATABASES,
        )
    ]


def groups(context: CheckContext) -> list[CheckRow]:
    """Compare the factor groups that each trained system found in `vitals_stream` with the planted ones."""
    truth = vitals_stream.planted().groups
    found = [rand_index(_partition(cell.system), truth) for cell in context.systems("stream_factors", "vitals_cnn")]
    figure = (
        f"mean {np.mean(found):.3f}, lowest {min(found):.3f} over {len(found)} trainings" if found else "no training"
    )
    return [
        CheckRow(
            kind="M",
            text="planted groups of vitals_stream recovered: Rand index at least 0.8",
            figure=figure,
            met=bool(found) and min(found) >= 0.8,
        )
    ]


def in_use(context: CheckContext) -> list[CheckRow]:
    """Print, for each target, the widest open gates and the most frequent regular pattern."""
    rows = []
    for part in ("diabetes", "hypertension", "obesity"):
        gates: dict[str, list[float]] = {}
        pattern = "none"
        for cell in context.systems(part, "vitals_cnn"):
            assert isinstance(cell.system, VitalsCNN)  # noqa: S101
            used = cell.system.factor_groups()
            for group in used:
                for name, gate in zip(group["factors"], group["gates"], strict=True):
                    gates.setdefault(name, []).append(gate)
            best = max((p for group in used for p in group["patterns"]), key=lambda p: p["support"], default=None)
            if best is not None:
                words = " with ".join(f"{level} {name}" for name, level in best["items"])
                pattern = f"{words} ({best['support']} rows, longest gap {best['gap']})"
        means = sorted(((float(np.mean(v)), name) for name, v in gates.items()), reverse=True)
        top = ", ".join(f"{name} {gate:.2f}" for gate, name in means[:5])
        low = ", ".join(f"{name} {gate:.2f}" for gate, name in means[-3:])
        figure = f"{top}; least: {low}; pattern: {pattern}"
        rows.append(CheckRow(kind="R", text=f"{part}: widest gates and a regular pattern", figure=figure))
    return rows


def _partition(system: object) -> NDArray[np.int64]:
    assert isinstance(system, VitalsCNN)  # noqa: S101
    clusters = system.fingerprint["clusters"]
    labels = np.full(sum(map(len, clusters)), -1, dtype=np.int64)
    for number, cluster in enumerate(clusters):
        labels[cluster] = number
    return labels


def _every_set(held: NDArray[np.bool_], longest_gap: int, support: int) -> dict[tuple[int, ...], tuple[int, int]]:
    """Return support and longest gap of every regular item set of transactions `(N, I)`."""
    count, items = held.shape
    found = {}
    for size in range(1, items + 1):
        for wanted in combinations(range(items), size):
            places = (np.flatnonzero(held[:, wanted].all(axis=1)) + 1).tolist()
            gap = max(after - before for before, after in pairwise([0, *places, count]))
            if len(places) >= support and gap <= longest_gap:
                found[wanted] = (len(places), gap)
    return found
