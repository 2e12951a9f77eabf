"""Breast tumours under the microscope at 100x, benign or malignant (BreakHis, a part of it)."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from salus.data.entry import Entry, Loaded
from salus.data.limits import inside
from salus.data.on_demand import OnDemand
from salus.data.readers.image import read_picture
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample

CLASSES = ("benign", "malignant")
ROWS, COLUMNS = 228, 350
FOLDS = 5
_NEEDED = {"file", "case_number", "slide_id", "class", "subtype", "sequence", "suggested_split", "fold"}
_PARTS = {"train": "train", "val": "valid", "test": "test"}


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return the pictures `(3, 228, 350)`, uint8, ordered by slide and field; files are read on demand.

    Args:
        folder: Holds `labels.csv` and `images`.
        options: `split`: `suggested`, or `fold0` to `fold4`, whose fold is the test part and the next one validates.

    Raises:
        DataError: The table or a picture is missing or not as documented.
    """
    rows = sorted(_table(folder / "labels.csv"), key=lambda row: (row["slide_id"], int(row["sequence"])))
    chosen = options.get("split", "suggested")
    files = [inside(folder, row["file"]) for row in rows]
    listed = [
        Sample(
            id=Path(row["file"]).stem,
            patient=row["case_number"],
            inputs={},
            target=CLASSES.index(row["class"]),
            meta={
                "split": _part(row, chosen),
                "recording": row["slide_id"],
                "group_subtype": row["subtype"],
                "path": row["file"],
            },
        )
        for row in rows
    ]

    def read(index: int) -> tuple[Mapping[str, Any], Any]:
        image = read_picture(files[index])
        _, height, width = image.array.shape
        if width != COLUMNS or not ROWS <= height <= ROWS + 2 or image.array.shape[0] != 3:
            raise DataError(f"{files[index]}: shape {image.array.shape}; expected colour of 228 to 230 x 350 pixels")
        top = (height - ROWS) // 2  # one slide is two rows lower: its height would give its class away
        return {"image": replace(image, array=image.array[:, top : top + ROWS].copy(), modality="SM")}, None

    return Loaded(
        dataset=OnDemand(listed, read),
        question=Question(kind="classification", classes=CLASSES, positive="malignant"),
        notes=(
            "Only 5 benign and 13 malignant case numbers, and two benign ones hold 129 of 177 benign pictures: what "
            "looks like 351 pictures is 18 cases. Read the figures per case, over the five folds.",
            "Slides with one case number are kept together because they can come from one person; that is stricter "
            "than the split by slide of the literature, so figures cannot be compared with it.",
        ),
    )


def _part(row: Mapping[str, str], chosen: str) -> str:
    if chosen == "suggested":
        return _PARTS[row["suggested_split"]]
    test = int(chosen.removeprefix("fold"))
    return {test: "test", (test + 1) % FOLDS: "valid"}.get(int(row["fold"]), "train")


def _table(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); get the data set again") from error
    if not rows or not rows[0].keys() >= _NEEDED:
        raise DataError(f"{path}: needs columns {', '.join(sorted(_NEEDED))}; get the data set again")
    for row in rows:
        known = row["class"] in CLASSES and row["suggested_split"] in _PARTS
        if not known or row["fold"] not in "01234" or not row["sequence"].isdigit():
            raise DataError(f"{path}: {row['file']} has class {row['class']!r}, split {row['suggested_split']!r}")
    return rows


ENTRY = Entry(
    name="breakhis_100x",
    title="Breast tumours under the microscope at 100x: benign or malignant (BreakHis, part)",
    modality="image",
    tasks=("classification",),
    licence="CC BY 4.0",
    citation=(
        "Spanhol FA, Oliveira LS, Petitjean C, Heutte L. A Dataset for Breast Cancer Histopathological Image "
        "Classification. IEEE Transactions on Biomedical Engineering 63:1455-1462, 2016. doi:10.1109/TBME.2015.2496264"
    ),
    homepage="https://web.inf.ufpr.br/vri/databases/breast-cancer-histopathological-database-breakhis/",
    patient="The case number, the numeric part of the slide's name: slides with one number can come from one person.",
    split="By case number: the suggested split (256 / 29 / 66), or five folds with one benign case each.",
    traps=(
        "pictures of one slide show neighbouring fields: a random split measures memory",
        "17 pictures of one malignant slide have 228 rows instead of 230: all are cut to 228",
        "slide 14-13412 is labelled ductal here, the published set lists it as lobular too",
        "copies at half the original size, JPEG; colours differ from slide to slide",
    ),
    options={"split": ("suggested", "fold0", "fold1", "fold2", "fold3", "fold4")},
    load=load,
)
