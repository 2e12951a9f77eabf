"""An affine map from a head to the ICBM 2009a template, by mutual information on a coarse grid."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError

_COARSE_MM: Final = 4.0
_BINS: Final = 32
_LEAST_SCORE: Final = 0.5
"""Nats; six real FLAIR heads reach 0.60 to 0.68; one of them upside down or turned round, a ball, noise and a chest
reach at most 0.41."""
_FILE: Final = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted template.

    Attributes:
        to_template: `(4, 4)`, RAS mm of the volume to RAS mm of the template.
        score: Mutual information at the end, in nats.
        air: Value of the background.
        head_voxels: How many voxels of the volume are head.
    """

    to_template: NDArray[np.float64]
    score: float
    air: float
    head_voxels: int


@dataclass(frozen=True, slots=True)
class _Template:
    """The template at 2 mm: values, distance to the brain, and its affine."""

    points: NDArray[np.float64]
    values: NDArray[np.int64]
    distance: NDArray[np.float32]
    inverse: NDArray[np.float64]


@cache
def _template() -> _Template:
    """Read the template; points are its brain and a rim of 8 mm around it, every 4 mm."""
    from importlib.resources import files

    import nibabel as nib
    from scipy import ndimage

    volume: Any = nib.load(str(files("nilearn").joinpath("datasets", "data", _FILE)))
    values, affine = np.asarray(volume.dataobj, np.float32), np.asarray(volume.affine, float)
    pad = 40
    values = np.pad(values, pad)
    affine = affine @ np.array([[1, 0, 0, -pad], [0, 1, 0, -pad], [0, 0, 1, -pad], [0, 0, 0, 1.0]])
    brain = ndimage.binary_fill_holes(values > 0.05 * values.max())
    distance = ndimage.distance_transform_edt(~brain[::2, ::2, ::2], sampling=2.0).astype(np.float32)
    smooth = ndimage.gaussian_filter(values, 1.5)
    step = int(_COARSE_MM)
    grid = np.stack(np.meshgrid(*(np.arange(0, n, step) for n in values.shape), indexing="ij"), -1).reshape(-1, 3)
    near = distance[tuple((grid // 2).T)] <= 8
    chosen = grid[near]
    picked = smooth[tuple(chosen.T)]
    bins = np.minimum((picked / picked.max() * _BINS).astype(np.int64), _BINS - 1)
    halved = affine @ np.diag([2, 2, 2, 1.0])
    return _Template(chosen @ affine[:3, :3].T + affine[:3, 3], bins, distance, np.linalg.inv(halved))


def brain_distance(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance in mm of template-space points `(N, 3)` to the template's brain; at least 40 far away."""
    from scipy import ndimage

    template = _template()
    places = points @ template.inverse[:3, :3].T + template.inverse[:3, 3]
    found = ndimage.map_coordinates(template.distance, places.T, order=1, mode="constant", cval=99.0)
    return np.asarray(found, np.float64)


def fit_template(volume: NDArray[Any], affine: NDArray[np.float64], is_ct: bool) -> Fit:
    """Fit the template to a volume.

    Args:
        volume: `(D, H, W)`.
        affine: `(4, 4)`, (column, row, slice) to RAS mm.
        is_ct: Values are HU; soft tissue is looked at then.

    Raises:
        DataError: Too little head, or no fit.
    """
    values = np.clip(volume, -200, 100).astype(np.float32) if is_ct else volume.astype(np.float32)
    grid, origin = _coarse(values, affine)
    head, threshold = _head(grid)
    size = head.any((1, 2)).sum(), head.any((0, 2)).sum(), head.any((0, 1)).sum()
    if min(size) * _COARSE_MM < 60 or max(size) * _COARSE_MM < 100:
        raise DataError(
            f"a head of {', '.join(f'{n * _COARSE_MM:.0f}' for n in size)} mm: too little of it to find the face; "
            "give a volume of the whole head, or remove the face by hand"
        )
    bins = _binned(grid, head, is_ct)
    start = _start(head, origin)
    parameters, score = _search(bins, origin, start)
    if score < _LEAST_SCORE or not _plausible(parameters):
        raise DataError(
            f"the brain template does not fit (mutual information {score:.3f}); nothing was removed: check that this "
            "is a head in the position its affine states"
        )
    outside = values[values <= threshold]
    air = float(np.median(outside)) if outside.size else float(values.min())
    if is_ct:
        air = min(-1000.0, float(volume.min())) if volume.min() < -500 else float(volume.min())
    return Fit(np.asarray(np.linalg.inv(_matrix(parameters)), np.float64), score, air, int((values > threshold).sum()))


def _coarse(
    values: NDArray[np.float32], affine: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Resample to an RAS grid of 4 mm; return it and the RAS place of its first voxel."""
    from scipy import ndimage

    shape = np.array(values.shape[::-1])
    corners = np.array([[i, j, k] for i in (0, shape[0] - 1) for j in (0, shape[1] - 1) for k in (0, shape[2] - 1)])
    placed = corners @ affine[:3, :3].T + affine[:3, 3]
    low, high = placed.min(0), placed.max(0)
    counts = np.minimum(((high - low) / _COARSE_MM).astype(int) + 1, 200)
    widths = np.linalg.norm(affine[:3, :3], axis=0)[::-1]
    blurred = ndimage.gaussian_filter(values, np.clip(_COARSE_MM / widths / 2.355 - 0.3, 0, 6))
    inverse = np.linalg.inv(affine)
    # (column, row, slice) of each coarse voxel, turned to (slice, row, column) for the array.
    matrix = (inverse[:3, :3] * _COARSE_MM)[::-1]
    offset = (inverse[:3, :3] @ low + inverse[:3, 3])[::-1]
    grid = ndimage.affine_transform(
        blurred, matrix, offset, output_shape=tuple(counts), order=1, mode="constant", cval=float(values.min())
    )
    return np.asarray(grid, np.float32), low


def _head(grid: NDArray[np.float32]) -> tuple[NDArray[np.bool_], float]:
    """Return the largest bright piece with its holes filled, and the threshold."""
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    top = float(np.percentile(grid, 99))
    low = float(grid.min())
    if top <= low:
        raise DataError("a volume of one value: there is no head in it; check the file")
    threshold = float(threshold_otsu(np.clip(grid, low, top)))
    # Otsu separates bright from dark tissue where fat dominates; half of it still lies above the noise of air.
    threshold = low + (threshold - low) * 0.5
    labels, count = ndimage.label(ndimage.binary_opening(grid > threshold))
    if count == 0:
        raise DataError("no head found in the volume; check the file")
    sizes = np.bincount(labels.ravel())[1:]
    return ndimage.binary_fill_holes(labels == int(sizes.argmax()) + 1), threshold


def _binned(grid: NDArray[np.float32], head: NDArray[np.bool_], is_ct: bool) -> NDArray[np.float32]:
    low, high = (-20.0, 90.0) if is_ct else (float(v) for v in np.percentile(grid[head], (1, 99)))
    return np.asarray(np.clip((grid - low) / max(high - low, 1e-6), 0, 1) * (_BINS - 1), np.float32)


def _start(head: NDArray[np.bool_], origin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the RAS place where the template's origin is likely: below the crown, in the middle of the upper head."""
    heights = np.flatnonzero(head.sum((0, 1)) > 20)
    crown = heights.max()
    upper = head[:, :, max(crown - int(120 / _COARSE_MM), 0) : crown + 1]
    x, y = np.argwhere(upper)[:, :2].mean(0)
    # The template's crown of skin lies 90 mm above its origin, its middle 18 mm behind it.
    return origin + np.array([x, y, crown]) * _COARSE_MM + np.array([0.0, 18.0, -88.0])


def _matrix(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return template to volume: turn (rad), scale and shear, then shift, about the template's brain centre."""
    shift, turn, scale, shear = parameters[:3], parameters[3:6], np.exp(parameters[6:9]), parameters[9:12]
    cx, cy, cz = np.cos(turn)
    sx, sy, sz = np.sin(turn)
    rx = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    ry = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rz = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    skew = np.array([[1, shear[0], shear[1]], [0, 1, shear[2]], [0, 0, 1]])
    centre = np.array([0.0, -18.0, 8.0])
    matrix = np.eye(4)
    matrix[:3, :3] = rz @ ry @ rx @ np.diag(scale) @ skew
    matrix[:3, 3] = centre + shift - matrix[:3, :3] @ centre
    return matrix


def _plausible(parameters: NDArray[np.float64]) -> bool:
    return bool(np.abs(parameters[3:6]).max() < 0.9 and np.abs(parameters[6:9]).max() < 0.35)


def _search(
    bins: NDArray[np.float32], origin: NDArray[np.float64], start: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Maximise mutual information: from several nods, rigid first, then with scale, then with shear."""
    from scipy.optimize import minimize

    template = _template()
    thin, half = slice(None, None, 4), slice(None, None, 2)
    units = np.array([10.0, 10, 10, 0.15, 0.15, 0.15, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05])

    def cost(free: NDArray[np.float64], count: int, points: slice) -> float:
        parameters = np.zeros(12)
        parameters[:count] = free * units[:count]
        if count == 7:  # one scale for all axes
            parameters[7:9] = parameters[6]
        parameters[:3] += start
        penalty = 0.002 * float((np.concatenate([free[3:6] * 0.3, free[6:]]) ** 2).sum())
        return penalty - _information(bins, origin, parameters, template.points[points], template.values[points])

    best: Any = None
    for nod in (-0.35, 0.0, 0.35):
        for lift in (-1.5, 0.0):
            free = np.zeros(7)
            free[3], free[2] = nod / units[3], lift
            done = minimize(
                cost, free, args=(7, thin), method="Powell", options={"xtol": 0.05, "ftol": 1e-3, "maxfev": 400}
            )
            if best is None or done.fun < best.fun:
                best = done
    if -best.fun < 0.4 * _LEAST_SCORE:
        # Even the best of the starts is far from a head: the long search would not mend that.
        parameters = np.concatenate([best.x * units[:7], np.zeros(5)])
        return parameters, -float(best.fun)
    free = np.concatenate([best.x[:7], best.x[6:7], best.x[6:7], np.zeros(3)])
    final = minimize(cost, free, args=(12, half), method="Powell", options={"xtol": 0.01, "ftol": 1e-4, "maxfev": 1500})
    parameters = final.x * units
    parameters[:3] += start
    score = _information(bins, origin, parameters, template.points, template.values)
    return parameters, score


def _information(
    bins: NDArray[np.float32],
    origin: NDArray[np.float64],
    parameters: NDArray[np.float64],
    points: NDArray[np.float64],
    values: NDArray[np.int64],
) -> float:
    """Return the mutual information in nats of the template's values and the volume's at the mapped points."""
    from scipy import ndimage

    matrix = _matrix(parameters)
    places = (points @ matrix[:3, :3].T + matrix[:3, 3] - origin) / _COARSE_MM
    sampled = ndimage.map_coordinates(bins, places.T, order=1, mode="constant", cval=0.0)
    joint = np.bincount(values * _BINS + sampled.astype(np.int64), minlength=_BINS * _BINS).reshape(_BINS, _BINS)
    share = joint / len(points)
    product = share.sum(1, keepdims=True) * share.sum(0, keepdims=True)
    present = share > 0
    return float((share[present] * np.log(share[present] / product[present])).sum())
