"""Texts that stay, without the identities in them."""

import re
from collections.abc import Callable
from functools import lru_cache

from salus.data.deidentify.lists import words
from salus.data.deidentify.terms import MASK, Terms

_LONGEST = {"SH": 16, "LO": 64, "CS": 16, "AE": 16, "ST": 1024, "LT": 10240}
FREE_TEXT = frozenset(("ST", "LT", "UT", "UC"))
SHORT_TEXT = frozenset(("LO", "SH"))

_UID = re.compile(r"(?<![\d.])[0-2](?:\.(?:0|[1-9]\d{0,38})){5,30}(?![\d.])")

# Names of products, methods and codes, which the standard keeps and in which a rule for free text would see names.
TECHNICAL = words(
    """Manufacturer ManufacturerModelName SoftwareVersions SequenceName PulseSequenceName ConvolutionKernel
    FilterType CodeValue LongCodeValue URNCodeValue CodingSchemeDesignator CodingSchemeVersion CodingSchemeName
    CodingSchemeResponsibleOrganization TemplateExtensionOrganizationUID ContextIdentifier MappingResource
    MappingResourceName ConceptNameCodeSequence GridID DigitizingDeviceTransportDirection TransmitCoilName
    ReceiveCoilName ReceiveCoilManufacturerName TransmitCoilManufacturerName ScanOptions AlgorithmName
    AlgorithmVersion SegmentLabel SegmentAlgorithmName LUTExplanation ModalityLUTType RescaleType
    WindowCenterWidthExplanation ImplementationVersionName SecondaryCaptureDeviceManufacturer
    SecondaryCaptureDeviceManufacturerModelName SecondaryCaptureDeviceSoftwareVersions ContributionDescription
    TimezoneOffsetFromUTC MultiCoilElementName Radionuclide ChannelLabel DeidentificationMethod
    SpecificCharacterSet FrameLaterality ExposureControlModeDescription DetectorDescription DerivationDescription
    MultiCoilConfiguration KVUsedDescription QuantityDefinition TransducerType"""
)


class Cleaner:
    """Masks the known identifiers of one file, and in free text whatever else identifies."""

    def __init__(self, terms: Terms, uid: Callable[[str], str] | None = None) -> None:
        """Take what is known of the file, and how a UID within a text is to be replaced (None: not at all)."""
        self.terms, self.uid = terms, uid

    def known(self, text: str, vr: str) -> str:
        """Return the text without the known identifiers, within the length its representation allows.

        A code string has no brackets: one that names somebody is emptied.
        """
        if vr in ("CS", "AE"):
            return "" if self.terms.mask(text) != text else text
        return _fit(self._mapped(self.terms.mask(text)), text, vr)

    def free(self, text: str, vr: str) -> str:
        """Return the text without known identifiers and without those that free text rules find."""
        return _fit(_masked(self._mapped(self.terms.mask(text))), text, vr)

    def _mapped(self, text: str) -> str:
        uid = self.uid
        return text if uid is None else _UID.sub(lambda found: uid(found[0]), text)

    def of(self, keyword: str, vr: str) -> Callable[[str, str], str]:
        """Return the way to clean an attribute that no table names: descriptions wholly, technical words by name."""
        if vr in FREE_TEXT or (vr in SHORT_TEXT and keyword not in TECHNICAL):
            return self.free
        return self.known


def _fit(masked: str, text: str, vr: str) -> str:
    if masked == text:
        return text
    longest = _LONGEST.get(vr)
    if longest is None or len(masked) <= longest:
        return masked
    return MASK if vr in ("SH", "LO") else masked[:longest]


@lru_cache(maxsize=8192)
def _masked(text: str) -> str:
    from salus.data.deidentify.text import mask_text

    return mask_text(text, replace=_tag).text


def _tag(kind: str, value: str) -> str:
    from salus.data.deidentify.text import tag

    return tag(kind, value).replace("\\", "")
