"""The three tagged corpora, from tiny files and, where they are, from the real ones."""

import json
import os
from pathlib import Path

import pytest

from salus.data import library
from salus.data.catalogue import bc5cdr, maccrobat2020, ncbi_disease
from salus.metrics.spans import spans
from salus.schema.errors import DataError

DATA = Path(os.environ.get("SALUS_DATA", "missing"))


def write_iob(path, count, kind="Disease"):
    path.write_text("".join(f"word{n}\tO\npain\tB-{kind}\n\n" for n in range(count)), encoding="utf-8")


def by_split(loaded):
    parts = {}
    for sample in loaded.dataset.samples:
        parts.setdefault(sample.meta["split"], []).append(sample)
    return parts


def test_bc5cdr_keeps_the_last_tenth_and_a_gap(tmp_path):
    write_iob(tmp_path / "train.tsv", 600)
    write_iob(tmp_path / "devel.tsv", 12, "Chemical")
    parts = by_split(bc5cdr.load(tmp_path, {}))
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 540, "valid": 40, "test": 12}
    assert parts["valid"][0].inputs["note"].tokens[0] == "word560"
    patients = [{row.patient for row in rows} for rows in parts.values()]
    assert sum(map(len, patients)) == len(set.union(*patients))


def test_ncbi_keeps_the_official_parts(tmp_path):
    for name, count in (("train", 30), ("devel", 20), ("test", 10)):
        write_iob(tmp_path / f"{name}.tsv", count)
    parts = by_split(ncbi_disease.load(tmp_path, {"context": "block"}))
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 3, "valid": 2, "test": 1}


def document(number, entities, text="He had severe chest\nand back pain."):
    return {"doc_id": str(number), "text": text, "entities": entities}


def entity(kind, *pieces):
    return {"id": "T1", "type": kind, "spans": [list(piece) for piece in pieces], "text": ""}


def write_reports(folder, documents):
    (folder / "train.jsonl").write_text("".join(json.dumps(d) + "\n" for d in documents), encoding="utf-8")


def test_case_reports_split_by_document_and_keep_what_tags_cannot_hold(tmp_path):
    entities = [
        entity("Sign_symptom", (24, 33)),
        entity("Severity", (7, 13)),
        entity("Sign_symptom", (14, 19), (29, 33)),
        entity("Detailed_description", (24, 28)),
    ]
    write_reports(tmp_path, [document(n, entities) for n in range(20)])
    loaded = maccrobat2020.load(tmp_path, {})
    parts = by_split(loaded)
    assert {name: len({s.patient for s in rows}) for name, rows in parts.items()} == {
        "train": 16,
        "valid": 2,
        "test": 2,
    }
    first, second = parts["test"][:2]
    names = loaded.question.classes
    assert first.inputs["note"].tokens == ("He", "had", "severe", "chest")
    assert spans([names[tag] for tag in first.target]) == [(2, 3, "Severity")]
    assert spans([names[tag] for tag in second.target]) == [(1, 3, "Sign_symptom")]
    assert first.meta["unreachable"] == ("Sign_symptom",)
    assert second.meta["unreachable"] == ("Detailed_description",)
    note = second.inputs["note"]
    assert [note.text[a:b] for a, b in note.offsets] == list(note.tokens)
    assert "20 discontinuous and 20 overlapping" in loaded.notes[0]
    whole = maccrobat2020.load(tmp_path, {"context": "document"})
    assert len(whole.dataset) == 20
    assert whole.dataset[0].inputs["note"].text.count("\n") == 1


def test_case_report_with_an_offset_beyond_its_end(tmp_path):
    write_reports(tmp_path, [document(7, [entity("Age", (0, 99))])])
    with pytest.raises(DataError, match="document 7: mention T1 at 0 to 99 lies beyond"):
        maccrobat2020.load(tmp_path, {})
    (tmp_path / "train.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="line 1: not JSON"):
        maccrobat2020.load(tmp_path, {})


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "counts", "mentions"),
    [
        ("bc5cdr", {"train": 4104, "valid": 436, "test": 4581}, 5347 + 4246),
        ("ncbi_disease", {"train": 5424, "valid": 923, "test": 940}, 960),
        ("maccrobat2020", {"train": 2724, "valid": 327, "test": 343}, None),
    ],
)
def test_the_real_files_hold_what_their_page_says(name, counts, mentions):
    if not (DATA / name).is_dir():
        pytest.skip(f"{name} is not below SALUS_DATA")
    loaded = library.load(name)
    parts = by_split(loaded)
    assert {split: len(rows) for split, rows in parts.items()} == counts
    assert len({s.id for s in loaded.dataset.samples}) == sum(counts.values())
    names = loaded.question.classes
    if mentions:
        assert sum(len(spans([names[tag] for tag in s.target])) for s in parts["test"]) == mentions
