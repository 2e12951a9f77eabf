"""Texts: tokens with IOB tags, and plain notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from salus.data.limits import existing
from salus.data.readers.table import decode_utf8, read_text_bytes
from salus.schema.errors import DataError
from salus.schema.sample import Note

SUFFIXES = (".iob", ".iob2", ".conll", ".bio")


@dataclass(frozen=True, slots=True)
class TaggedText:
    """Sentences with a tag for each token.

    Attributes:
        sentences: One `Note` a sentence; its text is the tokens with one space between.
        tags: IOB2 tags of each sentence, one a token.
        repaired: How many `I-X` after `O`, a start or another type became `B-X`.
    """

    sentences: tuple[Note, ...]
    tags: tuple[tuple[str, ...], ...]
    repaired: int


def read_iob(path: Path | str) -> TaggedText:
    """Read a two-column file: token, tab, tag; an empty line ends a sentence; `-DOCSTART-` lines are passed over.

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
    repaired = 0
    # split on line feeds alone: str.splitlines would also break at U+2028 and friends inside a token
    for number, ended in enumerate([*text.split("\n"), ""], start=1):
        line = ended.rstrip("\r")
        if line.strip():
            word, mark = _cells(line, number, found)
            if word == "-DOCSTART-":
                continue
            if mark.startswith("I-") and (not marks or marks[-1][2:] != mark[2:]):
                mark, repaired = "B" + mark[1:], repaired + 1
            words.append(word)
            marks.append(mark)
        elif words:
            sentences.append(note_of(words))
            tags.append(tuple(marks))
            words, marks = [], []
    if not sentences:
        raise DataError(f"{found}: no sentence; expected lines of token, tab, tag")
    return TaggedText(tuple(sentences), tuple(tags), repaired)


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
    """Read a plain text as one note without tokens.

    Raises:
        DataError: Not UTF-8, empty, or binary.
    """
    found = existing(path)
    text = decode_utf8(read_text_bytes(found), found)
    if not text.strip():
        raise DataError(f"{found}: an empty text; check the file")
    if "\0" in text:
        raise DataError(f"{found}: binary data, not a text; check the file")
    return Note(text=text)


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
    return mark == "O" or (mark[:2] in ("B-", "I-") and len(mark) > 2)
