"""What a file of signals holds before it becomes one waveform: groups of leads by rate, marks, and words about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import max_values
from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Waveform
from salus.transforms.resample import resample_waveform


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that was noted at a time of the recording.

    Attributes:
        start_s: Seconds from the recording's first sample.
        duration_s: Seconds; NaN where the file gives none.
        text: What was noted.
        lead: The lead it belongs to, empty for all.
    """

    start_s: float
    text: str
    duration_s: float = float("nan")
    lead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """All signals of one file, each at the rate it was measured with.

    Attributes:
        groups: One waveform for each rate (WFDB, EDF) or multiplex group (DICOM), in the order of the file.
        labels: Name of each group, empty where the format has none.
        marks: In order of time.
        facts: What the header says of patient and recording, by lower-case name; `age_years` and `sex` are put
            into one form where they are there.
        notes: Sentences about what the reader mended or had to choose.
    """

    groups: tuple[Waveform, ...]
    labels: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def by_rate(
    rows: Sequence[NDArray[np.floating]], rates_hz: Sequence[float], leads: Sequence[str], units: Sequence[str]
) -> tuple[Waveform, ...]:
    """Put leads of one rate into one waveform each, in the order in which the rates appear.

    Args:
        rows: One array `(T,)` a lead; leads of one rate are equally long, or are filled up with NaN.
        rates_hz: Rate of each lead.
        leads: Name of each lead.
        units: Unit of each lead.
    """
    groups = []
    for rate in dict.fromkeys(rates_hz):
        places = [place for place, own in enumerate(rates_hz) if own == rate]
        length = max(len(rows[place]) for place in places)
        array = np.full((len(places), length), np.nan, dtype=np.float32)
        for line, place in enumerate(places):
            array[line, : len(rows[place])] = rows[place]
        chosen = tuple(units[place] for place in places)
        groups.append(
            Waveform(
                array=array,
                rate_hz=float(rate),
                leads=tuple(leads[place] for place in places),
                units=chosen if any(chosen) else (),
            )
        )
    return tuple(groups)


def joined(
    recording: Recording, rate_hz: float | None = None, limit: int | None = None, source: object = ""
) -> Waveform:
    """Bring every lead to one rate, so that the recording is one array.

    Args:
        recording: Its groups start at one moment.
        rate_hz: Wanted rate; None takes the highest that is there, so that no lead loses anything.
        limit: Most values (leads x samples) of the result; None takes the setting.
        source: Named in errors.

    Returns:
        Leads in the order of the groups; a lead that ends earlier is NaN from there on.

    Raises:
        DataError: No lead at all, or a result above the limit (one fast lead beside many slow ones).
        UnitError: A rate that is not above 0.
    """
    if not recording.groups:
        raise DataError(f"{source}: no signal in it; check the file")
    rate = max(group.rate_hz for group in recording.groups) if rate_hz is None else float(rate_hz)
    if not np.isfinite(rate) or rate <= 0:
        raise UnitError(f"{source}: rate {rate} Hz; it must be above 0")
    first = recording.groups[0]
    if len(recording.groups) == 1 and first.rate_hz == rate:
        return first
    length = max(int(np.ceil(group.array.shape[1] * rate / group.rate_hz)) for group in recording.groups)
    count = sum(len(group.leads) for group in recording.groups)
    allowed = max_values() if limit is None else limit
    if length * count > allowed:
        raise DataError(
            f"{source}: {count} leads at {rate:g} Hz make {length * count:,} values, more than the allowed "
            f"{allowed:,}; read its groups one by one, ask for a lower rate, or set SALUS_MAX_VALUES"
        )
    array = np.full((count, length), np.nan, dtype=np.float32)
    line = 0
    for group in recording.groups:
        part = group.array if group.rate_hz == rate else resample_waveform(group, rate).array
        array[line : line + len(part), : part.shape[1]] = part[:, :length]
        line += len(part)
    units = [unit for group in recording.groups for unit in (group.units or ("",) * len(group.leads))]
    return Waveform(
        array=array,
        rate_hz=rate,
        leads=tuple(lead for group in recording.groups for lead in group.leads),
        units=tuple(units) if any(units) else (),
    )
