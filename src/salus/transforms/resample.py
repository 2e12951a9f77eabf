"""Other grids: pictures, volumes and waveforms at another resolution."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import UnitError
from salus.schema.sample import Image, Waveform


def resize(array: NDArray[np.generic], shape: Sequence[int], order: int = 1) -> NDArray[np.float32]:
    """Resample the last axes to `shape`; the outer edges of the picture stay where they are.

    Axes that shrink are smoothed first, so that fine detail does not turn into false coarse detail.

    Args:
        array: `(..., *space)`, real dtype; leading axes are taken one by one.
        shape: New sizes of the last `len(shape)` axes, each above 0.
        order: 0 nearest (for masks: no smoothing, no new values), 1 linear, 3 cubic.

    Returns:
        `(..., *shape)`, float32.

    Raises:
        ValueError: A size below 1, or more sizes than axes.

    Source:
        Smoothing by a Gaussian of standard deviation (factor - 1) / 2 before linear sampling, as scikit-image's
        `resize` documents it.

    >>> resize(np.array([[[0.0, 1.0], [0.0, 1.0]]]), (2, 4)).tolist()
    [[[0.0, 0.25, 0.75, 1.0], [0.0, 0.25, 0.75, 1.0]]]
    """
    from scipy import ndimage

    axes = len(shape)
    if axes > array.ndim or any(size < 1 for size in shape) or 0 in array.shape:
        raise ValueError(f"cannot resize {array.shape} to {tuple(shape)}: every size must be above 0")
    old = array.shape[-axes:]
    values = np.asarray(array, dtype=np.float32).reshape(-1, *old)
    if tuple(old) == tuple(shape):
        return values.reshape(array.shape).copy()
    factors = np.array(old, dtype=np.float64) / np.array(shape, dtype=np.float64)
    if order > 0:
        sigma = np.maximum(0.0, (factors - 1.0) / 2.0)
        values = ndimage.gaussian_filter(values, sigma=(0.0, *sigma), mode="nearest") if sigma.any() else values
    # output index o lies at input index o * factor + (factor - 1) / 2: pixels are areas, not points
    out = np.empty((len(values), *shape), dtype=np.float32)
    for source, target in zip(values, out, strict=True):
        ndimage.affine_transform(
            source, factors, offset=(factors - 1.0) / 2.0, output=target, order=order, mode="nearest",
            output_shape=tuple(shape),
        )  # fmt: skip
    return out.reshape(*array.shape[:-axes], *shape)


def to_spacing(image: Image, spacing_mm: Sequence[float], order: int = 1) -> Image:
    """Resample an image to another spacing; field of view, unit and modality stay.

    Args:
        image: With `spacing_mm` of its spatial axes.
        spacing_mm: Wanted distance of samples along each spatial axis, in the order of the array's last axes.
        order: As in `resize`.

    Returns:
        The nearest whole grid; `spacing_mm` states what it came to, and `affine` follows.

    Raises:
        UnitError: The image has no spacing, or one that is not above 0.
    """
    if image.spacing_mm is None or len(image.spacing_mm) != len(spacing_mm):
        raise UnitError(
            f"image with spacing {image.spacing_mm}: cannot bring it to {tuple(spacing_mm)} mm; state it first"
        )
    if min(*spacing_mm, *image.spacing_mm) <= 0:
        raise UnitError(f"spacing {image.spacing_mm} to {tuple(spacing_mm)} mm: every value must be above 0")
    old = image.array.shape[-len(spacing_mm) :]
    shape = [max(1, round(n * have / want)) for n, have, want in zip(old, image.spacing_mm, spacing_mm, strict=True)]
    factors = np.array(old, dtype=np.float64) / np.array(shape)
    affine = None
    if image.affine is not None:
        step = np.eye(4)
        for axis, factor in enumerate(factors[::-1]):  # the affine counts column, row, slice
            step[axis, axis], step[axis, 3] = factor, (factor - 1.0) / 2.0
        affine = image.affine @ step
    return Image(
        array=resize(image.array, shape, order),
        spacing_mm=tuple(float(have * f) for have, f in zip(image.spacing_mm, factors, strict=True)),
        affine=affine,
        unit=image.unit,
        modality=image.modality,
    )


STOP_DB = 80.0
"""Attenuation from the Nyquist frequency of the slower rate on."""

PASS = 0.9
"""Share of that Nyquist frequency up to which tones are kept."""


def resample_waveform(waveform: Waveform, rate_hz: float) -> Waveform:
    """Bring a waveform to another rate with a zero-phase low-pass filter against aliasing.

    Tones up to 90 % of the slower rate's Nyquist frequency are kept, tones above that frequency are suppressed by
    80 dB. Sample n of the result lies at n / `rate_hz` seconds, as sample n of the input lies at n / its rate.
    Gaps (NaN) are bridged by straight lines for the filter and are gaps again in the result: a sample is NaN if any
    sample that its place or its period touches was.

    Args:
        waveform: `(L, T)`.
        rate_hz: Wanted samples per second.

    Returns:
        `(L, ceil(T * rate_hz / waveform.rate_hz))`, float32.

    Raises:
        UnitError: A rate that is not above 0 and finite, or a million times the other one.

    Source:
        Polyphase filtering as in Crochiere RE, Rabiner LR, Multirate Digital Signal Processing, 1983, chapter 3;
        Kaiser window and filter length by Kaiser 1974 (`scipy.signal.kaiserord`).
    """
    from scipy import signal

    if not (0 < rate_hz < np.inf and 0 < waveform.rate_hz < np.inf):
        raise UnitError(f"rate {waveform.rate_hz} Hz to {rate_hz} Hz: both must be above 0")
    ratio = Fraction(rate_hz / waveform.rate_hz).limit_denominator(10_000)
    if not 0 < ratio.numerator <= 1_000_000:
        raise UnitError(f"rate {waveform.rate_hz} Hz to {rate_hz} Hz: too far apart; go by steps")
    if ratio == 1 or not waveform.array.size:
        same = np.array(waveform.array, dtype=np.float32)
        return Waveform(array=same, rate_hz=rate_hz, leads=waveform.leads, units=waveform.units)
    if waveform.array.shape[1] == 1:  # no line runs through one point
        same = np.repeat(np.array(waveform.array, dtype=np.float32), int(np.ceil(float(ratio))), axis=1)
        return Waveform(array=same, rate_hz=rate_hz, leads=waveform.leads, units=waveform.units)
    gaps = ~np.isfinite(waveform.array)
    window = _low_pass(max(ratio.numerator, ratio.denominator))
    rows = []
    for row, gap in zip(waveform.array, gaps, strict=True):
        filled = _bridged(np.asarray(row, dtype=np.float64), gap)
        # the filter sees zeros beyond the ends: without the line between them taken away it would ring against the step
        moved = signal.resample_poly(filled, ratio.numerator, ratio.denominator, window=window, padtype="line")
        if gap.any():
            moved[_touched(gap, len(moved), float(ratio))] = np.nan
        rows.append(moved.astype(np.float32))
    return Waveform(array=np.stack(rows), rate_hz=rate_hz, leads=waveform.leads, units=waveform.units)


def _low_pass(factor: int) -> NDArray[np.float64]:
    """Return an odd symmetric filter for the up-sampled grid; `factor` is how many times its Nyquist is above ours."""
    from scipy import signal

    taps, beta = signal.kaiserord(STOP_DB, (1.0 - PASS) / factor)
    window: NDArray[np.float64] = signal.firwin(taps | 1, (1.0 + PASS) / 2 / factor, window=("kaiser", beta))
    return window


def _touched(gap: NDArray[np.bool_], length: int, ratio: float) -> NDArray[np.bool_]:
    """Tell which new samples rest on a gap: in their own period, or at one of the two old samples around them."""
    place = np.arange(length) / ratio
    half = max(0.5 / ratio - 0.5, 0.0)
    low = np.clip(np.floor(place - half + 1e-9).astype(np.int64), 0, len(gap) - 1)
    high = np.clip(np.ceil(place + half - 1e-9).astype(np.int64), 0, len(gap) - 1)
    below = np.concatenate([[0], np.cumsum(gap)])
    return below[high + 1] > below[low]


def _bridged(row: NDArray[np.float64], gap: NDArray[np.bool_]) -> NDArray[np.float64]:
    if not gap.any():
        return row
    if gap.all():
        return np.zeros_like(row)
    time = np.arange(len(row))
    return np.interp(time, time[~gap], row[~gap])
