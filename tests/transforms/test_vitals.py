"""Impossible vital signs."""

import math

import numpy as np
import pytest

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Row, Sample, Waveform
from salus.transforms.vitals import LEADS, UNITS, checked_row, checked_window


def row(**values):
    return Sample(id="r", patient="p", inputs={"row": Row(values=values)})


def window(array=None, leads=LEADS, units=UNITS):
    if array is None:
        array = np.tile(np.array([120.0, 80, 70, 36.8, 100])[:, None], (1, 64))
    return Sample(
        id="w", patient="p", inputs={"vitals": Waveform(array=array, rate_hz=1 / 60, leads=leads, units=units)}
    )


@pytest.mark.parametrize(
    ("values", "kind", "says"),
    [
        ({"systolic_mmhg": 80.0, "diastolic_mmhg": 80.0}, DataError, "swapped"),
        ({"temperature": 98.6}, UnitError, "°F"),
        ({"glucose_mg_dl": 5.5}, UnitError, "mmol"),
    ],
)
def test_rows_refused(values, kind, says):
    with pytest.raises(kind, match=says):
        checked_row(row(**values))


def test_zero_diastolic_is_missing():
    sample = row(systolic_mmhg=120.0, diastolic_mmhg=0.0, note="x", age=3.0)
    cleaned = checked_row(sample).inputs["row"].values
    assert math.isnan(cleaned["diastolic_mmhg"])
    assert cleaned["age"] == 3.0
    assert sample.inputs["row"].values["diastolic_mmhg"] == 0.0


def test_missing_readings_pass():
    checked_row(row(systolic_mmhg=math.nan, diastolic_mmhg=90.0, glucose_mg_dl="", temperature=None))


def test_a_spread_is_no_reading():
    checked_row(row(glucose_sd=4.0, temperature_range=50.0, systolic_slope=-3.0, diastolic=70.0))


def test_window_gaps_are_filled_along_time():
    array = window().inputs["vitals"].array.copy()
    array[4, 10:12] = np.nan
    array[4, 12:] = 130.0
    array[1, 5] = 0.0
    filled = checked_window(window(array))
    np.testing.assert_allclose(filled[4, 9:13], [100, 110, 120, 130])
    assert filled[1, 5] == 80.0
    assert math.isnan(array[4, 10])


def test_windows_refused():
    good = window().inputs["vitals"].array
    with pytest.raises(ShapeError, match="64 steps"):
        checked_window(window(good[:, :60]))
    with pytest.raises(ShapeError, match="systolic"):
        checked_window(window(good, leads=LEADS[::-1]))
    with pytest.raises(UnitError, match="degC"):
        checked_window(window(good, units=("mmHg", "mmHg", "1/min", "degF", "mg/dL")))
    with pytest.raises(UnitError, match="missing"):
        checked_window(window(good, units=()))
    for lead, value, kind in ((1, 130.0, DataError), (3, 98.0, UnitError), (4, 5.0, UnitError), (2, np.inf, DataError)):
        bad = good.copy()
        bad[lead, 7] = value
        with pytest.raises(kind):
            checked_window(window(bad))
    empty = good.copy()
    empty[2] = np.nan
    with pytest.raises(DataError, match="lead without any"):
        checked_window(window(empty))
    with pytest.raises(DataError, match="no waveform"):
        checked_window(row(a=1.0))
