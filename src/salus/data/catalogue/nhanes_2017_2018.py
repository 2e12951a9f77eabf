"""NHANES 2017-2018: adults with blood pressure and HbA1c, and three diseases that their own readings define.

Labels: diabetes by HbA1c >= 6.5 % or fasting glucose >= 126 mg/dL and pre-diabetes by >= 5.7 % or >= 100 mg/dL
(American Diabetes Association); hypertension by mean pressure >= 130/80 and pre-hypertension by systolic 120-129 mmHg
(ACC/AHA 2017); obesity by body-mass index >= 30 kg/m2 (WHO). The columns that define a label are no inputs of it:

* diabetes: HbA1c and glucose;
* hypertension: systolic and diastolic pressure;
* obesity: weight, height and body-mass index, and the waist, which defines abdominal obesity;
* the five classes: HbA1c, glucose and both pressures.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.records.xpt import read_xpt
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample

FILES = ("DEMO_J", "BPX_J", "BMX_J", "GHB_J", "GLU_J", "HDL_J", "TCHOL_J", "TRIGLY_J")
MEASURED = {
    "age_years": "RIDAGEYR",
    "income_ratio": "INDFMPIR",
    "pulse_bpm": "BPXPLS",
    "weight_kg": "BMXWT",
    "height_cm": "BMXHT",
    "bmi_kg_m2": "BMXBMI",
    "waist_cm": "BMXWAIST",
    "total_cholesterol_mg_dl": "LBXTC",
    "hdl_mg_dl": "LBDHDD",
    "ldl_mg_dl": "LBDLDL",
    "triglycerides_mg_dl": "LBXTR",
    "hba1c_percent": "LBXGH",
    "glucose_mg_dl": "LBXGLU",
}
SEXES = {1: "male", 2: "female"}
ETHNICITIES = {
    1: "Mexican American",
    2: "other Hispanic",
    3: "non-Hispanic White",
    4: "non-Hispanic Black",
    6: "non-Hispanic Asian",
    7: "other or several",
}
_GLYCAEMIC, _PRESSURE = ("hba1c_percent", "glucose_mg_dl"), ("systolic_mmhg", "diastolic_mmhg")
DEFINING = {
    "diabetes": _GLYCAEMIC,
    "hypertension": _PRESSURE,
    "obesity": ("bmi_kg_m2", "weight_kg", "height_cm", "waist_cm"),
    "five_classes": _GLYCAEMIC + _PRESSURE,
}
LEAKED = {**DEFINING, "five_classes": _PRESSURE}
"""What `inputs=leaky` lets in: for the five classes the pressure alone; with HbA1c too, nothing is left to learn."""
FIVE = ("normal", "pre-hypertension", "pre-diabetes", "hypertension", "diabetes")


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    table = adults(folder)
    target, inputs = options["target"], options["inputs"]
    labels, known = _labels(table, target)
    dropped = set(DEFINING[target])
    if inputs == "leaky":
        dropped -= set(LEAKED[target])
    columns = [name for name in table if name != "seqn" and name not in dropped]
    if inputs == "no_ethnicity":
        columns.remove("ethnicity")
    samples = [
        Sample(
            id=f"SEQN {int(table['seqn'][i])}",
            patient=str(int(table["seqn"][i])),
            inputs={"row": Row(values={name: _plain(table[name][i]) for name in columns})},
            target=int(labels[i]),
            meta=_groups(table, i),
        )
        for i in map(int, np.flatnonzero(known))
    ]
    classes = FIVE if target == "five_classes" else (f"no {target}", target)
    notes = [
        "NHANES is a stratified sample of the United States with unequal weights; the weights are not used, so shares "
        "are those of the people examined, not of the country.",
        "Diagnosis and medication are not in these files: a patient whose treated readings are normal counts as well.",
    ]
    if inputs == "leaky":
        notes.append(f"LEAK SHOWN ON PURPOSE: {', '.join(LEAKED[target])} define the label and are among the inputs.")
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=classes, positive="" if target == "five_classes" else target),
        defining=DEFINING[target],
        notes=tuple(notes),
    )


def adults(folder: Path) -> dict[str, NDArray[Any]]:
    """Return adults (18 years and above) with a systolic pressure and HbA1c as columns of N, 5,009 in the full files.

    Missing numbers are NaN. `sex` and `ethnicity` are words. Pressures are means of up to four readings in mmHg.

    Raises:
        DataError: A file is missing or lacks a column.
    """
    merged: Any = None
    for name in FILES:
        part = _part(folder, name)
        if merged is not None:
            part = part[["SEQN", *(c for c in part.columns if c not in merged.columns)]]
        merged = part if merged is None else merged.merge(part, on="SEQN", how="left", validate="one_to_one")
    needed = ["SEQN", "RIAGENDR", "RIDRETH3", *MEASURED.values(), "BPXSY1", "BPXDI1"]
    lacking = [column for column in needed if column not in merged.columns]
    if lacking:
        raise DataError(f"{folder} lacks the NHANES columns {', '.join(lacking)}; get the 2017-2018 files again")
    # The conversion from SAS transport files writes zero as 5.4e-79.
    numbers = {c: np.where(np.abs(v := merged[c].to_numpy(np.float64)) < 1e-70, 0.0, v) for c in merged.columns}
    table: dict[str, NDArray[Any]] = {"seqn": numbers["SEQN"]}
    table["sex"] = _words(numbers["RIAGENDR"], SEXES)
    table["ethnicity"] = _words(numbers["RIDRETH3"], ETHNICITIES)
    table |= {name: numbers[column] for name, column in MEASURED.items()}
    table["systolic_mmhg"] = mean_reading([numbers[f"BPXSY{k}"] for k in range(1, 5) if f"BPXSY{k}" in numbers])
    table["diastolic_mmhg"] = mean_reading([numbers[f"BPXDI{k}"] for k in range(1, 5) if f"BPXDI{k}" in numbers])
    keep = (table["age_years"] >= 18) & ~np.isnan(table["systolic_mmhg"]) & ~np.isnan(table["hba1c_percent"])
    return {name: column[keep] for name, column in table.items()}


def _part(folder: Path, name: str) -> Any:
    """Return one file as a data frame: the published `.XPT`, or `.csv.gz` converted from it."""
    import pandas as pd

    packed = folder / f"{name}.csv.gz"
    if packed.is_file():
        return pd.read_csv(packed)
    for ending in (".XPT", ".xpt"):
        if (folder / f"{name}{ending}").is_file():
            return pd.DataFrame(read_xpt(folder / f"{name}{ending}"))
    raise DataError(f"{packed} is missing; NHANES 2017-2018 needs {', '.join(FILES)} as .XPT or .csv.gz")


def mean_reading(readings: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Average repeated readings `(N,)` in mmHg; a zero means that no sound was heard and is missing.

    >>> mean_reading([np.array([70.0, 0.0, 0.0]), np.array([80.0, 64.0, np.nan])])
    array([75., 64., nan])
    """
    stack = np.stack(readings)
    heard = ~np.isnan(stack) & (stack > 0)
    count = heard.sum(axis=0)
    total = np.where(heard, stack, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _labels(table: Mapping[str, NDArray[Any]], target: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return class numbers `(N,)` and which of them are known; a missing reading defines nothing."""
    hba1c, glucose = table["hba1c_percent"], table["glucose_mg_dl"]
    systolic, diastolic = table["systolic_mmhg"], table["diastolic_mmhg"]
    everyone = np.ones(len(hba1c), dtype=bool)
    diabetes = (hba1c >= 6.5) | (glucose >= 126)
    hypertension = (systolic >= 130) | (diastolic >= 80)
    if target == "diabetes":
        return diabetes.astype(np.int64), everyone
    if target == "hypertension":
        return hypertension.astype(np.int64), everyone
    if target == "obesity":
        return (table["bmi_kg_m2"] >= 30).astype(np.int64), ~np.isnan(table["bmi_kg_m2"])
    early = (hba1c >= 5.7) | (glucose >= 100)
    raised = (systolic >= 120) & (systolic < 130)
    order = [
        ("diabetes", diabetes),
        ("hypertension", hypertension),
        ("pre-diabetes", early),
        ("pre-hypertension", raised),
    ]
    numbers = [np.int64(FIVE.index(name)) for name, _ in order]
    return np.select([condition for _, condition in order], numbers, np.int64(FIVE.index("normal"))), everyone


def _groups(table: Mapping[str, NDArray[Any]], i: int) -> dict[str, str]:
    age = float(table["age_years"][i])
    band = "18-39" if age < 40 else "40-59" if age < 60 else "60 and above"
    return {"group_sex": str(table["sex"][i]), "group_age": band, "group_ethnicity": str(table["ethnicity"][i])}


def _words(codes: NDArray[np.float64], names: Mapping[int, str]) -> NDArray[Any]:
    return np.array([names.get(int(code), "") if not np.isnan(code) else "" for code in codes], dtype=object)


def _plain(value: Any) -> float | str:
    return value if isinstance(value, str) else float(value)


ENTRY = Entry(
    name="nhanes_2017_2018",
    title="US health examination survey 2017-2018: pressure, body measures, lipids, HbA1c",
    modality="table",
    tasks=("classification",),
    licence="US Government work, public domain (NCHS data use terms: statistical analysis only, no re-identification)",
    citation=(
        "Centers for Disease Control and Prevention, National Center for Health Statistics. National Health and "
        "Nutrition Examination Survey Data, 2017-2018. Hyattsville, MD."
    ),
    homepage="https://wwwn.cdc.gov/nchs/nhanes/continuousnhanes/default.aspx?BeginYear=2017",
    patient="SEQN, one row a person",
    split="By SEQN",
    traps=(
        "A diastolic reading of 0 means that no sound was heard: missing, not zero",
        "Files converted from SAS write 0 as 5.4e-79",
        "The readings that define a label must not be its inputs",
        "Body temperature is not measured",
        "Fasting glucose, LDL and triglycerides exist for about half of the people only",
    ),
    options={
        "target": ("diabetes", "hypertension", "obesity", "five_classes"),
        "inputs": ("clean", "leaky", "no_ethnicity"),
    },
    load=_load,
)
