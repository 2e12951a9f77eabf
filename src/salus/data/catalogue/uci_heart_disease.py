"""Heart Disease (UCI 45): angiography in four hospitals, 13 attributes."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salus.data.entry import Entry, Loaded
from salus.data.readers.table import read_columns
from salus.data.records.rows import RowDataset, banded
from salus.schema.errors import DataError
from salus.schema.question import Question

SITES = ("cleveland", "hungarian", "switzerland", "va")
NUMBERS = {
    "age": "age_years", "trestbps": "systolic_at_rest_mmhg", "chol": "cholesterol_mg_dl",
    "thalach": "peak_heart_rate_bpm", "oldpeak": "st_depression_mm", "ca": "vessels_seen",
}  # fmt: skip
WORDS = {
    "sex": ("sex", {1: "male", 0: "female"}),
    "cp": ("chest_pain", {1: "typical angina", 2: "atypical angina", 3: "no angina", 4: "no symptoms"}),
    "fbs": ("fasting_glucose_above_120", {1: "yes", 0: "no"}),
    "restecg": ("ecg_at_rest", {0: "normal", 1: "ST-T abnormal", 2: "left ventricular hypertrophy"}),
    "exang": ("angina_on_exercise", {1: "yes", 0: "no"}),
    "slope": ("st_slope", {1: "up", 2: "flat", 3: "down"}),
    "thal": ("thallium", {3: "normal", 6: "fixed defect", 7: "reversible defect"}),
}  # fmt: skip
NEVER_ZERO = ("trestbps", "chol")
SEVERITY = ("no disease", "grade 1", "grade 2", "grade 3", "grade 4")


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    table = read_columns(folder / "heart_disease_4sites.csv")
    table.need(["site", *NUMBERS, *WORDS, "num"])
    columns: dict[str, np.ndarray | list[str]] = {}
    for column, name in NUMBERS.items():
        values = table.numbers[column]
        columns[name] = np.where(values == 0, np.nan, values) if column in NEVER_ZERO else values
    for column, (name, meaning) in WORDS.items():
        columns[name] = [meaning.get(int(v), "") if np.isfinite(v) else "" for v in table.numbers[column]]
    sites, grade = table.words["site"], table.numbers["num"].astype(np.int64)
    strange = sorted(set(sites) - set(SITES))
    if strange or grade.min() < 0 or grade.max() > 4:
        raise DataError(f"{table.path}: site {strange or ''} or grade outside 0 to 4; get the file again")
    disease = options["target"] == "disease"
    metas: dict[str, np.ndarray | list[str]] = {
        "site": sites, "group_sex": columns["sex"], "group_age": banded(table.numbers["age"], (50, 60)),
    }  # fmt: skip
    if options["hold_out"] != "none":
        metas["split"] = ["test" if site == options["hold_out"] else "train" for site in sites]
    ids = [f"{site} {line}" for line, site in enumerate(sites)]
    dataset = RowDataset(ids, ids, columns, (grade > 0).astype(np.int64) if disease else grade, metas)
    if options["sites"] != "all":
        dataset = dataset.take(np.flatnonzero(np.array(sites) == options["sites"]))
    question = (
        Question(kind="classification", classes=("no disease", "disease"), positive="disease")
        if disease
        else Question(kind="ordinal", classes=SEVERITY)
    )
    return Loaded(dataset=dataset, question=question, notes=NOTES)


NOTES = (
    "Hospitals left different columns empty (vessels, thallium, slope): what is missing tells the hospital, and "
    "hospitals differ in how many are ill.",
    "Small and old: for tests of methods, not for clinical claims.",
)

ENTRY = Entry(
    name="uci_heart_disease",
    title="Heart disease on angiography in four hospitals: 920 people, 13 attributes",
    modality="table",
    tasks=("classification", "ordinal"),
    licence="CC BY 4.0",
    citation=(
        "Janosi A, Steinbrunn W, Pfisterer M, Detrano R. Heart Disease. UCI Machine Learning Repository, 1989. "
        "Detrano R et al. Am J Cardiol 64:304-310, 1989."
    ),
    homepage="https://doi.org/10.24432/C52P4X",
    patient="the row: no person is known to be in it twice",
    split="One hospital held out (hold_out=...), or stratified by row within a hospital",
    traps=(
        "Zero cholesterol (all of Switzerland, 49 of Long Beach) and zero pressure mean not measured: NaN here",
        "Vessels, thallium and slope are mostly missing outside Cleveland: what is missing tells the hospital",
        "Two rows are equal to another row",
    ),
    options={
        "target": ("disease", "severity"),
        "sites": ("all", *SITES),
        "hold_out": ("none", *SITES),
    },
    load=_load,
)
