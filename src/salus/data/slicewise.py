"""A volume for a system that answers one slice at a time: taken apart on the way in, put together on the way out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.schema.sample import Image, Sample

SLICE = "(1, H, W)"
"""How a card writes an input of one grey slice."""


def takes_slices(inputs: Sequence[tuple[str, str]]) -> bool:
    """Tell whether a card's inputs name one grey slice and no volume.

    >>> takes_slices((("image", "Image (1, H, W): one slice in HU"),))
    True
    >>> takes_slices((("image", "Image (1, H, W): one slice; or (1, S, H, W): a series"),))
    False
    """
    return any(SLICE in words and "S, H, W" not in words and "D, H, W" not in words for _, words in inputs)


def slices_of(sample: Sample) -> list[Sample]:
    """Return the slices of a sample whose only image is a volume `(1, D, H, W)`; any other sample as it is.

    Each slice keeps its place in the patient: the affine's origin moves along the third axis.
    """
    volumes = [name for name, value in sample.inputs.items() if isinstance(value, Image) and value.array.ndim == 4]
    if len(volumes) != 1 or sample.inputs[volumes[0]].array.shape[0] != 1:
        return [sample]
    name = volumes[0]
    image: Image = sample.inputs[name]
    found = []
    for number in range(image.array.shape[1]):
        affine = None if image.affine is None else image.affine.copy()
        if affine is not None:
            affine[:3, 3] += number * affine[:3, 2]
        spacing = None if image.spacing_mm is None else image.spacing_mm[-2:]
        plane = replace(image, array=image.array[:, number], spacing_mm=spacing, affine=affine)
        found.append(
            replace(sample, id=f"{sample.id}, slice {number}", inputs={**sample.inputs, name: plane}, target=None)
        )
    return found


def together(values: Sequence[Any], reasons: Sequence[str]) -> tuple[NDArray[Any] | None, str]:
    """Stack the answers `(1, H, W)` of all slices to `(1, D, H, W)`; one slice without an answer leaves none.

    Returns:
        The volume and an empty reason, or None and the first slice's reason with how many failed.
    """
    failed = [number for number, value in enumerate(values) if value is None]
    if failed:
        more = f" (and {len(failed) - 1} more of {len(values)} slices)" if len(failed) > 1 else ""
        return None, f"{reasons[failed[0]]}{more}"
    return np.stack([np.asarray(value) for value in values], axis=1), ""
