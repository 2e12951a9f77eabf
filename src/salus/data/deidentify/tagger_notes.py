"""Notes to train the tagger on: the banks' sentences with names and places that no list holds, and prose without any.

Names are made from the letter sequences of common ones, so that the tagger leans on surroundings and form rather than
on the few names of a bank. Some notes are written all small, all large, or badly read; every change keeps the length,
so that the places of the identifiers stay.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np

from salus.data.deidentify.corpus import Bank, SyntheticNote, write_note
from salus.data.deidentify.names_lists import FAMILY, GIVEN, lines

_HEADS: Final = (
    "Ash", "Thorn", "Mill", "River", "Oak", "Stone", "West", "East", "North", "South", "Green", "Red", "Black", "White",
    "Clear", "Fair", "Long", "High", "Low", "New", "Old", "Maple", "Cedar", "Pine", "Elm", "Birch", "Willow", "Fox",
    "Deer", "Bear", "Eagle", "Hawk", "Wolf", "King", "Queen", "Bishop", "Abbot", "Salt", "Iron", "Copper", "Silver",
    "Gold", "Sand", "Clay", "Marsh", "Lake", "Spring", "Summer", "Winter", "Sun", "Moon", "Star", "Rock", "Hart",
)  # fmt: skip
_TAILS: Final = (
    "wick", "ford", "ton", "ham", "bury", "field", "dale", "wood", "port", "mouth", "burg", "ville", "view", "brook",
    "ridge", "creek", "haven", "stead", "mere", "moor", "land", "gate", "bridge", "well", "side", "by", "thorpe",
)  # fmt: skip
_WAYS: Final = (
    "Street", "St", "St.", "Avenue", "Ave", "Ave.", "Road", "Rd", "Rd.", "Drive", "Dr", "Lane", "Ln", "Court", "Ct",
    "Boulevard", "Blvd", "Way", "Place", "Pl", "Terrace", "Circle", "Parkway", "Close", "Crescent", "Row", "Hill",
    "Square", "Trail", "Loop", "Highway", "Mews", "Gardens", "Walk", "Path", "Alley",
)  # fmt: skip
_HOUSES: Final = (
    "{c} General Hospital", "{c} Hospital", "{c} Medical Center", "{c} Clinic", "{c} Regional Hospital",
    "St. {g}'s Hospital", "St {g}'s", "Saint {g} Hospital", "{f} Memorial Hospital", "{f} Ward", "{f} Wing",
    "{f} Pavilion", "{f} Institute", "{f} & {f2} LLP", "{f} Brothers Roofing", "{c} Elementary School",
    "{c} Community College", "University of {c}", "{c} University", "{f} Foods", "{f} Trucking", "{c} Nursing Home",
    "{c} Manor", "{f} Family Practice", "{c} Health Centre", "{c} Rehab", "{c} Dialysis", "{c} Pharmacy", "{c} Surgery",
    "{c} County Jail", "{c} Fire Station", "{c} Public Library", "{f}'s Diner", "{f} Auto Parts", "{c} Steel",
    "{c} Lutheran Church", "Klinikum {c}", "Church of St. {g}", "{c} Shelter", "{f} Hall", "{c} Mall", "{c} Airport",
    "{f} Suite", "{c} VA", "{c} Hospice", "{c} Urgent Care", "{f} Orthopedics", "{c} Imaging", "{f} Logistics",
)  # fmt: skip
_JOINTS: Final = ("de ", "van ", "von ", "Mc", "Mac", "O'", "D'", "di ", "da ", "el-", "Al-", "bin ", "St. ", "Le")
_MISREAD: Final = {"l": "1", "O": "0", "o": "0", "I": "l", "S": "5", "e": "c", "i": "l", "u": "v", "B": "8", "g": "q"}
_SLOT: Final = re.compile(r"\{([a-z_]+)\}")


@cache
def _chain(which: str) -> dict[str, str]:
    """Return what follows each three letters in the names of a list, `^` before and `$` after a name."""
    found: dict[str, list[str]] = {}
    for name in sorted(GIVEN if which == "given" else FAMILY):
        marked = f"^^^{name}$"
        for at in range(3, len(marked)):
            found.setdefault(marked[at - 3 : at], []).append(marked[at])
            found.setdefault(marked[at - 2 : at], []).append(marked[at])
    return {key: "".join(value) for key, value in found.items()}


def made_name(which: str, rng: np.random.Generator) -> str:
    """Return an invented name that reads like those of the list `given` or `family`, with a capital."""
    chain = _chain(which)
    while True:
        word = "^^^"
        while not word.endswith("$") and len(word) < 16:
            after = chain.get(word[-3:]) if rng.random() < 0.5 else None
            after = after or chain.get(word[-2:]) or "$"
            word += after[int(rng.integers(len(after)))]
        name = word.strip("^$")
        if 3 <= len(name) <= 12:
            return name[0].upper() + name[1:]


def _name(which: str, rng: np.random.Generator) -> str:
    """Return an invented or a common name, now and then of two parts or with a particle."""
    listed = sorted(GIVEN if which == "given" else FAMILY)
    name = made_name(which, rng) if rng.random() < 0.6 else listed[int(rng.integers(len(listed)))].capitalize()
    drawn = rng.random()
    if drawn < 0.07:
        return f"{name}-{made_name(which, rng)}"
    if which == "family" and drawn < 0.14:
        return str(rng.choice(_JOINTS)) + name
    return name


def _town(rng: np.random.Generator) -> str:
    drawn = rng.random()
    if drawn < 0.15:
        listed = lines("cities")
        return listed[int(rng.integers(len(listed)))]
    if drawn < 0.5:
        town = str(rng.choice(_HEADS)) + str(rng.choice(_TAILS))
    elif drawn < 0.65:
        town = f"{rng.choice(_HEADS)} {str(rng.choice(_TAILS)).capitalize()}"
    else:
        town = made_name("family", rng) + (str(rng.choice(_TAILS)) if rng.random() < 0.5 else "")
    if rng.random() < 0.15:
        town = f"{rng.choice(['Fort', 'Mount', 'Port', 'Lake', 'St.', 'San', 'Upper', 'Bad', 'Villa'])} {town}"
    return town


def _street(rng: np.random.Generator) -> str:
    if rng.random() < 0.1:
        return made_name("family", rng).lower().capitalize() + str(rng.choice(["strasse", "weg", "gasse", "platz"]))
    first = _town(rng) if rng.random() < 0.5 else _name("family", rng)
    return f"{first} {rng.choice(_WAYS)}"


def _house(rng: np.random.Generator) -> str:
    pattern = str(rng.choice(_HOUSES))
    return pattern.format(c=_town(rng), g=_name("given", rng), f=made_name("family", rng), f2=made_name("family", rng))


def widened(bank: Bank, rng: np.random.Generator) -> Bank:
    """Return a bank with the same sentences and forms, and other names and places."""
    return replace(
        bank,
        given=tuple(_name("given", rng) for _ in range(12)),
        family=tuple(_name("family", rng) for _ in range(12)),
        cities=tuple(_town(rng) for _ in range(8)),
        streets=tuple(_street(rng) for _ in range(6)),
        places=tuple(_house(rng) for _ in range(8)),
    )


def training_notes(chosen: Sequence[Bank], count: int, seed: int) -> list[SyntheticNote]:
    """Write notes to train on.

    Args:
        chosen: Banks.
        count: Notes of each bank; half as many pages of plain prose are added.
        seed: Same seed, same notes.
    """
    found = []
    for number, bank in enumerate(chosen):
        for index in range(count):
            rng = np.random.default_rng([seed, number, index])
            used = bank if rng.random() < 0.15 else widened(bank, rng)
            found.append(noisy(write_note(used, f"train{number}-{index}", rng), rng))
    for index in range(len(chosen) * count // 2):
        rng = np.random.default_rng([seed, 9999, index])
        found.append(noisy(SyntheticNote(f"plain{index}", "plain", plain_page(rng), ()), rng))
    return found


def noisy(note: SyntheticNote, rng: np.random.Generator) -> SyntheticNote:
    """Return the note as it is, or all small, all large, or badly read; of the same length."""
    drawn = rng.random()
    text = note.text
    if drawn < 0.12:
        text = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    elif drawn < 0.2:
        text = "".join(c.upper() if len(c.upper()) == 1 else c for c in text)
    elif drawn < 0.28:
        hit = rng.random(len(text)) < 0.02
        text = "".join(_MISREAD.get(c, c) if h else c for c, h in zip(text, hit, strict=True))
    elif drawn < 0.34:
        text = text.replace("\n", " ")
    return replace(note, text=text)


def plain_page(rng: np.random.Generator) -> str:
    """Write clinical prose that identifies nobody, full of drugs, eponyms, measurements and headings."""
    held = _plain()
    count = int(rng.integers(5, 12))
    picked = [_slots(str(rng.choice(held["sentences"])), held, rng) for _ in range(count)]
    joint = "\n" if rng.random() < 0.3 else " "
    return joint.join(picked) + "\n"


def _slots(pattern: str, held: dict[str, list[str]], rng: np.random.Generator) -> str:
    for _ in range(3):
        pattern = _SLOT.sub(lambda match: str(rng.choice(held[match[1]])), pattern)
    return "".join(str(rng.integers(10)) if mark == "#" else mark for mark in pattern)


@cache
def _plain() -> dict[str, list[str]]:
    text = files("salus.data.deidentify").joinpath("corpora", "plain.toml").read_text(encoding="utf-8")
    held: dict[str, list[str]] = tomllib.loads(text)
    return held
