"""Waveforms from tables: one column a lead, one line a sample."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.data.readers.table import Columns, read_columns
from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Waveform

TIME_COLUMNS = ("time_s", "time", "seconds", "t")
_UNEVEN = 0.01


def read_waveform(
    path: Path | str, rate_hz: float | None = None, time: str = "", leads: Sequence[str] = ()
) -> Waveform:
    """Read a waveform from a CSV or Parquet table.

    Args:
        path: The table.
        rate_hz: Samples per second; None derives it from the time column.
        time: Column of seconds; empty looks for `time_s`, `time`, `seconds` or `t`.
        leads: Columns to read, in order; empty takes every numeric column but the time.

    Returns:
        `(L, T)` float32; an empty cell is NaN. A unit in brackets in a column's name goes to `units`.

    Raises:
        DataError: A missing or not numeric column, or times that are not evenly spaced.
        UnitError: Neither rate nor time column, or an impossible rate.
    """
    table = read_columns(path)
    column = time or next((name for name in TIME_COLUMNS if name in table.numbers), "")
    if column:
        table.need([column])
    if rate_hz is None:
        if not column:
            raise UnitError(f"{path}: no sampling rate; give rate_hz, or a column {TIME_COLUMNS[0]!r} in seconds")
        rate_hz = _rate(table, column)
    if not np.isfinite(rate_hz) or rate_hz <= 0:
        raise UnitError(f"{path}: sampling rate {rate_hz} Hz; it must be above 0")
    chosen = tuple(leads) or tuple(name for name in table.numbers if name != column)
    table.need(chosen)
    for name in chosen:
        if name not in table.numbers:
            raise DataError(f"{path}: column {name!r} holds words; a lead must be numeric")
    if not chosen:
        raise DataError(f"{path}: no numeric column; a waveform needs at least one lead")
    array = np.stack([table.numbers[name] for name in chosen]).astype(np.float32)
    split = [_name_and_unit(name) for name in chosen]
    units = tuple(unit for _, unit in split)
    return Waveform(
        array=array, rate_hz=float(rate_hz), leads=tuple(n for n, _ in split), units=units if any(units) else ()
    )


def looks_like_waveform(table: Columns) -> bool:
    """Tell whether a table is a waveform: its first column is a rising time and all columns are numeric."""
    names = list(table.words)
    if len(names) < 2 or names[0] not in TIME_COLUMNS or len(table.numbers) != len(names) or len(table) < 3:
        return False
    return bool((np.diff(table.numbers[names[0]]) > 0).all())


def _rate(table: Columns, column: str) -> float:
    if column not in table.numbers:
        raise DataError(f"{table.path}: time column {column!r} is not numeric; give seconds")
    times: NDArray[np.float64] = table.numbers[column]
    if len(times) < 2 or not np.isfinite(times).all():
        raise DataError(f"{table.path}: time column {column!r} needs a number in every one of two rows or more")
    steps = np.diff(times)
    usual = float(np.median(steps))
    uneven = np.flatnonzero(np.abs(steps - usual) > _UNEVEN * abs(usual))
    if usual <= 0 or len(uneven):
        row = int(uneven[0]) + 3 if len(uneven) else 2
        raise DataError(
            f"{table.path}: times in {column!r} are not evenly rising (line {row}); resample, or give rate_hz"
        )
    return float((len(times) - 1) / (times[-1] - times[0]))


def _name_and_unit(name: str) -> tuple[str, str]:
    for left, right in (("[", "]"), ("(", ")")):
        if name.endswith(right) and left in name:
            head, _, tail = name[:-1].rpartition(left)
            return head.strip(), tail.strip()
    return name, ""
