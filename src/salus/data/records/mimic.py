"""What the readers of MIMIC-III and MIMIC-IV share: stays, and when each kind of row was known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.records.gather import Gatherer, coded
from salus.data.records.moment import DAY, HOUR, MISSING, times, when
from salus.data.records.stream import Piece, find_table, numbers, read_pieces
from salus.data.records.timeline import Encounter
from salus.data.records.ucum_names import spelled
from salus.schema.errors import DataError

Times = NDArray[np.int64]
LAB_DELAY = int(10.3 * HOUR)
"""Where no time of storing is written: 99 % of the results of the MIMIC-IV demo were stored within 10.3 hours."""
CULTURE_DELAY = 56 * DAY
"""A culture for mycobacteria is held for eight weeks before it is called negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """Admissions by `hadm_id`: when they began and ended, microseconds since 1970."""

    start: Mapping[str, int]
    stop: Mapping[str, int]

    def starts(self, ids: Sequence[str]) -> Times:
        """Return when each began, `MISSING` for an unknown one."""
        return np.array([self.start.get(name, MISSING) for name in ids], dtype=np.int64)

    def stops(self, ids: Sequence[str]) -> Times:
        """Return when each ended, `MISSING` for an unknown one."""
        return np.array([self.stop.get(name, MISSING) for name in ids], dtype=np.int64)


def read_each(
    folder: Path, name: str, columns: Sequence[str], optional: Sequence[str], use: Callable[[Piece], None]
) -> bool:
    """Give every piece of a table to `use`; a table that is not in the folder is left out, and False returned."""
    path = find_table(folder, name)
    if path is None:
        return False
    for piece in read_pieces(path, columns, optional):
        use(piece)
    return True


def needed(folder: Path, name: str) -> Path:
    """Return the file of a table without which there is no record.

    Raises:
        DataError: It is not in the folder.
    """
    path = find_table(folder, name)
    if path is None:
        raise DataError(f"{folder}: no table {name} (.csv, .csv.gz or .parquet); get the set again")
    return path


def moments(gather: Gatherer, words: Sequence[str], what: str) -> Times:
    """Return times as microseconds since 1970; words that are none are counted and `MISSING`."""
    found, bad = times(words)
    gather.skip(f"{what}: not a time", len(bad))
    return found


def day_end(start: Times) -> Times:
    """Return the end of the day that each date stands for."""
    return np.where(start == MISSING, MISSING, start + DAY)


def either(first: Times, second: Times) -> Times:
    """Return the first time where there is one, else the second."""
    return np.where(first != MISSING, first, second)


def later(first: Times, second: Times) -> Times:
    """Return the later of two times; a missing one does not count."""
    return np.maximum(first, second)  # MISSING is the smallest whole number


def read_admissions(gather: Gatherer, path: Path, race: str) -> Stays:
    """Read the stays: the admission, what was known at it, the discharge and the death.

    Args:
        gather: Gets encounters and events.
        path: The table.
        race: Name of the column (`race` or `ethnicity`).
    """
    starts: dict[str, int] = {}
    stops: dict[str, int] = {}
    columns = ("subject_id", "hadm_id", "admittime", "dischtime", "deathtime", "admission_type", "hospital_expire_flag")
    extra = ("admission_location", "discharge_location", "insurance", race, "edregtime", "diagnosis")
    for piece in read_pieces(path, columns, extra):
        begin, end = (moments(gather, piece[name], f"admissions.{name}") for name in ("admittime", "dischtime"))
        death, door = (moments(gather, piece[name], f"admissions.{name}") for name in ("deathtime", "edregtime"))
        for i, stay in enumerate(piece["hadm_id"]):
            if begin[i] == MISSING or end[i] == MISSING:
                gather.skip("admissions: no admission or discharge time")
                continue
            row = {name: cells[i] for name, cells in piece.items()}
            starts[stay], stops[stay] = int(begin[i]), int(max(end[i], begin[i]))
            _admission(gather, row, (starts[stay], stops[stay], int(death[i]), int(door[i])), race)
    return Stays(start=starts, stop=stops)


def _admission(gather: Gatherer, row: Mapping[str, str], at: tuple[int, int, int, int], race: str) -> None:
    begin, end, death, door = at
    patient = row["subject_id"]
    gather.encounter(
        Encounter(
            id=row["hadm_id"], patient=patient, start=when(begin), kind=row["admission_type"],
            # the discharge of the dead is written hours later: nobody asks how they will fare
            stop=when(end if death == MISSING else max(begin, min(end, death))),
            outcome={"died": row["hospital_expire_flag"], "place": row["discharge_location"]},
        )
    )  # fmt: skip
    gather.person(patient)
    for system, word in (
        ("admission", row["admission_type"]), ("admission-from", row["admission_location"]),
        ("insurance", row["insurance"]), ("race", row[race]), ("admission-diagnosis", row["diagnosis"]),
    ):  # fmt: skip
        if word:
            gather.event(patient, coded(system, word[:64]), begin, begin)
    if door != MISSING:
        gather.event(patient, coded("emergency-department", "arrival"), door, door)
    gather.event(patient, coded("discharge", row["discharge_location"] or "unknown"), end, end)
    if death != MISSING:
        gather.event(patient, coded("person", "death"), death, death)


def billed(gather: Gatherer, piece: Piece, stays: Stays, systems: Sequence[str], codes: Sequence[str]) -> None:
    """Add codes written for the bill: they belong to the whole stay and are known once it has ended."""
    ids = piece["hadm_id"]
    names = [coded(system, code) for system, code in zip(systems, codes, strict=True)]
    gather.events(piece["subject_id"], names, stays.starts(ids), stays.stops(ids))


def measured(
    gather: Gatherer, piece: Piece, codes: Sequence[str], start: Times, known: Times, cells: tuple[str, str, str]
) -> None:
    """Add rows that hold a number with a unit, or a word where there is no number.

    Args:
        gather: Where to.
        piece: The rows.
        codes: Of each, `system|code`.
        start: When measured.
        known: When known.
        cells: Names of the columns of number, word (may be empty) and unit.
    """
    value, word, unit = cells
    found: Any = numbers(piece[value])
    known_numbers = np.isfinite(found).tolist()
    if word:
        codes = [
            code if number or text in ("", "___") else coded(code.partition("|")[0], code.partition("|")[2], text)
            for code, number, text in zip(codes, known_numbers, piece[word], strict=True)
        ]
    units = [spelled(text) if number else "" for number, text in zip(known_numbers, piece[unit], strict=True)]
    gather.events(piece["subject_id"], codes, start, known, found, units)


def name_items(gather: Gatherer, folder: Path, table: str, system: str) -> None:
    """Remember what the item numbers of a table of labels mean."""

    def use(piece: Piece) -> None:
        gather.displays.update(
            {f"{system}|{code}": label for code, label in zip(piece["itemid"], piece["label"], strict=True)}
        )

    read_each(folder, table, ("itemid", "label"), (), use)


def icu_stays(gather: Gatherer, folder: Path) -> None:
    """Add when each intensive-care stay began and ended."""

    def use(piece: Piece) -> None:
        for column, unit, system in (("intime", "first_careunit", "icu-in"), ("outtime", "last_careunit", "icu-out")):
            at = moments(gather, piece[column], f"icustays.{column}")
            gather.events(piece["subject_id"], [coded(system, name) for name in piece[unit]], at, at)

    read_each(folder, "icustays", ("subject_id", "intime", "outtime", "first_careunit", "last_careunit"), (), use)
