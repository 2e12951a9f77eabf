"""Copies of a sample on two sides of a split: byte-equal, and nearly equal."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.evaluate.finding import Finding, Split, crossing, label, shown, sides, where
from salus.evaluate.fingerprint import Facts, gather
from salus.evaluate.near import COMPARED, near_pairs

Pairs = tuple[str, NDArray[np.int64], NDArray[np.int64]]
"""Input name, and the two samples of each pair."""
MEMBERS = 200
"""Of a larger group of equal inputs the first ones stand for all, to bound the number of pairs."""


def exact_duplicates(facts: Facts, table: NDArray[np.int8]) -> list[Finding]:
    """Report byte-equal inputs across sides, and inside one side as information."""
    leaks = _report(facts, table, _equal_pairs(facts.exact), "equals {} ({}, byte-equal)")
    lines, copies = [], set()
    for name, groups in facts.exact.items():
        for members in groups.values():
            second = np.asarray(members[1:], dtype=np.int64)
            side = _same_side(table, np.full(len(second), members[0]), second)
            for copy, split in zip(second[side >= 0], side[side >= 0], strict=True):
                copies.add(int(copy))
                text = f"{label(table, split, copy, facts.ids)} repeats {label(table, split, members[0], facts.ids)}"
                lines.append(f"{text} ({name}, byte-equal)")
    return [
        Finding(rule="duplicate", passed=not leaks, evidence=shown(leaks.values()), count=len(leaks)),
        Finding(rule="duplicate_inside", passed=True, evidence=shown(lines), count=len(copies)),
    ]


def near_duplicates(facts: Facts, table: NDArray[np.int8]) -> Finding:
    """Report nearly equal pictures, signals, rows and texts across sides; byte-equal ones are left to `duplicate`."""
    known = {pair for _, first, second in _equal_pairs(facts.exact) for pair in zip(first, second, strict=True)}
    thinned: list[str] = []
    fresh = []
    for name, first, second in (*_equal_pairs(facts.loose), *_close_pairs(facts, table, thinned)):
        new = np.array([pair not in known for pair in zip(first, second, strict=True)], dtype=bool)
        fresh.append((name, first[new], second[new]))
    leaks = _report(facts, table, fresh, "nearly equals {} ({})")
    return Finding(
        rule="near_duplicate",
        passed=not leaks,
        reason="; ".join(thinned),
        evidence=shown(leaks.values()),
        count=len(leaks),
    )


def duplicates_to_drop(dataset: Dataset, splits: Sequence[Split], *, near: bool = False) -> tuple[int, ...]:
    """Return the fewest samples to leave out so that no copy stands on two sides.

    Where two copies meet, the one in the test part stays, then the one in the training part. Copies inside one side
    stay.

    Args:
        dataset: Any dataset.
        splits: The folds; a copy that any of them separates counts.
        near: Treat nearly equal samples as copies too.
    """
    table = sides(splits, len(dataset))
    facts = gather(dataset, np.flatnonzero(table.any(axis=0)).tolist())
    pairs = list(_equal_pairs(facts.exact))
    if near:
        pairs += [*_equal_pairs(facts.loose), *_close_pairs(facts, table, [])]
    against: dict[int, set[int]] = {}
    for _, first, second in pairs:
        apart = crossing(table, first, second) >= 0
        for i, j in zip(first[apart].tolist(), second[apart].tolist(), strict=True):
            against.setdefault(i, set()).add(j)
            against.setdefault(j, set()).add(i)
    rank = {1: 1, 2: 2, 3: 0, 0: 3}
    kept: set[int] = set()
    for index in sorted(against, key=lambda k: (rank[int(table[0, k])], k)):
        if not against[index] & kept:
            kept.add(index)
    return tuple(sorted(set(against) - kept))


def _report(facts: Facts, table: NDArray[np.int8], pairs: Iterable[Pairs], words: str) -> dict[int, str]:
    """Return one line for each held-out sample (test before valid) that a copy on another side gives away."""
    partners: dict[tuple[int, int], list[tuple[int, str]]] = {}
    for name, first, second in pairs:
        split = crossing(table, first, second)
        for i, j, s in zip(first[split >= 0], second[split >= 0], split[split >= 0], strict=True):
            held, other = (i, j) if table[s, i] > table[s, j] else (j, i)
            partners.setdefault((int(s), int(held)), []).append((int(other), name))
    lines: dict[int, str] = {}
    for (fold, held), others in sorted(partners.items()):
        other, name = others[0]
        more = f", and {len(others) - 1} more" if len(others) > 1 else ""
        text = words.format(label(table, fold, other, facts.ids), name)
        lines.setdefault(held, f"{where(table, fold)}{label(table, fold, held, facts.ids)} {text}{more}")
    return lines


def _equal_pairs(store: dict[str, dict[bytes, list[int]]]) -> Iterator[Pairs]:
    for name, groups in store.items():
        found = [
            np.asarray(members)[np.stack(np.triu_indices(min(len(members), MEMBERS), 1))]
            for members in groups.values()
            if len(members) > 1
        ]
        if found:
            first, second = np.concatenate(found, axis=1)
            yield name, first, second


def _close_pairs(facts: Facts, table: NDArray[np.int8], thinned: list[str]) -> Iterator[Pairs]:
    for (name, _), (positions, vectors) in facts.shapes.items():
        keep = np.arange(len(positions))
        if len(keep) > COMPARED:
            keep = np.linspace(0, len(positions) - 1, COMPARED).astype(np.int64)
            thinned.append(f"{COMPARED:,} of {len(positions):,} inputs {name!r} were compared")
        place = np.asarray(positions)[keep]
        first, second = near_pairs(np.stack([vectors[k] for k in keep]), table[:, place])
        yield name, place[first], place[second]


def _same_side(table: NDArray[np.int8], first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    same = (table[:, first] == table[:, second]) & (table[:, first] > 0)
    return np.where(same.any(axis=0), same.argmax(axis=0), -1)
