"""Can a lesion still be found? A channelized Hotelling observer, and lesions kept or invented by a restoration."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, ShapeError

Floats = NDArray[np.float64]
CHANNELS = 6


def laguerre_gauss(side: int, width: float, count: int = CHANNELS) -> Floats:
    """Return channels for round signals, `(count, side * side)`, each of unit length.

    Args:
        side: Pixels of the square region, odd.
        width: Scale of the Gaussian, pixels; about four radii of the lesion.
        count: Number of channels.

    Raises:
        ShapeError: An even side, which has no middle pixel.

    Source:
        Gallas and Barrett 2003, doi 10.1364/JOSAA.20.001725, equation 13.
    """
    if side % 2 == 0:
        raise ShapeError(f"region of {side} pixels: an odd side is needed so that the lesion sits on a pixel")
    from scipy.special import eval_laguerre

    axis = np.arange(side) - side // 2
    square = 2 * np.pi * (axis[:, None] ** 2 + axis**2) / width**2
    channels = np.stack([np.exp(-square / 2) * eval_laguerre(p, square) for p in range(count)]).reshape(count, -1)
    unit: Floats = channels / np.linalg.norm(channels, axis=1, keepdims=True)
    return unit


def hotelling_template(present: Floats, absent: Floats) -> Floats:
    """Return the linear template `(C,)` that tells channel outputs `(N, C)` with a lesion from those without.

    Source:
        Barrett and Myers 2004, Foundations of Image Science, section 13.2.12: inverse of the mean class covariance
        times the difference of the means.
    """
    covariance = (np.cov(present, rowvar=False) + np.cov(absent, rowvar=False)) / 2
    # A millionth of the mean variance keeps the inverse finite where a restoration has emptied a channel.
    ridge = 1e-6 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    template: Floats = np.linalg.solve(covariance + ridge, present.mean(axis=0) - absent.mean(axis=0))
    return template


def observer_area(
    present: Floats, absent: Floats, present_group: Sequence[str], absent_group: Sequence[str], width: float
) -> float:
    """Return the area under the ROC curve of a channelized Hotelling observer that knows where to look.

    Trained on half of the groups and judged on the other half, both ways; the mean of the two areas.

    Args:
        present: `(N, S, S)` regions with a lesion in the middle.
        absent: `(M, S, S)` regions of the same tissue without one.
        present_group: Patient of each region with a lesion.
        absent_group: Patient of each region without.
        width: Scale of the channels, pixels.

    Raises:
        DataError: Fewer than two patients, or fewer regions in a half than channels.
    """
    names = sorted({*present_group, *absent_group})
    half = set(names[::2])
    channels = laguerre_gauss(present.shape[-1], width)
    with_lesion, without = _answers(present, channels), _answers(absent, channels)
    first_1 = np.array([name in half for name in present_group])
    first_0 = np.array([name in half for name in absent_group])
    sizes = [int(mask.sum()) for mask in (first_1, ~first_1, first_0, ~first_0)]
    if min(sizes) <= CHANNELS:
        raise DataError(f"halves of {sizes} regions: an observer with {CHANNELS} channels needs more; add slices")
    areas = []
    for flip in (False, True):
        train_1, train_0 = first_1 ^ flip, first_0 ^ flip
        template = hotelling_template(with_lesion[train_1], without[train_0])
        areas.append(_area(with_lesion[~train_1] @ template, without[~train_0] @ template))
    return float(np.mean(areas))


def regions(image: NDArray[np.floating], places: Sequence[Sequence[float]], side: int) -> Floats:
    """Cut squares `(N, side, side)` around places (row, column, ...) of an image `(H, W)`, to the nearest pixel.

    Raises:
        ShapeError: A square that leaves the image.
    """
    half, cut = side // 2, []
    for row, column, *_ in places:
        top, left = round(row) - half, round(column) - half
        part = image[max(top, 0) : top + side, max(left, 0) : left + side]
        if part.shape != (side, side):
            raise ShapeError(f"place ({row:g}, {column:g}): a square of {side} pixels leaves the image {image.shape}")
        cut.append(part)
    return np.array(cut, np.float64).reshape(len(cut), side, side)


def contrast(image: NDArray[np.floating], place: Sequence[float]) -> float:
    """Return mean inside a disc less median of the ring around it, in the image's unit.

    Args:
        image: `(H, W)`.
        place: Row, column and radius, pixels; the disc ends at 0.8 radii, the ring spans 1.3 to 2 radii, so that the
            blur of the edge counts for neither.
    """
    row, column, radius = place[:3]
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    away = np.hypot(rows - row, columns - column) / radius
    return float(image[away <= 0.8].mean() - np.median(image[(away >= 1.3) & (away <= 2.0)]))


def kept_and_invented(
    image: NDArray[np.floating], lesions: Sequence[Sequence[float]], healthy: Sequence[Sequence[float]]
) -> tuple[int, int]:
    """Count lesions that keep half of their contrast, and healthy places that show half of a lesion's.

    Args:
        image: `(H, W)`.
        lesions: (row, column, radius, contrast) of each.
        healthy: Places in the same tissue; they are held against the lesions' mean contrast.
    """
    usual = float(np.mean([lesion[3] for lesion in lesions])) if lesions else 0.0
    kept = sum(contrast(image, lesion) / lesion[3] >= 0.5 for lesion in lesions)
    invented = sum(contrast(image, place) / usual >= 0.5 for place in healthy) if usual else 0
    return int(kept), int(invented)


def _answers(patches: Floats, channels: Floats) -> Floats:
    # The mean level differs between organs and patients and is no lesion.
    flat = patches.reshape(len(patches), -1)
    answers: Floats = (flat - flat.mean(axis=1, keepdims=True)) @ channels.T
    return answers


def _area(positive: Floats, negative: Floats) -> float:
    difference = positive[:, None] - negative
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())
