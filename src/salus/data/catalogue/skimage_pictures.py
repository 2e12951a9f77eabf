"""Patches of three pictures that ship with scikit-image, with the shot noise of few photons to be taken out."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.readers.image import read_picture
from salus.schema.errors import MissingDependencyError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

SIDE = 96
_RIM = 40.0
_PIECES = (
    # file, part, DICOM modality, pixel in mm where the source states it
    ("retina.jpg", "train", "OP", None),
    ("cell.png", "valid", "GM", 0.000107),
    ("ihc.png", "test", "SM", None),
)


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return patches `(1, 96, 96)` in [0, 1] with noise, and the clean patch as target.

    Grey is the mean of the colours. A value v becomes a Poisson count with mean v x photons, divided by photons.
    Patches do not overlap; those of the fundus that touch the black rim are left out.
    """
    photons = float(options.get("photons", "30"))
    samples = []
    for name, part, modality, pixel in _PIECES:
        clean = picture(name)
        rows, columns = clean.shape[0] // SIDE, clean.shape[1] // SIDE
        for place in range(rows * columns):
            top, left = SIDE * (place // columns), SIDE * (place % columns)
            patch = clean[top : top + SIDE, left : left + SIDE]
            if name == "retina.jpg" and (patch < _RIM / 255).mean() > 0.02:
                continue
            rng = np.random.default_rng([ord(name[0]), place, int(photons)])
            noisy = (rng.poisson(patch * photons) / photons).astype(np.float32)
            samples.append(
                Sample(
                    id=f"{Path(name).stem}_{place:03d}",
                    patient=Path(name).stem,
                    inputs={
                        "image": Image(
                            array=noisy[None],
                            spacing_mm=None if pixel is None else (pixel, pixel),
                            unit="a.u.",
                            modality=modality,
                        )
                    },
                    target=patch[None].copy(),
                    meta={"split": part, "recording": name},
                )
            )
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="restoration", value_range=(0.0, 1.0), unit="a.u."),
        notes=(
            "One picture each of a fundus (training), a cell (validation) and stained tissue (test): figures say how a "
            "method carries over to another kind of picture, nothing about patients.",
            "The noise is simulated: Poisson counts of a picture that is itself a compressed or processed copy.",
            "One picture is one patient, so the test part holds a single one and no interval over patients exists.",
        ),
    )


def picture(name: str) -> NDArray[np.float32]:
    """Return a picture of scikit-image as grey `(H, W)` in [0, 1].

    Raises:
        MissingDependencyError: scikit-image does not hold it.
    """
    spec = find_spec("skimage")
    path = Path(spec.origin).parent / "data" / name if spec and spec.origin else None
    if path is None or not path.is_file():
        raise MissingDependencyError(f"the picture {name} comes with scikit-image; install scikit-image 0.25 or later")
    return np.asarray(read_picture(path).array.mean(axis=0) / 255, dtype=np.float32)


ENTRY = Entry(
    name="skimage_pictures",
    title="Patches of a fundus, a cell and stained tissue with shot noise, to be restored",
    modality="image",
    tasks=("restoration",),
    licence="fundus and cell CC0; tissue without known copyright restrictions",
    citation=(
        "van der Walt S et al. scikit-image: image processing in Python. PeerJ 2:e453, 2014. doi:10.7717/peerj.453; "
        "fundus: Haggstrom M, WikiJournal of Medicine 1(2), 2014, doi:10.15347/wjm/2014.008; cell: Mueller P et al., "
        "Optics Express 26:10729-10743, 2018, doi:10.1364/OE.26.010729; tissue: Center for Microscopy and Molecular "
        "Imaging"
    ),
    homepage="https://scikit-image.org/docs/stable/api/skimage.data.html",
    patient="The picture: three.",
    split="By picture: fundus for training, cell for validation, tissue for testing (official split).",
    traps=(
        "three pictures, no population: no figure carries over to patients",
        "the cell's picture is nearly flat: its PSNR is high for any smoothing method",
        "the clean pictures hold compression artefacts that a good method may take out, at a cost in score",
    ),
    options={"photons": ("30", "10", "100")},
    kind="embedded",
    load=load,
)
