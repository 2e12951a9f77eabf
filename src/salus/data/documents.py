"""Texts with mentions at character offsets, whatever file they came from, and what a tagger makes of them."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from salus.data.iob import tag_indices
from salus.data.tokens import tokenized
from salus.schema.errors import DataError
from salus.schema.sample import Note, Sample

_LINE = re.compile(r"[^\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A stretch of text that names something.

    Attributes:
        id: As in the file (`T1`), or made from its place.
        kind: Type of what it names.
        spans: `(start, end)` in characters of the text, rising; several make a discontinuous mention.
        text: The pieces with one space between.
    """

    id: str
    kind: str
    spans: tuple[tuple[int, int], ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Something said of mentions: a relation, an event with its arguments, or an attribute.

    Attributes:
        id: As in the file (`R1`, `E1`, `A1`).
        kind: Type of the relation, event or attribute.
        arguments: `(role, id of a mention or event)` pairs; an event's first is its trigger.
        value: Value of an attribute, empty where it has none.
    """

    id: str
    kind: str
    arguments: tuple[tuple[str, str], ...]
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text with what was marked in it; every offset indexes `text` as it is.

    Attributes:
        id: Of the document.
        text: The original text.
        mentions: In the order of the file.
        relations: Relations, events and attributes in the order of the file.
        notes: Sentences about what the reader had to decide.
    """

    id: str
    text: str
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Lost:
    """Types of mentions that a sequence of tags cannot hold.

    Attributes:
        discontinuous: One entry a mention of several pieces.
        overlapping: One entry a mention that a longer one covers, or that no token lies in.
    """

    discontinuous: list[str] = field(default_factory=list)
    overlapping: list[str] = field(default_factory=list)


def mention_of(text: str, spans: Sequence[tuple[int, int]], *, id: str, kind: str, place: str) -> Mention:  # noqa: A002
    """Build a mention from its offsets.

    Args:
        text: The document.
        spans: `(start, end)` of its pieces.
        id: Of the mention.
        kind: Its type.
        place: Named in errors.

    Raises:
        DataError: No piece, an empty or reversed one, pieces that overlap or run backwards, or one beyond the text.
    """
    before = 0
    for start, end in spans:
        if not before <= start < end <= len(text):
            where = f"lies beyond the text's {len(text)} letters" if end > len(text) else "is empty or runs backwards"
            raise DataError(f"{place}: mention {id} at {start} to {end} {where}; correct its offsets")
        before = end
    if not spans or not kind:
        raise DataError(f"{place}: mention {id} has no offsets or no type; complete or remove it")
    return Mention(id=id, kind=kind, spans=tuple((a, b) for a, b in spans), text=" ".join(text[a:b] for a, b in spans))


def tags_of(
    mentions: Iterable[Mention], tokens: Sequence[tuple[int, int]], lost: Lost
) -> tuple[list[str], list[tuple[str, int]]]:
    """Return one IOB2 tag a token, and type and place of each mention that has none.

    A token belongs to a mention if they share a letter. Of two mentions that meet the longer one stays; one of several
    pieces cannot be written as tags.

    Args:
        mentions: Of one text.
        tokens: `(start, end)` of each token, rising.
        lost: Gets an entry for each mention without tags.
    """
    tags, missed = ["O"] * len(tokens), []
    starts, ends = [start for start, _ in tokens], [end for _, end in tokens]
    for mention in sorted(mentions, key=lambda m: (m.spans[0][0] - m.spans[-1][1], m.spans, m.kind)):
        start, stop = mention.spans[0][0], mention.spans[-1][1]
        covered = range(bisect_right(ends, start), bisect_right(starts, stop - 1))
        if len(mention.spans) > 1 or not covered or any(tags[place] != "O" for place in covered):
            (lost.discontinuous if len(mention.spans) > 1 else lost.overlapping).append(mention.kind)
            missed.append((mention.kind, start))
            continue
        for place in covered:
            tags[place] = f"{'B' if place == covered[0] else 'I'}-{mention.kind}"
    return tags, missed


def document_samples(
    documents: Iterable[tuple[Document, Mapping[str, str]]], classes: Sequence[str], *, whole: bool, lost: Lost
) -> Iterator[Sample]:
    """Make samples of documents: the patient is the document, a sample one of its lines or all of it.

    Args:
        documents: Each with the meta of its samples (`split`).
        classes: Tags in the order of the target's integers.
        whole: One sample a document, so that a network reads across lines.
        lost: Gets an entry for each mention that has no tags.

    Yields:
        Samples with one `Note` named `note`; `meta["unreachable"]` holds the types of mentions without tags.

    Raises:
        DataError: A type that is not among the classes.
    """
    index = {tag: number for number, tag in enumerate(classes)}
    for document, meta in documents:
        tokens = tokenized(Note(text=document.text)).offsets
        tags, missed = tags_of(document.mentions, tokens, lost)
        text, cursor = document.text, 0
        ranges = [(0, len(text))] if whole else [match.span() for match in _LINE.finditer(text)]
        for number, (start, stop) in enumerate(ranges):
            begin = cursor
            while cursor < len(tokens) and tokens[cursor][1] <= stop:
                cursor += 1
            here = tokens[begin:cursor]
            if not here:
                continue
            note = Note(
                text=text[start:stop],
                tokens=tuple(text[a:b] for a, b in here),
                offsets=tuple((a - start, b - start) for a, b in here),
            )
            yield Sample(
                id=f"{document.id}-{number:03d}",
                patient=document.id,
                inputs={"note": note},
                target=tag_indices(tags[begin:cursor], index, f"document {document.id}"),
                # mentions of the truth that no tag sequence can hold; checks count them as missed
                meta={**meta, "unreachable": tuple(kind for kind, at in missed if start <= at < stop)},
            )
