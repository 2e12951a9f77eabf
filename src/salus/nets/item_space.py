"""Signals and pictures as points that a generator writes, and back: one scale, one length, one size.

The learned part is plain JSON, so a system is rebuilt without data.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Image, Sample, Waveform


def measure_series(samples: Sequence[Sample], name: str) -> dict[str, Any]:
    """Learn leads, units, rate, length, and level and spread of each lead, from training recordings.

    Raises:
        DataError: Recordings of several rates, with gaps or values that are not finite, or with a lead that never
            varies; named with the sample.
        ShapeError: Recordings of several lengths or with other leads than the first.
    """
    first = _wave(samples[0], name)
    learned: dict[str, Any] = {
        "name": name,
        "leads": list(first.leads),
        "units": list(first.units),
        "rate_hz": float(first.rate_hz),
        "steps": int(first.array.shape[1]),
    }
    table = np.stack([series_array(sample, learned) for sample in samples])
    spread = table.std(axis=(0, 2))
    for lead, value in zip(first.leads, spread.tolist(), strict=True):
        if value <= 0:
            raise DataError(f"lead {lead!r} never varies in the training part; leave it out")
    return {**learned, "level": table.mean(axis=(0, 2)).tolist(), "spread": spread.tolist()}


def series_array(sample: Sample, learned: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return a recording `(L, T)` as training had it, its leads in the order of training.

    Raises:
        DataError: No recording of that name, another rate or unit, or a value that is not finite.
        ShapeError: A lead is missing, or another length.
    """
    wave, leads = _wave(sample, learned["name"]), list(learned["leads"])
    missing = [lead for lead in leads if lead not in wave.leads]
    if missing or len(wave.leads) != len(leads):
        lacking = f"lead {missing[0]!r} is missing" if missing else f"{len(wave.leads)} leads"
        raise ShapeError(
            f"sample {sample.id}: {lacking}; the recording has {', '.join(wave.leads)}, training had "
            f"{', '.join(leads)}: choose those leads when reading"
        )
    if abs(wave.rate_hz - learned["rate_hz"]) > 1e-6 * learned["rate_hz"]:
        raise DataError(
            f"sample {sample.id}: {wave.rate_hz:g} Hz where the first training recording has "
            f"{learned['rate_hz']:g} Hz; bring all recordings to one sampling rate"
        )
    if wave.array.shape[1] != learned["steps"]:
        raise ShapeError(
            f"sample {sample.id}: {wave.array.shape[1]} values a lead where training had {learned['steps']}; "
            "cut all recordings to one length"
        )
    if (
        wave.units
        and learned["units"]
        and dict(zip(wave.leads, wave.units, strict=False)) != dict(zip(leads, learned["units"], strict=False))
    ):
        raise DataError(
            f"sample {sample.id}: units {', '.join(wave.units)} where training had {', '.join(learned['units'])}; "
            "convert them"
        )
    array = np.asarray(wave.array, dtype=np.float32)[[wave.leads.index(lead) for lead in leads]]
    if not np.isfinite(array).all():
        raise DataError(f"sample {sample.id}: the recording has gaps or infinite values; leave it out or fill them")
    return array


class SeriesSpace:
    """Reads recordings into points `(N, L, S)` and writes points as recordings.

    A recording is a cubic spline through S evenly spaced knots: reading fits the spline by least squares, which keeps
    what lies below half the knots' rate, and writing draws it at the recording's own rate.

    Args:
        learned: From `measure_series`.
        rate_hz: Rate of the knots; 0 for the recordings' own.
        frame: S becomes a multiple of it.
    """

    def __init__(self, learned: Mapping[str, Any], rate_hz: float = 0.0, frame: int = 1) -> None:
        from scipy.interpolate import CubicSpline

        self.learned, self.name = dict(learned), str(learned["name"])
        steps = int(learned["steps"])
        share = rate_hz / learned["rate_hz"] if 0 < rate_hz < learned["rate_hz"] else 1.0
        knots = max(4 * frame, round(steps * share / frame) * frame)
        self.leads, self.steps = len(learned["leads"]), knots
        if knots == steps:
            up = np.eye(steps)
        else:
            up = CubicSpline(np.linspace(0, 1, knots), np.eye(knots))(np.linspace(0, 1, steps))
        self._up = torch.from_numpy(up.astype(np.float32))
        self._down = torch.from_numpy(np.linalg.pinv(up).astype(np.float32))
        self._level = torch.tensor(learned["level"], dtype=torch.float32)[:, None]
        self._spread = torch.tensor(learned["spread"], dtype=torch.float32)[:, None]

    def encode(self, samples: Sequence[Sample]) -> Tensor:
        """Return points `(N, L, S)` float32 in units of each lead's spread; errors as in `series_array`."""
        arrays = torch.from_numpy(np.stack([series_array(sample, self.learned) for sample in samples]))
        return ((arrays - self._level) / self._spread) @ self._down.T

    def answer(self, points: Tensor, columns: Sequence[Any] = ()) -> Tensor:
        """Return points `(B, L, S)` as recordings `(B, L, T)` in their own units; gradients pass."""
        place = points.device
        return (points.float() @ self._up.T.to(place)) * self._spread.to(place) + self._level.to(place)

    def items(self, points: Tensor) -> list[Waveform]:
        """Return points as recordings with the training part's leads, units and rate."""
        facts = self.learned
        return [
            Waveform(array=array, rate_hz=facts["rate_hz"], leads=tuple(facts["leads"]), units=tuple(facts["units"]))
            for array in self.answer(points).cpu().numpy()
        ]


def measure_images(samples: Sequence[Sample], name: str) -> dict[str, Any]:
    """Learn shape, unit, spacing and range of intensities from training pictures.

    Raises:
        DataError: No picture, a value that is not finite, or pictures that never vary.
        ShapeError: Pictures of several shapes, or a volume.
    """
    first = _picture(samples[0], name)
    learned: dict[str, Any] = {
        "name": name,
        "shape": list(first.array.shape),
        "dtype": first.array.dtype.name,
        "unit": first.unit,
        "modality": first.modality,
        "spacing_mm": None if first.spacing_mm is None else list(first.spacing_mm),
    }
    low, high = np.inf, -np.inf
    for sample in samples:
        array = image_array(sample, learned)
        low, high = min(low, float(array.min())), max(high, float(array.max()))
    if not low < high:
        raise DataError(f"every training picture has the one intensity {low:g}; there is nothing to learn from")
    return {**learned, "range": [low, high]}


def image_array(sample: Sample, learned: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return a picture `(C, H, W)` in its unit.

    Raises:
        DataError: No picture of that name, or a value that is not finite.
        ShapeError: Another shape than in training, or a volume.
    """
    array = np.asarray(_picture(sample, learned["name"]).array, dtype=np.float32)
    if list(array.shape) != list(learned["shape"]) or array.ndim != 3:
        wanted = " x ".join(map(str, learned["shape"]))
        raise ShapeError(
            f"sample {sample.id}: a picture of {' x '.join(map(str, array.shape))} where pictures (C, H, W) of one "
            f"shape are needed (the first has {wanted}); crop or resample them alike"
        )
    if not np.isfinite(array).all():
        raise DataError(f"sample {sample.id}: the picture holds values that are not finite; mend or leave it out")
    return array


class ImageSpace:
    """Reads pictures into points `(N, C, S, S)` in [-1, 1] and writes points as pictures.

    Args:
        learned: From `measure_images`.
        size: S, pixels a side of a point; pictures of another size are interpolated.
    """

    def __init__(self, learned: Mapping[str, Any], size: int) -> None:
        self.learned, self.name, self.size = dict(learned), str(learned["name"]), size
        self.channels = int(learned["shape"][0])
        self.low, self.high = map(float, learned["range"])

    def encode(self, samples: Sequence[Sample]) -> Tensor:
        """Return points `(N, C, S, S)` float32; errors as in `image_array`."""
        arrays = torch.from_numpy(np.stack([image_array(sample, self.learned) for sample in samples]))
        points = ((arrays - self.low) / (self.high - self.low) * 2 - 1).clamp(-1.0, 1.0)
        if points.shape[2:] != (self.size, self.size):
            points = nn_resize(points, (self.size, self.size))
        return points

    def answer(self, points: Tensor, columns: Sequence[Any] = ()) -> Tensor:
        """Return points `(B, C, S, S)` as pictures `(B, C, H, W)` in their unit; gradients pass."""
        shape = tuple(self.learned["shape"][1:])
        pixels = points.float() if points.shape[2:] == shape else nn_resize(points.float(), shape)
        return (pixels.clamp(-1.0, 1.0) + 1) / 2 * (self.high - self.low) + self.low

    def items(self, points: Tensor) -> list[Image]:
        """Return points as pictures with the training part's unit, type and spacing."""
        facts, kind = self.learned, np.dtype(self.learned["dtype"])
        arrays = self.answer(points).cpu().numpy()
        arrays = (np.round(arrays) if kind.kind in "iu" else arrays).astype(kind)
        spacing = None if facts["spacing_mm"] is None else tuple(facts["spacing_mm"])
        return [
            Image(array=array, spacing_mm=spacing, unit=facts["unit"], modality=facts["modality"]) for array in arrays
        ]


def nn_resize(images: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return images `(B, C, *size)`, averaged where they shrink."""
    return torch.nn.functional.interpolate(images, size, mode="bilinear", antialias=True, align_corners=False)


def _wave(sample: Sample, name: str) -> Waveform:
    wave = sample.inputs.get(name)
    if not isinstance(wave, Waveform):
        raise DataError(f"sample {sample.id}: no recording {name!r}; this generator was built on recordings")
    return wave


def _picture(sample: Sample, name: str) -> Image:
    image = sample.inputs.get(name)
    if not isinstance(image, Image):
        raise DataError(f"sample {sample.id}: no picture {name!r}; this generator was built on pictures")
    return image
