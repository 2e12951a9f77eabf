"""Units against factors worked out by hand from the definitions of UCUM."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salus.data.records import ucum_units
from salus.data.records.ucum import conversion, convert, is_unit, parse_unit
from salus.data.records.ucum_names import _SPELLED, spelled
from salus.schema.errors import UnitError


@pytest.mark.parametrize(
    ("value", "source", "target", "wanted"),
    [
        (1, "g/L", "mg/dL", 100),
        (7.2, "10*3/uL", "10*9/L", 7.2),
        (7.2, "10^3/uL", "/nL", 7.2),
        (120, "mm[Hg]", "kPa", 15.99864),
        (98.6, "[degF]", "Cel", 37.0),
        (0, "Cel", "K", 273.15),
        (70, "kg", "[lb_av]", 154.3235835),
        (72, "[in_i]", "cm", 182.88),
        (6, "[ft_i]", "[in_i]", 72),
        (1, "a", "d", 365.25),
        (60, "{beats}/min", "Hz", 1.0),
        (5, "mL/min/{1.73_m2}", "L/h", 0.3),
        (1, "U/L", "nkat/L", 16.6666667),
        (1, "kU/L", "U/mL", 1),
        (2, "m[IU]/mL", "[iU]/L", 2),
        (5.5, "g%", "g/L", 55),
        (50, "%", "1", 0.5),
        (1, "kcal", "kJ", 4.184),
        (1, "[Cal]", "kcal", 1.0),
        (1, "dyn.s/cm5", "Pa.s/m3", 1e5),
        (1, "(mg/dL).m/s2", "g.m-2.s-2", 10),
        (4, "10*-7.N/A2", "nN/A2", 400),
        (1, "cm[H2O]", "Pa", 98.0665),
        (1, "[psi]", "kPa", 6.894757),
        (1, "dag", "g", 10),
        (1, "mCi", "MBq", 37),
        (20, "[drp]", "mL", 1),
        (1, "", "1", 1),
    ],
)
def test_conversions_by_hand(value, source, target, wanted):
    assert convert(value, source, target) == pytest.approx(wanted, rel=1e-6)
    assert convert(convert(value, source, target), target, source) == pytest.approx(value, abs=1e-9)


def test_moles_need_a_molar_mass_and_equivalents_a_valence():
    assert convert(90.0, "mg/dL", "mmol/L", molar_mass=180.156) == pytest.approx(4.9957, abs=1e-4)
    assert convert(5.0, "mmol/L", "mg/dL", molar_mass=180.156) == pytest.approx(90.078)
    assert convert(88.42, "umol/L", "mg/dL", molar_mass=113.12) == pytest.approx(1.0002, abs=1e-3)
    assert convert(5.0, "meq/L", "mmol/L", valence=2) == pytest.approx(2.5)
    values = convert(np.array([1.0, np.nan]), "g", "mg")
    assert values[0] == 1000
    assert np.isnan(values[1])
    with pytest.raises(UnitError, match="molar mass"):
        conversion("mg/dL", "mmol/L")
    with pytest.raises(UnitError, match="valence"):
        conversion("meq/L", "mmol/L")
    with pytest.raises(UnitError, match="above 0"):
        conversion("mg/dL", "mmol/L", molar_mass=0)
    # a molar mass bridges nothing else
    with pytest.raises(UnitError, match="different things"):
        conversion("mg/dL", "mmol/kg", molar_mass=100.0)


@pytest.mark.parametrize(
    ("source", "target"),
    [("[IU]/L", "U/L"), ("[IU]", "1"), ("[pH]", "1"), ("/[HPF]", "/uL"), ("mosm/kg", "mmol/kg"), ("mol", "1"),
     ("mg/dL", "mg"), ("Cel", "s"), ("[GPL'U]", "[MPL'U]")],
)  # fmt: skip
def test_different_things_do_not_convert(source, target):
    with pytest.raises(UnitError, match="different things"):
        conversion(source, target)


@pytest.mark.parametrize(
    "code",
    ["mmHg", "mg/dl/", "sec", "mcg", "mg//L", "/", ".", "mg/", "(mg", "mg)", "m[Hg", "{a", "{a}b", "Cel/min",
     "mCel", "klb", "10*1000", "m999", "m9" * 65, "mg dL", "µg", "()", "9" * 128 + "m", "(" * 60 + "m" + ")" * 60,
     "k[in_i]", "MG/DL", "m+-2", "--", "1.2"],
)  # fmt: skip
def test_what_is_not_ucum_is_refused(code):
    if code == "1.2":  # a product of two whole numbers, and so a unit
        assert parse_unit(code).factor == 2
        return
    assert not is_unit(code)
    with pytest.raises(UnitError, match=r"not UCUM|power"):
        parse_unit(code)


@given(st.text(alphabet="mgkLud/.()[]{}0123456789*^-+%HgINU' ", max_size=140))
def test_any_text_is_a_unit_or_a_unit_error(text):
    try:
        unit = parse_unit(text)
    except UnitError:
        return
    assert unit.factor >= 0


def test_every_unit_of_the_table_reads_and_every_spelling_leads_to_one():
    for name in (*ucum_units.BASE, *ucum_units.OWN, *ucum_units.TEMPERATURES, *ucum_units.DEFINED):
        assert parse_unit(name.rstrip("!")).factor > 0
    for wrong, right in _SPELLED.items():
        assert is_unit(right), wrong
        assert spelled(f" {wrong} ") == right
    assert spelled("mg/dL") == "mg/dL"
    assert parse_unit("{INR}") == parse_unit("1")
