"""A user's own tagged text: one IOB file as a dataset of sentences."""

from collections.abc import Mapping
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.entry import Loaded
from salus.data.iob import iob_classes, tag_indices
from salus.data.readers.iob import SUFFIXES, looks_like_iob, read_iob
from salus.schema.errors import DataError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Sample

BLOCK, FEWEST = 10, 10
"""Consecutive sentences that count as one patient, because these files do not mark where a document ends; a short file
gets shorter blocks, so that it has ten and can be split."""


def is_tagged(path: Path) -> bool:
    """Tell whether a file is tagged text, by its ending or, for `.tsv`, by its first lines."""
    name = path.name.lower()
    if name.endswith(SUFFIXES):
        return True
    if not name.endswith(".tsv"):
        return False
    with path.open("rb") as handle:
        return looks_like_iob(handle.read(20_000).decode("utf-8", errors="ignore"))


def read_tagged(path: Path, options: Mapping[str, str]) -> Loaded:
    """Make each sentence of an IOB file a sample whose question is to tag it.

    Args:
        path: Token, tab, tag a line; an empty line ends a sentence.
        options: `block`: consecutive sentences that are never divided by a split.

    Raises:
        DataError: As `read_iob`, or no entity at all.
        UsageError: An unknown option, or a block that is no whole number above 0.
    """
    unknown = set(options) - {"block"}
    if unknown:
        raise UsageError(f"{path}: no option {sorted(unknown)[0]!r}; a tagged text takes block")
    text = read_iob(path)
    given = options.get("block", str(min(BLOCK, max(1, len(text.sentences) // FEWEST))))
    if not given.isdigit() or int(given) < 1:
        raise UsageError(f"{path}: block={given!r}; expected a whole number of sentences above 0")
    size = int(given)
    types = {tag[2:] for tags in text.tags for tag in tags if tag != "O"}
    if not types:
        raise DataError(f"{path}: every tag is O; there is nothing to learn, tag some entities first")
    classes = iob_classes(types)
    index = {tag: number for number, tag in enumerate(classes)}
    samples = [
        Sample(
            id=f"sentence{number + 1}",
            patient=f"block{number // size + 1}",
            inputs={"note": note},
            target=tag_indices(tags, index, f"{path}, sentence {number + 1}"),
        )
        for number, (note, tags) in enumerate(zip(text.sentences, text.tags, strict=True))
    ]
    notes = [
        f"Documents are not marked in this file: {size} consecutive sentences count as one patient (option block). "
        "If a document is longer, the split may cut it."
    ]
    if text.repaired:
        notes.append(f"{text.repaired} I-tags that continued nothing were read as B-tags.")
    return Loaded(dataset=ListDataset(samples), question=Question(kind="tagging", classes=classes), notes=tuple(notes))
