"""PsyTAR: patients' reviews of three psychiatric drugs, with adverse reactions marked in their sentences."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from salus.contract.dataset import ListDataset
from salus.data.documents import Document, Lost, Mention, document_samples, mention_of
from salus.data.entry import Entry, Loaded
from salus.data.iob import iob_classes
from salus.data.readers.table import Columns, read_columns
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Note, Sample

TYPES = ("ADR", "DI", "SSI", "WD")
LABELS = ("ADR", "WD", "EF", "INF", "SSI", "DI", "Findings", "others")


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the sentences: to tag the mentions, or to tell what each sentence speaks of."""
    table = read_columns(folder / "sentences.csv")
    table.need(["drug_id", "sentence_index", "sentences", "drug", *LABELS])
    if options.get("question", "tagging") == "labels":
        return _labelled(table)
    marks = read_columns(folder / "mentions.csv")
    marks.need(["drug_id", "sentence_index", "type", "mention"])
    texts, posts = _texts(table), defaultdict(list)
    for line in range(len(marks)):
        key = (marks.words["drug_id"][line], _whole(marks.words["sentence_index"][line]))
        if key not in texts:
            raise DataError(f"{marks.path}: line {line + 2} marks sentence {key[1]} of {key[0]}, which is not there")
        posts[key].append((marks.words["type"][line], marks.words["mention"][line]))
    documents, loose, twice = _documents(texts, posts)
    drugs = dict(zip(table.words["drug_id"], table.words["drug"], strict=True))
    lost, classes = Lost(), iob_classes(TYPES)
    told = [(document, {"site": drugs[document.id]}) for document in documents]
    samples = list(document_samples(told, classes, whole=False, lost=lost))
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="tagging", classes=classes),
        notes=(
            f"{len(marks):,} mentions; {loose} are worded otherwise than their sentence and cannot be located, "
            f"{twice} are listed twice, {len(lost.overlapping)} lie inside another one: these are kept out of training "
            "and of the figures.",
            f"{len(texts) - len(samples)} blank sentences are left out.",
            "Offsets were found by searching the mention in its sentence: the set gives none.",
        ),
    )


def _labelled(table: Columns) -> Loaded:
    samples = [
        Sample(
            id=f"{post}-{_whole(table.words['sentence_index'][line]):03d}",
            patient=post,
            inputs={"note": Note(text=table.words["sentences"][line])},
            target=np.array([float(table.words[name][line] == "1") for name in LABELS]),
            meta={"site": table.words["drug"][line]},
        )
        for line, post in enumerate(table.words["drug_id"])
    ]
    return Loaded(dataset=ListDataset(samples), question=Question(kind="multilabel", classes=LABELS))


def _texts(table: Columns) -> dict[tuple[str, int], str]:
    texts = {}
    for post, index, text in zip(
        table.words["drug_id"], table.words["sentence_index"], table.words["sentences"], strict=True
    ):
        # one sentence a line: an offset in the line is one in the sentence
        texts[post, _whole(index)] = text.replace("\n", " ")
    return texts


def _documents(
    texts: Mapping[tuple[str, int], str], marks: Mapping[tuple[str, int], Sequence[tuple[str, str]]]
) -> tuple[list[Document], int, int]:
    """Put the sentences of each post one a line, with its mentions; count those not found, and listed twice."""
    lines: dict[str, list[str]] = defaultdict(list)
    mentions: dict[str, list[Mention]] = defaultdict(list)
    loose, twice = 0, 0
    for (post, index), text in texts.items():
        start = sum(len(line) + 1 for line in lines[post])
        whole = "\n".join([*lines[post], text])
        used: set[tuple[str, int]] = set()
        for kind, words in marks.get((post, index), ()):
            spans = [match.span() for match in re.finditer(re.escape(words), text, re.I)] if words else []
            free = [span for span in spans if (kind, span[0]) not in used]
            if not free:
                loose, twice = loose + (not spans), twice + bool(spans)
                continue
            used.add((kind, free[0][0]))
            span = (start + free[0][0], start + free[0][1])
            number = f"T{len(mentions[post]) + 1}"
            mentions[post].append(mention_of(whole, [span], id=number, kind=kind, place=f"post {post}"))
        lines[post].append(text)
    documents = [Document(id=post, text="\n".join(lines[post]), mentions=tuple(mentions[post])) for post in lines]
    return documents, loose, twice


def _whole(word: str) -> int:
    return int(float(word))


ENTRY = Entry(
    name="psytar",
    title="PsyTAR: 4,301 sentences of drug reviews by patients, with adverse reactions, withdrawal and indications",
    modality="text",
    tasks=("tagging", "multilabel"),
    licence="CC BY 4.0 (annotations and corpus; the posts are public AskaPatient reviews)",
    citation="Zolnoori M, Fung KW, Patrick TB, et al. The PsyTAR dataset: from patients generated narratives to a "
    "corpus of adverse drug events and effectiveness of psychiatric medications. Data in Brief 24:103838, 2019.",
    homepage="https://doi.org/10.1016/j.dib.2019.103838",
    patient="the post (drug_id); one person wrote one post",
    split="by post, or leave one drug out (site)",
    traps=(
        "sentences of one post in two parts",
        "mentions that are worded otherwise than the sentence (verbatim = 0) have no place in it",
        "the numbers of sentences are written as 1.0",
    ),
    options={"question": ("tagging", "labels")},
    load=load,
)
