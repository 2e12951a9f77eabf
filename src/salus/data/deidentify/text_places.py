"""Places smaller than a state: street, city, county, ZIP code, and the names of hospitals, schools and employers."""

import re
from typing import Final

from salus.data.deidentify.names_lists import lines, words
from salus.data.deidentify.text_rules import Rule, Span, apply, rule

RESTRICTED_ZIP: Final = words("restricted_zip")
"""Three-digit areas with 20,000 people or fewer in the census of 2000, to be written 000.

Source:
    Guidance of the US Department of Health and Human Services of 26 November 2012, answer on ZIP codes.
"""

_STATES: Final = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|"
    "Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|"
    "Montana|"
    "Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|"
    "Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|"
    "West Virginia|"
    "Wisconsin|Wyoming|Puerto Rico|Ontario|Quebec|British Columbia|Alberta|Manitoba|Saskatchewan|Nova Scotia"
)
_CODES: Final = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|"
    "PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY"
)
_LARGE: Final = (
    words("large_places")
    | {name.lower().replace(" ", "_") for name in _STATES.split("|")}
    | {name.lower() for name in _STATES.split("|")}
)
_CITIES: Final = "|".join(re.escape(city) for city in lines("cities"))
_STREET: Final = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Drive|Dr|Lane|Ln|Boulevard|Blvd|Court|Ct|Circle|Cir|Place|Pl|Terrace|Ter|Terr|"
    r"Way|Parkway|Pkwy|Highway|Hwy|Square|Sq|Trail|Trl|Turnpike|Tpke|Alley|Aly|Loop|Crescent|Cres|Close|Row|Path|"
    r"Pike|Plaza|"
    r"Run|Ridge|Crossing|Xing|Point|Pt|Landing|Walk|Expressway|Expy|Route|Rte|Commons|Mews|Gardens|Grove|Hollow|Bend|"
    r"Cove|"
    r"STREET|ST|AVENUE|AVE|ROAD|RD|DRIVE|DR|LANE|LN|BOULEVARD|BLVD|COURT|CT|PLACE|PL|TERRACE|WAY|PARKWAY|HIGHWAY|HWY|"
    r"TRAIL|"
    r"street|avenue|road|drive|lane|boulevard|blvd|terrace|parkway)"
)
_W: Final = r"(?:[A-ZÀ-ÖØ-Þ][\w'&\-]{1,24}|(?:St|Mt|Ste|Ft|Dr|Ave|Inc|Co|[A-Z])\.(?=[ ,]))"
_UNIT: Final = (
    r"(?:[,.]?\s{1,2}(?:Apartment|Apt|Unit|Suite|Ste|Room|Rm|Floor|Fl|Lot|Bldg|Building|PO Box|#|APT|UNIT|SUITE|"
    r"STE)\.?\s?#?\s?"
    r"[\w-]{1,8})?"
)
_ZIP: Final = r"\d{5}(?:-\d{4})?"
_CITY: Final = rf"(?:{_W}(?:[ ]{_W}){{0,3}})"
_SURE_CODES: Final = "|".join(
    code for code in _CODES.split("|") if code not in ("MD", "PA", "DO", "OR", "IN", "ME", "MS", "MA")
)
_TAIL: Final = (
    rf"(?:(?:[,.]?\s{{1,3}}|\sin\s(?:the\s)?){_CITY})?(?:,?\s{{1,3}}(?:{_CODES}|{_STATES})\.?)?(?:,?\s{{1,3}}{_ZIP})?"
)
_ORG: Final = (
    r"(?:(?:Memorial|Regional|Community|General|County|Children's|Veterans(?:'|[ ]Affairs)?|VA|University|City|"
    r"District|"
    r"Teaching|Psychiatric|Rehabilitation|Women's|Cancer|Heart|Medical|Surgical|Methodist|Baptist|Presbyterian|Health|"
    r"Nursing|Skilled|Family|Urgent|Care|Surgery|Dialysis|Imaging|Behavioral|Mental|Senior|Assisted|Living|Retirement|"
    r"Eye|Pain|Dental|Orthopa?edics?|Sleep|Wellness|Primary|Home|Internal|Medicine|Radiology|Diagnostic)[ ]){0,4}"
    r"(?:Hospitals?|Medical Cent(?:er|re)|Clinics?|Infirmary|Hospice|Health ?care|Health (?:System|Center|Centre|"
    r"Services|Network|"
    r"Partners)|Nursing (?:Home|Facility|Center)|Sanatorium|Care (?:Center|Centre|Home|Facility)|Cancer Center|"
    r"Cancer Institute|"
    r"Medical (?:Group|Associates|Plaza|Clinic|Arts|Practice)|Rehab(?:ilitation)?(?: Center| Hospital| Institute)?|"
    r"Surgery Center|"
    r"Dialysis(?: Center)?|Manor|Assisted Living|Retirement (?:Home|Community|Village)|Senior Living|Pharmacy|"
    r"Laborator(?:y|ies)|"
    r"Imaging Center|Radiology Associates|Family Practice|Family Medicine|Pediatrics|Physicians|Surgery Associates|"
    r"Urgent Care|Treatment Center|Birth Center|Shelter|Correctional Facility|State Prison|Detention Center|"
    r"Eye Institute|Center|Centre|Institute|Facility)"
)
_SCHOOL: Final = (
    r"(?:(?:Elementary|Middle|High|Primary|Secondary|Preparatory|Nursery|Charter|Junior High|Grammar|Community|State|"
    r"Technical)[ ]){1,2}"
    r"(?:School|College|University)|University|College|Academy|Kindergarten|(?:Baptist|Methodist|Lutheran|Catholic|"
    r"Presbyterian|"
    r"Episcopal|Pentecostal)[ ](?:Church|Parish)|Church|Synagogue|Mosque|Temple|Library|Mall|Airport|Fire Department|"
    r"Police Department|"
    r"Base|Camp|Barracks|School District"
)
_FIRM: Final = (
    r"(?:Incorporated|Inc|LLC|L\.L\.C|Ltd|Limited|Corp|Corporation|Company|Co|GmbH|PLC|LLP|Industries|Logistics|Foods|"
    r"Manufacturing|Construction|Enterprises|Trucking|Motors|Bank|Insurance|Consulting|Holdings|Partners|Associates|"
    r"Plumbing|"
    r"Electric|Roofing|Landscaping|Bakery|Restaurant|Diner|Hotel|Airlines|Steel|Farms?|"
    r"Stores?|Market|Supermarket|Warehouse|Mills?|Works|Shipyard|Dairy|Brewery|Transit|Freight)"
)

_PLACES: Final[tuple[Rule, ...]] = (
    rule("place", rf"(?<![\w./-])\d{{1,6}}(?:-?[A-Za-z])?(?:[ ]?[-/][ ]?\d{{1,4}})?[ ]{{1,2}}(?:[NSEW]\.?[EW]?\.?[ ]|"
                  rf"North[ ]|South[ ]|East[ ]|West[ ])?"
                  rf"(?:(?:\d{{1,3}}(?:st|nd|rd|th|ST|ND|RD|TH))|{_W}(?:[ ]{_W}){{0,3}})"
                  rf"[ ]{_STREET}\b\.?(?:[ ](?:[NSEW]{{1,2}}|North|South|East|West)\b)?{_UNIT}{_TAIL}", 0),
    rule("place", rf"(?<![\w./-])\d{{1,6}}[ ](?:Avenue|Ave|Rue|Via|Calle|Camino|Avenida|Rua|Broadway)\.?[ ]?(?:(?:de|"
                  rf"la|del|des|of|the)[ ]){{0,2}}(?:{_W})?(?:[ ]{_W})?{_UNIT}{_TAIL}", 0),
    rule("place", rf"\b(?:P\.?[ ]?O\.?[ ]?Box|Post Office Box|PO BOX|Box|RR[ ]?#|Rural Route|"
                  rf"R\.R\.)[ ]?#?[ ]?\d{{1,6}}(?:,?[ ]?Box[ ]\d{{1,5}})?{_TAIL}", 0),
    rule("place", r"\b(?:corner of|intersection of|lives on|lives at|resides (?:at|on)|living on|house on|home on|"
                  r"found (?:down )?on|fell on|collision on|accident on)"
                  rf"[ ](?P<x>(?:\d{{1,6}}[ ])?{_W}(?:[ ]{_W}){{0,3}}"
                  rf"(?:[ ](?:and|at|&)[ ]{_W}(?:[ ]{_W}){{0,2}})?)", 0),
    rule("place", rf"\b(?P<x>{_W}(?:[ ]{_W}){{0,2}}[ ](?:Street|Avenue|Boulevard|Blvd|Lane|Road|Drive|Parkway|"
                  rf"Highway|Turnpike|Terrace|Crescent))\b(?![ ](?:Test|Score|drugs?))", 0),
    rule("place", rf"\b(?:I|US|Interstate|Route|Rte|Highway|Hwy)[- ]\d{{1,3}}(?:[ ](?:near|at|"
                  rf"and)[ ]{_W}(?:[ ]{_W})?)?\b", 0),
    rule("place", rf"(?<![\w'])(?P<x>{_W}(?:[ ]{_W}){{0,3}})"
                  rf",[ ]{{1,2}}(?:(?:{_SURE_CODES})\b|(?:{_STATES})\b|(?:{_CODES})(?=,?[ ]{{1,3}}{_ZIP}))", 0),
    rule("place", rf"\b(?:{_CODES}|{_STATES}),?[ ]{{1,3}}(?P<x>{_ZIP})\b", 0),
    rule("place", rf"\b(?:zip(?:[ ]?code)?|postal[ ]?code|postcode)(?:[ ](?:is|"
                  rf"of))?[ ]{{0,2}}[:#]?[ ]{{0,2}}(?P<x>{_ZIP}|[A-Z]{{1,2}}\d[A-Z\d]?[ ]?\d[A-Z]{{2}}|"
                  rf"[A-Z]\d[A-Z][ ]?\d[A-Z]\d)\b"),
    rule("place", r"\b(?P<x>[A-Z]{1,2}\d{1,2}[A-Z]?[ ]\d[ABD-HJLNP-UW-Z]{2})\b", 0),
    rule("place", rf"(?<![\w'-])(?P<x>(?:St\.?|Saint|Mt\.?|Mount|Our Lady(?:[ ]of(?:[ ]the)?)?|Sacred|Holy|"
                  rf"Good)[ ]{_W}(?:[ ]{_W}){{0,2}}(?:'s)?)(?=[ ](?:Hospital|Medical|Clinic|Health|Infirmary|Home|"
                  rf"Church|School|Parish|Hospice|ED|ER|Emergency))", 0),
    rule("place", rf"(?<![\w'-])(?P<x>{_W}(?:[ ](?:(?:of|the|for|and|&|de|"
                  rf"del)[ ]){{0,2}}{_W}){{0,4}}?[ ]{_ORG})\b", 0),
    rule("place", rf"(?<![\w'-])(?P<x>{_W}(?:[ ](?:(?:of|the|for|and|"
                  rf"&)[ ]){{0,2}}{_W}){{0,3}}?[ ](?:{_SCHOOL}))\b", 0),
    rule("place", rf"\b(?P<x>(?:Hospital|University|College|Church|Clinic|Academy|School|Institute|Abbey|Town|City|"
                  rf"County|Village|Borough|Township)[ ](?:of|for)[ ](?:the[ ])?{_W}(?:[ ]{_W}){{0,2}})\b", 0),
    rule("place", rf"(?<![\w'-])(?P<x>{_W}(?:[ ]{_W}){{0,2}}[ ](?:County|Parish|"
                  rf"Township|Borough|Twp|Heights|Village|Reservation|Precinct|Neighborhood|Apartments|Estates|"
                  rf"Trailer Park|Towers))\b", 0),
    rule("place", rf"(?<![\w'-])(?P<x>{_W}(?:[ ](?:(?:and|&|"
                  rf"of)[ ])?{_W}){{0,3}}?(?:,?[ ]{_FIRM}){{1,3}})\b\.?", 0),
    rule("place", rf"(?i:\b(?:works?|worked|working|employed|employment|job|employee)[ ](?:at|for|by|with|"
                  rf"of)(?:[ ](?:the|a))?)[ ](?![A-Z]{{2,4}}\b)(?P<x>{_W}(?:[ ](?:(?:and|&|"
                  rf"of)[ ])?{_W}){{0,3}})", 0),
    rule("place", rf"(?i:\b(?:employer|school|workplace|company|employer[ ]+name|place[ ]+of[ ]+(?:work|"
                  rf"employment))[ ]?:[ ]{{0,3}})(?P<x>{_W}(?:[ ](?:(?:and|&|of)[ ])?{_W}){{0,4}})", 0),
    rule("place", rf"(?i:\b(?:lives?|lived|living|resid(?:es?|ed|ing)|resident|native|born|raised|grew[ ]+up|moved|"
                  rf"relocated|retired|went|fled|deported|travel(?:l?ed|l?ing|s)?|trip|visited|visiting|returned|"
                  rf"flew|vacation(?:ed|ing)?|"
                  rf"immigrated|emigrated|originally|hometown|(?:he|she|they|patient|who|family|i)(?:[ ](?:is|was|"
                  rf"are|comes?|came|hails)|'s)(?=[ ]from)|here|(?:teacher|engineer|farmer|worker|veteran|man|woman|"
                  rf"male|female|student|driver|lady|gentleman|visitor|tourist|family|boy|girl|immigrant|refugee|"
                  rf"patient|nurse|carpenter|miner|clerk)s?(?=[ ]from)|transferred|airlifted|drove|commutes|house|"
                  rf"home)(?:[ ](?:here|recently|back|there|alone|home))?[ ](?:in|from|to|of|at|near|outside|around|"
                  rf"is)(?:[ ](?:the|downtown|rural|nearby|suburban|town[ ]of|city[ ]of|village[ ]of|"
                  rf"outside))?)[ ](?P<x>{_W}(?:[ ]{_W}){{0,2}})", 0),
    rule("place", rf"(?i:\b(?:city|town|birthplace|place[ ]+of[ ]+birth|county|residence|hometown|municipality|"
                  rf"village|facility|hospital|clinic|location|site|institution|organi[sz]ation|sending[ ]+facility|"
                  rf"referring[ ]+facility|pharmacy|preferred[ ]+pharmacy|department[ ]+of)"
                  rf"[ ]?:[ ]{{0,3}})(?P<x>{_W}(?:[ ]{_W}){{0,3}})", 0),
    rule("place", r"(?i:\b(?:(?:home|mailing|street|current|permanent)[ ])?address(?:es)?[ ]?(?:is|"
                  r"[:=])[ ]{0,3})(?P<x>[^\n;]{4,90}?)(?=[ ]{2,}|[\n;]|$|\.[ ]|,?[ ](?i:phone|tel|cell|fax|email|"
                  r"mobile|dob|mrn)\b)", 0),
    rule("place", rf"(?<![\w'-])(?P<x>(?!(?:Discharged?|Return|Sent|Going|Go|At|In|To|From|The|Patient|Current|Prior)"
                  rf"[ ]){_W}(?:[ ](?:(?:and|of|the|&)[ ]){{0,2}}{_W}){{0,3}}[ ](?:Homes?|House|Lodge|Hall|Villas?|"
                  rf"Residence|Hostel|Haven|Convent|Monastery|Priory|Prison|Jail|Penitentiary|Polyclinic|Surgery|"
                  rf"Ranch|Vineyards?|Marina|Stadium|Arena|Museum|Zoo|Inn|Motel|Resort|Foundry|Quarry|Factory|Cannery|"
                  rf"Refinery|Daycare|Preschool|Montessori|Seminary|Almshouse|Day Nursery|Sheltered Housing))\b", 0),
    rule("place", rf"(?i:\b(?:(?:sent|came|arrived|hails|flown|driven|brought(?:[ ]in)?|commut(?:es|ing)|graduated|"
                  rf"evacuated)[ ]from|(?:stationed|enrolled|educated|teaches|taught|studies|studied|stay(?:s|ed|ing)|"
                  rf"incarcerated|imprisoned|buried|headquartered|apprenticed|volunteers)[ ](?:at|in|near|with)|"
                  rf"attend(?:s|ed)|"
                  rf"(?:village|town|hamlet|suburb|outskirts|municipality|commune|port|island)s?[ ]of|"
                  rf"(?:miles?|km|kilomet(?:er|re)s|hours?|blocks|north|south|east|west)[ ](?:from|of|outside))"
                  rf"(?:[ ](?:the|rural|nearby))?)[ ](?![A-Z]{{2,5}}\b|Dr\b|Mrs?\b)(?P<x>{_W}(?:[ ]{_W}){{0,3}})", 0),
    rule("place", rf"\b(?P<x>(?:{_CITIES}))\b(?![ -](?:Coma|coma|Outcome|Heart|[Bb]owel|stool|encephalitis|Blue|B\b|"
                  rf"[Vv]irus|[Ss]cale|[Ss]core|[Cc]riteria|[Cc]lassification|[Ss]tag(?:e|ing)|[Gg]rade|[Cc]ollar|"
                  rf"[Cc]ognitive|[Pp]rognostic|[Pp]rotocol|[Rr]ules?|[Ii]mrie|[Bb]latchford|[Ii]ndex|[Cc]onsensus|"
                  rf"[Cc]hromosome|[Dd]isease|[Ff]ever|[Mm]arrow|[Ss]yndrome|[Mm]odel|[Pp]neumonia|[IVX]{{1,4}}[AB]?\b|"
                  rf"[A-Z]\d))", 0),
)  # fmt: skip
_NOT_A_PLACE: Final = words("no_places")
_GENERIC: Final = re.compile(
    rf"(?:hospitals?|clinics?|pharmacy|infirmary|hospice|{_SCHOOL}|{_FIRM}|{_STREET}|healthcare|health|shelter|manor|"
    rf"rehab)",
    re.IGNORECASE,
)


def find_places(text: str) -> list[Span]:
    """Find addresses, places below a state and the organisations that place a person."""
    found = []
    for start, end, kind in apply(_PLACES, text):
        span = _trimmed(text, start, end)
        if span is not None:
            found.append((*span, kind))
    return found


def safe_zip(value: str) -> str:
    """Return the first three digits of the ZIP code in an address, `000` where fewer than 20,000 people share them."""
    match = re.search(r"(?<!\d)(\d{3})\d{2}(?:-\d{4})?$", value.strip())
    return "" if match is None else "000" if match[1] in RESTRICTED_ZIP else match[1]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Cut words from the front that name no place; None where nothing but a state, a country or such words is left."""
    if "\n" in text[start:end]:
        end = start + text[start:end].index("\n")
    words = [(match.start() + start, match.end() + start) for match in re.finditer(r"[^\s,]+", text[start:end])]
    while words and text[slice(*words[0])].lower().strip(".'") in _NOT_A_PLACE:
        if len(words) > 1 and text[slice(*words[1])].lower() in ("of", "lady"):
            break
        words.pop(0)
    if not words:
        return None
    left = [text[slice(*word)].lower().strip(".,'") for word in words]
    if all(word in _LARGE or word in _NOT_A_PLACE for word in left) or "_".join(left) in _LARGE:
        return None
    if len(left) == 1 and _GENERIC.fullmatch(left[0]):
        return None
    return words[0][0], start + len(text[start:end].rstrip(" ,.;"))
