"""Units in the case-sensitive grammar of UCUM: check them, compare them, convert values between them.

A unit is a product of powers of units with prefixes, `10*3/uL`, `mm[Hg]`, `ug/kg/min`; words in braces are annotations
and count as one, `{beats}/min`. Degrees Celsius and Fahrenheit stand alone. Arbitrary units (`[IU]`, `[GPL'U]`, `[pH]`)
convert to nothing but themselves.

Source:
    Schadow G, McDonald CJ. The Unified Code for Units of Measure, version 2.2. Regenstrief Institute, 2024.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from salus.data.records import ucum_units as table
from salus.schema.errors import UnitError

MAX_LETTERS = 128
MAX_POWER = 30
_ATOM = re.compile(r"(.*[^0-9+\-])([+-]?[0-9]{1,3})?", re.ASCII)
_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit reduced to base units.

    Attributes:
        factor: How many of the product of base units it is.
        powers: From base unit to power; powers of zero are left out.
        offset: Kelvin at zero degrees, for temperatures; 0 else.
    """

    factor: float = 1.0
    powers: Mapping[str, int] = field(default_factory=lambda: _NONE)
    offset: float = 0.0

    def times(self, other: "Unit", sign: int = 1) -> "Unit":
        """Return the product with `other ** sign`."""
        powers = dict(self.powers)
        for name, power in other.powers.items():
            powers[name] = powers.get(name, 0) + sign * power
        factor = self.factor * other.factor if sign > 0 else self.factor / other.factor
        return Unit(factor=factor, powers={name: power for name, power in powers.items() if power})

    def to(self, power: int) -> "Unit":
        """Return the unit to a power."""
        powers = {name: own * power for name, own in self.powers.items()} if power else {}
        return Unit(factor=self.factor**power, powers=powers)


@lru_cache(maxsize=4096)
def parse_unit(code: str) -> Unit:
    """Read a UCUM unit.

    Args:
        code: Case-sensitive; empty and `1` are the unit one.

    Raises:
        UnitError: Not UCUM: an unknown unit, a forgotten bracket, a temperature inside a product, too long.

    >>> unit = parse_unit("10*3/uL")
    >>> round(unit.factor), dict(unit.powers)
    (1000000000000, {'m': -3})
    """
    if len(code) > MAX_LETTERS or not code.isascii() or " " in code:
        raise UnitError(f"unit {code[:40]!r} is not UCUM: at most {MAX_LETTERS} ASCII letters without blanks")
    if code in table.TEMPERATURES:
        factor, offset = table.TEMPERATURES[code]
        return Unit(factor=factor, powers={"K": 1}, offset=offset)
    try:
        return _term(code) if code else Unit()
    except (OverflowError, ZeroDivisionError) as error:
        raise UnitError(f"unit {code[:40]!r}: a power beyond all numbers; correct it") from error
    except UnitError as error:
        raise UnitError(f"unit {code[:40]!r} is not UCUM: {error}") from error


def is_unit(code: str) -> bool:
    """Tell whether a text is a UCUM unit."""
    try:
        parse_unit(code)
    except UnitError:
        return False
    return True


def conversion(
    source: str, target: str, molar_mass: float | None = None, valence: int | None = None
) -> tuple[float, float]:
    """Return factor and offset that bring a value from one unit to another: `value * factor + offset`.

    Args:
        source: UCUM.
        target: UCUM.
        molar_mass: Grams per mole of the substance: allows mass to amount of substance and back.
        valence: Charges per particle: allows equivalents to moles and back.

    Raises:
        UnitError: Not UCUM, or of different kinds and no molar mass or valence that bridges them.

    >>> factor, _ = conversion("mg/dL", "mmol/L", molar_mass=180.156)  # glucose
    >>> round(90 * factor, 2)
    5.0
    """
    for name, number in (("molar mass", molar_mass), ("valence", valence)):
        if number is not None and not 0 < number < 1e9:
            raise UnitError(f"{name} {number}: it must be above 0")
    one, other = parse_unit(source), parse_unit(target)
    factor = one.factor / other.factor
    gap = one.times(other, -1).powers
    if gap and molar_mass is not None and gap.get("g", 0) == -gap.get("mol", 0):
        factor *= molar_mass ** -gap.get("g", 0)
        gap = {name: power for name, power in gap.items() if name not in ("g", "mol")}
    if gap and valence is not None and gap.get("eq", 0) == -gap.get("mol", 0):
        factor *= float(valence) ** -gap.get("eq", 0)
        gap = {name: power for name, power in gap.items() if name not in ("eq", "mol")}
    if gap:
        needs = " (give the molar mass)" if set(gap) == {"g", "mol"} else ""
        needs = needs or (" (give the valence)" if set(gap) == {"eq", "mol"} else "")
        raise UnitError(f"{source!r} cannot become {target!r}: they measure different things{needs}")
    return factor, (one.offset - other.offset) / other.factor


def convert(value: Any, source: str, target: str, molar_mass: float | None = None, valence: int | None = None) -> Any:
    """Return a value, or an array of values, in another unit; see `conversion`.

    >>> round(convert(98.6, "[degF]", "Cel"), 6)
    37.0
    """
    factor, offset = conversion(source, target, molar_mass, valence)
    return value * factor + offset


def _term(text: str) -> Unit:
    """Read components joined by `.` and `/`, from left to right; each part of a bracket is read by its own call."""
    place, sign, found = 0, 1, Unit()
    if text.startswith("/"):
        place, sign = 1, -1
    while True:
        piece, end = _component(text, place)
        found = found.times(piece, sign)
        if end == len(text):
            return found
        if text[end] not in "./":
            raise UnitError(f"{text[end:]!r} follows without a point or slash")
        sign, place = (1 if text[end] == "." else -1), end + 1


def _component(text: str, place: int) -> tuple[Unit, int]:
    if place >= len(text):
        raise UnitError("it ends with an operator")
    if text[place] == "(":
        close = _closing(text, place)
        return _term(text[place + 1 : close]), close + 1
    end = place
    while end < len(text) and text[end] not in "./()":
        if text[end] in "[{":
            close = text.find("]" if text[end] == "[" else "}", end)
            if close < 0:
                raise UnitError(f"no end of {text[end:]!r}")
            end = close
        end += 1
    word = text[place:end]
    bare, brace, _ = word.partition("{")
    if brace and not word.endswith("}"):
        raise UnitError(f"{word!r}: an annotation ends a unit")
    if not bare and not brace:
        raise UnitError("an operator without a unit")
    return (_atom(bare) if bare else Unit()), end


def _closing(text: str, place: int) -> int:
    depth = 0
    for i in range(place, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return i
        if depth > 8:
            raise UnitError("more than eight brackets inside each other")
    raise UnitError("a bracket that is not closed")


def _atom(word: str) -> Unit:
    if word.isdigit():
        return Unit(factor=float(word))
    ten = word[:3] in ("10*", "10^")
    found = _ATOM.fullmatch(word) if not ten else re.fullmatch(r"(10[*^])([+-]?[0-9]{1,3})?", word, re.ASCII)
    if found is None:
        raise UnitError(f"{word!r} is no unit")
    power = int(found[2] or 1)
    if abs(power) > MAX_POWER:
        raise UnitError(f"power {power} in {word!r}")
    return _simple(found[1]).to(power)


@lru_cache(maxsize=4096)
def _simple(name: str) -> Unit:
    whole = _known(name)
    if whole is not None:
        return whole[0]
    for letters in (2, 1):
        prefix, rest = name[:letters], name[letters:]
        inner = _known(rest) if prefix in table.PREFIXES and rest else None
        if inner is not None and inner[1]:
            return Unit(factor=table.PREFIXES[prefix]).times(inner[0])
    if name in table.TEMPERATURES or name[1:] in table.TEMPERATURES:
        raise UnitError(f"{name!r} stands alone; in products write K")
    raise UnitError(f"{name!r} is no unit that Salus knows")


def _known(name: str) -> tuple[Unit, bool] | None:
    """Return a unit without prefix, and whether it takes one."""
    if name in table.BASE:
        return Unit(powers={name: 1}), True
    if name in table.OWN:
        return Unit(powers={name: 1}), name in table.OWN_METRIC
    for key, metric in ((name, False), (f"{name}!", True)):
        if key in table.DEFINED and not name.endswith("!"):
            factor, of = table.DEFINED[key]
            return Unit(factor=factor).times(_term(of)), metric
    return None
