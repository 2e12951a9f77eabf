"""Simulated chest and abdomen slices: organs, vessels, ribs, and low-contrast lesions whose places are known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import ConfigError

FAT, MUSCLE, LIVER, SPLEEN, LUNG, BONE, MARROW, BLOOD, AIR = (
    -100.0,
    50.0,
    60.0,
    55.0,
    -850.0,
    700.0,
    250.0,
    130.0,
    -1000.0,
)
FINE = 3
"""Sub-pixels per pixel and axis, so that edges have partial volumes as in a scanner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A disc at a known place.

    Attributes:
        row: Of its centre, pixels.
        column: Of its centre, pixels.
        radius: Pixels.
        contrast_hu: Against the organ; 0 for a place that was left healthy.
    """

    row: float
    column: float
    radius: float
    contrast_hu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom:
    """One simulated slice.

    Attributes:
        image: `(S, S)`, HU, float32.
        lesions: Low-contrast discs in the liver.
        healthy: As many places in the same organ without one, away from lesions and vessels.
    """

    image: NDArray[np.float32]
    lesions: tuple[Spot, ...]
    healthy: tuple[Spot, ...]


def ct_phantom(
    rng: np.random.Generator, size: int = 256, spots: int = 3, radius: float = 4.0, contrast_hu: float = -30.0
) -> Phantom:
    """Draw one slice through liver and lower lung; body, organs, vessels and ribs vary.

    Args:
        rng: Source of everything random.
        size: Pixels a side; radii below are for 256 and scale with it.
        spots: Lesions, and as many healthy places.
        radius: Of a lesion, pixels at size 256.
        contrast_hu: Lesion less liver.

    Raises:
        ConfigError: A size below 64, or more spots than the liver holds.
    """
    if size < 64:
        raise ConfigError(f"phantom of {size} pixels: at least 64 are needed for ribs and lesions")
    scale = size / 256
    axis = (np.arange(size * FINE) + 0.5) / FINE - size / 2
    grid = (axis[:, None] / scale, axis[None, :] / scale)
    fine = np.full((size * FINE, size * FINE), AIR, np.float32)
    liver = _organs(fine, grid, rng)
    vessels = _vessels(fine, grid, liver, rng)
    free = _inside(liver, grid, radius * 2.0) & ~_near(vessels, grid, radius * 2.0)
    places = _spread(free, grid, 2 * spots, radius * 4.0, rng)
    if len(places) < 2 * spots:
        raise ConfigError(
            f"{spots} lesions of radius {radius:g} do not fit into the liver; ask for fewer or smaller ones"
        )
    for row, column in places[:spots]:
        _paint(fine, grid, contrast_hu, (row, column, radius, radius), add=True)
    image = fine.reshape(size, FINE, size, FINE).mean(axis=(1, 3))
    image += _texture(size, rng) * (image > -200)
    middle = (size - 1) / 2

    def spot(place: tuple[float, float], contrast: float) -> Spot:
        return Spot(
            row=place[0] * scale + middle,
            column=place[1] * scale + middle,
            radius=radius * scale,
            contrast_hu=contrast,
        )

    return Phantom(
        image=image.astype(np.float32),
        lesions=tuple(spot(place, contrast_hu) for place in places[:spots]),
        healthy=tuple(spot(place, 0.0) for place in places[spots : 2 * spots]),
    )


Grid = tuple[NDArray[np.float64], NDArray[np.float64]]


def _disc(grid: Grid, row: float, column: float, tall: float, wide: float, turn: float = 0.0) -> NDArray[np.bool_]:
    down, across = grid[0] - row, grid[1] - column
    cos, sin = np.cos(turn), np.sin(turn)
    mask: NDArray[np.bool_] = ((down * cos - across * sin) / tall) ** 2 + ((down * sin + across * cos) / wide) ** 2 <= 1
    return mask


def _paint(
    fine: NDArray[np.float32], grid: Grid, value: float, ellipse: tuple[float, ...], *, add: bool = False
) -> None:
    """Set or add a value inside an ellipse (row, column, half height, half width, turn), touching only its box."""
    reach = max(ellipse[2:4])
    down, across = grid[0][:, 0], grid[1][0]
    rows = slice(*np.searchsorted(down, [ellipse[0] - reach, ellipse[0] + reach]))
    columns = slice(*np.searchsorted(across, [ellipse[1] - reach, ellipse[1] + reach]))
    mask = _disc((grid[0][rows], grid[1][:, columns]), *ellipse)
    fine[rows, columns][mask] = fine[rows, columns][mask] + value if add else value


def _organs(fine: NDArray[np.float32], grid: Grid, rng: np.random.Generator) -> tuple[float, ...]:
    """Paint body, lung, spleen, spine, aorta and ribs; return the liver's ellipse."""
    tall, wide = rng.uniform(68, 78), rng.uniform(92, 106)
    _paint(fine, grid, FAT + rng.normal(0, 5), (0, 0, tall, wide))
    _paint(fine, grid, MUSCLE + rng.normal(0, 4), (0, 0, tall - 8, wide - 8))
    _paint(fine, grid, FAT + rng.normal(0, 5), (0, 0, tall - 15, wide - 15))
    liver = (
        rng.uniform(-8, 2),
        rng.uniform(-40, -34),
        rng.uniform(42, 48),
        rng.uniform(40, 46),
        rng.uniform(-0.3, 0.3),
    )
    _paint(fine, grid, LIVER + rng.normal(0, 5), liver)
    lung = (rng.uniform(-12, -4), rng.uniform(42, 48), rng.uniform(34, 40), rng.uniform(26, 32), rng.uniform(-0.2, 0.2))
    _paint(fine, grid, LUNG + rng.normal(0, 20), lung)
    for _ in range(12):  # vessels of the lung
        size = rng.uniform(0.8, 2.2)
        _paint(fine, grid, MUSCLE, (lung[0] + rng.uniform(-24, 24), lung[1] + rng.uniform(-16, 16), size, size))
    _paint(fine, grid, SPLEEN + rng.normal(0, 4), (28 + rng.normal(0, 2), 52 + rng.normal(0, 2), 14, 18, 0.6))
    spine = tall - 30
    _paint(fine, grid, BONE, (spine, 0, 12, 15))
    _paint(fine, grid, MARROW, (spine, 0, 9.5, 12.5))
    _paint(fine, grid, BLOOD + rng.normal(0, 10), (spine - 20, 8, 7, 7))
    count = int(rng.integers(7, 10))
    for angle in np.linspace(0.3, np.pi - 0.45, count) + rng.normal(0, 0.04, count):
        for side in (-1, 1):
            row, column = -(tall - 11.5) * np.cos(angle), side * (wide - 11.5) * np.sin(angle)
            _paint(fine, grid, BONE, (row, column, 3.2, 8.0, side * angle))
            _paint(fine, grid, MARROW, (row, column, 1.6, 6.0, side * angle))
    return liver


def _vessels(
    fine: NDArray[np.float32], grid: Grid, liver: tuple[float, ...], rng: np.random.Generator
) -> list[tuple[float, float, float]]:
    found = []
    for _ in range(int(rng.integers(4, 7))):
        angle, share, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.75), rng.uniform(1.5, 3.5)
        row = liver[0] + share * liver[2] * np.sin(angle)
        column = liver[1] + share * liver[3] * np.cos(angle)
        _paint(fine, grid, BLOOD, (row, column, size, size * rng.uniform(1.0, 1.8), rng.uniform(0, np.pi)))
        found.append((row, column, size * 1.8))
    return found


def _inside(ellipse: tuple[float, ...], grid: Grid, margin: float) -> NDArray[np.bool_]:
    row, column, tall, wide, turn = ellipse
    return _disc(grid, row, column, tall - margin, wide - margin, turn)


def _near(vessels: list[tuple[float, float, float]], grid: Grid, margin: float) -> NDArray[np.bool_]:
    mask = np.zeros((len(grid[0]), grid[1].shape[1]), bool)
    for row, column, size in vessels:
        mask |= _disc(grid, row, column, size + margin, size + margin)
    return mask


def _spread(
    free: NDArray[np.bool_], grid: Grid, count: int, apart: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Draw places in a mask, each at least `apart` from the others; in random order, so halves do not differ."""
    rows, columns = np.nonzero(free)
    places: list[tuple[float, float]] = []
    for pick in rng.permutation(len(rows)):
        row, column = float(grid[0][rows[pick], 0]), float(grid[1][0, columns[pick]])
        if all(np.hypot(row - r, column - c) >= apart for r, c in places):
            places.append((row, column))
        if len(places) == count:
            break
    order = rng.permutation(len(places))
    return [places[i] for i in order]


def _texture(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    rough = gaussian_filter(rng.normal(0, 1, (size, size)), 1.5, mode="wrap")
    return 4.0 * rough / rough.std()
