"""Colour fundus photographs of high resolution, with outlined vessels and one of three diagnoses."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.entry import Entry, Loaded
from salus.data.limits import inside
from salus.data.on_demand import OnDemand
from salus.data.readers.image import read_picture
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

DIAGNOSES = ("diabetic_retinopathy", "glaucoma", "healthy")
VESSELS = ("background", "vessel")
RETINOPATHY = ("none", "diabetic_retinopathy")


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return the photographs `(3, H, W)`, uint8; files are read on demand.

    Args:
        folder: Holds `labels.csv`, `images` and `vessel_masks`.
        options: `question`: `diagnosis` (one of three), `vessels` (a mask) or `retinopathy` (diabetic or not; the
            target holds the mask of vessels beside the class); `height`: rows, reached by averaging whole blocks.

    Raises:
        DataError: The table or a picture is missing or not as documented.
    """
    rows = _table(folder / "labels.csv")
    asked = options.get("question", "diagnosis")
    vessels, retinopathy = asked == "vessels", asked == "retinopathy"
    height = int(options.get("height", "292"))
    files = [(inside(folder, row["image"]), inside(folder, row["vessel_mask"])) for row in rows]
    listed = [
        Sample(
            id=row["id"],
            patient=row["id"],
            inputs={},
            target=None if vessels else _label(row["class_name"], retinopathy),
            meta={"path": row["image"], **({"group_diagnosis": row["class_name"]} if vessels else {})},
        )
        for row in rows
    ]

    def read(index: int) -> tuple[Mapping[str, Any], Any]:
        picture = reduced(read_picture(files[index][0]).array, height)
        mask = None
        if vessels or retinopathy:
            outlined = read_picture(files[index][1]).array > 0
            mask = (reduced(255 * outlined.astype(np.uint8), height)[0] >= 128).astype(np.uint8)
            if mask.shape != picture.shape[1:]:
                raise DataError(f"{files[index][1]}: {mask.shape} pixels for a picture of {picture.shape[1:]}")
        target = {"label": listed[index].target, "vessels": mask} if retinopathy else mask
        return {"image": Image(array=picture, unit="uint8", modality="OP")}, target

    kinds = {
        "vessels": Question(kind="segmentation", classes=VESSELS),
        "retinopathy": Question(kind="classification", classes=RETINOPATHY),
    }
    question = kinds.get(asked, Question(kind="classification", classes=DIAGNOSES))
    return Loaded(
        dataset=OnDemand(listed, read),
        question=question,
        notes=(
            "Twenty photographs, six or seven of each class: far too few for a verdict; cross-validate and read the "
            "intervals.",
            "A copy at half the original size (box filter) from re-saved JPEG; the field-of-view masks are not in it, "
            "so the black rim counts as background.",
        ),
    )


def reduced(array: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    """Average blocks of pixels until an image `(C, H, W)` has `height` rows.

    Raises:
        DataError: The rows or columns are no multiple of it.
    """
    channels, rows, columns = array.shape
    step = rows // height
    if step < 1 or rows % height or columns % step:
        raise DataError(f"a picture of {rows} x {columns} pixels cannot be reduced to {height} rows; get the set again")
    blocks = array.reshape(channels, height, step, columns // step, step).mean(axis=(2, 4))
    return np.rint(blocks).astype(np.uint8)


def _label(name: str, retinopathy: bool) -> int:
    return int(name == "diabetic_retinopathy") if retinopathy else DIAGNOSES.index(name)


def _table(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); get the data set again") from error
    if not rows or not {"id", "image", "vessel_mask", "class_name"} <= rows[0].keys():
        raise DataError(f"{path}: needs columns id, image, vessel_mask, class_name; get the data set again")
    odd = sorted({row["class_name"] for row in rows} - set(DIAGNOSES))
    if odd:
        raise DataError(f"{path}: unknown class {', '.join(odd)}; expected {', '.join(DIAGNOSES)}")
    return rows


ENTRY = Entry(
    name="fundus_hrf",
    title="Fundus photographs with outlined vessels: diabetic retinopathy, glaucoma, healthy (HRF)",
    modality="image",
    tasks=("classification", "segmentation"),
    licence="CC BY 4.0",
    citation=(
        "Budai A, Bock R, Maier A, Hornegger J, Michelson G. Robust Vessel Segmentation in Fundus Images. "
        "International Journal of Biomedical Imaging 2013:154860, 2013. doi:10.1155/2013/154860"
    ),
    homepage="https://www5.cs.fau.de/research/data/fundus-images/",
    patient="The picture: one eye each.",
    split="Leave one out, or folds stratified by class; too small for a fixed test part.",
    traps=(
        "20 of the 45 photographs of the set",
        "thin vessels are one or two pixels wide at the smallest height and partly gone",
        "the classes were photographed in groups: colour and brightness may tell them apart",
    ),
    options={"question": ("diagnosis", "vessels", "retinopathy"), "height": ("292", "584", "1168", "146")},
    load=load,
)
