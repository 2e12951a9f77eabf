"""Filters for waveforms that shift nothing in time: bands, mains hum and the wandering baseline; gaps stay gaps."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import UnitError
from salus.schema.sample import Waveform

Floats = NDArray[np.float64]


def band_pass(waveform: Waveform, low_hz: float | None, high_hz: float | None, order: int = 4) -> Waveform:
    """Keep the frequencies between two corners by a Butterworth filter run forwards and backwards.

    Args:
        waveform: `(L, T)`; each stretch between gaps is filtered by itself.
        low_hz: Lower corner, None for no lower bound.
        high_hz: Upper corner, None for no upper bound; below half the rate.
        order: Of one pass; both passes together have twice that, and each corner is damped by 6 dB.

    Returns:
        `(L, T)` float32.

    Raises:
        UnitError: Corners that are not in order, not above 0, or not below half the rate; no corner at all.

    Source:
        Butterworth 1930; forward and backward filtering as Gustafsson 1996, doi:10.1109/78.492552.
    """
    from scipy import signal

    nyquist = waveform.rate_hz / 2
    corners = [hz for hz in (low_hz, high_hz) if hz is not None]
    if not corners or any(not 0 < hz < nyquist for hz in corners) or sorted(set(corners)) != corners:
        raise UnitError(
            f"band of {low_hz} to {high_hz} Hz at {waveform.rate_hz:g} Hz: give 0 < low < high < {nyquist:g}"
        )
    kind = "bandpass" if len(corners) == 2 else "highpass" if low_hz is not None else "lowpass"
    sections = signal.butter(
        order, corners if len(corners) == 2 else corners[0], kind, fs=waveform.rate_hz, output="sos"
    )
    return _by_stretch(waveform, lambda part: _both_ways(sections, part, waveform.rate_hz, corners[0]))


def notch(waveform: Waveform, hz: float, quality: float = 30.0) -> Waveform:
    """Take one frequency out (mains hum), forwards and backwards.

    Args:
        waveform: `(L, T)`.
        hz: The frequency; below half the rate.
        quality: Frequency over the width of the notch at 3 dB.

    Raises:
        UnitError: A frequency that is not between 0 and half the rate, or a quality that is not above 0.
    """
    from scipy import signal

    if not 0 < hz < waveform.rate_hz / 2 or not quality > 0:
        raise UnitError(
            f"notch at {hz} Hz, quality {quality}, rate {waveform.rate_hz:g} Hz: give 0 < hz < half the rate"
        )
    top, bottom = signal.iirnotch(hz, quality, fs=waveform.rate_hz)
    sections = signal.tf2sos(top, bottom)
    return _by_stretch(waveform, lambda part: _both_ways(sections, part, waveform.rate_hz, hz / quality))


def without_baseline(waveform: Waveform, first_s: float = 0.2, second_s: float = 0.6) -> Waveform:
    """Subtract the wandering baseline, estimated by two running medians.

    Args:
        waveform: `(L, T)`.
        first_s: Window that takes away QRS complexes and P waves.
        second_s: Window that takes away T waves.

    Raises:
        UnitError: Windows that are not above 0.

    Source:
        de Chazal, O'Dwyer and Reilly 2004, doi:10.1109/TBME.2004.827359, section II.B.
    """
    from scipy import ndimage

    if not 0 < first_s <= second_s:
        raise UnitError(f"windows of {first_s} and {second_s} s: give 0 < first <= second")
    sizes = [2 * int(round(seconds * waveform.rate_hz) // 2) + 1 for seconds in (first_s, second_s)]

    def rest(part: Floats) -> Floats:
        line = part
        for size in sizes:
            line = ndimage.median_filter(line, size=size, mode="nearest")
        return part - line

    return _by_stretch(waveform, rest)


def _both_ways(sections: Floats, part: Floats, rate_hz: float, lowest_hz: float) -> Floats:
    """Filter forwards and backwards; the ends are turned over for about a period of the lowest frequency."""
    from scipy import signal

    pad = min(len(part) - 1, int(np.ceil(3 * rate_hz / lowest_hz)))
    filtered: Floats = signal.sosfiltfilt(sections, part, padlen=max(0, pad))
    return filtered


def _by_stretch(waveform: Waveform, work: Callable[[Floats], Floats]) -> Waveform:
    array = np.asarray(waveform.array, dtype=np.float64)
    out = np.full(array.shape, np.nan, dtype=np.float32)
    for row, target in zip(array, out, strict=True):
        known = np.isfinite(row)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
        for start, stop in edges.reshape(-1, 2):
            target[start:stop] = work(row[start:stop])
    return Waveform(array=out, rate_hz=waveform.rate_hz, leads=waveform.leads, units=waveform.units)
