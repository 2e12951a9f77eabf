"""Simulated low-dose CT of a phantom whose lesions have known places."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.synthetic.ct_phantom import Phantom, Spot, ct_phantom
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.transforms.ct_noise import COUNTS, low_dose, normal_dose

SEED = 44
FIELD_MM = 400.0
WINDOW = (-300.0, 300.0)
Stack = NDArray[np.float32]


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Compute the slices; `folder` is not read.

    Each sample's `meta` holds `lesions` and `healthy`: tuples (row, column, radius in pixels, contrast in HU).

    Args:
        folder: Not used.
        options: `dose`: percent of the normal one; `slices`: how many, one a patient; `size`: pixels a side.
    """
    dose, size = options.get("dose", "25"), int(options.get("size", "256"))
    phantoms, clean, noisy = _scans(dose, int(options.get("slices", "40")), size)
    spacing = FIELD_MM / size
    affine = np.diag([-spacing, -spacing, 1.0, 1.0])
    samples = [
        Sample(
            id=f"phantom_{i:03d}",
            patient=f"phantom_{i:03d}",
            inputs={
                "image": Image(array=low[None], spacing_mm=(spacing, spacing), affine=affine, unit="HU", modality="CT")
            },
            target=full[None],
            meta={
                "split": ("train", "train", "train", "valid", "test")[i % 5],
                "lesions": _plain(phantom.lesions),
                "healthy": _plain(phantom.healthy),
            },
        )
        for i, (phantom, full, low) in enumerate(zip(phantoms, clean, noisy, strict=True))
    ]
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="restoration", unit="HU", value_range=WINDOW),
        notes=(
            "Simulated: ellipses with a fine texture are simpler than people.",
            f"Noise arises in the sinogram, {COUNTS[dose]:g} photons at the 5th transmission percentile.",
        ),
    )


@lru_cache(maxsize=2)
def _scans(dose: str, count: int, size: int) -> tuple[list[Phantom], Stack, Stack]:
    phantoms = [ct_phantom(np.random.default_rng((SEED, i)), size) for i in range(count)]
    images = np.stack([phantom.image for phantom in phantoms])
    spacing = FIELD_MM / size
    clean = normal_dose(images, spacing)
    noisy = low_dose(images, spacing, COUNTS[dose], np.random.default_rng((SEED, int(dose), count)))
    for array in (clean, noisy):
        array.setflags(write=False)  # shared by every caller of this process
    return phantoms, clean, noisy


def _plain(spots: tuple[Spot, ...]) -> tuple[tuple[float, float, float, float], ...]:
    return tuple((spot.row, spot.column, spot.radius, spot.contrast_hu) for spot in spots)


ENTRY = Entry(
    name="ct_phantom",
    title="CT phantom with planted low-contrast lesions (simulated)",
    modality="image",
    tasks=("restoration",),
    licence="none needed: computed",
    citation="simulated by Salus",
    patient="one slice is one patient",
    split="any split by patient",
    traps=("lesions are discs in one organ: a method tuned to them says little of real lesions",),
    options={"dose": ("25", "10", "40"), "slices": ("40", "10", "100"), "size": ("256", "128")},
    kind="simulated",
    load=load,
)
