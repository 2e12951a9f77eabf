"""Diabetes 130-US hospitals: inpatient encounters of people with diabetes, 1999 to 2008, and their readmission.

The question is asked at discharge, from what the hospital's own record holds then. People who died or went to a hospice
cannot come back and are left out (`rows=alive`), as in the paper. Asked for the length of the stay (`target=stay`,
`stay_interval`), it is asked at admission, and of everybody with `rows=all`.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salus.data.entry import Entry, Loaded
from salus.data.records.rows import RowDataset
from salus.data.records.stream import find_table, numbers, read_pieces
from salus.schema.errors import DataError
from salus.schema.question import Question

NUMBERS = {
    "time_in_hospital": "stay_days", "num_lab_procedures": "lab_procedures", "num_procedures": "procedures",
    "num_medications": "medications", "number_outpatient": "outpatient_visits_last_year",
    "number_emergency": "emergency_visits_last_year", "number_inpatient": "inpatient_visits_last_year",
    "number_diagnoses": "diagnoses",
}  # fmt: skip
WORDS = (
    "gender",
    "medical_specialty",
    "diag_1",
    "diag_2",
    "diag_3",
    "max_glu_serum",
    "A1Cresult",
    "change",
    "diabetesMed",
)
DRUGS = (
    "metformin", "repaglinide", "nateglinide", "chlorpropamide", "glimepiride", "acetohexamide", "glipizide",
    "glyburide", "tolbutamide", "pioglitazone", "rosiglitazone", "acarbose", "miglitol", "troglitazone", "tolazamide",
    "insulin", "glyburide-metformin", "glipizide-metformin", "glimepiride-pioglitazone", "metformin-rosiglitazone",
    "metformin-pioglitazone",
)  # fmt: skip
MAPPED = ("admission_type_id", "discharge_disposition_id", "admission_source_id")
ADMISSION = (
    "age_years", "gender", "medical_specialty", "admission_type", "admission_source", "outpatient_visits_last_year",
    "emergency_visits_last_year", "inpatient_visits_last_year",
)  # fmt: skip
"""What is known when somebody is admitted; tests, drugs, diagnoses and the way out come later."""
LEVELS = ("0.1", "0.5", "0.9")
READMITTED = ("NO", ">30", "<30")
GONE = frozenset(("11", "13", "14", "19", "20", "21"))
"""Discharge dispositions of the dead and of hospices."""
_ASIDE = ("encounter_id", "patient_nbr", "race", "age", "readmitted")


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    cells = _cells(folder)
    strange = sorted(set(cells["readmitted"]) - set(READMITTED))
    if strange:
        raise DataError(f"{folder}: readmitted holds {strange[0]!r}, expected one of {', '.join(READMITTED)}")
    meaning = _meanings(folder)
    columns: dict[str, np.ndarray | list[str]] = {"age_years": _ages(cells["age"])}
    columns |= {name: numbers(cells[column]) for column, name in NUMBERS.items()}
    columns |= {name: ["" if word == "?" else word for word in cells[name]] for name in (*WORDS, *DRUGS)}
    columns |= {name.removesuffix("_id"): [meaning.get((name, code), code) for code in cells[name]] for name in MAPPED}
    stays = np.asarray(columns["stay_days"])
    asks_stay = options["target"].startswith("stay")
    if asks_stay:
        columns = {name: columns[name] for name in ADMISSION}
    dataset = RowDataset(
        [f"encounter {name}" for name in cells["encounter_id"]],
        cells["patient_nbr"],
        columns,
        stays if asks_stay else _targets(cells["readmitted"], options["target"]),
        {
            "group_race": ["" if word == "?" else word for word in cells["race"]],
            "group_sex": cells["gender"],
            "group_age": cells["age"],
        },
    )
    rows = _rows(cells, options["rows"])
    return Loaded(dataset=dataset.take(rows), question=_question(options["target"]), notes=NOTES)


def _question(target: str) -> Question:
    if target.startswith("stay"):
        levels = LEVELS if target == "stay_interval" else ()
        return Question(kind="regression", classes=levels, unit="d", value_range=(0.0, 14.0))
    if target == "three_classes":
        return Question(kind="classification", classes=("not again", "after 30 days", "within 30 days"))
    return Question(kind="classification", classes=("no", "readmitted"), positive="readmitted")


def _cells(folder: Path) -> dict[str, list[str]]:
    path = find_table(folder, "diabetic_data")
    if path is None:
        raise DataError(f"{folder}: no table diabetic_data; get the set again")
    names = (*_ASIDE, *NUMBERS, *WORDS, *DRUGS, *MAPPED)
    cells: dict[str, list[str]] = {name: [] for name in names}
    same: dict[str, str] = {}  # equal words are kept once
    for piece in read_pieces(path, names):
        for name in names:
            cells[name] += [same.setdefault(word, word) for word in piece[name]]
    return cells


def _rows(cells: Mapping[str, list[str]], rows: str) -> np.ndarray:
    """Return which encounters are asked: `all`, `alive`, or of these the `first` of each patient."""
    if rows == "all":
        return np.arange(len(cells["readmitted"]))
    keep = [i for i, code in enumerate(cells["discharge_disposition_id"]) if code not in GONE]
    if rows == "first":
        # encounter numbers rise with time; there are no dates
        keep.sort(key=lambda i: int(cells["encounter_id"][i]))
        keep = sorted({cells["patient_nbr"][i]: i for i in reversed(keep)}.values())
    return np.array(keep, dtype=np.int64)


def _targets(words: list[str], target: str) -> np.ndarray:
    if target == "three_classes":
        return np.array([READMITTED.index(word) for word in words], dtype=np.int64)
    again = ("<30",) if target == "readmitted_30_days" else ("<30", ">30")
    return np.array([word in again for word in words], dtype=np.int64)


def _ages(words: list[str]) -> np.ndarray:
    """Return the middle of each ten-year band `[40-50)`, years."""
    return np.array([float(word.strip("[)").partition("-")[0]) + 5 if "-" in word else np.nan for word in words])


def _meanings(folder: Path) -> dict[tuple[str, str], str]:
    """Return what the numbers of admission and discharge mean; the file holds three tables under each other."""
    path = folder / "IDs_mapping.csv"
    found: dict[tuple[str, str], str] = {}
    if not path.is_file():
        return found
    import csv

    head = ""
    with path.open(encoding="utf-8", newline="") as handle:
        for row in csv.reader(handle):
            if len(row) == 2 and row[0] in MAPPED:
                head = row[0]
            elif len(row) == 2 and row[0]:
                found[head, row[0]] = (
                    "" if row[1].strip() in ("NULL", "Not Available", "Not Mapped") else row[1].strip()
                )
    return found


NOTES = (
    "Readmission to the same group of hospitals only; there are no dates, so order is that of the encounter number.",
    "Of '<30' rows 72 % are followed by another row of the patient, of 'NO' rows 0.9 %: whatever sees that a later row "
    "exists knows the answer.",
)

ENTRY = Entry(
    name="diabetes_130us",
    title="Diabetes in 130 US hospitals: 101,766 encounters of 71,518 patients, readmission",
    modality="table",
    tasks=("classification", "regression"),
    licence="CC BY 4.0",
    citation=(
        "Strack B, DeShazo JP, Gennings C, et al. Impact of HbA1c measurement on hospital readmission rates: analysis "
        "of 70,000 clinical database patient records. BioMed Research International 2014:781670."
    ),
    homepage="https://doi.org/10.24432/C5230J",
    patient="patient_nbr: 16,773 patients have several encounters",
    split="By patient_nbr",
    traps=(
        "? means missing; weight is missing in 97 % and left out",
        "Diagnosis codes are text: 250.0 is not 250",
        "People who died or went to a hospice cannot be readmitted: rows=alive leaves them out",
        "The number of a patient's rows gives the answer away: predict from rows up to the present one",
        "Stays end at 14 days: longer ones are not in the file",
        "Race is a group of the report and no input",
    ),
    options={
        "target": ("readmitted_30_days", "readmitted", "three_classes", "stay", "stay_interval"),
        "rows": ("alive", "first", "all"),
    },
    load=_load,
)
