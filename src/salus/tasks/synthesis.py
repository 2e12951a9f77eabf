"""Can it make samples that could have been measured? Judged as a whole: one synthetic sample a real one, by class."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.task import Task
from salus.metrics.weights import Floats, as_weights, by_chunk
from salus.schema.errors import DataError, ShapeError
from salus.schema.question import Question
from salus.schema.sample import Image, Row, Waveform

DIRECTIONS = 16
"""Random directions on which synthetic and real samples are compared."""


class Synthesis(Task):
    """A synthetic sample for each real one, given its condition alone.

    A truth is `{"condition": class index or number, "real": Row | Waveform | Image}`. An answer is an array: an image
    `(C, H, W)`, a series `(L, T)`, or a row `(2, F)` with values in the order of the question's `columns` (a word as
    its number in its vocabulary) above ones where a value is known and zeros where it is missing.

    Marks are the condition and the projections of the answer and of the real sample on sixteen fixed random
    directions, each value scaled by the real ones. `sliced_ks` is the mean over directions of the largest difference
    of their distributions, within each class and weighed by class (Kolmogorov and Smirnov on random slices, 0 alike,
    1 apart); `diversity` is the spread of the synthetic samples within their class over that of the real ones, at
    most 1: it falls towards 0 where a generator collapses. A set with an unanswered sample gets the worst values.
    How honest a generator is, no mark of single samples can say: see `salus.evaluate.honesty`.
    """

    kind: ClassVar[str] = "synthesis"

    def __init__(self, question: Question) -> None:
        self.question = question
        self.primary = "sliced_ks"
        self.directions = {"sliced_ks": -1, "diversity": 1}
        places = range(DIRECTIONS)
        self.columns = ("answered", "condition", *(f"made_{i}" for i in places), *(f"real_{i}" for i in places))

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Return the samples `(B, ...)` as float32 arrays."""
        return output.detach().float().cpu().numpy()

    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> Floats:
        """Reduce answers to marks `(N, 34)`; scales and directions follow from the truths.

        Raises:
            ShapeError: An answer that is not shaped like its truth, or truths of several shapes.
            DataError: A truth without a real sample.
        """
        if len(values) != len(truth):
            raise ShapeError(f"{len(values)} answers for {len(truth)} truths; give one (or None) for each")
        real = [self.array(target) for target in truth]
        if len({array.shape for array in real}) > 1:
            raise ShapeError("real samples of several shapes; bring them to one length or size first")
        marks = np.zeros((len(truth), len(self.columns)))
        if not len(truth):
            return marks
        table = np.stack([array.ravel() for array in real])
        centre, scale = table.mean(axis=0), table.std(axis=0)
        scale[scale <= 1e-9 * np.maximum(1.0, np.abs(centre))] = np.inf  # what never varies tells nothing
        turn = np.random.default_rng(0).normal(size=(table.shape[1], DIRECTIONS))
        turn /= np.linalg.norm(turn, axis=0)
        marks[:, 2 + DIRECTIONS :] = (table - centre) / scale @ turn
        for place, (value, target) in enumerate(zip(values, truth, strict=True)):
            marks[place, 1] = float(target["condition"]) if self.question.classes else 0.0
            if value is None or not np.isfinite(value).all():
                continue
            if value.shape != real[place].shape:
                raise ShapeError(f"answer of shape {value.shape} for a real sample of shape {real[place].shape}")
            marks[place, 0] = 1.0
            made = value.ravel().astype(np.float64)
            if self.question.columns:
                made = _known(made)
            marks[place, 2 : 2 + DIRECTIONS] = (made - centre) / scale @ turn
        return marks

    def array(self, target: Any) -> Floats:
        """Return a truth's real sample in the shape of an answer.

        Raises:
            DataError: No `{"condition": ..., "real": ...}`, or a row with other columns or words than the question's.
        """
        item = target.get("real") if isinstance(target, Mapping) else None
        if isinstance(item, Image | Waveform):
            return np.nan_to_num(np.asarray(item.array, dtype=np.float64))
        if isinstance(item, Row):
            return row_array(item, self.question.columns)
        raise DataError(f"target {type(target).__name__} holds no real sample; open the data with `:ask=synthesis`")

    def summarize(self, marks: Floats, weights: NDArray[Any] | None = None) -> dict[str, Floats]:
        """Return `sliced_ks` and `diversity` as `(R,)`."""
        matrix = as_weights(weights, len(marks))
        ranks = [_sorted_apart(marks, group, place) for group in _groups(marks) for place in range(DIRECTIONS)]
        found = by_chunk(lambda chunk: _summary(chunk, marks, ranks), matrix)
        return {"sliced_ks": found[:, 0], "diversity": found[:, 1]}

    def stratum(self, target: Any) -> str:
        """Return the condition's class."""
        condition = target.get("condition") if isinstance(target, Mapping) else None
        known = self.question.classes
        return known[condition] if isinstance(condition, int) and 0 <= condition < len(known) else "all"


def row_array(row: Row, columns: Sequence[tuple[str, tuple[str, ...]]]) -> Floats:
    """Return a row as `(2, F)`: values, and ones where they are known.

    Raises:
        DataError: A column the row lacks, or a word the column does not know.
    """
    table = np.zeros((2, len(columns)))
    for place, (name, words) in enumerate(columns):
        cell = row.values.get(name)
        if cell is None:
            raise DataError(f"row without column {name!r}; give every column, empty where a value is missing")
        if isinstance(cell, str):
            if cell and cell not in words:
                raise DataError(f"column {name!r}: {cell!r} is none of {', '.join(words[:8]) or 'its numbers'}")
            table[:, place] = (words.index(cell), 1.0) if cell else 0.0
        elif np.isfinite(cell):
            table[:, place] = cell, 1.0
    return table


def _known(made: Floats) -> Floats:
    """Return a row's answer with zeros where it says missing, as the real rows have them."""
    values, known = made.reshape(2, -1)
    known = (known > 0.5).astype(np.float64)
    return np.concatenate([values * known, known])


def _groups(marks: Floats) -> list[NDArray[np.int64]]:
    return [np.flatnonzero(marks[:, 1] == value) for value in np.unique(marks[:, 1])]


def _sorted_apart(marks: Floats, group: NDArray[np.int64], place: int) -> tuple[Any, ...]:
    """Return, for one class and direction, the rows in order of projection, and where a value ends (ties)."""
    made, real = marks[group, 2 + place], marks[group, 2 + DIRECTIONS + place]
    pooled = np.concatenate([made, real])
    order = np.argsort(pooled, kind="stable")
    last = np.append(pooled[order][1:] != pooled[order][:-1], True)
    sign = np.where(order < len(group), 1.0, -1.0)
    return group, group[order % len(group)], sign, last, made, real


def _summary(chunk: Floats, marks: Floats, ranks: Sequence[tuple[Any, ...]]) -> Floats:
    apart, spread, total = (np.zeros(len(chunk)) for _ in range(3))
    for group, rows, sign, last, made, real in ranks:
        own = chunk[:, group]
        weight = own.sum(axis=1)
        share = np.where(weight > 0, weight, 1.0)[:, None]
        gap = np.abs(np.cumsum(chunk[:, rows] * sign, axis=1)[:, last]).max(axis=1) / share[:, 0]
        both = [np.sqrt(np.maximum(_variance(own / share, values), 0.0)) for values in (made, real)]
        apart += weight * gap
        spread += weight * np.where(both[1] > 0, np.minimum(both[0] / np.where(both[1] > 0, both[1], 1.0), 1.0), 1.0)
        total += weight
    empty = total <= 0
    total = np.where(empty, 1.0, total)
    lost = (chunk @ (1.0 - marks[:, 0])) > 0
    found = np.stack([np.where(lost, 1.0, apart / total), np.where(lost, 0.0, spread / total)], axis=1)
    found[empty] = np.nan
    return found


def _variance(share: Floats, values: Floats) -> Floats:
    mean = share @ values
    return share @ values**2 - mean**2
