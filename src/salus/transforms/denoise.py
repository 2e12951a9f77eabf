"""Classical denoising of one plane, and the choice of its strength on images whose truth is known."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError

Plane = NDArray[np.float32]
Denoiser = Callable[[Plane, float], Plane]


def noise_sd(plane: NDArray[np.floating]) -> float:
    """Estimate the standard deviation of the noise of an image `(H, W)` from its second differences.

    The mean absolute answer of a mask that is blind to planes and ramps; edges raise it a little.

    Source:
        Immerkaer 1996, doi 10.1006/cviu.1996.0060, equation 3.
    """
    x = np.asarray(plane, np.float64)
    if min(x.shape) < 3:
        raise DataError(f"image of {x.shape[0]} x {x.shape[1]} pixels: noise needs at least 3 x 3")
    rows = x[:-2] - 2 * x[1:-1] + x[2:]
    mask = rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:]
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(mask).mean())


def total_variation(plane: Plane, strength: float) -> Plane:
    """Denoise `(H, W)` by least total variation; `strength` is in units of the image.

    Source:
        Rudin, Osher and Fatemi 1992, doi 10.1016/0167-2789(92)90242-F; algorithm of Chambolle 2004,
        doi 10.1023/B:JMIV.0000011325.36760.1e.
    """
    from skimage.restoration import denoise_tv_chambolle

    # The library stops by a relative change of the energy, so the image is brought near one first.
    scale = max(float(np.abs(plane).max()), 1e-12)
    clean = denoise_tv_chambolle(plane.astype(np.float64) / scale, weight=strength / scale, eps=1e-4, max_num_iter=200)
    return (clean * scale).astype(np.float32)


def nonlocal_means(plane: Plane, strength: float) -> Plane:
    """Denoise `(H, W)` by averaging pixels with like surroundings; `strength` is in units of the image.

    Source:
        Buades, Coll and Morel 2005, doi 10.1109/CVPR.2005.38; fast form of Darbon and others 2008,
        doi 10.1109/ISBI.2008.4541250.
    """
    from skimage.restoration import denoise_nl_means

    clean = denoise_nl_means(plane, patch_size=5, patch_distance=6, h=strength, fast_mode=True)
    return np.asarray(clean, np.float32)


def without_bias(plane: Plane, bias: float) -> Plane:
    """Take the mean that Rician noise adds out of a magnitude image: `sqrt(max(plane^2 - bias, 0))`.

    The noise of magnitude MR pictures does not average to zero: a smoothed background of true value 0 stays at 1.25
    standard deviations, and a strong signal A at about A + sd^2 / 2A. A smoother that ignores it leaves a veil.

    Source:
        Gudbjartsson and Patz 1995, doi 10.1002/mrm.1910340618, equation 5, with the subtracted square left to choose.
    """
    if bias == 0.0:
        return plane
    return np.sqrt(np.maximum(plane.astype(np.float64) ** 2 - bias, 0.0)).astype(np.float32)


def best_strength(
    method: Denoiser,
    noisy: Sequence[Plane],
    clean: Sequence[Plane],
    strengths: Sequence[float],
    window: Sequence[float],
    biases: Sequence[float] = (0.0,),
) -> tuple[float, float, list[float]]:
    """Choose how strong a method must be, and what `without_bias` must take out: one pair for all images.

    Args:
        method: `(plane, strength)` to plane.
        noisy: Images `(H, W)`.
        clean: Their truths.
        strengths: What to try, in units of the image.
        window: Errors are taken after clipping to it, as the judge does.
        biases: Squares to subtract, in squared units of the image; tried only where no noisy value is negative.

    Returns:
        The strength and the bias with the least mean squared error, and the least error of each strength.
    """
    low, high = window
    tried = list(biases) if min(float(x.min()) for x in noisy) >= 0 else [0.0]
    truth = [np.clip(y, low, high) for y in clean]
    table = np.zeros((len(strengths), len(tried)))
    for row, k in enumerate(strengths):
        for x, y in zip(noisy, truth, strict=True):
            smooth = method(x, k)
            table[row] += [np.mean((np.clip(without_bias(smooth, b), low, high) - y) ** 2) for b in tried]
    best, bias = divmod(int(table.argmin()), len(tried))
    return float(strengths[best]), float(tried[bias]), (table.min(axis=1) / len(noisy)).tolist()
