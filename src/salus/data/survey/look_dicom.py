"""What the header of a DICOM object says, and whom it names."""

import hashlib
import re
from pathlib import Path
from typing import Any

from salus.data.deidentify.burned_in import find_burned_in
from salus.data.readers.dicom import read_header
from salus.data.survey.facts import Facts, Mark
from salus.schema.errors import DataError
from salus.schema.sample import Image

# Direct identifiers of PS3.15 table E.1-1 that single a person out, and what they are.
_PERSON = {
    "PatientName": "name",
    "OtherPatientNames": "name",
    "PatientBirthName": "name",
    "PatientMotherBirthName": "name",
    "ResponsiblePerson": "name",
    "PatientBirthDate": "birth date",
    "PatientAddress": "address",
    "PatientTelephoneNumbers": "phone",
    "OtherPatientIDs": "number",
    "MedicalRecordLocator": "number",
    "MilitaryRank": "number",
    "PersonAddress": "address",
    "PersonTelephoneNumbers": "phone",
}
_LINKS = {
    "PatientID": "number",
    "AccessionNumber": "number",
    "AdmissionID": "number",
    "ReferringPhysicianName": "staff",
    "PerformingPhysicianName": "staff",
    "OperatorsName": "staff",
    "PhysiciansOfRecord": "staff",
    "NameOfPhysiciansReadingStudy": "staff",
    "RequestingPhysician": "staff",
    "InstitutionName": "place",
    "InstitutionAddress": "place",
    "StationName": "place",
    "DeviceSerialNumber": "number",
}
_EMPTIED = ("ANON", "DEID", "DE-ID", "REMOVED", "UNKNOWN", "PSEUD", "XXX", "NONE", "MASKED", "REDACT", "HIDDEN", "N/A")
_FORMS = {
    "Manufacturer": "maker",
    "ManufacturerModelName": "device",
    "InstitutionName": "institution",
    "PhotometricInterpretation": "photometric interpretation",
    "BitsStored": "bits stored",
    "KVP": "tube voltage",
    "BodyPartExamined": "body part",
}
_DEPTH, _ITEMS = 12, 20_000
_WRITTEN = ("US", "OT", "SC", "XA", "RF", "CR", "DX", "ES", "XC", "IVUS", "OP")
LINES = 4


def header(path: Path, facts: Facts) -> bool:
    """Note what the header holds; return whether the object has pixels to decode.

    Raises:
        DataError: Not DICOM, or damaged.
    """
    try:
        data = read_header(path, pixels=False)
        facts.modality = str(getattr(data, "Modality", "") or "")
        facts.series = str(getattr(data, "SeriesInstanceUID", "") or "")
        facts.patient = str(getattr(data, "PatientID", "") or "")
        syntax = getattr(getattr(data, "file_meta", None), "TransferSyntaxUID", "")
        kind = getattr(data, "SOPClassUID", "")
        facts.form |= {"compression": str(getattr(syntax, "name", syntax)), "object": str(getattr(kind, "name", kind))}
        facts.form |= {word: str(getattr(data, key, "") or "") for key, word in _FORMS.items()}
        facts.form["institution"] = _hidden(facts.form["institution"])
        facts.size = facts.form["object"]
        _identity(data, facts)
        _in_name(path, data, facts)
        return "Rows" in data and "Columns" in data
    except DataError:
        raise
    except Exception as error:  # pydicom converts an element when it is touched, and raises its own kinds
        raise DataError(
            f"{path}: damaged DICOM ({type(error).__name__}: {error}); export it again from its archive"
        ) from error


def writing(content: Image, facts: Facts) -> None:
    """Note writing in the pixels of pictures that are made with it: ultrasound, screens, radiographs.

    Single marks are taken for anatomy: of 15 chest radiographs without writing eight show one or two, of ultrasound
    with a screen's writing none shows fewer than twenty.
    """
    if facts.modality in _WRITTEN and not any(mark.kind == "pixels" for mark in facts.marks):
        lines = len(find_burned_in(content.array, read=False))
        if lines >= LINES:
            facts.marks.append(_counted("pixels that look like writing", "writing", lines))


def _identity(data: Any, facts: Facts) -> None:
    for keyword, kind in (*_PERSON.items(), *_LINKS.items()):
        value = str(getattr(data, keyword, "") or "").strip()
        if re.search(r"[^\W_]", value) and not value.upper().startswith(_EMPTIED):
            facts.mark(keyword, kind, value)
    if str(getattr(data, "BurnedInAnnotation", "")).upper() == "YES":
        facts.mark("BurnedInAnnotation", "pixels", "YES")
    private, names, left = 0, 0, _ITEMS
    stack = [(data, 0)]
    while stack and left > 0:
        item, depth = stack.pop()
        for element in item:
            left -= 1
            private += element.tag.is_private
            if element.VR == "SQ" and depth < _DEPTH:
                stack.extend((inner, depth + 1) for inner in element.value or ())
            elif depth and element.VR == "PN" and str(element.value or "").strip("^ "):
                names += not str(element.value).upper().startswith(_EMPTIED)
    if private:
        facts.marks.append(_counted("private elements", "private", private))
    if names:
        facts.marks.append(_counted("person names in nested sequences", "name", names))
    if facts.marks and str(getattr(data, "PatientIdentityRemoved", "")).upper() == "YES":
        facts.doubt(
            "note", "record", "says that identities are removed, yet some attributes are filled",
            "look at them: they may be pseudonyms",
        )  # fmt: skip


def _in_name(path: Path, data: Any, facts: Facts) -> None:
    """Note a file name that holds the patient's name, number or birth date."""
    written = f"{path.parent.name}/{path.name}".casefold()
    words = [word.casefold() for word in re.split(r"[\^ ,=]+", str(getattr(data, "PatientName", "") or ""))]
    for kind, values in (
        ("name", [word for word in words if len(word) > 3 and not word.upper().startswith(_EMPTIED)]),
        ("number", [str(getattr(data, "PatientID", "") or "").casefold()]),
        ("birth date", [str(getattr(data, "PatientBirthDate", "") or "")]),
    ):
        for value in values:
            if len(value) > 3 and re.search(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", written):
                facts.mark("file or folder name", kind, value)


def _counted(place: str, kind: str, count: int) -> Mark:
    return Mark(place=place, kind=kind, form=f"{count:,} of them")


def _hidden(word: str) -> str:
    """Return a word that tells two institutions apart without naming them."""
    return hashlib.blake2b(word.encode(), digest_size=3).hexdigest() if word else ""
