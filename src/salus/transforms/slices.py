"""Read grey slices from a sample, whatever way they came, and refuse what cannot be a slice or a series."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Image, Sample


def grey_slices(sample: Sample, name: str = "image") -> NDArray[Any]:
    """Return a sample's slices `(S, H, W)` in their order and unit; one slice gives S = 1.

    Args:
        sample: Holds an `Image` of shape `(1, H, W)` or `(1, S, H, W)`; three channels are taken where they agree.
        name: Name of the input.

    Raises:
        DataError: No such image, a value that is not finite, or a series that does not tell its order (neither an
            affine nor three spacings with a positive slice distance).
        ShapeError: Colour, slices of unequal size, nothing in it, or another number of axes.
    """
    image = sample.inputs.get(name)
    if not isinstance(image, Image):
        raise DataError(f"{sample.id}: no image {name!r}; give an Image of shape (1, H, W) or (1, S, H, W)")
    array = image.array
    if array.dtype == object:
        raise ShapeError(f"{sample.id}: slices of unequal size; bring them to one size before they are stacked")
    if array.ndim == 5 or array.shape[0] not in (1, 3) or 0 in array.shape:
        raise ShapeError(f"{sample.id}: image of shape {array.shape}; expected (1, H, W) or (1, S, H, W), none empty")
    if not np.isfinite(array).all():
        raise DataError(f"{sample.id}: not every value is finite; repair or leave out the image")
    if array.shape[0] == 3 and not ((array[0] == array[1]).all() and (array[0] == array[2]).all()):
        raise ShapeError(f"{sample.id}: a colour image where grey slices are read; convert it on purpose")
    if array.ndim == 3:
        return array[:1]
    spacing = image.spacing_mm
    if array.shape[1] > 1 and image.affine is None and (spacing is None or len(spacing) != 3 or not spacing[0] > 0):
        raise DataError(
            f"{sample.id}: a series of {array.shape[1]} slices without order; sort them by position and give three "
            "spacings (slice distance first) or an affine"
        )
    return array[0]


def check_window(sample: Sample, low: float, high: float, unit: str, name: str = "image") -> None:
    """Refuse an image whose unit or range cannot be that of the training part.

    Raises:
        DataError: As a `UnitError`: another unit, or a value further outside low..high than that range is wide.
    """
    from salus.schema.errors import UnitError

    image, span = sample.inputs[name], high - low
    least, most = float(image.array.min()), float(image.array.max())
    if image.unit != unit or most > high + span or least < low - span:
        raise UnitError(
            f"{sample.id}: values {least:g} to {most:g} in {image.unit!r}, trained on {low:g} to {high:g} in {unit!r}; "
            "apply the same window first"
        )
