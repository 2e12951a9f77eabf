"""Read grey slices from samples, whatever way they came; refuse what cannot be a slice or a series."""

import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.schema.errors import DataError, ShapeError, UnitError
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


def pictures(sample: Sample, name: str = "image") -> NDArray[Any]:
    """Return a sample's pictures `(S, C, H, W)`: one picture `(C, H, W)` gives S = 1; a series keeps its one channel.

    Raises:
        DataError: No such image, or a value that is not finite.
        ShapeError: Nothing in it, or another number of axes.
    """
    image = sample.inputs.get(name)
    if not isinstance(image, Image):
        raise DataError(f"{sample.id}: no image {name!r}; give an Image of shape (C, H, W) or (C, S, H, W)")
    array = image.array
    if array.ndim == 5 or 0 in array.shape or array.dtype == object:
        raise ShapeError(f"{sample.id}: image of shape {array.shape}; expected (C, H, W) or (C, S, H, W), none empty")
    if not np.isfinite(array).all():
        raise DataError(f"{sample.id}: not every value is finite; repair or leave out the image")
    return array[None] if array.ndim == 3 else np.moveaxis(array, 1, 0)


def label_of(sample: Sample) -> int:
    """Return a sample's class, given as an integer or under `label` of a mapping."""
    return int(sample.target["label"] if isinstance(sample.target, Mapping) else sample.target)


def survey(
    train: Dataset, share: float = 1.0, draw: int = 0, read: Callable[[Sample], NDArray[Any]] = grey_slices
) -> dict[str, Any]:
    """Learn from a training part what a network on slices needs, as JSON values.

    Args:
        train: Training part.
        share: Share of patients whose labels are used.
        draw: Which patients those are.
        read: Takes a sample's slices, axis 0 is S.

    Returns:
        `counts` (used labels), `known` (all labels), `low`, `high`, `unit`, `slices` (longest series), `labelled`
        (patients whose labels are used, None for all).

    Raises:
        DataError: Two samples of one id, or fewer than two classes; and what `read` refuses.
        UnitError: More than one unit.
    """
    labels: dict[str, int] = {}
    owner: dict[str, str] = {}
    units: set[str] = set()
    low, high, longest = np.inf, -np.inf, 1
    for index in range(len(train)):
        sample = train[index]
        if sample.id in owner:
            raise DataError(f"two training samples are called {sample.id!r}; give each its own id")
        owner[sample.id] = sample.patient
        stack = read(sample)
        low, high, longest = min(low, float(stack.min())), max(high, float(stack.max())), max(longest, len(stack))
        units.add(sample.inputs["image"].unit)
        if sample.target is not None:
            labels[sample.id] = label_of(sample)
    known = sorted(set(labels.values()))
    if len(known) < 2:
        raise DataError(f"the training part has {len(known)} class; a classifier needs two or more")
    if len(units) > 1:
        raise UnitError(f"training images in units {', '.join(sorted(units))}; bring them to one unit")
    labelled = choose_patients(labels, owner, share, draw) if share < 1.0 else None
    counts = Counter(str(label) for name, label in labels.items() if labelled is None or owner[name] in labelled)
    return {
        "counts": dict(sorted(counts.items())),
        "known": known,
        "low": low,
        "high": high,
        "unit": units.pop(),
        "slices": longest,
        "labelled": labelled,
    }


def choose_patients(labels: Mapping[str, int], owner: Mapping[str, str], share: float, draw: int = 0) -> list[str]:
    """Return the patients of a share of each class, by a hash of their names: equal for every arm of a study.

    Args:
        labels: Class by sample id.
        owner: Patient by sample id.
        share: In (0, 1]; at least one patient of each class is taken.
        draw: Another number chooses other patients.
    """
    classes: dict[int, dict[str, int]] = {}
    for name, label in labels.items():
        classes.setdefault(label, {})[owner[name]] = zlib.crc32(f"{draw}:{owner[name]}".encode())
    chosen: set[str] = set()
    for marks in classes.values():
        chosen.update(sorted(marks, key=lambda name: (marks[name], name))[: max(1, round(share * len(marks)))])
    return sorted(chosen)


def check_window(sample: Sample, fingerprint: Mapping[str, Any], name: str = "image") -> None:
    """Refuse an image whose unit or range cannot be that of the training part.

    Raises:
        UnitError: Another unit, or a value further outside the training range than that range is wide.
    """
    image, low, high, unit = sample.inputs[name], fingerprint["low"], fingerprint["high"], fingerprint["unit"]
    least, most = float(image.array.min()), float(image.array.max())
    if image.unit != unit or most > 2 * high - low or least < 2 * low - high:
        raise UnitError(
            f"{sample.id}: values {least:g} to {most:g} in {image.unit!r}, trained on {low:g} to {high:g} in {unit!r}; "
            "apply the same window first"
        )


def known_label(sample: Sample, fingerprint: Mapping[str, Any]) -> int:
    """Return a sample's class, or -1 where it has none or its label is not to be used.

    Raises:
        DataError: A class that the training part did not have.
    """
    if sample.target is None:
        return -1
    label, chosen = label_of(sample), fingerprint["labelled"]
    if label not in fingerprint["known"]:
        raise DataError(f"{sample.id}: label {label} was not in the training part; it had {fingerprint['known']}")
    return label if chosen is None or sample.patient in chosen else -1
