"""Which setting mattered, and which only together with another: variance shares of a full grid of settings.

Source:
    Hutter, Hoos and Leyton-Brown 2014, An Efficient Approach for Assessing Hyperparameter Importance, ICML 2014,
    section 3 (functional ANOVA; on a full grid its integrals are means). The share without noise is omega squared, Hays
    1963; the test is Fisher's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One setting, or several that act together.

    Attributes:
        names: Of the settings.
        share: Of the grid's variance that the effect explains, as measured; all effects and `noise` sum to one.
        clean: The same with what repetitions alone would give taken off (omega squared), never below zero.
        low: Lower end of the 95 % interval of `share`, repetitions resampled.
        high: Upper end.
        p: Chance of as large a share from repetitions alone (F test); NaN where nothing is repeated.
        means: `(levels ...)`, mean value at each level (main effects), or what is left over the main effects.
    """

    names: tuple[str, ...]
    share: float
    clean: float
    low: float
    high: float
    p: float
    means: Floats


def functional_anova(
    values: Floats, names: Sequence[str], *, order: int = 2, resamples: int = 1000, seed: int = 0
) -> tuple[list[Effect], float]:
    """Divide the variance of a full grid among settings and their interactions.

    Args:
        values: `(L_1, ..., L_k, S)`: one axis a setting, the last holds S repetitions; finite.
        names: Of the k settings.
        order: Most settings of an interaction that is listed; what is left counts as `rest`.
        resamples: Of the repetitions, each grid point by itself.
        seed: Of the resampling.

    Returns:
        Effects, the largest share first, with one named `rest` for interactions of higher order; and the noise's share.

    Raises:
        ValueError: Axes and names differ in number, a value is not finite, or all values are equal.
    """
    if values.ndim != len(names) + 1 or not np.isfinite(values).all():
        raise ValueError(f"a grid of shape {values.shape} for {len(names)} settings: expected one axis each, and seeds")
    total = float(((values - values.mean()) ** 2).sum())
    if total <= 0:
        raise ValueError("every value of the grid is equal; there is nothing to explain")
    settings = [s for size in range(1, order + 1) for s in combinations(range(len(names)), size)]
    parts = _parts(values.mean(axis=-1), settings)
    noise = float(((values - values.mean(axis=-1, keepdims=True)) ** 2).sum())
    repeats = values.shape[-1]
    spread = values.size - values.size // repeats
    drawn = np.array([list(_shares(grid, settings).values()) for grid in _resampled(values, resamples, seed)])
    effects = []
    points = list(_shares(values, settings).items())
    used = 0
    for place, (chosen, share) in enumerate(points):
        freedom = int(np.prod([values.shape[axis] - 1 for axis in chosen])) if chosen else 0
        used += freedom
        freedom = freedom or values.size // repeats - 1 - used
        low, high = np.percentile(drawn[:, place], [2.5, 97.5])
        means = parts[chosen] if chosen else np.zeros(0)
        effects.append(
            Effect(
                names=tuple(names[axis] for axis in chosen) or ("rest",),
                share=share,
                clean=_clean(share * total, total, noise, freedom, spread),
                low=float(low),
                high=float(high),
                p=_chance(share * total, noise, freedom, spread),
                means=means + values.mean() if len(chosen) == 1 else means,
            )
        )
    return sorted(effects, key=lambda effect: -effect.share), noise / total


def _parts(grid: Floats, settings: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], Floats]:
    """Return each effect on the grid of means, its axes those of the settings."""
    found: dict[tuple[int, ...], Floats] = {(): np.asarray(grid.mean())}
    for chosen in settings:
        others = tuple(axis for axis in range(grid.ndim) if axis not in chosen)
        part = grid.mean(axis=others) if others else grid.copy()
        for lower, value in found.items():
            if set(lower) < set(chosen):
                shape = [grid.shape[axis] if axis in lower else 1 for axis in chosen]
                part = part - value.reshape(shape)
        found[chosen] = part
    return found


def _shares(values: Floats, settings: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], float]:
    """Return each effect's share of the whole variance; the empty key holds all interactions that are not listed."""
    grid = values.mean(axis=-1)
    total = max(float(((values - values.mean()) ** 2).mean()), 1e-300)
    parts = _parts(grid, settings)
    shares = {chosen: float((parts[chosen] ** 2).mean()) / total for chosen in settings}
    shares[()] = max(0.0, float(grid.var()) / total - sum(shares.values()))
    return shares


def _resampled(values: Floats, resamples: int, seed: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    draws = (rng.integers(0, values.shape[-1], values.shape) for _ in range(resamples))
    return [np.take_along_axis(values, draw, axis=-1) for draw in draws]


def _clean(effect: float, total: float, noise: float, freedom: int, spread: int) -> float:
    if spread == 0:
        return effect / total
    mean = noise / spread
    return max(0.0, (effect - freedom * mean) / (total + mean))


def _chance(effect: float, noise: float, freedom: int, spread: int) -> float:
    from scipy.stats import f

    if spread == 0 or freedom < 1:
        return float("nan")
    return float(f.sf((effect / freedom) / max(noise / spread, 1e-300), freedom, spread))
