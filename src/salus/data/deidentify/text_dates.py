"""Dates in the forms that notes hold them, and ages above 89.

A date element other than the year is an identifier; a year alone, a week day alone and a time of day are not, and
neither are blood pressures, strengths, ratios, murmur grades and spinal levels that look like dates.
"""

import re
from typing import Final

from salus.data.deidentify.text_rules import Rule, Span, apply, rule

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)(?![a-z])\.?"
)
_SURE: Final = (
    r"(?:january|february|april|june|july|august|september|october|november|december|jan|feb|apr|jun|jul|aug|sept?|"
    r"oct|nov|dec)"
    r"(?![a-z])\.?"
)
_DAY_NAME: Final = r"(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?\.?,?\s{1,2}"
_YEAR: Final = r"(?:(?:19|20)\d{2}|'\d{2})"
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_NTH: Final = rf"{_DAY}(?:\s?(?:st|nd|rd|th))"
_WORDS: Final = (
    r"(?:(?:twenty|thirty)[- ])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
    r"thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)"
)
_M: Final = r"(?:0?[1-9]|1[0-2])"
_OPEN, _CLOSE = r"(?<![\w/.\-])", r"(?![\w/\-]|\.\d)"
_TIME: Final = r"(?:[T ]?(?:at )?\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:\s?[ap]\.?m\.?)?(?:Z|[+-]\d{2}:?\d{2})?)?"

_HOLIDAY: Final = (
    r"christmas(?:\s+(?:day|eve))?|thanksgiving(?:\s+day)?|new\s+year'?s?(?:\s+(?:day|eve))?|easter(?:\s+sunday|"
    r"\s+monday)?|"
    r"halloween|labou?r\s+day|memorial\s+day|independence\s+day|(?:the\s+)?(?:4th|fourth)\s+of\s+july|"
    r"valentine'?s(?:\s+day)|mother'?s\s+day|father'?s\s+day|st\.?\s+patrick'?s\s+day|hanukkah|yom\s+kippur|"
    r"rosh\s+hashanah|ramadan|diwali|passover|boxing\s+day|veterans\s+day|columbus\s+day|juneteenth"
)
_NEAR: Final = (
    r"(?:\b(?:on|since|from|until|till|through|thru|by|dated?|date|of|at|before|after|around|about|between|and|to|"
    r"dob|dos|doa|dod|born|admitted|discharged|seen|visit|performed|done|collected|drawn|taken|started|stopped|last|"
    r"next|due|lmp|edc|edd|expires?|signed|dictated|transcribed|received|reported|reviewed|ct|mri|cxr|echo|xr|us|ekg|"
    r"ecg|"
    r"labs?|culture|cultures|scan|film|exam|injury|surgery|updated|scheduled|appointment|appt|procedure|biopsy|study|"
    r"comparison|compared\s+(?:to|with)|prior|previous|week\s+of|as\s+of|effective|ending|beginning|starting|"
    r"return(?:ed|s)?|"
    r"recheck|(?:planned|scheduled|booked|set)\s+for|clinic|arrived|transferred|extubated|intubated|placed|removed|given|started\s+on)\b\.?|:|,)\s{0,3}"
)

_MARK: Final = r"[\s,./'-]{0,3}"
_FULL: Final = r"(?:(?:19|20)\d{2}|'?\d{2})"
_DATES: Final = (
    rule("date", rf"(?<![\w.]){_DAY}(?:st|nd|rd|th)?{_MARK}{_MONTH}{_MARK}{_FULL}(?![\d.]\d|\d|\s?(?:mg|ml|%))"),
    rule("date", rf"(?<![\w.]){_MONTH}{_MARK}{_DAY}(?:st|nd|rd|th)?[\s,./'-]{{1,3}}{_FULL}(?!\d|[.,]\d|\s?(?:mg|ml|"
                 rf"%))"),
    rule("date", rf"(?<![\w.])(?:19|20)\d{{2}}{_MARK}{_MONTH}{_MARK}{_DAY}(?:st|nd|rd|th)?(?![\d.]\d|\d|\s?(?:mg|ml|"
                 rf"%))"),
    rule("date", rf"{_OPEN}(?:{_DAY_NAME})?{_M}\s?[/]\s?{_DAY}\s?[/]\s?(?:\d{{4}}|\d{{2}}){_TIME}{_CLOSE}"),
    rule("date", rf"{_OPEN}(?:{_DAY_NAME})?{_DAY}\s?[/]\s?{_M}\s?[/]\s?(?:\d{{4}}|\d{{2}}){_TIME}{_CLOSE}"),
    rule("date", rf"{_OPEN}{_M}([-.]){_DAY}\1(?:\d{{4}}|\d{{2}}){_TIME}{_CLOSE}"),
    rule("date", rf"{_OPEN}{_DAY}([-.]){_M}\1(?:\d{{4}}|\d{{2}}){_TIME}{_CLOSE}"),
    rule("date", rf"{_OPEN}(?:18|19|20)\d{{2}}([-./]){_M}\1{_DAY}{_TIME}(?![\d/\-])"),
    rule("date", r"(?<![\w.,-])(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[T_ ]?(?:[01]\d|"
                 r"2[0-3])[0-5]\d(?:[0-5]\d)?)"
                 r"(?:\.\d{1,6})?)?(?:[+-]\d{4}|Z)?(?![\w])"),
    rule("date", r"\b(?:dob|date|born|d\.o\.b\.?|dated|dos|admitted|discharged)\b[:\s]{0,4}(?P<x>(?:0[1-9]|"
                 r"1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:19|20)\d{2}|\d{2}))(?!\w)"),
    rule("date", rf"(?<![\w-])(?:{_DAY_NAME})?{_MONTH}\s{{0,2}}(?:the\s)?(?:{_NTH}|{_DAY}|{_WORDS})(?![\d.]\d|\d|"
                 rf"\s?(?:mg|mcg|ml|cm|mm|%)|/\d)(?:\s{{0,2}}(?:-|to|through|and|&)\s{{0,2}}(?:{_NTH}|{_DAY})(?!\d|"
                 rf"[-/.]\d))?"
                 rf"(?:(?:\s?,\s?|\s{{1,2}}|\s?of\s)(?:in\s)?{_YEAR}(?!\d))?{_TIME}"),
    rule("date", rf"(?<![\w.-])(?:{_DAY_NAME})?(?:the\s)?(?:{_NTH}|{_DAY}|{_WORDS})(?:(?:\s?(?:-|to|through|and|&|"
                 rf"/)\s?|\s)(?:the\s)?(?:{_NTH}|{_DAY}))?[\s\-./]{{1,2}}(?:day\s)?(?:of\s)?{_MONTH}(?:(?:\s?,\s?|\s|"
                 rf"-|/|\.)(?:in\s)?(?:{_YEAR}|\d{{2}}(?=\W|$)))?(?!\d){_TIME}"),
    rule("date", rf"(?<![\w-]){_SURE}(?:\s?,\s?|\s{{1,2}}|\s?of\s|[-/])(?:\d{{4}}|'\d{{2}})(?!\d)"),
    rule("date", rf"(?<![\w-]){_MONTH}(?:\s?,\s?|\s{{1,2}}|\s?of\s|[-/])(?:(?:19|20)\d{{2}}|'\d{{2}})(?!\d)"),
    rule("date", rf"(?<![\w-]){_MONTH}-\d{{2}}(?![\w-])"),
    rule("date", rf"(?<![\w.\-])(?:(?:19|20)\d{{2}})[\s,\-/]{{1,2}}(?:{_SURE}(?:[\s\-/]{{1,2}}(?:{_NTH}|"
                 rf"{_DAY})(?!\d))?|{_MONTH}[\s\-/]{{1,2}}(?:{_NTH}|{_DAY})(?!\d))"),
    rule("date", r"(?<![\w./\-])(?:0[1-9]|1[0-2])[-.](?:19|20)\d{2}(?![\w/\-]|\.\d)"),
    rule("date", r"\b(?:in|since|last|this|next|early|mid|late|during|until|of|by|through|from|before|after|to|and|"
                 r"between|end of|beginning of|middle of|started|began|ended|resumed|stopped|completed|finished|due|"
                 r"for|around|about|hospitali[sz]ed|admitted|operated|seen|born|diagnosed|discharged|"
                 r"injured|married)[- ]"
                 rf"(?P<x>(?:early[- ]|mid[- ]|late[- ])?(?:{_SURE}|March|May(?!\s+(?:be|have|also|"
                 rf"not))))(?=[\s,.;:)]|$)(?!\s*(?:to\s+\w+\s+syndrome))"),
    rule("date", r"\b(?:spring|summer|autumn|fall|winter)(?:\s+of)?[\s,]+(?:19|20)\d{2}\b"),
    rule("date", rf"\b(?:{_HOLIDAY})(?:(?:\s+of)?[\s,]+(?:19|20)\d{{2}})?(?!\w|\s+(?:disease|factor|tree))"),
    rule("date", rf"\b(?:on|until|since|by|the|of)\s+the\s+(?P<x>{_NTH})(?=\s*(?:[.,;)]|$|\bat\b|\band\b|\bshe\b|"
                 rf"\bhe\b|\bfor\b|\bwith\b))"),
    rule("date", r"\b(?:ides|day)\s+of\s+" + _SURE),
    rule("date", r"\b(?:Q[1-4]|week\s+\d{1,2}(?:\s+of)?)[\s,]+(?:19|20)\d{2}\b"),
)  # fmt: skip
_MONTH_YEAR: Final = rule("date", r"(?<![\w./\-])(?P<x>(?:0?[1-9]|1[0-2])\s?/\s?(?:19|20)\d{2})(?![\w/]|\.\d)")
_MONTH_DAY: Final = re.compile(
    rf"(?<![\w./\-+%<>=])(?P<m>{_M})(?P<s>[/])(?P<d>0[1-9]|[12]\d|3[01]|[1-9])(?![\w/%\-]|\.\d)"
)
_RANGE: Final = re.compile(
    rf"(?<![\w./\-])(?P<m>{_M})/(?P<d>{_DAY})(?:\s?(?:-|to|through|thru)\s?){_M}/{_DAY}(?:/\d{{2,4}})?(?![\w/%]|\.\d)",
    re.I,
)
_NEAR_BEFORE: Final = re.compile(_NEAR + r"$", re.IGNORECASE)
_NEVER_BEFORE: Final = re.compile(
    r"\b(?:bp|blood\s+pressure|pressures?|strength|motor|power|reflexes|pain|score|scale|scored|gcs|apgars?|murmur|"
    r"grade|"
    r"vision|acuity|va|o[ds]|sem|dtrs?|tabs?|ratio|moca|mmse|sats?|nodes?|positive\s+in|\bout\b|gleason|muscle|"
    r"sensation|"
    r"orientation|oriented|pulses?|stage|rated|level|gravida|para|times|level\s+of|take|takes|taking|dose|lenses?)\b"
    r"[^.\n\d]{0,25}$",
    re.IGNORECASE,
)
_NEVER_AFTER: Final = re.compile(
    r"\s{0,2}(?:-?strength|strengths?|in\s+(?:all|both|the|upper|lower|bilateral)|murmur|sem|systolic|diastolic|hsm|"
    r"tabs?|"
    r"tablets?|pain|of\s+the|teaspoons?|tsp|cups?|inch(?:es)?|mile|patients?|cases?|nodes?|cores?|lymph|blood|bottles|"
    r"children|subjects|mm\b|cm\b|mg\b|ml\b|bilat|throughout|proximal|distal|reflexes|[rl]ue|[rl]le|normal\s+saline|"
    r"ns\b|"
    r"hours?|days?|weeks?|months?|years?|doses?|beads|pills?|caps?|capsules?|of\s+an?|scale|score|points|criteria|"
    r"ratio|dilution|way|of\s+normal|upper|lower|hip|knee|"
    r"ankle|biceps|triceps|grip|deltoids?|quadriceps|and\s+(?:reflexes|symmetric)|symmetric|pulses|full)",
    re.IGNORECASE,
)  # fmt: skip

_TENS: Final = (
    r"ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|"
    r"one\s+hundred(?:\s+(?:and\s+)?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve))?"
)
_NINETY: Final = rf"(?:9\d|1[0-2]\d|{_TENS})"
_PEOPLE: Final = (
    r"(?:(?:step|grand|great-grand)?(?:mother|father)|mom|dad|wife|husband|spouse|partner|(?:half-|step)?brother|"
    r"(?:half-|step)?sister|aunt|uncle|cousin|friend|neighbou?r|roommate|grandma|grandpa|parents?|sibling|widow(?:er)?|"
    r"patient|pt|resident|man|woman|lady|gentleman|male|female|client|veteran)(?:-in-law)?"
)
_AGES: Final[tuple[Rule, ...]] = (
    rule("age", rf"(?<![\d./\-])(?P<x>{_NINETY})(?:\.\d)?[\s-]{{0,2}}(?:years?|yrs?\.?|y\.?)[\s-]{{0,2}}(?:old|"
                rf"o\.?\b|of\s+age)"),
    rule("age", rf"(?<![\d./\-])(?P<x>{_NINETY})\s?-?(?:y/?o\b|yo[fm]?\b|y\.o\.?|yof|yom|yr\s?old|y\.?\s?/\s?o)"),
    rule("age", rf"\b(?:age[ds]?|aged\s+about|age\s+of|at\s+age|ages)(?:\s?\(\s?(?:years?|yrs?|"
                rf"y)\s?\))?(?:\s?[:=]\s?|\s+(?:is|was|of|about|around|approximately)\s+|\s+)(?P<x>{_NINETY})(?!\d|"
                rf"[%/]|\.\d|\s?(?:days?|months?|weeks?|hours?))"),
    rule("age", rf"\b(?:he|she|patient|who|mother|father|grandmother|grandfather|now)\s+(?:is|was|turned|turns|"
                rf"turning)\s+(?:now\s+|currently\s+)?(?P<x>{_NINETY})(?=\s*(?:[.,;)]|$|and\b|years?\b|but\b|now\b|"
                rf"when\b|last\b|this\b|in\b))(?![.,]\d)"),
    rule("age", rf"\b(?:turned|turning|turns|died\s+at|lived\s+to|age\s+at\s+death|dead\s+at|(?:alive|living|well|"
                rf"healthy)(?:\s+and\s+well)?\s+at|deceased\s+at|passed\s+away\s+at)(?:\s+be|"
                rf"\s+of)?(?:\s?:)?\s+(?P<x>{_NINETY})(?!\d|[%/]|\.\d|\s?(?:degrees|mmhg|weeks|days|months))"),
    rule("age", rf"(?<![\d./])(?P<x>{_NINETY}(?:st|nd|rd|th)?)\s+birthday"),
    rule("age", r"(?<![\d./\-])(?P<x>(?:9\d|1[01]\d))\s?/?\s?[MF]\b(?=,?\s(?:with|who|w/|c/o|h/o|s/p|hx|PMH|presents|"
                r"presenting|p/w|admitted|from|here|status)\b)", 0),
    rule("age", r"(?<![\d./\-])(?P<x>(?:9\d|1[01]\d))[\s-]{1,2}(?:(?:white|black|hispanic|asian|caucasian|frail|"
                r"elderly)\s)?(?:male|female|man|woman|lady|gentleman|gentlewoman)\b"),
    rule("age", r"\b(?P<x>0(?:9\d|1[01]\d)Y)\b"),
    # Set apart by commas or brackets after a person, or after any word where a person's verb follows.
    rule("age", rf"\b(?:{_PEOPLE}),?\s{{1,2}}\(?(?:now\s|aged?\s)?(?P<x>{_NINETY})(?=\s?[,;)]|\s?\.?$|\.\s|"
                rf"\s(?:and|is|was|has|who|with)\b)"),
    rule("age", rf"\b[a-z]{{2,25}}(?:,\s{{1,2}}|\s\()(?:now\s|aged?\s)?(?P<x>{_NINETY})(?:,|\),?)\s(?:is|was|who|"
                rf"has|had|lives?|lived|died|came|presents?|presented|remains?|still|enjoys?|denies|reports?|walks?|"
                rf"fell|says|said|retired|widowed|a\s(?:retired|widowed?|former))\b"),
    rule("age", r"\b(?:in|into|reached)\s(?:his|her|their|my|the\spatient's)\s"
                r"(?P<x>(?:(?:early|mid|late)[- ]?)?(?:nineties|90'?s))\b"),
    rule("age", r"\b(?P<x>nonagenarian|(?:super)?centenarian)\b"),
    rule("age", rf"\b(?:will\sbe|nearly|almost|approaching|shy\sof|until\s(?:he|she)\swas|when\s(?:he|she)\swas|"
                rf"lived\sto\sbe|celebrated)\s(?P<x>{_NINETY})(?=\s?(?:[.,;)]|$)(?!\d)|\s(?:in|next|this|years)\b)"),
    rule("age", rf"(?<![\d./\-])(?P<x>{_NINETY})[\s-](?:years?|yrs?)[\s-](?:young|of\slife)\b"),
)  # fmt: skip


def find_dates(text: str) -> list[Span]:
    """Find dates with at least a day or a month."""
    found = [span for span in apply(_DATES, text) if not _is_word(text[span[0] : span[1]])]
    found += [span for span in apply((_MONTH_YEAR,), text) if not _measured(text, span[0], span[1])]
    for match in _RANGE.finditer(text):
        if not _measured(text, match.start(), match.end()):
            found.append((match.start(), match.end(), "date"))
    for match in _MONTH_DAY.finditer(text):
        if _is_month_day(text, match):
            found.append((match.start(), match.end(), "date"))
    return found


def find_ages(text: str) -> list[Span]:
    """Find ages of 90 years and more."""
    return apply(_AGES, text)


def year_of(value: str) -> str:
    """Return the four-digit year of a date as written, or nothing."""
    match = re.search(r"(?<!\d)(?:19|20)\d{2}(?!\d)", value) or re.match(r"(?:19|20)\d{2}(?=[01]\d[0-3]\d)", value)
    return match[0] if match else ""


def _is_word(value: str) -> bool:
    """Tell a verb or an abbreviation in capitals from a month that stands alone: "may", "march", "OCT", "MAR"."""
    return value in ("may", "march") or (len(value) <= 4 and value.isalpha() and value.isupper())


def _measured(text: str, start: int, end: int) -> bool:
    return bool(_NEVER_AFTER.match(text, end) or _NEVER_BEFORE.search(text, max(0, start - 45), start))


def _is_month_day(text: str, match: re.Match[str]) -> bool:
    """Decide whether `4/27` is a day: its words before and after, leading zeros, and what scales end in."""
    if _measured(text, match.start(), match.end()):
        return False
    month, day = match["m"], match["d"]
    padded = month.startswith("0") or (len(month) == 2 and len(day) == 2 and day.startswith("0"))
    line = text.rfind("\n", 0, match.start()) + 1
    near = (
        bool(_NEAR_BEFORE.search(text, max(0, match.start() - 24), match.start()))
        or not text[line : match.start()].strip()
    )
    if int(month) == int(day) or (int(day) in (2, 3, 4, 5, 6, 8, 10) and "0" not in (month[0], day[0])):
        # 5/5, 2/6, 7/10 are grades more often than days.
        return padded or bool(
            re.search(
                r"\b(?:recheck|on|since|until|dated?|by|dob|admitted|discharged|through|(?:planned|scheduled|booked|"
                r"set)\s+for)\s{1,2}$",
                text[max(0, match.start() - 16) : match.start()],
                re.I,
            )
        )
    timed = bool(re.match(r"\s{1,2}(?:at\s)?\d{1,2}:\d{2}", text[match.end() : match.end() + 12]))
    return near or padded or timed or int(day) > 12
