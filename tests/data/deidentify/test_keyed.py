"""The secret of a project and what follows from it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salus.data.deidentify.keyed import Key, make_key, read_key
from salus.data.deidentify.values import capped_age, dummy, shifted
from salus.schema.errors import DataError, StoreError

ONE, TWO = Key(b"1" * 32), Key(b"2" * 32)


@given(st.text(min_size=1, max_size=64))
def test_a_new_uid_is_valid_and_hangs_on_the_key(old: str) -> None:
    from pydicom.uid import UID

    new = ONE.uid(old)
    assert UID(new).is_valid
    assert new == ONE.uid(old + "\0") != TWO.uid(old)
    number = int(new.removeprefix("2.25."))
    assert (number >> 76 & 0xF, number >> 62 & 3) == (8, 2)  # version and variant of RFC 9562


@given(st.text(min_size=1, max_size=20))
def test_dates_move_back_by_whole_weeks(patient: str) -> None:
    days = ONE.shift_days(patient)
    assert days % 7 == 0
    assert -3640 <= days <= -7
    assert ONE.shift_days(f" {patient.strip()} ") == days or not patient.strip()


def test_patients_get_different_shifts_and_pseudonyms() -> None:
    shifts = {ONE.shift_days(f"p{i}") for i in range(300)}
    assert len(shifts) > 200
    names = {ONE.pseudonym("patient", f"p{i}") for i in range(3000)}
    assert len(names) == 3000
    assert ONE.pseudonym("patient", "Ab 1") == ONE.pseudonym("patient", "ab  1 ") != ONE.pseudonym("station", "Ab 1")


def test_a_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "project.key"
    made = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path).uid("1.2.3") == made.uid("1.2.3")
    with pytest.raises(StoreError, match="cannot be written"):
        make_key(path)
    path.chmod(0o644)
    with pytest.raises(DataError, match="chmod 600"):
        read_key(path)


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_text("secret")
    path.chmod(0o600)
    with pytest.raises(DataError, match="not a key"):
        read_key(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_key(tmp_path / "none")


@pytest.mark.parametrize(
    ("vr", "text", "moved"),
    [
        ("DA", "20200301", "20200223"),
        ("DA", "2020.03.01", "20200223"),
        ("DA", "20200230", None),
        ("DA", "202003", None),
        ("DA", "20200301x", None),
        ("DT", "20200301121314.123456-0500", "20200223121314.123456-0500"),
        ("DT", "202003", None),
        ("DT", "20200301 at noon", None),
        ("TM", "121314.5", "121314.5"),
        ("TM", "Dr Smith", None),
    ],
)
def test_shifted(vr: str, text: str, moved: str | None) -> None:
    assert shifted(vr, text, -7) == moved


def test_ages_above_89_are_one(tmp_path: Path) -> None:
    assert [capped_age(age) for age in ("089Y", "090Y", "101Y", "012M", "Smith", "1100M")] == [
        "089Y", "090Y", "090Y", "012M", "", "",
    ]  # fmt: skip


def test_every_dummy_fits_its_representation() -> None:
    from pydicom.valuerep import VR, validate_value

    for vr in VR:
        if len(vr) == 2 and vr not in ("SQ", "UI"):
            validate_value(str(vr), dummy(str(vr)), 2)
