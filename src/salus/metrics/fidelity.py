"""How near an image is to the truth: error, structure, edges and noise texture.

Images are `(..., H, W)`: every leading axis counts planes, and a figure is the mean over planes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.metrics.weights import Floats
from salus.schema.errors import ShapeError

BEST_PSNR = 100.0
"""dB that an image equal to the truth gets, so that means stay finite."""

_SIGMA = 1.5  # Wang et al. 2004: an 11 x 11 Gaussian window
_RADIUS = 5
_DETREND_SIGMA = 2.0  # pixels; what is smoother is anatomy, what is rougher is texture


def rmse(image: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the root of the mean squared error, in the images' unit."""
    first, second = _pair(image, truth)
    return float(np.sqrt(np.mean((first - second) ** 2)))


def psnr(image: NDArray[Any], truth: NDArray[Any], value_range: float) -> float:
    """Return the peak signal-to-noise ratio, dB, at most `BEST_PSNR`.

    Args:
        image: `(..., H, W)`.
        truth: Same shape.
        value_range: Highest minus lowest meaningful value.
    """
    error = rmse(image, truth)
    if error == 0:
        return BEST_PSNR
    return float(min(20 * np.log10(value_range / error), BEST_PSNR))


def ssim(image: NDArray[Any], truth: NDArray[Any], value_range: float) -> float:
    """Return the structural similarity with an 11 x 11 Gaussian window of sigma 1.5, in [-1, 1].

    The mean leaves out a border of 5 pixels, where the window would look past the image, if anything is left then.

    Args:
        image: `(..., H, W)`.
        truth: Same shape.
        value_range: Highest minus lowest meaningful value.

    Source:
        Wang, Bovik, Sheikh and Simoncelli 2004, doi:10.1109/TIP.2003.819861, equation 13.
    """
    first, second = _pair(image, truth)
    mean_1, mean_2 = _window(first), _window(second)
    variance_1 = _window(first * first) - mean_1 * mean_1
    variance_2 = _window(second * second) - mean_2 * mean_2
    covariance = _window(first * second) - mean_1 * mean_2
    c1, c2 = (0.01 * value_range) ** 2, (0.03 * value_range) ** 2
    similarity = ((2 * mean_1 * mean_2 + c1) * (2 * covariance + c2)) / (
        (mean_1**2 + mean_2**2 + c1) * (variance_1 + variance_2 + c2)
    )
    if min(similarity.shape[-2:]) > 2 * _RADIUS:
        similarity = similarity[..., _RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
    return float(np.clip(similarity.mean(), -1.0, 1.0))


def gradient_error(image: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the mean absolute difference of the Sobel magnitudes, unit per pixel.

    The Sobel kernel is divided by 8, so that a ramp of one unit per pixel has magnitude one. Images whose values span
    a range L differ by at most L / sqrt(2).
    """
    first, second = _pair(image, truth)
    return float(np.mean(np.abs(_edges(first) - _edges(second))))


def noise_power_distance(image: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return how far the noise power spectra of two images are apart, in [0, 1].

    Residuals are the images less their Gaussian-smoothed selves (sigma 2 pixels). Their power is averaged over rings
    of equal spatial frequency; the distance is the sum of absolute differences over the sum of both spectra. Zero
    means equal texture in strength and grain; an image smoothed until it has no texture gets one.

    Source:
        Spectra as in Siewerdsen, Cunningham and Jaffray 2002, doi:10.1118/1.1513158; distance of Bray and Curtis 1957.
    """
    first, second = _pair(image, truth)
    power_1, power_2 = noise_power(first), noise_power(second)
    total = float((power_1 + power_2).sum())
    return float(np.abs(power_1 - power_2).sum()) / total if total > 0 else 0.0


def noise_power(image: NDArray[Any]) -> Floats:
    """Return the noise power of an image `(..., H, W)` by ring of spatial frequency, `(F,)`, from 1 cycle per width up.

    Rings are one cycle per shorter side wide and end at the shorter side's Nyquist frequency.
    """
    from scipy.ndimage import gaussian_filter

    array = np.asarray(image, dtype=np.float64)
    sigma = (0.0,) * (array.ndim - 2) + (_DETREND_SIGMA, _DETREND_SIGMA)
    residual = array - gaussian_filter(array, sigma, mode="reflect")
    height, width = array.shape[-2:]
    power = np.abs(np.fft.fft2(residual)) ** 2 / (height * width)
    plane = power.reshape(-1, height, width).mean(axis=0)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :])
    side = min(height, width)
    ring = np.rint(radius * side).astype(np.int64).ravel()
    count, total = np.bincount(ring), np.bincount(ring, weights=plane.ravel())
    return total[1 : side // 2 + 1] / np.maximum(count[1 : side // 2 + 1], 1)


def _pair(image: NDArray[Any], truth: NDArray[Any]) -> tuple[Floats, Floats]:
    first, second = np.asarray(image, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if first.shape != second.shape or first.ndim < 2:
        raise ShapeError(f"image of shape {first.shape}, truth of shape {second.shape}: expected equal (..., H, W)")
    return first, second


def _window(array: Floats) -> Floats:
    from scipy.ndimage import gaussian_filter

    sigma = (0.0,) * (array.ndim - 2) + (_SIGMA, _SIGMA)
    return gaussian_filter(array, sigma, mode="reflect", truncate=_RADIUS / _SIGMA)


def _edges(array: Floats) -> Floats:
    from scipy.ndimage import sobel

    across, down = sobel(array, axis=-1, mode="reflect"), sobel(array, axis=-2, mode="reflect")
    return np.hypot(across, down) / 8
