"""Single pictures on their way to a classifier: what is refused, what is measured, what colour becomes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Image, Sample
from salus.transforms.fundus import fundus_planes
from salus.transforms.resample import resize
from salus.transforms.slices import check_window, label_of, pictures

COLOURS = 3


def flat_picture(sample: Sample, name: str = "image") -> NDArray[Any]:
    """Return a sample's one picture `(C, H, W)`, C one or three, in its own unit.

    Raises:
        DataError: No such image, or a value that is not finite.
        ShapeError: A series, nothing in it, or channels other than one or three.
    """
    stack = pictures(sample, name)
    if len(stack) != 1:
        raise ShapeError(f"{sample.id}: {len(stack)} pictures in a row; give one picture (C, H, W) a sample")
    picture: NDArray[Any] = stack[0]
    if len(picture) not in (1, COLOURS):
        hint = "take the transparency away" if len(picture) == COLOURS + 1 else "convert it to grey or colour"
        raise ShapeError(f"{sample.id}: a picture of {len(picture)} channels; one or three are read: {hint}")
    return picture


def with_channels(picture: NDArray[Any], channels: int, name: str) -> NDArray[Any]:
    """Return a picture with as many channels as a network has: grey is repeated, colour that is grey is taken once.

    Raises:
        ShapeError: True colour for a network of grey pictures.
    """
    if len(picture) == channels:
        return picture
    if len(picture) == 1:
        return np.repeat(picture, channels, axis=0)
    if all((plane == picture[0]).all() for plane in picture[1:]):
        return picture[:1]
    raise ShapeError(f"{name}: a colour picture, and training had grey ones; convert it on purpose")


def check_unit(sample: Sample, fingerprint: Mapping[str, Any], name: str = "image") -> None:
    """Refuse Hounsfield units where training had something else, and the reverse; other scales are z-scored away."""
    unit, trained = sample.inputs[name].unit, fingerprint["unit"]
    if unit != trained and "HU" in (unit, trained):
        raise UnitError(f"{sample.id}: values in {unit!r}, trained on {trained!r}; apply the same window first")


def survey_pictures(train: Dataset, name: str = "image") -> dict[str, Any]:
    """Learn from a training part what `survey` does not: channels, level, spread, sizes and modality.

    Returns:
        `channels`, `mean` and `deviation` (of each channel), `shortest` (pixels of the shortest side), `height` and
        `width` (of the first picture), `modality` (that of all, empty where they differ), and `masks` (targets are
        masks).

    Raises:
        DataError: Two samples of one id; and what `flat_picture` refuses.
        UnitError: More than one unit.
    """
    names: set[str] = set()
    units, modalities, shortest, channels = set(), set(), 2**31, 1
    sums: list[NDArray[np.float64]] = []
    for index in range(len(train)):
        sample = train[index]
        if sample.id in names:
            raise DataError(f"two training samples are called {sample.id!r}; give each its own id")
        names.add(sample.id)
        picture, image = flat_picture(sample, name), sample.inputs[name]
        units.add(image.unit)
        modalities.add(image.modality)
        shortest, channels = min(shortest, *picture.shape[1:]), max(channels, len(picture))
        wide = np.repeat(picture, COLOURS // len(picture), axis=0).astype(np.float64)
        sums.append(np.stack((wide.mean(axis=(1, 2)), (wide**2).mean(axis=(1, 2)))))
    if len(units) > 1:
        raise UnitError(f"training images in units {', '.join(sorted(units))}; bring them to one unit")
    mean, square = np.mean(sums, axis=0)[:, : channels if channels > 1 else 1]
    first = flat_picture(train[0], name)
    return {
        "channels": channels,
        "mean": mean.tolist(),
        "deviation": np.sqrt(np.maximum(square - mean**2, 1e-12)).tolist(),
        "shortest": int(shortest),
        "height": int(first.shape[1]),
        "width": int(first.shape[2]),
        "modality": modalities.pop() if len(modalities) == 1 else "",
        "masks": bool(mask_of(train[0]) is not None and not has_label(train[0])),
        "unit": units.pop(),
    }


def has_label(sample: Sample) -> bool:
    """Tell whether a sample's target is a class, alone or beside something else."""
    try:
        label_of(sample)
    except (TypeError, ValueError, KeyError):
        return False
    return True


def mask_of(sample: Sample) -> NDArray[Any] | None:
    """Return a target's mask `(H, W)`: the target itself, or what it holds as `label` or `vessels`; None without."""
    target = sample.target
    found = target.get("vessels", target.get("label")) if isinstance(target, Mapping) else target
    if not isinstance(found, np.ndarray) or found.ndim < 2:
        return None
    image: Image = next(value for value in sample.inputs.values() if isinstance(value, Image))
    return found.reshape(image.array.shape[-2:])


class Prepared:
    """Makes a sample's picture, and its mask, ready for a network.

    Args:
        fingerprint: `survey_pictures`, with `fundus`; `low`, `high` too where `standardize` is `training`.
        pixels: Side of the square that pictures are brought to.
        standardize: z-score each `picture`, or all by the `training` part's mean and deviation of each channel.
        keep_size: Leave pictures in their size, because the answer is a mask.
    """

    def __init__(
        self, fingerprint: Mapping[str, Any], pixels: int, *, standardize: str = "picture", keep_size: bool = False
    ) -> None:
        self.fingerprint, self.pixels = fingerprint, None if keep_size else pixels
        self.by_training = standardize == "training"

    def __call__(self, sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None]:
        """Return `(C, H, W)` float32, with the sharpened green channel as a fourth for fundus photographs, and a mask.

        Raises:
            DataError: As `flat_picture`, or no field of view in a fundus photograph.
            ShapeError: As `flat_picture` and `with_channels`; a fundus photograph in grey or of too few pixels.
            UnitError: A unit or a range that training did not have.
        """
        image = sample.inputs.get("image")
        mask = mask_of(sample) if isinstance(image, Image) else None
        if self.fingerprint["fundus"]:
            stack = pictures(sample)
            return fundus_planes(stack[0] if len(stack) == 1 else flat_picture(sample), self.pixels, sample.id, mask)
        picture = with_channels(flat_picture(sample), self.fingerprint["channels"], sample.id).astype(np.float32)
        (check_window if self.by_training else check_unit)(sample, self.fingerprint)
        if self.pixels is not None:
            picture = resize(picture, (self.pixels, self.pixels))
            mask = None if mask is None else resize(mask, (self.pixels, self.pixels), order=0)
        return self._scaled(picture), None if mask is None else mask.astype(np.uint8)

    def _scaled(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.by_training:
            mean = np.array(self.fingerprint["mean"], dtype=np.float32)[:, None, None]
            spread = np.array(self.fingerprint["deviation"], dtype=np.float32)[:, None, None]
            return np.asarray((picture - mean) / np.maximum(spread, 1e-6), dtype=np.float32)
        return np.asarray((picture - picture.mean()) / max(float(picture.std()), 1e-6), dtype=np.float32)

    def check_sizes(self, shapes: Sequence[tuple[int, ...]]) -> None:
        """Refuse pictures of several sizes in one batch, where each keeps its own.

        Raises:
            ShapeError: Two sizes.
        """
        if len(set(shapes)) > 1:
            found = ", ".join(f"{shape[1]} x {shape[2]}" for shape in sorted(set(shapes))[:3])
            raise ShapeError(f"pictures of several sizes ({found}); bring those of one training to one size")
