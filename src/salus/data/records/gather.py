"""Gather events from any record into timelines, in bounded memory, and count what could not be used."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import max_values
from salus.data.records.moment import MISSING
from salus.data.records.timeline import Columns, Encounter, Timelines
from salus.schema.errors import DataError

NAMED = 20
MAX_WORD = 64
"""Longest text that becomes part of a code; a longer one is a note and not a category."""


class Gatherer:
    """Collects events; each takes 36 bytes, and while `timelines` sorts them 190 (measured on 2.2 million).

    Args:
        source: Named in errors.
        limit: Most events; None takes the setting `SALUS_MAX_VALUES` over sixteen (17 million, 3 GB while sorting).
    """

    def __init__(self, source: str, limit: int | None = None) -> None:
        self.source = source
        self.limit = max_values() // 16 if limit is None else limit
        self.count = 0
        self.findings: Counter[str] = Counter()
        self.displays: dict[str, str] = {}
        self._named: dict[str, list[str]] = defaultdict(list)
        self._parts: list[tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32],
                                NDArray[np.float64], NDArray[np.int32]]] = []  # fmt: skip
        self._patients: dict[str, int] = {}
        self._codes: dict[str, int] = {}
        self._units: dict[str, int] = {"": 0}
        self._encounters: dict[str, list[Encounter]] = defaultdict(list)
        self._births: dict[str, int] = {}
        self._backgrounds: dict[str, set[str]] = defaultdict(set)
        self._buffer: list[tuple[int, int, int, int, float, int]] = []

    def person(self, patient: str, birth: int = MISSING, background: Iterable[str] = ()) -> None:
        """Note that a patient exists, with birth (microseconds since 1970) and codes that never change."""
        self._patients.setdefault(patient, len(self._patients))
        if birth != MISSING:
            self._births[patient] = birth
        self._backgrounds[patient].update(background)

    def encounter(self, encounter: Encounter) -> None:
        """Add a stay or visit."""
        self._encounters[encounter.patient].append(encounter)

    def skip(self, why: str, count: int = 1, which: str = "") -> None:
        """Count rows or resources that were left out, by reason; the first twenty of each reason keep their name."""
        if count:
            self.findings[why] += count
            if which and len(self._named[why]) < NAMED:
                self._named[why].append(which)

    def event(
        self, patient: str, code: str, start: int, known: int, value: float = float("nan"), unit: str = ""
    ) -> None:
        """Add one event; see `events`."""
        if MISSING in (start, known):
            self.skip(f"no time: {code.partition('|')[0]}")
            return
        self._buffer.append(
            (
                self._patients.setdefault(patient, len(self._patients)), start, known,
                self._codes.setdefault(code, len(self._codes)), value, self._units.setdefault(unit, len(self._units)),
            )
        )  # fmt: skip
        if len(self._buffer) >= 65536:
            self._flush()

    def events(
        self,
        patients: Sequence[str],
        codes: Sequence[str],
        start: NDArray[np.int64],
        known: NDArray[np.int64],
        values: NDArray[np.float64] | None = None,
        units: Sequence[str] | None = None,
    ) -> None:
        """Add N events as columns.

        Args:
            patients: Whose.
            codes: `system|code`, or `system|code=word` where the value is a word.
            start: When each happened, microseconds since 1970; `MISSING` leaves the event out, counted.
            known: When each was known; where that is before `start` the start counts, since nothing is known earlier.
            values: NaN where there is none.
            units: Empty where there is none.

        Raises:
            DataError: More events than the limit.
        """
        count = len(patients)
        number = np.full(count, np.nan) if values is None else np.asarray(values, dtype=np.float64)
        keep = (start != MISSING) & (known != MISSING)
        if not keep.all():
            for place in np.flatnonzero(~keep).tolist():
                self.skip(f"no time: {codes[place].partition('|')[0]}")
        self._add(
            _numbered(self._patients, patients)[keep],
            start[keep],
            known[keep],
            _numbered(self._codes, codes)[keep],
            number[keep],
            np.zeros(int(keep.sum()), np.int32) if units is None else _numbered(self._units, units)[keep],
        )

    def timelines(self) -> Timelines:
        """Sort what was gathered and return it."""
        self._flush()
        parts: list[Any] = (
            [np.concatenate(column) for column in zip(*self._parts, strict=True)] if self._parts else _nothing()
        )
        self._parts = []
        patient, start, known, code, value, unit = parts
        # Ties are broken by names and not by the order of reading, so that a later event cannot change them.
        people, patient = _by_name(self._patients, patient)
        names, code = _by_name(self._codes, code)
        units, unit = _by_name(self._units, unit)
        order = np.lexsort((value, unit, code, start, known, patient))
        columns = Columns(
            start=start[order], known=known[order], code=code[order], value=value[order], unit=unit[order],
            names=names, units=units,
        )  # fmt: skip
        edges = np.searchsorted(patient[order], np.arange(len(people) + 1))
        spans = {name: slice(int(edges[i]), int(edges[i + 1])) for i, name in enumerate(people)}
        encounters = {name: sorted(found, key=_order) for name, found in self._encounters.items() if name in spans}
        self.skip("encounter of nobody in the record", sum(n not in spans for n in self._encounters))
        backgrounds = {name: tuple(sorted(found)) for name, found in self._backgrounds.items()}
        return Timelines(
            columns, spans, encounters, self._births, backgrounds, self.displays, self.findings, self._named
        )

    def _flush(self) -> None:
        if self._buffer:
            columns = list(zip(*self._buffer, strict=True))
            self._buffer = []
            kinds = (np.int32, np.int64, np.int64, np.int32, np.float64, np.int32)
            self._add(*(np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)))

    def _add(
        self,
        patient: NDArray[np.int32],
        start: NDArray[np.int64],
        known: NDArray[np.int64],
        code: NDArray[np.int32],
        value: NDArray[np.float64],
        unit: NDArray[np.int32],
    ) -> None:
        self.count += len(patient)
        if self.count > self.limit:
            raise DataError(
                f"{self.source}: more than {self.limit:,} events; choose fewer tables or patients, "
                "or raise SALUS_MAX_VALUES (a sixteenth of it may be events)"
            )
        self._parts.append((patient, start, np.maximum(known, start), code, value, unit))


def coded(system: str, code: str, word: str = "") -> str:
    """Return `system|code`, or `system|code=word` where the value is a short word.

    >>> coded("loinc", "72166-2", "Never smoked")
    'loinc|72166-2=Never smoked'
    """
    name = f"{system}|{code}"
    word = " ".join(word.split())
    return f"{name}={word}" if word and len(word) <= MAX_WORD else name


def _numbered(table: dict[str, int], names: Sequence[str]) -> NDArray[np.int32]:
    """Return the number of each name, `(N,)`; new names get the next ones."""
    for name in set(names).difference(table):
        table[name] = len(table)
    return np.fromiter(map(table.__getitem__, names), np.int32, len(names))


def _by_name(table: Mapping[str, int], index: NDArray[np.int32]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    names = sorted(table)
    rank = np.empty(max(1, len(names)), dtype=np.int32)
    for place, name in enumerate(names):
        rank[table[name]] = place
    return tuple(names), rank[index] if len(index) else index


def _order(encounter: Encounter) -> tuple[float, str]:
    return encounter.start.timestamp(), encounter.id


def _nothing() -> list[NDArray[np.int64]]:
    return [np.zeros(0, dtype=kind) for kind in ("i4", "i8", "i8", "i4", "f8", "i4")]
