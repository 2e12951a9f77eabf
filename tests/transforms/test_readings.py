"""Readings of a stay: another unit, no reading at all, and columns that give the outcome away."""

import math

import pytest

from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Row, Sample
from salus.transforms.readings import checked_readings, refuse_scores


def stay(**values):
    return Sample(id="stay 7", patient="p", inputs={"row": Row(values=values)}, target=0)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("temp_max", 98.6, "98.6 is impossible; give degrees Celsius"),
        ("temp_min", -17.8, "degrees Celsius"),
        ("fio2_last", 21.0, "21 is impossible; give the share of oxygen"),
        ("ph_mean", 735.0, "735 is impossible; give pH with its point"),
        ("gcs_min", 16.0, "Glasgow"),
        ("SpO2 last", 0.97, "per cent"),
    ],
)
def test_a_slip_of_units_is_named_with_the_stay_and_the_column(column, value, said):
    with pytest.raises(UnitError, match=f"'stay 7', column '{column}'.*{said}"):
        checked_readings(stay(**{column: value}))


def test_plausible_rows_pass_untouched():
    sample = stay(temp_max=41.2, fio2_last=0.21, ph_min=6.9, gcs_min=3.0, temp_count=98.0, temp_sd=0.0, sex="F")
    assert checked_readings(sample) is sample
    assert checked_readings(stay(x=1e9)).inputs["row"].values == {"x": 1e9}


def test_a_stay_without_any_measurement_is_refused():
    nothing = {
        "age_years": 70.0,
        "sex": "M",
        "height": 170.0,
        "hr_count": 0.0,
        "hr_min": math.nan,
        "temp_max": math.nan,
    }
    with pytest.raises(DataError, match="'stay 7': none of 2 readings was measured; leave this stay out"):
        checked_readings(stay(**nothing))
    checked_readings(stay(**nothing | {"hr_min": 60.0}))
    checked_readings(stay(age_years=70.0, sex="M"))  # no column for readings: not a row of this kind


@pytest.mark.parametrize("name", ["SAPS-I", "sofa", "Survival", "Length_of_stay", "apache_ii", "los_days", "died"])
def test_scores_and_outcomes_are_no_inputs(name):
    with pytest.raises(DataError, match=f"column {name}: an outcome or a score of the whole stay is no input"):
        refuse_scores(["hr_min", name])


def test_ordinary_columns_are_inputs():
    refuse_scores(["hr_min", "glucose_last", "close_count", "person", "gcs_min"])
