"""Texts: tokens with IOB tags, and plain notes."""

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from salus.data.limits import existing
from salus.data.readers.table import decode_utf8, read_text_bytes
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Note

_HEADING = re.compile(
    r"^(?:#{1,6}[ \t]+([^\n]{1,80})|([A-Z][A-Z0-9 /&,()-]{2,60}):|([A-Z][\w /&,()-]{1,60}):)"
    r"(?=[ \t]*$|(?<=[A-Z0-9)]:)[ \t])",
    re.MULTILINE,
)
SUFFIXES = (".iob", ".iob2", ".conll", ".bio")


@dataclass(frozen=True, slots=True)
class TaggedText:
    """Sentences with a tag for each token.

    Attributes:
        sentences: One `Note` a sentence; its text is the tokens with one space between.
        tags: IOB2 tags of each sentence, one a token.
        repaired: How many tags could not be meant as they stood: an `I-X` after `O`, a start or another type (it became
            `B-X`), or an entity of IOBES or BILOU that was not closed.
        scheme: What the file was written in: `IOB2`, `IOBES` or `BILOU` (IOB1 counts as IOB2 with repairs).
    """

    sentences: tuple[Note, ...]
    tags: tuple[tuple[str, ...], ...]
    repaired: int
    scheme: str = "IOB2"


def read_iob(path: Path | str) -> TaggedText:
    """Read a two-column file: token, tab, tag; an empty line ends a sentence; `-DOCSTART-` lines are passed over.

    The tags may be IOB1, IOB2, IOBES (also called BIOES, BMES) or BILOU, told by their letters; they come back as IOB2.
    An entity that starts with `I-` (as IOB1 writes it) gets `B-`, and the number of these repairs is returned.

    Args:
        path: UTF-8 text.

    Raises:
        DataError: Not UTF-8, a line without two cells, a tag that is not IOB, or no sentence (with the line number).
    """
    found = existing(path)
    text = decode_utf8(read_text_bytes(found), found)
    sentences: list[Note] = []
    tags: list[tuple[str, ...]] = []
    words: list[str] = []
    marks: list[str] = []
    # split on line feeds alone: str.splitlines would also break at U+2028 and friends inside a token
    for number, ended in enumerate([*text.split("\n"), ""], start=1):
        line = ended.rstrip("\r")
        if line.strip():
            word, mark = _cells(line, number, found)
            if word == "-DOCSTART-":
                continue
            words.append(word)
            marks.append(mark)
        elif words:
            sentences.append(note_of(words))
            tags.append(tuple(marks))
            words, marks = [], []
    if not sentences:
        raise DataError(f"{found}: no sentence; expected lines of token, tab, tag")
    scheme = scheme_of(chain.from_iterable(tags))
    whole = [to_iob2(row, scheme) for row in tags]
    return TaggedText(tuple(sentences), tuple(row for row, _ in whole), sum(count for _, count in whole), scheme)


def scheme_of(tags: Iterable[str]) -> str:
    """Return `BILOU`, `IOBES` or `IOB2` by the letters that tags begin with."""
    letters = {tag[:1] for tag in tags}
    if letters & set("LU"):
        return "BILOU"
    return "IOBES" if letters & set("ESM") else "IOB2"


def to_iob2(tags: Sequence[str], scheme: str = "") -> tuple[tuple[str, ...], int]:
    """Return one sentence's tags as IOB2, and how many of them could not be meant as they stood.

    Args:
        tags: IOB1, IOB2, IOBES or BILOU.
        scheme: Which; empty tells it by the letters of these tags.

    >>> to_iob2(["S-Drug", "B-Sign", "E-Sign", "O", "I-Sign"])
    (('B-Drug', 'B-Sign', 'I-Sign', 'O', 'B-Sign'), 2)
    """
    closes = (scheme or scheme_of(tags)) != "IOB2"
    told, damaged, inside = [], 0, ""
    for tag in (*tags, "O"):
        letter, kind = tag[:1], tag[2:]
        goes_on = bool(inside) and letter in "IMEL" and kind == inside
        if closes and inside and not goes_on:
            damaged += 1  # the entity before was not closed
        if letter in "IMEL" and not goes_on:
            damaged += 1
        told.append("O" if letter == "O" else f"{'I' if goes_on else 'B'}-{kind}")
        inside = "" if letter in "OSUEL" else kind
    return tuple(told[:-1]), damaged


def from_iob2(tags: Sequence[str], scheme: str) -> tuple[str, ...]:
    """Return one sentence's IOB2 tags in another scheme.

    Args:
        tags: IOB2.
        scheme: `IOB1`, `IOB2`, `IOBES` or `BILOU`.

    Raises:
        UsageError: Another scheme.
    """
    if scheme not in ("IOB1", "IOB2", "IOBES", "BILOU"):
        raise UsageError(f"tag scheme {scheme!r}: expected IOB1, IOB2, IOBES or BILOU")
    told = []
    single, last = ("S", "E") if scheme == "IOBES" else ("U", "L")
    for place, tag in enumerate(tags):
        letter, kind = tag[:1], tag[2:]
        before, after = (tags[place - 1] if place else "O"), (tags[place + 1] if place + 1 < len(tags) else "O")
        if scheme == "IOB1" and letter == "B" and before[2:] != kind:
            letter = "I"
        if scheme in ("IOBES", "BILOU") and letter != "O" and after != f"I-{kind}":
            letter = single if letter == "B" else last
        told.append(tag if letter == "O" else f"{letter}-{kind}")
    return tuple(told)


def note_of(words: Sequence[str]) -> Note:
    """Return a note whose text is the words with one space between, and their offsets.

    >>> note_of(["no", "fever"]).offsets
    ((0, 2), (3, 8))
    """
    offsets, start = [], 0
    for word in words:
        offsets.append((start, start + len(word)))
        start += len(word) + 1
    return Note(text=" ".join(words), tokens=tuple(words), offsets=tuple(offsets))


def read_note(path: Path | str) -> Note:
    """Read a plain text as one note without tokens; the text is kept letter by letter.

    Raises:
        DataError: Neither UTF-8 nor marked as UTF-16, empty, or binary.
    """
    found = existing(path)
    data = read_text_bytes(found)
    text = data.decode("utf-16") if _is_utf16(data, found) else decode_utf8(data, found)
    return Note(text=_checked(text, found))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """A text as it was read, and what had to be assumed.

    Attributes:
        note: The whole text.
        encoding: `utf-8`, `utf-16` or `latin-1`.
        sections: `(heading, start, end)`; from a heading to the next one, the first may be empty.
        notes: Sentences about assumptions.
    """

    note: Note
    encoding: str
    sections: tuple[tuple[str, int, int], ...]
    notes: tuple[str, ...] = ()


def read_plain(path: Path | str) -> PlainText:
    """Read a plain text in whatever of three encodings it is, and find its sections.

    A byte-order mark tells UTF-16, else UTF-8 is tried, else each byte is one letter of Latin-1 (which never fails, so
    `notes` say that it was assumed).

    Raises:
        DataError: Empty or binary.
    """
    found = existing(path)
    data = read_text_bytes(found)
    notes: tuple[str, ...] = ()
    if _is_utf16(data, found):
        encoding, text = "utf-16", data.decode("utf-16")
    else:
        try:
            encoding, text = "utf-8", data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            encoding, text = "latin-1", data.decode("latin-1")
            notes = (f"Byte {error.start} is not UTF-8: the text was read as Latin-1; check its accents.",)
    return PlainText(note=Note(text=_checked(text, found)), encoding=encoding, sections=sections(text), notes=notes)


def sections(text: str) -> tuple[tuple[str, int, int], ...]:
    r"""Return `(heading, start, end)` of each section; together they cover the text.

    A heading is a short line that ends in a colon or begins with `#`, or capitals before a colon at a line's start.

    >>> sections("HISTORY: Fell.\nPLAN:\nRest.")
    (('HISTORY', 0, 15), ('PLAN', 15, 26))
    """
    starts = [(match.start(), (match[1] or match[2] or match[3]).strip()) for match in _HEADING.finditer(text)]
    if not starts or starts[0][0] > 0:
        starts.insert(0, (0, ""))
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return tuple((name, start, end) for (start, name), end in zip(starts, ends, strict=True))


def looks_like_iob(text: str) -> bool:
    """Tell whether the first lines are token, tab, IOB tag."""
    lines = [line for line in text[:20_000].split("\n")[:20] if line.strip()]
    return bool(lines) and all(_is_tag(line.rstrip("\r").split("\t")[-1]) and line.count("\t") == 1 for line in lines)


def _cells(line: str, number: int, path: Path) -> tuple[str, str]:
    cells = line.split("\t")
    if len(cells) != 2 or not cells[0].strip() or not _is_tag(cells[1].strip()):
        raise DataError(f"{path}: line {number} is {line[:60]!r}; expected token, tab, and O, B-type or I-type")
    return cells[0].strip(), cells[1].strip()


def _is_tag(mark: str) -> bool:
    return mark == "O" or (mark[:1] in set("BIESLUM") and mark[1:2] == "-" and len(mark) > 2)


def _is_utf16(data: bytes, path: Path) -> bool:
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    try:
        data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: marked as UTF-16, but byte {error.start} is not; save the file as UTF-8") from error
    return True


def _checked(text: str, path: Path) -> str:
    if not text.strip():
        raise DataError(f"{path}: an empty text; check the file")
    if "\0" in text:
        raise DataError(f"{path}: binary data, not a text; check the file")
    return text
