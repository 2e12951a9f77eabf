"""What a leak rule found, in words a person can act on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

SIDES = ("", "train", "valid", "test")
SHOWN = 50
"""Lines of evidence that a finding keeps; `Finding.count` tells how many there are."""


class Split(Protocol):
    """Index arrays of one fold; an array may be empty."""

    @property
    def train(self) -> Any:
        """Indices the systems learn from."""

    @property
    def valid(self) -> Any:
        """Indices that choose thresholds and epochs."""

    @property
    def test(self) -> Any:
        """Indices that are scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The answer of one rule.

    Attributes:
        rule: `patient`, `duplicate`, `duplicate_inside`, `near_duplicate`, `window` or `target`.
        passed: False where the rule found a leak.
        overridden: True where a leak was allowed by name; it stays in the report.
        reason: Why it was allowed, or what was left out of the search.
        evidence: Sentences that name samples, the first ones of `count`.
        count: Leaking samples (patients for `patient`, columns for `target`).
    """

    rule: str
    passed: bool
    overridden: bool = False
    reason: str = ""
    evidence: tuple[str, ...] = ()
    count: int = 0


def sides(splits: Sequence[Split], total: int) -> NDArray[np.int8]:
    """Return the side of every sample in every split, `(S, N)`: an index into `SIDES`."""
    table = np.zeros((len(splits), total), dtype=np.int8)
    for row, split in zip(table, splits, strict=True):
        for code, name in enumerate(SIDES[1:], start=1):
            row[np.asarray(getattr(split, name), dtype=np.int64)] = code
    return table


def crossing(table: NDArray[np.int8], first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each pair of samples the first split that separates them, `(P,)`, or -1 where none does."""
    found = np.full(len(first), -1, dtype=np.int64)
    for number, row in enumerate(table):
        apart = (row[first] != row[second]) & (row[first] > 0) & (row[second] > 0)
        found[apart & (found < 0)] = number
    return found


def label(table: NDArray[np.int8], split: int, index: int, ids: Mapping[int, str]) -> str:
    """Name a sample by side, position in the dataset and id: `valid/12 'p7_3'`."""
    return f"{SIDES[table[split, index]]}/{index} {ids[int(index)]!r}"


def where(table: NDArray[np.int8], split: int) -> str:
    """Name the split where there are several."""
    return f"split {split + 1}: " if len(table) > 1 else ""


def shown(lines: Iterable[str]) -> tuple[str, ...]:
    """Keep the lines that fit into a report."""
    return tuple(line for line, _ in zip(lines, range(SHOWN), strict=False))
