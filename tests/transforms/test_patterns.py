"""The pattern miner against a search of every item set."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from salus.schema.errors import DataError
from salus.transforms.patterns import Pattern, pattern_gap, regular_patterns


def brute_force(transactions, longest_gap, support):
    items = sorted({item for transaction in transactions for item in transaction})
    found = []
    for size in range(1, len(items) + 1):
        for wanted in combinations(items, size):
            places = [n for n, t in enumerate(transactions, 1) if set(wanted) <= set(t)]
            edges = [0, *places, len(transactions)]
            gap = max(b - a for a, b in pairwise(edges))
            if len(places) >= support and gap <= longest_gap:
                found.append(Pattern(items=wanted, support=len(places), gap=gap))
    return sorted(found, key=lambda pattern: pattern.items)


def test_equals_brute_force_on_200_random_databases():
    rng = np.random.default_rng(39)
    total = 0
    for _ in range(200):
        count, items = int(rng.integers(1, 25)), int(rng.integers(1, 7))
        share = rng.uniform(0.2, 0.9)
        transactions = [np.flatnonzero(rng.random(items) < share).tolist() for _ in range(count)]
        gap, support = int(rng.integers(1, 8)), int(rng.integers(1, 6))
        mined = regular_patterns(transactions, longest_gap=gap, support=support)
        assert mined == brute_force(transactions, gap, support)
        total += len(mined)
    assert total > 500  # the agreement is not about empty lists


def test_gap_counts_both_ends():
    assert pattern_gap(np.array([5]), 5) == 5
    assert pattern_gap(np.array([1, 2, 3]), 9) == 6


def test_limits():
    transactions = [{1, 2, 3}] * 4
    assert max(len(p.items) for p in regular_patterns(transactions, longest_gap=1, support=1, most_items=2)) == 2
    assert regular_patterns([], longest_gap=1, support=1) == []
    with pytest.raises(DataError, match="at least 1"):
        regular_patterns(transactions, longest_gap=0, support=1)
