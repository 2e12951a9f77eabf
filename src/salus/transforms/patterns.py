"""Regular patterns: sets of items that recur in a list of transactions often and without a long gap.

Source: the regularity of Tanbeer, Ahmed, Jeong and Lee 2009 (IEICE Trans. Inf. Syst. E92.D:2082-2091): the longest gap
between occurrences, the list's two ends included; the search joins vertical id lists depth-first as Zaki 2000 (IEEE
Trans. Knowl. Data Eng. 12:372-390). Support and regularity can only get worse when an item is added, so a failing
pattern ends its branch.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A regular set of items.

    Attributes:
        items: In increasing order.
        support: Transactions that hold all of them.
        gap: Longest distance, in transactions, between two neighbouring occurrences or an occurrence and an end.
    """

    items: tuple[int, ...]
    support: int
    gap: int


def regular_patterns(
    transactions: Sequence[Collection[int]], *, longest_gap: int, support: int, most_items: int | None = None
) -> list[Pattern]:
    """Find every set of items with at least `support` occurrences and no gap above `longest_gap`.

    Args:
        transactions: N collections of items, in their order in time.
        longest_gap: Lambda, at least 1.
        support: Sigma, at least 1.
        most_items: Largest pattern; None for no limit.

    Returns:
        Patterns ordered by their items.

    Raises:
        DataError: A threshold below 1.

    >>> [p.items for p in regular_patterns([{1, 2}, {1}, {1, 2}, {2}], longest_gap=2, support=2)]
    [(1,), (1, 2), (2,)]
    """
    if longest_gap < 1 or support < 1:
        raise DataError(f"longest gap {longest_gap} and support {support} must both be at least 1")
    lists: dict[int, list[int]] = {}
    for number, transaction in enumerate(transactions, start=1):
        for item in set(transaction):
            lists.setdefault(int(item), []).append(number)
    count = len(transactions)
    found: list[Pattern] = []

    def regular(ids: NDArray[np.int64]) -> bool:
        return len(ids) >= support and pattern_gap(ids, count) <= longest_gap

    def extend(items: tuple[int, ...], ids: NDArray[np.int64], rest: list[tuple[int, NDArray[np.int64]]]) -> None:
        found.append(Pattern(items=items, support=len(ids), gap=pattern_gap(ids, count)))
        if most_items is not None and len(items) >= most_items:
            return
        joined = [(item, np.intersect1d(ids, other, assume_unique=True)) for item, other in rest]
        kept = [(item, ids_both) for item, ids_both in joined if regular(ids_both)]
        for place, (item, ids_both) in enumerate(kept):
            extend((*items, item), ids_both, kept[place + 1 :])

    single = [(item, np.array(lists[item], dtype=np.int64)) for item in sorted(lists)]
    single = [(item, ids) for item, ids in single if regular(ids)]
    for place, (item, ids) in enumerate(single):
        extend((item,), ids, single[place + 1 :])
    return sorted(found, key=lambda pattern: pattern.items)


def pattern_gap(ids: NDArray[np.int64], count: int) -> int:
    """Return the longest gap of occurrences `ids` (from 1, increasing) in a list of `count` transactions.

    >>> pattern_gap(np.array([2, 3, 7]), 10)
    4
    """
    return int(np.diff(np.concatenate([[0], ids, [count]])).max())
