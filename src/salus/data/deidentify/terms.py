"""What a file says about who it is of, so that the same words are found wherever else they stand."""

import contextlib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from salus.data.deidentify.elements import readable, texts, vr_of
from salus.data.deidentify.lists import words

MASK = "[removed]"
MAX_TERMS = 2000
"""More names than any object needs; a file that claims more is searched for the first of them."""

_PEOPLE_IDS = words(
    """PatientID OtherPatientIDs AccessionNumber StudyID AdmissionID ServiceEpisodeID IssuerOfPatientID
    MedicalRecordLocator MilitaryRank InsurancePlanIdentification PatientTelephoneNumbers PatientAddress
    ReferringPhysicianAddress ReferringPhysicianTelephoneNumbers PersonAddress PersonTelephoneNumbers
    PatientTelecomInformation PersonTelecomInformation RequestingService FillerOrderNumberImagingServiceRequest
    PlacerOrderNumberImagingServiceRequest RequestedProcedureID ScheduledProcedureStepID PerformedProcedureStepID
    SpecimenAccessionNumber ClinicalTrialSubjectID ClinicalTrialSubjectReadingID ResponsibleOrganization
    OrderEntererLocation OrderCallbackPhoneNumber OrderCallbackTelecomInformation SpecimenIdentifier
    ContainerIdentifier CurrentPatientLocation PatientInstitutionResidence CountryOfResidence RegionOfResidence"""
)
_DEVICE = words("DeviceSerialNumber StationName DetectorID CassetteID PlateID GantryID GeneratorID")
_INSTITUTION = words("InstitutionName InstitutionAddress InstitutionalDepartmentName")
_UNKEPT = words("MilitaryRank CountryOfResidence IssuerOfPatientID StudyID RequestedProcedureID")

# Words that stand in the fields of test and de-identified files, or are ordinary in imaging, and identify nobody.
_ORDINARY = words(
    """anon anonymous anonymized anonymised deidentified removed unknown none null nobody test testing tester phantom
    demo sample patient name subject volunteer doctor physician operator technician radiologist admin user male
    female baby boy girl mrs miss prof med univ head brain chest thorax abdomen pelvis spine neck knee hand foot
    hip shoulder heart lung liver kidney breast body skull headneck scan series study image images original
    primary derived secondary axial other localizer compressed compressedsamples samples overlay ultrasound
    contrast left right small large lossless lossy jpeg rle and the for with not text num code container composite
    waveform perfusion diffusion reformatted projection volume angio cardiac gated static dynamic whole resampled
    quantity"""
)

_UMLAUTS = {ord(one): two for one, two in zip("äöüÄÖÜß", ("ae", "oe", "ue", "Ae", "Oe", "Ue", "ss"), strict=True)}
_MAKERS = words(
    """toshiba siemens philips canon fuji fujifilm hologic agfa kodak carestream hitachi shimadzu samsung mindray esaote
    varian elekta acuson konica minolta"""
)


class Terms:
    """Known identifiers of one file, and the search for them."""

    def __init__(self, given: Iterable[str] = ()) -> None:
        self.words = tuple(sorted(set(given), key=lambda word: (-len(word), word)))[:MAX_TERMS]
        self._pattern = _compiled(self.words)

    def mask(self, text: str, by: str = MASK) -> str:
        """Return the text with every known identifier replaced; equal text where none stands in it."""
        if self._pattern is None or not text:
            return text
        return self._pattern.sub(lambda _: by, text)

    def within(self, data: bytes, least: int = 4) -> bool:
        """Tell whether a known identifier of at least `least` letters stands in raw bytes, in any usual encoding."""
        small = data.lower()
        return any(_alone(small, form, edge) for form, edge in _raw(self.words, least))


def terms_of(dataset: Any, *, device: bool, institution: bool, dates: bool = True) -> Terms:
    """Collect the names and numbers of people, devices and places that a data set states, at any depth.

    Args:
        dataset: pydicom data set, before anything is changed.
        device: Whether device identity is to be searched for too.
        institution: Whether institution identity is.
        dates: Whether the bare eight figures of the birth date are; where dates stay, another date may be the same.
    """
    wanted = set(_PEOPLE_IDS) - _UNKEPT
    wanted |= (_DEVICE if device else set()) | (_INSTITUTION if institution else set())
    found: set[str] = set()
    stack = [dataset]
    while stack and len(found) < MAX_TERMS:
        current = stack.pop()
        for tag in list(current.keys()):
            vr = vr_of(current, tag)
            if vr not in ("PN", "SQ", "LO", "SH", "DA", "ST", "LT", "UT", "IS") or tag.group & 1:
                continue
            element = readable(current, tag)
            if element is None:
                continue
            if element.VR == "SQ":
                stack.extend(element.value or ())
            elif element.VR == "PN":
                found.update(word for value in texts(element.value) for word in name_words(value))
            elif element.keyword == "PatientBirthDate":
                found.update(
                    word for value in texts(element.value) for word in date_words(value) if dates or not word.isdigit()
                )
            elif element.keyword in wanted:
                found.update(word for value in texts(element.value) for word in id_words(value))
    maker = str(dataset.get("Manufacturer", "") or "").casefold()
    # A maker's name in the header says nothing of a patient, whoever else is called so.
    return Terms(word for word in found if not (word.casefold() in _MAKERS and word.casefold() in maker))


def name_words(value: str) -> set[str]:
    """Return the parts of a name by which it may be found again: each word, and the whole in usual orders.

    >>> sorted(name_words("Muster^Jane"))
    ['Jane', 'Jane Muster', 'JaneMuster', 'Muster', 'Muster Jane', 'MusterJane', 'Muster^Jane']
    """
    found: set[str] = set()
    for group in value.split("="):
        parts = [part.strip() for part in group.split("^") if part.strip()]
        tokens = [token for part in parts for token in re.split(r"[\s,.;/()_-]+", part)]
        usable = [t for t in tokens if t.casefold() not in _ORDINARY and not t.isdigit()]
        found.update(t for t in usable if len(t) >= 3 or (t and not t.isascii() and len(t) >= 2))
        if len(parts) > 1 and len(parts[0]) + len(parts[1]) >= 4 and usable:
            last, first = parts[0], parts[1]
            found.update((f"{last}^{first}", f"{last} {first}", f"{first} {last}", last + first, first + last))
        elif len(parts) == 1 and usable and len(parts[0]) >= 4:
            found.add(parts[0])
    return {form for word in found for form in _spellings(word)}


def id_words(value: str) -> set[str]:
    """Return the forms of a number or address: four characters with a digit among them, or six."""
    text = value.strip()
    bare = re.sub(r"[\s/.()-]+", "", text)
    found = {form for form in (text, bare) if _telling(form)}
    return {form for word in found for form in _spellings(word)}


def date_words(value: str) -> set[str]:
    """Return the usual ways to write the date of a DA value, with and without separators."""
    if not re.fullmatch(r"\d{8}", value) or value.startswith(("0000", "1900")):
        return set()
    year, month, day = value[:4], value[4:6], value[6:]
    orders = [(year, month, day), (day, month, year), (month, day, year)]
    return {mark.join(order) for order in orders for mark in ("", "-", "/", ".")}


def _telling(text: str) -> bool:
    if text.casefold() in _ORDINARY or not text.strip("0"):
        return False
    return (len(text) >= 4 and any(c.isdigit() for c in text)) or len(text) >= 6


def _spellings(word: str) -> set[str]:
    """A name with accents is also written without them, and an umlaut with an e."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return {word, bare, word.translate(_UMLAUTS)}


@lru_cache(maxsize=256)
def _compiled(words: tuple[str, ...]) -> re.Pattern[str] | None:
    if not words:
        return None
    # A letter or digit beside it makes another word of it ("Lee" in "sleep"); an underscore or sign does not.
    body = "|".join(re.escape(word) for word in words)
    return re.compile(rf"(?<![^\W_])(?:{body})(?![^\W_])", re.IGNORECASE)


@lru_cache(maxsize=256)
def _raw(words: tuple[str, ...], least: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return each word as bytes in small letters, and the bytes that beside it make another word of it.

    Figures among the figures and points of a UID are not the number of a patient.
    """
    forms: set[tuple[bytes, bytes]] = set()
    for word in words:
        edge = b"0123456789." if re.fullmatch(r"[\d.]+", word) else b"abcdefghijklmnopqrstuvwxyz0123456789"
        for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be") if len(word) >= least else ():
            for form in (word.lower(), word.upper()):
                with contextlib.suppress(UnicodeEncodeError):
                    forms.add((form.encode(encoding).lower(), edge))
    return tuple(sorted(forms))


def _alone(data: bytes, form: bytes, edge: bytes) -> bool:
    at = data.find(form)
    while at >= 0:
        before, after = data[at - 1 : at] if at else b"", data[at + len(form) : at + len(form) + 1]
        if not (before and before in edge) and not (after and after in edge):
            return True
        at = data.find(form, at + 1)
    return False
