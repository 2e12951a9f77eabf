"""Lists of attributes and codes that the walk over a data set asks."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


PLAIN = words("DS IS FD FL SL SS SV UL US UV AT OB OW OF OD OL OV") | {"OB or OW", "US or SS", "US or OW"}
"""Representations of numbers and bulk, which name nobody by themselves."""

CODE_PARTS = words(
    """CodeValue LongCodeValue URNCodeValue CodeMeaning CodingSchemeDesignator CodingSchemeVersion ContextIdentifier
    MappingResource TemplateIdentifier"""
)
"""Parts of a code, which make no sense replaced."""

SCHEMES = words(
    """DCM SCT SRT SNM3 99SDM LN UCUM RADLEX FMA NCIt UMLS BI MA I10 I10P ICD10 I9C I9 ICD-10 ICD-11 RXNORM UBERON
    PUBCHEM_CID NDC CPT4 C4 C5 C2 ACR NEU MSH ITIS_TSN DCMUID"""
)
"""Published coding schemes: their meanings are words of a dictionary, not of a hospital."""

ALSO_REMOVED = frozenset((0x04000500, 0x4FFE0001, 0x00080300, 0x00280304, 0x00287FE0))
"""What the table does not list but cannot be trusted: encrypted originals of others, sums over the old values, notes on
private blocks, the UID of a colour transformation, and addresses where pixels lie."""

NEVER_SHIFTED = frozenset((0x00080106, 0x00080107))
"""Dates of published code lists are known to everyone: shifted, they would tell the shift."""

CLASS_UIDS = (
    "ClassUID",
    "ClassesInStudy",
    "ClassesInSeries",
    "ClassesSupported",
    "SyntaxUID",
    "SyntaxUIDInFile",
    "ClassUIDInFile",
    "CodingSchemeUID",
    "ContextUID",
    "CreatorUID",
    "CreatorVersionUID",
    "MappingResourceUID",
    "SegmentationTemplateUID",
)
"""How the keywords of UIDs end that name a class, a syntax or a scheme, not an object of a patient."""

IDENTIFYING = words(
    """121008 121009 121010 121011 121012 121013 121016 121017 121018 121020 121021 121022 121023 121024 121025 121026
    121029 121030 121031 121034 121035 121036 121037 121038 128774 128775 113853 113870 113871 113879 121152 121168
    121171 122165 125201 125202 125203"""
)
"""DCM codes of content items that name an observer, a subject, a device or their numbers."""
