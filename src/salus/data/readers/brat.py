"""Standoff annotation as brat writes it: a text (`.txt`) and beside it its mentions, relations and events (`.ann`).

Source: brat standoff format, https://brat.nlplab.org/standoff.html.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from salus.data.documents import Document, Mention, Relation, mention_of
from salus.data.limits import existing, inside
from salus.data.readers.table import decode_utf8, read_text_bytes
from salus.schema.errors import DataError
from salus.schema.files import write_text

SUFFIXES = (".ann",)
_T = re.compile(r"([^\s]{1,200}) (\d{1,12} \d{1,12}(?:;\d{1,12} \d{1,12})*)")
Count = Callable[[int], int]


def read_brat(path: Path | str) -> Document:
    """Read one document.

    Offsets count characters. A file whose offsets fit only as UTF-16 units (tools written in Java or JavaScript), or
    only with line ends of one character where the text has two, is read so, and the document's `notes` say it.

    Args:
        path: The `.ann` or the `.txt` file; the other one lies beside it.

    Returns:
        Mentions (`T`), relations (`R`, `*`), events (`E`), attributes (`A`, `M`). Notes and normalizations (`#`, `N`)
        are relations of kind `AnnotatorNotes` and `Reference` whose value is their text.

    Raises:
        DataError: A missing file, a line that is none of these, offsets that do not fit, a mention whose quoted text is
            not what stands there, or a reference to an id that is not defined.
    """
    given = Path(path)
    text_file, marks = existing(given.with_suffix(".txt")), existing(given.with_suffix(".ann"))
    text = decode_utf8(read_text_bytes(text_file), text_file)
    lines = list(_lines(decode_utf8(read_text_bytes(marks), marks), marks))
    spans = [(place, name, *_parts(rest, place)) for place, name, rest in lines if name.startswith("T")]
    fault: DataError | None = None
    for first, last, note in _ways(text):
        try:
            mentions = tuple(_mention(text, row, (first, last)) for row in spans)
        except DataError as error:
            fault = fault or error
            continue
        relations = tuple(_relation(place, name, rest) for place, name, rest in lines if not name.startswith("T"))
        _refuse_loose_ends(mentions, relations, marks)
        return Document(
            id=given.stem, text=text, mentions=mentions, relations=relations, notes=(note,) if note and mentions else ()
        )
    assert fault is not None  # noqa: S101
    raise fault


def read_brat_folder(folder: Path | str) -> tuple[Document, ...]:
    """Read every `.ann` file of a folder (not of its sub-folders) in alphabetical order.

    Raises:
        DataError: None there, one that leads out of the folder, or what `read_brat` raises.
    """
    place = Path(folder)
    files = sorted(place.glob("*.ann"))
    if not files:
        raise DataError(f"{place}: no .ann file; give a folder of .txt and .ann files")
    return tuple(read_brat(inside(place, file.name)) for file in files)


def write_brat(document: Document, folder: Path) -> Path:
    """Write a document as `<id>.txt` and `<id>.ann`, each whole or not at all, and return the latter.

    Raises:
        DataError: An id that is no plain file name, or an id of a mention that brat has no room for.
    """
    if not re.fullmatch(r"[\w.-]{1,200}", document.id) or document.id.startswith("."):
        raise DataError(f"document {document.id!r}: not a plain file name; rename it before it is written")
    lines = []
    for mention in document.mentions:
        if not re.fullmatch(r"T\w+", mention.id) or re.search(r"\s", mention.kind):
            raise DataError(
                f"document {document.id}: mention {mention.id!r} of {mention.kind!r}; brat wants T1 and a word"
            )
        pieces = ";".join(f"{start} {end}" for start, end in mention.spans)
        quote = re.sub(r"[\n\r\t]", " ", mention.text)
        lines.append(f"{mention.id}\t{mention.kind} {pieces}\t{quote}")
    for relation in document.relations:
        lines.append(_written(relation))
    write_text(folder / f"{document.id}.txt", document.text)
    target = folder / f"{document.id}.ann"
    write_text(target, "".join(f"{line}\n" for line in lines))
    return target


def _lines(text: str, path: Path) -> Iterator[tuple[str, str, str]]:
    seen: set[str] = set()
    for number, ended in enumerate(text.split("\n"), start=1):
        line = ended.rstrip("\r")
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        name, tab, rest = line.partition("\t")
        if not tab or not re.fullmatch(r"[TREAMN]\w+|#\w*|\*", name):
            raise DataError(
                f"{place}: {line[:60]!r} is no brat annotation; expected T, R, E, A, M, N, # or *, then a tab"
            )
        if name in seen and name not in ("*", "#"):
            raise DataError(f"{place}: a second {name}; each annotation needs its own id")
        seen.add(name)
        yield place, name, rest


def _parts(rest: str, place: str) -> tuple[str, list[tuple[int, int]], str]:
    head, _, quote = rest.partition("\t")
    found = _T.fullmatch(head.strip())
    if found is None:
        raise DataError(f"{place}: {rest[:60]!r}; expected a type and offsets such as 'Drug 0 7' or 'Drug 0 3;5 9'")
    numbers = [tuple(map(int, pair.split())) for pair in found[2].split(";")]
    return found[1], [(a, b) for a, b in numbers], quote


def _ways(text: str) -> Iterator[tuple[Count, Count, str]]:
    """Yield ways to turn the file's starts and ends into characters of the text, the plain one first."""
    yield _same, _same, ""
    if any(ord(letter) > 0xFFFF for letter in text):
        units = _table(text, lambda letter: 2 if ord(letter) > 0xFFFF else 1)
        yield units, units, "Offsets were counted in UTF-16 units."
    if "\r\n" in text:
        single = _table(text, lambda letter: 0 if letter == "\r" else 1)
        # a mention ends behind its last letter, not behind the carriage return
        yield single, (lambda end: single(end - 1) + 1), "Offsets were counted with one letter a line end."


def _same(offset: int) -> int:
    return offset


def _table(text: str, width: Callable[[str], int]) -> Count:
    places: dict[int, int] = {}
    total = 0
    for index, letter in enumerate(text):
        if width(letter):  # a letter of no width ends where the one before it does
            places[total] = index
        total += width(letter)
    places[total] = len(text)
    return lambda offset: places.get(offset, len(text) + 1)


def _mention(text: str, row: tuple[str, str, str, list[tuple[int, int]], str], ways: tuple[Count, Count]) -> Mention:
    place, name, kind, spans, quote = row
    moved = sorted((ways[0](start), ways[1](end)) for start, end in spans)
    found = mention_of(text, moved, id=name, kind=kind, place=place)
    if quote and quote.split() != found.text.split():
        raise DataError(
            f"{place}: {name} quotes {quote[:60]!r}, but its offsets hold {found.text[:60]!r}; the text and the "
            "annotations do not belong together, or its line ends were changed"
        )
    return found


def _relation(place: str, name: str, rest: str) -> Relation:
    head, _, value = rest.partition("\t")
    words = head.split()
    if not words:
        raise DataError(f"{place}: {name} says nothing; complete or remove it")
    if name[0] in "AM":  # name, target, and a value if it has several
        if len(words) not in (2, 3):
            raise DataError(f"{place}: {head[:60]!r}; expected an attribute, its target and perhaps a value")
        return Relation(id=name, kind=words[0], arguments=(("Target", words[1]),), value=" ".join(words[2:]))
    if name[0] == "E":
        pairs = [word.partition(":") for word in words]
        if any(not colon or not target for _, colon, target in pairs):
            raise DataError(f"{place}: {head[:60]!r}; expected Type:T1 and arguments such as Theme:T2")
        return Relation(id=name, kind=pairs[0][0], arguments=tuple((role, target) for role, _, target in pairs))
    if name[0] in "#N":
        return Relation(
            id=name, kind=words[0], arguments=tuple(("Target", word) for word in words[1:2]),
            value=" ".join([*words[2:], value]).strip(),
        )  # fmt: skip
    if name == "*":
        return Relation(id=name, kind=words[0], arguments=tuple(("Member", word) for word in words[1:]))
    ends = [word.partition(":") for word in words[1:]]
    if len(ends) != 2 or any(not colon or not target for _, colon, target in ends):
        raise DataError(f"{place}: {head[:60]!r}; expected a relation such as 'Treats Arg1:T1 Arg2:T2'")
    return Relation(id=name, kind=words[0], arguments=tuple((role, target) for role, _, target in ends))


def _refuse_loose_ends(mentions: Sequence[Mention], relations: Sequence[Relation], path: Path) -> None:
    known = {mention.id for mention in mentions} | {relation.id for relation in relations}
    for relation in relations:
        for role, target in relation.arguments:
            if re.fullmatch(r"[TREAM]\d+", target) and target not in known:
                raise DataError(f"{path}: {relation.id} names {role}:{target}, which is not defined; complete the file")


def _written(relation: Relation) -> str:
    arguments = relation.arguments
    if relation.id == "*":
        return f"*\t{relation.kind} {' '.join(target for _, target in arguments)}"
    if relation.id[:1] in ("A", "M"):
        return f"{relation.id}\t{relation.kind} {arguments[0][1]} {relation.value}".rstrip()
    if relation.id[:1] in ("#", "N"):
        middle, _, tail = relation.value.partition(" ") if relation.id[0] == "N" else ("", "", relation.value)
        words = " ".join([relation.kind, *(target for _, target in arguments), *([middle] if middle else [])])
        return f"{relation.id}\t{words}\t{tail}"
    if relation.id[:1] == "E":
        return f"{relation.id}\t" + " ".join(f"{role}:{target}" for role, target in arguments)
    return f"{relation.id}\t{relation.kind} " + " ".join(f"{role}:{target}" for role, target in arguments)


def counts(documents: Sequence[Document]) -> Mapping[str, int]:
    """Return how many mentions of each type there are, most frequent first."""
    found: dict[str, int] = {}
    for document in documents:
        for mention in document.mentions:
            found[mention.kind] = found.get(mention.kind, 0) + 1
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
