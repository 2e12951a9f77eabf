"""MACCROBAT2020: clinical case reports with 41 types of entities and events."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.iob import iob_classes, tag_indices
from salus.data.readers.table import decode_utf8, read_text_bytes
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Note, Sample

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


@dataclass
class _Lost:
    """Mentions that IOB tags cannot hold, by split: `(document, type)` of each."""

    discontinuous: list[str] = field(default_factory=list)
    overlapping: list[str] = field(default_factory=list)


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the documents; 80 / 10 / 10 by document, ordered by a hash of the document's number."""
    documents = list(_documents(folder / "train.jsonl"))
    kinds = sorted({str(entity["type"]) for document in documents for entity in document["entities"]})
    classes = iob_classes(kinds)
    index = {tag: number for number, tag in enumerate(classes)}
    whole = options.get("context", "sentence") == "document"
    lost, samples = _Lost(), []
    for document, split in _split(documents):
        text, name = document["text"], str(document["doc_id"])
        tokens = [match.span() for match in _TOKEN.finditer(text)]
        tags, missed = _tags(document, tokens, lost)
        ranges = [(0, len(text))] if whole else [match.span() for match in re.finditer(r"[^\n]+", text)]
        for number, (start, stop) in enumerate(ranges):
            inside = [place for place, (a, b) in enumerate(tokens) if a >= start and b <= stop]
            if not inside:
                continue
            note = Note(
                text=text[start:stop],
                tokens=tuple(text[slice(*tokens[place])] for place in inside),
                offsets=tuple((tokens[place][0] - start, tokens[place][1] - start) for place in inside),
            )
            label = f"{name}-{number:03d}"
            here = [kind for kind, at in missed if start <= at < stop]
            samples.append(
                Sample(
                    id=label,
                    patient=name,
                    inputs={"note": note},
                    target=tag_indices([tags[place] for place in inside], index, f"document {name}"),
                    # Mentions of the truth that no tag sequence can hold; checks count them as missed.
                    meta={"split": split, "unreachable": tuple(here)},
                )
            )
    return Loaded(
        unit="case report",
        dataset=ListDataset(samples),
        question=Question(kind="tagging", classes=classes),
        notes=(
            f"{len(lost.discontinuous)} discontinuous and {len(lost.overlapping)} overlapping mentions cannot be "
            "written as IOB tags: they are kept out of training and count as missed in the table of types.",
            "Types with fewer than 30 mentions in the test part get no claim.",
        ),
    )


def _documents(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(decode_utf8(read_text_bytes(path), path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}, line {number}: not JSON ({error}); fetch the file again") from None
        for entity in document["entities"]:
            for start, stop in entity["spans"]:
                if not 0 <= start < stop <= len(document["text"]):
                    raise DataError(
                        f"{path}, document {document['doc_id']}: mention {entity['id']} at {start} to {stop} lies "
                        f"beyond the text's {len(document['text'])} letters; correct its offsets"
                    )
        yield document


def _split(documents: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    ordered = sorted(documents, key=lambda d: hashlib.sha256(str(d["doc_id"]).encode()).hexdigest())
    tenth = len(ordered) // 10
    names = ["test"] * tenth + ["valid"] * tenth + ["train"] * (len(ordered) - 2 * tenth)
    return list(zip(ordered, names, strict=True))


def _tags(
    document: Mapping[str, Any], tokens: list[tuple[int, int]], lost: _Lost
) -> tuple[list[str], list[tuple[str, int]]]:
    """Return one tag a token, and type and place of mentions that have none; of two that overlap the longer stays."""
    tags, missed = ["O"] * len(tokens), []
    spans = sorted(
        ((e["spans"], str(e["type"])) for e in document["entities"]),
        key=lambda pair: (pair[0][0][0] - pair[0][-1][1], pair[0], pair[1]),
    )
    for pieces, kind in spans:
        start, stop = pieces[0][0], pieces[-1][1]
        covered = [place for place, (a, b) in enumerate(tokens) if a < stop and b > start]
        if len(pieces) > 1 or not covered or any(tags[place] != "O" for place in covered):
            (lost.discontinuous if len(pieces) > 1 else lost.overlapping).append(kind)
            missed.append((kind, start))
            continue
        for place in covered:
            tags[place] = f"{'B' if place == covered[0] else 'I'}-{kind}"
    return tags, missed


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
