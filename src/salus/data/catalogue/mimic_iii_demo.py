"""MIMIC-III demo: 100 intensive-care patients of 2001 to 2012, asked 24 hours after admission or at discharge."""

from collections.abc import Mapping
from pathlib import Path

from salus.data.entry import Entry, Loaded
from salus.data.records.mimic_iii import read_mimic_iii
from salus.data.records.mimic_questions import OPTIONS, asked_of_mimic
from salus.data.records.summary import Summary

SUMMARY = Summary(
    values={
        "mimic-item|220949": "dextrose_5_ml", "mimic-item|225158": "saline_ml",
        "mimic-item|221906": "norepinephrine_mg",
        "mimic-item|222168": "propofol_mg", "mimic-item|221744": "fentanyl_mg", "mimic-item|223258": "insulin_units",
    },
    counts={"drug": "drug_order", "mimic-item": "icu_item", "specimen": "specimen", "careunit": "transfer"},
    words={
        "person|sex": "sex", "admission": "admission", "admission-from": "admission_from", "careunit": "careunit",
        "service": "service",
    },
)  # fmt: skip


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    return asked_of_mimic(read_mimic_iii(folder), options, SUMMARY)


ENTRY = Entry(
    name="mimic_iii_demo",
    title="MIMIC-III demo: records of 100 patients, 129 admissions, 136 intensive-care stays",
    modality="record",
    tasks=("classification",),
    licence="ODbL 1.0 (databases derived from it stay under ODbL)",
    citation=(
        "Johnson A, Pollard T, Mark R. MIMIC-III Clinical Database Demo (version 1.4). PhysioNet, 2019. Goldberger AL "
        "et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23):e215-e220, 2000."
    ),
    homepage="https://doi.org/10.13026/C2HM2Q",
    patient="subject_id",
    split="By subject_id",
    traps=(
        "Diagnosis, procedure and group codes are written for the bill after discharge: no inputs during the stay",
        "Orders have a date and no time, cultures no time of their result: both count as known late",
        "Every patient of the demo has a date of death: deaths are far more frequent than in a hospital",
        "Births of people older than 89 are shifted by 300 years",
        "A person may be in both MIMIC demos: do not train on one and claim independence on the other",
        "Laboratory results and charted values are not in the mirrored copy",
    ),
    options=OPTIONS,
    load=_load,
)
