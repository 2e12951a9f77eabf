"""Patches of the CT, MR and ultrasound pictures that ship with pydicom: which machine made them?"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.readers.dicom_display import to_display
from salus.schema.errors import MissingDependencyError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

SIDE, MOST = 32, 24
_QUIET = 4.0
_CLASSES = ("CT", "MR", "US")

# (file, person or scan, class): pictures of one person stay together; copies in other encodings are left out
_FILES = (
    ("CT_small.dcm", "ct-spine", "CT"),
    ("J2K_pixelrep_mismatch.dcm", "ct-head", "CT"),
    ("693_J2KI.dcm", "ct-skull", "CT"),
    ("MR_small.dcm", "mr-shoulder", "MR"),
    ("examples_overlay.dcm", "mr-abdomen", "MR"),
    ("examples_rgb_color.dcm", "us-doppler", "US"),
    ("examples_ybr_color.dcm", "us-heart", "US"),
    ("examples_palette.dcm", "us-screen", "US"),
)


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return grey patches `(1, 32, 32)` uint8, as a viewer shows them; at most 24 a picture.

    Raises:
        MissingDependencyError: pydicom, or the files that ship with it, are not installed.
    """
    home = _home()
    samples: list[Sample] = []
    for name, scan, modality in _FILES:
        if not (home / name).is_file():
            raise MissingDependencyError(f"pydicom ships no {name} here; install pydicom 3.0 or later again")
        for number, patch in enumerate(patches(_grey(to_display(home / name)))):
            samples.append(
                Sample(
                    id=f"{scan}-{number:02d}",
                    patient=scan,
                    inputs={"image": Image(array=patch[None], unit="uint8", modality=modality)},
                    target=_CLASSES.index(modality),
                    meta={"recording": scan},
                )
            )
    people = len({sample.patient for sample in samples})
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=_CLASSES, positive="CT"),
        notes=(
            f"{len(samples)} patches of {people} scans, one or a few persons a class: it shows that the machinery "
            "works from DICOM to a report, and says nothing of any population.",
            "Machines differ in matrix, noise and burned-in text far more than in anatomy, so a high score is cheap.",
        ),
    )


def patches(picture: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Cut a picture `(H, W)` into squares of 32 pixels that show something, evenly chosen where there are many."""
    rows, columns = picture.shape[0] // SIDE, picture.shape[1] // SIDE
    cut = picture[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2)
    found = [np.ascontiguousarray(square) for square in cut.reshape(-1, SIDE, SIDE) if square.std() > _QUIET]
    step = max(1.0, len(found) / MOST)
    return [found[int(number * step)] for number in range(min(MOST, len(found)))]


def _grey(shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return shown[0] if len(shown) == 1 else np.round(shown.mean(axis=0)).astype(np.uint8)


def _home() -> Path:
    spec = find_spec("pydicom")
    home = Path(spec.origin).parent / "data" / "test_files" if spec and spec.origin else None
    if home is None or not home.is_dir():
        raise MissingDependencyError("these pictures come with pydicom; install pydicom 3.0 or later")
    return home


ENTRY = Entry(
    name="pydicom_pictures",
    title="Patches of pydicom's CT, MR and ultrasound pictures: which machine?",
    modality="image",
    tasks=("classification",),
    licence="MIT (pydicom), files as noted in its test data's README",
    citation="Mason D et al. pydicom: an open source DICOM library. doi:10.5281/zenodo.8313",
    homepage="https://github.com/pydicom/pydicom",
    patient="The scan that a patch was cut from.",
    split="By scan; two or three scans a class, so leave-one-out or few folds.",
    traps=(
        "Two to three scans a class: any figure is an anecdote.",
        "Patches of one picture are alike: a split by patch measures memory.",
        "Ultrasound pictures carry burned-in text.",
    ),
    kind="embedded",
    load=load,
)
