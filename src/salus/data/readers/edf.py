"""Polysomnographies, electroencephalograms and other long recordings: EDF, EDF+ (continuous or not) and BDF.

The edfio library reads the header's fields; sizes are checked against the file before, and the annotations of EDF+ are
taken apart here, because they decide where each data record lies in time.
"""

import contextlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.leads import harmonised
from salus.data.limits import existing, refuse_above
from salus.data.readers.recording import Mark, Recording, by_rate, joined
from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Waveform

SUFFIXES = (".edf", ".bdf", ".rec")
MAX_SIGNALS = 4_096
MAX_MARKS = 2_000_000
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_STARTS = {b"0       ": 2, b"\xffBIOSEMI": 3}


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the header claims, checked against the file's size."""

    width: int
    records: int
    duration_s: float
    samples: tuple[int, ...]
    signals: int


def is_edf(path: Path | str) -> bool:
    """Tell whether a file begins as EDF or BDF does."""
    try:
        with Path(path).open("rb") as handle:
            head = handle.read(256)
    except OSError:
        return False
    signals = _whole(head[252:256]) if _width(head) else None
    return signals is not None and _whole(head[184:192]) == 256 * (signals + 1)


def read_edf(path: Path | str, rate_hz: float | None = None, limit: int | None = None) -> Waveform:
    """Read an EDF or BDF file in physical units as one array.

    Channels of several rates are brought to one; `read_edf_recording` keeps each as it was measured.

    Args:
        path: The file.
        rate_hz: Rate of all channels; None takes the highest that is there.
        limit: Most values; None takes the setting.

    Returns:
        `(L, T)` float32; NaN in the gaps of a discontinuous file. Leads of an electrocardiogram in their one spelling.

    Raises:
        DataError: Not EDF, cut short, times that run backwards, too large, or annotations alone.
        UnitError: No duration of a data record.
    """
    return harmonised(joined(read_edf_recording(path, limit), rate_hz, limit, source=path))


def read_edf_recording(path: Path | str, limit: int | None = None) -> Recording:
    """Read an EDF or BDF file: channels grouped by rate, and its annotations.

    Args:
        path: The file.
        limit: Most values; None takes the setting.

    Returns:
        Times of marks count from the first sample. `facts` holds `patient`, `recording` and `start` as the header
        gives them (they may name a person), and `sex` where EDF+ states it.

    Raises:
        DataError: Not EDF, cut short, times that run backwards, or too large.
        UnitError: No duration of a data record.
    """
    found = existing(path)
    layout = _checked(found, limit)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _recording(found, layout, limit)
    except (DataError, UnitError):
        raise
    except Exception as error:  # edfio raises whatever its parsing meets
        raise DataError(f"{found}: a damaged EDF file ({error}); copy it again") from error


def _width(head: bytes) -> int:
    """Return the bytes of one sample, 0 where this is no EDF."""
    return _STARTS.get(head[:8], 0) if len(head) >= 256 else 0


def _checked(path: Path, limit: int | None) -> _Layout:
    with path.open("rb") as handle:
        head = handle.read(256)
        width, signals = _width(head), _whole(head[252:256])
        if not width:
            raise DataError(f"{path}: not an EDF or BDF file; check the file")
        if signals is None or not 1 <= signals <= MAX_SIGNALS:
            raise DataError(f"{path}: declares {head[252:256]!r} signals; expected 1 to {MAX_SIGNALS}")
        fields = handle.read(256 * signals)
    if len(fields) < 256 * signals or _whole(head[184:192]) != 256 * (signals + 1):
        raise DataError(f"{path}: its header is cut short or misstates its length; copy the file again")
    start = sum(_WIDTHS[:8]) * signals
    samples = [_whole(fields[start + 8 * i : start + 8 * i + 8]) for i in range(signals)]
    if any(count is None or not 0 <= count <= 2**26 for count in samples) or not any(samples):
        raise DataError(f"{path}: samples per data record are not whole numbers above 0; copy the file again")
    counts = tuple(count or 0 for count in samples)
    try:
        duration = float(head[244:252])
    except ValueError:
        raise UnitError(f"{path}: a data record lasts {head[244:252]!r} s; correct the header") from None
    names = {fields[16 * i : 16 * i + 16].strip() for i in range(signals)}
    alone = names <= {b"EDF Annotations", b"BDF Annotations"}  # then there may be no duration
    if not np.isfinite(duration) or not 0 <= duration <= 1e7 or (duration == 0 and not alone):
        raise UnitError(f"{path}: a data record lasts {duration} s; correct the header")
    records, size = _whole(head[236:244]), path.stat().st_size - 256 * (signals + 1)
    there = size // (width * sum(counts))
    if records is None or records < -1:
        raise DataError(f"{path}: declares {head[236:244]!r} data records; correct the header")
    if records > there:
        raise DataError(
            f"{path}: {there:,} of {records:,} data records are there; the file was cut short, copy it again"
        )
    records = there if records == -1 else records
    refuse_above(path, records * sum(counts), limit)
    return _Layout(width, records, duration, counts, signals)


def _recording(path: Path, layout: _Layout, limit: int | None) -> Recording:
    import edfio

    read = edfio.read_edf if layout.width == 2 else edfio.read_bdf
    opened: Any = read(path, header_encoding="latin-1")
    channels: list[Any] = list(opened.signals)
    timed: list[Any] = list(opened._annotation_signals)
    starts, marks, notes = _times(path, timed, layout)
    rows, rates = [], []
    for channel in channels:
        count = int(channel.samples_per_data_record)
        rate = count / layout.duration_s
        if count:
            rows.append(_placed(path, channel, count, starts, (layout, limit)))
            rates.append(rate)
    kept = [channel for channel in channels if channel.samples_per_data_record]
    names, units = [str(channel.label) for channel in kept], [_unit(channel.physical_dimension) for channel in kept]
    names = [f"{name} #{i + 1}" if names.index(name) != i else name for i, name in enumerate(names)]
    flat = [name for name, c in zip(names, kept, strict=True) if c.digital_min == c.digital_max]
    if flat:
        notes.append(f"No scale is given for {', '.join(flat)}: their values are the stored numbers.")
    return Recording(
        groups=by_rate(rows, rates, names, units), marks=tuple(marks), facts=_facts(opened), notes=tuple(notes)
    )


def _placed(
    path: Path, channel: Any, count: int, starts: NDArray[np.float64] | None, bounds: tuple[_Layout, int | None]
) -> NDArray[np.float32]:
    """Return a channel with each data record at its time, and NaN between."""
    layout, limit = bounds
    values = np.asarray(channel._calibrate(channel.digital[: layout.records * count]), dtype=np.float32)
    if starts is None:
        return values
    rate = count / layout.duration_s
    places = np.rint(starts * rate).astype(np.int64)
    length = int(places[-1]) + count
    refuse_above(path, length * sum(layout.samples) // count, limit)
    if (np.diff(places) < count).any():  # by rounding alone: overlaps were refused
        places = np.maximum.accumulate(places - np.arange(len(places)) * count) + np.arange(len(places)) * count
        length = int(places[-1]) + count
    out = np.full(length, np.nan, dtype=np.float32)
    out[(places[:, None] + np.arange(count)).ravel()] = values
    return out


def _times(path: Path, timed: list[Any], layout: _Layout) -> tuple[NDArray[np.float64] | None, list[Mark], list[str]]:
    """Return where data records start (None where they follow one another), the marks, and what is to be said."""
    onsets: list[float] = []
    marks: list[Mark] = []
    for number, channel in enumerate(timed):
        raw = np.asarray(channel.digital).view(np.uint8).tobytes()
        step = len(raw) // layout.records if layout.records else 0
        for record in range(layout.records):
            lists = _lists(raw[record * step : (record + 1) * step])
            if number == 0:
                if not lists:
                    raise DataError(
                        f"{path}: data record {record + 1} does not say when it starts; copy the file again"
                    )
                onsets.append(lists[0][0])
                lists[0] = (*lists[0][:2], [text for text in lists[0][2] if text])
            marks += [Mark(start_s=onset, duration_s=last, text=text) for onset, last, texts in lists for text in texts]
            if len(marks) > MAX_MARKS:
                raise DataError(f"{path}: more than {MAX_MARKS:,} annotations; split the file")
    if not onsets:
        return None, marks, []
    first = onsets[0]
    marks = sorted(
        (Mark(start_s=round(m.start_s - first, 9), duration_s=m.duration_s, text=m.text) for m in marks),
        key=lambda mark: mark.start_s,
    )
    starts = np.array(onsets) - first
    slack = 1e-6 + 1e-3 * layout.duration_s
    if not np.isfinite(starts).all() or (np.diff(starts) < layout.duration_s - slack).any():
        place = int(np.argmax(np.diff(starts) < layout.duration_s - slack)) + 2
        raise DataError(f"{path}: data record {place} starts before the one before it ends; copy the file again")
    gaps = np.diff(starts) - layout.duration_s
    if (np.abs(gaps) <= slack).all():
        return None, marks, []
    count = int((gaps > slack).sum())
    return starts, marks, [f"{count} gaps of {gaps[gaps > slack].sum():.6g} s in all: there the signals are NaN."]


def _lists(record: bytes) -> list[tuple[float, float, list[str]]]:
    """Take one data record's time-stamped annotation lists apart: onset, duration (NaN if none) and texts.

    Source: EDF+ specification (Kemp and Olivan 2003), section 2.2.2.
    """
    found = []
    for piece in record.split(b"\0"):
        if not piece:
            continue
        stamp, *texts = piece.split(b"\x14")
        onset, _, last = stamp.partition(b"\x15")
        if onset[:1] not in (b"+", b"-"):
            raise ValueError(f"an annotation without a time: {piece[:40]!r}")
        words = [text.decode("utf-8", errors="replace") for text in (texts[:-1] if texts and not texts[-1] else texts)]
        found.append((float(onset), float(last) if last else float("nan"), words))
    return found


def _facts(opened: Any) -> dict[str, str]:
    found = {
        "patient": str(opened.local_patient_identification).strip(),
        "recording": str(opened.local_recording_identification).strip(),
    }
    words = found["patient"].split()
    if len(words) > 1 and words[1] in ("F", "M"):  # EDF+: code, sex, birthdate, name
        found["sex"] = words[1]
    with contextlib.suppress(ValueError):  # an anonymized or impossible date
        found["start"] = f"{opened.startdate.isoformat()}T{opened.starttime.isoformat()}"
    return {name: value for name, value in found.items() if value}


def _unit(text: str) -> str:
    return str(text).strip().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")


def _whole(field: bytes) -> int | None:
    try:
        return int(field)
    except ValueError:
        return None
