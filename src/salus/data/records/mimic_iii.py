"""MIMIC-III: hospital and intensive-care records as timelines.

When a row is known follows `salus.data.records.mimic_iv`. Three things differ. Laboratory results have no time of
storing: they count as known 10.3 hours after the blood was drawn, which held for 99 % of the results of the MIMIC-IV
demo. Cultures have none either: known at discharge, or after eight weeks outside a stay. Orders have a date and no
time: known when that day has ended.

Source:
    Johnson A, Pollard T, Mark R. MIMIC-III, version 1.4. PhysioNet, 2016.
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
from salus.data.records.moment import MISSING
from salus.data.records.stream import Piece, read_pieces
from salus.data.records.timeline import Timelines

_OLD = 200
"""Years between shifted birth and admission above which the publisher hid that a patient is older than 89."""


def read_mimic_iii(folder: Path) -> Timelines:
    """Read the tables that are there; `PATIENTS` and `ADMISSIONS` must be.

    Args:
        folder: Holds the tables, upper or lower case.

    Returns:
        One timeline a patient. Codes as in `read_mimic_iv`, with `icd9cm` and `icd9pcs`, `cpt|...` and `callout|...`.
        Who was older than 89 has no age but the code `person|age=over 89`, since the birth was shifted by 300 years.

    Raises:
        DataError: A table is unreadable, or lacks a column.
    """
    gather = Gatherer(str(folder))
    people = needed(folder, "patients")
    stays = read_admissions(gather, needed(folder, "admissions"), "ethnicity")
    first = _first_admissions(gather, folder)
    for piece in read_pieces(people, ("subject_id", "gender", "dob")):
        births = moments(gather, piece["dob"], "patients.dob")
        for patient, sex, birth in zip(piece["subject_id"], piece["gender"], births.tolist(), strict=True):
            background = [coded("person", "sex", sex)] if sex else []
            hidden = birth != MISSING and first.get(patient, birth) - birth > _OLD * 365 * 86_400_000_000
            gather.person(
                patient, MISSING if hidden else birth, [*background, *(["person|age=over 89"] if hidden else [])]
            )
    name_items(gather, folder, "d_labitems", "mimic-lab")
    name_items(gather, folder, "d_items", "mimic-item")
    for name, columns, optional, use in (
        ("labevents", ("subject_id", "itemid", "charttime", "value", "valuenum", "valueuom"), (), _labs),
        ("diagnoses_icd", ("subject_id", "hadm_id", "icd9_code"), (), _diagnoses),
        ("procedures_icd", ("subject_id", "hadm_id", "icd9_code"), (), _procedures),
        ("drgcodes", ("subject_id", "hadm_id", "drg_type", "drg_code"), (), _groups),
        ("cptevents", ("subject_id", "hadm_id", "cpt_cd"), (), _bills),
        ("prescriptions", ("subject_id", "startdate", "drug", "dose_val_rx", "dose_unit_rx"), (), _orders),
        ("microbiologyevents", ("subject_id", "hadm_id", "chartdate", "charttime", "spec_type_desc", "org_name"),
         ("ab_name", "interpretation"), _cultures),
        ("inputevents_mv", ("subject_id", "starttime", "endtime", "itemid", "amount", "amountuom"), ("storetime",),
         _inputs),
        ("inputevents_cv", ("subject_id", "charttime", "itemid", "amount", "amountuom"), ("storetime",), _inputs),
        ("chartevents", ("subject_id", "charttime", "itemid", "value", "valuenum", "valueuom"), ("storetime",),
         _charted),
        ("services", ("subject_id", "transfertime", "curr_service"), (), _services),
        ("transfers", ("subject_id", "intime", "curr_careunit"), (), _transfers),
        ("callout", ("subject_id", "createtime", "callout_service"), (), _callouts),
    ):  # fmt: skip
        read_each(folder, name, columns, optional, partial(use, gather, stays))
    icu_stays(gather, folder)
    return gather.timelines()


def _first_admissions(gather: Gatherer, folder: Path) -> dict[str, int]:
    first: dict[str, int] = {}
    for piece in read_pieces(needed(folder, "admissions"), ("subject_id", "admittime")):
        for patient, start in zip(
            piece["subject_id"], moments(gather, piece["admittime"], "admissions.admittime").tolist(), strict=True
        ):
            if start != MISSING:
                first[patient] = min(start, first.get(patient, start))
    return first


def _labs(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    start = moments(gather, piece["charttime"], "labevents.charttime")
    known = np.where(start == MISSING, MISSING, start + LAB_DELAY)
    codes = [f"mimic-lab|{item}" for item in piece["itemid"]]
    measured(gather, piece, codes, start, known, ("valuenum", "value", "valueuom"))


def _diagnoses(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    billed(gather, piece, stays, ["icd9cm"] * len(piece["hadm_id"]), piece["icd9_code"])


def _procedures(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    billed(gather, piece, stays, ["icd9pcs"] * len(piece["hadm_id"]), piece["icd9_code"])


def _groups(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    billed(gather, piece, stays, [f"drg-{kind.strip().lower()}" for kind in piece["drg_type"]], piece["drg_code"])


def _bills(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    billed(gather, piece, stays, ["cpt"] * len(piece["hadm_id"]), piece["cpt_cd"])


def _orders(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    day = moments(gather, piece["startdate"], "prescriptions.startdate")
    codes = [coded("drug", name) for name in piece["drug"]]
    measured(gather, piece, codes, day, day_end(day), ("dose_val_rx", "", "dose_unit_rx"))


def _cultures(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    day, time = (moments(gather, piece[name], f"microbiologyevents.{name}") for name in ("chartdate", "charttime"))
    taken, seen = either(time, day), either(time, day_end(day))
    known = either(stays.stops(piece["hadm_id"]), np.where(taken == MISSING, MISSING, taken + CULTURE_DELAY))
    gather.events(piece["subject_id"], [coded("specimen", name) for name in piece["spec_type_desc"]], taken, seen)
    grown = [i for i, name in enumerate(piece["org_name"]) if name]
    people = [piece["subject_id"][i] for i in grown]
    gather.events(people, [coded("organism", piece["org_name"][i]) for i in grown], taken[grown], known[grown])
    tested = [i for i in grown if piece["ab_name"][i]]
    names = [coded("antibiotic", piece["ab_name"][i], piece["interpretation"][i]) for i in tested]
    gather.events([piece["subject_id"][i] for i in tested], names, taken[tested], known[tested])


def _inputs(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    begin = piece.get("starttime") or piece["charttime"]
    start = moments(gather, begin, "inputevents.starttime")
    end = moments(gather, piece.get("endtime") or begin, "inputevents.endtime")
    stored = moments(gather, piece["storetime"], "inputevents.storetime")
    codes = [f"mimic-item|{item}" for item in piece["itemid"]]
    # the row holds the whole amount, so it is known when all of it has been given
    measured(gather, piece, codes, start, later(end, stored), ("amount", "", "amountuom"))


def _charted(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    start, stored = (moments(gather, piece[name], f"chartevents.{name}") for name in ("charttime", "storetime"))
    codes = [f"mimic-item|{item}" for item in piece["itemid"]]
    measured(gather, piece, codes, start, either(stored, start), ("valuenum", "value", "valueuom"))


def _services(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    start = moments(gather, piece["transfertime"], "services.transfertime")
    gather.events(piece["subject_id"], [coded("service", name) for name in piece["curr_service"]], start, start)


def _transfers(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    rows = [i for i, unit in enumerate(piece["curr_careunit"]) if unit]
    start = moments(gather, piece["intime"], "transfers.intime")[rows]
    names = [coded("careunit", piece["curr_careunit"][i]) for i in rows]
    gather.events([piece["subject_id"][i] for i in rows], names, start, start)


def _callouts(gather: Gatherer, stays: Stays, piece: Piece) -> None:
    start = moments(gather, piece["createtime"], "callout.createtime")
    gather.events(piece["subject_id"], [coded("callout", name) for name in piece["callout_service"]], start, start)
