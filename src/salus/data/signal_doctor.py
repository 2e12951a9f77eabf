"""What is doubtful about a waveform: gaps, flat and saturated leads, mains hum, units, leads that contradict."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from salus.data.geometry_doctor import Remark
from salus.data.leads import LEADS_12, harmonise
from salus.schema.sample import Waveform

MAINS_HZ = (50.0, 60.0)
MANY_GAPS = 0.05
FLAT_S = 2.0
FEWEST_FLAT = 100
"""Equal samples in a row that make a lead flat; a pulse oximeter at 1 Hz repeats itself for a minute in good health."""

SLOW_HZ = 20.0
"""Below this rate a signal is a trend: a saturation of 100 % is no clipped amplifier."""

_HUM_SHARE = 0.02
_HUM_RATIO = 10.0
_LARGEST_MV = 20.0
_SMALLEST_UV = 20.0


def examine(waveform: Waveform) -> list[Remark]:
    """Return what is doubtful about a waveform, errors first; nothing is changed.

    Kinds of remark: `empty`, `infinite`, `gaps`, `missing_lead`, `constant`, `flat`, `saturated`, `hum`, `unit`,
    `equal_leads`, `limb_leads`, `repeated_name`.

    Args:
        waveform: `(L, T)`; NaN is a gap.

    Source:
        Limb leads by Einthoven's law; hum by the power at the mains frequency above that of its neighbours (Welch's
        periodogram); the other bounds are this module's constants.
    """
    array = np.asarray(waveform.array)
    if not array.size:
        return [Remark(kind="empty", severity="error", what="no sample at all", remedy="record or export it again")]
    found = [*_holes(waveform, array), *_still(waveform, array), *_hums(waveform, array), *_units(waveform, array)]
    found += _contradictions(waveform, array)
    order = ("error", "warning", "note")
    return sorted(found, key=lambda remark: order.index(remark.severity))


def runs(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return start and end (exclusive) of each run of True, `(R, 2)`.

    >>> runs(np.array([False, True, True, False, True])).tolist()
    [[1, 3], [4, 5]]
    """
    edges = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)


def _holes(waveform: Waveform, array: NDArray[np.floating]) -> Iterator[Remark]:
    if np.isinf(array).any():
        yield _say(
            waveform, np.isinf(array).any(axis=1), "infinite", "error", "infinite values", "mark them as missing"
        )
    missing = np.isnan(array)
    empty = missing.all(axis=1)
    if empty.any():
        yield _say(waveform, empty, "missing_lead", "warning", "no value at all", "leave the lead out")
    for place in np.flatnonzero(missing.any(axis=1) & ~empty):
        spans = runs(missing[place])
        longest = float((spans[:, 1] - spans[:, 0]).max()) / waveform.rate_hz
        share = float(missing[place].mean())
        what = f"lead {waveform.leads[place]!r} has {len(spans)} gaps, {share:.1%} of its time, "
        what += f"the longest {longest:.4g} s"
        severity = "warning" if share > MANY_GAPS else "note"
        yield Remark(kind="gaps", severity=severity, what=what, remedy="use systems that take gaps, or cut them out")


def _still(waveform: Waveform, array: NDArray[np.floating]) -> Iterator[Remark]:
    for lead, row in zip(waveform.leads, array, strict=True):
        known = row[np.isfinite(row)]
        if not len(known):
            continue
        low, high = float(known.min()), float(known.max())
        if low == high and len(known) > 1:
            what = f"lead {lead!r} holds the one value {low:g}"
            yield Remark(
                kind="constant", severity="warning", what=what, remedy="check the electrode, leave the lead out"
            )
            continue
        shortest = max(FEWEST_FLAT, int(np.ceil(FLAT_S * waveform.rate_hz)))
        equal = runs(np.concatenate([row[1:] == row[:-1], [False]]))
        long = equal[equal[:, 1] + 1 - equal[:, 0] >= shortest]
        if len(long):
            total = float((long[:, 1] + 1 - long[:, 0]).sum()) / waveform.rate_hz
            first = float(long[0, 0]) / waveform.rate_hz
            what = f"lead {lead!r} stands still {len(long)} times, {total:.4g} s in all, first at {first:.4g} s"
            yield Remark(kind="flat", severity="warning", what=what, remedy="treat these times as missing")
        yield from _clipped(lead, row, (low, high), waveform.rate_hz)


def _clipped(lead: str, row: NDArray[np.floating], ends: tuple[float, float], rate_hz: float) -> Iterator[Remark]:
    """Find plateaus at the highest or lowest value: an amplifier or converter at its limit."""
    if rate_hz < SLOW_HZ:
        return
    shortest = max(4, int(np.ceil(0.01 * rate_hz)))
    for end, name in zip(ends, ("lowest", "highest"), strict=True):
        found = runs(row == end)
        plateaus = found[found[:, 1] - found[:, 0] >= shortest]
        if len(plateaus) >= 2:
            total = float((plateaus[:, 1] - plateaus[:, 0]).sum()) / rate_hz
            what = f"lead {lead!r} stays {len(plateaus)} times at its {name} value {end:g}, {total:.4g} s in all"
            remedy = "its peaks are cut off: raise the recorder's range, or mind it where amplitudes count"
            yield Remark(kind="saturated", severity="warning", what=what, remedy=remedy)


def _hums(waveform: Waveform, array: NDArray[np.floating]) -> Iterator[Remark]:
    for hertz in MAINS_HZ:
        if waveform.rate_hz < 2.2 * hertz:
            continue
        loud = []
        for lead, row in zip(waveform.leads, array, strict=True):
            share = hum_share(row, waveform.rate_hz, hertz)
            if share > _HUM_SHARE:
                loud.append(f"{lead} {share:.0%}")
        if loud:
            what = f"hum of {hertz:g} Hz mains, as a share of the signal's standard deviation: {', '.join(loud)}"
            remedy = "filter it (salus.transforms.filter.notch), in training and in use alike"
            yield Remark(kind="hum", severity="warning", what=what, remedy=remedy)


def hum_share(row: NDArray[np.floating], rate_hz: float, hertz: float) -> float:
    """Return the strength of a mains tone as a share of the signal's standard deviation; 0 where it does not stand out.

    Args:
        row: `(T,)`; gaps are bridged by the median.
        rate_hz: Samples per second, above twice `hertz`.
        hertz: Frequency of the mains.
    """
    from scipy import signal

    known = np.isfinite(row)
    if known.sum() < 2 * rate_hz:
        return 0.0
    filled = np.where(known, row, np.median(row[known])).astype(np.float64)
    filled -= filled.mean()
    spread = float(filled.std())
    size = min(len(filled), round(2 * rate_hz))
    if spread == 0:
        return 0.0
    frequency, power = signal.welch(filled, rate_hz, window="hann", nperseg=size, noverlap=size // 2)
    distance = np.abs(frequency - hertz)
    line, around = distance <= 1.0, (distance > 1.5) & (distance <= 6.0)
    if not line.any() or not around.any():
        return 0.0
    level, step = float(np.median(power[around])), float(frequency[1])
    peak = float(power[line].max())
    if peak < _HUM_RATIO * level:
        return 0.0
    return float(np.sqrt(max(0.0, (power[line] - level).sum() * step))) / spread


def _units(waveform: Waveform, array: NDArray[np.floating]) -> Iterator[Remark]:
    for lead, unit, row in zip(waveform.leads, waveform.units or (), array, strict=False):
        name = harmonise(lead)
        known = row[np.isfinite(row)]
        if name not in (*LEADS_12, "MLII") or not len(known):
            continue
        # beats, not the drift beneath them
        size = float(np.percentile(known, 99.9) - np.percentile(known, 0.1))
        if unit == "mV" and size > _LARGEST_MV:
            yield _unit(lead, f"spans {size:.4g} mV, more than any heart makes", "it may be in uV: divide by 1000")
        if unit == "uV" and 0 < size < _SMALLEST_UV:
            yield _unit(lead, f"spans {size:.4g} uV, less than any beat", "it may be in mV: multiply by 1000")
        if unit == "V" and size > 0.02:
            yield _unit(lead, f"spans {size:.4g} V, more than any heart makes", "it may be in mV")


def _unit(lead: str, what: str, remedy: str) -> Remark:
    return Remark(kind="unit", severity="warning", what=f"lead {lead!r} {what}", remedy=f"check its unit: {remedy}")


def _contradictions(waveform: Waveform, array: NDArray[np.floating]) -> Iterator[Remark]:
    names = [harmonise(lead) for lead in waveform.leads]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        what = f"several leads are called {', '.join(twice)}"
        yield Remark(kind="repeated_name", severity="warning", what=what, remedy="tell them apart, or keep one")
    first: dict[bytes, str] = {}
    for lead, row in zip(waveform.leads, array, strict=True):
        known = row[np.isfinite(row)]
        if not len(known) or known.min() == known.max():
            continue
        twin = first.setdefault(hashlib.sha256(np.ascontiguousarray(row).tobytes()).digest(), lead)
        if twin is not lead:
            what = f"leads {twin!r} and {lead!r} are equal in every sample"
            remedy = "one of them is a copy: leave it out"
            yield Remark(kind="equal_leads", severity="warning", what=what, remedy=remedy)
    yield from _limbs(names, array)


def _limbs(names: Sequence[str], array: NDArray[np.floating]) -> Iterator[Remark]:
    """Compare what must agree: III = II - I, and aVR + aVL + aVF = 0."""
    rules = (
        ("III = II - I", ("I", "II", "III"), (1.0, -1.0, 1.0)),
        ("aVR + aVL + aVF = 0", ("aVR", "aVL", "aVF"), (1.0,) * 3),
    )
    for rule, leads, weights in rules:
        if any(names.count(lead) != 1 for lead in leads):
            continue
        rows = np.stack([array[names.index(lead)] for lead in leads]).astype(np.float64)
        rows = rows[:, np.isfinite(rows).all(axis=0)]
        if rows.shape[1] < 10:
            continue
        left = float(np.std(np.array(weights) @ rows))
        size = float(np.std(rows, axis=1).max())
        if size > 0 and left > 0.1 * size:
            what = f"{rule} does not hold: the rest is {left / size:.0%} of the largest lead"
            remedy = "leads may be swapped, misnamed or filtered apart; look at them"
            yield Remark(kind="limb_leads", severity="warning", what=what, remedy=remedy)


def _say(waveform: Waveform, which: NDArray[np.bool_], kind: str, severity: str, what: str, remedy: str) -> Remark:
    named = ", ".join(lead for lead, hit in zip(waveform.leads, which, strict=True) if hit)
    return Remark(kind=kind, severity=severity, what=f"{what} in {named}", remedy=remedy)
