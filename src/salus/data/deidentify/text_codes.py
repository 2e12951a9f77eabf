"""Codes in odd dress: numbers in groups with letters behind, marks inside, spelled in words, plates behind a car.

Health cards, tax numbers and record numbers of many countries end in a letter or come in groups (`1695970 J`,
`8727 847 402 TW`, `LEVM 9647 1657`); other codes mix marks (`BIO/94633/G`, `vb:bac3-b169`) or are dictated.
"""

import re
from typing import Final

from salus.data.deidentify.tagger_features import known
from salus.data.deidentify.text_ids import is_public
from salus.data.deidentify.text_rules import Rule, Span, apply, rule

_SAY: Final = (
    r"(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundred|thousand|double|triple|dash|hyphen|slash|stroke|point)"
)
_CARD: Final = (
    r"(?:medicare|medicaid|ohip|ramq|phn|hcn|ahcip|msp|nhs|chi|h&c|pps|ppsn|sin|tfn|nino?|ni|ihi|dva|irn|gms|"
    r"health\s?card|care\s?card|medical\s?card|social\s+insurance|national\s+insurance|crn|nhi|acc|policy|group|member|"
    r"mbi|hicn|auth|subscriber|insurance|benefit|bupa|vhi|laya|axa|aviva|hospital|hosp|mrn|ur|urn|pas|record|chart|"
    r"unit|card|serial|s/n|icd|device|implant|pump|lot)"
)
_CODES: Final[tuple[Rule, ...]] = (
    rule("plan", rf"\b(?i:{_CARD})\b(?:\s(?i:card|number|no|num|id|verified|confirmed|on|under|is|was|policy|"
                 rf"benefit)\b\.?|"
                 rf"[/\s](?i:policy|member|group)\b|[:#(.]){{0,3}}\s{{0,2}}"
                 r"(?P<x>(?=[A-Z0-9 -]{0,8}\d)[A-Z0-9]{1,10}(?:[ -](?=[A-Z0-9]{0,5}\d|"
                 r"[A-Z]{1,2}\b(?!\s?[a-z]))[A-Z0-9]{1,10}){1,4}"
                 r"(?:\s(?:ref|irn)\s?\d)?)(?![\w%]|[.,]\d|/\d)", 0),
    rule("ssn", r"\blast\s(?:four|4)\b[^.\n\d]{0,24}(?P<x>\d{4})(?!\d)"),
    rule("other", r"(?<![\w.,/-])\d{6,9}\s?[A-Z]{1,2}(?=[.,;)\n]|\s{2}|\s[a-z/(]|$)(?!\s?(?:of|per|in)\b)", 0),
    rule("other", r"(?<![\w.,/-])(?:[A-Z]{1,4}\s?)?\d{3,5}(?:\s\d{2,7}){2,4}(?:\s[A-Z]{1,2}(?=[\s.,;)]|$))?(?![\w%/]|"
                  r"[.,]\d|\s?(?:mg|ml|"
                  r"units?|steps|cells|patients)\b)", 0),
    rule("other", r"(?<![\w./:,-])(?=[A-Za-z/,:._-]{0,14}\d)(?=[\w/,:.-]{0,20}[A-Za-z])"
                  r"[A-Za-z0-9]{1,8}(?:[/,:_-][A-Za-z0-9.]{1,12}){1,5}(?![\w/])", 0),
    rule("mrn", rf"\b(?:[a-z]\s(?:for|as\sin)\s\w{{2,10}}\s){{1,3}}(?:{_SAY}[\s,-]{{1,2}}){{2,16}}{_SAY}\b"),
    rule("phone", rf"\b(?:{_SAY}[\s,-]{{1,2}}){{6,16}}{_SAY}\b"),
    rule("email", r"\be-?mail(?:\s(?:address|is|addr|at|to|on|me|him|her|them|us))*[\s:]{1,2}"
                  r"(?P<x>(?:[\w-]{1,20}\s){1,7}at\s[\w-]{1,40}(?:\s(?:dot|point)\s[\w-]{1,20}){1,4})"),
    rule("url", r"(?<![@\w.])[a-z0-9][a-z0-9-]{1,62}(?:\.[a-z0-9-]{2,63}){0,4}\.(?:blog|page|site|online|app|dev|tv|"
                r"xyz|"
                r"club|shop|cloud|link|live|news|video|photos?|family|scot|wales|cymru|nhs|gov|ly|gl|gg|fm|academy|"
                r"community|support|foundation|social|world|life|today|space|website|fund|charity|ngo|coop|museum)"
                r"(?:/[^\s<>\"')\]]{0,300})?(?![\w@])", re.ASCII | re.IGNORECASE),
    rule("vehicle", r"\b(?i:driving|drove|drives|rego?|plates?|registration|suv|sedan|hatch(?:back)?|ute|van|truck|car|"
                    r"bike|motorbike|tractor|lorry|scooter|tow(?:ed)?(?:\s+notice)?(?:\s+for)?|veh(?:icle)?|"
                    r"number\splate|"
                    r"index|vrm)\b[^.\n\d]{0,24}?[\s(:\"'](?P<x>(?:H/C\s)?(?=[A-Z0-9 -]{0,7}\d)(?=[0-9 -]{0,5}[A-Z])"
                    r"[A-Z0-9]{1,5}(?:[ -][A-Z0-9]{1,5}){0,2})(?![\w-]|[.,:]\d|\s?(?:mph|km|kph|am\b|pm\b))", 0),
    rule("vehicle", r"\bH/C\s[A-Z]?\d{3,6}[A-Z]?\b", 0),
    rule("photo", r"(?<![\w/])[\w\-()]{1,80}\(\d{1,3}\)\.(?:jpe?g|png|heic|gif|bmp|tiff?|webp|mov|mp4)\b"),
    rule("photo", r"(?<![\w/])[\w\-.]{1,80}\.(?:nef|arw|dng|orf|rw2|heif|mpe?g|wmv|m4v|svg|psd|dcm|pdf|docx?)\b"),
    rule("biometric", r"\b(?:voice\s?print|finger\s?print|thumb\s?print|palm\s?(?:print|vein)|retina|iris|face|"
                      r"biometric\w*|"
                      r"hand|vein|"
                      r"gait)\b[^.\n\d]{0,24}?[\s(:#\[](?P<x>\[?(?=[\w:./-]{0,10}\d)[\w]{1,12}(?:[:./-][\w]{1,12}){0,5}\]?)"
                      r"(?![\w%])"),
    rule("age", r"(?<![\w.])\b[Aa]t\s(?P<x>9\d|1[01]\d)(?=,?\s(?:he|she|they|his|her|it\b|the\s(?:patient|pt|"
                r"family))\b)", 0),
    rule("age", r"\b(?:an?\s)?hundred(?:\sand\s(?:one|two|three|four|five|six|seven|eight|nine|ten))(?=\s(?:and|"
                r"years?|now|"
                r"this|next)\b|[.,;])"),
    rule("date", r"(?<![\w./-])(?:1[3-9]|2\d|3[01])/(?:0[1-9]|1[0-2])(?![\w/%-]|\.\d|\s?(?:of|mg|ml|hours?|days?)\b)"
                 r"(?<!\d/\d)(?=[\s.,;)])"),
    rule("date", r"\b(?:[BUS]Cx|bcx|ucx|thru|through|to\sstop|stops?|off|until|till|takeback|lap|trach|peg|cath|echo|"
                 r"mri|ct|"
                 r"xrt|cabg|ercp|egd|dc'?d|extub\w*|intub\w*|pulled|dsg|sutures?|staples?|cast|boot|pins?|drain|line|"
                 r"picc|"
                 r"foley|tube|neg|pos|ngtd|mrsa)\s(?P<x>(?:0?[1-9]|1[0-2])[/-](?:0?[1-9]|[12]\d|3[01]))(?=[\s.,;)]|$)"),
)  # fmt: skip
_NAMES: Final[tuple[Rule, ...]] = (
    rule("name", r"(?:^|[\s.])[-\u2013~]\s?(?P<x>[A-Z]{2,3}|[A-Z][a-z]{2,12})(?:\s(?:rn|RN|md|MD|np|NP|pa|PA|lpn|LPN))?"
                 r"[ ]{0,3}(?=\n|$)", 0),
    rule("name", r"(?m:^|[.]\s|\s{2})[ ]{0,4}(?P<x>[A-Z]{2,3}[ ]?/[ ]?[A-Z]{2,3})(?=[ ]{0,3}(?:\n|$)|"
                 r"[ ]{1,3}\d{1,4}[-/.])", 0),
    rule("name", r"(?:\n|[.]\s)[ ]{0,3}(?:--?[ ]?)?(?P<x>[A-Z]{2,3})(?=\s{0,4}\Z|\s/\s(?:scribe|typed|per))", 0),
    rule("name", r"(?m:^)[ ]{0,3}(?:D:[^\n]{0,40}T:[^\n]{0,20}?[ ]{2})(?P<x>[A-Z]{2,3}[/:][A-Za-z]{2,3})", 0),
    rule("name", r"\bsig(?:ned|nature)?:\s{1,3}(?P<x>[A-Z][A-Za-z'-]{1,20}(?:\s[A-Z][A-Za-z'.-]{0,20}){1,2})(?=\s{2}|"
                 r"\n|,|$)", 0),
    rule("name", r"\((?:gross|cut[- ]?up|micro|dictated|typed|seen|tech|typist|read)\s?:?\s(?P<x>[A-Z]{2,3})\)", 0),
    rule("name", r"\b(?:typist|transcriber|scribe|secretary|coder)\s?:?\s(?P<x>[A-Z]{2,3})(?=[\s.,;)]|$)", 0),
    rule("name", r"(?m:^)[ ]{0,3}(?P<x>[A-Z]{1}[A-Za-z]{1,2})[ ]{1,3}(?=\d{1,2}[./-]\d{1,2}[./-]\d{2,4}[ ]{0,3}(?:\n|"
                 r"$))", 0),
    rule("name", r"\b(?:I/c|i/c|S/N|SN|HV|DN|CPN|SHO|SpR|StR|FY1|FY2|F1|F2|CT1|CT2|ST\d|GP|HCA|EN|CN|NIC|SSN|Sr|"
                 r"Sister|Matron|Reg|"
                 r"Cons|Consultant|Registrar|OT|SLT|Physio|"
                 r"SALT)\s(?P<x>[A-Z][A-Za-z'-]{1,20}(?:\s[A-Z][A-Za-z'-]{0,20})?)"
                 r"(?=[\s]?[,.;)\n]|\s(?:in|at|to|and|on|from)\b)", 0),
    rule("name", r"(?<![\w.'-])(?P<x>[A-Z][A-Za-z'-]{1,20}\s[A-Z])(?=\s\((?:physio|OT|SW|RN|nurse|pharm|SLT|dietitian|"
                 r"phlebotomist|HCA|midwife|student))", 0),
    rule("name", r"(?<![\w.])(?P<x>(?:[A-Z]\.\s?){1,3}[A-Z][A-Za-z'-]{2,20})(?![\w.])", 0),
    rule("name", r"(?:\b(?:by|with|to|from|Clinician|Signed|signed)[:\s]{1,3}|"
                 r"(?m:^)[ ]{0,4})(?P<x>(?:[A-Z]\.[ ]?){1,3}[A-Z][a-z]{1,20})"
                 r"(?=[,\n]|\sand\b|\sassist)", 0),
    rule("name", r"\b(?:S/N|I/c|Verified|Checked|Reported|Authorised|Authorized)\s(?P<x>[A-Z]\.?\s(?:van\s|de\s|"
                 r"von\s)?[A-Z][A-Za-z'-]"
                 r"{1,20})", 0),
    rule("name", r"\b(?:regards|sincerely|thanks|cheers|yours|"
                 r"faithfully)[,.]?\s{1,2}(?P<x>[a-z]{2,12}\s[a-z'-]{2,20})(?=,|\s?\n|"
                 r"\s?$)", 0),
)  # fmt: skip
_BY: Final = re.compile(
    r"\b(?i:asked|seen|examined|called|paged|signed|reviewed|ordered|referred|followed|requested|discussed)\s(?:by|with)\s"
    r"(?P<x>[A-Z][a-z]{2,20})(?![\w-]|\s(?:team|service|staff|signs?|criteria|disease))"
)
_PLACES: Final[tuple[Rule, ...]] = (
    rule("place", r"\bOSH[ ]?\((?P<x>[A-Z][^)\n\d]{2,40})\)", 0),
    rule("place", r"(?<![\w/])\d{1,5}[ ](?:farm[ ]to[ ]market|fm|route|rte|rt|state[ ](?:route|road)|county[ ](?:road|"
                  r"route)|cr|hwy|"
                  r"highway|us|rr|rural[ ]route|interstate|township[ ]road)\.?[ ]\d{1,4}[A-Z]?(?![\w/])"),
    rule("place", r"(?<![\w'-])(?:(?:The|St\.?|Saint|Mount|Lake|Fort|Our|Upper|Lower|Old|New)[ ])?(?!(?:The|Patient|"
                  r"Pt|Her|His|To|From|"
                  r"Inpatient|Outpatient|Acute|Subacute|Private|Cardiac|Pulmonary|Skilled|Short|Long|Local|Daily|"
                  r"Local|Outside|General|"
                  r"Community|Family|Home|Public|Mental|Women|Primary|Visiting|Emergency|Urgent|In|At|For|Needs|No|"
                  r"And|Or|Via|Per)\b)"
                  r"[A-Z][\w'-]{2,20}(?:[ ](?:[A-Z][\w'-]{2,20}|of|the|and)){0,3}[ ](?:Nursing|Rehab(?:ilitation)?|"
                  r"Home[ ]Health|Homecare|"
                  r"Health[ ]Centre|Health[ ]Center|Care[ ]Home|Aged[ ]Care|Care[ ]Centre|Family[ ](?:Doctors|Practice|"
                  r"Medicine)|"
                  r"Fire[ ]Dep(?:t|artment)\.?|Police[ ]Dep(?:t|artment)\.?|Senior[ ]Living|Assisted[ ]Living|"
                  r"Memory[ ]Care|Village|Parish|"
                  r"Orthop[a]?edics|Pediatrics|Paediatrics|Dermatology|Cardiology|Oncology|Imaging|Dialysis|Pain|"
                  r"Spine|Dental|Smiles|"
                  r"Physical[ ]Therapy|Chiropractic|Eye[ ](?:Care|Center|Clinic)|Poultry|Packing|Freight|Trucking|"
                  r"Foods|Motors|Steel|Mining|"
                  r"Lumber|Dairy|Farms|Works|Mills|Industries|Logistics|Mechanical|Electric|Plumbing|Roofing)"
                  r"(?:[ ](?:and|&)[ ](?:Rehab(?:ilitation)?|Nursing|Spine|Sons?|Care|Wellness|Sports(?:[ ]Medicine)?|"
                  r"Healthcare|Die|Co\.?|"
                  r"Hospice|Living|Company))?(?:[ ](?:Center|Centre|Clinic|Group|Associates|Home|Facility|Services|"
                  r"Agency|LLC|Inc\.?))?"
                  r"(?![ ](?:was|were|is)[ ](?:normal|negative))", 0),
    rule("place", r"(?<![\w'-])[A-Z][\w'-]{2,20}(?:[ ][A-Z][\w'-]{2,20}){0,2}[ ](?:Tool|Bros\.?|Brothers|"
                  r"Sons)?[ ]?&[ ](?:Die|Sons?|Co\b\.?|"
                  r"Daughters?|Company|Partners|Associates)", 0),
    rule("place", r"(?<![\w'-])(?:St\.?|Saint|Mt\.?)[ ][A-Z][a-z]{2,15}'s(?![ ](?:wort|disease|fire|dance|vertigo|wart|"
                  r"apple))", 0),
)  # fmt: skip
_MEASURE: Final = re.compile(
    r"[A-Z]?\d{1,2}[-/]\d{1,2}|[A-Za-z]\d{1,2}[-/:][A-Za-z]?\d{1,2}|\d+(?:[.,]\d+)?[-/x]\d+(?:[.,]\d+)?[a-z]{0,4}|"
    r"(?:mg|mcg|ml|units?|kg|l|dl|h|hr|min|d|day|wk|[A-Za-z]{1,8})/[A-Za-z0-9.]{1,6}|\d+\.?\d*(?:mg|mcg|ml|g|kg|h|hr|"
    r"d|wk|y|yo|F|M)"
    r"(?:[/-].*)?|[A-Za-z]+-\d{1,3}|\d{1,3}-[A-Za-z]+(?:-[A-Za-z]+)*|.*(?:mg|mcg|ml|mmol|kg|day|week|month|year|hour|"
    r"mm|cm)s?",
    re.IGNORECASE,
)
_STRONG: Final = frozenset(("plan", "mrn", "other"))


def find_codes(text: str) -> list[Span]:
    """Find codes in groups, with marks, spelled in words, and initials that sign.

    Args:
        text: The text, with plain quotes, hyphens and spaces.
    """
    found = []
    for start, end, kind in apply(_CODES, text):
        value = text[start:end].rstrip(" .,;:-_/)(")
        spelled = kind == "mrn" and not any(c.isdigit() for c in value)
        if kind in _STRONG and not spelled and not _is_code(text, start, value):
            continue
        if kind == "vehicle" and sum(c.isalnum() for c in value) < 4:
            continue
        if kind == "biometric" and sum(c.isdigit() for c in value) < 3:
            continue
        found.append((start, start + len(value), kind))
    for start, end, kind in apply(_NAMES, text):
        words = re.findall(r"[^\W\d_]{2,40}", text[start:end])
        led = text[start : start + 2].endswith(".")
        if led or not all(map(_plain, words)):
            found.append((start, end, kind))
    for match in _BY.finditer(text):
        if not set(known(match["x"].lower())) & set("ta"):
            found.append((*match.span("x"), "name"))
    return [*found, *(span for span in apply(_PLACES, text) if _is_house(text[span[0] : span[1]]))]


def _plain(word: str) -> bool:
    """Tell a word of a list of plain words or terms that no list of names holds."""
    held = set(known(word.lower()))
    return len(word) > 3 and bool(held & set("wteha")) and not held & set("gf")


def _is_house(value: str) -> bool:
    """Tell the name of a house from a heading such as "Diagnostic Imaging"."""
    words = value.split()
    return any(c.isdigit() for c in value) or "&" in words or "and" in words or not all(map(_plain, words))


def _is_code(text: str, start: int, value: str) -> bool:
    """Tell a code from a dose, a ratio, a level of the spine or a number that everybody may know."""
    digits = sum(c.isdigit() for c in value)
    groups = value.split()
    if (
        digits < 4
        or "_" in (value[0], value[-1])
        or _MEASURE.fullmatch(value)
        or is_public(text, start, start + len(value))
    ):
        return False
    if len(groups) == 1 and all(part.isdigit() for part in re.split(r"[/,:_.-]", value)):
        return False
    years = [group for group in groups if re.fullmatch(r"(?:19|20)\d{2}", group)]
    return len(years) < len(groups) and not (digits == 4 and years)
