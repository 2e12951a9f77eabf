"""The table of the standard and the options that change its rows."""

import pytest

from salus.data.deidentify.conform import requirement
from salus.data.deidentify.plan import Plan
from salus.data.deidentify.profile import rule_of, rules
from salus.schema.errors import ConfigError

CT = "1.2.840.10008.5.1.4.1.1.2"


def test_the_table_has_every_row_of_the_edition() -> None:
    named = [rule for rule in rules().values() if not rule.added]
    assert len(named) == 627  # with two overlay rows, curves and private attributes: the 631 of PS3.15 2025a
    assert {code for rule in named for code in rule.basic.rstrip("*").split("/")} == {"X", "Z", "D", "U"}
    assert all(action in "KC" for rule in named for action in rule.options.values())


@pytest.mark.parametrize(
    ("tag", "basic", "letters", "action"),
    [
        (0x00100010, "Z", "", "Z"),
        (0x00100020, "Z/D", "uifc", "Z/D"),
        (0x0020000D, "U", "u", "K"),
        (0x00080020, "Z", "m", "C"),
        (0x00080020, "Z", "f", "K"),
        (0x00101010, "X", "c", "K"),
        (0x00181000, "X/Z/D", "d", "K"),
        (0x00080080, "X/Z/D", "i", "K"),
        (0x00081030, "X", "t", "C"),
        (0x0040A730, "D", "s", "C"),
        (0x60023000, "X", "g", "C"),
        (0x50FE0030, "X", "g", "C"),
        (0x00181200, "X", "dm", "C"),  # kept by one option, cleaned by another: cleaning reveals less
    ],
)
def test_rows_under_options(tag: int, basic: str, letters: str, action: str) -> None:
    rule = rule_of(tag)
    assert rule is not None
    assert rule.basic == basic
    assert rule.action(letters)[0] == action


def test_the_basic_column_agrees_with_another_transcription() -> None:
    fields = pytest.importorskip(
        "dicomanonymizer.dicom_anonymization_databases.dicomfields_2024b", reason="dicom-anonymizer is not installed"
    )
    theirs = {"X": fields.X_TAGS, "Z": fields.Z_TAGS, "D": fields.D_TAGS, "U": fields.U_TAGS, "X/Z": fields.X_Z_TAGS}
    for action, tags in theirs.items():
        for tag in tags:
            if len(tag) == 2:
                assert rules()[tag[0] << 16 | tag[1]].basic == action


def test_requirements_come_from_the_object_and_its_sequences() -> None:
    assert requirement(CT, "", "PatientName") == 2
    assert requirement(CT, "", "StudyInstanceUID") == 1
    assert requirement(CT, "", "InstitutionName") == 3
    assert requirement(CT, "ReferencedStudySequence", "ReferencedSOPInstanceUID") == 1
    assert requirement("1.2.3", "", "StudyInstanceUID") == 1


def test_dates_are_kept_or_shifted_not_both() -> None:
    with pytest.raises(ConfigError, match="not both"):
        Plan(retain_dates=True, shift_dates=True)


def test_codes_are_those_of_cid_7050() -> None:
    plan = Plan(clean_pixels=True, shift_dates=True, retain_uids=True)
    assert [code for code, _ in plan.codes] == ["113100", "113101", "113107", "113110"]
    assert all(len(meaning) <= 64 for _, meaning in plan.codes)
    assert plan.fingerprint != Plan().fingerprint
