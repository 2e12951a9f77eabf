"""Synthea's CSV export as timelines: fully synthetic patients.

An observation is known when it is dated, a procedure when it has ended, a condition or allergy when its encounter has
ended (the file gives the day of onset), a prescription and an immunization at their time, the reasons of an encounter
at its end.

Source:
    Walonoski J, Kramer M, Nichols J, et al. Synthea. J Am Med Inform Assoc 25(3):230-238, 2018; CSV data dictionary.
"""

from pathlib import Path

import numpy as np

from salus.data.records.gather import Gatherer, coded
from salus.data.records.mimic import day_end, either, later, moments, needed, read_each
from salus.data.records.moment import MISSING, when
from salus.data.records.stream import Piece, numbers, read_pieces
from salus.data.records.timeline import Encounter, Timelines
from salus.data.records.ucum_names import spelled

_CODED = ("PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION")


class _Stays(dict[str, int]):
    """When each encounter ended, by its id."""

    def ends(self, piece: Piece) -> np.ndarray:
        return np.array([self.get(name, MISSING) for name in piece["ENCOUNTER"]], dtype=np.int64)


def read_synthea(folder: Path) -> Timelines:
    """Read the CSV files of a Synthea run; `patients` and `encounters` must be there.

    Args:
        folder: Holds `patients.csv`, `encounters.csv` and so on, also with `.gz`.

    Returns:
        One timeline a patient. Codes: `snomed|...` (conditions, procedures, encounters, allergies, care plans,
        devices), `loinc|...`, `rxnorm|...`, `cvx|...`; a value in words follows `=`.

    Raises:
        DataError: A file is unreadable, or lacks a column.
    """
    gather, stays = Gatherer(str(folder)), _Stays()
    for piece in read_pieces(needed(folder, "patients"), ("Id", "BIRTHDATE", "DEATHDATE", "GENDER")):
        _people(gather, piece)
    columns = ("Id", "START", "STOP", "PATIENT", "ENCOUNTERCLASS", "CODE", "DESCRIPTION")
    for piece in read_pieces(needed(folder, "encounters"), columns, ("ORGANIZATION", "REASONCODE")):
        _encounters(gather, stays, piece)

    def observed(piece: Piece) -> None:
        at = moments(gather, piece["DATE"], "observations.DATE")
        found = numbers(piece["VALUE"])
        # a number in a row of words is a word: "2" of a score that is a text
        found[np.array([kind != "numeric" for kind in piece["TYPE"]], dtype=bool)] = np.nan
        codes = [
            coded("loinc", code, "" if kind == "numeric" else word)
            for code, kind, word in zip(piece["CODE"], piece["TYPE"], piece["VALUE"], strict=True)
        ]
        _name(gather, "loinc", piece)
        gather.events(piece["PATIENT"], codes, at, at, found, [spelled(unit) for unit in piece["UNITS"]])

    read_each(
        folder, "observations", ("DATE", "PATIENT", "CODE", "DESCRIPTION", "VALUE", "UNITS", "TYPE"), (), observed
    )
    for table, system, start, waits in (
        ("conditions", "snomed", "START", True), ("allergies", "snomed", "START", True),
        ("procedures", "snomed", "START", False), ("medications", "rxnorm", "START", False),
        ("immunizations", "cvx", "DATE", False), ("careplans", "snomed", "START", True),
        ("devices", "snomed", "START", False),
    ):  # fmt: skip

        def coded_rows(
            piece: Piece, system: str = system, start: str = start, waits: bool = waits, table: str = table
        ) -> None:
            at = moments(gather, piece[start], f"{table}.{start}")
            known = either(later(stays.ends(piece), at), day_end(at)) if waits else at
            if table == "procedures":
                known = later(at, moments(gather, piece["STOP"], "procedures.STOP"))
            _name(gather, system, piece)
            gather.events(piece["PATIENT"], [coded(system, code) for code in piece["CODE"]], at, known)

        read_each(folder, table, (start, *_CODED), ("STOP",), coded_rows)
    return gather.timelines()


def _people(gather: Gatherer, piece: Piece) -> None:
    births, deaths = (moments(gather, piece[name], f"patients.{name}") for name in ("BIRTHDATE", "DEATHDATE"))
    for i, (patient, sex) in enumerate(zip(piece["Id"], piece["GENDER"], strict=True)):
        gather.person(patient, int(births[i]), [coded("person", "sex", sex)] if sex else [])
        if deaths[i] != MISSING:
            gather.event(patient, coded("person", "death"), int(deaths[i]), int(deaths[i]))


def _encounters(gather: Gatherer, stays: _Stays, piece: Piece) -> None:
    starts, stops = (moments(gather, piece[name], f"encounters.{name}") for name in ("START", "STOP"))
    _name(gather, "snomed", piece)
    for i, name in enumerate(piece["Id"]):
        if starts[i] == MISSING:
            gather.skip("encounters: no start", which=name)
            continue
        patient, start = piece["PATIENT"][i], int(starts[i])
        stop = max(start, int(stops[i])) if stops[i] != MISSING else None
        if stop is not None:
            stays[name] = stop
        kind = piece["ENCOUNTERCLASS"][i]
        gather.encounter(
            Encounter(id=name, patient=patient, start=when(start), stop=None if stop is None else when(stop),
                      kind=kind, site=piece["ORGANIZATION"][i])
        )  # fmt: skip
        gather.event(patient, coded("encounter", kind), start, start)
        gather.event(patient, coded("snomed", piece["CODE"][i]), start, start)
        if piece["REASONCODE"][i] and stop is not None:
            gather.event(patient, coded("snomed", piece["REASONCODE"][i]), start, stop)


def _name(gather: Gatherer, system: str, piece: Piece) -> None:
    for code, words in zip(piece["CODE"], piece["DESCRIPTION"], strict=True):
        gather.displays[f"{system}|{code}"] = words
