"""Masks that a user drew: one class index a voxel, on the grid of the image they belong to."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.frame import spacing_of, to_world
from salus.schema.errors import DataError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Image

BACKGROUND = "background"
APART = 0.5
"""Voxels by which the corners of an image and its mask may be apart: half a voxel is the other voxel."""


def question_of_structures(names: str, source: object) -> Question:
    """Return the segmentation that names joined by `+` ask; mask value 0 is the background, 1 the first name.

    Raises:
        UsageError: An empty or repeated name.

    >>> question_of_structures("liver+tumour", "m.csv").classes
    ('background', 'liver', 'tumour')
    """
    words = [word.strip() for word in names.split("+")]
    if not all(words) or len({*words, BACKGROUND}) != len(words) + 1:
        raise UsageError(f"{source}: structures={names!r}; name the mask's values 1, 2, ... as structures=liver+tumour")
    return Question(kind="segmentation", classes=(BACKGROUND, *words))


def mask_target(mask: Image, image: Image, classes: Sequence[str], name: str) -> dict[str, Any]:
    """Return a mask as the target of segmentation: `label` of class indices and `spacing_mm`.

    Args:
        mask: As read from its file; values may be stored as floats.
        image: What it belongs to.
        classes: Background first.
        name: Of the sample, for errors.

    Raises:
        DataError: Another grid, a mask that lies elsewhere in the patient, or values that are no class.
    """
    space = image.array.shape[-(3 if image.array.ndim > 3 else 2) :]
    if mask.array.shape[0] != 1 or mask.array.shape[1:] != space:
        raise DataError(
            f"sample {name}: mask of shape {mask.array.shape} for an image of {image.array.shape}; use one grid"
        )
    _same_place(mask, image, space, name)
    values = np.unique(mask.array)
    if (values != np.rint(values)).any() or values[0] < 0 or values[-1] >= len(classes):
        shown = ", ".join(f"{value:g}" for value in values[:6].tolist())
        raise DataError(
            f"sample {name}: mask values {shown}{', ...' if len(values) > 6 else ''}; "
            f"expected 0 for the background to {len(classes) - 1} for {classes[-1]!r}"
        )
    label: NDArray[Any] = mask.array[0].astype(np.uint8 if len(classes) <= 256 else np.uint16)
    return {"label": label, "spacing_mm": image.spacing_mm}


def _same_place(mask: Image, image: Image, space: Sequence[int], name: str) -> None:
    if mask.affine is None or image.affine is None:
        return
    depth, height, width = (1,) * (3 - len(space)) + tuple(space)
    corners = np.array([(i, j, k) for i in (0, width - 1) for j in (0, height - 1) for k in (0, depth - 1)])
    apart = np.linalg.norm(to_world(image.affine, corners) - to_world(mask.affine, corners), axis=1).max()
    if apart > APART * min(spacing_of(image.affine)):
        raise DataError(
            f"sample {name}: its mask lies up to {apart:.3g} mm away from where the image lies; "
            "save the mask with the image's own geometry"
        )
