"""A synthetic corpus of clinical notes with planted identifiers, whose places are known: for measuring what is missed.

Rules were developed on `develop`; `test`, `fresh`, the nine `voices`, and the banks of authors who had not read the
rules (`blind`, `author_a` and those after it) were each met once, then used for mending and for training the tagger;
`AUTHORS` says which banks are by one hand. Nobody in it exists, and it is easier and tidier than real notes: a recall
measured on it is an upper bound for a hospital's own. Its notes repeat some hundred sentences a bank, so the interval
of a recall speaks of names and formats; what unseen ways to introduce an identifier cost, the authors left out in turn
show (see `docs/explanation/deidentified-text.md`).
"""

import datetime as dt
import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, Literal

import numpy as np

Half = Literal["develop", "test", "fresh", "blind", "voices", "author_a", "author_b", "author_c", "blind2"]
HALVES: Final = ("develop", "test", "fresh", "blind", "voices", "author_a", "author_b", "author_c", "blind2")
VOICES: Final = (
    "voice_dictated", "voice_forms", "voice_german", "voice_legal", "voice_letter_uk",
    "voice_nursing", "voice_phone", "voice_surgeon", "voice_triage",
)  # fmt: skip
"""Banks written as ten authors might, for training and leaving out in turn."""
DEVELOP: Final = ("develop1", "develop2", "develop3", "develop4")
AUTHORS: Final = {
    "first": (*DEVELOP, "test", "fresh"), "voices": VOICES, "blind": ("blind",), "author_a": ("author_a",),
    "author_b": ("author_b",), "author_c": ("author_c",),
}  # fmt: skip
"""Banks by whose hand they are: what one author writes alike is left out together."""
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIELD: Final = re.compile(r"\{([a-z_]+)(?:\.([a-z_]+))?\}")


@dataclass(frozen=True, slots=True)
class SyntheticNote:
    """One invented note.

    Attributes:
        id: Part and number.
        genre: `discharge`, `radiology`, `nursing`, `letter` or another heading of its bank.
        text: The note.
        spans: `(start, end, kind)` of every planted identifier, in order.
    """

    id: str
    genre: str
    text: str
    spans: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Bank:
    """What notes are written with.

    Attributes:
        given: Given names.
        family: Family names.
        cities: Towns.
        streets: Street names with their type.
        places: Hospitals, schools and employers.
        headers: By genre, first lines; `{patient.rev}` and the like are fields.
        sentences: By kind, sentences that hold an identifier of it.
        fillers: Clinical sentences without identifiers, full of traps.
        closings: By genre, last lines.
        forms: By kind, patterns of a value, see `write_form`.
    """

    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[str, ...]
    headers: Mapping[str, Sequence[str]]
    sentences: Mapping[str, Sequence[str]]
    fillers: tuple[str, ...]
    closings: Mapping[str, Sequence[str]]
    forms: Mapping[str, Sequence[str]]


def generate(half: Half, count: int, seed: int = 0) -> list[SyntheticNote]:
    """Write notes.

    Args:
        half: Which part: names, templates and formats.
        count: How many.
        seed: Same seed, same notes.
    """
    chosen = banks(half)
    number = HALVES.index(half)
    return [
        write_note(chosen[index % len(chosen)], f"{half}{index:04d}", np.random.default_rng([seed, number, index]))
        for index in range(count)
    ]


def write_form(pattern: str, rng: np.random.Generator, day: dt.date) -> str:
    """Fill a pattern.

    `#` any digit, `%` a digit from 2 to 9, `^` a capital letter, `~` a hexadecimal digit; of `day`: `{d}` and `{dd}`
    day, `{m}` and `{mm}` month, `{y}` and `{yy}` year, `{o}` ordinal day, `{B}` and `{b}` month in words, `{A}` and
    `{a}` week day; `{age}` an age of 90 to 107.
    """
    drawn = {"#": string.digits, "%": "23456789", "^": "ABCDEFGHJKLMNPRSTUVWXYZ", "~": "0123456789abcdef"}
    suffix = "th" if 11 <= day.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    spelled = "".join(str(rng.choice(list(drawn[mark]))) if mark in drawn else mark for mark in pattern)
    return spelled.format(
        d=day.day, dd=f"{day.day:02d}", m=day.month, mm=f"{day.month:02d}", y=day.year, yy=f"{day.year % 100:02d}",
        o=f"{day.day}{suffix}", B=_MONTHS[day.month - 1], b=_MONTHS[day.month - 1][:3], A=_DAYS[day.weekday()],
        a=_DAYS[day.weekday()][:3], age=int(rng.integers(90, 108)),
    )  # fmt: skip


def banks(half: Half) -> tuple[Bank, ...]:
    """Return what a half writes with; its notes take them in turn."""
    if half == "voices":
        return tuple(read_bank(name) for name in VOICES)
    return tuple(read_bank(name) for name in (DEVELOP if half == "develop" else (half,)))


def training_banks() -> tuple[Bank, ...]:
    """Return every bank that the tagger may learn from: each has been met before."""
    return tuple(read_bank(name) for held in AUTHORS.values() for name in held)


def read_bank(name: str) -> Bank:
    """Read one bank of this package by the name of its file."""
    return bank_of(files("salus.data.deidentify").joinpath("corpora", f"{name}.toml").read_text(encoding="utf-8"))


def bank_of(text: str) -> Bank:
    """Read a bank from the text of its TOML file, as for one that an author has just written."""
    held: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in tomllib.loads(text).items()}
    return Bank(**held)


class _Writer:
    """Holds the people of one note and turns fields into values."""

    def __init__(self, bank: Bank, rng: np.random.Generator) -> None:
        self._bank, self._rng = bank, rng
        self._people: dict[str, tuple[str, str, str]] = {}
        self._day = dt.date(2012, 1, 1) + dt.timedelta(days=int(rng.integers(0, 3650)))

    def value(self, name: str, form: str) -> tuple[str, str]:
        """Return kind and words for a field."""
        if name in ("patient", "doctor", "second", "kin", "nurse"):
            return "name", self._person(name, form)
        if name in ("city", "street", "place"):
            words = {"city": self._bank.cities, "street": self._bank.streets, "place": self._bank.places}[name]
            chosen = str(self._rng.choice(list(words)))
            return "place", f"{self._rng.integers(3, 9900)} {chosen}" if name == "street" else chosen
        choices = self._bank.forms[f"{name}_{form}" if form else name]
        day = self._day + dt.timedelta(days=int(self._rng.integers(-60, 60)))
        if form == "birth":
            day = dt.date(
                int(self._rng.integers(1925, 2004)), int(self._rng.integers(1, 13)), int(self._rng.integers(1, 28))
            )
        chosen_form = str(self._rng.choice(list(choices)))
        return "place" if name == "zip" else name, write_form(chosen_form, self._rng, day)

    def _person(self, role: str, form: str) -> str:
        if role not in self._people:
            given, family = (
                str(self._rng.choice(list(self._bank.given))),
                str(self._rng.choice(list(self._bank.family))),
            )
            self._people[role] = (given, str(self._rng.choice(list("ABCDEFGHJKLMNPRSTW"))), family)
        given, middle, family = self._people[role]
        return {
            "": f"{given} {family}", "full": f"{given} {middle}. {family}", "last": family, "first": given,
            "rev": f"{family}, {given}", "rev_middle": f"{family}, {given} {middle}",
            "caps": f"{family.upper()}, {given.upper()}",
            "caps_full": f"{given.upper()} {family.upper()}", "short": f"{given[0]}. {family}", "lower": family.lower(),
            "initials": f"{given[0]}{middle}{family[0]}", "pn": f"{family.upper()}^{given.upper()}^{middle}",
            "caps_last": family.upper(), "lower_full": f"{given} {family}".lower(), "lower_first": given.lower(),
            "init_two": f"{given[0]}.{middle}. {family}", "init_bare": f"{given[0]} {family}",
            "last_init": f"{family} {given[0]}", "two": f"{given[0]}{family[0]}", "caps_first": given.upper(),
        }[form]  # fmt: skip


def write_note(bank: Bank, name: str, rng: np.random.Generator) -> SyntheticNote:
    """Write one note with a bank."""
    genre = str(rng.choice(sorted(bank.headers)))
    writer = _Writer(bank, rng)
    kinds = list(bank.sentences)
    picked = [
        bank.sentences[kind][int(rng.integers(len(bank.sentences[kind])))] for kind in kinds if rng.random() < 0.7
    ]
    picked += [
        str(sentence) for sentence in rng.choice(list(bank.fillers), size=min(8, len(bank.fillers)), replace=False)
    ]
    rng.shuffle(picked)
    cut = int(rng.integers(3, 6))
    body = "\n".join(" ".join(picked[at : at + cut]) for at in range(0, len(picked), cut))
    header = str(rng.choice(list(bank.headers[genre])))
    closing = str(rng.choice(list(bank.closings[genre])))
    text, spans = _filled(f"{header}\n\n{body}\n\n{closing}\n", writer)
    return SyntheticNote(name, genre, text, spans)


def _filled(template: str, writer: _Writer) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    pieces: list[str] = []
    spans: list[tuple[int, int, str]] = []
    length = end = 0
    for match in _FIELD.finditer(template):
        before = template[end : match.start()]
        kind, value = writer.value(match[1], match[2] or "")
        pieces += [before, value]
        spans.append((length + len(before), length + len(before) + len(value), kind))
        length += len(before) + len(value)
        end = match.end()
    return "".join([*pieces, template[end:]]), tuple(spans)
