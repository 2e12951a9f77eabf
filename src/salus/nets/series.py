"""Histories and futures of forecasting samples as tensors."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from salus.contract.batch import Batch
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Sample, Waveform


def series_batch(samples: Sequence[Sample], steps: int) -> Batch:
    """Stack histories as `signal` `(B, 1, T)`, each gap filled with the value before it, and futures as `values`.

    Futures keep NaN where nothing was measured; a batch in which one sample has none has no target.

    Raises:
        ShapeError: A history of another length or with several leads.
        DataError: No input `signal`, or one without any value.
    """
    rows = np.stack([history_of(sample, steps) for sample in samples])[:, None]
    target = {}
    if all(sample.target is not None for sample in samples):
        target["values"] = torch.from_numpy(np.stack([future_of(sample) for sample in samples])).float()
    return Batch(tuple(sample.id for sample in samples), {"signal": torch.from_numpy(rows)}, target)


def history_of(sample: Sample, steps: int | None = None) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a sample's history `(T,)` with each gap filled with the value before it (the first value at the start).

    Raises:
        DataError: No input `signal`, or one without any value.
        ShapeError: Several leads, or another length than `steps`.
    """
    wave = sample.inputs.get("signal")
    if not isinstance(wave, Waveform):
        raise DataError(f"sample {sample.id}: no input 'signal' with a Waveform; name the history 'signal'")
    if wave.array.shape[0] != 1 or (steps is not None and wave.array.shape[1] != steps):
        wanted = "T" if steps is None else str(steps)
        raise ShapeError(f"sample {sample.id}: a history of shape {wave.array.shape}; expected (1, {wanted})")
    row = np.asarray(wave.array[0], dtype=np.float32)
    known = np.isfinite(row)
    if not known.any():
        raise DataError(f"sample {sample.id}: a history without any value; leave it out")
    place = np.maximum.accumulate(np.where(known, np.arange(len(row)), int(np.argmax(known))))
    return row[place]


def future_of(sample: Sample) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a sample's future values `(H,)`.

    Raises:
        DataError: There are none.
    """
    values = sample.target.get("values") if isinstance(sample.target, Mapping) else sample.target
    found = np.atleast_1d(np.asarray(np.nan if values is None else values, dtype=np.float64))
    if found.ndim != 1 or not np.isfinite(found).any():
        raise DataError(f"sample {sample.id}: no future values to learn from; give a target of shape (H,)")
    return found
