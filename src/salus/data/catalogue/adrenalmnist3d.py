"""AdrenalMNIST3D: shapes of adrenal glands, normal or hyperplasia."""

from collections.abc import Mapping
from pathlib import Path

from salus.data.entry import Entry, Loaded, Remote
from salus.data.medmnist import CITATION, FOLDER, HOMEPAGE, PATIENT, read_thumbnails

_FILES = {"28": "adrenalmnist3d.npz", "64": "adrenalmnist3d_64.npz"}


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return 1,584 volumes `(1, D, H, W)` uint8 with their official split; option `size` is the edge in voxels."""
    return read_thumbnails(folder / _FILES[options["size"]], ("normal", "hyperplasia"), "CT")


ENTRY = Entry(
    name="adrenalmnist3d",
    title="Shape masks of adrenal glands from CT, normal or hyperplasia (28 or 64 voxels, MedMNIST v2)",
    modality="volume",
    tasks=("classification",),
    licence="CC BY 4.0",
    citation=CITATION,
    homepage=HOMEPAGE,
    patient=PATIENT,
    split="Official: 1,188 / 98 / 298, by patient according to the publisher.",
    traps=(
        "Patient numbers are not in the file; left and right gland of one person count as two.",
        "The sizes hold the same glands: never train on one and test on the other.",
        "Shape only: the volumes are masks, no tissue is seen.",
    ),
    options={"size": ("28", "64")},
    files=(
        Remote(
            url="https://zenodo.org/records/10519652/files/adrenalmnist3d.npz?download=1",
            path="adrenalmnist3d.npz",
            md5="bbd3c5a5576322bc4cdfea780653b1ce",
            sha256="8ffd78c0f000265deb7cf4ee0b454136fb3170f9839ecaa7bb01adf9f88aa7d1",
            size=276833,
        ),
        Remote(
            url="https://zenodo.org/records/10519652/files/adrenalmnist3d_64.npz?download=1",
            path="adrenalmnist3d_64.npz",
            md5="17721accfe9fb005146a47d33bc54b2f",
        ),
    ),
    folder=FOLDER,
    load=load,
)
