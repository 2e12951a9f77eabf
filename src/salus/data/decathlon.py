"""What the ten tasks of the Medical Segmentation Decathlon share: a tar of NIfTI volumes with their masks.

A task's own facts stand in its catalogue file; `entry` makes the entry of them. The archives lie in the publisher's
bucket of the AWS registry of open data; their MD5 are those that MONAI's `DecathlonDataset` checks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from salus.data.entry import Entry, Loaded, Remote
from salus.data.on_demand import OnDemand
from salus.data.readers.nifti import read_nifti
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

BUCKET = "https://msd-for-monai.s3-us-west-2.amazonaws.com"
HOMEPAGE = "http://medicaldecathlon.com/"
CITATION = (
    "Antonelli M, Reinke A, Bakas S, et al. The Medical Segmentation Decathlon. Nature Communications 13:4128, 2022. "
    "doi:10.1038/s41467-022-30695-9; Simpson AL, Antonelli M, Bakas S, et al. A large annotated medical image dataset "
    "for the development and evaluation of segmentation algorithms. arXiv:1902.09063, 2019"
)
NO_TEST = "The publisher keeps the truth of its test volumes; what is here is its training part."


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one task is.

    Attributes:
        name: Of the entry.
        folder: Of the archive and of what it unpacks to, as the publisher spells it (`Task09_Spleen`).
        title: One line.
        structures: Names of mask values 1, 2, ...; 0 is the background.
        modality: DICOM modality code.
        volumes: Training volumes, as the paper counts them.
        md5: Of the archive.
        source: Where the volumes come from.
        traps: What goes wrong with this task.
        channels: Names of the images of one volume that the file keeps in its fourth axis; empty for one image.
    """

    name: str
    folder: str
    title: str
    structures: tuple[str, ...]
    modality: str
    volumes: int
    md5: str
    source: str
    traps: tuple[str, ...]
    channels: tuple[str, ...] = ()


def entry(facts: Facts) -> Entry:
    """Return the catalogue entry of a task."""

    def load(folder: Path, options: Mapping[str, str]) -> Loaded:
        return read_task(folder, facts)

    return Entry(
        name=facts.name,
        title=f"{facts.title} (Decathlon, {facts.volumes} volumes)",
        modality="volume",
        tasks=("segmentation",),
        licence="CC BY-SA 4.0",
        citation=f"{CITATION}; volumes of {facts.source}",
        homepage=HOMEPAGE,
        patient="the volume: one a person, as far as the publisher says",
        split="cross-validation by volume; the publisher's test part has no masks",
        traps=(*facts.traps, NO_TEST),
        files=(archive(facts.folder, facts.md5),),
        load=load,
    )


def archive(folder: str, md5: str) -> Remote:
    """Return a task's archive at its official address."""
    return Remote(url=f"{BUCKET}/{folder}.tar", path=f"{folder}.tar", md5=md5, unpack=True)


def home_of(folder: Path, name: str) -> Path:
    """Return where `imagesTr` is: below the folder that the archive unpacks to, or in the dataset's folder itself."""
    return folder / name if (folder / name).is_dir() else folder


def read_task(folder: Path, facts: Facts) -> Loaded:
    """Return the volumes `(C, D, H, W)` float32 with masks `(D, H, W)` and spacing as target; files are read on demand.

    Raises:
        DataError: No volumes, a volume without its mask, or (when a sample is read) a mask of another shape or with a
            value that names no structure.
    """
    home = home_of(folder, facts.folder)
    # the archives hold leftovers of a Mac's file system beside the volumes, named ._*
    images = sorted(path for path in (home / "imagesTr").glob("*.nii.gz") if not path.name.startswith("."))
    if not images:
        raise DataError(f"{home}: no imagesTr/*.nii.gz; fetch it with `salus data get {facts.name}`")
    lost = [path.name for path in images if not (home / "labelsTr" / path.name).is_file()]
    if lost:
        raise DataError(f"{home}: no mask for {', '.join(lost[:5])}; fetch the set again")
    names = [path.name.removesuffix(".nii.gz") for path in images]
    listed = [Sample(id=name, patient=name, inputs={}, meta={"path": f"imagesTr/{name}.nii.gz"}) for name in names]

    def read(index: int) -> tuple[Mapping[str, Any], Any]:
        return _pair(images[index], home / "labelsTr" / images[index].name, facts)

    return Loaded(
        dataset=OnDemand(listed, read),
        question=Question(kind="segmentation", classes=("background", *facts.structures)),
        notes=(NO_TEST,),
        unit="volume",
    )


def _pair(path: Path, mask_path: Path, facts: Facts) -> tuple[Mapping[str, Image], Any]:
    image, label = read_nifti(path), read_nifti(mask_path)
    array = image.array[0] if image.array.ndim == 5 else image.array  # several images stand in the axis of time
    mask = np.rint(label.array[0])
    if array.shape[1:] != mask.shape or (facts.channels and len(array) != len(facts.channels)):
        raise DataError(
            f"{path}: {array.shape} voxels, its mask {mask.shape}, {len(facts.channels) or 1} images expected; "
            "fetch the set again"
        )
    if mask.min() < 0 or mask.max() > len(facts.structures):
        raise DataError(f"{mask_path}: value {mask.max():g} names no structure of {', '.join(facts.structures)}")
    volume = replace(image, array=array.astype(np.float32), modality=facts.modality, unit=unit_of(facts.modality))
    return {"image": volume}, {"label": mask.astype(np.uint8), "spacing_mm": image.spacing_mm}


def unit_of(modality: str) -> str:
    """Return the unit of a volume's values: Hounsfield units for CT."""
    return "HU" if modality == "CT" else "a.u."
