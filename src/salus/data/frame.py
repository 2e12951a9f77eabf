"""The one frame of reference: where a voxel lies in the patient, in every file that Salus reads or writes.

World axes are right, anterior, superior (RAS), in millimetres: x grows to the patient's right, y to the front, z to
the head. Arrays are `(C, [T,] D, H, W)`; the affine takes the voxel index `(i, j, k)` = (column along W, row along H,
slice along D) to the *centre* of that voxel. So the value of voxel `(i, j, k)` is `array[..., k, j, i]`.

DICOM, NRRD (mostly), MetaImage and ITK count left, posterior, superior (LPS): `flip_lps` goes between the two.
"""

import itertools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.sample import Image

Floats = NDArray[np.float64]

ORIENTATIONS = tuple(
    "".join(letters) for axes in itertools.permutations(("RL", "AP", "SI")) for letters in itertools.product(*axes)
)
"""The 48 ways to lay voxel axes along world axes: six orders times eight directions."""

_AXIS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def flip_lps(affine: Floats) -> Floats:
    """Return an affine `(4, 4)` to LPS mm as one to RAS mm, or the other way round.

    Source:
        DICOM PS3.3, C.7.6.2.1.1 (patient axes); NIfTI-1 standard, section on orientation.
    """
    flipped: Floats = _LPS @ np.asarray(affine, dtype=np.float64)
    return flipped


def spacing_of(affine: Floats) -> tuple[float, float, float]:
    """Return the distance of voxel centres along (D, H, W), in mm.

    >>> spacing_of(np.diag([0.5, 0.7, 3.0, 1.0]))
    (3.0, 0.7, 0.5)
    """
    steps = np.linalg.norm(np.asarray(affine, dtype=np.float64)[:3, :3], axis=0)
    return float(steps[2]), float(steps[1]), float(steps[0])


def to_world(affine: Floats, indices: ArrayLike) -> Floats:
    """Return world points `(..., 3)`, RAS mm, of voxel indices `(..., 3)` in the order (i, j, k).

    >>> to_world(np.diag([2.0, 2.0, 5.0, 1.0]), (3, 1, 2)).tolist()
    [6.0, 2.0, 10.0]
    """
    points = np.asarray(indices, dtype=np.float64)
    return np.asarray(points @ affine[:3, :3].T + affine[:3, 3], dtype=np.float64)


def to_voxel(affine: Floats, points: ArrayLike) -> Floats:
    """Return fractional voxel indices `(..., 3)`, order (i, j, k), of world points `(..., 3)` in RAS mm.

    Raises:
        DataError: The affine cannot be inverted.
    """
    return to_world(inverse(affine), points)


def inverse(affine: Floats) -> Floats:
    """Return the affine from world to voxel, `(4, 4)`.

    Raises:
        DataError: It is singular or not finite.
    """
    matrix = np.asarray(affine, dtype=np.float64)
    if not usable(matrix):
        raise DataError(f"affine {matrix[:3].round(4).tolist()} is singular or not finite; correct it in the header")
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def usable(affine: Floats) -> bool:
    """Tell whether an affine is `(4, 4)`, finite and invertible, however small its voxels are."""
    if affine.shape != (4, 4) or not np.isfinite(affine).all():
        return False
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    return bool((steps > 0).all() and abs(np.linalg.det(affine[:3, :3] / np.where(steps > 0, steps, 1.0))) > 1e-6)


def orientation_of(affine: Floats) -> str:
    """Return three letters: which way i, j and k point, each world axis once (`LPS`: left, back, up).

    Oblique axes get the world axis they are nearest to, the best fitting pair first.

    Raises:
        DataError: The affine is singular or not finite.
    """
    inverse(affine)
    left = np.abs(_unit_axes(affine))
    letters = ["", "", ""]
    for _ in range(3):
        world, voxel = np.unravel_index(int(left.argmax()), left.shape)
        sign = 0 if _unit_axes(affine)[world, voxel] > 0 else 1
        letters[int(voxel)] = ("RL", "AP", "SI")[int(world)][sign]
        left[world, :], left[:, voxel] = -1.0, -1.0
    return "".join(letters)


def obliquity_deg(affine: Floats) -> float:
    """Return the largest angle between a voxel axis and the world axis it is nearest to, in degrees."""
    cosines = np.abs(_unit_axes(affine, polar=False)).max(axis=0)
    return float(np.rad2deg(np.arccos(np.clip(cosines, 0.0, 1.0))).max())


def reorient(image: Image, orientation: str = "RAS") -> Image:
    """Return the image with its axes in another order and direction; no value is resampled, no voxel moves in space.

    Args:
        image: `(C, D, H, W)` or `(C, T, D, H, W)` with an affine.
        orientation: One of the 48 codes: where i (W), j (H) and k (D) shall point.

    Raises:
        UsageError: No such code.
        ShapeError: A picture without a slice axis.
        DataError: No affine, so nothing says which way the axes point.
    """
    if orientation not in ORIENTATIONS:
        raise UsageError(f"orientation {orientation!r}: expected three letters such as RAS or LPS, each axis once")
    if image.array.ndim < 4:
        raise ShapeError(f"image of shape {image.array.shape}: turning needs a slice axis, (C, D, H, W)")
    if image.affine is None:
        raise DataError("an image without affine has no known orientation; state its affine first")
    have = orientation_of(image.affine)
    source = [next(v for v in range(3) if _AXIS[have[v]][0] == _AXIS[letter][0]) for letter in orientation]
    turned = [have[source[t]] != orientation[t] for t in range(3)]
    axes, lead = image.array.ndim, image.array.ndim - 3
    order = (*range(lead), *(axes - 1 - source[t] for t in (2, 1, 0)))
    array = np.flip(image.array.transpose(order), tuple(axes - 1 - t for t in range(3) if turned[t]))
    back = np.zeros((4, 4))
    back[3, 3] = 1.0
    for t in range(3):
        back[source[t], t] = -1.0 if turned[t] else 1.0
        back[source[t], 3] = image.array.shape[axes - 1 - source[t]] - 1.0 if turned[t] else 0.0
    affine = image.affine @ back
    return Image(
        array=np.ascontiguousarray(array),
        spacing_mm=spacing_of(affine),
        affine=affine,
        unit=image.unit,
        modality=image.modality,
    )


def resample_to(
    image: Image,
    affine: Floats,
    shape: tuple[int, int, int],
    world: Floats | None = None,
    order: int = 1,
    fill: float = 0.0,
) -> Image:
    """Resample a volume onto another grid.

    Args:
        image: `(C, D, H, W)` with an affine.
        affine: Of the wanted grid, `(4, 4)`.
        shape: Of the wanted grid, (D, H, W).
        world: `(4, 4)`, takes RAS points of the wanted grid to RAS points of the image; None where both share them.
        order: 0 nearest (masks), 1 linear, 3 cubic.
        fill: Value outside the image.

    Returns:
        `(C, D, H, W)`, float32, or the image's dtype where `order` is 0.

    Raises:
        ShapeError: No volume.
        DataError: No affine, or one that cannot be inverted.
    """
    from scipy import ndimage

    if image.array.ndim != 4:
        raise ShapeError(f"image of shape {image.array.shape}: only volumes (C, D, H, W) are resampled")
    if image.affine is None:
        raise DataError("an image without affine cannot be brought to another grid; state its affine first")
    matrix = inverse(image.affine) @ (np.eye(4) if world is None else world) @ affine
    turn, shift = matrix[2::-1, 2::-1], matrix[2::-1, 3]  # scipy counts (k, j, i)
    kind: Any = image.array.dtype if order == 0 else np.dtype(np.float32)
    out = np.empty((len(image.array), *shape), dtype=kind)
    for source, target in zip(image.array, out, strict=True):
        values = source if order == 0 else source.astype(np.float32)
        ndimage.affine_transform(values, turn, shift, output=target, output_shape=shape, order=order, cval=fill)
    return Image(
        array=out, spacing_mm=spacing_of(affine), affine=np.array(affine), unit=image.unit, modality=image.modality
    )


def _unit_axes(affine: Floats, polar: bool = True) -> Floats:
    """Return the directions of i, j, k as unit columns `(3, 3)`; the nearest rotation of them where `polar`."""
    matrix = np.asarray(affine, dtype=np.float64)[:3, :3]
    columns: Floats = matrix / np.maximum(np.linalg.norm(matrix, axis=0), 1e-300)
    if not polar:
        return columns
    left, _, right = np.linalg.svd(columns)
    return np.asarray(left @ right, dtype=np.float64)
