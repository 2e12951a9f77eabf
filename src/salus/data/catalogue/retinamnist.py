"""RetinaMNIST: fundus photographs of 28 x 28 pixels, five grades of diabetic retinopathy."""

from collections.abc import Mapping
from pathlib import Path

from salus.data.entry import Entry, Loaded, Remote
from salus.data.medmnist import CITATION, FOLDER, HOMEPAGE, PATIENT, read_thumbnails


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return 1,600 images `(3, 28, 28)` uint8 with their official split."""
    notes = (
        "Grades are ordered: a miss by one grade weighs less than a miss by four, and accuracy does not see it.",
        "The validation part was drawn from the source's training photographs, several of one person among them, "
        "so training and validation may share patients.",
    )
    return read_thumbnails(folder / "retinamnist.npz", ("0", "1", "2", "3", "4"), "XC", notes)


ENTRY = Entry(
    name="retinamnist",
    title="Fundus photographs, diabetic retinopathy grades 0 to 4 (28 x 28 RGB, MedMNIST v2)",
    modality="image",
    tasks=("classification",),
    licence="CC BY 4.0",
    citation=CITATION + "; Liu R et al., DeepDRiD, Patterns 2022. doi:10.1016/j.patter.2022.100512",
    homepage=HOMEPAGE,
    patient=PATIENT,
    split="Official: 1,080 / 120 / 400.",
    traps=(
        "Patient numbers are not in the file; training and validation may share patients.",
        "Grade 4 has 66 training and 6 validation images.",
        "At 28 pixels microaneurysms are gone; the grade is partly in colour and brightness.",
    ),
    files=(
        Remote(
            url="https://zenodo.org/records/10519652/files/retinamnist.npz?download=1",
            path="retinamnist.npz",
            md5="bd4c0672f1bba3e3a89f0e4e876791e4",
            sha256="254915f5f0a2074665c4676356824cf4ef4a3bcab233894b4bafcaf48962bd69",
            size=3291041,
        ),
    ),
    folder=FOLDER,
    load=load,
)
