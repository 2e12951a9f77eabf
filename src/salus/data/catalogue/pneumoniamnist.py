"""PneumoniaMNIST: paediatric chest X-rays of 28 x 28 pixels, normal or pneumonia."""

from collections.abc import Mapping
from pathlib import Path

from salus.data.entry import Entry, Loaded, Remote
from salus.data.medmnist import CITATION, FOLDER, HOMEPAGE, PATIENT, read_thumbnails


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return 5,856 images `(1, 28, 28)` uint8 with their official split."""
    return read_thumbnails(folder / "pneumoniamnist.npz", ("normal", "pneumonia"), "DX")


ENTRY = Entry(
    name="pneumoniamnist",
    title="Chest X-rays of children, normal or pneumonia (28 x 28, MedMNIST v2)",
    modality="image",
    tasks=("classification",),
    licence="CC BY 4.0",
    citation=CITATION + "; Kermany DS et al., Cell 172:1122-1131, 2018",
    homepage=HOMEPAGE,
    patient=PATIENT,
    split="Official: 4,708 / 524 / 624.",
    traps=(
        "Patient numbers are not in the file.",
        "A few images are byte-equal, some of them in training and validation: drop duplicates before a random split.",
        "Copies that were put together again hold the training images in another order and have another checksum.",
        "Three in four training images show pneumonia, five in eight test images do.",
    ),
    files=(
        Remote(
            url="https://zenodo.org/records/10519652/files/pneumoniamnist.npz?download=1",
            path="pneumoniamnist.npz",
            md5="28209eda62fecd6e6a2d98b1501bb15f",
        ),
    ),
    folder=FOLDER,
    load=load,
)
