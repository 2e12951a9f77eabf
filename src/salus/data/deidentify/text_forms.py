"""Identifiers told by their form alone, or by a word somewhere before them: a wide net below the rules for each kind.

The other rules know how labels are usually written. These ask less: a plate's or a code's shape, any number of five
figures that is no measurement, a telephone word within some letters of figures, numbers and dates of other languages.
"""

import re
from typing import Final

from salus.data.deidentify.names_cues import L, U
from salus.data.deidentify.tagger_features import known
from salus.data.deidentify.text_rules import Rule, Span, apply, rule

_MONTHS: Final = (
    r"(?:januar|j\u00e4nner|februar|m\u00e4rz|mai|juni|juli|oktober|dezember|janvier|f\u00e9vrier|mars|avril|juin|"
    r"juillet|"
    r"ao\u00fbt|septembre|octobre|novembre|d\u00e9cembre|enero|febrero|marzo|mayo|junio|julio|agosto|septiembre|"
    r"octubre|"
    r"noviembre|diciembre|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|maart|mei|augustus)"
)
_FEASTS: Final = (
    r"weihnachten|ostern|pfingsten|silvester|heiligabend|hogmanay|whitsun(?:tide)?|michaelmas|shrove\s+tuesday|"
    r"bonfire\s+night|guy\s+fawkes(?:\s+night)?|remembrance\s+(?:sunday|day)|armistice\s+day|bastille\s+day|"
    r"canada\s+day|"
    r"australia\s+day|anzac\s+day|presidents'?\s+day|(?:mlk|martin\s+luther\s+king)(?:\s+day)?|mardi\s+gras|"
    r"good\s+friday|"
    r"ash\s+wednesday|palm\s+sunday|all\s+saints'?(?:\s+day)?|cinco\s+de\s+mayo|purim|eid(?:\s+al[- ]\w{3,5})?|navidad|"
    r"semana\s+santa|no\u00ebl|groundhog\s+day|flag\s+day|patriots'?\s+day|st\.?\s+(?:david|george|andrew|"
    r"stephen)'?s\s+day|"
    r"kwanzaa|lunar\s+new\s+year|chinese\s+new\s+year|tet|burns\s+night|fourth\s+of\s+july|july\s+(?:4th|fourth)"
)
_DAYS: Final = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?"
NO_DAY: Final = (
    r"(?!\s?(?:ribs?|toes?|fingers?|digits?|percentile|grade|nerve|metatarsals?|metacarpals?|intercostal|week|day|"
    r"month|"
    r"trimester|generation|hospital|edition|degree|visit|dose|cycle|ventricle|floor|year|time|line|course|session|"
    r"attempt|"
    r"pod|post|cranial|cervical|lumbar|thoracic|street|st\b|ave|interspace|order|order\b|stage|centile|century|child|"
    r"pregnancy|admission|episode|infusion|injection|treatment|molar|birthday|person|opinion|party|space))"
)
_TEN: Final = r"[+(]?\d[\d ()./\-]{5,20}\d(?:\s?(?:ext\.?|x)\s?\d{1,6})?"
_SAY: Final = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|hundred)"
_CAR: Final = (
    r"(?:plates?|tags?|licen[cs]e|lic|regn?|registration|registered|car|cars|truck|van|suv|sedan|taxi|cab|lorry|bus|"
    r"motor(?:cycle|bike)|scooter|moped|trailer|vehicle|veh|bicycle|pickup|auto|automobile|permit|placard|parking|"
    r"parked|towed|"
    r"impounded|blocking|kfz|pkw|kennzeichen|wagen|honda|toyota|ford|chevy|chevrolet|buick|dodge|nissan|kia|hyundai|"
    r"bmw|"
    r"audi|volkswagen|vw|volvo|subaru|mazda|jeep|tesla|mercedes|fiat|renault|peugeot|skoda|opel|vauxhall|lexus|acura)"
)
_PLATE: Final = (
    r"(?=[A-Z\u00c4\u00d6\u00dc0-9 -]{0,9}\d)(?=[0-9 -]{0,7}[A-Z\u00c4\u00d6\u00dc])"
    r"[A-Z\u00c4\u00d6\u00dc0-9]{1,7}(?:[ -][A-Z\u00c4\u00d6\u00dc0-9]{1,5}){0,2}"
)
_WIDE: Final[tuple[Rule, ...]] = (
    rule("vehicle", rf"\b(?i:{_CAR})\b[^.\n\d]{{0,30}}?(?:\b(?:19|"
                    rf"20)\d\d\b[^.\n\d]{{0,20}}?)?[\s(\"':#](?P<x>{_PLATE})(?![\w-]|[.,:]\d|\s?(?i:mph|km|am\b|pm\b))",
         0),
    rule("vehicle", r"\b(?:plates?|tag|kennzeichen|registration|reg)\b[\s:#.]{1,4}(?:(?:is|was|no|number|"
                    r"of)[\s.]{1,2})?"
                    r"(?P<x>(?=[a-z0-9 -]{0,8}\d)[a-z0-9]{1,7}(?:[ -][a-z0-9]{1,5})?)(?![\w-])"),
    rule("vehicle", r"(?<![\w-])[A-Z]{2}\s?\d{2}\s?[A-Z]{3}(?![\w-])", 0),
    rule("vehicle", r"(?<![\w-])[A-Z\u00c4\u00d6\u00dc]{1,3}-[A-Z]{1,2}\s?\d{2,4}[EH]?(?![\w-])", 0),
    rule("vehicle", r"(?<![\w-])(?:\d[A-Z]{3}\d{3}|[A-Z]{3}-?(?!(?:19|20)\d\d)\d{4}|\d{3}-[A-Z]{3})(?![\w-])", 0),
    rule("date", rf"(?<![\w.])\d{{1,2}}\.?\s(?:de\s)?{_MONTHS}(?:\.|\b)(?:,?\s(?:de[l]?\s)?(?:19|20)\d{{2}})?"),
    rule("date", rf"\b{_MONTHS}\s(?:19|20)\d{{2}}\b"),
    rule("date", rf"\b(?:{_FEASTS})(?:\s(?:19|20)\d{{2}})?(?!\w)"),
    rule("date", r"(?<![\w./-])(?:(?:0[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])|[1-9]\.(?:0[1-9]|1[0-2]))\.(?![\w]|"
                 r"\s?\d{1,2}\.)"),
    rule("date", r"\b(?:am|vom|bis|seit|zum|ab|den|dem|der|und)\s(?P<x>[1-9]\.[1-9]\.)(?![\w]|\s?\d{1,2}\.)"),
    rule("date", rf"\b{_DAYS}\.?,?\s(?:the\s)?(?:\d{{1,2}}(?:st|nd|rd|th)|\d{{1,2}}[/.-]\d{{1,2}}\.?)(?![\w/%]|"
                 rf"\.\d)"),
    rule("date", rf"\b(?:on|until|till|by|since|from|before|after|lmp|the|f/u|due|for|returns?|back|to|thru)\s"
                 rf"(?:the\s)?(?P<x>(?:[12]?\d|3[01])(?:st|nd|rd|th))\b{NO_DAY}(?![\s-]\w{{1,12}}[\s-](?:rib|toe|"
                 rf"finger))"),
    rule("date", r"\b(?:visit|seen|placed|changed|removed|removal|restarted|started|admitted|date|dated|on|drawn|"
                 r"inserted|"
                 r"last|next|dsg|bm|lmp|appt|due|since)\b[ :#\d,]{0,6}\s(?P<x>(?:0?[1-9]|1[0-2])[/-](?:0?[1-9]|"
                 r"[12]\d|3[01]))"
                 r"(?=[.,;)]?(?:\s|$))(?!\s?(?:mg|ml|units|days|weeks|months|tabs?|hours|hrs|pills|times|strength))"),
    rule("age", r"(?<![\d./-])(?P<x>9\d|1[01]\d)\s?(?:-?j\u00e4hrig\w{0,3}|jahren?|j\.)(?!\w)"),
    rule("age", r"\balter\s?[:=]?\s(?P<x>9\d|1[01]\d)\b"),
    rule("age", r"(?<!temp )(?<!temp: )(?<!t )(?<![\d./-])\b(?P<x>9\d|10\d)\s?(?:[FM]|yo)\b(?!\s?(?:today|last|\.\d|"
                r"po\b))",
         0),
    rule("age", r"\b(?:pt|he|she|patient|mom|dad|mother|father|client|resident)(?:\s(?:is|was)|'s)(?:\s(?:now|"
                r"almost|nearly|"
                r"about))?\s(?P<x>9\d|1[01]\d)(?=\s?[.,;!?)]|\s(?:and|but|with|so|now)\b|\s?$)(?![.,]\d)"),
    rule("age", r"(?m:^|[.!?]\s)at\s(?P<x>9\d|1[01]\d)(?=,\s(?:he|she|his|her|the\s(?:patient|client))\b)"),
    rule("phone", rf"\b{_SAY}(?:[\s-]{{1,2}}{_SAY}){{5,16}}\b"),
    rule("fax", rf"\b(?:tele)?(?:fax|facsimile|fx|facs)[a-z]{{0,4}}\b[^\d\n+(]{{0,28}}(?P<x>{_TEN})(?![\w%])"),
    rule("fax", rf"(?P<x>{_TEN})[\s,(-]{{1,4}}(?:tele)?(?:fax|facsimile)\b"),
    rule("phone", rf"\b(?:phones?|telephones?|tel|telefon|fon|cell|cellular|mobile?|mobil|handy|pager|beeper|bleep|"
                  rf"durchwahl|"
                  rf"piepser|r\u00fcckruf|erreichbar|hotline|landline|switchboard|whatsapp|callback|voicemail|portable|"
                  rf"tel\u00e9fono|celular|dect|secretary|desk)\b[^\d\n+(]{{0,28}}(?P<x>{_TEN})(?![\w%])"),
    rule("phone", r"\b(?:pager|beeper|bleep|bleeped|beep|durchwahl|piepser|dect|extension|extn?|ext|spectralink|vocera|"
                  r"ascom)\b[^\d\n]{0,15}(?P<x>-?\d{3,7})\b(?![.,]\d)"),
    rule("email", r"\b(?:[\w-]{1,30}\s(?:dot|underscore|"
                  r"dash)\s){0,3}[\w-]{1,40}\sat\s[\w-]{1,40}(?:\sdot\s[\w-]{1,20}){1,3}"),
    rule("url", r"\bw{3}(?:\s?\.\s?|\sdot\s)[\w-]{1,40}(?:(?:\s?\.\s?|"
                r"\sdot\s)[\w-]{1,20}){1,4}(?:\s(?:forward\s)?slash\s"
                r"[\w-]{1,40}){0,4}"),
    rule("ssn", r"(?<![\w-])[A-CEGHJ-PR-TW-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-Z](?![\w-])", 0),
    rule("ssn", r"(?<![\w-])\d{2}\s?\d{6}\s?[A-Z]\s?\d{3}(?![\w-])", 0),
    rule("account", r"(?<![\w-])[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?(?![\w-])", 0),
    rule("plan", r"(?<![\w-])\d{8,12}\s[a-z](?=[\s.,;]|$)(?!\s(?:day|week|month|year|few|bit|cc\b|ml\b))", 0),
    rule("place", r"(?<![\w-])[A-Z]\d[A-Z]\s?\d[A-Z]\d(?![\w-])", 0),
    rule("place", r"(?<![\w-])(?:GIR\s?0AA|[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2})(?![\w-])", 0),
    rule("place", rf"(?<![\w-])(?:[A-Z]{{1,2}}-)?\d{{4,5}}\s(?=[{U}])(?P<x>[{U}][{L}]{{2,20}}(?:[- ](?:(?:am|"
                  rf"an\sder|bei|ob|"
                  rf"im|in)\s)?[{U}][{L}]{{2,20}}){{0,2}})(?=\n|,|$)", 0),
    rule("other", r"(?<![\w/])(?=[A-Z]{0,4}/?(?:[A-Z0-9/]{0,8}\d){4})[A-Z]{1,4}(?:/[A-Z0-9]{2,8}){1,3}(?![\w/])", 0),
    rule("place", rf"(?<![\w-])(?:\d{{1,5}}\s)?(?:Flat|Wohnung|Appartement)\s\w{{1,5}},?\s[{U}][{L}]{{2,20}}"
                  rf"(?:\s[{U}][{L}]{{2,20}}){{0,2}}", 0),
    rule("other", r"(?<![\w/.:-])\d{2}:[A-Z]{1,3}-?\d{3,7}(?![\w-])", 0),
    rule("other", r"\b[A-Za-z]{3,12}/(?P<x>\d{6,14})(?![\w/-])", 0),
    rule("place", rf"\b(?:Our Lady|Church|Sisters|Daughters|Knights|Little Sisters|Hospital|University|College|"
                  rf"Abbey|Port|Isle)"
                  rf" of (?:the |our )?[{U}][{L}]{{2,20}}(?: [{U}][{L}]{{2,20}})?", 0),
    rule("place", rf"(?P<x>[{U}][{L}]{{2,20}}(?: [{U}][{L}]{{2,20}}){{0,2}} VA)\b(?! (?:OD|OS|OU|with|without|\d))", 0),
    rule("other", r"(?<![\w/.-])\d{2,6}[A-Z]{2}\d{4,7}(?![\w-])", 0),
    rule("name", rf"(?m:^)\s{{0,4}}(?P<x>[{U}]{{2,3}}[/:][{U}{L}]{{2,3}})\s{{0,4}}(?=\n|$)", 0),
    rule("name", r"\b(?:Signed|signed|Sig|Initials|initials|Init|initialed|"
                 r"initialled)[:\s]{1,3}(?P<x>[A-Z]{2,3})\s{0,3}"
                 r"(?=$|\n|[.,;])", 0),
    rule("name", rf"(?P<x>[{U}][{U}{L}'\-]{{1,24}}(?:[ ][{U}][{U}{L}'\-.]{{0,24}}){{0,3}}),?\s{{1,2}}[(]?(?:b\.|"
                 rf"geb\.|\*|"
                 rf"d\.?o\.?b\.?:?|born|n\u00e9e?)\s{{0,2}}(?=\d)", 0),
    rule("name", rf"\b(?:dtr|dau|granddtr|gdtr|hubby|gf|bf|sis|bro|HHA|CNA|PCA|Aide|aide|Frau|Hr\.|Herrn?|Fam\.|"
                 rf"Familie|OA|"
                 rf"O\u00c4|Ehemann|Ehefrau|Tochter|Sohn|Schwester|Pfleger|Kollege[n]?|Kollegin|Mme|Mlle|Don|"
                 rf"Do\u00f1a|Sra?\.|"
                 rf"Mevr\.?|Dhr\.?|Monsieur|Se\u00f1ora?|Sig\.ra|Sig\.)\s{{1,2}}"
                 rf"(?P<x>[{U}][{U}{L}'\-]{{2,24}}(?:[ ][{U}][{U}{L}'\-]{{2,24}})?)", 0),
)  # fmt: skip
_LONE: Final = re.compile(r"(?<![\w.,/#+@-])\d{5,6}(?![\w@/-]|[.,]\d|\.\w|\s?[%\u00b0])")
COUNTED: Final = re.compile(
    r"(?<![^\W\d_])(?:wbc|rbc|platelets?|plt|counts?|leu[kc]ocytes?|bnp|ferritin|titers?|titres?|load|copies|units?|dose|heparin|"
    r"cells?|"
    r"n\s?=|ck|cpk|hcg|score|about|approximately|of|over|than|nearly|almost|was|were|to|ntprobnp|nt-probnp|"
    r"[<>=~\u2264\u2265])"
    r"\s{0,3}$",
    re.IGNORECASE,
)
MEASURED: Final = re.compile(
    r"\s?(?:/|x\s|\u00d7|mg|mcg|ml|units?|iu|u\b|cells?|copies|cfu|patients|subjects|people|persons|women|men|steps|"
    r"years|"
    r"cases|individuals|participants|times|g\b|kg|mm|cm|km|feet|ft|hz|da\b|bp\b|reads|genes|rpm|\u03bc|\u00b5|per\b|"
    r"births|"
    r"dollars|platelets|leu[kc]ocytes|to\b|-)(?<![^\W\d_](?=[^\W\d_]))",
    re.IGNORECASE,
)
_OWNER: Final = re.compile(rf"(?<![\w.'-])(?P<x>[{U}][{L}]{{2,20}}(?:-[{U}][{L}]{{2,20}})?)'s\s(?=[a-z])")


_WARD: Final = re.compile(
    rf"(?<![\w.'-])(?P<x>[{U}][{L}]{{2,20}}(?:-[{U}][{L}]{{2,20}})?)\s(?:Ward|Wing|Pavilion|Unit|Suite|Lodge|House|Court|Tower|"
    rf"Hall|Annex|Centre|Center|Station|Stadium|Mill|Farm|Bridge|Building)\b"
)
_BY: Final = re.compile(
    r"(?:\b(?:by|per|initials?|tech|RN)[\s:]{1,2}(?P<x>[A-Z]{2,3})(?=[.,;)/]|\s{0,3}(?:\n|$)))|"
    r"(?:\b(?:[Ss]igned|[Rr]eviewed|[Ee]ntered|[Vv]erified|[Rr]ead|[Tt]yped|"
    r"[Ff]iled)\b[^\n]{0,30}[(/]\s?(?P<y>[A-Z]{2,3})\)?"
    r"\s{0,3}(?=\n|$))"
)


def find_forms(text: str) -> list[Span]:
    """Find identifiers by their form, and names that own something though no list of plain words holds them."""
    found = [(start, start + len(text[start:end].rstrip(" .,-/(")), kind) for start, end, kind in apply(_WIDE, text)]
    found = [span for span in found if span[2] != "vehicle" or _is_plate(text[span[0] : span[1]])]
    for match in _LONE.finditer(text):
        if not MEASURED.match(text, match.end()) and not COUNTED.search(
            text, max(0, match.start() - 16), match.start()
        ):
            found.append((*match.span(), "other"))
    for match in _OWNER.finditer(text):
        if not set(known(match["x"].lower())) & set("wtehascm"):
            found.append((*match.span("x"), "name"))
    for match in _WARD.finditer(text):
        if not set(known(match["x"].lower())) & set("wteha"):
            found.append((*match.span(), "place"))
    for match in _BY.finditer(text):
        group = "x" if match["x"] else "y"
        if known(match[group].lower()) in ("o", "g", "f"):
            found.append((*match.span(group), "name"))
    return found


def _is_plate(value: str) -> bool:
    """Tell a plate from a count, a year, a road or a dose: letters and figures, four or more in all."""
    letters, digits = sum(c.isalpha() for c in value), sum(c.isdigit() for c in value)
    if value.isdigit() or letters + digits < 4 or letters + digits > 17 or not letters or not digits:
        return False
    if any(len(word) > 2 and set(known(word.lower())) & set("wta") for word in re.findall(r"[^\W\d_]+", value)):
        return False
    return not re.fullmatch(r"(?:[A-Z]{0,2}\d{1,2}|\d+(?:mg|ml|mm|cm|kg|am|pm|th|st|nd|rd|mph|km|hrs?|x))", value, re.I)
