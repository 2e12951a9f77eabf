"""Names by rarity: capitalised words that no list of plain words or terms holds, with a slight hint beside them.

Clinical prose writes few words with a capital inside a sentence, and most of these are drugs, devices and eponyms that
lists hold. What is left is a name more often than not, so less is asked of its surroundings than of a known word.
"""

import re
from typing import Final

from salus.data.deidentify.names_cues import TERM_END, L, U
from salus.data.deidentify.tagger_features import known
from salus.data.deidentify.text_rules import Span

_WORD: Final = (
    rf"(?:(?:Mc|Mac|O'|D'|De|Di|Du|La|Le|Van|Von|Fitz|Al-|El-|Ben-)?[{U}][{L}]{{1,20}}"
    rf"(?:[-'][{U}]?[{L}]{{1,20}}){{0,2}})"
)
_RUN: Final = re.compile(
    rf"(?<![\w.'@/-])(?P<x>{_WORD}(?:\s(?:{_WORD}|[{U}]\.|(?:de|da|di|van|von|der|den|del|la|bin|ibn|el|al|dos|e|y)"
    rf"(?=\s[{U}])(?:\s(?:la|der|den|los))?\s{_WORD})){{0,3}})(?![\w@])"
)
_BEFORE: Final = re.compile(
    r"(?:\b(?:MD|DO|RN|LPN|NP|PA|PA-C|CNA|MA|PT|OT|ST|SLP|RT|SW|CM|CRNA|CNM|PGY-?\d|MS-?[34]|[Aa]sst\.?|[Aa]ttg\.?|"
    r"[Aa]ttd\.?|[Ss]urg\.?|[Rr]es\.?|[Pp]harm\.?|[Tt]ech\.?|[Ss]itter|[Aa]ide|[Dd]tr\.?|[Dd]au\.?|[Ss]is\.?|[Bb]ro\.?|"
    r"[Hh]usb\.?|[Gg]f|[Bb]f|[Nn]eph\.?|[Rr]oommate|[Cc]oach|[Tt]eacher|[Ll]awyer|[Nn]anny|[Bb]abysitter|[Ll]andlord|"
    r"[Ee]mployer|[Ss]upervisor|[Mm]anager|[Dd]river|[Pp]aramedic|[Dd]octor|[Cc]aller|[Pp]artner|[Ff]riend|"
    r"[Nn]eighbou?r|"
    r"[Cc]ousins?|[Nn]iece|[Nn]ephew|[Tt]wins?|[Bb]aby|[Bb]b[yg]?|[Ii]nfant|[Pp]atient|[Pp]t\.?|[Cc]lient|[Rr]esident|"
    r"[Mm]ember|[Cc]ousin|[Ss]tep(?:son|daughter|mother|father|mom|dad)|[Pp]er|[Bb]y|[Ww]/|[Dd]/w|[Ff]/u w/|[Cc]c|"
    r"[Cc]c'd|"
    r"[Vv]ia|[Rr]e|[Aa]bout|[Tt]old|[Aa]sked|[Cc]alled|[Pp]aged|[Mm]et|[Nn]amed|[Ss]/o|[Bb]/o))\s{1,2}\(?$"
)
_AFTER: Final = re.compile(
    r"(?:'s\s(?!disease|syndrome|sign|test|palsy|law|maneuver|phenomenon)[a-z]|\s(?:and|&)\s[A-Z][a-z]+\s(?!syndrome|"
    r"disease)[a-z]|\s(?:from|of)\s(?:PT|OT|SW|CM|RT|ST|IT|HR|ID|GI|the\b|pharmacy|social|case|ortho|surgery|"
    r"cardiology|"
    r"anesthesia|nursing|admissions|billing|registration|hospice|home)|\s(?:family|cousins?|brothers?|sisters?|twins?|"
    r"verbali[sz]\w+|called|calls|phoned|said|says|stated|states|reports?|reported|asked|asks|told|tells|denies|denied|"
    r"agreed|agrees|understands?|understood|notified|informed|updated|present|paged|aware|notes|noted|worked|works|"
    r"wants|"
    r"wanted|refused|declined|came|arrived|left|visited|slept|ate|woke|fell|took|takes|signed|wrote|will|has|had|is|"
    r"was|"
    r"remains|feels|felt|lives|lived|drove|drives|brought|helped|helps|did|does|can|cannot|could|would|seems|seemed|"
    r"who|"
    r"here|at\sbedside|RN|MD|DO|NP|PA|LPN|and\sI)\b|\s?\((?:mother|father|son|daughter|wife|husband|sister|brother|"
    r"mom|dad|"
    r"spouse|partner|friend|RN|MD|PT|OT|SW|CM|pt|patient|cell|home|h\)|c\)|\d{3})|,\s(?:who|his|her|their|my|RN|MD|"
    r"DO|NP|"
    r"PA|LPN|PT|OT|SW|CM|age|aged|\d{1,3}\s?(?:y|[MFmf]\b))|\s{2,}\(?\d)"
)
_INITIALS: Final = re.compile(
    r"(?m:^)[ ]{0,4}(?P<x>[A-Z]{2,4}[ ]?[/:][ ]?[a-z]{2,15})(?=[\s,;.]|$)|"
    r"\b(?:[Dd]ictated|[Nn]ot\s(?:yet\s)?read|[Ss]igned|[Rr]eviewed|[Tt]ranscri\w{2,6}|[Tt]yped|[Ee]ntered|[Cc]harted|"
    r"[Vv]erified|[Ww]itness(?:ed)?|[Cc]o-?signed|[Rr]ead)\b[^\n.:;]{0,25}[,:(/-]\s?(?P<y>[A-Z]{2,3})(?=[.,;)]|"
    r"\s{0,2}(?:\n|$))"
)
_SMALL: Final = re.compile(
    r"(?<![\w.'-])(?:aide|attg\.?|attd\.?|nurse|sitter|son|daughter|dtr|wife|husband|hubby|mom|mum|dad|mother|father|"
    r"sister|brother|"
    r"sis|bro|aunt|uncle|niece|nephew|cousin|grandson|granddaughter|grandma|grandpa|gma|gpa|neighbou?r|roommate|"
    r"friend|fiancee?|"
    r"girlfriend|boyfriend|dr|mrs?|ms|miss|prof|doc|dear|hi|cc|per|named|"
    r"called)[,:.]?\s{1,2}(?P<x>[a-z][a-z'-]{2,20})(?![\w-])"
)
_GIVEN_FIRST: Final = re.compile(
    rf"(?<![\w.'-])(?P<g>[{U}][{L}]{{2,20}}|[{U}]{{3,20}}|[{L}]{{4,20}})\s(?:(?P<i>[{U}]\.?|(?i:st\.|de|la|van|"
    rf"von))\s)?"
    rf"(?P<f>[{U}]?[{L}'-]{{2,20}}|[{U}][{U}'-]{{2,20}})(?![\w:@-])"
)
_FAMILY_FIRST: Final = re.compile(
    rf"(?<![\w.'-])(?P<x>(?:(?:ST\.?|St\.?|DE|De|LA|La|VAN|"
    rf"Van)\s)?[{U}][{U}{L}'-]{{1,20}},\s?(?P<g>[{U}][{U}{L}]{{2,20}}))(?![\w@-])"
)
_SMALL_GIVEN: Final = re.compile(r"(?<![\w.'/@-])[a-z]{5,14}(?![\w@/-]|\.\w)")
_ORDINARY: Final = frozenset("wtehasc")


def find_odd(text: str) -> list[Span]:
    """Find names of capitalised words that no list holds, beside a hint, and the initials of signers.

    Args:
        text: The text, with plain quotes, hyphens and spaces.
    """
    found: list[Span] = []
    for match in _RUN.finditer(text):
        start, end = match.span("x")
        words = match["x"].split()
        long = [word for word in words if len(word) > 2 and word[0].isupper()]
        if not long or not all(map(_rare, long)):
            continue
        if TERM_END.search(words[-1]) and "f" not in known(words[-1].lower()) and "g" not in known(words[-1].lower()):
            continue
        if len(long) > 1 or _BEFORE.search(text, max(0, start - 20), start) or _AFTER.match(text, end):
            found.append((start, end, "name"))
    found += _by_given(text)
    for match in _SMALL.finditer(text):
        held = set(known(match["x"]))
        if not held & _ORDINARY and not TERM_END.search(match["x"]):
            found.append((*match.span("x"), "name"))
    for match in _INITIALS.finditer(text):
        group = "x" if match["x"] else "y"
        if not set(known(re.split(r"[ /:]", match[group])[0].lower())) & _ORDINARY:
            found.append((*match.span(group), "name"))
    return found


def _by_given(text: str) -> list[Span]:
    """Find a given name of the list with any word of the same case behind it, or before it and a comma."""
    found: list[Span] = []
    for match in _GIVEN_FIRST.finditer(text):
        given, family = match["g"], match["f"]
        behind = set(known(family.lower().removesuffix("'s")))
        if not _is_given(given) or behind & set("h") or given.isupper() != family.isupper():
            continue
        small = given.islower()
        if small == family.islower() and (not small or not behind & set("wtaehs")):
            found.append((*match.span(), "name"))
    for match in _FAMILY_FIRST.finditer(text):
        if _is_given(match["g"]) and match["g"].isupper() == match["x"].split(",")[0].isupper():
            found.append((*match.span("x"), "name"))
    return found + [(*match.span(), "name") for match in _SMALL_GIVEN.finditer(text) if _is_given(match[0])]


def _is_given(word: str) -> bool:
    """Tell a given name that is no other word."""
    held = set(known(word.lower()))
    return "g" in held and not held & set("wtehasm")


def _rare(word: str) -> bool:
    """Tell a capitalised word of small letters that no list of plain words, terms, eponyms or places holds."""
    low = word.lower().strip(".")
    parts = [part for part in re.split(r"[-']", low) if len(part) > 2]
    return bool(parts) and not any(set(known(part)) & _ORDINARY for part in (low, *parts))
