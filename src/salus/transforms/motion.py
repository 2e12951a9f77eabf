"""Judge whether a worn sensor's stream is what a model of falls was made for, and pack what it found into an alarm."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Sample, Waveform
from salus.transforms.window import longest_saturation

STANDARD_GRAVITY = 9.80665
"""m/s^2 in one g, by definition."""

LEAD_S = 0.5
"""A staged fall takes about this long from losing balance to the impact."""

MESSAGE = struct.Struct("<HHIBBH")
"""Device, counter, time, state and flags, probability, peak acceleration: 12 bytes."""

SATURATED, DROPPED = 0x10, 0x20
"""Flags beside the state in the low four bits."""


def check_motion(stream: Waveform, leads: Sequence[str], rate_hz: float, shortest_s: float, name: str) -> None:
    """Refuse a stream that a model of `leads` at `rate_hz` cannot judge.

    Args:
        stream: Acceleration in g, rotation in deg/s; NaN where packets were lost.
        leads: What the model was trained on.
        rate_hz: Rate it was trained on.
        shortest_s: Length of one window.
        name: What messages call the stream.

    Raises:
        ShapeError: Axes or rotation missing, other leads, another rate, or less than a window.
        UnitError: Acceleration that is not g, or not finite.
    """
    missing = [lead for lead in leads if lead not in stream.leads]
    if missing and not set(missing) - {"gx", "gy", "gz"}:
        raise ShapeError(
            f"{name}: acceleration only, but the model also needs rotation ({', '.join(missing)}); "
            "use a model trained on a phone's acceleration, or a tag with a gyroscope"
        )
    if missing:
        raise ShapeError(f"{name}: axes {', '.join(missing)} are missing; the model needs {', '.join(leads)}")
    if tuple(stream.leads) != tuple(leads):
        raise ShapeError(f"{name}: leads {', '.join(stream.leads)}; the model needs {', '.join(leads)} in this order")
    if abs(stream.rate_hz - rate_hz) > 0.02 * rate_hz:
        raise ShapeError(f"{name}: {stream.rate_hz:g} Hz, the model was trained at {rate_hz:g} Hz; resample first")
    if stream.array.shape[1] < round(shortest_s * rate_hz):
        raise ShapeError(
            f"{name}: {stream.array.shape[1]} samples, a window of {shortest_s:g} s needs "
            f"{round(shortest_s * rate_hz)}; record longer"
        )
    if np.isinf(stream.array).any():
        raise UnitError(f"{name}: infinite values; mark lost packets as NaN")
    check_gravity(stream.array[:3], name)


def motion_stream(sample: Sample) -> Waveform:
    """Return the sample's input `signal`.

    Raises:
        ShapeError: There is none, or it is no waveform.
    """
    stream = sample.inputs.get("signal")
    if not isinstance(stream, Waveform):
        raise ShapeError(f"sample {sample.id}: no input 'signal' with a Waveform; name the stream 'signal'")
    return stream


def is_fall(sample: Sample) -> bool:
    """Return the label of a trial, whose target is 0 or 1, alone or under `label`.

    Raises:
        DataError: Another label.
    """
    label = sample.target.get("label") if isinstance(sample.target, Mapping) else sample.target
    if isinstance(label, bool) or label not in (0, 1):
        raise DataError(f"sample {sample.id}: label {label!r}; expected 0 (daily) or 1 (fall)")
    return bool(label)


def peak_time_s(stream: Waveform) -> float:
    """Return when acceleration is largest, in seconds from the first sample: the impact of a staged fall."""
    return float(np.nanargmax(np.linalg.norm(stream.array[:3], axis=0))) / stream.rate_hz


def impact_s(sample: Sample) -> float:
    """Return when a fall hits the ground, NaN for a daily activity; if not given, the largest acceleration."""
    if not is_fall(sample):
        return float("nan")
    given = sample.target.get("peak_s") if isinstance(sample.target, Mapping) else None
    return peak_time_s(motion_stream(sample)) if given is None else float(given)


def window_states(peak_s: float, starts_s: NDArray[np.floating], window_s: float, margin_s: float) -> NDArray[np.int64]:
    """Name what each window of a trial shows.

    Args:
        peak_s: When the impact is; NaN for a daily activity.
        starts_s: `(W,)`, start of each window.
        window_s: Length of a window.
        margin_s: How far inside a window the impact must lie to make it a fall window.

    Returns:
        `(W,)`: 0 daily; 1 pre-impact, ended up to half a second before the impact; 2 fall; -1 ambiguous: the impact
        is just cut, or close to a window that ends before or starts after it.
    """
    ends = starts_s + window_s
    states = np.full(len(starts_s), -1, dtype=np.int64)
    if np.isnan(peak_s):
        states[:] = 0
        return states
    states[(ends < peak_s - 1.0) | (starts_s > peak_s + 1.0)] = 0
    states[(ends <= peak_s) & (ends > peak_s - LEAD_S)] = 1
    states[(starts_s + margin_s <= peak_s) & (peak_s <= ends - margin_s)] = 2
    return states


def check_gravity(acceleration: NDArray[np.floating], name: str) -> None:
    """Refuse acceleration `(3, T)` whose median length is nowhere near the 1 g of a body on earth.

    Raises:
        DataError: No value at all.
        UnitError: The median length is below 0.1 or above 3.
    """
    length = np.linalg.norm(acceleration, axis=0)
    if np.isnan(length).all():
        raise DataError(f"{name}: no packet arrived; check the sensor's battery and its receiver")
    median = float(np.nanmedian(length))
    if not 0.1 <= median <= 3.0:
        guess = (
            f"it looks like m/s^2: divide by {STANDARD_GRAVITY}"
            if 4.0 < median < 25.0
            else "give acceleration in g, gravity included"
        )
        raise UnitError(f"{name}: median acceleration {median:.3g}, expected near 1 g; {guess}")


def saturated(stream: Waveform, limit_g: float, longest_s: float = 0.2) -> bool:
    """Tell whether acceleration stood at the sensor's limit for `longest_s` or more: its peak is then a lower bound."""
    return longest_saturation(stream.array[:3], limit_g) >= round(longest_s * stream.rate_hz)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What an edge device sends instead of the stream.

    Attributes:
        device: Number of the sensor, 0 to 65,535.
        counter: Number of the message; wraps at 65,536. The receiver finds lost and repeated ones by it.
        time_s: Whole seconds since 1970, UTC.
        state: 0 daily, 1 pre-impact, 2 fall.
        probability: Of the state, kept to 1/255.
        peak_g: Largest acceleration of the window, kept to 1/1000 g, at most 65.535 g.
        saturated: The sensor's limit cut the peak.
        dropped: Packets were lost inside the window.
    """

    device: int
    counter: int
    time_s: int
    state: int
    probability: float
    peak_g: float
    saturated: bool = False
    dropped: bool = False

    @classmethod
    def of_window(
        cls, part: Waveform, limit_g: float, *, device: int, counter: int, time_s: int, state: int, probability: float
    ) -> "Alarm":
        """Build the alarm of one window (`(L, T)`, g) measured by a sensor of full scale `limit_g`."""
        return cls(
            device=device,
            counter=counter,
            time_s=time_s,
            state=state,
            probability=probability,
            peak_g=float(np.nanmax(np.linalg.norm(part.array[:3], axis=0))),
            saturated=saturated(part, limit_g),
            dropped=bool(np.isnan(part.array).any()),
        )

    def pack(self) -> bytes:
        """Return the 12 bytes that travel.

        Raises:
            UnitError: A number outside its field.
        """
        if not (0 <= self.state <= 15 and 0.0 <= self.probability <= 1.0 and self.peak_g >= 0.0):
            raise UnitError(
                f"alarm: state {self.state}, probability {self.probability}, peak {self.peak_g} g; expected 0 to 15, "
                "0 to 1, and a length"
            )
        flags = self.state | (SATURATED if self.saturated else 0) | (DROPPED if self.dropped else 0)
        peak = min(round(self.peak_g * 1000), 0xFFFF)
        try:
            return MESSAGE.pack(
                self.device, self.counter % 0x10000, self.time_s, flags, round(self.probability * 255), peak
            )
        except struct.error as problem:
            raise UnitError(f"alarm of device {self.device} at {self.time_s} s: {problem}") from problem

    @classmethod
    def unpack(cls, data: bytes) -> "Alarm":
        """Read what `pack` wrote.

        Raises:
            DataError: Not 12 bytes.
        """
        if len(data) != MESSAGE.size:
            raise DataError(f"alarm of {len(data)} bytes: expected {MESSAGE.size}; the message was cut or joined")
        device, counter, time_s, flags, probability, peak = MESSAGE.unpack(data)
        return cls(
            device=device,
            counter=counter,
            time_s=time_s,
            state=flags & 0x0F,
            probability=probability / 255,
            peak_g=peak / 1000,
            saturated=bool(flags & SATURATED),
            dropped=bool(flags & DROPPED),
        )
