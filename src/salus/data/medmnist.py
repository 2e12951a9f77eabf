"""What the MedMNIST sets share: one NPZ file of thumbnails with an official split and no patient numbers."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.entry import Loaded
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

FOLDER = "medmnist"
HOMEPAGE = "https://medmnist.com"
CITATION = (
    "Yang J, Shi R, Wei D, Liu Z, Zhao L, Ke B, Pfister H, Ni B. MedMNIST v2: a large-scale lightweight benchmark for "
    "2D and 3D biomedical image classification. Scientific Data 10:41, 2023. doi:10.1038/s41597-022-01721-8"
)
PATIENT = "Each image counts as a patient of its own, because the file holds no patient numbers."
NO_PATIENTS = (
    "Patient numbers are not in the file, so each image counts as a patient: intervals may be too narrow, and one "
    "person may stand on both sides of a split."
)
_PARTS = (("train", "train"), ("val", "valid"), ("test", "test"))


class Thumbnails:
    """Images kept as one uint8 array a part; a sample is a view, made when it is asked for."""

    def __init__(self, parts: list[tuple[str, NDArray[np.uint8], NDArray[np.int64]]], modality: str) -> None:
        self.modality = modality
        self.parts = parts
        self._starts = np.cumsum([0, *(len(labels) for _, _, labels in parts)])

    def __len__(self) -> int:
        """Return the number of images of all parts."""
        return int(self._starts[-1])

    def __getitem__(self, index: int, /) -> Sample:
        """Return image `index`: `(C, H, W)` or `(1, D, H, W)` uint8, target the class index."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        part = int(np.searchsorted(self._starts, index, side="right")) - 1
        name, images, labels = self.parts[part]
        row = index - int(self._starts[part])
        picture = images[row]
        array = picture.transpose(2, 0, 1) if picture.shape[-1] == 3 else picture[None]
        key = f"{name}_{row:05d}"
        return Sample(
            id=key,
            patient=key,
            inputs={"image": Image(array=array, unit="uint8", modality=self.modality)},
            target=int(labels[row]),
            meta={"split": name},
        )


def read_thumbnails(path: Path, classes: tuple[str, ...], modality: str, notes: tuple[str, ...] = ()) -> Loaded:
    """Read a MedMNIST file.

    Args:
        path: The NPZ file.
        classes: Names of its labels 0, 1, ...
        modality: DICOM modality code of the images.
        notes: Sentences for the report beside the one on patients.

    Raises:
        DataError: Missing or damaged file, other arrays than documented, or a label without a class.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; fetch it with `salus data get {path.stem}`")
    parts = []
    try:
        with np.load(path, allow_pickle=False) as stored:
            for short, name in _PARTS:
                images, labels = stored[f"{short}_images"], stored[f"{short}_labels"]
                parts.append((name, images, labels.reshape(-1).astype(np.int64)))
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"{path}: not a MedMNIST file ({error}); fetch it again") from error
    for name, images, labels in parts:
        _check(path, name, images, labels, len(classes))
    question = Question(kind="classification", classes=classes)
    return Loaded(dataset=Thumbnails(parts, modality), question=question, notes=(NO_PATIENTS, *notes))


def _check(path: Path, name: str, images: NDArray[Any], labels: NDArray[np.int64], classes: int) -> None:
    if images.dtype != np.uint8 or len(images) != len(labels) or not len(images):
        raise DataError(
            f"{path}: part {name!r} has {len(images)} images of {images.dtype} and {len(labels)} labels; "
            "expected one label an image of uint8"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(f"{path}: part {name!r} has label {labels.max()}; expected 0 to {classes - 1}")
