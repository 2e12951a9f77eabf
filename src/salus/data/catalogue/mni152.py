"""Axial slices of the MNI152 T1 brain template with Rician noise added; the template ships with nilearn.

Source of the noise: Gudbjartsson H, Patz S. The Rician distribution of noisy MRI data. Magnetic Resonance in Medicine
34:910-914, 1995, equation 1: the magnitude of a complex signal with independent Gaussian noise in both channels.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.readers.nifti import read_nifti
from salus.schema.errors import MissingDependencyError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

_FILE = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
_BLOCK, _GAP = 16, 4
_CYCLE = ("train", "test", "train", "valid")
_BRAIN = 0.1


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return noisy slices `(1, H, W)` in [0, about 1] with the clean slice as target.

    Blocks of 16 slices go to training, test, training, validation in turn; the 4 slices between blocks are left out,
    so that no test slice has a neighbour in training.
    """
    sigma, millimetres = float(options["noise"]), int(options["spacing"].removesuffix("mm"))
    volume = clean_volume(millimetres)
    inside = np.flatnonzero((clean_volume(1) > 0).mean(axis=(1, 2)) > _BRAIN)  # the same slices at every spacing
    samples = []
    for place, z in enumerate(inside):
        block, offset = divmod(place, _BLOCK + _GAP)
        if offset >= _BLOCK:
            continue
        clean = volume[z][None]
        noisy = rician(clean, sigma, np.random.default_rng([int(z), round(1e4 * sigma)]))
        spacing = (float(millimetres), float(millimetres))
        samples.append(
            Sample(
                id=f"z{z:03d}",
                patient="mni152",
                inputs={"image": Image(array=noisy, spacing_mm=spacing, unit="a.u.", modality="MR")},
                target=clean,
                meta={"split": _CYCLE[block % len(_CYCLE)], "recording": f"block{block}"},
            )
        )
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="restoration", value_range=(0.0, 1.0), unit="a.u."),
        notes=(
            "One template, not a population: an average of 152 brains, smoother than any of them, so figures say how "
            "methods compare on it and not how well they restore a patient's scan.",
            "The noise is simulated: Rician, the same everywhere, without coils, motion or compression.",
        ),
    )


def clean_volume(millimetres: int) -> NDArray[np.float32]:
    """Return the template as `(189, H, W)` in [0, 1]; in-plane 224 x 192 at 1 mm, block means of that at 2 mm.

    Raises:
        MissingDependencyError: nilearn, or its template, is not installed.
    """
    spec = find_spec("nilearn")
    path = Path(spec.origin).parent / "datasets" / "data" / _FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise MissingDependencyError("the MNI152 template comes with nilearn; install nilearn 0.11 or later")
    array = read_nifti(path).array[0].astype(np.float32)
    top, left = (array.shape[1] - 224) // 2, (array.shape[2] - 192) // 2
    # the volume is kept as stored (row 0 is posterior); display turns it
    array = array[:, top : top + 224, left : left + 192] / array.max()
    if millimetres > 1:
        d, h, w = array.shape
        array = array.reshape(d, h // millimetres, millimetres, w // millimetres, millimetres).mean(axis=(2, 4))
    return np.ascontiguousarray(array, dtype=np.float32)


def rician(clean: NDArray[np.float32], sigma: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the magnitude of `clean` with Gaussian noise of `sigma` in the real and the imaginary channel."""
    real, imaginary = clean + sigma * rng.standard_normal(clean.shape), sigma * rng.standard_normal(clean.shape)
    return np.hypot(real, imaginary).astype(np.float32)


ENTRY = Entry(
    name="mni152",
    title="Axial slices of the MNI152 T1 template with Rician noise, to be restored",
    modality="image",
    tasks=("restoration",),
    licence="MNI licence: use, copying and distribution without fee, copyright notice kept",
    citation=(
        "Fonov VS, Evans AC, Botteron K, Almli CR, McKinstry RC, Collins DL. Unbiased average age-appropriate atlases "
        "for pediatric studies. NeuroImage 54:313-327, 2011. doi:10.1016/j.neuroimage.2010.07.033"
    ),
    homepage="https://nist.mni.mcgill.ca/icbm-152-nonlinear-atlases-2009/",
    patient="The template: one for all slices.",
    split="Blocks of 16 slices with 4 left out between them (official split).",
    traps=(
        "One template, not a population: a split by slice divides the only patient, so the firewall must be overridden "
        "with that as the reason.",
        "At 5 % noise the background is Rician with a mean of 0.06, not zero: a method that ignores it leaves a veil.",
    ),
    options={"noise": ("0.05", "0.03", "0.09", "0.15"), "spacing": ("1mm", "2mm")},
    kind="embedded",
    load=load,
)
