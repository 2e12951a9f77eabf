"""PhysioNet/CinC Challenge 2012, set A: the first 48 hours of intensive-care stays, and death in hospital.

Three descriptors are in the copy (age, sex, height) and 37 series, weight among them. Values no body can have are taken
as missing; the bounds are wide and stand in `BOUNDS`.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset, ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.readers.table import read_columns
from salus.data.records.gather import Gatherer
from salus.data.records.moment import HOUR, MISSING, when
from salus.data.records.questions import TimelineDataset, at_each, died
from salus.data.records.summary import Summary
from salus.data.records.timeline import Encounter, Timelines
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Events, Row, Waveform

SERIES = {
    "ALP": "[IU]/L", "ALT": "[IU]/L", "AST": "[IU]/L", "Albumin": "g/dL", "BUN": "mg/dL", "Bilirubin": "mg/dL",
    "Cholesterol": "mg/dL", "Creatinine": "mg/dL", "DiasABP": "mm[Hg]", "FiO2": "1", "GCS": "{score}",
    "Glucose": "mg/dL", "HCO3": "mmol/L", "HCT": "%", "HR": "{beats}/min", "K": "meq/L", "Lactate": "mmol/L",
    "MAP": "mm[Hg]", "MechVent": "{yes}", "Mg": "mmol/L", "NIDiasABP": "mm[Hg]", "NIMAP": "mm[Hg]",
    "NISysABP": "mm[Hg]", "Na": "meq/L", "PaCO2": "mm[Hg]", "PaO2": "mm[Hg]", "Platelets": "10*3/uL",
    "RespRate": "{breaths}/min", "SaO2": "%", "SysABP": "mm[Hg]", "Temp": "Cel", "TroponinI": "ug/L",
    "TroponinT": "ug/L", "Urine": "mL", "WBC": "10*3/uL", "Weight": "kg", "pH": "[pH]",
}  # fmt: skip
"""Parameter and unit, as the challenge gives them."""
BOUNDS = {
    "DiasABP": (10, 200), "NIDiasABP": (10, 200), "SysABP": (20, 300), "NISysABP": (20, 300), "MAP": (10, 250),
    "NIMAP": (10, 250), "HR": (10, 300), "RespRate": (1, 80), "Temp": (25, 45), "pH": (6.5, 8.0), "PaO2": (10, 700),
    "PaCO2": (5, 200), "Weight": (20, 300), "Height": (100, 230), "K": (1, 15), "Na": (90, 190),
}  # fmt: skip
"""Lowest and highest value taken as measured."""
HOURS = 48
OLD = 90.0


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    timelines = read_set_a(folder)
    # the last values are written at minute 2880: 48 hours are over when that minute is
    asked = at_each(timelines, lambda line, stay: stay.start + timedelta(hours=HOURS, minutes=1), died)
    forms: dict[str, tuple[Callable[[Events], Any] | None, str]] = {
        "table": (SUMMARY, "row"),
        "summary": (summary, "row"),
        "events": (None, "events"),
        "hourly": (hourly, "signal"),
    }
    form, name = forms[options["inputs"]]
    dataset: Dataset = TimelineDataset(timelines, asked, form=form, name=name)
    if options["inputs"] == "summary":  # 4,000 rows are small, and a study reads them hundreds of times
        dataset = ListDataset([dataset[i] for i in range(len(dataset))])
    left_out = "; ".join(f"{why}: {count}" for why, count in sorted(timelines.findings.items()))
    question = Question(kind="classification", classes=("survived", "died in hospital"), positive="died in hospital")
    return Loaded(dataset=dataset, question=question, notes=(f"Left out: {left_out}.", *NOTES))


def read_set_a(folder: Path) -> Timelines:
    """Return one timeline a stay, from its admission (taken as 1970) to hour 48.

    Raises:
        DataError: A file is missing or lacks a column.
    """
    path = folder / "set_a.parquet"
    if not path.is_file():
        raise DataError(f"{path} is missing; get the set again")
    import pandas as pd

    try:
        table = pd.read_parquet(path, columns=["RecordID", "minute", "Parameter", "Value"])
    except (ValueError, KeyError, OSError) as error:
        raise DataError(f"{path}: {error}; expected the columns RecordID, minute, Parameter, Value") from error
    gather = Gatherer(str(path))
    names, stays = table["Parameter"].astype(str).to_numpy(), table["RecordID"].astype(str).to_numpy()
    values, minutes = (table[name].to_numpy(np.float64) for name in ("Value", "minute"))
    people: dict[str, dict[str, list[float]]] = {stay: {} for stay in dict.fromkeys(stays.tolist())}
    for i in np.flatnonzero(np.isin(names, ("Age", "Gender", "Height"))).tolist():
        people[stays[i]].setdefault(names[i], []).append(float(values[i]))
    keep = np.isin(names, tuple(SERIES)) & _possible(gather, names, values) & np.isfinite(minutes)
    stamp = (minutes[keep] * (HOUR // 60)).astype(np.int64)
    kept = names[keep].tolist()
    gather.events(
        stays[keep].tolist(), [f"icu|{name}" for name in kept], stamp, stamp, values[keep],
        [SERIES[name] for name in kept],
    )  # fmt: skip
    _describe(gather, people)
    _outcomes(gather, folder, set(people))
    return gather.timelines()


def _possible(gather: Gatherer, names: NDArray[np.object_], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    keep = np.isfinite(values)
    for name, (low, high) in BOUNDS.items():
        odd = (names == name) & ((values < low) | (values > high))
        gather.skip(f"{name} outside {low} to {high}", int(odd.sum()))
        keep &= ~odd
    return keep


def _describe(gather: Gatherer, people: Mapping[str, Mapping[str, list[float]]]) -> None:
    for stay, found in people.items():
        ages, sex = found.get("Age", []), found.get("Gender", [-1.0])[0]
        birth = MISSING
        if len(ages) == 1 and ages[0] > 0:
            # above 120 stands for people older than 89, whose age the publisher hides
            birth = -int((OLD if ages[0] > 120 else ages[0]) * 365.2425 * 24 * HOUR)
        else:
            gather.skip("age missing, or several ages of one stay")
        gather.person(stay, birth, [f"person|sex={'MF'[sex == 0]}"] if sex >= 0 else [])
        gather.event(stay, "admission|icu", 0, 0)  # so that hour 0 is that of the stay
        height = found.get("Height", [-1.0])[0]
        if BOUNDS["Height"][0] <= height <= BOUNDS["Height"][1]:
            gather.event(stay, "icu|Height", 0, 0, height, "cm")


def _outcomes(gather: Gatherer, folder: Path, stays: set[str]) -> None:
    table = read_columns(folder / "outcomes_set_a.csv")
    table.need(["RecordID", "In-hospital_death"])
    for stay, dead in zip(table.words["RecordID"], table.words["In-hospital_death"], strict=True):
        if stay in stays:
            gather.encounter(
                Encounter(id=stay, patient=stay, start=when(0), stop=None, kind="ICU", outcome={"died": dead})
            )


def hourly(events: Events) -> Waveform:
    """Return the 37 series as means over each of 48 hours, `(37, 48)`, NaN where nothing was measured."""
    leads = {f"icu|{name}": place for place, name in enumerate(SERIES)}
    total, count = np.zeros((len(leads), HOURS)), np.zeros((len(leads), HOURS))
    for time, code, value in zip(events.times_h.tolist(), events.codes, events.values.tolist(), strict=True):
        place = leads.get(code)
        if place is not None:
            hour = min(HOURS - 1, int(time))
            total[place, hour] += value
            count[place, hour] += 1
    array = np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
    return Waveform(array=array, rate_hz=1 / 3600, leads=tuple(SERIES), units=tuple(SERIES.values()))


SUMMARY = Summary(
    values={**{f"icu|{name}": name.lower() for name in SERIES}, "icu|Height": "height"},
    counts={"icu": "measurement"},
    words={"person|sex": "sex"},
)
FULL = Summary(
    values={f"icu|{name}": name.lower() for name in SERIES}, words={"person|sex": "sex"}, full=True
)  # fmt: skip


def summary(events: Events) -> Row:
    """Return age, sex, height and each series' last, lowest, highest and mean value and their count; 188 columns."""
    row = dict(FULL(events).values)
    heights = [v for c, v in zip(events.codes, events.values.tolist(), strict=True) if c == "icu|Height"]
    return Row(values={"height": heights[-1] if heights else float("nan"), **row})


NOTES = (
    "Every stay counts as a patient of its own: the set does not say which stays are of one person.",
    "Several ages of one stay, and the type of the unit, could not be recovered from the copy.",
)

ENTRY = Entry(
    name="physionet2012_icu",
    title="PhysioNet Challenge 2012, set A: 48 hours of 3,996 intensive-care stays, death in hospital",
    modality="record",
    tasks=("classification",),
    licence="ODC-BY 1.0",
    citation=(
        "Silva I, Moody G, Scott DJ, Celi LA, Mark RG. Predicting in-hospital mortality of ICU patients: the "
        "PhysioNet/Computing in Cardiology Challenge 2012. Comput Cardiol 39:245-248, 2012."
    ),
    homepage="https://physionet.org/content/challenge-2012/1.0.0/",
    patient="RecordID, one stay",
    split="By RecordID, stratified on death",
    traps=(
        "-1 means missing in the descriptors and outcomes",
        "Length of stay, survival, SAPS-I and SOFA are outcomes or scores of the whole stay: no inputs",
        "pH written without its point, temperatures of -17.8, pressures of 0: taken as missing",
        "381 stays have several ages in the copy, some above 200: taken as missing, or as older than 89",
    ),
    options={"inputs": ("table", "summary", "hourly", "events")},
    load=_load,
)
