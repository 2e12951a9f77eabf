"""Identities taken out of DICOM headers, attribute by attribute."""

import struct
import zlib
from datetime import date
from pathlib import Path

import pydicom
import pytest

from data.deidentify.dicom_made import item, opened, patient, saved
from salus.data.deidentify.file import RefusedError, clean_file
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.plan import Plan

KEY = Key(b"k" * 32)


def cleaned(dataset: object, folder: Path, plan: Plan | None = None, key: Key = KEY) -> pydicom.Dataset:
    source = saved(dataset, folder / "in.dcm")
    clean_file(source, folder / "out.dcm", plan or Plan(), key)
    return pydicom.dcmread(folder / "out.dcm")


def test_the_basic_profile_on_a_ct_slice(tmp_path: Path) -> None:
    out = cleaned(patient(opened()), tmp_path)
    assert str(out.PatientName) == out.PatientID
    assert out.PatientID.startswith("P")
    assert (out.PatientBirthDate, out.StudyDate, out.StudyTime, out.AccessionNumber) == ("", "", "", "")
    for gone in (
        "PatientAge",
        "InstitutionName",
        "StudyDescription",
        "SeriesDescription",
        "SeriesDate",
        "PatientWeight",
    ):
        assert gone not in out
    assert out.StudyInstanceUID.startswith("2.25.")
    assert out.SOPClassUID == opened().SOPClassUID
    assert out.pixel_array.tobytes() == opened().pixel_array.tobytes()
    assert not [element for element in out if element.tag.is_private]
    assert (out.PatientIdentityRemoved, out.LongitudinalTemporalInformationModified) == ("YES", "REMOVED")
    assert [code.CodeValue for code in out.DeidentificationMethodCodeSequence] == ["113100"]
    assert out.file_meta.MediaStorageSOPInstanceUID == out.SOPInstanceUID
    assert out.preamble == b"\0" * 128


def test_options_keep_what_they_name(tmp_path: Path) -> None:
    plan = Plan(
        retain_uids=True, retain_institution=True, retain_device=True, retain_characteristics=True,
        clean_descriptors=True, shift_dates=True,
    )  # fmt: skip
    given = patient(opened())
    out = cleaned(given, tmp_path, plan)
    assert out.StudyInstanceUID == given.StudyInstanceUID
    assert out.InstitutionName == "Sankt Florian Klinikum"
    assert out.StationName == "SF-CT-03"
    assert (out.PatientSex, out.PatientAge) == ("F", "090Y")
    assert "pulmonary nodule" in out.StudyDescription
    assert "Zubrowska" not in out.StudyDescription
    days = [date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}") for text in (out.StudyDate, out.SeriesDate)]
    assert (days[1] - days[0]).days == 7
    assert out.StudyDate != "20240315"
    assert (days[0] - date(2024, 3, 15)).days % 7 == 0
    assert out.StudyTime == "101112"
    assert out.LongitudinalTemporalInformationModified == "MODIFIED"
    assert out.PatientBirthDate == ""


def test_the_patient_is_found_wherever_it_stands(tmp_path: Path) -> None:
    given = patient(opened())
    given.ManufacturerModelName = "unit of ZUBROWSKA"
    given.SegmentDescription = "Call Frau Zubrowska, born 17.04.1931, no. H4711-23, at 617-555-0143 (Dr. Vandermeer)"
    given.AnatomicRegionSequence = [item(CodeValue="1", CodingSchemeDesignator="99X", CodeMeaning="lung of Halina")]
    out = cleaned(given, tmp_path)
    written = (tmp_path / "out.dcm").read_bytes().lower()
    for needle in (
        b"zubrowska",
        b"halina",
        b"h4711",
        b"17.04.1931",
        b"555-0143",
        b"vandermeer",
        b"okonkwo",
        b"florian",
    ):
        assert needle not in written, needle
    assert out.ManufacturerModelName.startswith("unit of")
    assert "lung" in out.AnatomicRegionSequence[0].CodeMeaning


def test_a_name_in_other_letters_and_charsets_is_found(tmp_path: Path) -> None:
    given = patient(opened(), "Müller^Jürgen=山田^太郎")
    given.SpecificCharacterSet = "ISO_IR 192"
    given.ManufacturerModelName = "Mueller MULLER müller 山田 Halina"
    out = cleaned(given, tmp_path)
    assert out.ManufacturerModelName == "[removed] [removed] [removed] [removed] Halina"


def test_uids_agree_over_a_study_and_its_references(tmp_path: Path) -> None:
    first, second = patient(opened()), patient(opened())
    second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5.999"
    second.SourceImageSequence = [
        item(ReferencedSOPClassUID=first.SOPClassUID, ReferencedSOPInstanceUID=first.SOPInstanceUID)
    ]
    second.ReferencedSeriesSequence = [item(SeriesInstanceUID=first.SeriesInstanceUID)]
    second.FrameOfReferenceUID = first.FrameOfReferenceUID = "1.2.840.10008.1.4.1.1"
    second.ProtocolName = f"copied from {first.SOPInstanceUID}"
    plan = Plan(clean_descriptors=True)
    one, two = cleaned(first, tmp_path / "1", plan), cleaned(second, tmp_path / "2", plan)
    assert one.StudyInstanceUID == two.StudyInstanceUID
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert two.SourceImageSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert two.ReferencedSeriesSequence[0].SeriesInstanceUID == one.SeriesInstanceUID
    assert two.FrameOfReferenceUID == "1.2.840.10008.1.4.1.1"  # a UID of the standard names no patient
    assert one.SOPInstanceUID[:40] in two.ProtocolName
    other = cleaned(first, tmp_path / "3", plan, Key(b"o" * 32))
    assert other.StudyInstanceUID != one.StudyInstanceUID
    assert other.PatientID != one.PatientID


def test_nested_private_and_retired_places(tmp_path: Path) -> None:
    given = patient(opened())
    inner = item(PatientName="Sekula^Anna", InstitutionName="Sankt Florian Klinikum", CodeMeaning="x")
    for _ in range(20):
        inner = item(AnatomicRegionModifierSequence=[inner], OperatorsName="Bielik^Ewa")
    given.AnatomicRegionSequence = [inner]
    block = given.private_block(0x0041, "BIELIK 1.0", create=True)
    block.add_new(1, "UN", b"Sekula")
    given.add_new(0x50020030, "SH", "Sekula")
    given.add_new(0x60024000, "LT", "Sekula")
    given.preamble = b"II*\0" + b"Sekula".ljust(124, b"\0")
    given.file_meta.SourceApplicationEntityTitle = "SEKULA"
    given.add_new(0x00189999, "LO", "Sekula in an attribute of the future")
    cleaned(given, tmp_path)
    written = (tmp_path / "out.dcm").read_bytes().lower()
    assert b"sekula" not in written
    assert b"bielik" not in written


def test_safe_private_attributes_stay_with_their_creator(tmp_path: Path) -> None:
    given = patient(opened())
    for group, creator, element, vr, value in (
        (0x0019, "SIEMENS MR HEADER", 0x0C, "IS", "800"),
        (0x0019, "SIEMENS MR HEADER", 0x0B, "LO", "Zubrowska"),
        (0x0051, "SECRETS 1.0", 0x01, "LO", "Zubrowska"),
    ):
        given.private_block(group, creator, create=True).add_new(element, vr, value)
    out = cleaned(given, tmp_path, Plan(retain_safe_private=True))
    block = out.private_block(0x0019, "SIEMENS MR HEADER")
    assert block[0x0C].value == 800
    assert 0x0B not in block
    with pytest.raises(KeyError):
        out.private_block(0x0051, "SECRETS 1.0")
    assert out.private_block(0x0019, "GEMS_ACQU_01")[0x27].value == 1  # gantry period, in the file and on the list
    assert 0x02 not in out.private_block(0x0019, "GEMS_ACQU_01")
    assert b"zubrowska" not in (tmp_path / "out.dcm").read_bytes().lower()


def test_dates_of_published_code_lists_do_not_tell_the_shift(tmp_path: Path) -> None:
    given = patient(opened())
    code = item(CodeValue="1", CodingSchemeDesignator="DCM", CodeMeaning="x", ContextGroupVersion="20020904")
    given.AnatomicRegionSequence = [code]
    out = cleaned(given, tmp_path, Plan(shift_dates=True))
    assert out.AnatomicRegionSequence[0].ContextGroupVersion == "19000101000000"


def test_structured_content_is_cleaned_or_replaced(tmp_path: Path) -> None:
    given = patient(opened("reportsi.dcm"), "Zubrowska^Halina", "H4711-23")
    text = item(
        RelationshipType="CONTAINS", ValueType="TEXT", TextValue="Mrs Zubrowska has a nodule of 7 mm",
        ConceptNameCodeSequence=[item(CodeValue="121071", CodingSchemeDesignator="DCM", CodeMeaning="Finding")],
    )  # fmt: skip
    who = item(
        RelationshipType="HAS OBS CONTEXT", ValueType="TEXT", TextValue="Wojciechowska room 4",
        ConceptNameCodeSequence=[item(CodeValue="121008", CodingSchemeDesignator="DCM", CodeMeaning="Observer Name")],
    )  # fmt: skip
    given.ContentSequence = [text, who]
    kept = cleaned(given, tmp_path, Plan(clean_structured=True)).ContentSequence
    assert "nodule of 7 mm" in kept[0].TextValue
    assert "Zubrowska" not in kept[0].TextValue
    assert kept[1].TextValue == "REMOVED"
    replaced = cleaned(given, tmp_path, Plan()).ContentSequence
    assert [one.TextValue for one in replaced] == ["REMOVED", "REMOVED"]
    assert replaced[0].ConceptNameCodeSequence[0].CodeMeaning == "Finding"


def test_marks_of_an_earlier_run_stay(tmp_path: Path) -> None:
    given = patient(opened())
    given.DeidentificationMethod = "by hand"
    given.DeidentificationMethodCodeSequence = [
        item(CodeValue="113100", CodingSchemeDesignator="DCM", CodeMeaning="Basic Application Confidentiality Profile")
    ]
    out = cleaned(given, tmp_path, Plan(clean_descriptors=True))
    assert len(out.DeidentificationMethod) == 2
    assert [code.CodeValue for code in out.DeidentificationMethodCodeSequence] == ["113100", "113105"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"EncapsulatedDocument": b"%PDF"}, "document"),
        ({"BurnedInAnnotation": "YES"}, "clean-pixels"),
        ({"PixelData": b"\0\0"}, "shorter"),
    ],
)
def test_what_cannot_be_cleaned_is_not_written(change: dict[str, object], reason: str, tmp_path: Path) -> None:
    given = patient(opened())
    for keyword, value in change.items():
        setattr(given, keyword, value)
    with pytest.raises(RefusedError, match=reason):
        cleaned(given, tmp_path)
    assert not (tmp_path / "out.dcm").exists()


def test_a_name_inside_packed_pixels_keeps_the_file_back(tmp_path: Path) -> None:
    given = patient(opened("MR_small_RLE.dcm"))
    frame = b"\0" * 64 + b"comment: Zubrowska "
    given.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0" + struct.pack("<I", len(frame) + len(frame) % 2)
    given.PixelData += frame + b"\0" * (len(frame) % 2)
    with pytest.raises(RefusedError, match="would remain"):
        cleaned(given, tmp_path)


def test_hostile_files_get_a_reason_and_no_output(tmp_path: Path) -> None:
    whole = saved(patient(opened()), tmp_path / "whole.dcm").read_bytes()
    broken = [whole[: len(whole) * part // 20] for part in range(20)]
    deep = bytearray()
    for _ in range(5000):
        deep += b"\x08\x00\x18\x22SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    broken.append(whole[:400] + bytes(deep))
    zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = zeros.compress(b"\0" * 60_000_000) + zeros.flush()
    deflated = opened("image_dfl.dcm")
    head = saved(deflated, tmp_path / "dfl.dcm").read_bytes()
    start = 144 + int.from_bytes(head[140:144], "little")
    broken.append(head[:start] + bomb)
    for number, data in enumerate(broken):
        source, target = tmp_path / f"{number}.dcm", tmp_path / f"{number}.out"
        source.write_bytes(data)
        try:
            clean_file(source, target, Plan(), KEY)
        except RefusedError as error:
            said = str(error)
        else:
            said = target.read_bytes().decode("latin-1")
        assert "Zubrowska" not in said
