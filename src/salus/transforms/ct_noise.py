"""Low-dose CT from normal-dose CT: noise where it arises, in the counts of the detector."""

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import ConfigError, ShapeError, UnitError
from salus.transforms.radon import ParallelBeam, circle, parallel_beam

WATER_PER_MM = 0.0192
"""Linear attenuation of water near 70 keV, 1/mm (NIST XCOM: 0.193 cm2/g at 70 keV)."""
COUNTS = {"10": 120.0, "25": 300.0, "40": 480.0}
"""Photons at the 5th transmission percentile of a slice, by dose in percent of the normal one."""
ELECTRONIC_SD = 10.0
AIR_HU = -1000.0


def attenuation(image_hu: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return linear attenuation in 1/mm of an image in HU; below air there is none."""
    return (np.maximum(1 + np.asarray(image_hu, np.float32) / 1000, 0) * WATER_PER_MM).astype(np.float32)


def hounsfield(attenuation_per_mm: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return HU of linear attenuation in 1/mm."""
    return ((np.asarray(attenuation_per_mm, np.float32) / WATER_PER_MM - 1) * 1000).astype(np.float32)


def low_dose(
    images_hu: NDArray[np.floating],
    spacing_mm: float,
    counts: float,
    rng: np.random.Generator,
    views: int = 360,
) -> NDArray[np.float32]:
    """Simulate the same slices at a lower dose.

    Line integrals p are exact for the pixel grid; counts = Poisson(I0 exp(-p)) + N(0, 10), read back as
    -ln(max(counts, 1) / I0) and reconstructed with the ramp. I0 is set per slice so that the ray at the 5th
    percentile of transmission has `counts` photons, as the tube-current control of a scanner does.

    Args:
        images_hu: `(N, S, S)`, HU; the object lies inside the inscribed circle, outside is taken as air.
        spacing_mm: Width of a square pixel.
        counts: Photons at the 5th transmission percentile, see `COUNTS`.
        rng: Source of the noise.
        views: Angles over the half turn.

    Returns:
        `(N, S, S)`, HU; air outside the inscribed circle.

    Raises:
        ShapeError: Images that are no stack of squares.
        UnitError: Values that cannot be HU.
        ConfigError: Spacing or counts that are not positive.

    Source:
        Huang et al. 2021, section IV-A (Poisson photons with electronic noise of variance 10 in their simulation; here
        the standard deviation is 10); per-slice I0 is this project's choice.
    """
    _check(images_hu, spacing_mm, counts)
    beam = parallel_beam(images_hu.shape[1], views)
    paths = beam.project(attenuation(images_hu)) * np.float32(spacing_mm)
    noisy = np.stack([_measure(path, counts, rng) for path in paths])
    return _read(beam, noisy, spacing_mm)


def normal_dose(images_hu: NDArray[np.floating], spacing_mm: float, views: int = 360) -> NDArray[np.float32]:
    """Reconstruct the same slices without noise: the truth that a restored low dose is compared with.

    Args:
        images_hu: `(N, S, S)`, HU.
        spacing_mm: Width of a square pixel.
        views: Angles over the half turn.

    Raises:
        ShapeError: Images that are no stack of squares.
        UnitError: Values that cannot be HU.
        ConfigError: Spacing that is not positive.
    """
    _check(images_hu, spacing_mm, 1.0)
    beam = parallel_beam(images_hu.shape[1], views)
    return _read(beam, beam.project(attenuation(images_hu)), 1.0)


def tube_counts(path: NDArray[np.floating], counts: float) -> float:
    """Return the photons per ray before the object, I0, that leave `counts` at the 5th transmission percentile."""
    return float(counts / np.percentile(np.exp(-path), 5))


def _measure(path: NDArray[np.float32], counts: float, rng: np.random.Generator) -> NDArray[np.float32]:
    start = tube_counts(path, counts)
    photons = rng.poisson(start * np.exp(-path.astype(np.float64))) + rng.normal(0, ELECTRONIC_SD, path.shape)
    return (-np.log(np.maximum(photons, 1.0) / start)).astype(np.float32)


def _read(beam: ParallelBeam, paths: NDArray[np.float32], spacing_mm: float) -> NDArray[np.float32]:
    images = hounsfield(beam.reconstruct(paths) / spacing_mm)
    images[:, ~circle(beam.size)] = AIR_HU
    return images


def _check(images_hu: NDArray[np.floating], spacing_mm: float, counts: float) -> None:
    if images_hu.ndim != 3 or images_hu.shape[1] != images_hu.shape[2]:
        raise ShapeError(f"images of shape {images_hu.shape}: the scanner takes square slices (N, S, S)")
    if not np.isfinite(images_hu).all() or images_hu.min() >= 0:
        low = float(images_hu.min())
        raise UnitError(f"images with a minimum of {low:g}: HU have air near -1000; apply the rescale intercept first")
    if spacing_mm <= 0 or counts <= 0:
        raise ConfigError(f"spacing {spacing_mm:g} mm and {counts:g} counts: both must be positive")
