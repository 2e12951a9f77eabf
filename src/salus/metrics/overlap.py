"""How well do two masks agree? Shared voxels (Dice, Jaccard) and distances between surfaces (HD95, surface Dice).

Definitions of surface distances differ more than implementations do, so these are spelled out. A surface is the set of
voxels of a mask that have a face neighbour outside it (or lie at the edge of the image); a distance runs between voxel
centres in millimetres; every surface voxel counts once, whatever area it stands for. Distances are searched in a
k-d tree over the surface voxels alone, so cost grows with the surfaces and not with the image.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.metrics.weights import Floats
from salus.schema.errors import ShapeError, UnitError

Mask = NDArray[np.bool_]


def dice(found: NDArray[Any], true: NDArray[Any]) -> float:
    """Return twice the shared voxels over the sum of both masks, in [0, 1]; NaN where both are empty.

    Source:
        Dice 1945, doi:10.2307/1932409; for segmentation Zijdenbos et al. 1994, doi:10.1109/42.363096.

    >>> dice(np.array([1, 1, 0]), np.array([0, 1, 1]))
    0.5
    """
    shared, only_found, only_true = overlap_counts(found, true)
    total = 2 * shared + only_found + only_true
    return 2 * shared / total if total else float("nan")


def iou(found: NDArray[Any], true: NDArray[Any]) -> float:
    """Return the shared voxels over those of either mask (Jaccard index), in [0, 1]; NaN where both are empty.

    >>> iou(np.array([1, 1, 0]), np.array([0, 1, 1]))
    0.3333333333333333
    """
    shared, only_found, only_true = overlap_counts(found, true)
    total = shared + only_found + only_true
    return shared / total if total else float("nan")


def overlap_counts(found: NDArray[Any], true: NDArray[Any]) -> tuple[int, int, int]:
    """Return how many voxels are in both masks, in `found` alone and in `true` alone.

    Raises:
        ShapeError: Masks of different shape.
    """
    first, second = _pair(found, true)
    shared = int(np.count_nonzero(first & second))
    return shared, int(np.count_nonzero(first)) - shared, int(np.count_nonzero(second)) - shared


def surface_distances(
    found: NDArray[Any], true: NDArray[Any], spacing: Sequence[float]
) -> tuple[Floats, Floats] | None:
    """Return how far each surface voxel of one mask is from the surface of the other: (found to true, true to found).

    Args:
        found: Mask, any number of axes.
        true: Mask of the same shape.
        spacing: Distance of voxel centres along each axis, in mm.

    Returns:
        Two arrays, in mm; None where either mask is empty, because no distance is defined then.

    Raises:
        ShapeError: Masks of different shape.
        UnitError: Spacing that does not fit the axes, or is not above 0.
    """
    from scipy.spatial import cKDTree

    first, second = _pair(found, true)
    steps = np.asarray(spacing, dtype=np.float64)
    if steps.shape != (first.ndim,) or not np.isfinite(steps).all() or (steps <= 0).any():
        raise UnitError(f"spacing {tuple(spacing)} for masks of {first.ndim} axes: give one distance above 0 an axis")
    if not first.any() or not second.any():
        return None
    points = [surface_voxels(mask) * steps for mask in (first, second)]
    there, _ = cKDTree(points[1]).query(points[0])
    back, _ = cKDTree(points[0]).query(points[1])
    return np.asarray(there, dtype=np.float64), np.asarray(back, dtype=np.float64)


def surface_voxels(mask: NDArray[Any]) -> NDArray[np.intp]:
    """Return the indices `(N, axes)` of voxels with a face neighbour outside the mask; beyond the image is outside."""
    whole = np.asarray(mask, dtype=bool)
    box, corner = _cropped(whole)
    inner = box.copy()
    padded = np.pad(box, 1)
    for axis in range(box.ndim):
        for shift in (-1, 1):
            moved = np.roll(padded, shift, axis=axis)
            inner &= moved[tuple(slice(1, -1) for _ in range(box.ndim))]
    return np.argwhere(box & ~inner) + corner


def hd95(distances: tuple[Floats, Floats]) -> float:
    """Return the larger of both directions' 95th percentile of `surface_distances`, in mm (robust Hausdorff distance).

    Source:
        Huttenlocher, Klanderman and Rucklidge 1993, doi:10.1109/34.232073 (partial directed distances); percentiles
        interpolated linearly.
    """
    return float(max(np.percentile(distances[0], 95), np.percentile(distances[1], 95)))


def surface_dice(distances: tuple[Floats, Floats], tolerance_mm: float) -> float:
    """Return the share of both surfaces within a tolerance of the other, in [0, 1].

    Source:
        Nikolov et al. 2021, doi:10.2196/26151, with every surface voxel counting once instead of by its area.
    """
    near = sum(int(np.count_nonzero(side <= tolerance_mm + 1e-9)) for side in distances)
    return near / (len(distances[0]) + len(distances[1]))


def diagonal_mm(shape: Sequence[int], spacing: Sequence[float]) -> float:
    """Return the largest distance between two voxel centres of an image, in mm: no surface distance can exceed it."""
    return float(np.linalg.norm((np.asarray(shape) - 1) * np.asarray(spacing, dtype=np.float64)))


def _pair(found: NDArray[Any], true: NDArray[Any]) -> tuple[Mask, Mask]:
    first, second = np.asarray(found).astype(bool), np.asarray(true).astype(bool)
    if first.shape != second.shape:
        raise ShapeError(f"mask of shape {first.shape} for a truth of shape {second.shape}; give the same shape")
    return first, second


def _cropped(mask: Mask) -> tuple[Mask, NDArray[np.intp]]:
    """Return the smallest box that holds the mask, and its corner."""
    spans = []
    for axis in range(mask.ndim):
        inside = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        spans.append((int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, 0))
    return mask[tuple(slice(*span) for span in spans)], np.array([span[0] for span in spans], dtype=np.intp)
