"""Read tagged text: one token, a tab and its IOB tag a line; an empty line ends a sentence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError
from salus.schema.sample import Note, Sample


@dataclass(frozen=True, slots=True)
class TaggedText:
    """Sentences of one file.

    Attributes:
        sentences: `(tokens, tags)` of each.
        repaired: How many I-tags stood after O or after another type and were read as B-tags.
    """

    sentences: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    repaired: int


def read_text(path: Path) -> str:
    """Read a UTF-8 text file, every line break as it stands.

    Raises:
        DataError: Bytes that are not UTF-8, named with their place.
    """
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line}: byte {raw[error.start]:#04x} is not UTF-8; convert the file to UTF-8"
        ) from None


def read_iob(path: Path) -> TaggedText:
    """Read one tagged file.

    Raises:
        DataError: Bytes that are not UTF-8, a line without token or tag, a tag outside IOB, or no sentence at all.
    """
    sentences: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    tokens: list[str] = []
    tags: list[str] = []
    repaired = 0

    def close() -> None:
        nonlocal repaired
        if tokens:
            mended, count = repair_iob(tags)
            repaired += count
            sentences.append((tuple(tokens), mended))
            tokens.clear()
            tags.clear()

    # Only a line feed ends a line: `splitlines` would also cut at U+0085 or U+2028 inside a token.
    for number, raw in enumerate(read_text(path).removeprefix("\ufeff").split("\n"), start=1):
        line = raw.removesuffix("\r")
        if not line.strip():
            close()
            continue
        parts = line.split("\t")
        if len(parts) != 2 or not parts[0].strip() or not parts[1].strip():
            raise DataError(f"{path}, line {number}: {line!r} is not one token, one tab and one tag; give both")
        tokens.append(parts[0])
        tags.append(_checked(parts[1].strip(), path, number))
    close()
    if not sentences:
        raise DataError(f"{path}: no sentence in it; write one token, a tab and a tag a line")
    return TaggedText(tuple(sentences), repaired)


def repair_iob(tags: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Read an I-tag that continues nothing as the beginning of a mention, as conlleval does.

    Returns:
        The tags and how many were changed.

    >>> repair_iob(["I-Disease", "I-Disease", "O", "B-Disease", "I-Chemical"])
    (('B-Disease', 'I-Disease', 'O', 'B-Disease', 'B-Chemical'), 2)
    """
    mended: list[str] = []
    changed = 0
    for tag in tags:
        before = mended[-1] if mended else "O"
        if tag.startswith("I-") and (before == "O" or before[2:] != tag[2:]):
            mended.append("B-" + tag[2:])
            changed += 1
        else:
            mended.append(tag)
    return tuple(mended), changed


def iob_classes(types: Iterable[str]) -> tuple[str, ...]:
    """Return the tag names of entity types: O, then B and I of each type in alphabetical order."""
    return ("O", *(f"{mark}-{kind}" for kind in sorted(types) for mark in "BI"))


def note_of(tokens: Sequence[str]) -> Note:
    """Join tokens with single spaces; the offsets count letters of that text."""
    text = " ".join(tokens)
    ends = np.cumsum([len(token) + 1 for token in tokens]) - 1
    return Note(
        text=text,
        tokens=tuple(tokens),
        offsets=tuple((int(end) - len(token), int(end)) for token, end in zip(tokens, ends, strict=True)),
    )


def block_samples(
    text: TaggedText, classes: Sequence[str], *, name: str, split: str, size: int = 10, joined: bool = False
) -> list[Sample]:
    """Make samples of sentences whose documents are not marked: the patient is a block of consecutive sentences.

    Args:
        text: One part of a corpus.
        classes: Tags in the order of the target's integers.
        name: Prefix of the ids.
        split: `train`, `valid` or `test`.
        size: Sentences in a block.
        joined: Give a whole block as one note, so that a network reads across sentences.

    Raises:
        DataError: A tag that is not among the classes.
    """
    index = {tag: number for number, tag in enumerate(classes)}
    samples: list[Sample] = []
    for start in range(0, len(text.sentences), size):
        block = f"{name}-{split}-block{start // size:04d}"
        group = text.sentences[start : start + size]
        if joined:
            group = ((sum((t for t, _ in group), ()), sum((g for _, g in group), ())),)
        for number, (tokens, tags) in enumerate(group):
            samples.append(
                Sample(
                    id=block if joined else f"{name}-{split}-{start + number:05d}",
                    patient=block,
                    inputs={"note": note_of(tokens)},
                    target=tag_indices(tags, index, f"{name}, {split} sentence {start + number}"),
                    meta={"split": split},
                )
            )
    return samples


def tag_indices(tags: Sequence[str], index: Mapping[str, int], place: str) -> NDArray[np.int64]:
    """Return the tags as integers.

    Raises:
        DataError: An unknown tag, named with its place.
    """
    unknown = sorted(set(tags) - set(index))
    if unknown:
        raise DataError(f"{place}: tag {unknown[0]!r} is not among {', '.join(index)}; correct the file")
    return np.array([index[tag] for tag in tags], np.int64)


def _checked(tag: str, path: Path, line: int) -> str:
    if tag != "O" and not (tag[:2] in ("B-", "I-") and len(tag) > 2):
        raise DataError(f"{path}, line {line}: tag {tag!r} is not 'O', 'B-<type>' or 'I-<type>'; correct it")
    return tag
