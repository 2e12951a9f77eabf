"""TwADR-L, fold 0: phrases of short messages and the medical concept each of them means."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.readers.table import decode_utf8, read_text_bytes
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Note, Sample

PARTS = {"train": "train", "validation": "valid", "test": "test"}
FREQUENT = 10


def read_phrases(path: Path) -> list[tuple[str, str, str]]:
    """Return concept id, concept name and phrase of each line.

    Raises:
        DataError: A line without three cells.
    """
    rows = []
    for number, ended in enumerate(decode_utf8(read_text_bytes(path), path).split("\n"), start=1):
        cells = ended.rstrip("\r").split("\t")
        if cells == [""]:
            continue
        if len(cells) != 3 or not all(cell.strip() for cell in cells):
            raise DataError(f"{path}: line {number} has {len(cells)} cells; expected concept id, name and phrase")
        rows.append((cells[0].strip(), cells[1].strip(), cells[2].strip()))
    return rows


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the given fold; by default concepts with ten training phrases or more, and no phrase on two sides."""
    tables = {part: read_phrases(folder / f"TwADR-L.fold-0.{name}.txt") for name, part in PARTS.items()}
    held = {_plain(phrase) for part in ("valid", "test") for _, _, phrase in tables[part]}
    before = len(tables["train"])
    if options.get("repeats", "drop") == "drop":
        tested = {_plain(phrase) for _, _, phrase in tables["test"]}
        tables["train"] = [row for row in tables["train"] if _plain(row[2]) not in held]
        tables["valid"] = [row for row in tables["valid"] if _plain(row[2]) not in tested]
    dropped = before - len(tables["train"])
    counts = Counter(concept for concept, _, _ in tables["train"])
    frequent = options.get("concepts", "frequent") == "frequent"
    concepts = sorted(concept for concept, count in counts.items() if not frequent or count >= FREQUENT)
    samples = [sample for part, rows in tables.items() for sample in _samples(part, rows, concepts)]
    left = sum(map(len, tables.values())) - len(samples)
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=tuple(concepts)),
        notes=(
            f"{dropped} training phrases that stand word for word in validation or test are left out.",
            f"{len(concepts)} concepts; {left} phrases of other concepts are left out, so figures are not those of the "
            "whole task of 2,220 concepts.",
            "Nobody is named: equal phrases count as one patient.",
        ),
        unit="phrase",
    )


def _samples(part: str, rows: Sequence[tuple[str, str, str]], concepts: Sequence[str]) -> list[Sample]:
    index = {concept: number for number, concept in enumerate(concepts)}
    return [
        Sample(
            id=f"{part}-{number:04d}",
            patient=_plain(phrase),
            inputs={"note": Note(text=phrase)},
            target=index[concept],
            meta={"split": part},
        )
        for number, (concept, _, phrase) in enumerate(rows)
        if concept in index
    ]


def _plain(phrase: str) -> str:
    return " ".join(phrase.casefold().split())


ENTRY = Entry(
    name="twadr_l",
    title="TwADR-L: phrases of short messages mapped to medical concepts (fold 0)",
    modality="text",
    tasks=("classification",),
    licence="CC BY 4.0",
    citation="Limsopatham N, Collier N. Normalising medical concepts in social media texts by learning semantic "
    "representation. ACL 2016, 1014-1023.",
    homepage="https://doi.org/10.5281/zenodo.55013",
    patient="the phrase, whatever its capitals",
    split="given: fold 0",
    traps=(
        "90 of the 143 test phrases stand in the training file word for word: a table would answer them",
        "most concepts have one or two phrases",
        "the same phrase has several concepts",
    ),
    options={"concepts": ("frequent", "all"), "repeats": ("drop", "keep")},
    load=load,
)
