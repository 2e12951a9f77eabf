"""The standard's table of attributes: which action each one gets under a plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

TABLE = "ps3_15_2025a.tsv"
_REPEATING = {0x50: "CurveData", 0x60: "Overlay"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of Table E.1-1.

    Attributes:
        tag: `ggggeeee` in hexadecimal; `x` stands for any digit.
        keyword: As in PS3.6, or `-` where this installation's dictionary has none.
        basic: Action under the basic profile: `X`, `Z`, `D`, `U` or a choice such as `X/Z/D`.
        options: Action by option letter.
        added: Edition that added the row, empty for the named one.
    """

    tag: str
    keyword: str
    basic: str
    options: Mapping[str, str]
    added: str = ""

    def action(self, letters: str) -> tuple[str, str]:
        """Return the action and the letter of the option that asked for it (empty: the basic profile).

        Where two chosen options differ, cleaning wins over keeping: it reveals less.
        """
        chosen = [(self.options[letter], letter) for letter in letters if letter in self.options]
        return min(chosen) if chosen else (self.basic, "")


@cache
def rules() -> Mapping[int, Rule]:
    """Return the rules of single attributes, by tag.

    Source:
        DICOM PS3.15 2025a, Table E.1-1, with the rows that 2026c added.
    """
    return {int(rule.tag, 16): rule for rule in _rows() if "x" not in rule.tag}


def rule_of(tag: int) -> Rule | None:
    """Return the rule of an attribute of an even group, curves (50xx) and overlays (60xx) included."""
    found = rules().get(tag)
    if found is None and (tag >> 24) in _REPEATING and not (tag >> 16) & 1:
        return _repeating().get(f"{tag >> 24:02x}xx{tag & 0xFFFF:04x}" if tag >> 24 == 0x60 else "50xxxxxx")
    return found


@cache
def _repeating() -> Mapping[str, Rule]:
    return {rule.tag: rule for rule in _rows() if "x" in rule.tag}


@cache
def _rows() -> tuple[Rule, ...]:
    found = []
    for line in files(__package__).joinpath(TABLE).read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        tag, keyword, basic, *rest = line.split("\t")
        pairs = dict(pair.split("=") for pair in rest[0].split()) if rest else {}
        found.append(Rule(tag, keyword, basic, pairs, rest[1] if len(rest) > 1 else ""))
    return tuple(found)
