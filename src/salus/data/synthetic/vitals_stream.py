"""Simulated vital signs: windows of 64 one-minute readings and sixteen factors in four planted groups.

Planted truth. Factors: each of four groups has a hidden value that drives four factors with signs and loadings drawn
once; the factors' places are shuffled, so nothing but their correlation tells the groups. Classes: every class but the
first shifts one group's hidden value (`SHIFT` deviations) and puts one episode of about twelve minutes at a random
minute of the window, in the directions of `EPISODES`; a patient's own levels vary more than an episode does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLASSES = ("steady", "pressor episode", "febrile episode", "glycaemic episode", "circulatory episode")
LEADS = ("systolic", "diastolic", "pulse", "temperature", "glucose")
UNITS = ("mmHg", "mmHg", "1/min", "degC", "mg/dL")
STEPS, FACTORS, GROUPS = 64, 16, 4
SHIFT = 0.9
LEVELS = np.array([122.0, 46.0, 74.0, 36.8, 104.0])
"""Mean systolic, pulse pressure, pulse, temperature, glucose; diastolic is systolic minus pulse pressure."""
SPREAD_PATIENT = np.array([11.0, 6.0, 9.0, 0.3, 12.0])
SPREAD_MINUTE = np.array([3.0, 2.0, 2.5, 0.08, 4.0])
EPISODES = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [6.0, 2.0, -3.0, 0.0, 0.0],
        [0.0, 0.0, 4.0, 0.2, 0.0],
        [0.0, 0.0, 0.0, 0.0, 9.0],
        [-6.0, -2.0, 4.0, 0.0, 0.0],
    ]
)
"""Height of each class's episode on systolic, pulse pressure, pulse, temperature, glucose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """N windows with their planted truth.

    Attributes:
        windows: `(N, 5, 64)` in the units of `UNITS`; NaN where the sensor gave nothing.
        factors: `(N, 16)`, no unit.
        labels: `(N,)`, number in `CLASSES`.
        patients: `(N,)`, number of the patient.
        groups: `(16,)`, planted group of each factor.
    """

    windows: NDArray[np.float64]
    factors: NDArray[np.float64]
    labels: NDArray[np.int64]
    patients: NDArray[np.int64]
    groups: NDArray[np.int64]


def simulate(rng: np.random.Generator, patients: int = 500, windows_each: int = 2, gaps: float = 0.01) -> Streams:
    """Simulate windows of some patients, classes equally likely.

    Args:
        rng: Source of everything random, the planted groups included.
        patients: Number of patients.
        windows_each: Windows of each patient; their classes are drawn one by one.
        gaps: Share of readings that are missing.
    """
    groups = rng.permutation(np.repeat(np.arange(GROUPS), FACTORS // GROUPS))
    loadings = rng.uniform(0.6, 0.85, FACTORS) * rng.choice([-1.0, 1.0], FACTORS)
    owner = np.repeat(np.arange(patients), windows_each)
    labels = rng.integers(len(CLASSES), size=len(owner))
    levels = LEVELS + SPREAD_PATIENT * rng.standard_normal((patients, 5)).clip(-2.5, 2.5)
    windows = np.stack([_window(levels[p], EPISODES[k], rng) for p, k in zip(owner, labels, strict=True)])
    windows[rng.random(windows.shape) < gaps] = np.nan
    hidden = 0.5 * rng.standard_normal((patients, GROUPS))[owner]
    hidden += np.sqrt(0.75) * rng.standard_normal((len(owner), GROUPS))
    hidden += SHIFT * (labels[:, None] == np.arange(1, GROUPS + 1))
    noise = rng.standard_normal((len(owner), FACTORS))
    factors = loadings * hidden[:, groups] + np.sqrt(1 - loadings**2) * noise
    return Streams(windows=windows, factors=factors, labels=labels, patients=owner, groups=groups)


def _window(level: NDArray[np.float64], episode: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return one window `(5, 64)`: levels, slow wander, minute noise and one episode."""
    minutes = np.arange(STEPS)
    wander = np.cumsum(rng.standard_normal((5, STEPS)), axis=1) / np.sqrt(STEPS)
    minute = 0.5 * rng.standard_normal((5, STEPS))
    bump = np.exp(-0.5 * ((minutes - rng.uniform(10, STEPS - 10)) / 4.0) ** 2)
    parts = level[:, None] + SPREAD_MINUTE[:, None] * (wander + minute) + episode[:, None] * bump
    systolic = parts[0].clip(70, 240)
    # A pulse pressure of at least 12 mmHg keeps every diastolic reading below its systolic one.
    return np.stack(
        [systolic, systolic - parts[1].clip(12, 50), parts[2].clip(35, 190), parts[3].clip(34, 42), parts[4].clip(45)]
    )
