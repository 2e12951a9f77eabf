"""What the tagger may not take, and what it may take only where it is sure.

The tagger is set to find much; these guards keep doses, genes, ages below 90, abbreviations and plain words.
"""

import re
from collections.abc import Sequence
from typing import Final

from salus.data.deidentify.names_cues import TERM_END
from salus.data.deidentify.names_lists import EPONYM_HEADS
from salus.data.deidentify.tagger_features import Token, known
from salus.data.deidentify.text_forms import COUNTED, MEASURED, NO_DAY
from salus.data.deidentify.text_ids import is_public
from salus.data.deidentify.text_rules import Span

SURE: Final = 0.6
"""Probability asked of words that are rarely identifiers."""
CAPITALS: Final = 0.75
"""Probability asked of short words in capitals, of which most are abbreviations."""
HALF: Final = 0.45
RARE: Final = 0.1
"""Probability asked of a capitalised word that no list of plain words, terms or places holds."""
_OLD: Final = re.compile(
    r"(?<![\d.,/])(?:9\d|1[0-2]\d)(?![\d/]|[.,]\d)|ninet|ninth|hundred|nonagen|centen|neunzig|hundert", re.IGNORECASE
)
_UNIT: Final = re.compile(
    r"(?<![\w-])[<>~]?\d+(?:[.,]\d+)*\s?-?(?:mg|mcg|\u00b5g|\u03bcg|ug|ng|kg|g|gm|ml|dl|l|cc|mm|cm|m|kda|mmhg|mmol|meq|iu|units?|"
    r"%|hz|am|pm|h|hrs?|min|ms|days?|weeks?|months?|years?|fold|bp|kb|gy|mci|nm|rpm|x|ft|lbs?)(?:/\w{1,5})?\d?(?![^\W_])",
    re.IGNORECASE,
)
_DATED: Final = re.compile(
    r"\d[./\s,-]+\d|\d(?:st|nd|rd|th)\b|\d{6,8}|\d\.?\s?[^\W\d_]{3}|[^\W\d_]{3}\.?,?[\s-]?'?\d", re.I
)
_DAY_NAMES: Final = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:days?)?"
_RANGE: Final = re.compile(
    r"[67][.,]\d\d(?:\s?/\s?\d{1,3}){1,4}|\d{1,3}(?:[.,]\d+)?\s?[-/x\u00d7]\s?\d{1,3}(?:[.,]\d+)?"
)
_FIGURE: Final = re.compile(
    r"(?:figs?|figures?|tables?|supplement\w*|chr|exon|codon|page|stage|grade)\.?\s?\w{1,4}", re.I
)
_DOSED: Final = re.compile(r"\s{0,2}(?:mg|mcg|ml|bid|tid|qid|qd|qhs|po|daily|q\d|prn|x\s?\d|%)", re.IGNORECASE)
_CALLED: Final = frozenset(
    ("criteria", "score", "scale", "cognitive", "collar", "grade", "wort", "classification", "stool")
)
_HOUR: Final = re.compile(r"(?:[01]\d|2[0-3])[0-5]\d(?:\s?-\s?(?:[01]\d|2[0-3])[0-5]\d)?")
_LEAD: Final = re.compile(r"(?:[A-Z]\.?\s?){1,3}")
_LABELS: Final = frozenset(("VIN", "MVC", "DOB", "MRN", "SSN", "GIST", "COX"))
_NUMBERED: Final = re.compile(r"(?:four|ending|ext\.?|pager|#|pin|code|x)\W{0,3}$", re.IGNORECASE)
_SPOKEN: Final = re.compile(r"\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double)\b", re.IGNORECASE)


def threshold(token: Token, label: str, flat: str, least: float) -> float:
    """Return the probability asked of a token.

    Args:
        token: The word or mark.
        label: What it is taken for.
        flat: Case of its line: `a` all small, `A` all large, `Aa` both.
        least: What is asked of any token.
    """
    word = token.text
    if label not in ("name", "place") or not word[0].isalpha():
        return least
    held = set(known(word.lower()))
    plain = bool(held & set("wta")) and not held & set("gf")
    if flat == "Aa" and word.islower():
        return max(least, SURE if plain else HALF)
    if flat == "Aa" and word.isupper() and 1 < len(word) <= 6 and not held & set("gf"):
        return max(least, CAPITALS)
    if "s" in held:
        return max(least, SURE)
    if plain:
        return max(least, SURE if flat == "a" else HALF)
    odd = label == "name" and flat == "Aa" and word[0].isupper() and word[1:2].islower() and not held & set("wtehasc")
    return min(least, RARE) if odd and not TERM_END.search(word) else least


def stays(text: str, start: int, end: int, label: str) -> bool:
    """Tell whether what the tagger took is no identifier by its form."""
    value = text[start:end]
    digits = sum(c.isdigit() for c in value)
    if label == "age":
        unit = _UNIT.match(text[: end + 8], start)
        return (
            bool(_DOSED.match(text, end))
            or not _OLD.search(text[max(0, start - 1) : end + 2])
            or (unit is not None and "y" not in unit[0])
        )
    if label == "date":
        return _no_date(text, start, value)
    if label == "phone":
        return digits < 4 and len(_SPOKEN.findall(value)) < 4
    if label == "other":
        return _no_number(text, start, end, digits)
    if label == "place" and digits and not any(c.isalpha() for c in value):
        return digits not in (5, 9) or bool(COUNTED.search(text, max(0, start - 16), start))
    return _is_word(text, start, end, label)


def _no_date(text: str, start: int, value: str) -> bool:
    """Tell week days, decimals, scores and ordinals of body parts from days."""
    if re.fullmatch(rf"{_DAY_NAMES}\.?", value, re.IGNORECASE) or re.fullmatch(r"\d{1,3}\.\d", value):
        return True
    if re.search(r"\d{15}", value) or re.fullmatch(r"[0-2](?:\.\d+){4,}", value):  # a UID, which has a rule of its own
        return True
    pair = re.search(r"(?<![\d/])(\d{1,3})\s?/\s?(\d{1,3})(?![\d/])", value)
    if pair and (min(int(pair[1]), int(pair[2])) > 12 or int(pair[2]) == 52):
        return True
    nth = re.match(r"(?:the\s)?\d{1,2}(?:st|nd|rd|th)\b", value, re.IGNORECASE)
    if nth and not re.match(NO_DAY, text[start + nth.end() : start + nth.end() + 16], re.IGNORECASE):
        return True
    return any(map(str.isdigit, value)) and (not _DATED.search(value) or bool(_UNIT.fullmatch(value)))


def _is_word(text: str, start: int, end: int, label: str) -> bool:
    """Tell terms, countries, and eponyms and towns before what is called after them."""
    letters = [word for word in re.findall(r"[^\W\d_]+", text[start:end].lower()) if len(word) > 1]
    if text[start:end] in _LABELS:
        return True
    held = [set(known(word)) for word in letters]
    if (
        letters
        and (label == "name" or len(letters) == 1)
        and all(one & set("tas") and not one & set("gf" if "s" in one else "gfc") for one in held)
    ):
        return True
    if label == "place" and any(word in _CALLED for word in letters[1:]):
        return True
    after = re.match(r"(?:'s?)?[\s-]{1,2}([^\W\d_]+)", text[end : end + 30])
    head = after is not None and (after[1].lower() in EPONYM_HEADS or after[1].lower() in _CALLED)
    return len(letters) == 1 and head and bool(held[0] & set("ec" if label == "place" else "e"))


def _no_number(text: str, start: int, end: int, digits: int) -> bool:
    """Tell doses, figures, genes and short counts from the numbers of a person."""
    value = text[start:end]
    if "@" in value or ("." in value.strip(".") and not digits) or _SPOKEN.search(value):
        return False
    if _UNIT.fullmatch(value) or _FIGURE.fullmatch(value) or _UNIT.match(text[: end + 8], start):
        return True
    if is_public(text, start, end):
        return True
    if value.isdigit() and (COUNTED.search(text, max(0, start - 16), start) or MEASURED.match(text, end)):
        return True
    if _RANGE.fullmatch(value):
        return True
    if _HOUR.fullmatch(value) and not _NUMBERED.search(text, max(0, start - 9), start):
        return True
    size = sum(c.isalnum() for c in value)
    if value.isdigit():
        return digits < 4 or (digits == 4 and value[:2] in ("18", "19", "20"))
    return digits < 2 or (digits == 2 and size < 5) or (digits < 4 and size == digits)


def _is_rest(piece: str, kind: str) -> bool:
    """Tell what is left beside a rule's find and is none: a unit of age, a time of day, a letter of a degree."""
    letters = sum(c.isalpha() for c in piece)
    if not any(c.isdigit() for c in piece):
        return letters <= 1 or (kind in ("age", "date", "phone") and letters <= 4)
    return kind == "date" and bool(re.fullmatch(r"\W*(?:[01]\d|2[0-3]):?[0-5]\d\W*", piece))


def beyond(text: str, spans: Sequence[Span], ruled: Sequence[Span]) -> list[Span]:
    """Return what the tagger found beyond the rules: where both meet, kind and borders are the rules'."""
    held = bytearray(len(text) + 1)
    for start, end, _ in ruled:
        held[start:end] = b"\1" * (end - start)
    found = []
    for start, end, kind in spans:
        if not any(held[start:end]):
            found.append((start, end, kind))
            continue
        pieces = [match.span() for match in re.finditer(rb"\x00+", held[start:end])]
        for first, last in pieces:
            lead = kind == "name" and held[start + last] and _LEAD.fullmatch(text[start + first : start + last])
            if lead:
                found.append((start + first, start + last, kind))
                continue
            if _is_rest(text[start + first : start + last], kind):
                continue
            words = re.findall(r"[^\W_]+", text[start + first : start + last])
            if any(any(c.isdigit() for c in word) or not set(known(word.lower())) & set("wta") for word in words):
                found.append((start + first, start + last, kind))
    return [
        (a + len(t) - len(t.lstrip(" ,.;:")), a + len(t.rstrip(" ,.;:(")), k) for a, b, k in found if (t := text[a:b])
    ]
