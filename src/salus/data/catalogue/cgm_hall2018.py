"""Continuous glucose of mostly healthy adults with laboratory values (Hall et al. 2018): forecasting, or glucotype."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.glucose import QUESTION, Series, forecasts, parts, read_series
from salus.data.readers.table import Columns, read_columns
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample

GLUCOTYPES = ("low", "moderate", "severe")


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the readings and the laboratory table, and ask for the next readings or for the glucotype."""
    series = read_series(folder / "hall2018_cgm.csv.gz")
    table = read_columns(folder / "hall2018_subjects.csv")
    table.need(["userID", "glucotype"])
    unknown = {one.id for one in series} - set(table.words["userID"])
    if unknown:
        raise DataError(f"{folder}: {sorted(unknown)[0]} has readings but no laboratory values; get the set again")
    if options.get("question", "forecast") == "glucotype":
        return _glucotypes(series, table)
    horizon = int(options.get("horizon_min", "30")) // 5
    part = parts([one.id for one in series])
    kinds = dict(zip(table.words["userID"], table.words["glucotype"], strict=True))
    samples = [
        sample
        for one in series
        for sample in forecasts(one, horizon, stride=6, split=part[one.id], group_glucotype=kinds[one.id])
    ]
    missing = sum(int(np.isnan(one.values).sum()) for one in series)
    return Loaded(
        dataset=ListDataset(samples),
        question=QUESTION,
        notes=(
            f"{len(series)} people, {sum(len(one.values) for one in series):,} readings, {missing} of them missing.",
            "Series are cut at gaps (one lasts more than a year); windows never run across one.",
        ),
    )


def _glucotypes(series: Sequence[Series], table: Columns) -> Loaded:
    """Ask for the glucotype from laboratory values; it was defined by the readings, so they are no input."""
    names = [name for name in table.words if name not in ("userID", "glucotype")]
    kinds = table.words["glucotype"]
    samples = [
        Sample(id=person, patient=person, inputs={"row": table.row(line, names)}, target=GLUCOTYPES.index(kinds[line]))
        for line, person in enumerate(table.words["userID"])
        if kinds[line] in GLUCOTYPES
    ]
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="ordinal", classes=GLUCOTYPES),
        notes=("57 people, 6 of them with a low glucotype: no figure is worth more than its interval.",),
    )


ENTRY = Entry(
    name="cgm_hall2018",
    title="Continuous glucose monitoring of 57 mostly healthy adults, with laboratory values and glucotypes",
    modality="signal",
    tasks=("forecasting", "ordinal"),
    licence="CC BY 4.0",
    citation="Hall H, Perelman D, Breschi A, et al. Glucotypes reveal new patterns of glucose dysregulation. "
    "PLoS Biol 16(7):e2005143, 2018.",
    homepage="https://doi.org/10.1371/journal.pbio.2005143",
    patient="the person (id)",
    split="by person; inside a person only forward in time",
    traps=(
        "stamps wander by seconds, and gaps last from minutes to more than a year",
        "two hours of two people can resemble each other so closely that the firewall asks about them",
        "the glucotype was computed from the readings: they must not be its input",
    ),
    options={"question": ("forecast", "glucotype"), "horizon_min": ("30", "60")},
    load=load,
)
