"""Chest radiographs of patients with COVID-19: how they were taken, or whether intensive care was near."""

import csv
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from salus.data.entry import Entry, Loaded
from salus.data.limits import inside
from salus.data.on_demand import OnDemand
from salus.data.readers.image import read_picture
from salus.data.rebuild import as_compression, halves
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample

PROJECTIONS = ("ap", "pa")
COURSE = ("ward", "intensive care")
LABORATORY = ("crp", "d-dimer", "factor_xii", "ldh", "lymphocytes", "neutrophils", "pco2", "po2")
_NEEDED = {"patient_id", "image_id", "sex", "modality", "projection", "icu_admission_offset", "icu_release_offset"}


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return the radiographs `(1, H, 640)`, uint8; files are read on demand.

    Args:
        folder: Holds `data.csv` and `png`.
        options: `question`: `projection` (front to back or back to front), `course` (intensive care on the day of the
            image or later) or `compression`, then at `size` pixels of width; `laboratory`: `yes` adds a `Row` of values
            measured on that day or before.

    Raises:
        DataError: The table or a picture is missing or not as documented.
    """
    if options.get("question") == "compression":
        return _to_compress(folder, options)
    course = options.get("question", "projection") == "course"
    rows = _table(folder / "data.csv")
    files = [inside(folder, f"png/{row['image_id']}.png") for row in rows]
    listed = [
        Sample(
            id=row["image_id"],
            patient=row["patient_id"],
            inputs={},
            target=_in_care(row) if course else PROJECTIONS.index(row["projection"]),
            meta={
                "group_sex": row["sex"],
                "group_device": row["modality"],
                "path": f"png/{row['image_id']}.png",
                **({"group_projection": row["projection"]} if course else {}),
            },
        )
        for row in rows
    ]
    with_laboratory = options.get("laboratory", "no") == "yes"

    def read(index: int) -> tuple[Mapping[str, Any], Any]:
        picture = read_picture(files[index])
        if picture.array.shape[0] != 1:
            raise DataError(
                f"{files[index]}: {picture.array.shape[0]} channels where grey is documented; fetch it again"
            )
        inputs: dict[str, Any] = {"image": replace(picture, modality=rows[index]["modality"])}
        if with_laboratory:
            inputs["row"] = Row(values=laboratory(rows[index]))
        return inputs, None

    notes = [
        "84 images of 23 patients, all with COVID-19: nothing here tells the ill from the well.",
    ]
    if course:
        notes.append(
            "Ten patients were in intensive care. Images of the bedridden are taken front to back, so the projection "
            "alone tells much of the answer: read the subgroups."
        )
    question = (
        Question(kind="classification", classes=COURSE, positive="intensive care")
        if course
        else Question(kind="classification", classes=PROJECTIONS, positive="pa")
    )
    return Loaded(dataset=OnDemand(listed, read), question=question, notes=tuple(notes))


def _to_compress(folder: Path, options: Mapping[str, str]) -> Loaded:
    loaded = load(folder, {**options, "question": "projection"})
    step = 640 // int(options.get("size", "640"))
    splits = halves([row["patient_id"] for row in _table(folder / "data.csv")])
    notes = (
        "Half of the patients are the test part, drawn once by their numbers; validation is every eighth patient.",
        *(("Pictures are reduced by averaging squares of two pixels a side.",) if step == 2 else ()),
    )
    return replace(as_compression(loaded, "uint8", (0.0, 255.0), step=step, splits=splits, mixed=True), notes=notes)


def laboratory(row: Mapping[str, str]) -> dict[str, float]:
    """Return the values that were known when the image was taken, NaN else; beyond the range of a test is NaN too."""
    values = {}
    for name in LABORATORY:
        offset, value = _number(row.get(f"{name}_offset", "")), _number(row.get(f"{name}_val", ""))
        # an offset counts the days from the image to the test: later tests would look ahead
        values[name] = value if offset <= 0 and math.isfinite(value) else float("nan")
    return values


def _in_care(row: Mapping[str, str]) -> int:
    """Tell whether intensive care lay on the day of the image or after it."""
    entered, left = _number(row["icu_admission_offset"]), _number(row["icu_release_offset"])
    return int(entered >= 0 or left >= 0 or (not math.isnan(entered) and math.isnan(left)))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _table(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); get the data set again") from error
    if not rows or not rows[0].keys() >= _NEEDED:
        raise DataError(f"{path}: needs columns {', '.join(sorted(_NEEDED))}; get the data set again")
    odd = sorted({row["projection"] for row in rows} - set(PROJECTIONS))
    if odd:
        raise DataError(f"{path}: unknown projection {', '.join(odd)}; expected {', '.join(PROJECTIONS)}")
    return rows


ENTRY = Entry(
    name="cxr_covid19_hannover",
    title="Chest radiographs of patients with COVID-19: projection, or intensive care (Hannover)",
    modality="image",
    tasks=("classification", "compression"),
    licence="CC BY 3.0",
    citation=(
        "Winther HB, Laser H, Gerbel S, Maschke SK, Hinrichs JB, Vogel-Claussen J, Wacker FK, Hoeper MM, Meyer BC. "
        "COVID-19 Image Repository. doi:10.6084/m9.figshare.12275009 and doi:10.25835/0090041"
    ),
    homepage="https://github.com/ml-workgroup/covid-19-image-repository",
    patient="The column patient_id: 23, eleven of them with images of several dates.",
    split="By patient.",
    traps=(
        "every patient has COVID-19: this is no set of ill against well",
        "age, size and weight are removed, laboratory values rounded, and inf or -inf where a test's range ended",
        "offsets count days from the image to the event: a positive one lies after the image",
        "one patient died; death is no question for this set",
    ),
    options={"question": ("projection", "course", "compression"), "laboratory": ("no", "yes"), "size": ("640", "320")},
    load=load,
)
