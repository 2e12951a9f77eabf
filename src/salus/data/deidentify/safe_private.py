"""Private attributes that the standard lists as safe to retain."""

_S = "SIEMENS MR HEADER"
_NQ = frozenset(range(0x01, 0x17))

# Creator: {group: last two digits of the element}. The list's byte blobs and nested sequences are left out: what they
# hold cannot be looked at.
_SAFE: dict[str, dict[int, frozenset[int]]] = {
    "Philips PET Private Group": {0x7053: frozenset((0x00, 0x09))},
    "ELSCINT1": {
        0x00E1: frozenset((0x21, 0x50)),
        0x01E1: frozenset((0x26,)),
        0x01F1: frozenset((0x01, 0x07, 0x26, 0x27)),
    },
    "GEMS_ACQU_01": {0x0019: frozenset((0x23, 0x24, 0x27, 0x9E))},
    "GEMS_PARM_01": {0x0043: frozenset((0x27, 0x39, 0x6F))},
    "GEMS_HELIOS_01": {0x0045: frozenset((0x01, 0x02))},
    "GEMS_SERS_01": {0x0025: frozenset((0x07,))},
    "GEIIS PACS": {0x0903: frozenset((0x10, 0x11, 0x12))},
    "Philips Imaging DD 001": {0x2001: frozenset((0x03, 0x04))},
    "Philips MR Imaging DD 001": {0x2005: frozenset((0x0D, 0x0E))},
    _S: {0x0019: frozenset((0x0C, 0x0D, 0x0E, 0x27))},
    "HOLOGIC, Inc.": {0x7E01: frozenset((0x01, 0x02))},
    "NQHeader": {0x0099: frozenset((0x01, 0x02, 0x04, 0x05, 0x10, 0x20, 0x21))},
    "NQLeft": {0x0199: _NQ},
    "NQRight": {0x0299: _NQ},
    "SIEMENS Ultrasound SC2000": {0x0119: frozenset((0x00, 0x05))},
}
_REFUSED_VR = frozenset(("OB", "OW", "OF", "OD", "OL", "OV", "UN", "SQ"))


def is_safe(creator: str, group: int, element: int, vr: str) -> bool:
    """Tell whether a private attribute may stay under the Retain Safe Private option.

    Args:
        creator: Value of the block's private creator.
        group: Odd group.
        element: Whole element number; only its last two digits identify it within the block.
        vr: Its representation; bytes and sequences never stay.

    Source:
        DICOM PS3.15, Table E.3.10-1, as of 2016: a list that later editions only lengthened.
    """
    listed = _SAFE.get(creator.strip(), {}).get(group, frozenset())
    return (element & 0xFF) in listed and vr not in _REFUSED_VR
