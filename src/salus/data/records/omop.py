"""OMOP Common Data Model 5.4 as timelines: a folder of its tables in CSV or Parquet.

A table of OMOP has no time at which a row was known. So: a measurement and an observation count as known when they are
dated (a date without a time when the day has ended), a drug when its exposure starts, a procedure when it has ended,
and a condition when the visit that it belongs to has ended, because most conditions are codes of the bill. Results of
laboratories are reported hours after the measurement; `lab_delay_h` says how many.

Source:
    OHDSI, OMOP Common Data Model version 5.4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.data.records.gather import Gatherer, coded
from salus.data.records.mimic import Times, day_end, either, later, moments, needed, read_each
from salus.data.records.moment import HOUR, MISSING, parse_moment, when
from salus.data.records.stream import Piece, numbers, read_pieces
from salus.data.records.timeline import Encounter, Timelines
from salus.data.records.ucum_names import spelled
from salus.schema.errors import DataError

_SEX = {"8507": "M", "8532": "F"}
_SHORT = {
    "LOINC": "loinc", "SNOMED": "snomed", "RxNorm": "rxnorm", "RxNorm Extension": "rxnorm-extension", "CVX": "cvx",
    "ICD10CM": "icd10cm", "ICD9CM": "icd9cm", "ICD10PCS": "icd10pcs", "CPT4": "cpt", "HCPCS": "hcpcs", "ATC": "atc",
    "NDC": "ndc", "UCUM": "ucum",
}  # fmt: skip


@dataclass(slots=True)
class _Context:
    gather: Gatherer
    concepts: Mapping[str, tuple[str, str]]
    ends: Mapping[str, int]
    lab_delay: int = 0

    def codes(self, piece: Piece, concept: str, source: str) -> list[str]:
        """Return `vocabulary|code` of the concept; where there is none, the code of the source, else the number."""
        found = []
        for number, word in zip(piece[concept], piece[source], strict=True):
            code = self.concepts.get(number, ("", ""))[0]
            found.append(code or (coded("source", word[:64]) if word else f"concept|{number or 0}"))
        return found

    def visit_ends(self, piece: Piece) -> Times:
        """Return when the visit of each row ended, `MISSING` where it names none that is here."""
        return np.array([self.ends.get(name, MISSING) for name in piece["visit_occurrence_id"]], dtype=np.int64)


def read_omop(folder: Path, lab_delay_h: float = 0.0) -> Timelines:
    """Read the tables that are there; `person` and `visit_occurrence` must be.

    Args:
        folder: Holds `person.csv`, `visit_occurrence.parquet` and so on, also `.csv.gz`; names without case.
        lab_delay_h: Hours from a measurement until its result is known.

    Returns:
        One timeline a person, with codes `vocabulary|code` from the table `concept` where it is there.

    Raises:
        DataError: A table is unreadable, or lacks a column.
    """
    gather = Gatherer(str(folder))
    context = _Context(gather, {}, {}, int(lab_delay_h * HOUR))
    person = needed(folder, "person")
    context.concepts = _concepts(gather, folder)
    for piece in read_pieces(
        person,
        ("person_id", "gender_concept_id", "year_of_birth"),
        ("month_of_birth", "day_of_birth", "birth_datetime"),
    ):
        _people(gather, piece)
    context.ends = _visits(context, needed(folder, "visit_occurrence"))
    visit = ("visit_occurrence_id",)
    for table, use, columns, optional in (
        ("condition_occurrence", _conditions, ("person_id", "condition_concept_id", "condition_start_date"),
         ("condition_start_datetime", "condition_source_value", *visit)),
        ("drug_exposure", _drugs, ("person_id", "drug_concept_id", "drug_exposure_start_date"),
         ("drug_exposure_start_datetime", "drug_source_value", "quantity")),
        ("procedure_occurrence", _procedures, ("person_id", "procedure_concept_id", "procedure_date"),
         ("procedure_datetime", "procedure_end_datetime", "procedure_end_date", "procedure_source_value")),
        ("measurement", partial(_values, "measurement"), ("person_id", "measurement_concept_id", "measurement_date"),
         ("measurement_datetime", "value_as_number", "value_as_concept_id", "unit_concept_id", "unit_source_value",
          "measurement_source_value", "value_source_value")),
        ("observation", partial(_values, "observation"), ("person_id", "observation_concept_id", "observation_date"),
         ("observation_datetime", "value_as_number", "value_as_string", "value_as_concept_id", "unit_concept_id",
          "unit_source_value", "observation_source_value")),
        ("death", _deaths, ("person_id", "death_date"), ("death_datetime",)),
    ):  # fmt: skip
        read_each(folder, table, columns, optional, partial(use, context))
    return gather.timelines()


def _concepts(gather: Gatherer, folder: Path) -> dict[str, tuple[str, str]]:
    """Return code and name by concept number. The whole vocabulary has 7 million rows: about 2 GB."""
    found: dict[str, tuple[str, str]] = {}

    def use(piece: Piece) -> None:
        for number, name, vocabulary, code in zip(*piece.values(), strict=True):
            full = f"{_SHORT.get(vocabulary, vocabulary)}|{code}"
            found[number] = (full, name)
            gather.displays[full] = name

    read_each(folder, "concept", ("concept_id", "concept_name", "vocabulary_id", "concept_code"), (), use)
    return found


def _people(gather: Gatherer, piece: Piece) -> None:
    exact = moments(gather, piece["birth_datetime"], "person.birth_datetime")
    for i, (person, sex, year) in enumerate(
        zip(piece["person_id"], piece["gender_concept_id"], piece["year_of_birth"], strict=True)
    ):
        birth = int(exact[i])
        try:
            if birth == MISSING:
                month, day = piece["month_of_birth"][i] or "7", piece["day_of_birth"][i] or "1"
                birth = parse_moment(f"{int(float(year)):04d}-{int(float(month)):02d}-{int(float(day)):02d}").start
        except (ValueError, OverflowError, DataError):
            gather.skip("person: no date of birth", which=person)
        gather.person(person, birth, [coded("person", "sex", _SEX[sex])] if sex in _SEX else [])


def _visits(context: _Context, path: Path) -> dict[str, int]:
    gather, ends = context.gather, dict[str, int]()
    columns = ("visit_occurrence_id", "person_id", "visit_concept_id", "visit_start_date", "visit_end_date")
    extra = ("visit_start_datetime", "visit_end_datetime", "care_site_id", "discharged_to_concept_id",
             "discharged_to_source_value", "visit_source_value")  # fmt: skip
    for piece in read_pieces(path, columns, extra):
        start, _ = _when(gather, piece, "visit_start_datetime", "visit_start_date", "visit_occurrence")
        _, end = _when(gather, piece, "visit_end_datetime", "visit_end_date", "visit_occurrence")
        kinds = context.codes(piece, "visit_concept_id", "visit_source_value")
        places = context.codes(piece, "discharged_to_concept_id", "discharged_to_source_value")
        for i, visit in enumerate(piece["visit_occurrence_id"]):
            if start[i] == MISSING:
                gather.skip("visit_occurrence: no start", which=visit)
                continue
            person, stop = piece["person_id"][i], None if end[i] == MISSING else max(int(start[i]), int(end[i]))
            if stop is not None:
                ends[visit] = stop
            place = "" if places[i] == "concept|0" else places[i]
            gather.encounter(
                Encounter(id=visit, patient=person, start=when(int(start[i])),
                          stop=None if stop is None else when(stop), kind=kinds[i].partition("|")[2],
                          site=piece["care_site_id"][i], outcome={"place": place} if place else {})
            )  # fmt: skip
            gather.event(person, coded("visit", kinds[i].partition("|")[2]), int(start[i]), int(start[i]))
    return ends


def _when(gather: Gatherer, piece: Piece, exact: str, day: str, table: str) -> tuple[Times, Times]:
    """Return when each row was and when it had passed: a time itself, or a whole day where only the date is given."""
    time, date = moments(gather, piece[exact], f"{table}.{exact}"), moments(gather, piece[day], f"{table}.{day}")
    # loaders that know the date alone write the time as midnight
    midnight = (time == date) & (time != MISSING)
    time = np.where(midnight, MISSING, time)
    return either(time, date), either(time, day_end(date))


def _conditions(context: _Context, piece: Piece) -> None:
    start, passed = _when(
        context.gather, piece, "condition_start_datetime", "condition_start_date", "condition_occurrence"
    )
    known = either(later(context.visit_ends(piece), passed), passed)
    codes = context.codes(piece, "condition_concept_id", "condition_source_value")
    context.gather.events(piece["person_id"], codes, start, known)


def _drugs(context: _Context, piece: Piece) -> None:
    start, passed = _when(
        context.gather, piece, "drug_exposure_start_datetime", "drug_exposure_start_date", "drug_exposure"
    )
    codes = context.codes(piece, "drug_concept_id", "drug_source_value")
    context.gather.events(piece["person_id"], codes, start, passed, numbers(piece["quantity"]))


def _procedures(context: _Context, piece: Piece) -> None:
    start, passed = _when(context.gather, piece, "procedure_datetime", "procedure_date", "procedure_occurrence")
    _, ended = _when(context.gather, piece, "procedure_end_datetime", "procedure_end_date", "procedure_occurrence")
    codes = context.codes(piece, "procedure_concept_id", "procedure_source_value")
    context.gather.events(piece["person_id"], codes, start, later(passed, ended))


def _values(table: str, context: _Context, piece: Piece) -> None:
    start, passed = _when(context.gather, piece, f"{table}_datetime", f"{table}_date", table)
    delay = context.lab_delay if table == "measurement" else 0
    found: NDArray[np.float64] = numbers(piece["value_as_number"])
    words = _words(context, piece, np.isfinite(found).tolist())
    codes = [
        coded(code.partition("|")[0], code.partition("|")[2], word)
        for code, word in zip(context.codes(piece, f"{table}_concept_id", f"{table}_source_value"), words, strict=True)
    ]
    units = [
        context.concepts.get(number, ("", ""))[0].partition("|")[2] or spelled(word)
        for number, word in zip(piece["unit_concept_id"], piece["unit_source_value"], strict=True)
    ]
    known = np.where(passed == MISSING, MISSING, passed + delay)
    context.gather.events(piece["person_id"], codes, start, known, found, units)


def _words(context: _Context, piece: Piece, numeric: Sequence[bool]) -> list[str]:
    texts = piece.get("value_as_string") or piece["value_source_value"]
    return [
        "" if number else context.concepts.get(concept, ("", ""))[1] or text
        for number, concept, text in zip(numeric, piece["value_as_concept_id"], texts, strict=True)
    ]


def _deaths(context: _Context, piece: Piece) -> None:
    start, passed = _when(context.gather, piece, "death_datetime", "death_date", "death")
    context.gather.events(piece["person_id"], [coded("person", "death")] * len(start), start, passed)
