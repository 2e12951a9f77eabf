"""Simulated lung inflammation after carbon nanotubes: six inputs with published ranges, and a planted dose response.

Planted truth. Neutrophils, as a multiple of untreated animals', rise with the total dose along a saturating curve that
never falls; cobalt multiplies the dose's effect (the interaction), recovery lets it fade, short and thick tubes add
less, aggregation next to nothing. Each material (a batch of tubes) is measured at several doses and days, and has an
effect of its own that no column holds.

Source: input ranges of the published forest for neutrophils, Gernand and Casman, nanohub.org/resources/17539, of the
meta-analysis doi 10.1111/risa.12109. The response itself is this project's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RANGES = {
    "dose_ug_kg": (1.0, 6291.0),
    "recovery_days": (1.0, 90.0),
    "diameter_nm": (1.0, 49.0),
    "length_nm": (320.0, 5900.0),
    "cobalt_ug_kg": (0.0, 3335.0),
    "aggregation_nm": (1670.0, 4200.0),
}
"""Least and largest value of each input; the published range of the dose begins at 0, which has no logarithm."""
COLUMNS = tuple(RANGES)
NOISE, BATCH = 0.25, 0.1
"""Deviations of an animal and of a material, as shares of the response's own deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doses:
    """N animals with their planted truth.

    Attributes:
        inputs: `(N, 6)`, columns of `COLUMNS` in their units.
        response: `(N,)`, neutrophils as a multiple of untreated animals'.
        material: `(N,)`, number of the material.
    """

    inputs: NDArray[np.float64]
    response: NDArray[np.float64]
    material: NDArray[np.int64]


def expected(inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the response `(N,)` of inputs `(N, 6)` without noise: never falling in dose or cobalt."""
    dose, days, thick, length, cobalt, aggregate = inputs.T
    reach = np.clip(np.log10(np.maximum(dose, 1.0)) / np.log10(RANGES["dose_ug_kg"][1]), 0.0, 1.0)
    rise = 1.0 / (1.0 + np.exp(-10.0 * (reach - 0.55)))
    metal = 1.0 / (1.0 + np.exp(-(cobalt - 700.0) / 150.0))
    fading = np.exp(-days / 60.0)
    shape = 1.0 + 0.5 * (length > 2500.0) - 0.3 * (thick - 1.0) / 48.0 + 0.02 * (aggregate - 1670.0) / 2530.0
    return np.asarray(1.0 + 20.0 * rise * (0.35 + 1.0 * metal) * (0.3 + 0.7 * fading) * shape, dtype=np.float64)


def simulate(rng: np.random.Generator, materials: int = 120, each: int = 10) -> Doses:
    """Simulate animals of some materials at doses spread evenly over the logarithm of the range.

    Args:
        rng: Source of everything random.
        materials: How many; diameter, length and aggregation belong to a material.
        each: Animals of each material.
    """
    owner = np.repeat(np.arange(materials), each)
    inputs = np.empty((len(owner), len(COLUMNS)))
    for place, (low, high) in enumerate(RANGES.values()):
        own = COLUMNS[place] in ("diameter_nm", "length_nm", "aggregation_nm")
        inputs[:, place] = rng.uniform(low, high, materials)[owner] if own else rng.uniform(low, high, len(owner))
    inputs[:, 0] = 10 ** rng.uniform(0, np.log10(RANGES["dose_ug_kg"][1]), len(owner))
    clean = expected(inputs)
    spread = float(clean.std())
    noise = BATCH * rng.standard_normal(materials)[owner] + NOISE * rng.standard_normal(len(owner))
    return Doses(inputs=inputs, response=np.clip(clean + spread * noise, 0.0, 60.0), material=owner)


def planted_importance(inputs: NDArray[np.float64], rng: np.random.Generator, repeats: int = 20) -> NDArray[np.float64]:
    """Return what exchanging each input among the animals costs the planted response itself, `(6,)`.

    The mean squared change of `expected`, in shares of its variance: what permutation importance estimates through a
    model, here without any model.
    """
    clean = expected(inputs)
    found = np.zeros(inputs.shape[1])
    for place in range(inputs.shape[1]):
        for _ in range(repeats):
            other = inputs.copy()
            other[:, place] = rng.permutation(other[:, place])
            found[place] += float(np.mean((expected(other) - clean) ** 2))
    return found / (repeats * float(clean.var()))
