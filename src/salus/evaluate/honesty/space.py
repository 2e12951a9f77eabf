"""Samples as numbers that can be compared: rows standardised with words one by one, signals and images as they are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from salus.metrics.association import Column, is_number
from salus.metrics.weights import Floats
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Image, Row, Sample, Waveform

Item = Row | Waveform | Image
ROWS, SERIES, IMAGES = "rows", "series", "images"
CONDITION = "condition"
LARGEST = {2: (1024,), 3: (64, 64), 4: (24, 24, 24)}
"""Points, pixels or voxels an axis, by number of axes, to which larger arrays are averaged."""
CELLS = 32
"""Columns into which an array is cut where columns are compared."""
WORD = np.sqrt(0.5)
"""So that two rows that differ in one word are one standard deviation apart."""


def item_of(sample: Sample) -> tuple[str, Item]:
    """Return name and value of what a generator makes of a sample: its one row, signal or image.

    Raises:
        DataError: There is none, or more than one.
    """
    found = [
        (name, item)
        for name, item in sample.inputs.items()
        if isinstance(item, Row | Waveform | Image) and name != CONDITION
    ]
    if len(found) != 1:
        raise DataError(f"sample {sample.id}: {len(found)} rows, signals or images; synthesis makes exactly one")
    return found[0]


class Space:
    """What the training part says about scales, words and shapes; learnt from it alone.

    Args:
        train: Training samples, at least two.

    Raises:
        DataError: Samples that are not alike in kind or columns.
    """

    def __init__(self, train: Sequence[Sample]) -> None:
        if len(train) < 2:
            raise DataError(f"{len(train)} training samples; a generator's honesty needs more to be measured")
        self.name, first = item_of(train[0])
        self.first = first
        self.kind = ROWS if isinstance(first, Row) else SERIES if isinstance(first, Waveform) else IMAGES
        self.scale = 1.0
        self.plan: list[tuple[str, Any]] = []
        if isinstance(first, Row):
            table = self._table(train, tuple(first.values))
            self.plan = [(name, _learn(column)) for name, column in table.items()]
        else:
            self.scale = float(self._arrays(train).std()) or 1.0

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of a row's columns, or of an array's cells."""
        if self.kind == ROWS:
            return tuple(name for name, _ in self.plan)
        return tuple(f"cell {number}" for number in range(1, CELLS + 1))

    def table(self, samples: Sequence[Sample]) -> dict[str, Column]:
        """Return columns: those of rows, or means of at most 32 equal stretches of an array's values.

        Raises:
            DataError: A row with other columns than the training part.
        """
        if self.kind == ROWS:
            return self._table(samples, self.columns)
        flat = self._arrays(samples).reshape(len(samples), -1).astype(np.float64)
        parts = np.array_split(np.arange(flat.shape[1]), min(CELLS, flat.shape[1]))
        return {name: flat[:, part].mean(axis=1) for name, part in zip(self.columns, parts, strict=False)}

    def vectors(self, samples: Sequence[Sample]) -> Floats:
        """Return samples as `(N, D)`, in units of the training part's standard deviations.

        Of rows: numbers standardised, missing ones at the mean with a mark, words one column each. Of arrays: values.

        Raises:
            DataError: A sample of another kind.
            ShapeError: An array of another shape.
        """
        if self.kind != ROWS:
            return self._arrays(samples).reshape(len(samples), -1).astype(np.float64) / self.scale
        table = self._table(samples, self.columns)
        parts = [_encode(table[name], learnt) for name, learnt in self.plan]
        return np.concatenate(parts, axis=1)

    def names(self) -> tuple[str, ...]:
        """Return the name of each vector's entry, for rows."""
        found: list[str] = []
        for name, learnt in self.plan:
            words, gaps = learnt.get("words"), learnt["gaps"]
            found += [f"{name} = {word}" for word in words] if words is not None else [name]
            found += [f"{name} is missing"] if gaps and words is None else []
        return tuple(found)

    def owners(self) -> NDArray[np.int64]:
        """Return the column of a row that each vector's entry stands for."""
        widths = [
            len(learnt["words"]) if learnt.get("words") is not None else 1 + bool(learnt["gaps"])
            for _, learnt in self.plan
        ]
        return np.repeat(np.arange(len(widths)), widths)

    def shapes(self, samples: Sequence[Sample]) -> Floats:
        """Return `(N, D)`: each array without its mean and gain, so that a copy of other brightness stays a copy."""
        flat = self._arrays(samples).reshape(len(samples), -1).astype(np.float64)
        return unit_rows(flat)

    def arrays(self, samples: Sequence[Sample]) -> NDArray[np.float32]:
        """Return `(N, C, ...)` in units of the training part's standard deviation."""
        return (self._arrays(samples) / self.scale).astype(np.float32)

    def _arrays(self, samples: Sequence[Sample]) -> NDArray[np.float32]:
        wanted = np.asarray(self.first.array).shape  # type: ignore[union-attr]
        rows = []
        for sample in samples:
            name, item = item_of(sample)
            if type(item) is not type(self.first) or isinstance(item, Row):
                raise DataError(f"sample {sample.id}: {name} is a {type(item).__name__} where training has {self.name}")
            array = np.asarray(item.array, dtype=np.float32)
            if array.shape != wanted:
                raise ShapeError(f"sample {sample.id}: shape {array.shape}, the first training sample has {wanted}")
            rows.append(np.nan_to_num(array))
        return shrunk(np.stack(rows)) if rows else np.zeros((0, *wanted), np.float32)

    def _table(self, samples: Sequence[Sample], columns: Sequence[str]) -> dict[str, Column]:
        cells: dict[str, list[Any]] = {name: [] for name in columns}
        for sample in samples:
            name, row = item_of(sample)
            if not isinstance(row, Row) or set(row.values) != set(columns):
                lacking = sorted(set(columns) ^ set(getattr(row, "values", {})))
                raise DataError(
                    f"sample {sample.id}: {name} has not the training part's columns ({', '.join(lacking[:5])})"
                )
            for key in columns:
                cells[key].append(row.values[key])
        return {name: _column(values) for name, values in cells.items()}


def shrunk(arrays: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average arrays `(N, C, ...)` down to at most 1,024 points, 64 x 64 pixels or 24^3 voxels."""
    if arrays.ndim == 6:  # time and space: time counts as channels
        arrays = arrays.reshape(len(arrays), -1, *arrays.shape[3:])
    axes = arrays.ndim - 2
    limits = LARGEST[axes + 1]
    size = tuple(min(limit, have) for limit, have in zip(limits, arrays.shape[2:], strict=True))
    if size == arrays.shape[2:]:
        return arrays
    pool = (torch.nn.AdaptiveAvgPool1d, torch.nn.AdaptiveAvgPool2d, torch.nn.AdaptiveAvgPool3d)[axes - 1]
    with torch.no_grad():
        shorter: NDArray[np.float32] = pool(size)(torch.from_numpy(arrays)).numpy()
    return shorter


def unit_rows(flat: Floats) -> Floats:
    """Return rows `(N, D)` of mean 0 and length 1; a flat row becomes zeros."""
    centred = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return centred / np.where(length > 1e-9, length, np.inf)


def _column(values: Sequence[Any]) -> Column:
    if any(isinstance(value, str) for value in values):
        return np.array(
            [value if isinstance(value, str) else "" if np.isnan(value) else str(value) for value in values]
        )
    return np.array(values, dtype=np.float64)


def _learn(column: Column) -> dict[str, Any]:
    if not is_number(column):
        return {"words": tuple(np.unique(column).tolist()), "gaps": False}
    known = column[~np.isnan(column)]
    spread = float(known.std()) if len(known) else 0.0
    gaps = len(known) < len(column)
    return {"mean": float(known.mean()) if len(known) else 0.0, "spread": spread or 1.0, "gaps": gaps}


def _encode(column: Column, learnt: dict[str, Any]) -> Floats:
    words = learnt.get("words")
    if words is not None:
        return WORD * (column.astype(str)[:, None] == np.array(words)[None]).astype(np.float64)
    numbers = column if is_number(column) else np.full(len(column), np.nan)
    missing = np.isnan(numbers)
    standard = np.where(missing, 0.0, (numbers - learnt["mean"]) / learnt["spread"])[:, None]
    return np.concatenate([standard, missing[:, None].astype(np.float64)], axis=1) if learnt["gaps"] else standard
