"""Rows of a mixed table as points of one space, and back: what a network reads and what a generator of rows writes.

A number becomes its normal score (the standard normal value at its rank in the training part) and a mark where it is
missing; a word becomes one column per word of the training part, after one for missing and one for every other word.
Rare words are *other*: a word that few patients have would name them. The learned part is plain JSON.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.dataset import Dataset
from salus.nets.tabular import RowEncoder, measure_rows, row_of
from salus.schema.sample import Row, Sample

KNOTS = 65
"""Quantiles that a number's scale is kept by."""
EDGE = 3.0
"""Normal scores end here: beyond, one in a thousand rows would decide the scale."""
MISSING, OTHER = 0, 1
"""Places of a word column's first two states."""
STEPS = (1.0, 0.5, 0.1, 0.05, 0.01)


def measure_space(train: Dataset, name: str = "row", *, fewest: int = 20, most: int = 400) -> dict[str, Any]:
    """Learn a table's space from its training part.

    Args:
        train: Samples with a `Row` of equal columns.
        name: Which input holds the row.
        fewest: Training rows that a word must stand in to have a state of its own.
        most: Words of a column that have one, the commonest first.

    Returns:
        JSON values for `RowSpace`.

    Raises:
        DataError: What `measure_rows` refuses.
    """
    learned = measure_rows(train, name)
    rows = [row_of(train[index], name).values for index in range(len(train))]
    for column in learned["columns"]:
        cells = [row[column["name"]] for row in rows]
        if column["kind"] == "word":
            counts = Counter(cell.strip() for cell in cells if isinstance(cell, str) and cell.strip())
            common = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
            column["categories"] = sorted(word for word, count in common if count >= fewest)
            column["gaps"] = sum(counts.values()) < len(cells)
            column["others"] = any(word not in column["categories"] for word in counts)
        else:
            known = np.array([float(cell) for cell in cells if not isinstance(cell, str) and cell is not None])
            known = known[np.isfinite(known)]
            column["knots"] = _knots(known)
            column["step"] = _step(known)
            column["gaps"] = len(known) < len(cells)
    return learned


class RowSpace:
    """Reads rows into `(N, F)` and writes such points as rows.

    Features stand in this order: the score of each number, the mark of each missing number, the states of each word.

    Attributes:
        encoder: Checks rows and reads them as they are.
        columns: Names of all columns.
        numbers: Names of the columns that hold numbers, P of them.
        words: Names of the columns that hold words.
        states: The states of each word column, by column: `("", other, word, ...)`.
        spans: First and last feature (exclusive) of each word column.
        features: Names of the features, F of them.
        possible: `(F,)` bool, false for gaps and other words where training had none: a generator never makes them.
    """

    def __init__(self, learned: Mapping[str, Any]) -> None:
        self.encoder = RowEncoder(learned)
        self.columns = self.encoder.columns
        known = list(learned["columns"])
        self._numbers = [c for c, column in enumerate(known) if column["kind"] == "number"]
        self._words = [c for c, column in enumerate(known) if column["kind"] == "word"]
        self.numbers = tuple(self.columns[c] for c in self._numbers)
        self.words = tuple(self.columns[c] for c in self._words)
        self._knots = [np.asarray(known[c]["knots"], dtype=np.float64) for c in self._numbers]
        self._steps = [float(known[c]["step"]) for c in self._numbers]
        self._grid = _grid()
        self.states = {self.columns[c]: ("", "other", *known[c]["categories"]) for c in self._words}
        self._codes = {name: codes for name, states in self.states.items() if (codes := _codes(states[2:]))}
        names = [*self.numbers, *(f"{name}?" for name in self.numbers)]
        spans, possible = [], [True] * len(self.numbers) + [bool(known[c]["gaps"]) for c in self._numbers]
        for c, (word, states) in zip(self._words, self.states.items(), strict=True):
            possible += [bool(known[c]["gaps"]), bool(known[c]["others"]), *[True] * (len(states) - 2)]
            spans.append((len(names), len(names) + len(states)))
            names += [f"{word}={state or 'missing'}" for state in states]
        self.spans, self.features, self.possible = tuple(spans), tuple(names), np.array(possible)

    def table(self, samples: Sequence[Sample]) -> NDArray[np.float64]:
        """Return `(N, C)`: numbers in their units, NaN where missing; words as the place of their state.

        Raises:
            DataError: A column too many or too few, an infinite number, a word where a number is needed or the reverse.
        """
        found = self.encoder.raw([self._worded(sample) for sample in samples])
        cells = found[:, self._words]
        found[:, self._words] = np.where(np.isnan(cells), MISSING, np.where(cells < 0, OTHER, cells + 2))
        return found

    def encode(self, samples: Sequence[Sample]) -> Tensor:
        """Return points `(N, F)` float32; errors as in `table`."""
        return torch.from_numpy(self.points(self.table(samples)))

    def points(self, table: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return `table`'s cells `(N, C)` as points `(N, F)`."""
        count, numbers = len(table), len(self.numbers)
        found = np.zeros((count, len(self.features)), dtype=np.float32)
        for place, (column, knots) in enumerate(zip(self._numbers, self._knots, strict=True)):
            cells = table[:, column]
            gap = np.isnan(cells)
            found[:, place] = np.where(gap, 0.0, self._score(np.where(gap, knots[0], cells), knots))
            found[:, numbers + place] = gap
        for (first, _), column in zip(self.spans, self._words, strict=True):
            found[np.arange(count), first + table[:, column].astype(np.int64)] = 1.0
        return found

    def cells(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return points `(N, F)` as cells `(N, C)`: the likeliest state of each word, numbers rounded as measured."""
        found = np.full((len(points), len(self.columns)), np.nan)
        numbers = len(self.numbers)
        for place, (column, knots) in enumerate(zip(self._numbers, self._knots, strict=True)):
            value = np.interp(np.clip(points[:, place], -EDGE, EDGE), self._grid, knots)
            step = self._steps[place]
            value = np.round(value / step) * step if step else value
            found[:, column] = np.where(points[:, numbers + place] > 0.5, np.nan, value)
        for (first, last), column in zip(self.spans, self._words, strict=True):
            found[:, column] = points[:, first:last].argmax(axis=1)
        return found

    def rows(self, points: NDArray[np.floating]) -> list[Row]:
        """Return points `(N, F)` as rows in original units; an *other* word is written as `other`."""
        table, found = self.cells(points), []
        for line in table:
            values: dict[str, float | str] = {}
            for column, name in enumerate(self.columns):
                states = self.states.get(name)
                # A step of a tenth leaves 98.60000000000001, which no thermometer wrote.
                values[name] = states[int(line[column])] if states else float(np.round(line[column], 10))
            found.append(Row(values=values))
        return found

    def state(self, points: Tensor, column: str) -> Tensor:
        """Return the place of a word column's likeliest state in points `(B, F)`, `(B,)`; 0 without such a column."""
        if column not in self.states:
            return torch.zeros(len(points), dtype=torch.int64, device=points.device)
        first, last = self.spans[self.words.index(column)]
        return points[:, first:last].argmax(dim=1)

    def others(self, table: NDArray[np.float64]) -> dict[str, int]:
        """Return how many cells of each word column of `table` hold a word that training did not know or set apart."""
        counts = {name: int((table[:, c] == OTHER).sum()) for name, c in zip(self.words, self._words, strict=True)}
        return {name: count for name, count in counts.items() if count}

    def _worded(self, sample: Sample) -> Sample:
        """Return the sample with codes as training wrote them: a table file's reader takes `01` for the number 1."""
        row = sample.inputs.get(self.encoder.input)
        if not isinstance(row, Row):
            return sample
        wrong = {name: row.values[name] for name in self._codes if isinstance(row.values.get(name), int | float)}
        words = {
            name: self._codes[name].get(float(cell), f"{cell:g}") for name, cell in wrong.items() if not np.isnan(cell)
        }
        return (
            replace(sample, inputs={**sample.inputs, self.encoder.input: Row(values={**row.values, **words})})
            if words
            else sample
        )

    def _score(self, values: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return normal scores; equal values of a heap get the middle of the scores that the heap spans."""
        low = np.interp(values, *_strict(knots, self._grid, last=False))
        high = np.interp(values, *_strict(knots, self._grid, last=True))
        return (low + high) / 2


def _codes(words: Sequence[str]) -> dict[float, str]:
    """Return the words of a column by the numbers that they read as; empty where one reads as none."""
    try:
        return {float(word): word for word in words}
    except ValueError:
        return {}


def _grid() -> NDArray[np.float64]:
    from scipy.special import ndtr, ndtri

    end = float(ndtr(EDGE))
    inner: NDArray[np.float64] = ndtri(np.linspace(1 - end, end, KNOTS))
    return inner


def _knots(values: NDArray[np.float64]) -> list[float]:
    """Return the training values at the grid's ranks, rising."""
    if not len(values):
        return [0.0] * KNOTS
    from scipy.special import ndtr

    found = np.quantile(values, ndtr(_grid()))
    found[0], found[-1] = values.min(), values.max()
    return [float(v) for v in found]


def _step(values: NDArray[np.float64]) -> float:
    """Return the coarsest of some steps that all values are multiples of; 0 where none fits."""
    for step in STEPS:
        multiple = values / step
        if len(values) and np.abs(multiple - np.round(multiple)).max() < 1e-6 * max(1.0, float(np.abs(multiple).max())):
            return step
    return 0.0


def _strict(
    knots: NDArray[np.float64], grid: NDArray[np.float64], *, last: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return different knots with the first or the last score of each."""
    if last:
        values, places = np.unique(knots[::-1], return_index=True)
        return values, grid[::-1][places]
    values, places = np.unique(knots, return_index=True)
    return values, grid[places]


def code_families(space: RowSpace, wide: int) -> list[tuple[str, ...]]:
    """Return word columns of more than `wide` states, together where only a number at the end tells them apart.

    `reason_1`, `reason_2` and `reason_3` hold codes of one kind and share their meaning.
    """
    families: dict[str, list[str]] = {}
    for name in space.words:
        if len(space.states[name]) > wide:
            families.setdefault(name.rstrip("0123456789").rstrip("_"), []).append(name)
    return [tuple(names) for names in families.values()]
