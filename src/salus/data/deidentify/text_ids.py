"""Numbers that a word before them makes an identifier: record, plan, account, licence, vehicle, device and others."""

import re
from typing import Final

from salus.data.deidentify.text_rules import Rule, Span, apply, rule

_LINK: Final = (
    r"(?:\s{0,2}(?:(?:numbers?|num|nos?|nr|id(?:entifier|entification)?|code|ref(?:erence)?|is|was|are|of|and|ending|"
    r"ends|"
    r"in|with|assigned|under|the|as|reads?)(?![A-Z0-9-])|[:#=()\-\u2116.])){0,5}\s{0,3}"
)
_STRICT: Final = (
    r"\s{0,2}(?:(?:numbers?|num|nos?|nr|id(?:entifier|entification)?|code|ref(?:erence)?)\b\.?|[:#\u2116])"
    r"(?:\s{0,2}(?:numbers?|nos?\.?|id|code|is|was|of|assigned|[:#=()\-])){0,3}\s{0,3}"
)
_DIGIT: Final = r"(?=[A-Z\-/._*]{0,14}\d)"
_ID: Final = (
    rf"(?P<x>{_DIGIT}[A-Z0-9*][A-Z0-9\-/._*]{{2,34}}(?:\s\d[\dA-Z-]{{1,7}}){{0,5}}|\d{{2,6}}(?:\s\d{{2,6}}){{1,5}})"
)
_SHORT: Final = rf"(?P<x>{_DIGIT}[A-Z0-9][A-Z0-9\-/._]{{1,34}}(?:\s\d[\dA-Z-]{{1,7}}){{0,4}})"


def _free(kind: str, words: str) -> Rule:
    """Return a rule whose words suffice."""
    return rule(kind, rf"(?<![^\W_])(?:{words})(?![^\W_]){_LINK}{_ID}")


def _bound(kind: str, words: str) -> Rule:
    """Return a rule whose words need "number", "ID", "#" or a colon after them."""
    return rule(kind, rf"(?<![^\W_])(?:{words})(?![^\W_])?{_STRICT}{_ID}")


_LABEL_WORDS: Final = (
    "ticket|case|accession|order|requisition|sample|specimen|study|claim|docket|badge|locker|complaint|incident|"
    "report|file|folder|envelope|parcel|receipt|voucher|coupon|reference|ref|request|referral|token|tag|wristband|"
    "bracelet|armband|container|vial|tube|bag|cassette|block|slide|form|consent|permit|pass|card|member|membership|"
    "employee|staff|student|inmate|prisoner|service|booking|reservation|confirmation|tracking|shipment|consignment|"
    "donation|donor|subject|participant|enrol?lment|recording|tape|dictation|job|note|letter|document|record|entry|"
    "log|session|visit|encounter|episode|call|event|queue|waitlist|appointment|trip|transport|contract|lease|loan|"
    "petition|warrant|citation|summons|suit|client|customer|user|login|pin|passcode|key|parking|luggage|cremation|"
    "autopsy|biopsy|registry|register|roster|application|grievance|complaint|investigation|police|court"
)
_IDS: Final = (
    rule("account", r"(?<![\w-])\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?![\w-])"),
    _free("account", r"(?:patient|bank|hospital|billing|savings|checking|customer)\s+(?:account|acct)"),
    _free("mrn", r"mrn|mr\s?#|med(?:ical)?\.?\s?rec(?:ord)?\.?|medical\s+records\s+(?:number|no\.?|#)|medrec|"
                 r"hospital\s+(?:number|no\.?|id)|hosp\.?\s?(?:no|num|#)\.?|"
                 r"chart\s+(?:number|no\.?|#)|patient\s?(?:id|number|no\.?|identifier|#)|pt\.?\s?(?:id|no\.?|#)|"
                 r"unit\s+(?:number|no\.?|#)|"
                 r"nhs\s+(?:number|no\.?)|empi|mpi|record\s?(?:number|no\.?|#)|ur\s?(?:number|no\.?)|chi\s+number|pid"),
    _bound("mrn", r"chart|record|file|patient|unit|urn"),
    _free("plan", r"member\s?(?:id|number|no\.?|#)|subscriber\s?(?:id|number|no\.?|#)|policy\s?(?:id|number|no\.?|#)|"
                  r"mbi|hicn?|"
                  r"group\s?(?:id|number|no\.?|#)|medicare\s?(?:beneficiary\s+)?(?:id(?:entifier)?|number|no\.?|#)|"
                  r"medicaid\s?(?:id|number|no\.?|#)|"
                  r"beneficiary\s?(?:id|number|no\.?|#)|(?:health\s+)?plan\s?(?:id|number|no\.?|#)|insurance\s?(?:id|"
                  r"number|no\.?|#|policy)|"
                  r"payer\s?id|cardholder\s?id|rx\s?(?:bin|pcn|grp|group)|certificate\s+of\s+coverage|"
                  r"prior\s+auth(?:orization)?|auth(?:orization)?\s?(?:number|no\.?|#)"),
    _free("plan", r"medicaid|medicare"),
    rule("mrn", r"\bcharts?\s(?P<x>[A-Z]{0,2}-?\d{5,12})\b"),
    _bound("plan", r"medicare|medicaid|policy|subscriber|insurance|member(?:ship)?|group|beneficiary|health\s+plan|"
                   r"aetna|cigna|"
                   r"humana|tricare|kaiser|bcbs|blue\s?cross(?:\s?(?:/|and)?\s?blue\s?shield)?|"
                   r"united\s?health\s?care|anthem|payer"),
    _free("account", r"acct|a/c|account\s?(?:number|no\.?|id|#)|billing\s+(?:number|no\.?|id|account)|fin|csn|har|"
                     r"iban|routing\s+(?:number|no\.?)|"
                     r"visit\s?(?:number|no\.?|id|#)|encounter\s?(?:number|no\.?|id|#)|invoice|(?:credit|"
                     r"debit)\s+card(?:\s+number)?|"
                     r"visa|mastercard|amex|guarantor\s?(?:number|no\.?|id|#|account)|statement\s?(?:number|no\.?|#)|"
                     r"bank\s+account|claim\s?(?:number|no\.?|id|#)|bill\s?(?:number|no\.?|#)"),
    _bound("account", r"account|encounter|visit|invoice|bill(?:ing)?|claim|statement|payment|receipt|financial|"
                      r"guarantor|admission"),
    _free("licence", r"npi|dea|(?:driver'?s?|driving|medical|nursing|pharmacy|state|professional|pilot'?s?|marriage|"
                     r"gun|firearms?)\s+licen[cs]e|"
                     r"licen[cs]e\s?(?:number|no\.?|id|#)|lic\.?\s?(?:no\.?|num|#)|dl\s?(?:no\.?|#|number)|upin|"
                     r"passport|visa\s+number|green\s+card|"
                     r"(?:birth|death|board|marriage)\s+certificate|certificate\s?(?:number|no\.?|id|#)|"
                     r"cert\.?\s?(?:no\.?|#)|registration\s?(?:number|no\.?|#)|"
                     r"alien\s+(?:number|registration)|gmc\s?(?:number|no\.?)|nmc\s?(?:pin|number)"),
    _bound("licence", r"licen[cs]e|lic|certificate|certification|cert|permit|registration|credential"),
    _free("vehicle", r"vin|vehicle\s+(?:identification|id|number|no\.?|registration)|(?:license|licence|number|"
                     r"registration|car|vehicle)\s?plates?|"
                     r"plates?\s?(?:number|no\.?|#)|tags?\s?(?:number|no\.?|#)|registration\s+plate|"
                     r"chassis\s?(?:number|no\.?)"),
    _bound("vehicle", r"vehicle|plates?|license\s+tag|car\s+tag|registration"),
    rule("vehicle", r"\b(?i:plates?|(?:license|car)\s+tag|registration)\b(?:\s{0,2}(?:is|was|reads?|reading|of|"
                    r"[Nn]umber|[Nn]o\.?|NO\.?|[:#\"'-])){0,4}\s{0,2}[\"']?"
                    r"(?P<x>(?=[A-Z\- ]{0,8}\d)[A-Z0-9]{1,5}[- ]?[A-Z0-9]{2,5}(?:[- ][A-Z0-9]{1,4})?)\b", 0),
    rule("vehicle", r"\b(?=[A-HJ-NPR-Z0-9]{0,10}[A-HJ-NPR-Z])(?=[A-HJ-NPR-Z]{0,8}\d)"
                    r"(?P<x>[A-HJ-NPR-Z0-9]{11}\d{6})\b", 0),
    _free("device", r"serial\s?(?:number|no\.?|num|#)|ser\.?\s?(?:no\.?|#)|s\.?n\.?(?=\s?[:#])|s/n|imei|udi(?:-di|"
                    r"-pi)?|device\s?(?:id|identifier|number|no\.?|#|serial)|"
                    r"lot\s?(?:number|no\.?|#)|model\s?/\s?serial|implant\s?(?:id|number|no\.?|#|serial)|"
                    r"mac\s+address|equipment\s?(?:id|no\.?|#)|asset\s?(?:tag|id|no\.?|#)"),
    _bound("device", r"serial|lot|device|implant|pump|pacemaker|generator|icd|lead|prosthesis|hearing\s+aid|monitor|"
                     r"scanner|cpap|glucometer"),
    rule("device", r"\b(?:serial|s/n)\s(?P<x>(?=[A-Z\-/]{0,12}\d)[A-Z0-9][A-Z0-9\-/]{4,30})\b"),
    rule("device", r"\(01\)\s?\d{14}(?:\s?\((?:10|11|17|21)\)\s?[A-Z0-9\-]{2,20}){0,4}"),
    _free("biometric", r"(?:finger|thumb|palm|voice|foot|hand)[- ]?prints?(?:\s+(?:template|record|hash|scan|file|"
                       r"card))?|(?:iris|retinal?|facial|face)[- ]"
                       r"(?:code|scan|template|recognition|geometry|id)(?:\s+(?:template|hash|id|key|file))?|"
                       r"biometric(?:s)?(?:\s+(?:record|data|file|scan|print|signature|id|template|hash|key|token|"
                       r"enrol(?:l?ment)?))?|"
                       r"dna\s+(?:profile|fingerprint|barcode)|gait\s+signature|palm\s+vein(?:\s+(?:template|scan|"
                       r"id))?|voice\s?id"),
    rule("photo", r"(?<![\w/])(?P<x>(?:[A-Z]:\\)?[\w\-.\\/]{1,120}\.(?:jpe?g|png|heic|gif|bmp|tiff?|webp|mov|mp4|avi|"
                  r"raw|cr2))\b"),
    rule("photo", r"\b(?:photo(?:graph)?s?|portrait|picture|image|snapshot|selfie|mugshot|video)\b[^.\n]{0,30}?\b"
                  r"(?P<x>(?:IMG|DSC[NF]?|PHOTO|PIC|P|PXL|VID|MOV)[-_ ]?\d[\d_-]{2,30})\b"),
    rule("photo", r"(?<![\w/])(?P<x>(?:IMG|DSC[NF]?|PXL|VID|MVIMG)[-_]\d[\w-]{2,30})\b", 0),
    _free("photo", r"(?:full[- ]?face\s+)?(?:photo(?:graph)?s?|portraits?)\s?(?:id|number|no\.?|#|file|"
                   r"ref(?:erence)?|stored\s+as|filed\s+as|saved\s+as|archived\s+as)"),
    _free("other", r"accession|acc\s?#|(?:pathology|path|cytology|surgical|histology|lab(?:oratory)?)\s?(?:number|"
                   r"no\.?|#|id)|specimen\s?(?:id|number|no\.?|#)|case\s?(?:number|no\.?|#)|study\s?(?:id|number|"
                   r"no\.?|#)|subject\s?(?:id|number|no\.?|#)|"
                   r"(?:employee|student|badge|staff|user|login|service|military|inmate|tracking|enrol(?:l?ment)?|"
                   r"participant|donor|order|requisition|barcode|wristband|ticket|"
                   r"locker|report|document|docket|incident|dictation|job|confirmation|transcription|prescription|rx|"
                   r"sample|slide|block|session|referral|research|randomi[sz]ation|dosimeter|bracelet|armband)"
                   r"\s?(?:id(?:entifier)?|number|no\.?|#|code|ref(?:erence)?|tag)|barcode|uuid|guid"),
    _bound("other", r"accession|specimen|case|study|subject|employee|badge|participant|donor|order|requisition|"
                    r"barcode|wristband|tracking|"
                    r"incident|docket|job|dictation|doc(?:ument)?|report|confirmation|slide|block|sample|trial|"
                    r"protocol|ref|uid"),
    rule("other", r"(?m:^|[|;,(]|\s{2})\s{0,4}(?:ID|Id|UID)\s{0,2}(?:[:#=.-]\s{0,3}|"
                  r"\s)(?P<x>(?=[A-Z-]{0,6}\d)[A-Z0-9][A-Z0-9-]{2,20}(?:\s\d{3,4}){0,3})\b", 0),
    rule("other", r"(?:\b(?:numbers?|no\.|nr\.|num|id|identifier)|[#\u2116])(?:\s?(?:is|was|reads|[:=]))?\s{0,2}"
                  r"(?P<x>(?=(?:[A-Z\-/._]{0,6}\d){3}|[A-Z\-/]{0,6}\d{4})(?=[A-Z0-9\-/._]{4})"
                  r"[A-Z0-9][A-Z0-9\-/._]{3,34})(?![\w%]|\s?(?:mg|ml|patients|cases)\b)"),
    rule("other", rf"\b(?i:{_LABEL_WORDS})\s{{1,2}}(?P<x>\d{{5,14}}|[A-Z]{{1,4}}[-/ ]?\d{{3,12}}[A-Z]?|"
                  rf"[A-Z]{{1,4}}\d{{1,6}}(?:[-/][A-Z0-9]{{2,8}}){{1,3}}|\d{{2}}-\d{{4,8}}|\d{{3,8}}[A-Z]{{1,3}})(?![\w%/-]|[.,]\d|"
                  rf"\s?(?:mg|ml|g|cells|patients|cases|subjects|copies|steps|units?|years?|days?|of)\b)", 0),
    rule("other", r"\((?P<x>[A-Z]{0,3}-?(?:\d{5,12}|\d{2,4}-\d{4,6})(?:-\d{1,4})?)\)", 0),
    rule("other", r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
    rule("other", r"\b[SCHN]P?\d{2}-\d{3,7}\b", 0),
    rule("other", r"(?<![\w.])(?P<x>@[A-Za-z_][\w.]{2,30})(?![\w@])"),
    rule("other", r"\b(?:[012]\.)(?:\d{1,40}\.){4,20}\d{1,40}\b"),
    rule("other", r"(?<![\w.,/#+-])(?P<x>\d{8,20})(?![\w,/]|\.\d)"),
    rule("other", r"(?<![\w.,/#+-])(?P<x>(?=[A-Z0-9-]{0,3}[A-Z])(?=[A-Z-]{0,5}\d)"
                  r"[A-Z]{1,4}-?\d{6,12})(?![\w]|\.\d)", 0),
)  # fmt: skip
_LONE: Final = re.compile(
    r"(?<![\w.,/#+@-])(?=[A-Z0-9-]*\d)[A-Z0-9]{1,20}(?:[-/][A-Z0-9]{1,14}){0,5}(?![\w@/-]|"
    r"[.,]\d|\.\w)"
)
_UNIT: Final = re.compile(
    r"\s?(?:%|mg|mcg|\u00b5g|ug|ng|pg|g\b|kg|ml|dl|l\b|iu|units?|u\b|meq|mmol|mm|cm|m\b|hz|khz|bpm|cells?|copies|/|"
    r"x\s?10|"
    r"years?|yrs?|months?|weeks?|days?|hours?|h\b|min|sec|s\b|kcal|cal|joules?|rads?|c?gy|patients?|subjects?|cases|"
    r"people|women|"
    r"men|children|rats|mice|dogs|of\s|out\s+of|times|steps|feet|ft|miles|\u00b0|degrees)",
    re.IGNORECASE,
)
_PUBLIC: Final = re.compile(
    r"(?:\b(?:NCT|ISRCTN|PMC|PMID:?|EudraCT|rs|ENS[TGP]|CAS|doi|CHEMBL|DB|ICD|LOINC|SNOMED)[:\s-]{0,2})$", re.I
)
_PUBLIC_HEAD: Final = re.compile(
    r"(?:NCT|ISRCTN|PMC|PMID|DRKS|ACTRN|UMIN|CHICTR|NM_|NP_|rs|GSE|SRR|C\d{7}$|D\d{6}$)", re.I
)


def is_public(text: str, start: int, end: int) -> bool:
    """Tell a registry number of a trial, paper, gene or code list, which belongs to nobody, by head or label."""
    return bool(_PUBLIC_HEAD.match(text[start:end]) or _PUBLIC.search(text, max(0, start - 12), start))


def find_ids(text: str) -> list[Span]:
    """Find labelled numbers; registry numbers of trials, papers and genes are public and stay."""
    found = []
    for start, end, kind in apply(_IDS, text):
        value = text[start:end].rstrip(" .,;:-_/)(")
        if kind == "other" and (_PUBLIC_HEAD.match(value) or _PUBLIC.search(text, max(0, start - 12), start)):
            continue
        if any(letter.isdigit() for letter in value):
            found.append((start, start + len(value), kind))
    return [*found, *_lone(text)]


def _lone(text: str) -> list[Span]:
    """Find numbers without a label, too long for a measurement: five digits with letters or marks, else seven."""
    found: list[Span] = []
    for match in _LONE.finditer(text):
        value = match[0]
        digits = sum(letter.isdigit() for letter in value)
        groups = re.split(r"[-/]", value)
        if digits < 5 or (value.isdigit() and digits < 7) or ("/" in value and digits < 7):
            continue
        years = all(re.fullmatch(r"(?:1[89]|20)\d{2}|\d{2}", group) for group in groups) and len(groups) == 2
        span = (
            len(groups) == 2
            and all(g.isdigit() and not g.startswith("0") for g in groups)
            and (len(groups[0]) == len(groups[1]) <= 4 or int(groups[0]) < int(groups[1]) <= 20 * int(groups[0]))
        )
        if years or span or _UNIT.match(text, match.end()) or _PUBLIC_HEAD.match(value):
            continue
        if not _PUBLIC.search(text, max(0, match.start() - 12), match.start()):
            found.append((match.start(), match.end(), "other"))
    return found
