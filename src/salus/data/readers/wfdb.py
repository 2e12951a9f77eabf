"""Signals of PhysioNet: WFDB records and annotations.

All storage formats that the wfdb library reads (8, 16, 24, 32, 61, 80, 160, 212, 310, 311 and FLAC in 508, 516, 524),
single records and records of segments, leads of several rates, and skewed leads.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.leads import harmonised
from salus.data.limits import existing
from salus.data.readers.recording import Mark, Recording, by_rate, joined
from salus.data.readers.wfdb_header import check_segments, check_single, library, names_and_units, read_header, stem_of
from salus.schema.errors import DataError
from salus.schema.sample import Waveform

MAX_ANNOTATION_BYTES = 2**21
"""About a million marks: ten days of beats."""

_PAIR = re.compile(r"<?([A-Za-z][\w /.()-]{0,60}?)>?\s*:\s*(.*)")
_SEVERAL = re.compile(r"<([^<>]{1,60})>\s*:?\s*([^<]*)")
_AGE_SEX = re.compile(r"(-?\d{1,3})\s+([MF])\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """Marks that a reader set on a record.

    Attributes:
        positions: `(N,)` int64, sample numbers at `rate_hz`.
        symbols: WFDB annotation symbols, N of them.
        notes: Auxiliary text of each, empty where none.
        rate_hz: Rate the positions count in; NaN where the file does not say.
    """

    positions: NDArray[np.int64]
    symbols: tuple[str, ...]
    notes: tuple[str, ...]
    rate_hz: float


def read_wfdb(path: Path | str, limit: int | None = None) -> Waveform:
    """Read a WFDB record in physical units as one array.

    Leads of several rates are brought to the highest of them (`read_wfdb_recording` keeps each as it was measured).

    Args:
        path: The record's `.hea` file, its `.dat` file, or its path without ending.
        limit: Most samples x leads; None takes the setting.

    Returns:
        `(L, T)` float32 with lead names and units; NaN where the record marks a sample as invalid, where a segment
        lacks a lead, and at the end of a skewed lead.

    Raises:
        DataError: Unreadable, cut short, or a header that names files outside the record's folder.
        UnitError: No sampling rate.
    """
    stem = stem_of(path)
    return harmonised(joined(_signals(stem, limit), limit=limit, source=stem))


def read_wfdb_recording(path: Path | str, extension: str = "atr", limit: int | None = None) -> Recording:
    """Read a WFDB record with every lead at its own rate, the marks of its annotation file, and its comments.

    Args:
        path: As in `read_wfdb`.
        extension: Ending of the annotation file; marks are empty where there is no such file.
        limit: Most samples x leads; None takes the setting.

    Raises:
        DataError: As `read_wfdb` and `read_annotations`.
        UnitError: No sampling rate.
    """
    stem = stem_of(path)
    found = _signals(stem, limit)
    marks: tuple[Mark, ...] = ()
    notes = list(found.notes)
    if stem.with_name(f"{stem.name}.{extension}").is_file():
        table = read_annotations(stem, extension)
        rate = table.rate_hz if np.isfinite(table.rate_hz) else float(read_header(stem).fs)
        length_s = max((group.array.shape[1] / group.rate_hz for group in found.groups), default=0.0)
        marks = tuple(
            Mark(start_s=float(place) / rate, text=f"{symbol} {note}".strip())
            for place, symbol, note in zip(table.positions, table.symbols, table.notes, strict=True)
        )
        late = sum(mark.start_s > length_s for mark in marks)
        if late:
            notes.append(
                f"{late} of {len(marks)} marks lie behind the end of the signals: their positions may count in "
                "another rate than the header's."
            )
    return Recording(groups=found.groups, marks=marks, facts=record_facts(stem), notes=tuple(notes))


def read_annotations(path: Path | str, extension: str = "atr") -> Annotations:
    """Read a record's annotation file.

    Args:
        path: As in `read_wfdb`.
        extension: Ending of the annotation file.

    Raises:
        DataError: No such file, too large, or not an annotation file.
    """
    stem = stem_of(path)
    found = existing(stem.with_name(f"{stem.name}.{extension}"))
    size = found.stat().st_size
    if size > MAX_ANNOTATION_BYTES or size % 2:
        raise DataError(
            f"{found}: not a WFDB annotation file ({size:,} bytes; expected an even number up to "
            f"{MAX_ANNOTATION_BYTES:,}); fetch it again"
        )
    read_header(stem)  # the library reads the rate from it
    try:
        with library() as wfdb:
            marks: Any = wfdb.rdann(str(stem), extension)
        positions = np.asarray(marks.sample, dtype=np.int64)
        symbols = tuple(str(symbol) for symbol in marks.symbol)
    except Exception as error:  # wfdb raises bare Exception for some faults of the file
        raise DataError(f"{found}: not a WFDB annotation file ({error}); fetch it again") from error
    if len(positions) and positions.min() < 0:
        raise DataError(f"{found}: a mark at sample {int(positions.min())}, before the start; fetch the file again")
    return Annotations(
        positions=positions,
        symbols=symbols,
        notes=tuple(str(note or "").strip("\0 ") for note in marks.aux_note),
        rate_hz=float(marks.fs) if marks.fs else float("nan"),
    )


def record_comments(path: Path | str) -> tuple[str, ...]:
    """Return the comment lines of a record's header (age, sex, diagnosis, ...).

    Raises:
        DataError: Unreadable header.
    """
    return tuple(str(line).strip() for line in read_header(stem_of(path)).comments or ())


def record_facts(path: Path | str) -> dict[str, str]:
    """Return what a record's comments say, by lower-case name.

    `name: value` and `<name>: value <name>: value` lines become entries; the first line of MIT-BIH's form (`69 M ...`)
    gives age and sex. Age is `age_years` (whole or decimal number), sex is `sex` (`F` or `M`), `Reason for admission`
    and other names that speak of a diagnosis are also under `diagnosis`, and other lines are joined under `remarks`.
    A value that says nothing (`n/a`, `?`, `unknown`) is left out.

    Raises:
        DataError: Unreadable header.
    """
    found: dict[str, str] = {}
    remarks = []
    for line in record_comments(path):
        several = _SEVERAL.findall(line)
        match = _PAIR.fullmatch(line)
        pairs = several or ([(match[1], match[2])] if match else [])
        plain = _AGE_SEX.match(line)
        if plain and not pairs:
            pairs = [("age", plain[1]), ("sex", plain[2])]
        if not pairs and line:
            remarks.append(line)
        for name, value in pairs:
            _add_fact(found, name.strip().lower(), value.strip())
    if remarks:
        found["remarks"] = " ".join(remarks)
    return found


def _add_fact(found: dict[str, str], name: str, value: str) -> None:
    if not value or value.lower() in ("n/a", "na", "?", "unknown", "none", "-"):
        return
    found[name] = value
    if name in ("age", "age (years)", "age/years") and re.fullmatch(r"\d{1,3}(\.\d+)?", value):
        found["age_years"] = value
    if name in ("sex", "gender") and value[:1].upper() in "FMW":
        found["sex"] = "M" if value[0].upper() == "M" else "F"
    if name in ("reason for admission", "diagnosis", "diagnoses", "diagnose", "dx"):
        found["diagnosis"] = value


def _signals(stem: Path, limit: int | None) -> Recording:
    header = read_header(stem)
    if getattr(header, "seg_name", None) is not None:
        check_segments(stem, header, limit)
        return _assembled(stem, header)
    check_single(stem, header, limit)
    rows, rates, leads, units = _segment(stem, header)
    skewed = [lead for lead, skew in zip(leads, header.skew, strict=True) if skew]
    notes = (f"Skewed leads were moved into time with the others: {', '.join(skewed)}.",) if skewed else ()
    return Recording(groups=by_rate(rows, rates, leads, units), notes=notes)


def _segment(stem: Path, header: Any) -> tuple[list[NDArray[np.float32]], list[float], list[str], list[str]]:
    """Return rows, rates, lead names and units of one segment."""
    try:
        with library() as wfdb:
            # the library shifts leads of different skews wrongly, so that is done here
            record: Any = wfdb.rdrecord(str(stem), smooth_frames=False, ignore_skew=True)
        signals: Sequence[NDArray[np.float64]] = record.e_p_signal
        rows = [np.asarray(signal, dtype=np.float32) for signal in signals]
    except Exception as error:  # as in `read_annotations`
        raise DataError(f"{stem}: signal files cannot be read ({error}); fetch the record again") from error
    frames = [int(count or 1) for count in header.samps_per_frame]
    for row, skew, count in zip(rows, header.skew, frames, strict=True):
        if skew:
            shift = int(skew) * count
            row[: len(row) - shift] = row[shift:].copy()
            row[len(row) - shift :] = np.nan
    rates = [float(header.fs) * count for count in frames]
    leads, units = names_and_units(stem, header)
    return rows, rates, leads, units


def _assembled(stem: Path, header: Any) -> Recording:
    """Put segments behind one another by lead name; where a segment lacks a lead, or is a gap, there is NaN."""
    parts = [(name, int(length)) for name, length in zip(header.seg_name, header.seg_len, strict=True)]
    head = stem.with_name(next(name for name, _ in parts if name != "~"))
    first = read_header(head)
    leads, frames = names_and_units(head, first)[0], [int(count or 1) for count in first.samps_per_frame]
    total = sum(length for _, length in parts)
    rows = [np.full(total * count, np.nan, dtype=np.float32) for count in frames]
    units = [""] * len(leads)
    start, gaps = 0, 0
    for name, length in parts:
        if name == "~":
            gaps += 1
        elif length:
            own = read_header(stem.with_name(name))
            for row, rate, lead, unit in zip(*_segment(stem.with_name(name), own), strict=True):
                place = leads.index(lead) if lead in leads else -1
                if place < 0 or rate != float(header.fs) * frames[place] or (units[place] or unit) != unit:
                    raise DataError(
                        f"{stem}.hea: lead {lead!r} of segment {name!r} ({rate:g} Hz, {unit}) is not as the record's "
                        "first segment describes it; read the segments one by one"
                    )
                units[place] = unit
                rows[place][start * frames[place] : start * frames[place] + len(row)] = row
        start += length
    rates = [float(header.fs) * count for count in frames]
    notes = (f"{gaps} of {len(parts)} segments are gaps.",) if gaps else ()
    return Recording(groups=by_rate(rows, rates, leads, units), notes=notes)
