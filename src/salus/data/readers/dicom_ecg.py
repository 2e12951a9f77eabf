"""Waveforms in DICOM: 12-lead, general and ambulatory electrocardiograms, hemodynamic and other curves."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.leads import harmonise
from salus.data.limits import existing, refuse_above
from salus.data.readers.recording import Mark, Recording
from salus.schema.errors import DataError, SalusError, UnitError
from salus.schema.sample import Waveform

MAX_MARKS = 100_000
MAX_CHANNELS = 1_024
MAX_RATE_HZ = 1e7
_CLASS = b"1.2.840.10008.5.1.4.1.1.9."  # every waveform class begins so
_KINDS = {(8, "SB"): "i1", (8, "UB"): "u1", (16, "SS"): "i2", (16, "US"): "u2"}
_KINDS |= {(32, "SL"): "i4", (32, "UL"): "u4", (64, "SV"): "i8", (64, "UV"): "u8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """One multiplex group: its channels, when it starts, and whether a device computed it from others."""

    waveform: Waveform
    label: str
    derived: bool
    start_s: float


def holds_waveform(header: Any) -> bool:
    """Tell whether a DICOM data set is a waveform, by its elements."""
    return "WaveformSequence" in header


def is_dicom_waveform(path: Path | str) -> bool:
    """Tell whether a file is DICOM of a waveform class, by its first kilobyte."""
    try:
        with Path(path).open("rb") as handle:
            head = handle.read(1024)
    except OSError:
        return False
    return head[128:132] == b"DICM" and _CLASS in head


def read_dicom_ecg(path: Path | str, limit: int | None = None) -> Waveform:
    """Read what was recorded (not what the device computed from it) as one array.

    Groups of one rate are laid out in time by their offsets, so that the four strips of a printed 12-lead form come
    side by side with NaN where a lead was not recorded. Groups of another rate than the first are left to
    `read_dicom_ecg_recording`; median beats too, unless nothing else is there.

    Args:
        path: The DICOM file.
        limit: Most values; None takes the setting.

    Returns:
        `(L, T)` float32 in the unit of the file; leads in their one spelling.

    Raises:
        DataError: No waveform, damaged, less data than declared, or an encoding that is not read.
        UnitError: A rate or sensitivity of 0.
    """
    found = existing(path)
    with _guarded(found):
        groups = _groups(_opened(found), found, limit)
    original = [group for group in groups if not group.derived] or groups[:1]
    rate = original[0].waveform.rate_hz
    return _laid_out([group for group in original if group.waveform.rate_hz == rate], found, limit)


def read_dicom_ecg_recording(path: Path | str, limit: int | None = None) -> Recording:
    """Read every multiplex group by itself, with the annotations.

    Args:
        path: The DICOM file.
        limit: Most values of a group; None takes the setting.

    Returns:
        `labels` tells the groups (`RHYTHM`, `MEDIAN BEAT`); marks without a place in time (the interpretation's
        sentences) have `start_s` NaN and come first.

    Raises:
        DataError: As `read_dicom_ecg`.
        UnitError: A rate or sensitivity of 0.
    """
    found = existing(path)
    with _guarded(found):
        header = _opened(found)
        groups = _groups(header, found, limit)
        marks = _marks(header, groups)
        facts = {
            "patient": str(header.get("PatientID", "") or ""),
            "sex": str(header.get("PatientSex", "") or ""),
            "start": str(header.get("AcquisitionDateTime", "") or ""),
        }
        age = re.fullmatch(r"(\d{3})Y", str(header.get("PatientAge", "") or ""))
        facts["age_years"] = str(int(age[1])) if age else ""
        text = " ".join(mark.text for mark in marks if np.isnan(mark.start_s))
        facts["interpretation"] = text[:10_000]
    derived = [group.label or f"group {place + 1}" for place, group in enumerate(groups) if group.derived]
    return Recording(
        groups=tuple(group.waveform for group in groups),
        labels=tuple(group.label for group in groups),
        marks=tuple(marks),
        facts={name: value for name, value in facts.items() if value},
        notes=(f"Computed by the device, not recorded: {', '.join(derived)}.",) if derived else (),
    )


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Name the file in whatever pydicom raises when an element is touched."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SalusError:
        raise
    except Exception as error:
        raise DataError(
            f"{path}: a damaged DICOM waveform ({type(error).__name__}: {error}); export it again from its archive"
        ) from error


def _opened(path: Path) -> Any:
    import pydicom

    header = pydicom.dcmread(path, force=True)
    if not holds_waveform(header) or not len(header.WaveformSequence):
        raise DataError(f"{path}: holds no waveform; give a DICOM electrocardiogram")
    return header


def _groups(header: Any, path: Path, limit: int | None) -> list[_Group]:
    order = "<" if header.original_encoding[1] is not False else ">"
    return [
        _group(item, order, f"{path}, multiplex group {n + 1}", limit) for n, item in enumerate(header.WaveformSequence)
    ]


def _group(item: Any, order: str, name: str, limit: int | None) -> _Group:
    channels, samples = int(item.NumberOfWaveformChannels), int(item.NumberOfWaveformSamples)
    if not 1 <= channels <= MAX_CHANNELS or samples < 1:
        raise DataError(f"{name}: declares {channels} channels of {samples} samples; export the file again")
    refuse_above(Path(name), channels * samples, limit)
    rate = float(item.SamplingFrequency)
    if not 0 < rate <= MAX_RATE_HZ:
        raise UnitError(f"{name}: sampling frequency {rate} Hz; it must be above 0")
    kind = (int(item.WaveformBitsAllocated), str(item.WaveformSampleInterpretation))
    if kind not in _KINDS:
        raise DataError(f"{name}: samples of {kind[0]} bits as {kind[1]!r} are not read; export them as 16 bits, SS")
    raw = bytes(item.WaveformData)
    dtype = np.dtype(order + _KINDS[kind])
    if len(raw) < channels * samples * dtype.itemsize:
        raise DataError(
            f"{name}: {len(raw):,} bytes for {channels} channels of {samples:,} samples; the file was cut short"
        )
    stored = np.frombuffer(raw, dtype, channels * samples).reshape(samples, channels).T
    defined = list(item.ChannelDefinitionSequence)
    if len(defined) != channels:
        raise DataError(f"{name}: defines {len(defined)} of {channels} channels; export the file again")
    array = np.empty((channels, samples), dtype=np.float32)
    for place, channel in enumerate(defined):
        array[place] = _moved(_physical(channel, stored[place], f"{name}, channel {place + 1}"), channel)
    pad = item.get("WaveformPaddingValue")
    if pad is not None:
        array[stored == _padding(pad, dtype)] = np.nan
    names = [_lead(channel, place) for place, channel in enumerate(defined)]
    names = [told if names.index(told) == place else f"{told} #{place + 1}" for place, told in enumerate(names)]
    units = tuple(_unit(channel) for channel in defined)
    return _Group(
        waveform=Waveform(array=array, rate_hz=rate, leads=tuple(names), units=units if any(units) else ()),
        label=str(item.get("MultiplexGroupLabel", "") or "").strip(),
        derived=str(item.get("WaveformOriginality", "")) == "DERIVED",
        start_s=float(item.get("MultiplexGroupTimeOffset", 0) or 0) / 1000.0,
    )


def _physical(channel: Any, stored: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Return values in the channel's unit, or as they are stored where the file gives no sensitivity.

    Source: DICOM PS3.3, C.10.9.1.4.1: value = stored x sensitivity x correction factor + baseline.
    """
    if channel.get("ChannelSensitivity") is None:
        return stored.astype(np.float64)
    factor = float(channel.ChannelSensitivity) * float(channel.get("ChannelSensitivityCorrectionFactor", 1) or 1)
    baseline = float(channel.get("ChannelBaseline", 0) or 0)
    if not np.isfinite(factor) or factor == 0 or not np.isfinite(baseline):
        raise UnitError(f"{name}: sensitivity {factor}, baseline {baseline}; no value can be told from them")
    return stored * factor + baseline


def _moved(values: NDArray[np.float64], channel: Any) -> NDArray[np.float64]:
    """Shift a channel by its skew in whole samples; what is not covered then is NaN."""
    skew = round(float(channel.get("ChannelSampleSkew", 0) or 0))
    if not 0 < abs(skew) < len(values):
        return values
    out = np.full(len(values), np.nan)
    if skew > 0:
        out[skew:] = values[:-skew]
    else:
        out[:skew] = values[-skew:]
    return out


def _padding(pad: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(pad, bytes):
        return np.frombuffer(pad[: dtype.itemsize].ljust(dtype.itemsize, b"\0"), dtype)[0]
    number = int(pad[0] if isinstance(pad, list | tuple) else pad)
    return np.array(number & (2 ** (8 * dtype.itemsize) - 1), dtype=f"u{dtype.itemsize}").view(dtype.newbyteorder("="))


def _lead(channel: Any, place: int) -> str:
    """Return the lead's name from its code, its code's meaning, or its label."""
    for code in channel.get("ChannelSourceSequence", None) or ():
        value, meaning = str(code.get("CodeValue", "") or ""), str(code.get("CodeMeaning", "") or "")
        for words in (value, meaning):
            if harmonise(words) != words.strip():
                return harmonise(words)
        if meaning.strip():
            return harmonise(meaning)
    label = str(channel.get("ChannelLabel", "") or "").strip()
    return harmonise(label) if label else f"channel {place + 1}"


def _unit(channel: Any) -> str:
    for code in channel.get("ChannelSensitivityUnitsSequence", None) or ():
        return str(code.get("CodeValue", "") or "").strip()
    return ""


def _laid_out(groups: Sequence[_Group], path: Path, limit: int | None) -> Waveform:
    """Put groups of one rate on one axis of time."""
    first = groups[0].waveform
    if len(groups) == 1:
        return first
    rate, begin = first.rate_hz, min(group.start_s for group in groups)
    places = [round((group.start_s - begin) * rate) for group in groups]
    length = max(place + group.waveform.array.shape[1] for place, group in zip(places, groups, strict=True))
    leads = list(dict.fromkeys(lead for group in groups for lead in group.waveform.leads))
    refuse_above(path, length * len(leads), limit)
    array = np.full((len(leads), length), np.nan, dtype=np.float32)
    units: dict[str, str] = {}
    for place, group in zip(places, groups, strict=True):
        wave = group.waveform
        for row, lead, unit in zip(wave.array, wave.leads, wave.units or ("",) * len(wave.leads), strict=True):
            part = array[leads.index(lead), place : place + len(row)]
            if units.setdefault(lead, unit) != unit or not np.isnan(part).all():
                raise DataError(f"{path}: lead {lead!r} is recorded twice at one time; read its groups one by one")
            part[:] = row
    chosen = tuple(units[lead] for lead in leads)
    return Waveform(array=array, rate_hz=rate, leads=tuple(leads), units=chosen if any(chosen) else ())


def _marks(header: Any, groups: Sequence[_Group]) -> list[Mark]:
    found = []
    for note in list(header.get("WaveformAnnotationSequence", None) or ())[:MAX_MARKS]:
        text = str(note.get("UnformattedTextValue", "") or "").strip()
        for code in note.get("ConceptNameCodeSequence", None) or ():
            text = f"{text} {code.get('CodeMeaning', '') or code.get('CodeValue', '')}".strip()
        number = note.get("NumericValue")
        if number is not None:
            text += f" = {number}"
            for code in note.get("MeasurementUnitsCodeSequence", None) or ():
                text += f" {code.get('CodeValue', '')}"
        channels = [int(place) for place in note.get("ReferencedWaveformChannels", None) or ()]
        place = channels[0] - 1 if channels else 0
        group = groups[place] if 0 <= place < len(groups) else groups[0]
        own = channels[1] if len(channels) > 1 else 0
        lead = group.waveform.leads[own - 1] if 0 < own <= len(group.waveform.leads) else ""
        found += [Mark(start_s=start, text=text, lead=lead) for start in _moments(note, group)]
        if len(found) > MAX_MARKS:
            break
    return sorted(found, key=lambda mark: -1.0 if np.isnan(mark.start_s) else mark.start_s)


def _moments(note: Any, group: _Group) -> list[float]:
    samples = note.get("ReferencedSamplePositions")
    if samples is not None:
        positions = np.atleast_1d(np.asarray(samples, dtype=np.float64))[:MAX_MARKS]
        # the standard counts the first sample as 1
        return [float((place - 1) / group.waveform.rate_hz) for place in positions]
    offsets = note.get("ReferencedTimeOffsets")
    if offsets is not None:
        return [float(second) for second in np.atleast_1d(np.asarray(offsets, dtype=np.float64))[:MAX_MARKS]]
    return [float("nan")]
