"""Tumour volumes whose two classes differ only in the order of their slices.

Every volume is drawn in one and the same way: a head of smooth tissue, a tumour of the same size in every slice, and
an enhancement of the tumour that rises quickly and fades slowly along the slices. Volumes of class 1 are then read
backwards. So the set of slices of a volume has one distribution in both classes: whoever ignores the order, or sees
it shuffled, is left with guessing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SliceOrder:
    """Simulated volumes with their truth.

    Attributes:
        volumes: `(N, S, H, W)`, uint8.
        labels: `(N,)`, 0 quick rise and slow fade, 1 the reverse.
        masks: `(N, H, W)`, true where the tumour lies (the same place in every slice).
    """

    volumes: NDArray[np.uint8]
    labels: NDArray[np.int64]
    masks: NDArray[np.bool_]


def slice_order(
    rng: np.random.Generator, volumes: int = 400, *, slices: int = 24, size: int = 32, noise: float = 0.06
) -> SliceOrder:
    """Draw volumes, half of each class, in random order.

    Args:
        rng: Source of all randomness.
        volumes: N.
        slices: S.
        size: Rows and columns of a slice.
        noise: Standard deviation of the noise in units of full scale.
    """
    labels = rng.permutation(np.arange(volumes) % 2)
    arrays = np.empty((volumes, slices, size, size), np.uint8)
    masks = np.empty((volumes, size, size), np.bool_)
    for i in range(volumes):
        stack, masks[i] = _volume(rng, slices, size, noise)
        arrays[i] = stack[::-1] if labels[i] else stack
    return SliceOrder(arrays, labels.astype(np.int64), masks)


def course(rng: np.random.Generator, slices: int) -> NDArray[np.float64]:
    """Draw one enhancement course `(S,)` in [0, 1]: a rise over about 3 slices, a fade over about 9.

    Source:
        The gamma-variate curve of contrast passage, Thompson et al. 1964, equation 1, scaled to a peak of one.
    """
    start = rng.uniform(0.0, 0.4) * slices
    rise = rng.uniform(0.08, 0.16) * slices
    power = rng.uniform(0.6, 1.0)
    time = np.maximum(np.arange(slices) - start, 0.0) / rise
    curve: NDArray[np.float64] = time**power * np.exp(power * (1.0 - time))
    # The steep flank stays within two or three slices and the shallow one runs over many.
    return curve


def _volume(
    rng: np.random.Generator, slices: int, size: int, noise: float
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    from scipy.ndimage import gaussian_filter

    row, column = np.mgrid[:size, :size] / (size - 1) * 2 - 1
    head = (row / rng.uniform(0.78, 0.92)) ** 2 + (column / rng.uniform(0.66, 0.8)) ** 2 < 1
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.42)
    radius = rng.uniform(0.16, 0.26)
    tumour = (row - reach * np.sin(angle)) ** 2 + (column - reach * np.cos(angle)) ** 2 < radius**2
    tissue = gaussian_filter(rng.standard_normal((slices, size, size)), (1.5, size / 16, size / 16))
    tissue *= 0.06 / tissue.std()
    brightness = rng.uniform(0.3, 0.4) + gaussian_filter(rng.standard_normal(slices), 2.0)[:, None, None] * 0.05
    strength = rng.uniform(0.35, 0.6)
    stack = (brightness + tissue) * head
    stack = stack + strength * course(rng, slices)[:, None, None] * tumour
    stack = np.abs(stack + noise * rng.standard_normal(stack.shape))
    return np.round(np.clip(stack, 0, 1) * 255).astype(np.uint8), tumour
