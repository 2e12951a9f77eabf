"""Rows of a mixed table as numbers: what is learned from the training part, and how a row is read by it.

The learned part is plain JSON (it goes into a system's fingerprint), so a system is rebuilt without data. A number is
centred on its training median-imputed mean and divided by its deviation; a word becomes one column per category; a
missing value is imputed and, where the training part had such gaps, says so in an indicator column.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch
from salus.contract.dataset import Dataset
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Row, Sample

MAX_CATEGORIES = 20
"""Rarer categories of a column share one meaning: none of the known ones."""
MIN_MISSING = 0.01
"""A column gets an indicator when at least this share of its training values is missing."""


def measure_rows(train: Dataset, name: str = "row") -> dict[str, Any]:
    """Learn how to read a table from its training part.

    Args:
        train: Samples with a `Row` of equal columns.
        name: Which input holds the row.

    Returns:
        JSON values for `RowEncoder`: `input` and `columns`, each with `name`, `kind`, `indicator` and `median`, `mean`,
        `scale` (numbers) or `categories` (words).

    Raises:
        DataError: No samples, a repeated `Sample.id`, a row with other columns than the first, an infinite number, or a
            column that holds numbers and words.
    """
    if len(train) == 0:
        raise DataError("the training part is empty; give samples with a row")
    seen: set[str] = set()
    values: dict[str, list[float | str]] = {}
    for index in range(len(train)):
        sample = train[index]
        if sample.id in seen:
            raise DataError(f"sample id {sample.id!r} appears twice in the training part; ids must be unique")
        seen.add(sample.id)
        row = row_of(sample, name)
        if not values:
            values = {column: [] for column in row.values}
        _same_columns(sample.id, row, tuple(values))
        for column, cells in values.items():
            cells.append(_cell(sample.id, column, row.values[column]))
    if not values:
        raise DataError(f"the rows of input {name!r} have no columns; give at least one")
    return {"input": name, "columns": [_learn(column, cells) for column, cells in values.items()]}


class RowEncoder:
    """Reads rows as the training part taught it.

    Attributes:
        input: Name of the input that holds the row.
        columns: Column names, C of them.
        features: Names of the encoded columns, F of them: `age`, `sex=female`, `glucose?` (is missing).
        sources: Number of the column that each feature comes from, F of them.
        categorical: Numbers of the columns that hold words.
        indicators: Numbers of the features that say "is missing".
    """

    def __init__(self, learned: Mapping[str, Any]) -> None:
        self.input = str(learned["input"])
        self._learned: list[Mapping[str, Any]] = list(learned["columns"])
        self.columns = tuple(str(column["name"]) for column in self._learned)
        self.categorical = tuple(i for i, column in enumerate(self._learned) if column["kind"] == "word")
        features: list[tuple[str, int]] = []
        indicators: list[int] = []
        for number, column in enumerate(self._learned):
            if column["kind"] == "number":
                features.append((column["name"], number))
            else:
                features += [(f"{column['name']}={word}", number) for word in column["categories"]]
            if column["indicator"]:
                indicators.append(len(features))
                features.append((f"{column['name']}?", number))
        self.features = tuple(feature for feature, _ in features)
        self.sources = tuple(number for _, number in features)
        self.indicators = tuple(indicators)

    def raw(self, samples: Sequence[Sample]) -> NDArray[np.float64]:
        """Return rows `(N, C)`: numbers as they are, words as their category's number, -1 unknown; NaN for missing.

        Raises:
            DataError: A column too many or too few, an infinite number, a word where a number is needed or the reverse.
        """
        table = np.full((len(samples), len(self.columns)), np.nan)
        for n, sample in enumerate(samples):
            row = row_of(sample, self.input)
            _same_columns(sample.id, row, self.columns)
            for c, column in enumerate(self._learned):
                cell = _cell(sample.id, column["name"], row.values[column["name"]])
                if column["kind"] == "word":
                    table[n, c] = self._category(sample.id, column, cell)
                elif isinstance(cell, str):
                    raise DataError(
                        f"sample {sample.id!r}, column {column['name']!r}: {cell!r} is no number; "
                        "write a number, or leave it empty where it is missing"
                    )
                else:
                    table[n, c] = cell
        return table

    def encode(self, samples: Sequence[Sample]) -> Tensor:
        """Return `(N, F)` float32 without gaps: standardised numbers, one column per category, indicators.

        Raises:
            DataError: As `raw`.
        """
        return torch.from_numpy(self.scale(self.raw(samples)).astype(np.float32))

    def scale(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `raw`'s table `(N, C)` as features `(N, F)`."""
        parts: list[NDArray[np.float64]] = []
        for c, column in enumerate(self._learned):
            cells = table[:, c]
            if column["kind"] == "number":
                filled = np.where(np.isnan(cells), column["median"], cells)
                parts.append((filled - column["mean"]) / column["scale"])
            else:
                parts += [(cells == k).astype(np.float64) for k in range(len(column["categories"]))]
            if column["indicator"]:
                parts.append(np.isnan(cells).astype(np.float64))
        return np.stack(parts, axis=1)

    def measured(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `raw`'s table `(N, C)` as features `(N, F)` in their own units, NaN where missing: what trees take."""
        parts: list[NDArray[np.float64]] = []
        for c, column in enumerate(self._learned):
            cells = table[:, c]
            words = column.get("categories", ())
            parts += [(cells == k).astype(np.float64) for k in range(len(words))] or [cells]
            if column["indicator"]:
                parts.append(np.isnan(cells).astype(np.float64))
        return np.stack(parts, axis=1)

    def signs(self, rising: Sequence[str], falling: Sequence[str]) -> list[int]:
        """Return of each feature, F of them, 1 where its column is rising, -1 where it is falling, else 0.

        Raises:
            DataError: A name that is no column of numbers, or that is given twice.
        """
        bound = dict.fromkeys(rising, 1) | dict.fromkeys(falling, -1)
        numeric = [name for c, name in enumerate(self.columns) if c not in self.categorical]
        if wrong := sorted((set(bound) - set(numeric)) | (set(rising) & set(falling))):
            raise DataError(f"rising or falling: {', '.join(wrong)}; name columns of numbers: {', '.join(numeric)}")
        free = set(self.indicators)
        return [0 if f in free else bound.get(self.columns[c], 0) for f, c in enumerate(self.sources)]

    def typical(self) -> NDArray[np.float64]:
        """Return a row `(C,)` of `raw` that says nothing: medians of the training part, NaN for words."""
        return np.array([column["median"] if column["kind"] == "number" else np.nan for column in self._learned])

    def _category(self, sample_id: str, column: Mapping[str, Any], cell: float | str) -> float:
        if isinstance(cell, float):
            if math.isnan(cell):
                return math.nan
            raise DataError(
                f"sample {sample_id!r}, column {column['name']!r}: number {cell:g} in a column of words; "
                f"write one of {', '.join(column['categories'])}"
            )
        return float(column["categories"].index(cell)) if cell in column["categories"] else -1.0


def row_of(sample: Sample, name: str = "row") -> Row:
    """Return a sample's row.

    Raises:
        DataError: The sample has no input of that name, or it is no `Row`.
    """
    row = sample.inputs.get(name)
    if not isinstance(row, Row):
        held = ", ".join(f"{key} ({type(value).__name__})" for key, value in sample.inputs.items()) or "nothing"
        raise DataError(f"sample {sample.id!r} has no row {name!r}; it holds {held}: read it as a table")
    return row


def label_tensor(samples: Sequence[Sample], classes: Sequence[str]) -> Tensor | None:
    """Return class numbers `(B,)` int64, or None when any sample has no target.

    Raises:
        DataError: A target that is no class number below `len(classes)`.
    """
    labels: list[int] = []
    for sample in samples:
        target = sample.target["label"] if isinstance(sample.target, Mapping) else sample.target
        if target is None:
            return None
        if isinstance(target, bool) or not isinstance(target, int | np.integer) or not 0 <= target < len(classes):
            raise DataError(
                f"sample {sample.id!r}: label {target!r} is none of the {len(classes)} classes "
                f"({', '.join(classes)}); give 0 to {len(classes) - 1}"
            )
        labels.append(int(target))
    return torch.tensor(labels, dtype=torch.int64)


def row_batch(samples: Sequence[Sample], classes: Sequence[str], read: Callable[[Sequence[Sample]], Tensor]) -> Batch:
    """Return `row`, what `read` makes of the samples, and `label (B,)` where every sample has a target.

    Raises:
        DataError: As `label_tensor` and `read`.
    """
    labels = label_tensor(samples, classes)
    target = {} if labels is None else {"label": labels}
    return Batch(tuple(sample.id for sample in samples), {"row": read(samples)}, target)


def count_labels(train: Dataset) -> list[int]:
    """Count the training part's labels, up to the highest one that occurs.

    Raises:
        DataError: A sample without a class number as label, or fewer than two classes.
    """
    counts: Counter[int] = Counter()
    for index in range(len(train)):
        sample = train[index]
        target = sample.target["label"] if isinstance(sample.target, Mapping) else sample.target
        if isinstance(target, bool) or not isinstance(target, int | np.integer) or target < 0:
            raise DataError(f"sample {sample.id!r}: label {target!r} is no class number; training needs one for each")
        counts[int(target)] += 1
    if len(counts) < 2:
        held = ", ".join(f"class {label}: {n}" for label, n in counts.items()) or "no samples"
        raise DataError(f"training part of fewer than two classes ({held}); use other folds or give more patients")
    return [counts[label] for label in range(max(counts) + 1)]


def _same_columns(sample_id: str, row: Row, columns: Sequence[str]) -> None:
    if row.values.keys() == set(columns):
        return
    lacking = [column for column in columns if column not in row.values]
    if lacking:
        raise ShapeError(
            f"sample {sample_id!r}: the row lacks {', '.join(lacking)}; add the column, empty where unknown"
        )
    extra = [column for column in row.values if column not in columns]
    raise ShapeError(
        f"sample {sample_id!r}: the row has {', '.join(extra)}, unknown to these {len(columns)} columns; drop it"
    )


def _cell(sample_id: str, column: str, cell: Any) -> float | str:
    """Return a finite number or NaN for missing, or a word that is not empty."""
    if type(cell) is float and not math.isinf(cell):  # the common case first: this is asked of every cell
        return cell
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return math.nan
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, Real):
        number = float(cell)
        if math.isinf(number):
            raise DataError(
                f"sample {sample_id!r}, column {column!r}: the value is infinite; correct it or leave it empty"
            )
        return number
    raise DataError(f"sample {sample_id!r}, column {column!r}: {type(cell).__name__} is neither a number nor a word")


def _learn(name: str, cells: Sequence[float | str]) -> dict[str, Any]:
    words = [cell for cell in cells if isinstance(cell, str)]
    numbers = np.array([cell for cell in cells if isinstance(cell, float) and not math.isnan(cell)])
    gaps = len(cells) - len(words) - len(numbers)
    indicator = gaps >= MIN_MISSING * len(cells) and gaps > 0
    if words and len(numbers):
        raise DataError(
            f"column {name!r} holds numbers ({numbers[0]:g}) and words ({words[0]!r}); "
            "make it one or the other, empty where a value is missing"
        )
    if words:
        common = sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_CATEGORIES]
        return {"name": name, "kind": "word", "indicator": indicator, "categories": sorted(word for word, _ in common)}
    median = float(np.median(numbers)) if len(numbers) else 0.0
    filled = np.concatenate([numbers, np.full(gaps, median)])
    scale = float(filled.std())
    return {
        "name": name,
        "kind": "number",
        "indicator": indicator,
        "median": median,
        "mean": float(filled.mean()),
        # A constant column carries nothing; dividing by its deviation would make a stray value huge.
        "scale": scale if scale > 1e-12 * max(1.0, abs(median)) else 1.0,
    }
