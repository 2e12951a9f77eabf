"""HAM10000: dermatoscopic photographs of pigmented skin lesions, seven diagnoses, with the lesion of each photograph.

The training part of the ISIC 2018 challenge, task 3. Unlike DermaMNIST it says which photographs show one lesion, so a
split by lesion is possible.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from salus.data.entry import Entry, Loaded, Remote
from salus.data.on_demand import OnDemand
from salus.data.readers.image import read_picture
from salus.data.readers.table import read_columns
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample

CODES = {
    "MEL": "melanoma",
    "NV": "melanocytic nevus",
    "BCC": "basal cell carcinoma",
    "AKIEC": "actinic keratosis or intraepithelial carcinoma",
    "BKL": "benign keratosis",
    "DF": "dermatofibroma",
    "VASC": "vascular lesion",
}
CLASSES = tuple(CODES.values())
_ROOT = "https://isic-challenge-data.s3.amazonaws.com/2018"
_INPUT, _TRUTH = "ISIC2018_Task3_Training_Input", "ISIC2018_Task3_Training_GroundTruth"
_GROUPS = "ISIC2018_Task3_Training_LesionGroupings.csv"


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return the photographs `(3, H, W)` uint8; files are read on demand, and the lesion stands for the patient.

    Raises:
        DataError: A table or photograph is missing, or a row has not exactly one diagnosis or no lesion.
    """
    truth = read_columns(folder / _TRUTH / f"{_TRUTH}.csv")
    truth.need(("image", *CODES))
    groups = read_columns(folder / _GROUPS)
    groups.need(("image", "lesion_id"))
    lesion_of = dict(zip(groups.words["image"], groups.words["lesion_id"], strict=True))
    listed = []
    for line, name in enumerate(truth.words["image"]):
        marks = [float(truth.words[code][line] or 0) for code in CODES]
        if sorted(marks) != [0.0] * (len(CODES) - 1) + [1.0] or not lesion_of.get(name):
            raise DataError(
                f"{truth.path}: line {line + 2} ({name}) has no single diagnosis or no lesion; fetch it again"
            )
        listed.append(
            Sample(id=name, patient=lesion_of[name], inputs={}, target=marks.index(1.0), meta={"path": f"{name}.jpg"})
        )
    paths = [folder / _INPUT / f"{sample.id}.jpg" for sample in listed]
    lost = [path.name for path in paths if not path.is_file()]
    if lost:
        raise DataError(
            f"{folder / _INPUT}: {len(lost)} photographs are missing, the first is {lost[0]}; fetch them again"
        )

    def read(index: int) -> tuple[Mapping[str, Any], Any]:
        return {"image": read_picture(paths[index])}, None

    return Loaded(
        dataset=OnDemand(listed, read),
        question=Question(kind="classification", classes=CLASSES),
        notes=(
            "Lesions stand for patients: who has several lesions is not public, so one person can stand on both sides.",
            "Mostly light skin: nothing is known of how a model does on dark skin.",
        ),
        unit="lesion",
    )


ENTRY = Entry(
    name="ham10000",
    title="HAM10000: 10,015 dermatoscopic photographs of skin lesions, seven diagnoses (ISIC 2018, task 3)",
    modality="image",
    tasks=("classification",),
    licence="CC BY-NC 4.0",
    citation=(
        "Tschandl P, Rosendahl C, Kittler H. The HAM10000 dataset, a large collection of multi-source dermatoscopic "
        "images of common pigmented skin lesions. Scientific Data 5:180161, 2018. doi:10.1038/sdata.2018.161; Codella "
        "N, Rotemberg V, Tschandl P, et al. Skin lesion analysis toward melanoma detection 2018. arXiv:1902.03368"
    ),
    homepage="https://challenge.isic-archive.com/data/#2018",
    patient="the lesion (column lesion_id); people are not named",
    split="cross-validation by lesion; a random split of photographs leaks",
    traps=(
        "not for commercial use (CC BY-NC)",
        "several photographs show one lesion: a split by photograph makes every score too good",
        "two of three photographs are nevi: report balanced accuracy and each class",
        "half of the diagnoses are confirmed by pathology, the rest by follow-up, experts or confocal microscopy",
        "dermamnist is made of the same photographs: never train on one and test on the other",
    ),
    files=(
        Remote(url=f"{_ROOT}/{_INPUT}.zip", path=f"{_INPUT}.zip", unpack=True),
        Remote(url=f"{_ROOT}/{_TRUTH}.zip", path=f"{_TRUTH}.zip", unpack=True),
        Remote(url=f"{_ROOT}/{_GROUPS}", path=_GROUPS),
    ),
    load=load,
)
