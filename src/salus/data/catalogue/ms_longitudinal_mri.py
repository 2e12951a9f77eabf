"""Two brain FLAIR studies a patient, brought to one space, with the white-matter lesions that changed between them."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from salus.data.entry import Entry, Loaded
from salus.data.frame import Floats, flip_lps, resample_to
from salus.data.on_demand import OnDemand
from salus.data.readers.nifti import read_nifti
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

CLASSES = ("background", "changed lesion")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return `(1, T, D, H, W)` with T = 2 studies on the grid of the mask; files are read and resampled on demand.

    Args:
        folder: Holds `patientNN` folders and `demographics.csv`.
        options: `brain`: `masked` sets what lies outside the brain mask to zero, `whole` keeps it.

    Raises:
        DataError: A file is missing or not as documented.
    """
    homes = sorted(place for place in folder.glob("patient*") if place.is_dir())
    if not homes:
        raise DataError(f"{folder}: no patient folders; get the data set again")
    people = _people(folder / "demographics.csv")
    listed = [
        Sample(
            id=home.name,
            patient=home.name,
            inputs={},
            meta={"path": home.name, **people.get(int(re.sub(r"\D", "", home.name) or 0), {})},
        )
        for home in homes
    ]
    masked = options.get("brain", "masked") == "masked"

    def read(index: int) -> tuple[Mapping[str, Any], Any]:
        image, change = _pair(homes[index], masked)
        return {"image": image}, {"label": change, "spacing_mm": image.spacing_mm}

    return Loaded(
        dataset=OnDemand(listed, read),
        question=Question(kind="segmentation", classes=CLASSES),
        notes=(
            "Three patients: no figure from them says anything about others. They show that two studies are read in "
            "one frame and that a method runs.",
            "The studies were aligned by the source's affine transforms and resampled linearly; the mask marks lesions "
            "that changed between them, not all lesions.",
        ),
    )


def read_itk_affine(path: Path) -> Floats:
    """Return an ITK affine transform as `(4, 4)`, RAS points to RAS points.

    Args:
        path: An "Insight Transform File V1.0" with one MatrixOffsetTransformBase of three axes.

    Raises:
        DataError: Another kind of file, or numbers that are missing.

    Source:
        ITK: a point p goes to M (p - c) + c + t, in LPS mm; Parameters are M row by row and t, FixedParameters c.
    """
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); get the data set again") from error
    found = {}
    for name, count in (("Parameters", 12), ("FixedParameters", 3)):
        line = re.search(rf"^{name}:((?:\s+{_NUMBER}){{{count}}})\s*$", text, re.MULTILINE)
        if line is None or text.count("Transform:") != 1:
            raise DataError(f"{path}: no single affine transform with {count} {name}; get the data set again")
        found[name] = np.array([float(word) for word in line[1].split()])
    matrix, shift = found["Parameters"][:9].reshape(3, 3), found["Parameters"][9:]
    center = found["FixedParameters"]
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = matrix, center + shift - matrix @ center
    return flip_lps(flip_lps(affine).T).T  # from LPS on both sides


def _pair(home: Path, masked: bool) -> tuple[Image, Any]:
    change, brain = read_nifti(home / "gt.nii.gz"), read_nifti(home / "brainmask.nii.gz")
    if change.affine is None or change.array.shape != brain.array.shape or change.array.ndim != 4:
        raise DataError(f"{home}: gt.nii.gz and brainmask.nii.gz do not share one grid; get the data set again")
    shape = (change.array.shape[1], change.array.shape[2], change.array.shape[3])
    studies = []
    for number in (1, 2):
        raw = read_nifti(home / f"study{number}_FLAIR.nii.gz")
        world = read_itk_affine(home / f"study{number}_FLAIR_to_common_space.txt")
        studies.append(resample_to(raw, change.affine, shape, world=world).array[0])
    array = np.stack(studies)[None]
    if masked:
        array *= brain.array[0] > 0
    image = Image(array=array, spacing_mm=change.spacing_mm, affine=change.affine, unit="a.u.", modality="MR")
    return image, (change.array[0] > 0).astype(np.uint8)


def _people(path: Path) -> dict[int, dict[str, Any]]:
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        return {
            int(row["patient_id"]): {"group_sex": row["sex"], "days_between": int(row["days_between_studies"])}
            for row in rows
        }
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path}: not the table of patients ({error}); get the data set again") from error


ENTRY = Entry(
    name="ms_longitudinal_mri",
    title="Change of white-matter lesions between two FLAIR studies of a patient (multiple sclerosis)",
    modality="volume",
    tasks=("segmentation",),
    licence="CC BY",
    citation=(
        "Lesjak Z et al. Validation of White-Matter Lesion Change Detection Methods on a Novel Publicly Available MRI "
        "Image Database. Neuroinformatics 14:403-420, 2016. doi:10.1007/s12021-016-9301-1"
    ),
    homepage="https://github.com/muschellij2/open_ms_data",
    patient="The folder: two studies each, 81 to 671 days apart.",
    split="Leave one patient out.",
    traps=(
        "three patients only",
        "the raw studies have different grids; the transforms take points of the common space to the raw one, in LPS",
        "the mask marks change between the studies, not every lesion",
        "slices are 3 to 4 mm thick with pixels of 0.6 to 0.7 mm",
    ),
    options={"brain": ("masked", "whole")},
    load=load,
)
