"""One pass over a dataset that keeps what the leak rules compare: digests, thumbnails and columns, not the samples."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.metrics.likeness import EDGE, shortened, thumbnail
from salus.schema.sample import Events, Image, Note, Row, Waveform

WORDS = 5
"""A text with fewer words ("a case report") is shared by strangers and proves nothing."""


@dataclass(slots=True)
class Facts:
    """What one pass keeps; positions are dataset indices.

    Attributes:
        index: Samples that some split uses, in order.
        ids: Of every sample of the dataset, empty where unused.
        patients: As `ids`.
        meta: Of every used sample.
        exact: Input name to digest to indices; inputs that are byte-equal share a digest.
        loose: The same after normalising case, blanks and the seventh digit.
        shapes: `(input name, length)` to `(indices, vectors)`: standardised thumbnails and shortened signals.
        rows: Column name to the values of every used sample, None where a sample has no such column.
        extremes: Input name to lowest and highest value per thumbnail cell, for marks that a mean would hide.
        targets: Of every used sample.
    """

    index: list[int]
    ids: dict[int, str] = field(default_factory=dict)
    patients: dict[int, str] = field(default_factory=dict)
    meta: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    exact: dict[str, dict[bytes, list[int]]] = field(default_factory=dict)
    loose: dict[str, dict[bytes, list[int]]] = field(default_factory=dict)
    shapes: dict[tuple[str, int], tuple[list[int], list[NDArray[np.float32]]]] = field(default_factory=dict)
    rows: dict[str, dict[int, float | str]] = field(default_factory=dict)
    extremes: dict[str, dict[int, NDArray[np.float32]]] = field(default_factory=dict)
    targets: dict[int, Any] = field(default_factory=dict)


def gather(dataset: Dataset, index: Sequence[int]) -> Facts:
    """Read each used sample once.

    Args:
        dataset: Any dataset.
        index: Samples that some split uses, ascending.
    """
    facts = Facts(index=list(index))
    for position in facts.index:
        sample = dataset[position]
        facts.ids[position], facts.patients[position] = sample.id, sample.patient
        facts.meta[position] = sample.meta
        facts.targets[position] = _scalar(sample.target)
        for name, value in sample.inputs.items():
            _note(facts, position, name, value)
    _tables(facts)
    return facts


def _note(facts: Facts, position: int, name: str, value: Any) -> None:
    if isinstance(value, Image | Waveform):
        array = np.asarray(value.array)
        for axis, size in enumerate(array.shape):
            facts.rows.setdefault(f"size of {name}, axis {axis}", {})[position] = float(size)
        if array.size and bool(np.any(array != array.flat[0])):
            _digest(facts.exact, name, position, array)
            vector = shortened(array) if isinstance(value, Waveform) else thumbnail(array)
            group = facts.shapes.setdefault((name, len(vector)), ([], []))
            group[0].append(position)
            group[1].append(vector)
            if isinstance(value, Image) and array.ndim == 3:
                facts.extremes.setdefault(name, {})[position] = _extremes(array)
    elif isinstance(value, Row):
        for column, cell in value.values.items():
            facts.rows.setdefault(column, {})[position] = cell if isinstance(cell, str) else float(cell)
    elif isinstance(value, Note):
        words = re.sub(r"[\W_]+", " ", value.text.lower()).split()
        facts.rows.setdefault(f"letters of {name}", {})[position] = float(len(value.text))
        if len(words) >= WORDS:
            _digest(facts.exact, name, position, value.text)
            _digest(facts.loose, name, position, " ".join(words))
    elif isinstance(value, Events) and len(value.codes) >= 3:
        _digest(facts.exact, name, position, (value.codes, value.times_h.tobytes(), value.values.tobytes()))
        _digest(facts.loose, name, position, (value.codes, tuple(np.round(value.times_h - value.times_h[0], 3))))


def _digest(store: dict[str, dict[bytes, list[int]]], name: str, position: int, value: Any) -> None:
    if isinstance(value, np.ndarray):
        data = f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes()
    else:
        data = repr(value).encode()
    key = hashlib.blake2b(data, digest_size=16).digest()
    store.setdefault(name, defaultdict(list))[key].append(position)


def _scalar(target: Any) -> int | float | None:
    if isinstance(target, Mapping):
        target = target.get("label")
    if isinstance(target, bool | int | np.integer):
        return int(target)
    if isinstance(target, float | np.floating):
        return float(target)
    return None


def _extremes(array: NDArray[Any]) -> NDArray[np.float32]:
    flat = np.nan_to_num(array.astype(np.float32)).mean(axis=0)
    rows, columns = (np.arange(EDGE[2]) * size // EDGE[2] for size in flat.shape)
    if min(flat.shape) < EDGE[2]:
        return flat[np.ix_(rows, columns)].ravel()
    low = np.minimum.reduceat(np.minimum.reduceat(flat, rows, 0), columns, 1)
    high = np.maximum.reduceat(np.maximum.reduceat(flat, rows, 0), columns, 1)
    return np.concatenate([low.ravel(), high.ravel()])


def _tables(facts: Facts) -> None:
    """Digest whole rows, leaving out those that strangers can share.

    Two infants of equal sex and weight with nothing else measured are not a copy (131 such rows among 8,704 of
    NHANES 2017-2018, none among its 6,230 complete rows of nine columns). A row proves a copy when at least three
    of its values are rare (below 1 % of the column) and all together carry ten bits more than naming a pair takes.
    """
    own = [column for column in facts.rows if not column.startswith(("size of ", "letters of "))]
    total = len(facts.index)
    rare: dict[int, int] = defaultdict(int)
    bits: dict[int, float] = defaultdict(float)
    for column in own:
        counts = Counter(facts.rows[column].values())
        for position, value in facts.rows[column].items():
            if value == "" if isinstance(value, str) else np.isnan(value):
                continue
            # A small table cannot show how rare a value is: three copies of one row look rare enough.
            rare[position] += counts[value] <= max(0.01 * total, 3)
            bits[position] += np.log2(total / counts[value])
    for position in facts.index:
        if rare[position] >= 3 and bits[position] >= 2 * np.log2(total) + 10:
            cells = [facts.rows[column].get(position) for column in own]
            _digest(facts.exact, "row", position, cells)
            rounded = [float(f"{cell:.4g}") if isinstance(cell, float) else str(cell).strip().lower() for cell in cells]
            _digest(facts.loose, "row", position, rounded)
