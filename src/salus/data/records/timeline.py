"""What happened to a patient, and when it became known: inputs come from before a moment, truths from after it.

Two times belong to every event. It *happened* at `start`, and it was *known* from `known` on: a blood sample is drawn
at eight and its result issued at ten; a diagnosis for the bill belongs to the admission and is written after the
discharge. A timeline is sorted by `known`, and `before(t)` returns the part of it in front of `t`: no code that makes
model inputs can reach what follows. What follows comes out of `after(t)` alone, as another type that no system takes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from salus.data.records.moment import HOUR, MISSING, YEAR_H, micros, when
from salus.schema.errors import DataError
from salus.schema.sample import Events

AGE = "person|age"
Change = Callable[[str, str], tuple[float, float, str] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """One stay or visit: where a question may be asked and what came of it.

    Attributes:
        id: As the record names it.
        patient: Whose it is.
        start: When it began.
        stop: When it ended; None while it lasts.
        kind: As the record calls it (`EMERGENCY`, `AMB`, ...).
        outcome: What was known at its end (`died`, `place`, ...); for targets, never for inputs.
        site: Hospital or unit, where the record says so.
    """

    id: str
    patient: str
    start: datetime
    stop: datetime | None
    kind: str = ""
    outcome: Mapping[str, str] = field(default_factory=dict)
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Future:
    """What was not yet known at a moment: truths for a target. It is no `Events`, so no system takes it as input.

    Attributes:
        times_h: `(N,)`, when it happened, hours from the moment; negative for what had happened but was not known.
        known_h: `(N,)`, when it became known, hours from the moment, not negative, not decreasing.
        codes: N of them.
        values: `(N,)`, NaN where an event has no value.
        units: N of them.
    """

    times_h: NDArray[np.float64]
    known_h: NDArray[np.float64]
    codes: tuple[str, ...]
    values: NDArray[np.float64]
    units: tuple[str, ...]

    def has(self, code: str, until_h: float = np.inf) -> bool:
        """Tell whether an event of that code, or `code=word`, happened in `[0, until_h)` hours from the moment."""
        inside = (self.times_h >= 0) & (self.times_h < until_h)
        return any(inside[i] and (name == code or name.startswith(f"{code}=")) for i, name in enumerate(self.codes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The events of all patients in columns, sorted by patient, then by when they were known.

    Attributes:
        start: `(N,)` int64, when each happened, microseconds since 1970.
        known: `(N,)` int64, when each was known, not before `start`.
        code: `(N,)` index into `names`.
        value: `(N,)` float64, NaN for none.
        unit: `(N,)` index into `units`.
        names: The codes, in the order of the alphabet.
        units: The units.
    """

    start: NDArray[np.int64]
    known: NDArray[np.int64]
    code: NDArray[np.int32]
    value: NDArray[np.float64]
    unit: NDArray[np.int32]
    names: tuple[str, ...]
    units: tuple[str, ...]


class Timeline:
    """One patient's events. `before` is the only way to model inputs, `after` the only way to truths.

    Args:
        patient: Whose it is.
        columns: Where the events are.
        rows: Which of them are this patient's.
        encounters: The patient's stays and visits, in order of time.
        birth: Microseconds since 1970, None where unknown.
        background: Codes that never change (`person|sex=F`).
    """

    __slots__ = ("_birth", "_columns", "_rows", "background", "encounters", "patient")

    def __init__(
        self,
        patient: str,
        columns: Columns,
        rows: slice,
        encounters: Sequence[Encounter] = (),
        birth: int | None = None,
        background: Sequence[str] = (),
    ) -> None:
        self.patient, self.encounters, self.background = patient, tuple(encounters), tuple(sorted(background))
        self._columns, self._rows, self._birth = columns, rows, birth

    def before(self, at: datetime, window_h: float | None = None) -> Events:
        """Return what was known before a moment, in the order in which it happened.

        Nothing here depends on an event that became known at `at` or later: not the order, not the zero of time. The
        patient's background and age at `at` (in years, unit `a`) come first, at the zero of time.

        Args:
            at: Aware; an event known exactly then is not seen.
            window_h: Only what happened at most so many hours before; None takes all.

        Raises:
            UsageError: `at` has no time zone.
        """
        limit, known = micros(at), self._columns.known[self._rows]
        visible = np.arange(self._rows.start, self._rows.start + int(np.searchsorted(known, limit, side="left")))
        start = self._columns.start[visible]
        if window_h is not None:
            visible = visible[start >= limit - int(window_h * HOUR)]
            start = self._columns.start[visible]
        order = np.argsort(start, kind="stable")
        visible, start = visible[order], start[order]
        zero = int(start[0]) if len(start) else limit
        first = list(self.background)
        values = [float("nan")] * len(first)
        if self._birth is not None and self._birth <= limit:
            first.append(AGE)
            values.append((limit - self._birth) / HOUR / YEAR_H)
        table = self._columns
        return Events(
            times_h=np.concatenate([np.zeros(len(first)), (start - zero) / HOUR]),
            codes=(*first, *(table.names[i] for i in table.code[visible])),
            values=np.concatenate([np.array(values), table.value[visible]]),
            units=(*("a" if name == AGE else "" for name in first), *(table.units[i] for i in table.unit[visible])),
        )

    def after(self, at: datetime) -> Future:
        """Return what `before(at)` does not see, in the order in which it became known; for targets only.

        Raises:
            UsageError: `at` has no time zone.
        """
        limit, table = micros(at), self._columns
        known = table.known[self._rows]
        hidden = slice(self._rows.start + int(np.searchsorted(known, limit, side="left")), self._rows.stop)
        return Future(
            times_h=(table.start[hidden] - limit) / HOUR,
            known_h=(table.known[hidden] - limit) / HOUR,
            codes=tuple(table.names[i] for i in table.code[hidden]),
            values=table.value[hidden],
            units=tuple(table.units[i] for i in table.unit[hidden]),
        )

    def known_at_all(self) -> bool:
        """Tell whether there is any event in the record."""
        return self._rows.stop > self._rows.start

    def end(self) -> datetime:
        """Return a moment at which everything in the timeline is known; for a record as it stands today.

        Raises:
            DataError: There is nothing in it.
        """
        known = self._columns.known[self._rows]
        if not len(known):
            raise DataError(f"patient {self.patient}: no event with a time; there is nothing to predict from")
        return when(int(known[-1])) + timedelta(microseconds=1)


class Timelines(Mapping[str, Timeline]):
    """The timelines of a cohort, by patient.

    Args:
        columns: All events.
        spans: Each patient's rows.
        encounters: Each patient's stays.
        births: Each patient's birth, where known.
        backgrounds: Each patient's unchanging codes.
        displays: What a code means, in words, where the record says so.
        findings: What was left out or bent and why, with counts.
        named: The first rows or resources of each finding.
    """

    def __init__(
        self,
        columns: Columns,
        spans: Mapping[str, slice],
        encounters: Mapping[str, Sequence[Encounter]],
        births: Mapping[str, int],
        backgrounds: Mapping[str, Sequence[str]],
        displays: Mapping[str, str],
        findings: Mapping[str, int],
        named: Mapping[str, Sequence[str]],
    ) -> None:
        self._columns, self._spans = columns, dict(spans)
        self._encounters, self._births, self._backgrounds = encounters, births, backgrounds
        self.displays, self.findings = dict(displays), dict(findings)
        self.named = {why: tuple(which) for why, which in named.items()}

    def __getitem__(self, patient: str) -> Timeline:
        """Return one patient's timeline."""
        return Timeline(
            patient,
            self._columns,
            self._spans[patient],
            self._encounters.get(patient, ()),
            None if self._births.get(patient, MISSING) == MISSING else self._births[patient],
            self._backgrounds.get(patient, ()),
        )

    def __iter__(self) -> Iterator[str]:
        """Return the patients, in order of name."""
        return iter(self._spans)

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self._spans)

    def counts(self) -> dict[str, int]:
        """Return how many events each code has in the whole record; to describe it, never to choose inputs."""
        found = np.bincount(self._columns.code, minlength=len(self._columns.names))
        return {name: int(count) for name, count in zip(self._columns.names, found, strict=True)}

    def converted(self, change: Change) -> "Timelines":
        """Return the same events with values in other units.

        Args:
            change: Called once for each pair of code and unit; returns factor, offset and the new unit, or None to
                leave the values as they are.
        """
        table = self._columns
        value, unit = table.value.copy(), table.unit.copy()
        units = {name: place for place, name in enumerate(table.units)}
        width = len(table.units)
        pair = table.code.astype(np.int64) * width + table.unit
        for key in np.unique(pair).tolist():
            found = change(table.names[key // width], table.units[key % width])
            if found is not None:
                rows = pair == key
                value[rows] = value[rows] * found[0] + found[1]
                unit[rows] = units.setdefault(found[2], len(units))
        changed = replace(table, value=value, unit=unit, units=tuple(units))
        return Timelines(
            changed, self._spans, self._encounters, self._births, self._backgrounds, self.displays, self.findings,
            self.named,
        )  # fmt: skip

    def units_of(self) -> dict[str, dict[str, int]]:
        """Return which units each code is measured in, and how often; several may need conversion."""
        table = self._columns
        keys, counts = np.unique(np.stack([table.code, table.unit]), axis=1, return_counts=True)
        found: dict[str, dict[str, int]] = {}
        for (code, unit), count in zip(keys.T.tolist(), counts.tolist(), strict=True):
            if table.units[unit]:
                found.setdefault(table.names[code], {})[table.units[unit]] = count
        return found
