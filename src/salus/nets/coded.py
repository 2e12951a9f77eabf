"""Pictures on their way through bytes: what every codec takes in, and the form of its answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch
from salus.contract.codec import SEAL_BYTES
from salus.contract.dataset import Dataset
from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Image, Sample
from salus.transforms import still_codecs
from salus.transforms.bitstream import HEAD, KINDS, Head, pack, unpack
from salus.transforms.plane import measure_planes, planes_of

BYTE = (0.0, 255.0)


def measure_coded(train: Dataset, window: Sequence[float]) -> dict[str, Any]:
    """Return unit, modality, thickness and window of a training part; `window` is for HU, bytes keep theirs."""
    samples = [train[index] for index in range(len(train))]
    for sample in samples:
        refuse_raw(sample)
    found = measure_planes(samples, window)
    return {**found, "window": list(BYTE)} if found["unit"] == "uint8" else found


def refuse_raw(sample: Sample) -> None:
    """Refuse stored numbers of a scanner whose meaning is not given.

    Raises:
        UnitError: Integers of 16 bits that are not HU.
    """
    image = sample.inputs.get("image")
    if not isinstance(image, Image):
        return
    stored = image.array.dtype.kind in "iu" and image.array.dtype.itemsize == 2
    if stored and image.unit != "HU":
        raise UnitError(
            f"sample {sample.id}: 16-bit values in {image.unit!r} without rescale values; "
            "apply slope and intercept, or convert the picture to 8 bits"
        )


def coded_batch(samples: Sequence[Sample], trained: Mapping[str, Any], patch: int = 0) -> Batch:
    """Return `image` and target `clean`, `(B, 1, H, W)`, with the window at [0, 1]; errors as in `planes_of`."""
    for sample in samples:
        refuse_raw(sample)
    images, clean = planes_of(samples, trained, patch)
    target = {} if clean is None else {"clean": torch.from_numpy(clean)}
    return Batch(tuple(sample.id for sample in samples), {"image": torch.from_numpy(images)}, target)


def coded_answer(pictures: Tensor, sizes: Sequence[int], window: Sequence[float]) -> Tensor:
    """Return `(B, 2, H, W)`: bits of each pixel, then the picture in its unit.

    Args:
        pictures: `(B, 1, H, W)` with the window at [0, 1].
        sizes: Bytes of each.
        window: Lowest and highest value.
    """
    low, high = window
    share = [8 * size / pictures[0].numel() for size in sizes]
    bits = pictures.new_tensor(share)[:, None, None, None].expand_as(pictures)
    return torch.cat([bits, pictures.clamp(0.0, 1.0) * (high - low) + low], dim=1)


def bytes_of(picture: Tensor | NDArray[Any]) -> NDArray[np.uint8]:
    """Return `(H, W)` uint8 of a plane with the window at [0, 1]; what lies outside is clipped."""
    plane = np.asarray(picture, dtype=np.float64)
    return np.rint(255 * np.clip(plane, 0.0, 1.0)).astype(np.uint8)


def code_within(codec: str, plane: Tensor, bits_per_pixel: float) -> tuple[bytes, float]:
    """Return a plane `(H, W)`, window at [0, 1], as the finest code that fits the bits once sealed, and its level."""
    most = int(bits_per_pixel * plane.numel() / 8) - SEAL_BYTES - HEAD
    return still_codecs.encode_within(codec, bytes_of(plane), most)


def decoded(codec: str, bodies: Sequence[bytes], shape: tuple[int, int]) -> Tensor:
    """Return pictures `(B, 1, H, W)` with the window at [0, 1]."""
    planes = [still_codecs.decode(codec, body, shape).astype(np.float32) / 255 for body in bodies]
    return torch.from_numpy(np.stack(planes)[:, None])


def spoil(plane: Tensor, quality: int) -> Tensor:
    """Return a plane `(H, W)`, window at [0, 1], as JPEG of a quality leaves it, `(1, H, W)`."""
    data = still_codecs.encode("jpeg", bytes_of(plane), quality)
    return decoded("jpeg", [data], (plane.shape[0], plane.shape[1]))[0]


def packed(sample: Sample, body: bytes, kind: int, rate: int, model: bytes) -> bytes:
    """Return head and body of a sample's coded picture (`salus.transforms.bitstream`)."""
    image: Image = sample.inputs["image"]
    spacing = image.spacing_mm
    head = Head(
        kind=kind,
        rate=rate,
        unit=image.unit,
        shape=(image.array.shape[-2], image.array.shape[-1]),
        spacing_mm=None if spacing is None else (spacing[-2], spacing[-1]),
        model=model,
    )
    return pack(head, body)


def unpacked(data: bytes, kind: int, rate: int, model: bytes) -> tuple[Head, bytes]:
    """Return head and body of a coded picture.

    Raises:
        DataError: Foreign or damaged bytes; another code, ratio or matrix than this run's.
    """
    head, body = unpack(data)
    if head.kind != kind:
        raise DataError(f"coded as {KINDS[head.kind]}, this run reads {KINDS[kind]}; take the run that coded it")
    if head.rate != rate:
        raise DataError(
            f"coded at a ratio of {head.rate} %, trained at {rate} %: that ratio was not trained; "
            "take the run that coded it"
        )
    if head.model != model:
        raise DataError(
            f"coded with the matrix {head.model.hex()}, this run has {model.hex()}; take the run that coded it"
        )
    return head, body
