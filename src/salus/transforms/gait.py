"""Judge whether a recording of worn tags is gait that a model can compare, and see it without how a tag was turned."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Sample, Waveform
from salus.transforms.motion import check_gravity

RATE_HZ, RATE_SHARE = 20.0, 0.1
LARGEST_G = 16.0
"""Full scale of the widest range that worn accelerometers have; more is another unit."""
WINDOW = 80
"""Samples compared at once: 4 s."""
MISSING = 0.2


def gait_of(sample: Sample) -> Waveform:
    """Return the sample's input `gait`.

    Raises:
        ShapeError: There is none, or it is no waveform.
    """
    wave = sample.inputs.get("gait")
    if not isinstance(wave, Waveform):
        raise ShapeError(f"sample {sample.id}: no input 'gait' with a Waveform; name the recording 'gait'")
    return wave


def check_gait(wave: Waveform, leads: Sequence[str], name: str) -> None:
    """Refuse a recording that cannot be compared with what was enrolled.

    Args:
        wave: Every three leads are one sensor: acceleration in g (names end in ax, ay, az), rotation in deg/s.
        leads: What was enrolled.
        name: What messages call the recording.

    Raises:
        ShapeError: Other leads, not 20 Hz within a tenth, or less than a window.
        UnitError: Acceleration above 16 g or without the 1 g of gravity, or infinite values.
        DataError: Too much of it is missing.
    """
    if tuple(wave.leads) != tuple(leads):
        missing = [lead for lead in leads if lead not in wave.leads]
        what = f"lacks {', '.join(missing)}" if missing else f"has leads {', '.join(wave.leads)}"
        raise ShapeError(f"{name}: {what}; people were enrolled with {', '.join(leads)}, in this order")
    if abs(wave.rate_hz - RATE_HZ) > RATE_SHARE * RATE_HZ:
        raise ShapeError(f"{name}: {wave.rate_hz:g} Hz; people were enrolled at {RATE_HZ:g} Hz: resample first")
    if wave.array.shape[1] < WINDOW:
        raise ShapeError(f"{name}: {wave.array.shape[1]} samples; at least {WINDOW} (4 s) of walking are needed")
    if np.isinf(wave.array).any():
        raise UnitError(f"{name}: infinite values; mark lost packets as NaN")
    share = float(np.isnan(wave.array).any(axis=0).mean())
    if share > MISSING:
        raise DataError(f"{name}: {share:.0%} of the packets are missing; bring the tags nearer to the receiver")
    accelerations = [row for row, lead in enumerate(wave.leads) if lead.endswith(("ax", "ay", "az"))]
    if accelerations:
        peak = float(np.nanmax(np.abs(wave.array[accelerations]), initial=0.0))
        if peak > LARGEST_G:
            raise UnitError(f"{name}: acceleration of {peak:.3g}, above {LARGEST_G:g} g; give g, not m/s^2 or counts")
        for first in range(0, len(accelerations), 3):
            check_gravity(wave.array[accelerations[first : first + 3]], name)


def level(array: NDArray[np.floating]) -> NDArray[np.float32]:
    """Describe each sensor `(3n, T)` without how it was turned: along its mean direction, across it, and in length.

    Acceleration's mean direction is gravity. Turning a sensor changes none of the three rows, so what is left is
    movement; how the tag sat that day is gone.

    Raises:
        ShapeError: A number of leads that is no multiple of three.
    """
    if array.shape[0] % 3:
        raise ShapeError(f"recording of {array.shape[0]} leads: expected x, y, z of one or more sensors")
    triples = np.asarray(array, dtype=np.float64).reshape(-1, 3, array.shape[-1])
    mean = triples.mean(axis=2)
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    direction = np.where(length > 1e-9, mean / np.maximum(length, 1e-9), np.array([0.0, 0.0, 1.0]))
    along = np.einsum("ni,nit->nt", direction, triples)
    whole = np.linalg.norm(triples, axis=1)
    across = np.sqrt(np.maximum(whole**2 - along**2, 0.0))
    return np.stack([along, across, whole], axis=1).reshape(array.shape).astype(np.float32)


def spectra(windows: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the log power spectrum and the mean of every lead, `(W, L, T)` to `(W, L * (T // 2 + 2))`."""
    mean = windows.mean(axis=-1, keepdims=True)
    shaped = (windows - mean) * np.hanning(windows.shape[-1])
    power = np.log(np.abs(np.fft.rfft(shaped, axis=-1)) ** 2 + 1e-3)
    return np.concatenate([power, mean], axis=-1).reshape(len(windows), -1).astype(np.float32)
