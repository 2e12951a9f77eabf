"""96 DICOM files of many kinds and encodings, a corpus to test readers on; here asked for their modality."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.limits import inside
from salus.data.readers.dicom_display import to_display
from salus.data.readers.dicom_file import open_dicom
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

SIDE = 64
_CLASSES = ("CR", "CT", "MR", "US")
_ENCODINGS = "ct_same_slice_many_syntaxes"


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return pictures of the corpus as a viewer shows them, grey, `(1, 64, 64)` uint8.

    Of the ten encodings of one slice the uncompressed one stands for all; what is no picture, and modalities with
    fewer than three files, are left out and counted in the notes.

    Raises:
        DataError: The manifest or a file is missing, or not as documented.
    """
    rows = _manifest(folder / "MANIFEST.csv")
    samples: list[Sample] = []
    left = 0
    for row in rows:
        name = row["file"].removeprefix("./")
        twin = name.startswith(_ENCODINGS) and not name.endswith("/CTImage.dcm")
        if row["modality"] not in _CLASSES or twin or not row["read_check_pydicom"].startswith("decodes"):
            left += 1
            continue
        path = inside(folder, name)
        header = open_dicom(path).header
        person = str(getattr(header, "PatientID", "") or name)
        samples.append(
            Sample(
                id=name,
                patient=person,
                inputs={"image": Image(array=_small(to_display(path)), unit="uint8", modality=row["modality"])},
                target=_CLASSES.index(row["modality"]),
                meta={"path": str(path), "group_syntax": row["transfer_syntax"], "site": row["source"]},
            )
        )
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=_CLASSES, positive="CT"),
        notes=(
            f"{len(samples)} of {len(rows)} files; {left} are no pictures, of rare modalities, or other encodings of "
            "one slice. A corpus to test readers and de-identification on, not to train on.",
            "Several files are copies of one picture in another encoding; the PatientID keeps most of them together.",
        ),
    )


def _small(shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture as grey `(1, 64, 64)`, whatever its shape."""
    from skimage.transform import downscale_local_mean, resize

    grey = shown.astype(np.float32).mean(axis=0)
    steps = tuple(max(1, size // (2 * SIDE)) for size in grey.shape)
    grey = downscale_local_mean(grey, steps)
    small = resize(grey, (SIDE, SIDE), order=1, anti_aliasing=True, preserve_range=True)
    return np.clip(np.round(small), 0, 255).astype(np.uint8)[None]


def _manifest(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); get the corpus again") from error
    needed = {"file", "modality", "transfer_syntax", "source", "read_check_pydicom"}
    if not rows or not needed <= rows[0].keys():
        raise DataError(f"{path}: needs columns {', '.join(sorted(needed))}; get the corpus again")
    return rows


ENTRY = Entry(
    name="dicom_corpus",
    title="DICOM files of twelve encodings and many kinds (CT, MR, CR, US, NM, SEG, SR, RT), to test readers on",
    modality="image",
    tasks=("classification",),
    licence="MIT (pydicom, pydicom-data, cornerstoneWADOImageLoader) and BSD-3-Clause (dcmqi)",
    citation="Test files of pydicom, pydicom-data, cornerstoneWADOImageLoader and dcmqi",
    homepage="https://github.com/pydicom/pydicom-data",
    patient="PatientID, the file where it is empty.",
    split="Not for training; by PatientID where a study is made of it all the same.",
    traps=(
        "Eight of the 96 files hold no picture (reports, plans, a directory, two cut headers).",
        "Ten files are one CT slice; two of them were compressed with loss.",
        "Some ultrasound pictures carry burned-in text, and one file is a photograph that is no medical picture.",
        "Names and numbers in the headers are test values, or replaced by the source.",
    ),
    folder="dicom",
    load=load,
)
