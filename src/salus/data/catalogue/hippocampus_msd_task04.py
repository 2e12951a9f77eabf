"""Hippocampus in T1 MRI, front and back part outlined (Medical Segmentation Decathlon, task 4)."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from salus.data.decathlon import archive, home_of
from salus.data.entry import Entry, Loaded
from salus.data.on_demand import OnDemand
from salus.data.readers.nifti import read_nifti
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample

CLASSES = ("background", "anterior", "posterior")
FOLDS = 5
ARCHIVE = "Task04_Hippocampus"


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return the volumes `(1, D, H, W)` with masks `(D, H, W)` and spacing as target; files are read on demand.

    Args:
        folder: Holds `imagesTr` and `labelsTr` with files of the same names.
        options: `fold`: which fifth of the volumes is the test part; the next one validates.

    Raises:
        DataError: No volumes, or a volume without its mask.
    """
    folder = home_of(folder, ARCHIVE)
    images = sorted((folder / "imagesTr").glob("hippocampus_*.nii.gz"))
    if not images:
        raise DataError(f"{folder}: no imagesTr/hippocampus_*.nii.gz; get the data set again")
    lost = [path.name for path in images if not (folder / "labelsTr" / path.name).is_file()]
    if lost:
        raise DataError(f"{folder}: no mask for {', '.join(lost[:5])}; get the data set again")
    fold = int(options.get("fold", "0"))
    names = [path.name.removesuffix(".nii.gz") for path in images]
    listed = [
        Sample(id=name, patient=name, inputs={}, meta={"split": part_of(name, fold), "path": f"imagesTr/{path.name}"})
        for name, path in zip(names, images, strict=True)
    ]

    def read(index: int) -> tuple[Mapping[str, Any], Any]:
        image, label = read_nifti(images[index]), read_nifti(folder / "labelsTr" / images[index].name)
        if image.array.shape != label.array.shape:
            raise DataError(
                f"{images[index]}: {image.array.shape} voxels, its mask {label.array.shape}; fetch it again"
            )
        # the source keeps each volume in the type it came in, masks as bytes or as floats
        mask = np.rint(label.array[0]).astype(np.uint8)
        volume = replace(image, array=image.array.astype(np.float32), modality="MR")
        return {"image": volume}, {"label": mask, "spacing_mm": image.spacing_mm}

    return Loaded(
        dataset=OnDemand(listed, read),
        question=Question(kind="segmentation", classes=CLASSES),
        notes=(
            "Which two volumes (left and right side) belong to one person is not public, so every volume counts as a "
            "patient: a split can leak a little and intervals are somewhat too narrow.",
            "Volumes are cut to a box around the hippocampus: the place is given, only its outline is asked.",
        ),
    )


def part_of(name: str, fold: int) -> str:
    """Return the part of a volume from the hash of its file's name, so that it never depends on which files are there.

    >>> part_of("hippocampus_001", 0) in ("train", "valid", "test")
    True
    """
    place = int.from_bytes(hashlib.sha256(f"{name}.nii.gz".encode()).digest()[:8], "big") % FOLDS
    return {fold: "test", (fold + 1) % FOLDS: "valid"}.get(place, "train")


ENTRY = Entry(
    name="hippocampus_msd_task04",
    title="Hippocampus in T1 MRI, front and back part outlined (Decathlon task 4)",
    modality="volume",
    tasks=("segmentation",),
    licence="CC BY-SA 4.0",
    citation=(
        "Antonelli M et al. The Medical Segmentation Decathlon. Nature Communications 13:4128, 2022. "
        "doi:10.1038/s41467-022-30695-9"
    ),
    homepage="http://medicaldecathlon.com/",
    patient="The volume: which two belong to one person (left and right side) is not public.",
    split="By hash of the file's name, a fifth each for test and validation; `fold` turns the five parts.",
    traps=(
        "about 195 people gave 394 volumes: the two sides of one person can stand in two parts of a split",
        "intensities of different scanners differ up to a thousandfold: scale each volume by itself",
        "the volumes are cut to 31-43 x 41-59 x 26-47 voxels around the structure",
    ),
    options={"fold": ("0", "1", "2", "3", "4")},
    files=(archive(ARCHIVE, md5="9d24dba78a72977dbd1d2e110310f31b"),),
    load=load,
)
