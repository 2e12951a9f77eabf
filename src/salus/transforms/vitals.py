"""Plausible vital signs: what is impossible in the unit it claims is refused, what was not heard becomes missing."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Row, Sample, Waveform

LEADS = ("systolic", "diastolic", "pulse", "temperature", "glucose")
UNITS = ("mmHg", "mmHg", "1/min", "degC", "mg/dL")
STEPS = 64
SPREADS = frozenset({"sd", "std", "var", "variance", "range", "slope", "change", "delta", "cv", "iqr"})
"""Words that make a column something about a reading and no reading."""


def name_words(column: str) -> set[str]:
    """Return the words of a column's name, with and without a number at their end.

    >>> sorted(name_words("BPXSY1 mean_mmHg"))
    ['bpxsy', 'bpxsy1', 'mean', 'mmhg']
    """
    words = re.split(r"[^a-z0-9]+", column.lower())
    return set(words) | {word.rstrip("0123456789") for word in words}


def checked_row(sample: Sample, name: str = "row") -> Sample:
    """Return a sample whose row's readings are plausible; a diastolic zero means unheard and becomes missing.

    Readings are known by the words of `LEADS` in a column's name; a sample without a row comes back as it is.

    Raises:
        DataError: Diastolic not below systolic.
        UnitError: A temperature or glucose that betrays another unit.
    """
    row = sample.inputs.get(name)
    if not isinstance(row, Row):
        return sample
    readings: dict[str, float] = {}
    cleaned = dict(row.values)
    for column, value in row.values.items():
        kind = _reading(column)
        if not kind or isinstance(value, str) or value is None:
            continue
        if kind == "diastolic" and value == 0:
            cleaned[column] = math.nan
        elif not math.isnan(value):
            readings[kind] = float(value)
    refuse_readings(sample.id, {kind: np.array([value]) for kind, value in readings.items()})
    if cleaned == row.values:
        return sample
    return replace(sample, inputs={**sample.inputs, name: Row(values=cleaned)})


@cache
def _reading(column: str) -> str:
    words = name_words(column)
    return "" if words & SPREADS else next((lead for lead in LEADS if lead in words), "")


def refuse_readings(sample_id: str, readings: Mapping[str, NDArray[np.float64]]) -> None:
    """Refuse readings (each `(N,)`, NaN allowed) that no patient has in mmHg, degrees Celsius or mg/dL.

    Raises:
        DataError: Diastolic not below systolic.
        UnitError: A temperature above 45 or glucose below 30.
    """
    if {"systolic", "diastolic"} <= readings.keys() and (readings["diastolic"] >= readings["systolic"]).any():
        worst = int(np.nanargmax(readings["diastolic"] - readings["systolic"]))
        raise DataError(
            f"sample {sample_id!r}: diastolic {readings['diastolic'][worst]:g} mmHg is not below systolic "
            f"{readings['systolic'][worst]:g} mmHg; check whether the columns are swapped"
        )
    if "temperature" in readings and (readings["temperature"] > 45).any():
        raise UnitError(
            f"sample {sample_id!r}: temperature {np.nanmax(readings['temperature']):g}: °F? Give degrees Celsius"
        )
    if "glucose" in readings and (readings["glucose"] < 30).any():
        raise UnitError(
            f"sample {sample_id!r}: glucose {np.nanmin(readings['glucose']):g}: mmol/L? Give mg/dL (times 18.02)"
        )


def checked_window(sample: Sample, name: str = "vitals") -> NDArray[np.float64]:
    """Return a sample's window `(5, 64)` in `UNITS`, gaps filled along time.

    Raises:
        DataError: No such waveform, an infinite reading, a lead without any, diastolic not below systolic.
        ShapeError: Other leads or not 64 steps.
        UnitError: Other units, or a temperature or glucose that betrays them.
    """
    wave = sample.inputs.get(name)
    if not isinstance(wave, Waveform):
        raise DataError(f"sample {sample.id!r} has no waveform {name!r}; give a window of {STEPS} steps")
    if wave.leads != LEADS or wave.array.shape[1] != STEPS:
        raise ShapeError(
            f"sample {sample.id!r}: window of {wave.array.shape[1]} steps with leads {', '.join(wave.leads)}; "
            f"give {STEPS} steps of {', '.join(LEADS)}"
        )
    if wave.units != UNITS:
        raise UnitError(f"sample {sample.id!r}: units {wave.units or 'missing'}; convert to {', '.join(UNITS)}")
    array = wave.array.astype(np.float64).copy()
    if np.isinf(array).any() or np.isnan(array).all(axis=1).any():
        raise DataError(f"sample {sample.id!r}: an infinite reading, or a lead without any; repair or drop the window")
    array[1][array[1] == 0] = np.nan
    refuse_readings(sample.id, dict(zip(LEADS, array, strict=True)))
    steps = np.arange(STEPS)
    for lead in array:
        gaps = np.isnan(lead)
        lead[gaps] = np.interp(steps[gaps], steps[~gaps], lead[~gaps])
    return array
