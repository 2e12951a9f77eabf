"""Samples of tagged text, as `salus.data.readers.iob` reads it."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from salus.data.readers.iob import TaggedText, note_of
from salus.schema.errors import DataError
from salus.schema.sample import Sample


def iob_classes(types: Iterable[str]) -> tuple[str, ...]:
    """Return the tag names of entity types: O, then B and I of each type in alphabetical order."""
    return ("O", *(f"{mark}-{kind}" for kind in sorted(types) for mark in "BI"))


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
        notes, marks = text.sentences[start : start + size], text.tags[start : start + size]
        if joined:
            notes = (note_of([token for note in notes for token in note.tokens]),)
            marks = (tuple(chain.from_iterable(marks)),)
        for number, (note, tags) in enumerate(zip(notes, marks, strict=True)):
            samples.append(
                Sample(
                    id=block if joined else f"{name}-{split}-{start + number:05d}",
                    patient=block,
                    inputs={"note": note},
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
