"""Free text without the eighteen Safe Harbor identifiers: found by rule and context, replaced one by one.

What is found: names, places below a state, date elements but the year, ages above 89, telephone, fax, e-mail, social
security, record, plan, account, licence, vehicle and device numbers, web and network addresses, biometric and
photographic references, and other unique numbers. What is kept: years, states, countries, week days, times of day,
relative times ("three days ago", "POD#2"), and names that stand for a disease, sign or device.

Source:
    45 CFR 164.514(b)(2)(i)(A) to (R); guidance of the US Department of Health and Human Services of 26 November 2012.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from salus.data.deidentify.names import find_names
from salus.data.deidentify.names_odd import find_odd
from salus.data.deidentify.tagger import find_again, find_tagged, widen_names
from salus.data.deidentify.tagger_guard import beyond
from salus.data.deidentify.text_codes import find_codes
from salus.data.deidentify.text_dates import find_ages, find_dates
from salus.data.deidentify.text_forms import find_forms
from salus.data.deidentify.text_ids import find_ids
from salus.data.deidentify.text_places import find_places
from salus.data.deidentify.text_rules import Span, find_contacts
from salus.schema.errors import DataError

KINDS: Final = (
    "name", "place", "date", "age", "phone", "fax", "email", "ssn", "mrn", "plan", "account", "licence", "vehicle",
    "device", "url", "ip", "biometric", "photo", "other",
)  # fmt: skip
"""Safe Harbor's list in its order; dates and ages, one paragraph there, are two kinds here."""

MAX_LETTERS: Final = 20_000_000
_FOLD: Final = {
    **dict.fromkeys((0x00A0, *range(0x2000, 0x200B), 0x202F, 0x3000), " "),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u2032\uff07"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\uff02"), '"'),
    **{0xFF10 + digit: str(digit) for digit in range(10)},
    0xFF1A: ":", 0xFF20: "@", 0xFF0F: "/", 0xFF0E: ".", 0x000B: "\n", 0x000C: "\n", 0x0085: "\n", 0x2028: "\n",
    0x2029: "\n",
}  # fmt: skip
_SURE_FIRST: Final = (
    "email", "url", "ssn", "ip", "mrn", "plan", "account", "licence", "vehicle", "device", "biometric", "photo", "fax",
    "phone", "date", "other", "age", "place", "name",
)  # fmt: skip
_ORDER: Final = {kind: rank for rank, kind in enumerate(_SURE_FIRST)}
"""Where rules overlap: a label before a number says more than the number's form."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A text after masking.

    Attributes:
        text: The text with every span replaced.
        spans: `(start, end, kind)` in the text as it was given, in order, not overlapping.
    """

    text: str
    spans: tuple[Span, ...]


def mask_text(text: str, *, known: Sequence[str] = (), replace: Callable[[str, str], str] | None = None) -> Masked:
    """Replace the identifiers in a text.

    Args:
        text: A note, report, letter or the value of a header field; any length up to 20 million letters.
        known: Names and numbers known to belong to the patient (`DOE^JOHN`, `Doe, John`, a record number); each is
            masked wherever it stands, in any case, whole or in its parts of three letters or more.
        replace: Called with the kind (one of `KINDS`) and the words as they stand; returns what to write. None writes
            the kind in capitals and brackets, with the year of a date and the first digits of a ZIP code.

    Raises:
        DataError: Longer than 20 million letters.
    """
    if len(text) > MAX_LETTERS:
        raise DataError(f"a text of {len(text):,} letters: at most {MAX_LETTERS:,} are masked at once; cut it in parts")
    spans = find_identifiers(text, known)
    write = replace or tag
    pieces, end = [], 0
    for start, stop, kind in spans:
        pieces += [text[end:start], write(kind, text[start:stop])]
        end = stop
    return Masked("".join([*pieces, text[end:]]), spans)


def find_identifiers(text: str, known: Sequence[str] = (), *, model: Any = None) -> tuple[Span, ...]:
    """Return `(start, end, kind)` of the identifiers in a text, in order and not overlapping.

    What the rules find and what the trained tagger finds are united; words of names and places are then found again
    wherever the text repeats them.

    Args:
        text: The text.
        known: As for `mask_text`.
        model: An opened `pycrfsuite.Tagger` in place of the one that this package carries.
    """
    # One letter for one letter: places in the folded text are places in the text.
    folded = text.translate(_FOLD)
    ruled = find_by_rule(folded, known)
    both = _joined([*ruled, *find_odd(folded), *beyond(folded, find_tagged(folded, model=model), ruled)])
    both = _joined([*both, *widen_names(folded, both)])
    return _joined([*both, *find_again(folded, both)])


def find_by_rule(text: str, known: Sequence[str] = ()) -> tuple[Span, ...]:
    """Return what the rules find alone, in a text of plain quotes, hyphens and spaces."""
    spans = [*find_contacts(text), *find_ids(text), *find_dates(text), *find_ages(text)]
    spans += [*find_places(text), *_find_known(text, known)]
    # A form alone decides nothing where a label or a context has spoken: 50010 in an address is a place.
    taken = _joined([*spans, *_outside([*find_forms(text), *find_codes(text)], _joined(spans))])
    return _joined([*taken, *find_names(text, taken)])


def tag(kind: str, value: str) -> str:
    """Return the default replacement: `[NAME]`, `[DATE 2019]`, `[PLACE 021]`; year and ZIP digits may stay by rule."""
    from salus.data.deidentify.text_dates import year_of
    from salus.data.deidentify.text_places import safe_zip

    kept = year_of(value) if kind == "date" else safe_zip(value) if kind == "place" else "90+" if kind == "age" else ""
    return f"[{kind.upper()}{' ' + kept if kept else ''}]"


def _outside(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """Return the spans but those numbers that lie inside others."""
    starts = [start for start, _, _ in taken]
    kept = []
    for start, end, kind in spans:
        at = bisect_right(starts, start) - 1
        if kind != "other" or at < 0 or taken[at][1] < end:
            kept.append((start, end, kind))
    return kept


def _joined(spans: list[Span] | tuple[Span, ...]) -> tuple[Span, ...]:
    """Unite spans that overlap; the union takes the kind that is the more certain one."""
    found: list[Span] = []
    for start, end, kind in sorted(spans):
        if start >= end:
            continue
        if found and start < found[-1][1]:
            first, stop, former = found[-1]
            found[-1] = (first, max(stop, end), min(former, kind, key=_ORDER.__getitem__))
        else:
            found.append((start, end, kind))
    return tuple(found)


def _find_known(text: str, known: Sequence[str]) -> list[Span]:
    """Find given words anywhere: numbers with any separators between their digits, names whole and in parts."""
    patterns: set[tuple[str, str]] = set()
    for value in known:
        clean = value.translate(_FOLD).strip()[:200]
        if sum(letter.isdigit() for letter in clean) >= 3:
            core = re.sub(r"[^0-9A-Za-z]", "", clean)
            # Leading zeros come and go between systems.
            short = core.lstrip("0") if len(core.lstrip("0")) >= 4 else core
            patterns.add(("other", r"0*" + r"[-./ ]?".join(map(re.escape, short))))
            continue
        parts = [part for part in re.split(r"[\^=,;\s]+", clean) if len(part.strip(".")) >= 3]
        patterns |= {("name", re.escape(part)) for part in parts}
        if len(clean) >= 3:
            patterns.add(("name", r"[\^=,;\s]{1,4}".join(map(re.escape, re.split(r"[\^=,;\s]+", clean)))))
    return [
        (match.start(), match.end(), kind)
        for kind, pattern in sorted(patterns)
        for match in re.finditer(rf"(?<![^\W_]){pattern}(?![^\W_])", text, re.IGNORECASE)
    ]
