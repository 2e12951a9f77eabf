"""Chest CT of one LIDC-IDRI patient, every ninth slice, beside a simulated low dose of the same slices."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.readers.dicom import read_dicom
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.transforms.ct_noise import COUNTS, low_dose, normal_dose

PATIENT = "LIDC-IDRI-0314"
SEED = 314
WINDOW = (-300.0, 300.0)
BREATH = (-1000.0, 400.0)
"""Window in which compressed slices are judged: lung and soft tissue."""
SPLITS = {"train": "train", "val": "valid", "test": "test"}


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the slices and simulate the dose; the noise is the same at every call.

    Args:
        folder: Holds `slices.csv` and the DICOM files it names.
        options: `dose`: percent of the normal one; `size`: pixels a side after averaging blocks; `question`:
            `restoration` of the low dose, or `compression` of the scanner's own slices.

    Raises:
        DataError: The table or a slice is missing or not as documented.
    """
    dose, size = options.get("dose", "25"), int(options.get("size", "256"))
    rows = _table(folder / "slices.csv")
    slices, images = _slices(folder, tuple(row["file"] for row in rows), size)
    if options.get("question", "restoration") == "compression":
        return _to_compress(rows, slices, images)
    clean, noisy = _pair(folder, tuple(row["file"] for row in rows), size, dose)
    samples = [
        Sample(
            id=Path(row["file"]).stem,
            patient=PATIENT,
            inputs={
                "image": Image(
                    array=low[None], spacing_mm=image.spacing_mm, affine=image.affine, unit="HU", modality="CT"
                ),
            },
            target=full[None],
            meta={
                "split": SPLITS[row["suggested_split"]],
                "site": "LIDC",
                "recording": row["file"],
                "path": row["file"],
            },
        )
        for row, low, full, image in zip(rows, noisy, clean, images, strict=True)
    ]
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="restoration", unit="HU", value_range=WINDOW),
        notes=(
            "One patient: the figures say how a method does on other slices of the same person, no more.",
            f"The low dose is simulated in the sinogram ({COUNTS[dose]:g} photons at the 5th transmission percentile); "
            "the truth is the noise-free reconstruction with the same ramp, not the scanner's own slice.",
            "The scanner's circle is the inscribed circle of the slice; arms and table beyond it are cut off as air.",
        ),
    )


def _to_compress(rows: list[dict[str, str]], slices: NDArray[np.float32], images: tuple[Image, ...]) -> Loaded:
    """Return the scanner's own slices, averaged over squares, as what must come back."""
    samples = [
        Sample(
            id=Path(row["file"]).stem,
            patient=PATIENT,
            inputs={"image": replace(image, array=plane[None], modality="CT")},
            target=plane[None],
            meta={"split": SPLITS[row["suggested_split"]], "site": "LIDC", "recording": row["file"]},
        )
        for row, plane, image in zip(rows, slices, images, strict=True)
    ]
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="compression", unit="HU", value_range=BREATH),
        notes=("One patient: the figures say how a method does on other slices of the same person, no more.",),
    )


@lru_cache(maxsize=2)
def _slices(folder: Path, files: tuple[str, ...], size: int) -> tuple[NDArray[np.float32], tuple[Image, ...]]:
    pictures = [read_dicom(folder / file) for file in files]
    reduced = []
    for file, picture in zip(files, pictures, strict=True):
        _, height, width = picture.array.shape
        if picture.unit != "HU" or height != width or height % size:
            raise DataError(f"{folder / file}: {height} x {width} in {picture.unit}, expected 512 x 512 in HU")
        step = height // size
        spacing = (picture.spacing_mm[0] * step, picture.spacing_mm[1] * step) if picture.spacing_mm else None
        array = picture.array[0].reshape(size, step, size, step).mean(axis=(1, 3))
        reduced.append(Image(array=array[None], spacing_mm=spacing, affine=_coarser(picture, step), unit="HU"))
    return np.stack([image.array[0] for image in reduced]).astype(np.float32), tuple(reduced)


@lru_cache(maxsize=4)
def _pair(
    folder: Path, files: tuple[str, ...], size: int, dose: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    slices, images = _slices(folder, files, size)
    spacing = images[0].spacing_mm
    if spacing is None:
        raise DataError(f"{folder}: the slices state no pixel spacing; get the files again")
    rng = np.random.default_rng((SEED, int(dose)))
    clean, noisy = normal_dose(slices, spacing[0]), low_dose(slices, spacing[0], COUNTS[dose], rng)
    for array in (clean, noisy):
        array.setflags(write=False)  # shared by every caller of this process
    return clean, noisy


def _coarser(picture: Image, step: int) -> NDArray[np.float64] | None:
    if picture.affine is None:
        return None
    scale = np.diag([step, step, 1.0, 1.0])
    scale[:2, 3] = (step - 1) / 2  # the centre of a block of pixels
    coarse: NDArray[np.float64] = picture.affine @ scale
    return coarse


def _table(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); get the data set again") from error
    if not rows or not {"file", "suggested_split"} <= rows[0].keys():
        raise DataError(f"{path}: needs columns file and suggested_split; get the data set again")
    odd = sorted({row["suggested_split"] for row in rows} - SPLITS.keys())
    if odd:
        raise DataError(f"{path}: unknown split {', '.join(odd)}; expected {', '.join(SPLITS)}")
    return rows


ENTRY = Entry(
    name="ct_lidc_idri_0314",
    title="Chest CT of one patient with simulated low dose (LIDC-IDRI)",
    modality="image",
    tasks=("restoration", "compression"),
    licence="CC BY 3.0",
    citation="Armato et al., Med Phys 2011, doi:10.1118/1.3528204; data doi:10.7937/K9/TCIA.2015.LO9QL9SX",
    homepage="https://www.cancerimagingarchive.net/collection/lidc-idri/",
    patient="one patient, LIDC-IDRI-0314",
    split="blocks of neighbouring slices: 19 train, 5 valid, 7 test; the test block lies in denser anatomy",
    traps=(
        "one patient: a study must override the patient rule of the firewall and say so",
        "slices on both sides of a block edge are 9 mm apart",
        "one fixed tube current would leave the shoulders far noisier than the chest, so it is set per slice",
    ),
    options={"dose": ("25", "10", "40"), "size": ("256", "128", "512"), "question": ("restoration", "compression")},
    load=load,
)
