"""Simulated fundus photographs with counted lesions."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.synthetic.fundus import CAMERAS, KINDS, FundusScene, fundus_scene, photograph
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

SEED = 37
GRADES = ("0", "1", "2", "3", "4")
PARTS = ("train", "train", "train", "valid", "test")


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Compute the photographs; `folder` is not read.

    Each sample's `meta` holds `lesions`: tuples (kind, row, column, radius in pixels).

    Args:
        folder: Not used.
        options: `question`: `grade` (ordered) or `lesions` (a mask); `camera`: `seen` (one of three) or `new`, of the
            same eyes; `images`: how many, one a patient; `size`: pixels a side.
    """
    count, size, camera = int(options.get("images", "1000")), int(options.get("size", "64")), options["camera"]
    lesions = options.get("question", "grade") == "lesions"
    samples = []
    for number, (scene, picture) in enumerate(zip(_scenes(count, size), _pictures(count, size, camera), strict=True)):
        target: Any = scene.masks if lesions else scene.grade
        meta = {
            "split": PARTS[number // len(GRADES) % len(PARTS)],
            "lesions": tuple((spot.kind, spot.row, spot.column, spot.radius) for spot in scene.lesions),
        }
        name = f"eye_{number:04d}"
        image = Image(array=picture, unit="uint8", modality="OP")
        samples.append(Sample(id=name, patient=name, inputs={"image": image}, target=target, meta=meta))
    question = (
        Question(kind="segmentation", classes=("background", *KINDS))
        if lesions
        else Question(kind="ordinal", classes=GRADES, positive="2")
    )
    return Loaded(
        dataset=ListDataset(samples),
        question=question,
        notes=("Simulated: the grade follows from counted lesions, and every picture is sharp and well lit.",),
    )


@lru_cache(maxsize=2)
def _scenes(count: int, size: int) -> list[FundusScene]:
    return [fundus_scene(np.random.default_rng((SEED, i)), i % len(GRADES), size) for i in range(count)]


@lru_cache(maxsize=4)
def _pictures(count: int, size: int, camera: str) -> list[NDArray[np.uint8]]:
    found = []
    for number, scene in enumerate(_scenes(count, size)):
        rng = np.random.default_rng((SEED, number, 1))
        chosen = CAMERAS[camera][int(rng.integers(len(CAMERAS[camera])))]
        found.append(photograph(scene, chosen, rng))
        found[-1].setflags(write=False)  # shared by every caller of this process
    return found


ENTRY = Entry(
    name="fundus",
    title="Fundus photographs graded by counted lesions, three cameras and a new one (simulated)",
    modality="image",
    tasks=("ordinal", "segmentation"),
    licence="none needed: computed",
    citation="simulated by Salus",
    patient="one eye is one patient",
    split="any split by patient",
    traps=("vessels, light and lesions are simpler than in people: a grade here says nothing of a grade there",),
    options={
        "question": ("grade", "lesions"),
        "camera": ("seen", "new"),
        "images": ("1000", "40", "300", "500"),
        "size": ("64", "96", "128"),
    },
    kind="simulated",
    load=load,
)
