"""Count and measure values as they pass by, in bounded memory."""

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PER_ARRAY = 512
"""Values of one array that are kept for quantiles, evenly spaced; lowest, highest and missing are of all."""
KEPT = 65_536
"""Values that are kept in all; beyond, every second one is let go, again and again."""
WORDS = 5_000
"""Different words that are counted one by one."""
BARS = 24
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How values of one kind lie.

    Attributes:
        count: Values, the missing ones among them.
        missing: NaN and infinite ones, or empty cells.
        low: Least value, NaN where all are missing.
        high: Greatest value.
        quantiles: At 5, 25, 50, 75 and 95 %, of an even sample where there are very many values.
        edges: Borders of the histogram's bars, one more than bars; empty where all values are one.
        bars: Values in each bar, of the same sample.
        unit: Of the values.
    """

    count: int
    missing: int
    low: float
    high: float
    quantiles: tuple[float, ...]
    edges: tuple[float, ...] = ()
    bars: tuple[int, ...] = ()
    unit: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


class Numbers:
    """Numbers as they pass by."""

    def __init__(self, unit: str = "") -> None:
        self.unit = unit
        self.count = self.missing = 0
        self.low, self.high = math.inf, -math.inf
        self._kept: list[NDArray[np.float64]] = []
        self._single: list[float] = []
        self._stride = 1
        self._passed = 0

    def add(self, values: NDArray[Any]) -> None:
        """Take an array of any shape and real type."""
        flat = values.reshape(-1)
        self.count += flat.size
        if not flat.size:
            return
        if flat.dtype.kind == "f":
            finite = np.isfinite(flat)
            gone = int(flat.size - finite.sum())
            self.missing += gone
            flat = flat[finite] if gone else flat
            if not flat.size:
                return
        self.low, self.high = min(self.low, float(flat.min())), max(self.high, float(flat.max()))
        self._keep(flat[:: max(1, flat.size // PER_ARRAY)].astype(np.float64))

    def add_one(self, value: float) -> None:
        """Take one number."""
        self.count += 1
        if not math.isfinite(value):
            self.missing += 1
            return
        self.low, self.high = min(self.low, value), max(self.high, value)
        self._single.append(value)
        if len(self._single) >= 4096:
            self._flush()

    def spread(self) -> Spread:
        """Return what was seen."""
        self._flush()
        values = np.concatenate(self._kept) if self._kept else np.zeros(0)
        if not len(values):
            gap = float("nan")
            return Spread(count=self.count, missing=self.missing, low=gap, high=gap, quantiles=(), unit=self.unit)
        edges, bars = _histogram(values, self.low, self.high)
        return Spread(
            count=self.count,
            missing=self.missing,
            low=self.low,
            high=self.high,
            quantiles=tuple(float(value) for value in np.quantile(values, SHARES)),
            edges=edges,
            bars=bars,
            unit=self.unit,
        )

    def _flush(self) -> None:
        if self._single:
            taken, self._single = np.array(self._single), []
            self._keep(taken)

    def _keep(self, values: NDArray[np.float64]) -> None:
        chosen = values[(-self._passed) % self._stride :: self._stride]
        self._passed += len(values)
        if len(chosen):
            self._kept.append(chosen)
        while sum(map(len, self._kept)) > KEPT:
            joined = np.concatenate(self._kept)[::2]
            self._kept, self._stride = [joined], self._stride * 2


class Words:
    """Words as they pass by, counted up to a number of different ones."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.count = self.missing = 0
        self.more = False

    def add(self, word: str) -> None:
        """Take one word; the empty one is missing."""
        self.count += 1
        if not word:
            self.missing += 1
        elif word in self.counts or len(self.counts) < WORDS:
            self.counts[word] += 1
        else:
            self.more = True


def _histogram(values: NDArray[np.float64], low: float, high: float) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return borders and counts of bars; whole numbers of a small range get a bar each."""
    if not high > low:
        return (), ()
    whole = bool((values == np.round(values)).all()) and high - low < 2 * BARS
    edges = np.arange(low, high + 2) - 0.5 if whole else np.linspace(low, high, BARS + 1)
    if not np.isfinite(edges).all() or not (np.diff(edges) > 0).all():  # a range too wide or too narrow for bars
        return (), ()
    counts, _ = np.histogram(values, edges)
    return tuple(float(edge) for edge in edges), tuple(int(count) for count in counts)
