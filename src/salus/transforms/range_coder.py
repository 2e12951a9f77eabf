"""Entropy coding of small integers under given frequencies: a byte-wise range coder with carry.

Source: Martin 1979, "Range encoding"; carries as in Schindler 1998. Tables are integers, so that encoder and decoder
agree on every machine.
"""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError

BITS = 16
TOTAL = 1 << BITS
_TOP, _BOTTOM = 1 << 32, 1 << 24
_AHEAD = 4
"""Bytes that the decoder reads before it needs them."""


def cumulative(weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return cumulative frequencies `(K, S + 1)` that end at `TOTAL`, with at least one for every symbol.

    Args:
        weights: `(K, S)`, not negative, each row with a positive sum.
    """
    count = weights.shape[1]
    share = weights / weights.sum(axis=1, keepdims=True)
    frequencies = 1 + np.floor(share * (TOTAL - count)).astype(np.int64)
    frequencies[np.arange(len(weights)), frequencies.argmax(axis=1)] += TOTAL - frequencies.sum(axis=1)
    return np.concatenate([np.zeros((len(weights), 1), np.int64), np.cumsum(frequencies, axis=1)], axis=1)


def encode(symbols: Sequence[int], contexts: Sequence[int], tables: Sequence[Sequence[int]]) -> bytes:
    """Return the code of symbols, each under the table of its context; about their entropy long.

    Args:
        symbols: Each from 0 to S - 1.
        contexts: Row of `tables` for each symbol.
        tables: Cumulative frequencies of each context, as `cumulative` gives them.
    """
    low, span, out = 0, _TOP - 1, bytearray()
    for symbol, context in zip(symbols, contexts, strict=True):
        row = tables[context]
        part = span >> BITS
        low += part * row[symbol]
        span = part * (row[symbol + 1] - row[symbol])
        if low >= _TOP:
            low -= _TOP
            _carry(out)
        while span < _BOTTOM:
            out.append(low >> 24)
            low = (low & (_BOTTOM - 1)) << 8
            span <<= 8
    return _finish(out, low, span)


def decode(data: bytes, contexts: Sequence[int], tables: Sequence[Sequence[int]]) -> list[int]:
    """Return the symbols that `encode` coded.

    Raises:
        DataError: The code ends too early, or goes on after the last symbol.
    """
    decoder = Decoder(data)
    symbols = [decoder.next(tables[context]) for context in contexts]
    decoder.finish()
    return symbols


class Decoder:
    """Reads symbols one by one, so that a context may depend on what came before.

    Args:
        data: What `encode` returned.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._code = int.from_bytes(data[:4].ljust(4, b"\0"), "big")
        self._span = _TOP - 1
        self._place = 4

    def next(self, row: Sequence[int]) -> int:
        """Return the next symbol under a table of cumulative frequencies.

        Raises:
            DataError: The code ended before.
        """
        part = self._span >> BITS
        value = min(self._code // part, TOTAL - 1)
        symbol = bisect_right(row, value) - 1
        self._code -= part * row[symbol]
        self._span = part * (row[symbol + 1] - row[symbol])
        while self._span < _BOTTOM:
            if self._place > len(self.data) + _AHEAD:
                raise DataError("the code ends before its last symbol; it was cut off, send it again")
            following = self.data[self._place] if self._place < len(self.data) else 0
            self._code = ((self._code << 8) | following) & (_TOP - 1)
            self._span <<= 8
            self._place += 1
        return symbol

    def finish(self) -> None:
        """Check that nothing follows the last symbol; `DataError` otherwise."""
        if len(self.data) > self._place:
            raise DataError(f"{len(self.data) - self._place} bytes follow the last symbol: larger than its header says")


def _carry(out: bytearray) -> None:
    place = len(out) - 1
    while out[place] == 0xFF:
        out[place] = 0
        place -= 1
    out[place] += 1


def _finish(out: bytearray, low: int, span: int) -> bytes:
    """Write the shortest number between low and low + span; the decoder takes missing bytes as zero."""
    for kept in range(5):
        unit = 1 << (32 - 8 * kept)
        value = -(-low // unit) * unit
        if value < low + span:
            break
    if value >= _TOP:
        value -= _TOP
        _carry(out)
    out += value.to_bytes(4, "big")[:kept]
    return bytes(out)
