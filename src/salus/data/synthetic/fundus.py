"""Fundus photographs whose grade is set by counted lesions with masks; the camera's colour is a nuisance.

What is drawn is how much of each colour comes back: a disc of shaded tissue with an optic disc, a macula and vessels;
on it red lesions (dots and blots, dark in green), yellow ones (bright in red and green) and, in the highest grade, a
broad veil of blood before the retina. Dark neutral spots as large as blots and bright white ones as large as exudates
are in every grade: in the green channel alone they cannot be told from the lesions. The veil is as broad as the uneven
light: once the local mean is subtracted it is gone. So neither view of a photograph holds all of the evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as made_anew

import numpy as np
from numpy.typing import NDArray

KINDS = ("dot", "blot", "exudate", "veil")
COUNTS: tuple[dict[str, tuple[int, int]], ...] = (
    {},
    {"dot": (4, 9)},
    {"dot": (4, 9), "blot": (2, 4), "exudate": (0, 5)},
    {"dot": (4, 9), "blot": (7, 11), "exudate": (0, 5)},
    {"dot": (4, 9), "blot": (2, 4), "exudate": (0, 5), "veil": (1, 1)},
)
"""Fewest and most lesions of each kind, by grade; after the order in which the international scale names them.

Source:
    Wilkinson et al. 2003, doi 10.1016/S0161-6420(03)00475-5, table 2, with counts scaled to a small picture; bleeding
    before the retina makes the highest grade, however few the other lesions are.
"""
RADIUS = {"dot": (0.014, 0.020), "blot": (0.030, 0.044), "exudate": (0.018, 0.028), "veil": (0.26, 0.34)}
"""Of a lesion, as a share of the picture's side."""
LOOK_ALIKES = (2, 8)
_TISSUE = (0.66, 0.34, 0.16)
_RED, _BLOT, _YELLOW = (0.94, 0.60, 0.70), (0.86, 0.50, 0.60), (0.30, 0.34, 0.04)
_DUST, _REFLEX = (0.52, 0.52, 0.52), (0.32, 0.32, 0.32)
_VESSEL = (0.90, 0.62, 0.72)
_VEIL = (0.80, 0.45, 0.55)
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Camera:
    """How a camera turns light into grey levels: `255 * gain * light ** gamma + lift`, each colour by itself."""

    gain: tuple[float, float, float]
    gamma: float = 1.0
    lift: tuple[float, float, float] = (0.0, 0.0, 0.0)


SEEN = (
    Camera((1.20, 1.15, 1.10)),
    Camera((1.05, 1.30, 1.35), 1.1, (4.0, 0.0, 6.0)),
    Camera((1.30, 0.95, 0.85), 0.9, (0.0, 6.0, 0.0)),
)
NEW = (Camera((0.85, 1.45, 1.80), 1.25, (10.0, 6.0, 14.0)),)
CAMERAS = {"seen": SEEN, "new": NEW}


@dataclass(frozen=True, slots=True)
class Lesion:
    """A planted lesion: its centre and radius in pixels."""

    kind: str
    row: float
    column: float
    radius: float


@dataclass(slots=True)
class FundusScene:
    """One eye before a camera looks at it.

    Attributes:
        light: `(3, H, W)`, share of each colour that comes back, 0 outside the disc.
        field: `(H, W)`, true inside the disc.
        masks: `(H, W)` uint8, 0 or one more than the place in `KINDS`.
        lesions: What was planted.
        grade: 0 to 4.
    """

    light: Floats
    field: NDArray[np.bool_]
    masks: NDArray[np.uint8]
    grade: int
    lesions: list[Lesion] = made_anew(default_factory=list)


def fundus_scene(rng: np.random.Generator, grade: int, size: int = 64) -> FundusScene:
    """Draw one eye.

    Args:
        rng: Source of all randomness.
        grade: 0 to 4.
        size: Rows and columns.
    """
    scene = _tissue(rng, size, grade)
    hub = _disc_and_macula(scene, rng)
    _vessels(scene, rng, hub)
    for factor, bright in ((_DUST, False), (_REFLEX, True)):
        kind = "exudate" if bright else "blot"
        for _ in range(int(rng.integers(LOOK_ALIKES[0], LOOK_ALIKES[1] + 1))):
            row, column, radius = _place(scene, rng, kind)
            _spot(scene, row, column, radius, factor, bright=bright)
    for kind, (fewest, most) in COUNTS[grade].items():
        for _ in range(int(rng.integers(fewest, most + 1))):
            row, column, radius = _place(scene, rng, kind)
            scene.lesions.append(Lesion(kind, row, column, radius))
            _plant(scene, rng, scene.lesions[-1])
    scene.light *= scene.field
    return scene


def photograph(scene: FundusScene, camera: Camera, rng: np.random.Generator, noise: float = 2.0) -> NDArray[np.uint8]:
    """Return what a camera makes of an eye, `(3, H, W)`; `noise` is its deviation in grey levels."""
    gain = np.array(camera.gain)[:, None, None] * rng.uniform(0.92, 1.08)
    levels = 255.0 * gain * np.maximum(scene.light, 0.0) ** camera.gamma + np.array(camera.lift)[:, None, None]
    levels += noise * rng.standard_normal(levels.shape)
    dark = np.abs(rng.standard_normal(levels.shape))
    return np.rint(np.clip(np.where(scene.field, levels, dark), 0, 255)).astype(np.uint8)


def _tissue(rng: np.random.Generator, size: int, grade: int) -> FundusScene:
    from scipy.ndimage import gaussian_filter

    grid = np.mgrid[:size, :size] / (size - 1) * 2 - 1
    inside = grid[0] ** 2 + grid[1] ** 2 < rng.uniform(0.90, 0.96) ** 2
    shade = 1.0 - rng.uniform(0.15, 0.35) * ((grid[0] - rng.uniform(-0.3, 0.3)) ** 2 + grid[1] ** 2)
    rough = gaussian_filter(rng.standard_normal((size, size)), size / 24)
    fine = gaussian_filter(rng.standard_normal((size, size)), 0.8)
    shade = shade + 0.06 * rough / rough.std() + 0.015 * fine / fine.std()
    tint = np.array(_TISSUE) * rng.uniform(0.9, 1.1, 3)
    return FundusScene(tint[:, None, None] * shade, inside, np.zeros((size, size), np.uint8), grade)


def _disc_and_macula(scene: FundusScene, rng: np.random.Generator) -> tuple[float, float]:
    size = len(scene.field)
    grid = np.mgrid[:size, :size]
    side = 1.0 if rng.random() < 0.5 else -1.0
    hub = (size * rng.uniform(0.45, 0.55), size * (0.5 + side * rng.uniform(0.25, 0.30)))
    centre = (size * rng.uniform(0.48, 0.56), size * (0.5 - side * rng.uniform(0.02, 0.08)))
    for (row, column), width, change in ((hub, 0.055, (0.28, 0.42, 0.30)), (centre, 0.07, (-0.08, -0.10, -0.04))):
        bump = np.exp(-((((grid[0] - row) ** 2 + (grid[1] - column) ** 2) / (2 * (width * size) ** 2)) ** 1.5))
        scene.light += np.array(change)[:, None, None] * bump
    return hub


def _vessels(scene: FundusScene, rng: np.random.Generator, hub: tuple[float, float]) -> None:
    size = len(scene.field)
    inward = np.arctan2(0.0, size / 2 - hub[1])
    for up in (-1.0, 1.0):
        for spread in (0.9, 0.35):
            angle = inward + up * (spread + rng.uniform(0.0, 0.5))
            _walk(scene, rng, hub, angle, turn=-up * np.sign(np.cos(inward)) * rng.uniform(0.01, 0.03), width=0.9)
        _walk(scene, rng, hub, inward + np.pi + up * rng.uniform(0.4, 1.2), turn=0.0, width=0.7)


def _walk(
    scene: FundusScene,
    rng: np.random.Generator,
    start: tuple[float, float],
    angle: float,
    *,
    turn: float,
    width: float,
) -> None:
    size = len(scene.field)
    steps = int(0.8 * size)
    angles = angle + np.cumsum(turn * 96 / size + 0.06 * rng.standard_normal(steps))
    path = np.stack((start[0] + np.cumsum(np.sin(angles)), start[1] + np.cumsum(np.cos(angles))))
    widths = np.linspace(width, 0.35 * width, steps) * size / 96
    _stroke(scene, path, widths, _VESSEL)


def _stroke(scene: FundusScene, path: Floats, widths: Floats, factor: Sequence[float]) -> None:
    """Darken along a path `(2, N)` of points one pixel apart."""
    size = len(scene.field)
    depth = np.zeros((size, size))
    for row, column, width in zip(*path, widths, strict=True):
        if not (1 <= row < size - 2 and 1 <= column < size - 2):
            continue
        top, left = int(row) - 1, int(column) - 1
        square = np.ogrid[top : top + 4, left : left + 4]
        near = np.exp(-((square[0] - row) ** 2 + (square[1] - column) ** 2) / (2 * max(width, 0.35) ** 2))
        part = depth[top : top + 4, left : left + 4]
        np.maximum(part, near * min(1.0, width / 0.5), out=part)
    scene.light *= 1.0 - (1.0 - np.array(factor))[:, None, None] * depth


def _place(scene: FundusScene, rng: np.random.Generator, kind: str) -> tuple[float, float, float]:
    """Draw a centre inside the disc, if possible clear of lesions, and a radius."""
    size = len(scene.field)
    radius = size * rng.uniform(*RADIUS[kind])
    row = column = size / 2
    for _ in range(50):
        reach, angle = (0.6 if kind == "veil" else 0.82) * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        row, column = size / 2 * (1 + reach * np.sin(angle)), size / 2 * (1 + reach * np.cos(angle))
        apart = (o for o in scene.lesions if kind != "veil" and o.kind != "veil")
        if all(np.hypot(row - o.row, column - o.column) > radius + o.radius + 1.5 for o in apart):
            break
    return float(row), float(column), float(radius)


def _plant(scene: FundusScene, rng: np.random.Generator, lesion: Lesion) -> None:
    place = (lesion.row, lesion.column, lesion.radius)
    if lesion.kind == "veil":
        size = len(scene.field)
        grid = np.ogrid[:size, :size]
        distance = np.hypot(grid[0] - lesion.row, grid[1] - lesion.column)
        depth = np.exp(-0.5 * (distance / (0.6 * lesion.radius)) ** 2)  # no edge that a fine filter could see
        scene.light *= 1.0 - (1.0 - np.array(_VEIL))[:, None, None] * depth
        where: NDArray[np.bool_] = (distance <= lesion.radius) & (scene.masks == 0) & scene.field
    else:
        factor = {"dot": _RED, "blot": _BLOT, "exudate": _YELLOW}[lesion.kind]
        where = _spot(scene, *place, factor, bright=lesion.kind == "exudate", rng=rng)
    scene.masks[where] = 1 + KINDS.index(lesion.kind)


def _spot(
    scene: FundusScene,
    row: float,
    column: float,
    radius: float,
    change: Sequence[float],
    *,
    bright: bool,
    rng: np.random.Generator | None = None,
) -> NDArray[np.bool_]:
    """Draw a soft spot: `change` is added where it is bright, else multiplied; return where it is."""
    size = len(scene.field)
    grid = np.ogrid[:size, :size]
    squeeze = 1.0 if rng is None else rng.uniform(0.85, 1.15)
    distance = np.hypot((grid[0] - row) * squeeze, (grid[1] - column) / squeeze)
    soft = 1.0 / (1.0 + np.exp((distance - radius) / 0.35))
    colour = np.array(change)[:, None, None]
    scene.light = scene.light + colour * soft if bright else scene.light * (1.0 - (1.0 - colour) * soft)
    where: NDArray[np.bool_] = distance <= radius
    return where
