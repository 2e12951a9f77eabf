"""Pima Indians Diabetes: women of Pima heritage aged 21 and above, diabetes within five years."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salus.data.entry import Entry, Loaded
from salus.data.readers.table import read_columns
from salus.data.records.rows import RowDataset, banded
from salus.schema.question import Question

COLUMNS = {
    "pregnancies": "pregnancies", "glucose": "glucose_mg_dl", "blood_pressure": "diastolic_mmhg",
    "skin_thickness": "skin_fold_mm", "insulin": "insulin_u_ml", "bmi": "bmi_kg_m2", "pedigree": "pedigree",
    "age": "age_years",
}  # fmt: skip
NEVER_ZERO = ("glucose", "blood_pressure", "skin_thickness", "insulin", "bmi")


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    table = read_columns(folder / "pima_diabetes.csv")
    table.need([*COLUMNS, "outcome"])
    columns = {}
    for column, name in COLUMNS.items():
        values = table.numbers[column]
        columns[name] = np.where(values == 0, np.nan, values) if column in NEVER_ZERO else values
    ids = [f"row {line}" for line in range(len(table))]
    dataset = RowDataset(
        ids, ids, columns, table.numbers["outcome"].astype(np.int64),
        {"group_age": banded(columns["age_years"], (30, 45))},
    )  # fmt: skip
    return Loaded(
        dataset=dataset,
        question=Question(kind="classification", classes=("no diabetes", "diabetes"), positive="diabetes"),
        notes=("Small, old and of one people: for tests of methods, not for clinical claims.",),
    )


ENTRY = Entry(
    name="pima_diabetes",
    title="Pima Indians Diabetes: 768 women, diabetes within five years",
    modality="table",
    tasks=("classification",),
    licence="CC0 1.0 (public domain)",
    citation=(
        "Smith JW, Everhart JE, Dickson WC, Knowler WC, Johannes RS. Using the ADAP learning algorithm to forecast the "
        "onset of diabetes mellitus. Proc. Symp. Computer Applications in Medical Care, 1988, 261-265."
    ),
    homepage="https://www.kaggle.com/datasets/uciml/pima-indians-diabetes-database",
    patient="the row: no woman is in it twice",
    split="Stratified by row",
    traps=(
        "Zero glucose, pressure, skin fold, insulin or body-mass index means that nothing was measured: NaN here",
        "Fill missing values from the training part only; half of the insulin values are missing",
    ),
    load=_load,
)
