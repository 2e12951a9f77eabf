"""Sets whose rows are no patients: particles, compounds, connections."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from salus.data import library
from salus.data.catalogue import nsl_kdd, tox21
from salus.data.cohort import cohort_of
from salus.schema.errors import DataError
from salus.schema.sample import Note
from salus.tasks.registry import make

NANO = "NPs\tcoresize\tCellline\tdosage\tviability\tclass\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SALUS_DATA", str(tmp_path))
    for name in ("nanotox_metal_oxide", "tox21", "nsl_kdd"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_a_dose_curve_stays_together_and_viability_is_no_input(folder: Path) -> None:
    rows = "CuO\t46\tA549\t1\t90\tnonToxic\nCuO\t46\tA549\t10\t20\tToxic\nZnO\t30\tA549\t1\t80\tnonToxic\n"
    (folder / "nanotox_metal_oxide" / "nanotox.tsv").write_text((NANO + rows).replace("\n", "\r\n"))
    loaded = library.load("nanotox_metal_oxide")
    samples = [loaded.dataset[i] for i in range(3)]
    assert [s.patient for s in samples] == ["CuO 46 A549", "CuO 46 A549", "ZnO 30 A549"]
    assert [s.target for s in samples] == [0, 1, 0]
    assert set(samples[0].inputs["row"].values) == {"NPs", "coresize", "Cellline", "dosage"}
    (folder / "nanotox_metal_oxide" / "nanotox.tsv").write_text(NANO + rows.replace("nonToxic", "mild"))
    with pytest.raises(DataError, match="class 'mild'"):
        library.load("nanotox_metal_oxide")


def compounds(folder: Path) -> None:
    head = ",".join((*tox21.ASSAYS, "mol_id", "smiles"))
    cells = [",".join(["1", "", *["0"] * 10]), ",".join(["0"] * 12), ",".join([""] * 11 + ["1"])]
    smiles = ("CCOc1ccccc1", "Cc1ccccc1", "CCO")
    lines = [f"{c},TOX{n},{s}" for n, (c, s) in enumerate(zip(cells, smiles, strict=True))]
    (folder / "tox21" / "tox21.csv.gz").write_bytes(gzip.compress("\n".join([head, *lines]).encode()))


def test_what_an_assay_did_not_measure_is_not_known(folder: Path) -> None:
    pytest.importorskip("rdkit")
    compounds(folder)
    loaded = library.load("tox21")
    assert [np.isnan(loaded.dataset[i].target).sum() for i in range(3)] == [1, 0, 11]
    assert [loaded.dataset[i].patient for i in range(3)] == ["c1ccccc1", "c1ccccc1", "alone TOX2"]
    row = loaded.dataset[2].inputs["row"].values
    assert row["mass_da"] == pytest.approx(46.0419, abs=1e-3)
    assert (row["donors"], row["rings"], row["heavy_atoms"]) == (1, 0, 3)
    one = library.load("tox21", {"assay": "NR-AR", "features": "fingerprint"})
    assert [one.dataset[i].target for i in range(len(one.dataset))] == [1, 0]
    assert len(one.dataset[0].inputs["row"].values) == 13 + tox21.BITS


def test_formulas_need_no_chemistry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tox21, "_molecules", lambda formulas: pytest.fail("RDKit was asked"))
    compounds(folder)
    loaded = library.load("tox21", {"features": "smiles", "group": "molecule"})
    note = loaded.dataset[2].inputs["note"]
    assert isinstance(note, Note)
    assert "".join(note.tokens) == note.text == "CCO"
    assert loaded.dataset[2].patient == "TOX2"


def connection(label: str, difficulty: str = "21") -> str:
    return ",".join(["0", "tcp", "http", "SF", *["1"] * 37, label, difficulty])


@pytest.mark.parametrize("plain", [False, True])
def test_connections_are_read_with_and_without_a_header(folder: Path, plain: bool) -> None:
    train = [connection("normal"), connection("neptune")]
    test = [connection("normal"), connection("mscan"), connection("warezmaster")]
    for lines, named, official in ((train, *nsl_kdd._PARTS[0][1:]), (test, *nsl_kdd._PARTS[1][1:])):
        if plain:
            (folder / "nsl_kdd" / official).write_text("\n".join(lines))
        else:
            text = "\n".join([",".join(nsl_kdd.COLUMNS), *lines])
            (folder / "nsl_kdd" / named).write_bytes(gzip.compress(text.encode()))
    loaded = library.load("nsl_kdd")
    samples = [loaded.dataset[i] for i in range(5)]
    assert [s.target for s in samples] == [0, 1, 0, 1, 1]
    assert [s.meta["split"] for s in samples] == ["train"] * 2 + ["test"] * 3
    values = samples[0].inputs["row"].values
    assert len(values) == 41
    assert not {"label", "difficulty"} & set(values)
    assert (values["protocol_type"], values["duration"]) == ("tcp", 0.0)
    assert "2 kinds of attack" in loaded.notes[1]
    family = library.load("nsl_kdd", {"target": "family"})
    names = [family.question.classes[family.dataset[i].target] for i in range(5)]
    assert names == ["normal", "dos", "normal", "probe", "remote_to_local"]


def test_an_unknown_attack_is_refused(folder: Path) -> None:
    for _, _, official in nsl_kdd._PARTS:
        (folder / "nsl_kdd" / official).write_text(connection("gossip"))
    with pytest.raises(DataError, match="label 'gossip'"):
        library.load("nsl_kdd")


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "counts", "patients"),
    [
        ("nanotox_metal_oxide", {"Toxic": 78, "nonToxic": 405}, 25),
        ("nsl_kdd", {"attack": 24576, "normal": 23160}, 47736),
        ("tox21:features=smiles,group=molecule", {"none": 4959, "some": 2872}, 7831),
    ],
)
def test_the_real_tables_have_their_documented_counts(
    data_root: Path, name: str, counts: dict[str, int], patients: int
) -> None:
    loaded = library.open_data(name)
    who = cohort_of(loaded.dataset, make(loaded.question).stratum)
    assert {label: who.labels.count(label) for label in set(who.labels)} == counts
    assert len(set(who.patients)) == patients
