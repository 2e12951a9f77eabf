"""What to do with each column of a table, from its name and from what its cells look like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from salus.data.deidentify.names_lists import FAMILY, GIVEN
from salus.data.deidentify.text import find_identifiers

ACTIONS: Final = {
    "keep": "left as it is",
    "drop": "the column is left out",
    "pseudonym:name": "each value becomes a keyed name",
    "pseudonym:mrn": "each value becomes a keyed number",
    "pseudonym:other": "each value becomes a keyed number",
    "date": "shifted by the key",
    "year": "only the year stays",
    "zip": "first three digits, 000 where few people live",
    "age": "above 89 becomes 90",
    "text": "free text, identifiers masked in it",
    "quasi": "kept and counted among what may single a person out",
    "sex": "kept and counted among what may single a person out",
}

_NAMES: Final = (
    ("pseudonym:mrn", r"(?:id|mrn|medical_?record(?:_?(?:no|num|number|id))?|patient(?:_?(?:id|no|num|number|key|"
                      r"identifier))?|subject(?:_?(?:id|no))?|person_?(?:id|source_value)|"
                      r"pat_?id|pt_?id|nhs_?(?:no|number)|hospital_?(?:no|number)|empi|chart_?(?:no|number)|"
                      r"participant(?:_?id)?|seqn|case_?(?:id|no)|member_?id)"),
    ("drop", r"(?:(?:first|last|middle|maiden|full|given|family|sur|patient|mother|father|spouse|contact|birth|legal|"
             r"preferred)_?s?_?names?|first|last|middle|maiden|given|family|names?|surname|forename|initials|prefix|"
             r"suffix|"
             r"ssn|social_?security(?:_?(?:no|number))?|drivers?(?:_?licen[cs]e)?(?:_?(?:no|number))?|"
             r"passport(?:_?(?:no|number))?|"
             r"(?:home|cell|mobile|work|contact|patient)?_?(?:tele)?phones?(?:_?(?:no|num|number|home|work|cell))?|"
             r"tel|mobile|cell|fax(?:_?(?:no|number))?|e_?mails?(?:_?address)?|"
             r"(?:street|home|mailing|postal|patient)?_?address(?:_?(?:line)?_?\d)?|addr\d?|street(?:_?\d)?|city|"
             r"town|county|birth_?place|place_?of_?birth|employer|village|suburb|district|"
             r"(?:ip|mac)(?:_?addr(?:ess)?)?|urls?|web_?sites?|home_?page|photos?|portrait|picture|fingerprint|"
             r"biometrics?|voiceprint|"
             r"licen[cs]e(?:_?(?:no|number|plate))?|plates?|vin|vehicle(?:_?(?:id|no|plate))?|npi|dea(?:_?(?:no|"
             r"number))?|lat(?:itude)?|lon(?:gitude)?|lng|geo(?:code|hash)?|fips|"
             r"next_?of_?kin|emergency_?contact|guarantor|(?:attending|referring|ordering|primary)?_?(?:physician|"
             r"doctor|provider|surgeon|radiologist|nurse)(?:_?name)?|healthcare_?coverage_?id)"),
    ("pseudonym:other", r"(?:account(?:_?(?:no|num|number|id))?|acct(?:_?(?:no|id))?|hadm_?id|stay_?id|icustay_?id|"
                        r"encounter(?:_?(?:id|no|num))?|visit(?:_?(?:id|occurrence_?id|no|num))?|accession(?:_?(?:no|"
                        r"num|number))?|"
                        r"policy(?:_?(?:no|number|id))?|insurance_?(?:no|number|id)|plan_?(?:no|number|id)|"
                        r"beneficiary(?:_?id)?|subscriber(?:_?id)?|device_?(?:id|serial(?:_?(?:no|number))?)|"
                        r"serial(?:_?(?:no|number))?|udi|"
                        r"specimen_?(?:id|no)|order_?(?:id|no)|claim_?(?:id|no)|(?:provider|caregiver|physician|"
                        r"doctor|staff|employee|user|npi)_?id|certificate(?:_?(?:no|number))?|"
                        r"study_?(?:instance_?)?(?:id|uid)|series_?(?:instance_?)?uid|sop_?instance_?uid|uuid|guid)"),
    ("zip", r"(?:zip(?:_?code)?|post(?:al)?_?code|zip_?5)"),
    ("date", r"(?:.*_)?(?:date|dob|dod|datetime|timestamp|birth_?date|death_?date|birthday|admit_?time|"
             r"disch(?:arge)?_?time|dischtime|admittime|deathtime|charttime|storetime|starttime|endtime|intime|"
             r"outtime|edregtime|edouttime|start_?date|stop_?date|date_?of_?birth)(?:_.*)?"),
    ("age", r"(?:.*_)?age(?:_?(?:years?|yrs?|at_.*))?"),
    ("sex", r"(?:sex|gender|m_?f)"),
    ("quasi", r"(?:race|ethnicity|religion|marital(?:_?status)?|language|occupation|profession|nationality|"
              r"country(?:_?of_?birth)?|state|insurance|site|hospital|institution|center|centre|education)"),
    ("text", r"(?:.*_)?(?:notes?|text|comments?|report|narrative|impression|findings?|history|remarks?|summary|"
             r"description|free_?text|message|memo|letter)"),
)  # fmt: skip
_BY_NAME: Final = tuple((action, re.compile(rf"^{pattern}$")) for action, pattern in _NAMES)
_DATE_CELL: Final = re.compile(
    r"^\s*(?:(?:18|19|20|21|22)\d{2}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|(?:19|"
    r"20)\d{2}[01]\d[0-3]\d|"
    r"\d{1,2}[- ][A-Za-z]{3,9}[- ,]{1,2}\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4})"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?\s*$"
)
_EXAMPLES: Final = 400
_DIRECT: Final = frozenset(("email", "ssn", "phone", "fax", "url", "ip", "photo", "vehicle"))


@dataclass(slots=True)
class _Seen:
    """What was seen of one column: a few hundred of its cells, spread over the file, and simple counts."""

    cells: list[str] = field(default_factory=list)
    filled: int = 0
    dates: int = 0
    longest: int = 0
    over_89: int = 0


class Profile:
    """Collects what columns look like, block by block, in bounded memory."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._seen: dict[str, _Seen] = {}

    def add(self, block: Mapping[str, list[str]]) -> None:
        """Look at a block of rows."""
        self.names = self.names or tuple(block)
        for name, cells in block.items():
            seen = self._seen.setdefault(name, _Seen())
            filled = [cell for cell in cells if cell.strip()]
            seen.filled += len(filled)
            seen.longest = max([seen.longest, *(len(cell) for cell in filled)])
            seen.dates += sum(bool(_DATE_CELL.match(cell)) for cell in filled)
            # The first cells of every block; a block is thousands of rows, so late rows are seen too.
            room = _EXAMPLES if len(seen.cells) < _EXAMPLES else 20
            if len(seen.cells) < 20 * _EXAMPLES:
                seen.cells += filled[:room]

    def plan(self, name: str) -> tuple[str, str]:
        """Return the action for a column and the reason for it."""
        plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
        plain = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
        joined = plain.replace("_", "")
        seen = self._seen[name]
        for action, pattern in _BY_NAME:
            if pattern.match(plain) or (action not in ("text", "date", "age") and pattern.match(joined)):
                return self._confirmed(action, seen)
        return self._by_content(seen)

    @staticmethod
    def _confirmed(action: str, seen: _Seen) -> tuple[str, str]:
        reason = "its name says so"
        if action == "date" and seen.filled and seen.dates < 0.5 * seen.filled:
            if all(re.fullmatch(r"\s*(?:18|19|20)\d{2}(?:\.0)?\s*", cell) for cell in seen.cells):
                return "keep", "its name says date, but it holds years alone, which may stay"
            if all(re.fullmatch(r"\s*-?\d{1,6}(?:\.\d+)?\s*", cell) for cell in seen.cells):
                return "keep", "its name says date, but it holds plain numbers; choose an action if they are dates"
            return "text", "its name says date, but its cells vary; dates in them are masked"
        if action == "drop" and seen.cells and all(re.fullmatch(r"\s*\d{1,2}\s*", cell) for cell in seen.cells):
            return "quasi", "its name says identifier, but it holds codes of one or two digits"
        if action == "age" and any(not re.fullmatch(r"[\s\d.yY+<>-]{1,12}", cell) for cell in seen.cells):
            return "text", "its name says age, but it holds words"
        return action, reason

    @staticmethod
    def _by_content(seen: _Seen) -> tuple[str, str]:
        if seen.dates >= 0.8 * max(seen.filled, 1):
            return "date", "its cells are dates"
        cells = seen.cells
        kinds: dict[str, int] = {}
        for cell in cells:
            for kind in {kind for _, _, kind in find_identifiers(cell[:2000])}:
                kinds[kind] = kinds.get(kind, 0) + 1
        direct = [kind for kind in kinds if kind in _DIRECT]
        words = sum(len(cell.split()) >= 4 for cell in cells)
        if seen.longest > 60 or words > 0.2 * max(len(cells), 1):
            return "text", "its cells are sentences"
        if any(kinds[kind] >= 0.5 * len(cells) for kind in direct):
            return "drop", f"its cells look like {direct[0]}"
        listed = sum(cell.strip().lower() in FAMILY | GIVEN for cell in cells)
        if kinds.get("name", 0) >= 0.5 * max(len(cells), 1) or (listed > 0.3 * len(cells) and len(set(cells)) > 5):
            return "drop", "its cells look like names"
        if kinds:
            return "text", f"some cells look like {sorted(kinds)[0]}"
        distinct = len(set(cells)) / max(len(cells), 1)
        if (
            distinct > 0.98
            and len(cells) > 30
            and all(re.fullmatch(r"(?=.*\d)[A-Za-z0-9-]{6,40}", cell) for cell in cells)
        ):
            return "pseudonym:other", "every row has its own number"
        return "keep", "no identifier seen"
