"""Identifiers in short texts: header fields, comments, column names, file names."""

import re

_PATTERNS = (
    ("e-mail", re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b")),
    ("number", re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")),
    ("phone", re.compile(r"(?<![\w.-])(?:\+\d{1,3}[ -]?)?\(?\d{3}\)?[ -]\d{3}[ -]\d{4}(?![\w-])")),
    (
        "birth date",
        re.compile(r"(?i)\b(?:dob|date of birth|born|birth ?date)\b\W{0,3}([\d./-]{6,10}|\d{1,2} \w+ \d{4})"),
    ),
    (
        "number",
        re.compile(
            r"(?i)\b(?:mrn|medical record (?:number|no)|patient ?id|ssn|nhs (?:number|no))\b\W{0,3}(\d[\d -]{4,14})"
        ),
    ),
    (
        "name",
        re.compile(r"(?i:\b(?:patient(?: name)?|name|surname)\b)\s{0,3}[:=]\s{0,3}([A-Z][a-z]+[ ,^]+[A-Z][a-z]+)"),
    ),
    ("name", re.compile(r"\b([A-Z][A-Za-z'-]+\^[A-Z][A-Za-z'-]+)")),
)
_COLUMNS = (
    ("name", r"(?:first|last|given|family|full|patient|sur|maiden|middle|mother)[ _]?names?|vorname|nachname"),
    ("birth date", r"dob|(?:date[ _]of[ _])?birth[ _]?(?:date|day)|birthdate|date[ _]of[ _]birth|geburtsdatum"),
    ("address", r"(?:home|mail)?[ _]?address(?:[ _]?line)?[ _]?\d?|street|city|(?:zip|post(?:al)?)(?:[ _]?code)?"),
    ("phone", r"(?:tele|cell|mobile|home|work)?[ _]?phone(?:[ _]?(?:no|number))?|fax|telephone"),
    ("e-mail", r"e[-_ ]?mail(?:[ _]?address)?"),
    ("number", r"ssn|social[ _]?security(?:[ _]?number)?|mrn|medical[ _]?record(?:[ _]?number)?|passport|drivers?"
     r"(?:[ _]?licen[cs]e)?|insurance[ _]?(?:no|number|id)|nhs[ _]?(?:no|number)?|account[ _]?(?:no|number)"),
)  # fmt: skip
COLUMNS = tuple((kind, re.compile(f"(?:{pattern})", re.IGNORECASE)) for kind, pattern in _COLUMNS)
_LONGEST = 200_000


def identifiers_in(text: str) -> list[tuple[str, str]]:
    """Return `(kind, value)` of each identifier with an unmistakable form; a text's first 200,000 letters are read.

    >>> identifiers_in("Name: Jane Doe, DOB: 03/02/1970, call (555) 123-4567")
    [('phone', '(555) 123-4567'), ('birth date', '03/02/1970'), ('name', 'Jane Doe')]
    """
    return [
        (kind, found[found.re.groups]) for kind, pattern in _PATTERNS for found in pattern.finditer(text[:_LONGEST])
    ]


def kind_of_column(name: str) -> str:
    """Return what a column of that name would hold of a person, or nothing.

    >>> kind_of_column("Last_Name"), kind_of_column("drug name"), kind_of_column("ZIP")
    ('name', '', 'address')
    """
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return next((kind for kind, pattern in COLUMNS if pattern.fullmatch(plain)), "")
