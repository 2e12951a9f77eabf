"""Rows of mixed type as points that a generator writes, and back: mode-specific normalization.

A number is one of a few Gaussian modes of its column and a place within that mode; a word is one of the training
part's words; "missing" is one more mode or word where the training part had gaps. The learned part is plain JSON.

Source: Xu et al. 2019, Modeling Tabular Data using Conditional GAN, section 4.2.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.dataset import Dataset
from salus.nets.tabular import RowEncoder, measure_rows, row_of
from salus.schema.errors import DataError
from salus.schema.sample import Row, Sample

SPREADS = 4.0
"""A place within a mode is measured in this many standard deviations, so that nearly all of it lies within one."""
STEPS = (1.0, 0.5, 0.1, 0.05, 0.01, 0.001)
LIGHTEST = 0.005
"""Modes of less weight are left out."""


def measure_modes(train: Dataset, name: str = "row", *, most: int = 10) -> dict[str, Any]:
    """Learn a table's modes and words from its training part.

    Args:
        train: Samples with a `Row` of equal columns.
        name: Which input holds the row.
        most: Gaussian modes of a column that are tried; those of little weight fall away.

    Returns:
        JSON values for `ModeSpace`.

    Raises:
        DataError: What `measure_rows` refuses, or a column that never varies.
    """
    learned = measure_rows(train, name)
    rows = [row_of(train[index], name).values for index in range(len(train))]
    for column in learned["columns"]:
        cells = [row[column["name"]] for row in rows]
        if column["kind"] == "word":
            words = sorted({cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()})
            known = sum(isinstance(cell, str) and bool(cell.strip()) for cell in cells)
            column["categories"] = words
            varied = len(words) > 1 or known < len(cells)
        else:
            values = np.array([np.nan if cell is None or isinstance(cell, str) else float(cell) for cell in cells])
            values = values[np.isfinite(values)]
            known, varied = len(values), len(np.unique(values)) > 1
            if varied:
                column.update(_modes(values, most))
        if not varied:
            raise DataError(
                f"column {column['name']!r} holds one value in the whole training part; a generator cannot learn "
                "from it: drop the column, and add it to what was made"
            )
        column["gaps"] = known < len(cells)
    return learned


@dataclass(frozen=True, slots=True)
class _Column:
    """Where a column stands among the features: `place` first, then `states` one by one."""

    name: str
    place: int | None  # of a number's place within its mode
    first: int
    states: int
    gaps: bool
    words: tuple[str, ...]
    means: NDArray[np.float64]
    spreads: NDArray[np.float64]
    bounds: tuple[float, float]
    step: float

    @property
    def span(self) -> slice:
        return slice(self.first, self.first + self.states)


class ModeSpace:
    """Reads rows into points `(N, F)` and writes points as rows.

    Attributes:
        encoder: Checks rows and reads them as they are.
        features: F, width of a point.
        drawn: G, how many of the features are modes and words.
        columns: Where each column stands.
    """

    def __init__(self, learned: Mapping[str, Any]) -> None:
        self.encoder = RowEncoder(learned)
        self.name = self.encoder.input
        self.columns: list[_Column] = []
        width = 0
        for column in learned["columns"]:
            number = column["kind"] == "number"
            kinds = len(column["means"] if number else column["categories"])
            found = _Column(
                name=column["name"],
                place=width if number else None,
                first=width + number,
                states=kinds + column["gaps"],
                gaps=column["gaps"],
                words=() if number else tuple(column["categories"]),
                means=np.array(column.get("means", ()), dtype=np.float64),
                spreads=np.array(column.get("spreads", ()), dtype=np.float64),
                bounds=tuple(column["bounds"]) if number else (0.0, 0.0),
                step=column.get("step", 0.0),
            )
            self.columns.append(found)
            width += number + found.states
        self.features = width
        self.drawn = sum(column.states for column in self.columns)
        self.sources = [c for c, column in enumerate(self.columns) for _ in range((not column.words) + column.states)]

    def encode(self, samples: Sequence[Sample]) -> Tensor:
        """Return points `(N, F)` float32: the nearest mode of each number and the place within it.

        A word, or a gap, that the training part did not have is no state at all: zeros.

        Raises:
            DataError: A column too many or too few, an infinite number, a word where a number is needed or the reverse.
        """
        table = self.encoder.raw(samples)
        found = np.zeros((len(samples), self.features), dtype=np.float32)
        rows = np.arange(len(samples))
        for number, column in enumerate(self.columns):
            cells = table[:, number]
            gap = np.isnan(cells)
            state = np.where(gap, column.states - 1 if column.gaps else -1, np.nan_to_num(cells))
            if column.place is not None:
                apart = np.abs(np.nan_to_num(cells)[:, None] - column.means) / column.spreads
                mode = (apart**2 / 2 + np.log(column.spreads)).argmin(axis=1)
                place = (np.nan_to_num(cells) - column.means[mode]) / (SPREADS * column.spreads[mode])
                found[:, column.place] = np.where(gap, 0.0, np.clip(place, -1.0, 1.0))
                state = np.where(gap, state, mode)
            known = state >= 0
            found[rows[known], column.first + state[known].astype(np.int64)] = 1.0
        return torch.from_numpy(found)

    def answer(self, points: Tensor, columns: Sequence[tuple[str, Sequence[str]]]) -> Tensor:
        """Return points `(B, F)` as `(B, 2, C)`: values (a word as its number in its vocabulary), and what is known.

        Args:
            points: As a generator writes them; the largest of a column's states counts. Numbers keep their gradient.
            columns: Name and vocabulary of each column, in the wanted order.
        """
        own = {column.name: column for column in self.columns}
        values, known = [], []
        for name, words in columns:
            column = own[name]
            state = points[:, column.span].argmax(dim=1)
            there = torch.ones_like(points[:, 0])
            if column.gaps:
                there = (state < column.states - 1).to(points.dtype)
                state = state.clamp(max=column.states - 2)
            if column.place is None:
                table = torch.tensor([float(list(words).index(word)) for word in column.words])
                value = table.to(points)[state]
            else:
                means, spreads = (torch.tensor(v).to(points)[state] for v in (column.means, column.spreads))
                value = (points[:, column.place] * SPREADS * spreads + means).clamp(*column.bounds)
                if column.step:  # rounded as measured; the gradient passes as if it were not
                    value = value + (torch.round(value / column.step) * column.step - value).detach()
            values.append(value * there)
            known.append(there)
        return torch.stack([torch.stack(values, dim=1), torch.stack(known, dim=1)], dim=1)

    def numbers(self, points: Tensor) -> Tensor:
        """Return columns of numbers, standardised, 0 where missing, beside marks of what is missing, `(B, V)`.

        States count by their share, so that a gradient passes to all of them.
        """
        found = []
        for column in self.columns:
            if column.place is None:
                continue
            states = points[:, column.span]
            kinds = len(column.means)
            means, spreads = (torch.tensor(v).to(points) for v in (column.means, column.spreads))
            value = points[:, column.place : column.place + 1] * SPREADS * spreads + means
            middle, width = float(column.means.mean()), float(column.means.std() + column.spreads.mean())
            found.append((states[:, :kinds] * (value - middle)).sum(dim=1) / width)
            if column.gaps:
                found.append(states[:, -1])
        return torch.stack(found, dim=1) if found else points[:, :0]

    def items(self, points: Tensor) -> list[Row]:
        """Return points `(N, F)` as rows in original units, NaN or an empty word where a value is missing."""
        columns = [(column.name, column.words) for column in self.columns]
        found = []
        for values, known in self.answer(points.double(), columns).tolist():
            cells: dict[str, float | str] = {}
            for column, value, there in zip(self.columns, values, known, strict=True):
                if column.place is None:
                    cells[column.name] = column.words[int(value)] if there else ""
                else:
                    # A step of a tenth leaves 98.60000000000001, which no thermometer wrote.
                    cells[column.name] = float(np.round(value, 10)) if there else float("nan")
            found.append(Row(values=cells))
        return found


def _modes(values: NDArray[np.float64], most: int) -> dict[str, Any]:
    """Return means, spreads, bounds and step of a column's known values."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import BayesianGaussianMixture

    step = _step(values)
    mixture = BayesianGaussianMixture(
        n_components=min(most, len(np.unique(values))),
        weight_concentration_prior=0.001,
        max_iter=200,
        random_state=0,
    )
    with warnings.catch_warnings():  # a mixture that still moves a little serves as well
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(values[:, None])
    kept = np.flatnonzero(mixture.weights_ > LIGHTEST)
    # Values heaped on one number have no spread; half a step keeps a mode from shrinking to a point.
    floor = max(step / 2, 1e-3 * float(values.std()))
    spreads = np.maximum(np.sqrt(mixture.covariances_[kept, 0, 0]), floor)
    return {
        "means": mixture.means_[kept, 0].tolist(),
        "spreads": spreads.tolist(),
        "bounds": [float(values.min()), float(values.max())],
        "step": step,
    }


def _step(values: NDArray[np.float64]) -> float:
    """Return the coarsest of some steps that all values are multiples of; 0 where none fits."""
    for step in STEPS:
        multiple = values / step
        if np.abs(multiple - np.round(multiple)).max() < 1e-6 * max(1.0, float(np.abs(multiple).max())):
            return step
    return 0.0
