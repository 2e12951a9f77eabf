"""Reads what the cells of a study left on disk; whatever is missing is left out of the report."""

import csv
import math
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.generic]]
_CELL = re.compile(r"s(\d+)_f(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedMarks:
    """The judged test answers of one seed, folds pooled.

    Attributes:
        ids: `(N,)`.
        patients: `(N,)`.
        columns: Name to `(N,)` marks.
    """

    ids: NDArray[np.str_]
    patients: NDArray[np.str_]
    columns: dict[str, NDArray[np.float64]]


def places(folder: Path, part: str, arm: str) -> Iterator[tuple[int, int, Path]]:
    """Yield `(seed, fold, folder)` of an arm's cells, in order."""
    base = folder / "cells" / part / arm
    found = []
    for place in base.glob("s*_f*") if base.is_dir() else ():
        match = _CELL.fullmatch(place.name)
        if match and place.is_dir():
            found.append((int(match[1]), int(match[2]), place))
    yield from sorted(found)


def read_arrays(path: Path) -> Arrays:
    """Read an NPZ without pickle; nothing where the file is absent or unreadable."""
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, KeyError, zipfile.BadZipFile):
        return {}


def read_marks(folder: Path, part: str, arm: str) -> dict[int, SeedMarks]:
    """Return each seed's marks of an arm, folds pooled."""
    pooled: dict[int, list[Arrays]] = defaultdict(list)
    for seed, _, place in places(folder, part, arm):
        arrays = read_arrays(place / "marks.npz")
        if {"ids", "patients", "marks", "columns"} <= set(arrays) and len(arrays["ids"]):
            pooled[seed].append(arrays)
    found = {}
    for seed, group in pooled.items():
        marks = np.concatenate([arrays["marks"].astype(np.float64) for arrays in group])
        names = [str(name) for name in group[0]["columns"]]
        found[seed] = SeedMarks(
            ids=np.concatenate([arrays["ids"].astype(str) for arrays in group]),
            patients=np.concatenate([arrays["patients"].astype(str) for arrays in group]),
            columns={name: marks[:, place] for place, name in enumerate(names)},
        )
    return found


def read_history(place: Path) -> dict[str, NDArray[np.float64]]:
    """Return the training log by column, `(E,)` each, NaN where an epoch has no figure; stages follow one another."""
    path = place / "history.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    names = [name for name in (rows[0] if rows else {}) if name and name not in ("stage", "epoch")]
    return {name: np.array([_number(row.get(name)) for row in rows]) for name in names}


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
