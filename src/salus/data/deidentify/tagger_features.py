"""What the tagger of free text sees of a word: its form, its endings, the lists that hold it, and its surroundings.

Features are plain strings, so that a model can be read. None of them comes from the rules beside which the tagger
stands: what one misses, the other is to find.

Source:
    The features follow Liu et al. 2015, doi:10.1016/j.jbi.2015.06.009, section 3 (words, shapes, affixes, lists).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from salus.data.deidentify.names_lists import (
    AMBIGUOUS,
    EPONYM_HEADS,
    EPONYMS,
    FAMILY,
    GIVEN,
    NOT_NAMES,
    SHORT_TERMS,
    lines,
    words,
)

ENGLISH: Final = words("english")
"""Words that English and medical prose write in small letters."""
PLACES: Final = frozenset(word.lower() for line in lines("cities") for word in line.split())
_STATES: Final = words("large_places")
TOKEN: Final = re.compile(r"\n|[^\W_]{1,40}(?:(?:['.@&+_-]|(?<=\d)[/:](?=\d))[^\W_]{1,40}){0,12}|[^\w\s]|_{1,40}")
"""One line end, one run of letters and digits with single marks inside, or one mark; every repetition is bounded."""
_ENDINGS: Final = ("ingly", "edly", "ing", "ies", "ied", "ed", "es", "er", "ly", "s", "d", "al", "ic", "ous")
_CUE: Final = re.compile(r"[^\W\d_]{2,20}")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or mark and its place in the text."""

    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Cut a text into words, marks and line ends."""
    return [Token(match[0], match.start(), match.end()) for match in TOKEN.finditer(text)]


@lru_cache(maxsize=65536)
def known(word: str) -> str:
    """Return which lists hold a word in small letters, one letter for each; `o` for none."""
    word = word.removesuffix("'s")
    found = "".join(
        mark
        for mark, held in (
            ("g", GIVEN), ("m", AMBIGUOUS), ("f", FAMILY), ("e", EPONYMS), ("h", EPONYM_HEADS), ("t", NOT_NAMES),
            ("a", SHORT_TERMS), ("c", PLACES), ("s", _STATES),
        )
        if word in held
    )  # fmt: skip
    if _plain(word):
        found += "w"
    if "-" in word and not found:
        parts = [known(part) for part in word.split("-")[:4] if part]
        found = "-" + (max(parts, key=len) if parts else "")
    return found or "o"


def _plain(word: str) -> bool:
    if word in ENGLISH:
        return True
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            if stem in ENGLISH or stem + "e" in ENGLISH or stem + "y" in ENGLISH or stem[:-1] in ENGLISH:
                return True
    return False


@lru_cache(maxsize=65536)
def shape(word: str) -> tuple[str, str]:
    """Return the form of a word, long and short: `A1` becomes `A0`, `Smith-Jones` `Aa-Aa`, `12/3/19` `00/0/00`."""
    marks = "".join("0" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else c for c in word[:30])
    short = re.sub(r"(.)\1+", r"\1", marks)
    return (marks if "0" in marks else short)[:18], short[:10]


@lru_cache(maxsize=65536)
def _own(word: str) -> tuple[str, str, str, str, str]:
    """Return word, lists, long and short form, and case of a token."""
    low = word.lower()
    plain = re.sub(r"\d", "0", low)[:24]
    long, short = shape(word)
    return plain, known(low), long, short, f"{short}|{known(low)}"


def features(row: Sequence[Token]) -> list[list[str]]:
    """Return the features of every token of a row.

    Args:
        row: Tokens in order, as `tokens` gives them; a row may hold several lines.
    """
    own = [_own(token.text) for token in row]
    edge = ("|", "|", "|", "|", "|")
    padded = [edge] * 4 + own + [edge] * 4
    labels, firsts, flat = _by_line(row)
    return [
        _of(token, padded[at : at + 9], labels[at], firsts[at], flat[at], _gap(row, at)) for at, token in enumerate(row)
    ]


def _of(
    token: Token, near: Sequence[tuple[str, str, str, str, str]], label: str, first: int, flat: str, gap: str
) -> list[str]:
    (_, _, _, _, _), c3, c2, c1, me, d1, d2, d3, d4 = near
    c4 = near[0]
    low = token.text.lower()
    found = [
        f"w={me[0]}", f"w-1={c1[0]}", f"w-2={c2[0]}", f"w-3={c3[0]}", f"w+1={d1[0]}", f"w+2={d2[0]}", f"w+3={d3[0]}",
        f"k={me[1]}", f"k-1={c1[1]}", f"k+1={d1[1]}", f"s={me[2]}", f"s-1={c1[3]}", f"s+1={d1[3]}", f"sk={me[4]}",
        f"sk-1={c1[4]}|{me[4]}", f"sk+1={me[4]}|{d1[4]}", f"sk3={c1[3]}|{me[3]}|{d1[3]}", f"s-2={c2[3]}|{c1[3]}",
        f"s+2={d1[3]}|{d2[3]}", f"cw={c1[0]}|{me[4]}", f"cw2={c2[0]}|{c1[0]}", f"cw2s={c2[0]}|{me[3]}",
        f"dw={me[4]}|{d1[0]}", f"dw2={d1[0]}|{d2[0]}", f"lab={label}", f"labs={label}|{me[3]}", f"flat={flat}",
        f"flatk={flat}|{me[1]}", f"gap={gap}", f"first={first}", f"firsts={first}|{me[4]}",
    ]  # fmt: skip
    if any(c.isdigit() for c in low):
        found += [f"dl={sum(c.isdigit() for c in low)}|{len(low)}", f"cs={c1[0]}|{me[2]}", f"ds={me[2]}|{d1[0]}"]
    else:
        found += [f"p3={low[:3]}", f"e3={low[-3:]}", f"e2={low[-2:]}", f"e4={low[-4:]}", f"n={min(len(low), 9)}"]
    found += [f"b={each[0]}" for each in (c4, c3, c2, c1) if each[0].isalpha()]
    found += [f"bs={each[0]}|{me[3]}" for each in (c4, c3, c2) if each[0].isalpha() and len(each[0]) > 2]
    found += [f"a={each[0]}" for each in (d1, d2, d3, d4) if each[0].isalpha()]
    return found


def _gap(row: Sequence[Token], at: int) -> str:
    """Tell what parts a token from its neighbours: nothing, a space, or more."""
    before = min(2, row[at].start - row[at - 1].end) if at else 2
    after = min(2, row[at + 1].start - row[at].end) if at + 1 < len(row) else 2
    return f"{before}{after}"


def _by_line(row: Sequence[Token]) -> tuple[list[str], list[int], list[str]]:
    """Return for every token the last label of its line ("cc" in "cc: ..."), its place in the line, the line's case."""
    labels, firsts, flat = [], [], []
    start = 0
    while start < len(row):
        end = start
        while end < len(row) and row[end].text != "\n":
            end += 1
        line = row[start:end]
        letters = "".join(token.text for token in line)
        case = "a" if letters.islower() else "A" if letters.isupper() else "Aa"
        label = ""
        for place, token in enumerate(line):
            if token.text in (":", "=", "#") and place and _CUE.fullmatch(line[place - 1].text):
                label = line[place - 1].text.lower()
            labels.append(label)
            firsts.append(min(place, 2) if place < len(line) - 1 else 3)
            flat.append(case)
        if end < len(row):
            labels.append("")
            firsts.append(4)
            flat.append(case)
        start = end + 1
    return labels, firsts, flat


def line_cases(row: Sequence[Token]) -> list[str]:
    """Return for every token the case of its line: `a` all small, `A` all large, `Aa` both."""
    return _by_line(row)[2]
