"""MIMIC-IV: hospital and intensive-care records as timelines.

When a row is known: a laboratory result when it is stored; a culture when it is stored; a drug or fluid that was given
when the giving has ended, since its row holds the whole amount; an order when it starts; a diagnosis, procedure or
group code of the bill at discharge. Times are shifted per patient by the publisher and have no zone: they are read as
UTC, and only differences mean anything.

Source:
    Johnson A, Bulgarelli L, Pollard T, Horng S, Celi LA, Mark R. MIMIC-IV, version 2.2. PhysioNet, 2023.
"""

from functools import partial
from pathlib import Path

import numpy as np

from salus.data.records.gather import Gatherer, coded
from salus.data.records.mimic import (
    CULTURE_DELAY,
    LAB_DELAY,
    Stays,
    billed,
    day_end,
    either,
    icu_stays,
    later,
    measured,
    moments,
    name_items,
    needed,
    read_admissions,
    read_each,
)
from salus.data.records.moment import MISSING, parse_moment
from salus.data.records.stream import Piece, read_pieces
from salus.data.records.timeline import Timelines
from salus.schema.errors import DataError

_OMR_UNITS = {"Weight (Lbs)": "[lb_av]", "BMI (kg/m2)": "kg/m2", "Height (Inches)": "[in_i]"}


def read_mimic_iv(folder: Path) -> Timelines:
    """Read the tables of `hosp/` and `icu/` that are there; `patients` and `admissions` must be.

    Args:
        folder: Holds `hosp/` and, if wanted, `icu/`.

    Returns:
        One timeline a patient. Codes: `mimic-lab|itemid`, `mimic-item|itemid`, `drug|name`, `icd9cm|...`,
        `icd10cm|...`, `drg|...`, `specimen|...`, `organism|...`, `careunit|...`, `service|...`, `omr|...`.

    Raises:
        DataError: A table is unreadable, or lacks a column.
    """
    hosp, icu = folder / "hosp", folder / "icu"
    gather = Gatherer(str(folder))
    _patients(gather, needed(hosp, "patients"))
    stays = read_admissions(gather, needed(hosp, "admissions"), "race")
    name_items(gather, hosp, "d_labitems", "mimic-lab")
    name_items(gather, icu, "d_items", "mimic-item")
    for name, columns, optional, use in (
        ("labevents", ("subject_id", "itemid", "charttime", "value", "valuenum", "valueuom"), ("storetime",), _labs),
        ("diagnoses_icd", ("subject_id", "hadm_id", "icd_code", "icd_version"), (), _diagnoses),
        ("procedures_icd", ("subject_id", "hadm_id", "chartdate", "icd_code", "icd_version"), (), _procedures),
        ("drgcodes", ("subject_id", "hadm_id", "drg_type", "drg_code"), (), _groups),
        ("prescriptions", ("subject_id", "starttime", "drug", "dose_val_rx", "dose_unit_rx"), (), _orders),
        ("microbiologyevents", ("subject_id", "chartdate", "charttime", "spec_type_desc", "org_name"),
         ("storedate", "storetime", "ab_name", "interpretation"), _cultures),
        ("omr", ("subject_id", "chartdate", "result_name", "result_value"), (), _outpatient),
        ("services", ("subject_id", "transfertime", "curr_service"), (), _services),
        ("transfers", ("subject_id", "intime", "careunit"), ("eventtype",), _transfers),
    ):  # fmt: skip
        read_each(hosp, name, columns, optional, partial(use, gather, stays))
    timed = ("subject_id", "starttime", "endtime", "itemid")
    for name, columns, use in (
        ("inputevents", (*timed, "amount", "amountuom"), _inputs),
        ("procedureevents", (*timed, "value", "valueuom"), _procedure_events),
        ("chartevents", ("subject_id", "charttime", "itemid", "value", "valuenum", "valueuom"), _charted),
        ("outputevents", ("subject_id", "charttime", "itemid", "value", "valueuom"), _outputs),
    ):
        read_each(icu, name, columns, ("storetime",), partial(use, gather, stays))
    icu_stays(gather, icu)
    return gather.timelines()


def _patients(gather: Gatherer, path: Path) -> None:
    for piece in read_pieces(path, ("subject_id", "gender", "anchor_age", "anchor_year"), ()):
        for patient, sex, age, year in zip(*piece.values(), strict=True):
            birth = MISSING
            try:
                # The age at an unknown day of the anchor year: born in the middle of the year is right within one.
                birth = parse_moment(f"{int(year) - int(age):04d}-07-01").start
            except (ValueError, DataError):
                gather.skip("patients: no age")
            gather.person(patient, birth, [coded("person", "sex", sex)] if sex else [])


def _labs(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    start, stored = (moments(gather, piece[name], f"labevents.{name}") for name in ("charttime", "storetime"))
    known = either(stored, np.where(start == MISSING, MISSING, start + LAB_DELAY))
    codes = [f"mimic-lab|{item}" for item in piece["itemid"]]
    measured(gather, piece, codes, start, known, ("valuenum", "value", "valueuom"))


def _diagnoses(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    billed(gather, piece, stays, [f"icd{v}cm" for v in piece["icd_version"]], piece["icd_code"])


def _procedures(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    day = moments(gather, piece["chartdate"], "procedures_icd.chartdate")
    codes = [f"icd{v}pcs|{c}" for v, c in zip(piece["icd_version"], piece["icd_code"], strict=True)]
    gather.events(piece["subject_id"], codes, day, later(day_end(day), stays.stops(piece["hadm_id"])))


def _groups(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    billed(gather, piece, stays, [f"drg-{kind.strip().lower()}" for kind in piece["drg_type"]], piece["drg_code"])


def _orders(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    start = moments(gather, piece["starttime"], "prescriptions.starttime")
    codes = [coded("drug", name) for name in piece["drug"]]
    measured(gather, piece, codes, start, start, ("dose_val_rx", "", "dose_unit_rx"))


def _cultures(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    day, time = (moments(gather, piece[name], f"microbiologyevents.{name}") for name in ("chartdate", "charttime"))
    # A date without a time is the whole day: the specimen is known to be taken when the day has ended.
    taken, seen = either(time, day), either(time, day_end(day))
    stored, date = (moments(gather, piece[name], f"microbiologyevents.{name}") for name in ("storetime", "storedate"))
    known = either(either(stored, day_end(date)), np.where(taken == MISSING, MISSING, taken + CULTURE_DELAY))
    gather.events(piece["subject_id"], [coded("specimen", name) for name in piece["spec_type_desc"]], taken, seen)
    grown = [i for i, name in enumerate(piece["org_name"]) if name]
    people = [piece["subject_id"][i] for i in grown]
    gather.events(people, [coded("organism", piece["org_name"][i]) for i in grown], taken[grown], known[grown])
    tested = [i for i in grown if piece["ab_name"][i]]
    names = [coded("antibiotic", piece["ab_name"][i], piece["interpretation"][i]) for i in tested]
    gather.events([piece["subject_id"][i] for i in tested], names, taken[tested], known[tested])


def _outpatient(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    day = moments(gather, piece["chartdate"], "omr.chartdate")
    known = day_end(day)
    for i, (patient, name, word) in enumerate(
        zip(piece["subject_id"], piece["result_name"], piece["result_value"], strict=True)
    ):
        both = word.split("/") if name.startswith("Blood Pressure") else [word]
        ends = (" systolic", " diastolic") if len(both) == 2 else ("",)
        unit = "mm[Hg]" if len(both) == 2 else _OMR_UNITS.get(name, "")
        for end, part in zip(ends, both, strict=False):
            try:
                gather.event(patient, coded("omr", name + end), int(day[i]), int(known[i]), float(part), unit)
            except ValueError:
                gather.skip("omr: not a number")


def _services(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    start = moments(gather, piece["transfertime"], "services.transfertime")
    gather.events(piece["subject_id"], [coded("service", name) for name in piece["curr_service"]], start, start)


def _transfers(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    rows = [i for i, unit in enumerate(piece["careunit"]) if unit]
    start = moments(gather, piece["intime"], "transfers.intime")[rows]
    gather.events(
        [piece["subject_id"][i] for i in rows], [coded("careunit", piece["careunit"][i]) for i in rows], start, start
    )


def _given(gather: Gatherer, piece: Piece, table: str, cells: tuple[str, str]) -> None:
    start, end = (moments(gather, piece[name], f"{table}.{name}") for name in ("starttime", "endtime"))
    stored = moments(gather, piece["storetime"], f"{table}.storetime")
    codes = [f"mimic-item|{item}" for item in piece["itemid"]]
    # The row holds the whole amount, so it is known when all of it has been given.
    measured(gather, piece, codes, start, later(end, stored), (cells[0], "", cells[1]))


def _inputs(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    _given(gather, piece, "inputevents", ("amount", "amountuom"))


def _procedure_events(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    _given(gather, piece, "procedureevents", ("value", "valueuom"))


def _charted(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    start, stored = (moments(gather, piece[name], f"chartevents.{name}") for name in ("charttime", "storetime"))
    codes = [f"mimic-item|{item}" for item in piece["itemid"]]
    measured(gather, piece, codes, start, either(stored, start), ("valuenum", "value", "valueuom"))


def _outputs(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    start, stored = (moments(gather, piece[name], f"outputevents.{name}") for name in ("charttime", "storetime"))
    codes = [f"mimic-item|{item}" for item in piece["itemid"]]
    measured(gather, piece, codes, start, either(stored, start), ("value", "", "valueuom"))
