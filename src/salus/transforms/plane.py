"""One-slice images on their way to a restoring network: what is refused, what is measured, how patches are cut."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Image, Sample

THICKER = 3.0
"""A slice this much thicker than those of training has another noise and another blur."""
SQUARE = 0.01
"""Pixels may differ from squares by this share."""
AIR_SHARE = 0.85
TRIES = 20


def plane_of(sample: Sample, name: str = "image", *, hounsfield: bool = True) -> NDArray[np.float32]:
    """Return a sample's picture as `(1, H, W)` float32 in its own unit.

    Args:
        sample: Its input `name` is an `Image`.
        name: Which input.
        hounsfield: Refuse HU without a negative value; False for patches, which may lie inside the body.

    Raises:
        DataError: No such input, or values that are not finite.
        ShapeError: Colour, a volume, or pixels that are not square.
        UnitError: Values that cannot be HU.
    """
    image = sample.inputs.get(name)
    if not isinstance(image, Image):
        raise DataError(f"sample {sample.id}: no image named {name!r}; it has {', '.join(sample.inputs) or 'nothing'}")
    shape = image.array.shape
    if len(shape) != 3 or shape[0] != 1:
        what = "a colour picture (a screen capture?)" if len(shape) == 3 and shape[0] in (3, 4) else "no single slice"
        raise ShapeError(f"sample {sample.id}: shape {shape} is {what}; give one grey slice (1, H, W) as acquired")
    spacing = image.spacing_mm
    if spacing is not None and abs(spacing[-1] - spacing[-2]) > SQUARE * spacing[-1]:
        raise ShapeError(
            f"sample {sample.id}: pixels of {spacing[-2]:g} x {spacing[-1]:g} mm are not square; resample the slice"
        )
    array = np.asarray(image.array, np.float32)
    if not np.isfinite(array).all():
        raise DataError(f"sample {sample.id}: {int((~np.isfinite(array)).sum())} values are not finite; mend the slice")
    if hounsfield and image.unit == "HU" and array.min() >= 0:
        raise UnitError(
            f"sample {sample.id}: the lowest value is {array.min():g} HU, but air is -1000; "
            "apply the rescale slope and intercept"
        )
    return array


def fits(sample: Sample, trained: Mapping[str, Any], name: str = "image") -> None:
    """Compare a slice with those of training.

    Args:
        sample: Already passed by `plane_of`.
        trained: What `measure_planes` returned.
        name: Which input.

    Raises:
        UnitError: Another modality or unit.
        DataError: A slice three times thicker.
    """
    image: Image = sample.inputs[name]
    if image.modality and trained["modality"] and image.modality != trained["modality"]:
        raise UnitError(
            f"sample {sample.id}: a {image.modality} series, but the training part was {trained['modality']}; "
            f"train on {image.modality} first"
        )
    if image.unit != trained["unit"]:
        raise UnitError(
            f"sample {sample.id}: values in {image.unit}, but the training part was in {trained['unit']}; convert them"
        )
    thick, usual = thickness_mm(image), trained["thickness_mm"]
    if thick is not None and usual is not None and thick >= THICKER * usual:
        raise DataError(
            f"sample {sample.id}: {thick:g} mm thick, trained on {usual:g} mm; "
            f"use slices thinner than {THICKER * usual:g} mm or train on thick ones"
        )


def thickness_mm(image: Image) -> float | None:
    """Return the distance that the affine gives to one step across slices, mm; None without an affine."""
    if image.affine is None:
        return None
    length = float(np.linalg.norm(image.affine[:3, 2]))
    return length if length > 0 else None


def measure_planes(samples: Sequence[Sample], window: Sequence[float] | None, name: str = "image") -> dict[str, Any]:
    """Return unit, modality, thickness (mm), intensity window and air limit of a training part, as JSON values.

    Args:
        samples: The training part, with targets.
        window: Taken for images in HU. Other units have no meaning across scanners: there the window spans the
            0.5th to the 99.5th percentile of the clean images.
        name: Which input.

    Raises:
        DataError: A sample is refused, has no clean image, or the part mixes units.
    """
    planes = [(sample, plane_of(sample, name), clean_of(sample, name)) for sample in samples]
    images: list[Image] = [sample.inputs[name] for sample, _, _ in planes]
    units = sorted({image.unit for image in images})
    if len(units) != 1:
        raise DataError(f"the training part mixes units {', '.join(units)}; convert them to one")
    if units[0] == "HU" and window is not None:
        low, high, air = float(window[0]), float(window[1]), -950.0
    else:
        found = np.percentile(np.stack([np.percentile(clean, [0.5, 99.5]) for _, _, clean in planes]), 50, axis=0)
        low, high = float(found[0]), float(found[1])
        air = low + 0.02 * (high - low)
    if high <= low:
        raise DataError(
            f"the clean images of the training part lie between {low:g} and {high:g}; they hold no contrast"
        )
    depths = [depth for depth in map(thickness_mm, images) if depth is not None]
    return {
        "unit": units[0],
        "modality": images[0].modality,
        "thickness_mm": float(np.median(depths)) if depths else None,
        "window": [low, high],
        "air": air,
    }


def clean_of(sample: Sample, name: str = "image") -> NDArray[np.float32]:
    """Return a training sample's clean image `(1, H, W)`.

    Raises:
        DataError: No target, or one of another shape or not finite.
    """
    shape = sample.inputs[name].array.shape
    clean = np.asarray(sample.target, np.float32) if sample.target is not None else None
    if clean is None or clean.shape != shape or not np.isfinite(clean).all():
        got = "nothing" if clean is None else f"shape {clean.shape}"
        raise DataError(f"sample {sample.id}: the clean image is {got}; a finite array of shape {shape} is needed")
    return clean


def planes_of(
    samples: Sequence[Sample], trained: Mapping[str, Any], patch: int, name: str = "image"
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return images and clean images of some samples, `(B, 1, H, W)`, scaled so that the window is [0, 1].

    Args:
        samples: Of one size.
        trained: What `measure_planes` returned.
        patch: Images no larger than this may lie inside the body, so their HU may all be positive.
        name: Which input.

    Returns:
        The images, and the clean ones or None where a sample has no target.

    Raises:
        DataError: A sample is refused, or differs in size from its neighbours.
    """
    low, high = trained["window"]
    images: list[NDArray[np.float32]] = []
    cleans: list[NDArray[np.float32]] = []
    for sample in samples:
        picture = sample.inputs.get(name)
        whole = not isinstance(picture, Image) or min(picture.array.shape[-2:]) > patch
        plane = plane_of(sample, name, hounsfield=whole)
        fits(sample, trained, name)
        if images and plane.shape != images[0].shape:
            raise ShapeError(
                f"sample {sample.id}: shape {plane.shape} beside {images[0].shape} in one batch; "
                "answer images of different sizes one at a time"
            )
        images.append(plane)
        if sample.target is not None:
            cleans.append(clean_of(sample, name))
    scale = np.float32(high - low)
    stacked = (np.stack(images) - np.float32(low)) / scale
    return stacked, (np.stack(cleans) - np.float32(low)) / scale if len(cleans) == len(images) else None


def cut_patch(sample: Sample, size: int, air: float, rng: np.random.Generator, name: str = "image") -> Sample:
    """Return a random square of an image and of its clean partner; mostly empty squares are drawn again.

    Args:
        sample: With a target.
        size: Pixels a side; the image itself where it is smaller.
        air: Clean values below this count as empty; a patch may hold 85 % of them.
        rng: Source of the place.
        name: Which input.
    """
    image, clean = sample.inputs[name], np.asarray(sample.target)
    height, width = clean.shape[-2:]
    tall, wide = min(size, height), min(size, width)
    place = (slice(0, tall), slice(0, wide))
    for _ in range(TRIES):
        top, left = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
        place = (slice(top, top + tall), slice(left, left + wide))
        if (clean[..., place[0], place[1]] < air).mean() <= AIR_SHARE:
            break
    patch = replace(image, array=image.array[..., place[0], place[1]])
    return replace(sample, inputs={**sample.inputs, name: patch}, target=clean[..., place[0], place[1]])
