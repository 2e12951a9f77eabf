"""Options of the two sets about toxicity: what is asked, what stays together, and the split by scaffold."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from salus.data import library
from salus.data.catalogue import tox21
from salus.schema.errors import DataError

NANO = "NPs\tcoresize\tCellline\tdosage\tviability\tclass\n"
ROWS = "CuO\t46\tA549\t1\t90\tnonToxic\nCuO\t46\tL02\t10\t20\tToxic\nZnO\t30\tA549\t100\t80\tnonToxic\n"


@pytest.fixture
def nano(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SALUS_DATA", str(tmp_path))
    (tmp_path / "nanotox_metal_oxide").mkdir()
    path = tmp_path / "nanotox_metal_oxide" / "nanotox.tsv"
    path.write_text(NANO + ROWS)
    return path


def test_groups_targets_and_doses(nano: Path) -> None:
    found = library.load("nanotox_metal_oxide", {"target": "viability", "group": "oxide", "dose": "log10"})
    samples = [found.dataset[i] for i in range(3)]
    assert [s.target for s in samples] == [90.0, 20.0, 80.0]
    assert [s.patient for s in samples] == ["CuO", "CuO", "ZnO"]
    assert samples[2].inputs["row"].values["log10_dosage"] == 2.0
    assert not {"dosage", "viability", "class"} & set(samples[0].inputs["row"].values)
    assert (found.question.kind, found.question.unit, found.unit) == ("regression", "%", "oxide")
    lines = library.load("nanotox_metal_oxide", {"group": "cell_line"})
    assert [lines.dataset[i].patient for i in range(3)] == ["A549", "L02", "A549"]
    dealt = library.load("nanotox_metal_oxide", {"target": "scrambled"})
    assert sorted(dealt.dataset[i].target for i in range(3)) == [20.0, 80.0, 90.0]


@pytest.mark.parametrize(
    ("old", "new", "words"), [("\t1\t90", "\t0\t90", "dosage"), ("\t20\t", "\t2000\t", "viability")]
)
def test_impossible_cells_are_refused(nano: Path, old: str, new: str, words: str) -> None:
    nano.write_text(NANO + ROWS.replace(old, new))
    with pytest.raises(DataError, match=words):
        library.load("nanotox_metal_oxide", {"target": "viability", "dose": "log10"})


def test_scaffolds_are_divided_only_on_purpose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rdkit")
    monkeypatch.setenv("SALUS_DATA", str(tmp_path))
    (tmp_path / "tox21").mkdir()
    smiles = [f"{'C' * n}c1ccccc1" for n in range(1, 9)] + ["C1CCCCC1C", "C[Al](C)(C)(C)(C)C"]
    head = ",".join((*tox21.ASSAYS, "mol_id", "smiles"))
    lines = [",".join(["1", *["0"] * 11, f"T{n}", text]) for n, text in enumerate(smiles)]
    (tmp_path / "tox21" / "tox21.csv.gz").write_bytes(gzip.compress("\n".join([head, *lines]).encode()))
    options = {"features": "smiles", "split": "scaffold"}
    found = library.load("tox21", options)
    assert len(found.dataset) == 9
    assert any("left out" in note for note in found.notes)
    sides = {found.dataset[i].patient: found.dataset[i].meta["split"] for i in range(9)}
    assert sides == {"c1ccccc1": "test", "C1CCCCC1": "test"}  # 8 of 9 would be more than 80 %
    leaky = library.load("tox21", {**options, "split": "random"})
    assert [leaky.dataset[i].meta["split"] for i in range(9)].count("train") == 8
    assert all(np.isfinite(leaky.dataset[i].target).all() for i in range(9))
