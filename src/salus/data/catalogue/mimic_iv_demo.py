"""MIMIC-IV demo: 100 patients of an intensive-care hospital, asked 24 hours after admission or at discharge."""

from collections.abc import Mapping
from pathlib import Path

from salus.data.entry import Entry, Loaded
from salus.data.records.mimic_iv import read_mimic_iv
from salus.data.records.mimic_questions import OPTIONS, asked_of_mimic
from salus.data.records.summary import Summary

LABS = {
    "mimic-lab|50912": "creatinine_mg_dl", "mimic-lab|51006": "urea_nitrogen_mg_dl",
    "mimic-lab|50983": "sodium_meq_l", "mimic-lab|50971": "potassium_meq_l", "mimic-lab|50902": "chloride_meq_l",
    "mimic-lab|50882": "bicarbonate_meq_l", "mimic-lab|50868": "anion_gap_meq_l", "mimic-lab|50931": "glucose_mg_dl",
    "mimic-lab|50893": "calcium_mg_dl", "mimic-lab|51222": "haemoglobin_g_dl", "mimic-lab|51301": "leukocytes_k_ul",
    "mimic-lab|51265": "platelets_k_ul", "mimic-lab|50813": "lactate_mmol_l", "mimic-lab|50885": "bilirubin_mg_dl",
    "mimic-lab|51237": "inr", "mimic-lab|50820": "ph", "mimic-lab|50862": "albumin_g_dl",
}  # fmt: skip
SUMMARY = Summary(
    values=LABS,
    counts={"mimic-lab": "lab", "drug": "drug_order", "mimic-item": "icu_item", "specimen": "specimen"},
    words={"person|sex": "sex", "admission": "admission", "admission-from": "admission_from", "careunit": "careunit"},
)


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    return asked_of_mimic(read_mimic_iv(folder), options, SUMMARY)


ENTRY = Entry(
    name="mimic_iv_demo",
    title="MIMIC-IV demo: records of 100 patients, 275 admissions, 140 intensive-care stays",
    modality="record",
    tasks=("classification",),
    licence="ODbL 1.0 (databases derived from it stay under ODbL)",
    citation=(
        "Johnson A, Bulgarelli L, Pollard T, Horng S, Celi LA, Mark R. MIMIC-IV Clinical Database Demo (version 2.2). "
        "PhysioNet, 2023. Goldberger AL et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation "
        "101(23):e215-e220, 2000."
    ),
    homepage="https://doi.org/10.13026/dp1f-ex47",
    patient="subject_id",
    split="By subject_id",
    traps=(
        "Diagnosis, procedure and group codes are written for the bill after discharge: no inputs during the stay",
        "A row of a fluid or drug holds the whole amount: known when the giving has ended, not when it began",
        "A person may be in both MIMIC demos: do not train on one and claim independence on the other",
        "100 patients: for pipelines and tests, not for claims",
        "Dates are shifted per patient: the season and the year mean nothing",
    ),
    options=OPTIONS,
    load=_load,
)
