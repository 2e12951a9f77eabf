"""Stand-ins for removed values, and dates that move."""

import re
from datetime import date, timedelta
from typing import Any

DUMMY_TEXT = "REMOVED"
_TEXTS = frozenset(("AE", "LO", "LT", "SH", "ST", "UC", "UT", "PN", "CS"))
_FIXED: dict[str, Any] = {
    "AS": "000Y",
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "UR": "https://removed.invalid/",
    "DS": "0",
    "IS": "0",
}
_NUMBERS = frozenset(("FD", "FL", "SL", "SS", "SV", "UL", "US", "UV", "AT"))


def dummy(vr: str) -> Any:
    """Return a value that says nothing and fits the representation.

    Source:
        DICOM PS3.5, Table 6.2-1.
    """
    if vr in _TEXTS:
        return DUMMY_TEXT
    if vr in _FIXED:
        return _FIXED[vr]
    if vr in _NUMBERS:
        return 0
    return b"\0\0"


def shifted(vr: str, text: str, days: int) -> str | None:
    """Move a DA or DT value by whole days; times of day and time zones stay.

    Args:
        vr: `DA`, `DT` or `TM`.
        text: One value; blanks at the ends are dropped. DA may have the points of ACR-NEMA or be a range.
        days: How far, negative for the past.

    Returns:
        The moved value; None where it is no date, has no day (then it cannot move) or would leave the calendar.

    >>> shifted("DA", "20200301", -7)
    '20200223'
    >>> shifted("DT", "20200301120000.5+0100", -7)
    '20200223120000.5+0100'
    """
    plain = text.strip(" \0")
    if vr == "TM":
        return plain if re.fullmatch(r"[0-9:]{2,8}(\.\d{1,6})?", plain) else None
    found = re.fullmatch(r"(\d{4})\.?(\d\d)\.?(\d\d)(.*)", plain)
    if found is None or (vr == "DA" and found[4]):
        return None
    if found[4] and not re.fullmatch(r"\d{0,6}(\.\d{1,6})?([+-]\d{4})?", found[4]):
        return None
    try:
        moved = date(int(found[1]), int(found[2]), int(found[3])) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{moved:%Y%m%d}{found[4]}" if moved.year >= 1000 else None


def capped_age(text: str) -> str:
    """Return an AS value with every age above 89 years written as 090Y.

    Source:
        45 CFR 164.514(b)(2)(i)(C): ages over 89 go into one category.

    >>> capped_age("093Y"), capped_age("045Y")
    ('090Y', '045Y')
    """
    found = re.fullmatch(r"(\d{3})([DWMY])", text.strip())
    if found is None:
        return ""
    years = int(found[1]) / {"D": 365.25, "W": 52.2, "M": 12, "Y": 1}[found[2]]
    return "090Y" if years >= 90 else found[0]
