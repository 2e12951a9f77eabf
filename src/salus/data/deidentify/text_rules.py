"""Identifiers that their own form gives away: addresses of mail, web and network, telephone and social numbers."""

import re
from dataclasses import dataclass
from typing import Final

Span = tuple[int, int, str]
"""Start, end and kind of one identifier."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern; the group named `x`, or all of the match, is the identifier.

    Every repetition in a pattern has an upper bound, so that no text makes it slow.
    """

    kind: str
    pattern: re.Pattern[str]


def rule(kind: str, pattern: str, flags: int = re.IGNORECASE) -> Rule:
    """Compile one rule."""
    return Rule(kind, re.compile(pattern, flags))


def apply(rules: tuple[Rule, ...], text: str) -> list[Span]:
    """Return where rules match."""
    found: list[Span] = []
    for each in rules:
        group = "x" if "x" in each.pattern.groupindex else 0
        for match in each.pattern.finditer(text):
            start, end = match.span(group)
            if start < end:
                found.append((start, end, each.kind))
    return found


_SEP = r"[-. /\u00b7]{0,2}"
_NANP = rf"(?:\+?1{_SEP})?(?:\(\s?[2-9]\d{{2}}\s?\){_SEP}|[2-9]\d{{2}}[-. /\u00b7]{{1,2}})\d{{3}}{_SEP}\d{{4}}"
_WORLD = r"(?:\+|\b00)[1-9]\d{0,2}[-. ]?(?:\(0?\d{1,5}\)[-. ]?)?\d{1,4}(?:[-. ]?\d{2,8}){1,5}"
_UK = r"\(?\b0\d{2,5}\)?[-. ]\d{3,4}[-. ]?\d{2,4}"
_ANY = r"[+(]?\d[\d ().\-/]{5,20}\d"
_EXT = r"(?:[,;]?\s?\(?(?:ext(?:ension|n|\.)?|x)[.:#]?\s?\d{1,6}\)?)?"
_NUMBER = rf"(?:{_WORLD}|{_NANP}|{_UK}|\d{{10,11}}|\d{{3}}[-. ]\d{{4}})"
_LOOSE = rf"(?:{_NUMBER}|{_ANY}|\d{{1,5}}[- ]?\d{{3,5}}|\d{{4,7}}){_EXT}"
_IS = (
    r"\s{0,3}(?:number|numbers|no\.?|nr\.?|num|#|line)?\s{0,3}(?:is|was|at|to|on|"
    r"[:#=.\-])?\s{0,3}(?:\([a-z]{1,6}\)\s?|\((?=[+\d(]))?"
)

_PHONE_WORDS = (
    r"tele?phone|phone|tel|cell(?:ular)?(?:\s?phone)?|mobile|mob|pager|beeper|bleep|paged?|voicemail|callback|"
    r"call[- ]back|hotline|home|work|contact|whatsapp|text|ph(?=\.?\s?[:#]\s?[(+\d]{2})(?!\W{1,3}\d\.\d)"
)
_TLD = (
    r"(?:com|org|net|edu|gov|mil|int|info|biz|health|care|clinic|hospital|io|us|uk|ca|de|fr|au|in|ie|nz|ch|nl|be|es|it|"
    r"se|no|dk|eu|example|test|local|invalid|me|co|med|doctor)"
)
_CONTACTS: Final = (
    rule("email", r"(?:mailto:)?[\w.+'%&-]{1,64}\s?(?:@|\[at\]|\(at\)|\sat\s(?=[\w-]{1,40}\sdot\s))\s?"
                  r"[\w-]{1,63}(?:\s?(?:\.|\[dot\]|\(dot\)|\sdot\s)\s?[\w-]{1,63}){1,5}"),
    rule("url", r"\b(?:https?|ftps?|sftp)://[^\s<>\"')\]]{1,400}"),
    rule("url", r"\bwww\d?\.[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}(?:/[^\s<>\"')\]]{0,300})?"),
    rule("url", rf"(?<![@\w.])[a-z0-9-]{{2,63}}(?:\.[a-z0-9-]{{2,63}}){{0,4}}\.{_TLD}(?:(?:/[^\s<>\"')\]]{{0,300}})|"
                rf"\b(?![.\w@]))",
         re.ASCII),
    rule("url", r"\b(?:facebook|instagram|linkedin|twitter|tiktok|youtube)\.com/[^\s<>\"')\]]{1,200}"),
    rule("ip", r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:/\d{1,2}|"
               r":\d{2,5})?(?![\d.]\d)"),
    rule("ip", r"(?<![:\w])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![:\w])"),
    rule("ip", r"(?<![:\w])(?=[0-9a-f:]{0,39}[0-9a-f])"
               r"(?:[0-9a-f]{1,4}:){1,6}:(?:[0-9a-f]{1,4}:){0,5}[0-9a-f]{1,4}(?![:\w])"),
    rule("device", r"(?<![:\w-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![:\w-])"),
    rule("ssn", r"(?<![\d-])(?!000|666)\d{3}([- .])\d{2}\1\d{4}(?![\d-]\d)"),
    rule("ssn", r"(?<!\w)[x*#]{3}[- ]?[x*#]{2}[- ]?\d{4}\b"),
    rule("ssn", r"\b(?:ssn|ss\s?#|social\s+security(?:\s+(?:number|no\.?|num|#))?|soc\.?\s?sec\.?(?:\s?(?:no|num|"
                r"#)\.?)?)"
                r"\s{0,2}(?:\(?last\s+(?:four|4)(?:\s+digits)?\)?)?\s{0,2}(?:is|of|ending|ends|in|with|[:#=\-]|\s){0,4}"
                r"(?P<x>\d{3}[- .]?\d{2}[- .]?\d{4}|\d{4})\b"),
    rule("ssn", r"\blast\s+(?:four|4)(?:\s+digits)?(?:\s+of)?\s+(?:(?:the|his|her|their)\s+)?(?:ssn|"
                r"social(?:\s+security(?:"
                r"\s+number)?)?)\s{0,2}(?:is|are|[:#=\-]|\s){0,3}(?P<x>\d{4})\b"),
    rule("fax", rf"\b(?:telefax|facsimile|fax|fx)\b{_IS}(?P<x>{_LOOSE})"),
    rule("fax", rf"(?<![\w])f[.:]\s{{0,2}}(?P<x>{_NUMBER}{_EXT})"),
    rule("fax", rf"(?<![\w+(-])(?P<x>{_NANP}|{_WORLD}|{_UK})\s?\(?(?:fax|facsimile|f)\b\)?"),
    rule("phone", rf"\b(?:{_PHONE_WORDS})\b{_IS}(?P<x>{_LOOSE})(?![\d/%]|\s?(?:mg|mcg|ml|mm|cm|kg|hours?|hrs?|days?|"
                  rf"weeks?|years?))"),
    rule("phone", rf"(?<![\w])[ptc][.:]\s{{0,2}}(?P<x>{_NUMBER}{_EXT})"),
    rule("phone", rf"(?<![\w+(/.-])(?P<x>(?:{_NANP}|{_WORLD}){_EXT})(?![\d-])"),
    rule("phone", rf"(?<![\w+(/.-])(?P<x>{_UK}{_EXT})(?![\d-])"),
    rule("phone", r"(?<![\w+(/.-])(?P<x>[2-9]\d{2}-\d{4}(?:[,;]?\s?\(?(?:ext\.?|x)\s?\d{1,6}\)?)?)(?![\w-])"),
    rule("phone", r"\b(?:ext|extension|extn)[.:#]?\s?(?P<x>\d{3,6})\b"),
    rule("phone", r"(?<!\w)x\d{4,6}\b"),
    rule("phone", r"\b(?:call(?:ed|ing)?|reach(?:ed|able)?|text(?:ed)?|dial(?:led|ed)?|ring)\b[^.\n\d]{0,40}?"
                  rf"\b(?:at|on|to)\s(?P<x>(?:{_NUMBER}|\d{{3}}\s\d{{4}}){_EXT})"),
    rule("phone", rf"\b(?:call|reach|ring|text|dial|emergency|number|contact|daughter|son|wife|husband)(?:\s(?:us|me|"
                  rf"him|her|them|the\s\w{{1,12}}))?(?:\s(?:at|on|is|no\.?|number))?\s?:?\s(?P<x>(?:{_NUMBER}|"
                  rf"\d{{3}}\s\d{{4}}){_EXT})(?![\d-])"),
    rule("phone", r"\b1[- .]8(?:00|33|44|55|66|77|88)[- .][A-Z0-9]{3,7}(?:[- .][A-Z0-9]{1,4})?\b"),
)  # fmt: skip


def find_contacts(text: str) -> list[Span]:
    """Find mail, web and network addresses, telephone, fax and social security numbers."""
    found = apply(_CONTACTS, text)
    # A sentence's full stop is no part of an address.
    return [(start, start + len(text[start:end].rstrip(".,;:")), kind) for start, end, kind in found]
