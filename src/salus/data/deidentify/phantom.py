"""A head with a known face: the ICBM template's brain inside an invented skull, scalp, eyes, nose, mouth and ears.

It measures what `deface` removes and keeps. Its outside is made of ellipsoids, so it shows that the map and the region
work, not that a real face is removed.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from salus.schema.sample import Image

Contrast = Literal["t1", "flair", "ct"]
_LEVELS: Final[dict[str, tuple[float, float, float, float, float]]] = {
    # air, bone, skin and fat, eye, and the brain's highest
    "t1": (0, 60, 900, 250, 700), "flair": (0, 30, 350, 80, 800), "ct": (-1000, 900, -60, 15, 45),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """A made head and where its parts are.

    Attributes:
        image: `(1, D, H, W)` with its affine.
        brain: `(D, H, W)`, the template's brain.
        face: `(D, H, W)`, eyes, nose, mouth and chin.
        ears: `(D, H, W)`.
        skull: `(D, H, W)`, bone above the brow: it should stay.
    """

    image: Image
    brain: NDArray[np.bool_]
    face: NDArray[np.bool_]
    ears: NDArray[np.bool_]
    skull: NDArray[np.bool_]


def make_head(
    rng: np.random.Generator,
    contrast: Contrast = "t1",
    spacing_mm: tuple[float, float, float] = (3.0, 1.5, 1.5),
    turn_rad: float = 0.2,
) -> Head:
    """Make a head in a random position.

    Args:
        rng: Source of position, size and noise.
        contrast: Which grey values.
        spacing_mm: Voxel size (D, H, W).
        turn_rad: Largest turn about each axis.
    """
    template, affine = _brain()
    pose = _pose(rng, turn_rad)
    shape = tuple(round(extent / size) for extent, size in zip((270, 270, 210), spacing_mm, strict=True))
    placed = np.diag([*spacing_mm[::-1], 1.0])
    placed[:3, 3] = (-105, -135, -160)
    slices, rows, columns = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    voxels = np.stack([columns, rows, slices], -1).reshape(-1, 3)
    points = voxels @ placed[:3, :3].T + placed[:3, 3]
    back = np.linalg.inv(pose)
    native = points @ back[:3, :3].T + back[:3, 3]
    parts = {name: part.reshape(shape) for name, part in _parts(native).items()}
    values = _sampled(template, affine, native).reshape(shape)
    brain = values > 0.12
    air, bone, skin, eye, high = _LEVELS[contrast]
    grey = np.full(shape, float(air))
    for name, level in (("scalp", skin), ("soft", skin), ("bone", bone), ("eyes", eye)):
        grey[parts[name]] = level
    # FLAIR and CT order tissues otherwise than T1 does.
    tone = values if contrast == "t1" else np.clip(1.25 - values, 0, 1) * (values > 0)
    grey[brain] = (0.5 if contrast != "ct" else 0.4) * high + 0.6 * high * tone[brain]
    # What surrounds the brain inside the skull is fluid: dark in T1 and FLAIR, water in CT.
    grey[parts["fluid"] & ~brain] = 8 if contrast == "ct" else 0.15 * high
    grey = grey + rng.normal(0, 8 if contrast == "ct" else 0.03 * high, shape)
    image = Image(
        array=grey[None].astype(np.float32), spacing_mm=spacing_mm, affine=placed,
        unit="HU" if contrast == "ct" else "a.u.", modality="CT" if contrast == "ct" else "MR",
    )  # fmt: skip
    face = (parts["soft"] | parts["eyes"]) & ~brain
    return Head(image, brain, face, parts["ears"], parts["bone"] & (native[:, 2].reshape(shape) > 30))


def _brain() -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    from importlib.resources import files

    import nibabel as nib

    name = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
    volume: Any = nib.load(str(files("nilearn").joinpath("datasets", "data", name)))
    array = np.asarray(volume.dataobj, np.float32)
    return array / array.max(), np.asarray(volume.affine, np.float64)


def _pose(rng: np.random.Generator, turn_rad: float) -> NDArray[np.float64]:
    a, b, c = rng.uniform(-turn_rad, turn_rad, 3) * (1.0, 0.5, 0.5)
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = rx @ ry @ rz @ np.diag(rng.uniform(0.9, 1.08, 3))
    matrix[:3, 3] = rng.uniform(-12, 12, 3)
    return matrix


def _ball(points: NDArray[np.float64], centre: tuple[float, ...], radii: tuple[float, ...]) -> NDArray[np.bool_]:
    return np.asarray((((points - centre) / np.array(radii)) ** 2).sum(1) <= 1)


def _parts(points: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """Return the parts of the head at points `(N, 3)` in the template's space, mm; anatomy by rule of thumb."""
    fluid = _ball(points, (0, -18, 4), (73, 92, 76)) & (points[:, 2] > -75)
    bone = _ball(points, (0, -18, 4), (80, 99, 83)) & ~fluid & (points[:, 2] > -80)
    scalp = _ball(points, (0, -18, 4), (86, 106, 90)) & ~fluid & ~bone & (points[:, 2] > -80)
    neck = _ball(points, (0, -25, -115), (55, 60, 70)) & (points[:, 2] < -60)
    jaw = _ball(points, (0, 40, -85), (58, 52, 52))
    nose = _ball(points, (0, 92, -52), (14, 24, 22))
    eyes = _ball(points, (32, 62, -36), (13, 13, 13)) | _ball(points, (-32, 62, -36), (13, 13, 13))
    lids = _ball(points, (32, 66, -36), (18, 14, 15)) | _ball(points, (-32, 66, -36), (18, 14, 15))
    mouth = _ball(points, (0, 84, -88), (26, 14, 12))
    ears = _ball(points, (88, -18, -28), (12, 18, 32)) | _ball(points, (-88, -18, -28), (12, 18, 32))
    # The jaw's back lies below the skull and belongs to nobody's face.
    front = (nose | lids | mouth | (jaw & (points[:, 1] > 45))) & ~fluid
    return {
        "fluid": fluid, "bone": bone, "scalp": scalp | neck | (jaw & ~fluid) | ears, "soft": front & ~eyes,
        "eyes": eyes & ~fluid, "ears": ears & ~neck & ~fluid & ~bone,
    }  # fmt: skip


def _sampled(
    template: NDArray[np.float32], affine: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.float32]:
    from scipy import ndimage

    inverse = np.linalg.inv(affine)
    places = points @ inverse[:3, :3].T + inverse[:3, 3]
    return np.asarray(ndimage.map_coordinates(template, places.T, order=1, mode="constant", cval=0.0), np.float32)
