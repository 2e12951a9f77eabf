"""A mixture of ten separated modes with a class variable: whoever loses a mode is seen to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MODES = 10
RADIUS = 2.0
SPREAD = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """What was drawn.

    Attributes:
        points: `(N, 2)`, without unit.
        modes: `(N,)`, which of the ten each point belongs to.
        classes: `(N,)`, 0 for even modes and 1 for odd ones.
    """

    points: NDArray[np.float64]
    modes: NDArray[np.int64]
    classes: NDArray[np.int64]


def centres() -> NDArray[np.float64]:
    """Return the ten centres `(10, 2)`, evenly on a circle of radius 2."""
    angle = 2 * np.pi * np.arange(MODES) / MODES
    return RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def ten_modes(rng: np.random.Generator, count: int) -> Modes:
    """Draw points around ten centres, equally many of each up to one, with standard deviation 0.1 a direction.

    Neighbouring centres are 12 standard deviations apart, so a point belongs to one mode without doubt; a class holds
    every second mode, so a generator that makes one mode a class keeps two of ten.

    Args:
        rng: Source of randomness.
        count: How many points.

    Source:
        The ring of Gaussians of Srivastava et al. 2017, VEEGAN, arXiv 1705.07761, with ten modes and a class.
    """
    modes = rng.permutation(np.arange(count) % MODES)
    points = centres()[modes] + rng.normal(0.0, SPREAD, (count, 2))
    return Modes(points=points, modes=modes.astype(np.int64), classes=(modes % 2).astype(np.int64))
