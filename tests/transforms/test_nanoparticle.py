"""Doses and sizes of particles: what cannot be is refused with the remedy."""

import math

import pytest

from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Row
from salus.transforms.nanoparticle import checked_particle, refuse_outcomes


def test_doses_go_by_their_logarithm_and_nothing_else_changes() -> None:
    row = Row(values={"dosage": 100.0, "coresize": 20.0, "log10_dosage": -1.0, "NPs": "ZnO", "dose_mg": math.nan})
    found = checked_particle(row, "row 1").values
    assert found["dosage"] == 2.0
    assert (found["coresize"], found["log10_dosage"], found["NPs"]) == (20.0, -1.0, "ZnO")
    assert math.isnan(float(found["dose_mg"]))
    assert row.values["dosage"] == 100.0


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("dosage", 0.0, "row 4.*dose of 0"),
        ("dose_ug_ml", -3.0, "above zero"),
        ("coresize", 2e-8, "metres"),
        ("hydrosize", 2500.0, "0.5 to 2000"),
        ("core_size", 0.0, "another unit"),
        ("diameter_nm", 1e9, "another unit"),
    ],
)
def test_impossible_values_are_refused(column: str, value: float, words: str) -> None:
    with pytest.raises(UnitError, match=words):
        checked_particle(Row(values={column: value}), "row 4")


def test_viability_is_no_input() -> None:
    with pytest.raises(DataError, match="cell_viability"):
        refuse_outcomes(("dosage", "cell_viability"))
    refuse_outcomes(("dosage", "Cellline"))
