"""Times in records: what is written keeps its precision, so that a date without a time is an interval of a day.

A moment is a pair of whole microseconds since 1970 in UTC, `start <= stop`. A reader that must be safe takes `stop`: a
result that is dated "2020-08" was surely known only when August had ended.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, UsageError

MISSING = int(np.iinfo(np.int64).min)
"""A time that is not known; NumPy's `NaT`."""
HOUR = 3_600_000_000
DAY = 24 * HOUR
YEAR_H = 365.2425 * 24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = int((datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1))
_LAST = int((datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1))
_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII
)


class Moment(NamedTuple):
    """When something was: whole microseconds since 1970-01-01T00:00Z, `start <= stop`."""

    start: int
    stop: int


def parse_moment(text: str, zone: tzinfo | None = None) -> Moment:
    """Read a date or time as it is written in ISO 8601 and FHIR.

    Args:
        text: `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or with `Thh:mm[:ss[.fff]]` and an optional zone (`Z`, `+hh:mm`).
        zone: Where a text without a zone was written. None means unknown: then a date begins with UTC and ends where
            it ends last on Earth (twelve hours later), and a time may be as much later.

    Returns:
        An interval of a year, month, day or minute, or an instant where seconds are given.

    Raises:
        DataError: No such form, or a date that no calendar has (year 0, month 13, 30 February).

    Source:
        HL7 FHIR R4, datatypes `date`, `dateTime` and `instant`.

    >>> stop_minus_start = parse_moment("2020-08-09", UTC)
    >>> (stop_minus_start.stop - stop_minus_start.start) // HOUR
    24
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise DataError(f"time {text[:40]!r} is not written as YYYY-MM-DDThh:mm:ss; correct it")
    year, month, day, hour, minute, second, fraction, mark = found.groups()
    place = _zone(mark) if mark else zone
    try:
        # a leap second is the second before midnight, so that calendars without it can hold it
        begin = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), min(int(second or 0), 59),
            int((fraction or ".0")[1:7].ljust(6, "0")), tzinfo=place or UTC,
        )  # fmt: skip
        end = _end(begin, (month, day, hour, second))
        # a second above 60 is no leap second
        if second and int(second) > 60:
            raise ValueError("second must be at most 60")
        start, stop = micros(begin), micros(end)
    except (ValueError, OverflowError) as error:
        raise DataError(f"time {text[:40]!r} is in no calendar ({error}); correct it") from error
    return Moment(start, stop + (0 if place else 12 * HOUR))


def micros(at: datetime) -> int:
    """Return microseconds since 1970 of an aware time.

    Raises:
        UsageError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise UsageError(f"time {at.isoformat()} has no zone; write it with one, such as +00:00")
    return int((at - _EPOCH) // timedelta(microseconds=1))


def when(us: int) -> datetime:
    """Return the aware time (UTC) of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=int(us))


def times(words: Sequence[str]) -> tuple[NDArray[np.int64], list[int]]:
    """Read a column of times in one unnamed zone, or with `Z` throughout, as `(N,)` microseconds.

    Args:
        words: `YYYY-MM-DD` or `YYYY-MM-DD hh:mm:ss` (also with `T` and `Z`); empty where missing.

    Returns:
        Microseconds, `MISSING` where there is none; and the places of the words that are no times.
    """
    clean = [word[:-1] if word.endswith("Z") else word for word in words]
    try:
        # NumPy also knows "now" and "today", which no table means
        if any(word and not word[:1].isdigit() for word in clean):
            raise ValueError("a word")
        found = np.array(clean, dtype="datetime64[us]").astype(np.int64)
        bad = np.flatnonzero((found != MISSING) & ((found < _FIRST) | (found > _LAST)))
        found[bad] = MISSING
        return found, [int(place) for place in bad]
    except (ValueError, OverflowError):
        return _one_by_one(clean)


def _one_by_one(words: Sequence[str]) -> tuple[NDArray[np.int64], list[int]]:
    found, bad = np.full(len(words), MISSING, dtype=np.int64), []
    for place, word in enumerate(words):
        if word:
            try:
                found[place] = parse_moment(word, UTC).start
            except DataError:
                bad.append(place)
    return found, bad


def _end(begin: datetime, parts: tuple[str | None, ...]) -> datetime:
    month, day, hour, second = parts
    if second:
        return begin
    if hour:
        return begin + timedelta(minutes=1)
    if day:
        return begin + timedelta(days=1)
    if month:
        return begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    return begin.replace(year=begin.year + 1)


def _zone(mark: str) -> tzinfo:
    from datetime import timezone

    if mark == "Z":
        return UTC
    digits = mark[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:
        raise DataError(f"time zone {mark!r} is none that exists; correct it")
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(-span if mark[0] == "-" else span)
