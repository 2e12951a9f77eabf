"""Range coder: exact, near the entropy, carries included, and damaged code ends in an error or other symbols."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salus.schema.errors import DataError
from salus.transforms import range_coder


def tables(seed: int, contexts: int = 4, symbols: int = 255, shape: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return range_coder.cumulative(rng.gamma(shape, 1.0, (contexts, symbols)) + 1e-9)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 400), shape=st.sampled_from([0.01, 0.1, 1.0, 50.0]))
def test_symbols_come_back(seed: int, count: int, shape: float) -> None:
    rng, rows = np.random.default_rng(seed), tables(seed, shape=shape).tolist()
    symbols, contexts = rng.integers(0, 255, count).tolist(), rng.integers(0, 4, count).tolist()
    assert range_coder.decode(range_coder.encode(symbols, contexts, rows), contexts, rows) == symbols


def test_length_is_the_entropy() -> None:
    rng, rows = np.random.default_rng(1), tables(1)
    chance = np.diff(rows, axis=1) / range_coder.TOTAL
    contexts = rng.integers(0, 4, 20_000)
    symbols = np.array([rng.choice(255, p=chance[context]) for context in contexts])
    code = range_coder.encode(symbols.tolist(), contexts.tolist(), rows.tolist())
    ideal = -np.log2(chance[contexts, symbols]).sum() / 8
    assert ideal - 8 <= len(code) <= 1.001 * ideal + 8


def test_carries_run_through_long_chains() -> None:
    """The most likely symbol at the top of the range pushes the low end to the edge again and again."""
    row = [0, 1, range_coder.TOTAL]
    for tail in range(40):
        symbols = [1] * 3000 + [0] * (tail % 3) + [1] * tail
        code = range_coder.encode(symbols, [0] * len(symbols), [row])
        assert range_coder.decode(code, [0] * len(symbols), [row]) == symbols


def test_tables_give_every_symbol_a_place() -> None:
    rows = range_coder.cumulative(np.array([[1.0, 0.0, 1e9], [0.0, 1.0, 0.0]]))
    assert (np.diff(rows, axis=1) >= 1).all()
    assert (rows[:, -1] == range_coder.TOTAL).all()


def test_cut_and_lengthened_code_is_refused() -> None:
    rows, rng = tables(2, shape=5.0).tolist(), np.random.default_rng(2)
    symbols = rng.integers(0, 255, 500).tolist()
    code = range_coder.encode(symbols, [0] * 500, rows)
    with pytest.raises(DataError, match="cut off"):
        range_coder.decode(code[: len(code) // 2], [0] * 500, rows)
    with pytest.raises(DataError, match="larger than its header"):
        range_coder.decode(code + b"\1" * 9, [0] * 500, rows)
