"""A user's own texts with mentions, from brat files and JSON lines, as a dataset."""

import json
from pathlib import Path

import pytest

from salus.data.library import open_data
from salus.data.open import read_any
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Note


def brat(folder: Path) -> Path:
    for number in range(3):
        (folder / f"note{number}.txt").write_text("No fever.\nGiven aspirin, then heparin.\n")
        (folder / f"note{number}.ann").write_text("T1\tDrug 16 23\taspirin\nT2\tDrug 30 37\theparin\nT3\tPlan 10 37\n")
    return folder


def test_a_folder_of_brat_files_is_a_dataset(tmp_path: Path) -> None:
    loaded = open_data(str(brat(tmp_path)))
    assert loaded.question.classes == ("O", "B-Drug", "I-Drug", "B-Plan", "I-Plan")
    assert len(loaded.dataset) == 6
    assert {sample.patient for sample in loaded.dataset} == {"note0", "note1", "note2"}
    second = loaded.dataset[1]
    assert [loaded.question.classes[i] for i in second.target] == [
        "B-Plan",
        "I-Plan",
        "I-Plan",
        "I-Plan",
        "I-Plan",
        "O",
    ]
    assert second.meta["unreachable"] == ("Drug", "Drug")
    assert "6 overlapping" in loaded.notes[0]
    assert len(open_data(f"{tmp_path}:context=document").dataset) == 3
    with pytest.raises(UsageError, match="context"):
        open_data(f"{tmp_path}:context=page")
    with pytest.raises(UsageError, match="no option 'block'"):
        open_data(f"{tmp_path}:block=3")


def test_json_lines_are_a_dataset_and_texts_to_predict(tmp_path: Path) -> None:
    lines = [{"id": n, "text": "No pain.", "label": [[3, 7, "Sign"]]} for n in range(2)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    loaded = open_data(str(path))
    assert [loaded.question.classes[i] for i in loaded.dataset[0].target] == ["O", "B-Sign", "O"]
    assert read_any(path) == [Note(text="No pain.")] * 2
    path.write_text(json.dumps({"text": "No pain."}))
    with pytest.raises(DataError, match="no mention is marked"):
        open_data(str(path))


def test_one_brat_file_is_read_with_its_text(tmp_path: Path) -> None:
    assert read_any(brat(tmp_path) / "note1.ann") == [Note(text="No fever.\nGiven aspirin, then heparin.\n")]
    assert len(open_data(str(tmp_path / "note1.ann")).dataset) == 2
