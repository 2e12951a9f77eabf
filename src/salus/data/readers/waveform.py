"""Waveforms from tables: one column a lead, one line a sample.

The rate comes from the caller, from a line `# rate_hz: 250` above the column names, or from a column of times; units
come from brackets in the column names (`ecg [mV]`).
"""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.data.leads import harmonised
from salus.data.limits import refuse_above
from salus.data.readers.recording import Recording
from salus.data.readers.table import Columns, read_columns
from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Waveform
from salus.transforms.resample import resample_waveform

TIME_COLUMNS = ("time_s", "time", "seconds", "t", "time_ms", "t_ms", "milliseconds", "timestamp", "datetime")
RATE_COMMENTS = ("rate_hz", "rate", "sampling_rate", "sampling rate", "sampling_rate_hz", "sample_rate", "fs", "fs_hz")
_SECONDS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "h": 3600.0}
_UNEVEN = 0.01
_WHOLE = 0.05
"""How far from a whole number of steps the distance of two rows may be, where rows are missing."""
_GAP_STEPS = 3.0
"""Steps without a row that make a gap, where times are irregular."""


def read_waveform(
    path: Path | str, rate_hz: float | None = None, time: str = "", leads: Sequence[str] = ()
) -> Waveform:
    """Read a waveform from a CSV or Parquet table; see `read_waveform_recording`, which also says what it did.

    Returns:
        `(L, T)` float32; an empty cell or a missing row is NaN. A unit in brackets in a column's name goes to
        `units`, and leads of an electrocardiogram get their one spelling.

    Raises:
        DataError: As `read_waveform_recording`.
        UnitError: As `read_waveform_recording`.
    """
    return harmonised(read_waveform_recording(path, rate_hz, time, leads).groups[0])


def read_waveform_recording(
    path: Path | str, rate_hz: float | None = None, time: str = "", leads: Sequence[str] = ()
) -> Recording:
    """Read a waveform from a table, and say how its times were read.

    Even times give the rate. Times that miss rows of an even grid are put on that grid with NaN between. Irregular
    times need `rate_hz` (or the comment): values are interpolated by straight lines, and stretches of three usual
    steps or more without a row are NaN.

    Args:
        path: The table.
        rate_hz: Samples per second; None takes the comment `# rate_hz: 250`, or else the time column.
        time: Column of times; empty looks for the names in `TIME_COLUMNS`. A unit in brackets or behind the name
            (`t_ms`) is minded; ISO 8601 times are read too.
        leads: Columns to read, in order; empty takes every numeric column but the time.

    Raises:
        DataError: A missing or not numeric column, times that do not rise, or irregular ones without a rate.
        UnitError: Neither rate nor time column, an impossible rate, or a rate that the times contradict.
    """
    table = read_columns(path)
    column = time or next((name for name in table.words if _time_name(name)[0] in TIME_COLUMNS), "")
    if column:
        table.need([column])
    stated = rate_hz if rate_hz is not None else _commented(table)
    if stated is not None and (not np.isfinite(stated) or stated <= 0):
        raise UnitError(f"{path}: sampling rate {stated} Hz; it must be above 0")
    if stated is None and not column:
        raise UnitError(
            f"{path}: no sampling rate; give rate_hz, a line '# rate_hz: 250' at the top, or a column "
            f"{TIME_COLUMNS[0]!r} in seconds"
        )
    chosen = tuple(leads) or tuple(name for name in table.numbers if name != column)
    table.need(chosen)
    for name in chosen:
        if name not in table.numbers:
            raise DataError(f"{path}: column {name!r} holds words; a lead must be numeric")
    if not chosen:
        raise DataError(f"{path}: no numeric column; a waveform needs at least one lead")
    array = np.stack([table.numbers[name] for name in chosen]).astype(np.float32)
    notes: tuple[str, ...] = ()
    if column:
        rate, array, notes = _on_grid(table, column, stated, array)
    else:
        rate = float(stated or 0.0)
    split = [_name_and_unit(name) for name in chosen]
    units = tuple(unit for _, unit in split)
    wave = Waveform(array=array, rate_hz=rate, leads=tuple(n for n, _ in split), units=units if any(units) else ())
    return Recording(groups=(wave,), facts=dict(table.comments), notes=notes)


def looks_like_waveform(table: Columns) -> bool:
    """Tell whether a table is a waveform: it states a rate, or its first column is a rising time; all is numeric."""
    names = list(table.words)
    first = _time_name(names[0])[0] in TIME_COLUMNS
    if len(table.numbers) != len(names) or len(table) < 3:
        return False
    if _commented(table) is not None:
        return True
    return len(names) > 1 and first and bool((np.diff(table.numbers[names[0]]) > 0).all())


def _on_grid(
    table: Columns, column: str, stated: float | None, array: NDArray[np.float32]
) -> tuple[float, NDArray[np.float32], tuple[str, ...]]:
    """Return rate, array on an even grid, and what was done."""
    times = _times(table, column)
    steps = np.diff(times)
    usual = float(np.median(steps))
    uneven = np.flatnonzero(np.abs(steps - usual) > _UNEVEN * abs(usual))
    if (steps <= 0).any():
        row = int(np.argmax(steps <= 0)) + 3
        raise DataError(f"{table.path}: times in {column!r} do not rise (line {row}); sort the rows or mend the times")
    if not len(uneven):
        rate = float((len(times) - 1) / (times[-1] - times[0]))
        if stated is not None and abs(rate - stated) > _UNEVEN * stated:
            raise UnitError(
                f"{table.path}: {stated:g} Hz stated, but the times in {column!r} give {rate:.6g}; correct one"
            )
        return (rate if stated is None else stated), array, ()
    ratio = steps / usual
    if (np.abs(ratio - np.rint(ratio)) <= _WHOLE).all() and (stated is None or abs(usual * stated - 1) <= _UNEVEN):
        places = np.concatenate([[0], np.cumsum(np.rint(ratio).astype(np.int64))])
        length = int(places[-1]) + 1
        refuse_above(table.path, length * len(array))
        out = np.full((len(array), length), np.nan, dtype=np.float32)
        out[:, places] = array
        note = f"{length - len(times)} rows are missing from the even times of {column!r}: there the values are NaN."
        return (1.0 / usual if stated is None else stated), out, (note,)
    if stated is None:
        raise DataError(
            f"{table.path}: times in {column!r} are not evenly rising (line {int(uneven[0]) + 3}): steps of "
            f"{steps.min():.4g} to {steps.max():.4g} s; give rate_hz to have the values interpolated to an even rate"
        )
    return stated, *_interpolated(table, times, stated, array)


def _interpolated(
    table: Columns, times: NDArray[np.float64], rate_hz: float, array: NDArray[np.float32]
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return the array by straight lines at `rate_hz`; at the rows' own rate first where that is higher."""
    steps = np.diff(times)
    usual = float(np.median(steps))
    own_hz = max(rate_hz, 1.0 / usual)
    span = float(times[-1] - times[0]) * own_hz
    refuse_above(table.path, int(min(span, 2**62)) * len(array))
    grid = times[0] + np.arange(int(np.floor(span + 1e-9)) + 1) / own_hz
    rows = np.stack([_lines(times, row, grid, _GAP_STEPS * usual) for row in array])
    if own_hz > rate_hz:  # straight to the lower rate, fast changes would turn into false slow ones
        fine = Waveform(array=rows, rate_hz=own_hz, leads=tuple(map(str, range(len(rows)))))
        rows = resample_waveform(fine, rate_hz).array
    return rows, (
        f"Times are irregular (steps of {steps.min():.4g} to {steps.max():.4g} s): values were interpolated to "
        f"{rate_hz:g} Hz, and stretches of {_GAP_STEPS * usual:.4g} s or more without a row are NaN.",
    )


def _lines(
    times: NDArray[np.float64], row: NDArray[np.float32], grid: NDArray[np.float64], gap_s: float
) -> NDArray[np.float32]:
    known = np.isfinite(row)
    if known.sum() < 2:
        return np.full(len(grid), np.nan, dtype=np.float32)
    measured = times[known]
    out = np.interp(grid, measured, row[known]).astype(np.float32)
    right = np.clip(np.searchsorted(measured, grid), 1, len(measured) - 1)
    wide = measured[right] - measured[right - 1] >= gap_s
    inner = (grid > measured[right - 1] + 1e-9) & (grid < measured[right] - 1e-9)
    out[(wide & inner) | (grid < measured[0] - 1e-9) | (grid > measured[-1] + 1e-9)] = np.nan
    return out


def _times(table: Columns, column: str) -> NDArray[np.float64]:
    if column in table.numbers:
        times = table.numbers[column] * _SECONDS[_time_name(column)[1]]
    else:
        try:
            stamps = [datetime.fromisoformat(word) for word in table.words[column]]
            times = np.array([(stamp - stamps[0]).total_seconds() for stamp in stamps])
        except (ValueError, TypeError):
            raise DataError(
                f"{table.path}: time column {column!r} is not numeric; give seconds, or ISO 8601 times in each row"
            ) from None
    if len(times) < 2 or not np.isfinite(times).all():
        raise DataError(f"{table.path}: time column {column!r} needs a time in every one of two rows or more")
    return times


def _commented(table: Columns) -> float | None:
    for name in RATE_COMMENTS:
        if name in table.comments:
            found = re.fullmatch(r"([0-9.eE+-]+)\s*(k?Hz)?", table.comments[name], re.I)
            try:
                number = float(found[1]) if found else float("nan")
            except ValueError:
                number = float("nan")
            return number * (1000.0 if found and (found[2] or "").lower() == "khz" else 1.0)
    return None


def _time_name(name: str) -> tuple[str, str]:
    """Return the name as `TIME_COLUMNS` spells it, and its unit."""
    head, unit = _name_and_unit(name)
    plain = head.strip().lower()
    if not unit and (plain.endswith("_ms") or plain == "milliseconds"):
        unit = "ms"
    return plain, unit.lower() if unit.lower() in _SECONDS else "s"


def _name_and_unit(name: str) -> tuple[str, str]:
    for left, right in (("[", "]"), ("(", ")")):
        if name.endswith(right) and left in name:
            head, _, tail = name[:-1].rpartition(left)
            return head.strip(), tail.strip()
    return name, ""
