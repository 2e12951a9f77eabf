"""NHAMCS 2010, emergency departments: what is known at triage, and what became of the visit.

Inputs are the columns that a triage nurse has: arrival, demographics, reason for the visit in the patient's words as
coded, vital signs, pain, immediacy, and what hospital it is: region, in a metropolitan area or not, owner. Waiting
time, diagnoses, tests, procedures, drugs, staff and disposition come later and are no inputs, unless `columns=later`
asks for them, to show what such a leak is worth.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.entry import Entry, Loaded
from salus.data.records.rows import RowDataset, banded
from salus.data.records.stream import find_table, numbers, read_pieces
from salus.schema.errors import DataError, UnitError
from salus.schema.question import Question

NUMBERS = {
    "AGE": "age_years", "TEMPF": "temperature_f", "PULSE": "pulse_bpm", "RESPR": "respiration_per_min",
    "BPSYS": "systolic_mmhg", "BPDIAS": "diastolic_mmhg", "POPCT": "oxygen_saturation_percent", "GCS": "coma_scale",
    "PAIN": "pain_0_to_10", "PASTVIS": "visits_last_year",
}  # fmt: skip
WORDS = {
    "VMONTH": ("month", {str(k): f"{k:02d}" for k in range(1, 13)}),
    "VDAYR": ("weekday", dict(zip("1234567", ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"), strict=True))),
    "SEX": ("sex", {"1": "female", "2": "male"}),
    "RESIDNCE": ("residence", {"1": "private", "2": "nursing home", "3": "homeless", "4": "other"}),
    "ARREMS": ("ambulance", {"1": "yes", "2": "no"}),
    "ONO2": ("on_oxygen", {"1": "yes", "2": "no"}),
    "IMMEDR": ("immediacy", {"1": "immediate", "2": "emergent", "3": "urgent", "4": "semi-urgent", "5": "non-urgent",
                             "7": "no triage"}),
    "SEEN72": ("seen_within_72_hours", {"1": "yes", "2": "no"}),
    "DISCH7DA": ("discharged_within_7_days", {"1": "yes", "2": "no"}),
    "EPISODE": ("episode", {"1": "initial", "2": "follow-up"}),
    "INJURY": ("injury", {"0": "no", "1": "yes"}),
    "REGION": ("region", {"1": "Northeast", "2": "Midwest", "3": "South", "4": "West"}),
    "MSA": ("metropolitan", {"1": "yes", "2": "no"}),
    "OWNER": ("ownership", {"1": "nonprofit", "2": "government", "3": "proprietary"}),
}  # fmt: skip
HISTORY = {
    "CEBVD": "history_stroke", "CHF": "history_heart_failure", "EDDIAL": "history_dialysis", "EDHIV": "history_hiv",
    "DIABETES": "history_diabetes",
}  # fmt: skip
LATER_NUMBERS = {
    "WAITTIME": "waiting_minutes", "BOARDED": "boarding_minutes", "TOTDIAG": "tests", "TOTPROC": "procedures",
    "NUMMED": "drugs", "NUMGIV": "drugs_given",
}  # fmt: skip
LATER_FLAGS = {
    "ANYIMAGE": "imaging", "CATSCAN": "ct", "MRI": "mri", "ULTRASND": "ultrasound", "CBC": "blood_count",
    "IVFLUIDS": "iv_fluids", "CONSULT": "consulting_physician", "ADMITHOS": "admitted", "OBSHOS": "observed_admitted",
    "OBSDIS": "observed_discharged", "TRANOTH": "transferred", "TRANPSYC": "transferred_psychiatric",
    "LEFTATRI": "left_after_triage", "LEFTBTRI": "left_before_triage", "LEFTAMA": "left_against_advice",
    "DIEDED": "died",
}  # fmt: skip
LATER = (*LATER_NUMBERS.values(), *LATER_FLAGS.values())
"""What becomes known after triage: never an input of an honest forecast."""
REASONS = ("RFV1", "RFV2", "RFV3")
_YES_NO = {"0": "no", "1": "yes"}
LOWEST_TENTHS = 500.0
"""Nobody alive is at 50 °F; a smaller number was not stored in tenths."""
_RACES = {"1": "non-Hispanic White", "2": "non-Hispanic Black", "3": "Hispanic", "4": "other"}
_ASIDE = (
    "HOSPCODE", "PATCODE", "PATWT", "RACERETH", "LOV", "ADMITHOS", "OBSHOS", "ARRTIME", "IMMEDFL", "CSTRATM", "CPSUM",
)  # fmt: skip
LONG_MINUTES = 240.0
BANDS_MINUTES = (120.0, 240.0, 480.0)
BANDS = ("below 2 h", "2 to 4 h", "4 to 8 h", "8 h and above")
LEVELS = ("0.1", "0.5", "0.9")


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    cells = _cells(folder)
    stay = _known(cells["LOV"])
    columns: dict[str, NDArray[np.float64] | list[str]] = {name: _known(cells[c]) for c, name in NUMBERS.items()}
    columns["temperature_f"] = _fahrenheit(np.asarray(columns["temperature_f"]))
    # 998 is a pressure that was felt or heard with Doppler and has no number
    columns["diastolic_mmhg"] = np.where(
        np.asarray(columns["diastolic_mmhg"]) >= 900, np.nan, columns["diastolic_mmhg"]
    )
    columns["arrival_hour"] = np.floor(_known(cells["ARRTIME"]) / 100)
    columns |= {name: [meaning.get(code, "") for code in cells[c]] for c, (name, meaning) in WORDS.items()}
    # An imputed immediacy was dealt out by the survey office, long after triage.
    columns["immediacy"] = [
        "" if imputed == "1" else word for word, imputed in zip(columns["immediacy"], cells["IMMEDFL"], strict=True)
    ]
    columns |= {name: [_YES_NO.get(code, "") for code in cells[c]] for c, name in HISTORY.items()}
    columns |= {f"reason_{k}": [_reason(code) for code in cells[c]] for k, c in enumerate(REASONS, start=1)}
    admitted = [a == "1" or b == "1" for a, b in zip(cells["ADMITHOS"], cells["OBSHOS"], strict=True)]
    targets, keep, question = _ask(options["target"], np.array(admitted), stay)
    later = options.get("columns", "triage") == "later"
    if later:
        columns |= {name: _known(cells[c]) for c, name in LATER_NUMBERS.items()}
        columns |= {name: [_YES_NO.get(code, "") for code in cells[c]] for c, name in LATER_FLAGS.items()}
    hospitals = [f"hospital {code}" for code in cells["HOSPCODE"]]
    survey = {"survey_weight": numbers(cells["PATWT"])}
    if options.get("weights", "none") == "survey":
        survey["weight"] = survey["survey_weight"]  # training draws by it
    dataset = RowDataset(
        [f"{home} visit {code}" for home, code in zip(hospitals, cells["PATCODE"], strict=True)],
        hospitals,
        columns,
        targets,
        {
            "site": hospitals,
            **survey,
            "design_stratum": cells["CSTRATM"],
            "design_unit": [f"{a}/{b}" for a, b in zip(cells["CSTRATM"], cells["CPSUM"], strict=True)],
            "group_acuity": columns["immediacy"],
            "group_sex": columns["sex"],
            "group_age": banded(np.asarray(columns["age_years"]), (18, 65)),
            "group_race": [_RACES.get(code, "") for code in cells["RACERETH"]],
        },
    )
    return Loaded(
        dataset=dataset.take(np.flatnonzero(keep)), question=question, defining=LATER if later else (), notes=NOTES
    )


def _ask(
    target: str, admitted: NDArray[np.bool_], stay: NDArray[np.float64]
) -> tuple[list[Any], NDArray[np.bool_], Question]:
    """Return targets, which visits are asked, and the question."""
    if target == "admission":
        question = Question(kind="classification", classes=("not admitted", "admitted"), positive="admitted")
        return admitted.astype(np.int64).tolist(), np.ones(len(admitted), dtype=bool), question
    keep = stay > 0
    if target == "long_visit":
        names = ("up to 4 hours", "above 4 hours")
        question = Question(kind="classification", classes=names, positive=names[1])
        return (stay > LONG_MINUTES).astype(np.int64).tolist(), keep, question
    minutes = np.nan_to_num(stay).tolist()
    if target == "stay_bands":
        bands = np.digitize(minutes, BANDS_MINUTES).tolist()
        both = [{"label": band, "value": value} for band, value in zip(bands, minutes, strict=True)]
        return both, keep, Question(kind="classification", classes=BANDS)
    levels = LEVELS if target == "stay_interval" else ()
    return minutes, keep, Question(kind="regression", classes=levels, unit="min", value_range=(0.0, 6000.0))


def _cells(folder: Path) -> dict[str, list[str]]:
    path = find_table(folder, "nhamcs_ed_2010")
    if path is None:
        raise DataError(f"{folder}: no table nhamcs_ed_2010; get the set again")
    names = tuple(dict.fromkeys((*NUMBERS, *WORDS, *HISTORY, *REASONS, *LATER_NUMBERS, *LATER_FLAGS, *_ASIDE)))
    cells: dict[str, list[str]] = {name: [] for name in names}
    same: dict[str, str] = {}  # equal words are kept once
    for piece in read_pieces(path, names):
        for name in names:
            cells[name] += [same.setdefault(word, word) for word in piece[name]]
    return cells


def _known(words: list[str]) -> NDArray[np.float64]:
    """Return numbers; -9 blank, -8 unknown and -7 not applicable are missing."""
    found: NDArray[np.float64] = numbers(words)
    return np.where(found < 0, np.nan, found)


def _fahrenheit(stored: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return degrees Fahrenheit of stored tenths.

    Raises:
        UnitError: A value that is degrees already.
    """
    wrong = stored[stored < LOWEST_TENTHS]
    if len(wrong):
        raise UnitError(
            f"TEMPF holds {wrong[0]:g}; the file stores tenths of a degree Fahrenheit (986 is 98.6): "
            "multiply by ten, or get the set again"
        )
    return stored / 10


def _reason(code: str) -> str:
    """Return the module and group of a reason for the visit: the first three of its five digits."""
    return "" if code.startswith("-") else code[:3]


NOTES = (
    "A sample of US visits with unequal weights; PATWT is kept beside each visit (`survey_weight`), and draws training "
    "visits only where `weights=survey` asks for it.",
    "An immediacy that the survey office imputed counts as missing.",
    "Visits of one hospital stay together: a hospital counts as one patient in splits and intervals.",
)

ENTRY = Entry(
    name="nhamcs_ed_2010",
    title="US emergency visits 2010: 26,426 visits in 263 hospitals, what is known at triage",
    modality="table",
    tasks=("classification", "regression"),
    licence="US Government work, public domain (statistical analysis only, no re-identification, no linkage)",
    citation=(
        "National Center for Health Statistics. National Hospital Ambulatory Medical Care Survey, 2010, Emergency "
        "Department public-use micro-data file."
    ),
    homepage="https://www.cdc.gov/nchs/ahcd/index.htm",
    patient="HOSPCODE: the hospital, because its visits must stay together",
    split="By HOSPCODE",
    traps=(
        "-9 blank, -8 unknown, -7 not applicable are missing, not numbers",
        "Temperature has one implied decimal; a diastolic pressure of 998 is no number",
        "Waiting time, diagnoses, tests, procedures, drugs and disposition are not known at triage",
        "Reasons for the visit are codes, to be read as text; three digits are kept",
        "PATWT is the survey weight: without it shares are those of the sample",
    ),
    options={
        "target": ("admission", "long_visit", "length_of_visit", "stay_interval", "stay_bands"),
        "columns": ("triage", "later"),
        "weights": ("none", "survey"),
    },
    load=_load,
)
