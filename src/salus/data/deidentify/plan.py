"""What is to be done to identities: the basic profile of PS3.15 and the options chosen beside it."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields

from salus.schema.errors import ConfigError

EDITION = "PS3.15 2025a"
BASIC = ("113100", "Basic Application Confidentiality Profile")

_CODES = {
    "clean_pixels": ("113101", "Clean Pixel Data Option"),
    "clean_faces": ("113102", "Clean Recognizable Visual Features Option"),
    "clean_graphics": ("113103", "Clean Graphics Option"),
    "clean_structured": ("113104", "Clean Structured Content Option"),
    "clean_descriptors": ("113105", "Clean Descriptors Option"),
    "retain_dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "shift_dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "retain_characteristics": ("113108", "Retain Patient Characteristics Option"),
    "retain_device": ("113109", "Retain Device Identity Option"),
    "retain_uids": ("113110", "Retain UIDs Option"),
    "retain_safe_private": ("113111", "Retain Safe Private Option"),
    "retain_institution": ("113112", "Retain Institution Identity Option"),
}
_LETTERS = {
    "retain_safe_private": "p",
    "retain_uids": "u",
    "retain_device": "d",
    "retain_institution": "i",
    "retain_characteristics": "c",
    "retain_dates": "f",
    "shift_dates": "m",
    "clean_descriptors": "t",
    "clean_structured": "s",
    "clean_graphics": "g",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The basic application level confidentiality profile with its options.

    Without any option everything that may identify is removed, emptied or replaced. Each `retain_*` keeps something
    for a purpose; each `clean_*` keeps a text, a picture or a structure after taking identities out of it.

    Attributes:
        retain_uids: Study, series, instance and other UIDs stay.
        retain_device: Serial numbers, station names and calibration stay.
        retain_institution: Name, address and department of the institution stay.
        retain_characteristics: Age (up to 89), sex, size, weight, smoking and the like stay.
        retain_dates: All dates and times but the birth date stay.
        shift_dates: Dates move back by a secret number of whole weeks, the same for all files of one patient.
        retain_safe_private: Private attributes that the standard lists as safe stay.
        clean_pixels: Text burned into pixels is found and blackened.
        clean_faces: Faces in head CT and MR volumes are removed.
        clean_graphics: Overlays and graphic annotations stay without their text.
        clean_structured: The content of structured reports stays, cleaned.
        clean_descriptors: Descriptions and comments stay, cleaned.

    Raises:
        ConfigError: `retain_dates` and `shift_dates` together.

    Source:
        DICOM PS3.15, E.2 and E.3; the codes are of PS3.16 CID 7050.
    """

    retain_uids: bool = False
    retain_device: bool = False
    retain_institution: bool = False
    retain_characteristics: bool = False
    retain_dates: bool = False
    shift_dates: bool = False
    retain_safe_private: bool = False
    clean_pixels: bool = False
    clean_faces: bool = False
    clean_graphics: bool = False
    clean_structured: bool = False
    clean_descriptors: bool = False

    def __post_init__(self) -> None:
        if self.retain_dates and self.shift_dates:
            raise ConfigError("dates can be retained or shifted, not both; choose retain_dates or shift_dates")

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the chosen options, in order of the alphabet."""
        return tuple(sorted(field.name for field in fields(self) if getattr(self, field.name)))

    @property
    def letters(self) -> str:
        """The chosen options as the letters of the table's columns."""
        return "".join(letter for name, letter in _LETTERS.items() if getattr(self, name))

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """(code value, meaning) of the profile and of each chosen option, scheme DCM."""
        return (BASIC, *(code for name, code in _CODES.items() if getattr(self, name)))

    @property
    def fingerprint(self) -> str:
        """Sixteen letters that differ between any two plans and between editions of the table."""
        text = json.dumps([EDITION, asdict(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def dates(self) -> str:
        """Value of Longitudinal Temporal Information Modified (0028,0303)."""
        return "UNMODIFIED" if self.retain_dates else "MODIFIED" if self.shift_dates else "REMOVED"
