"""MACCROBAT2020: clinical case reports with 41 types of entities and events."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.documents import Document, Lost, document_samples
from salus.data.entry import Entry, Loaded
from salus.data.iob import iob_classes
from salus.data.readers.jsonl import read_jsonl
from salus.schema.question import Question


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the documents; 80 / 10 / 10 by document, ordered by a hash of the document's number."""
    documents = read_jsonl(folder / "train.jsonl")
    classes = iob_classes({mention.kind for document in documents for mention in document.mentions})
    lost = Lost()
    whole = options.get("context", "sentence") == "document"
    samples = list(document_samples(_split(documents), classes, whole=whole, lost=lost))
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="tagging", classes=classes),
        notes=(
            f"{len(lost.discontinuous)} discontinuous and {len(lost.overlapping)} overlapping mentions cannot be "
            "written as IOB tags: they are kept out of training and count as missed in the table of types.",
            "Types with fewer than 30 mentions in the test part get no claim.",
        ),
    )


def _split(documents: Sequence[Document]) -> list[tuple[Document, dict[str, str]]]:
    ordered = sorted(documents, key=lambda document: hashlib.sha256(document.id.encode()).hexdigest())
    tenth = len(ordered) // 10
    names = ["test"] * tenth + ["valid"] * tenth + ["train"] * (len(ordered) - 2 * tenth)
    return [(document, {"split": name}) for document, name in zip(ordered, names, strict=True)]


ENTRY = Entry(
    name="maccrobat2020",
    title="MACCROBAT2020: 150 clinical case reports with 41 types of mentions",
    modality="text",
    tasks=("tagging",),
    licence="CC BY 4.0",
    citation="Caufield JH, Zhou Y, Bai Y, Liem DA, Garlid AO, Chang KW, Sun Y, Ping P, Wang W. A comprehensive typing "
    "system for information extraction from clinical narratives. medRxiv 19009118, 2019.",
    homepage="https://doi.org/10.6084/m9.figshare.9764942",
    patient="document (one case report)",
    split="by document, 80 / 10 / 10 in the order of a hash",
    traps=("sentences of one report in two parts", "types with a handful of mentions"),
    options={"context": ("sentence", "document")},
    load=load,
)
