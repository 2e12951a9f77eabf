"""Intervals that resample patients: the same patients for every arm, metric and seed.

A `Cell` is what one seed of an arm left behind: marks of all its test answers (folds pooled) and whose they are. The
resamples depend on the patients' names and a number alone, so arms that met the same patients are paired.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.contract.task import Task
from salus.schema.errors import DataError, ShapeError

RESAMPLES = 1000
"""As the protocol asks."""

_CHUNK = 4_000_000  # weights held at a time, 32 MB as float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell:
    """Marks of one seed of an arm.

    Attributes:
        patients: `(N,)`, whose row each is.
        marks: `(N, S)` from `Task.judge`.
        folds: `(N,)` number of the fold whose test part the row belongs to; None for one fold.
    """

    patients: Sequence[str]
    marks: NDArray[np.float64]
    folds: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if self.marks.ndim != 2 or len(self.patients) != len(self.marks):
            raise ShapeError(f"{len(self.patients)} patients for marks of shape {self.marks.shape}; give one per row")
        if self.folds is not None and len(self.folds) != len(self.marks):
            raise ShapeError(f"{len(self.folds)} folds for {len(self.marks)} rows; give one per row")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replicates:
    """Every metric of one arm on the data and on each resample, averaged over seeds.

    Attributes:
        values: By metric: mean over seeds on the data.
        seeds: By metric: each seed's figure.
        folds: By metric: each (seed, fold) cell's figure, seeds outermost.
        resampled: By metric: `(R,)`, mean over seeds on each resample; NaN where a seed has none.
        patients: Sorted names that were resampled.
        seed: Which resamples these are.
    """

    values: Mapping[str, float]
    seeds: Mapping[str, tuple[float, ...]]
    folds: Mapping[str, tuple[float, ...]]
    resampled: Mapping[str, NDArray[np.float64]]
    patients: tuple[str, ...]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A metric with its interval.

    Attributes:
        value: Mean over seeds.
        low: Lower end, NaN where fewer than half of the resamples gave a figure.
        high: Upper end.
        seeds: Each seed's figure.
        folds: Each (seed, fold) cell's figure.
        dropped: Resamples without a figure (a class was not drawn).
    """

    value: float
    low: float
    high: float
    seeds: tuple[float, ...]
    folds: tuple[float, ...]
    dropped: int


def patient_counts(names: Sequence[str], resamples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw P patients with replacement, `resamples` times; return how often each was drawn, `(R, P)`."""
    count = len(names)
    if not count:
        raise DataError("there is no patient to resample; the test part is empty")
    return rng.multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float32)


def patient_weights(patients: Sequence[str], resamples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Resample patients and give each row its patient's count.

    Patients are drawn in the order of their sorted names, so neither the order nor the number of rows changes which
    patients a resample holds.

    Args:
        patients: `(N,)`, whose row each is.
        resamples: R.
        rng: Where the draws come from; `generator` keys one to the patients' names.

    Returns:
        `(R, N)`.
    """
    names, place = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    return patient_counts([str(name) for name in names], resamples, rng)[:, place]


def generator(names: Iterable[str], seed: int) -> np.random.Generator:
    """Return a generator that depends on the set of patients and a seed, and on nothing else."""
    text = "\x1f".join(sorted(set(names)))
    digest = hashlib.sha256(f"{seed}\x1e{text}".encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))


def interval(values: NDArray[np.float64], level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of figures `(R,)`; NaN among them are left out.

    Both ends are NaN where fewer than half of the figures are numbers: an interval of the rest would describe
    resamples that were chosen for having an answer.
    """
    usable = values[np.isfinite(values)]
    if len(usable) < max(len(values) / 2, 1):
        return float("nan"), float("nan")
    low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def replicate(task: Task, cells: Sequence[Cell], resamples: int = RESAMPLES, seed: int = 0) -> Replicates:
    """Compute every metric of an arm on the data and on each resample of patients.

    Patients of all seeds are drawn together; a seed that tested only some of them (an unpooled split) takes its own.

    Args:
        task: The judge.
        cells: One per seed.
        resamples: R.
        seed: Which resamples; arms compared must share it.

    Raises:
        DataError: No cell, or no patient.
    """
    if not cells:
        raise DataError("an arm without a finished cell has no figures; run its cells first")
    names = sorted({str(patient) for cell in cells for patient in cell.patients})
    counts = patient_counts(names, resamples, generator(names, seed))
    plain = [task.summarize(cell.marks) for cell in cells]
    drawn = [_resampled(task, cell, names, counts) for cell in cells]
    by_fold = [figures for cell in cells for figures in _by_fold(task, cell)]
    seeds = {name: tuple(float(row[name][0]) for row in plain) for name in task.directions}
    return Replicates(
        values={name: float(np.mean(figures)) for name, figures in seeds.items()},
        seeds=seeds,
        folds={name: tuple(float(row[name][0]) for row in by_fold) for name in task.directions},
        resampled={name: np.mean([row[name] for row in drawn], axis=0) for name in task.directions},
        patients=tuple(names),
        seed=seed,
    )


def intervals(replicates: Replicates, level: float = 0.95) -> dict[str, Interval]:
    """Return each metric of an arm with its interval."""
    found = {}
    for name, value in replicates.values.items():
        resampled = replicates.resampled[name]
        low, high = interval(resampled, level)
        found[name] = Interval(
            value=value,
            low=low,
            high=high,
            seeds=replicates.seeds[name],
            folds=replicates.folds[name],
            dropped=int((~np.isfinite(resampled)).sum()),
        )
    return found


def estimate(
    task: Task, cells: Sequence[Cell], resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> dict[str, Interval]:
    """Return every metric of an arm with its patient-bootstrap interval, seeds inside."""
    return intervals(replicate(task, cells, resamples, seed), level)


def _resampled(
    task: Task, cell: Cell, names: Sequence[str], counts: NDArray[np.float32]
) -> dict[str, NDArray[np.float64]]:
    place = np.searchsorted(np.asarray(names, dtype=str), np.asarray(cell.patients, dtype=str))
    step = max(1, _CHUNK // max(len(place), 1))
    parts = [
        task.summarize(cell.marks, counts[start : start + step][:, place].astype(np.float64))
        for start in range(0, len(counts), step)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in task.directions}


def _by_fold(task: Task, cell: Cell) -> list[dict[str, NDArray[np.float64]]]:
    folds = np.zeros(len(cell.marks), dtype=np.int64) if cell.folds is None else np.asarray(cell.folds)
    return [task.summarize(cell.marks[folds == fold]) for fold in np.unique(folds)]
