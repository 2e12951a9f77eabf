"""What classical denoisers share as systems: one strength and one bias, chosen on training images with a known truth.

A method is a function of `salus.transforms.denoise`: `(plane, strength)` to plane. Its system keeps the two numbers in
the buffers `strength` and `bias`, scalars in float64.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from salus.contract.batch import Batch
from salus.contract.dataset import Dataset
from salus.schema.sample import Sample
from salus.transforms.denoise import Denoiser, best_strength, noise_sd, without_bias
from salus.transforms.plane import clean_of, measure_planes, plane_of, planes_of

BIASES = (0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 11.0, 15.0)
"""Squares tried against the mean of Rician noise, in multiples of the estimated variance."""


def measure_noisy(train: Dataset) -> dict[str, Any]:
    """Return `measure_planes` of the training part and the median standard deviation of its noise, `noise`.

    Raises:
        DataError: As `measure_planes`, or an image below 3 x 3 pixels.
    """
    samples = [train[i] for i in range(len(train))]
    noise = float(np.median([noise_sd(plane_of(sample)[0]) for sample in samples]))
    return {**measure_planes(samples, (0.0, 1.0)), "noise": noise}


def middle_strength(grid: Sequence[float], noise: float) -> Tensor:
    """Return the median of a grid as a strength in units of the image: the buffer before anything is chosen."""
    return torch.tensor(float(np.median(grid)) * noise, dtype=torch.float64)


def choose_strength(
    method: Denoiser,
    train: Dataset,
    *,
    noise: float,
    grid: Sequence[float],
    images: int,
    window: Sequence[float] | None,
) -> tuple[float, float]:
    """Choose strength and bias by the least squared error on training images.

    Args:
        method: `(plane, strength)` to plane.
        train: Noisy images with their truths.
        noise: Standard deviation, in units of the image.
        grid: Strengths to try, in multiples of `noise`.
        images: How many images are looked at, evenly spread.
        window: Errors are taken inside it; None for no bounds.

    Returns:
        The strength, in units of the image, and what `without_bias` takes out, in squared units.
    """
    chosen = np.unique(np.linspace(0, len(train) - 1, min(images, len(train))).round().astype(int))
    samples = [train[int(i)] for i in chosen]
    strength, bias, _ = best_strength(
        method,
        [plane_of(sample)[0] for sample in samples],
        [clean_of(sample)[0] for sample in samples],
        [k * noise for k in grid],
        window or (-np.inf, np.inf),
        [k * noise**2 for k in BIASES],
    )
    return strength, bias


def plane_batch(samples: Sequence[Sample], fingerprint: Mapping[str, Any]) -> Batch:
    """Return `image` and target `clean`, `(B, 1, H, W)` float32, in their own unit.

    Args:
        samples: Of a restoration question.
        fingerprint: From `measure_noisy`.

    Raises:
        DataError: As `planes_of`.
    """
    images, clean = planes_of(samples, {**fingerprint, "window": [0.0, 1.0]}, 0)
    target = {} if clean is None else {"clean": torch.from_numpy(clean)}
    return Batch(tuple(sample.id for sample in samples), {"image": torch.from_numpy(images)}, target)


def denoise(method: Denoiser, images: Tensor, strength: Tensor, bias: Tensor) -> Tensor:
    """Denoise images `(B, 1, H, W)` one by one and take the bias out; no gradient passes."""
    planes = images.detach().cpu().numpy()[:, 0]
    answers = [without_bias(method(plane, float(strength)), float(bias)) for plane in planes]
    return torch.from_numpy(np.stack(answers)[:, None]).to(images.device)
