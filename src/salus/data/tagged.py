"""A user's own tagged text: an IOB file, JSON lines with offsets, or a folder of brat files, as a dataset."""

from collections.abc import Mapping
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.documents import Lost, document_samples
from salus.data.entry import Loaded
from salus.data.iob import iob_classes, tag_indices
from salus.data.readers.brat import SUFFIXES as BRAT
from salus.data.readers.brat import read_brat, read_brat_folder
from salus.data.readers.iob import SUFFIXES, looks_like_iob, read_iob
from salus.data.readers.jsonl import SUFFIXES as JSONL
from salus.data.readers.jsonl import read_jsonl
from salus.schema.errors import DataError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Sample

BLOCK, FEWEST = 10, 10
"""Consecutive sentences that count as one patient, because these files do not mark where a document ends; a short file
gets shorter blocks, so that it has ten and can be split."""


def is_tagged(path: Path) -> bool:
    """Tell whether a file is tagged text by its ending or first lines, or a folder by brat files in it."""
    if path.is_dir():
        return any(path.glob(f"*{BRAT[0]}"))
    name = path.name.lower()
    if name.endswith((*SUFFIXES, *BRAT, *JSONL)):
        return True
    if not name.endswith(".tsv"):
        return False
    with path.open("rb") as handle:
        return looks_like_iob(handle.read(20_000).decode("utf-8", errors="ignore"))


def read_tagged(path: Path, options: Mapping[str, str]) -> Loaded:
    """Make each sentence or line of a tagged text a sample whose question is to tag it.

    Args:
        path: IOB: token, tab, tag a line; an empty line ends a sentence. JSON lines, a brat file or a folder of brat
            files: documents with mentions at offsets, each document a patient.
        options: Of IOB `block`: consecutive sentences that are never divided by a split. Of documents `context`:
            `sentence` (a line is a sample, the default) or `document`.

    Raises:
        DataError: As `read_iob`, or no entity at all.
        UsageError: An unknown option, or a block that is no whole number above 0.
    """
    if path.is_dir() or path.name.lower().endswith((*BRAT, *JSONL)):
        return _read_marked(path, options)
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


def _read_marked(path: Path, options: Mapping[str, str]) -> Loaded:
    """Make samples of documents with mentions."""
    unknown = set(options) - {"context"}
    if unknown:
        raise UsageError(f"{path}: no option {sorted(unknown)[0]!r}; documents with mentions take context")
    context = options.get("context", "sentence")
    if context not in ("sentence", "document"):
        raise UsageError(f"{path}: context={context!r}; expected sentence or document")
    if path.is_dir():
        documents = read_brat_folder(path)
    else:
        documents = read_jsonl(path) if path.name.lower().endswith(JSONL) else (read_brat(path),)
    classes = iob_classes({mention.kind for document in documents for mention in document.mentions})
    if len(classes) == 1:
        raise DataError(f"{path}: no mention is marked; there is nothing to learn, mark some first")
    lost = Lost()
    whole = context == "document"
    samples = list(document_samples(((document, {}) for document in documents), classes, whole=whole, lost=lost))
    notes = [f"Document {document.id}: {note}" for document in documents for note in document.notes]
    if lost.discontinuous or lost.overlapping:
        notes.append(
            f"{len(lost.discontinuous)} discontinuous and {len(lost.overlapping)} overlapping mentions cannot be "
            "written as tags: they are not trained on and not counted in the figures."
        )
    question = Question(kind="tagging", classes=classes)
    return Loaded(dataset=ListDataset(samples), question=question, notes=tuple(notes), unit="document")
