"""The forest of toxicity: its own rules, its domain beside the answer, and what it refuses."""

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.evaluate.predict import answer, score
from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.question import Question
from salus.schema.sample import Note, Row, Sample
from salus.store.answers import write_answers
from salus.store.artifact import load, save
from salus.systems import registry
from salus.systems.cnn.nanotox_forest import NanotoxForest
from salus.tasks.registry import make
from salus.train.fit import fit

CLASSES = Question(kind="classification", classes=("nonToxic", "Toxic"), positive="Toxic")
PERCENT = Question(kind="regression", unit="%", value_range=(-20.0, 200.0))
ASSAYS = Question(kind="multilabel", classes=("base", "ring"))


def particles(count: int = 80, *, number: bool = False, omics: bool = False) -> ListDataset:
    rng = np.random.default_rng(0)
    samples = []
    for k in range(count):
        dose, size = float(10 ** rng.uniform(-1, 2)), float(rng.uniform(10, 100))
        oxide = ("ZnO", "TiO2")[k % 2]
        alive = 100.0 - (40 * max(np.log10(dose), 0) if oxide == "ZnO" else 0.0)
        values: dict[str, Any] = {
            "NPs": oxide,
            "coresize": size,
            "dosage": dose,
            "Cellline": ("A549", "L02")[k % 3 == 0],
        }
        if omics:
            values |= {"omics_1": float(rng.normal()), "omics_2": float(rng.normal())}
        target = alive if number else int(alive < 50)
        samples.append(
            Sample(id=f"row_{k}", patient=f"curve_{k // 4}", inputs={"row": Row(values=values)}, target=target)
        )
    return ListDataset(samples)


def compounds() -> ListDataset:
    texts = [f"{'C' * (k % 5 + 1)}{end}" for k in range(30) for end in ("N", "O", "c1ccccc1")]
    found = []
    for k, text in enumerate(texts):
        target = np.array([float("N" in text), np.nan if k % 7 == 0 else float("c1" in text)])
        found.append(Sample(id=f"mol_{k}", patient=f"m{k}", inputs={"note": Note(text=text)}, target=target))
    return ListDataset(found)


def trained(data: ListDataset, question: Question, **settings: Any) -> NanotoxForest:
    config = NanotoxForest.tiny.replace({"trees": 30, **settings})
    torch.manual_seed(0)
    system = registry.create("nanotox_forest", make(question), data, config)
    fit(system, data, None, score=score, seed=0)
    assert isinstance(system, NanotoxForest)
    return system.eval()


def changed(sample: Sample, **values: float | str) -> Sample:
    row = Row(values={**sample.inputs["row"].values, **values})
    return dataclasses.replace(sample, inputs={"row": row}, target=None)


@pytest.fixture(scope="module")
def toxic() -> NanotoxForest:
    return trained(particles(), CLASSES)


def test_sizes_are_those_of_the_page() -> None:
    paper = NanotoxForest.config_type()
    assert (paper.to_dict()["trees"], paper.to_dict()["widths"], paper.to_dict()["fusion"]) == (500, [64, 32], False)
    assert NanotoxForest.small.trees == 200


def test_answers_are_those_of_scikit_learn(toxic: NanotoxForest) -> None:
    from sklearn.ensemble import RandomForestClassifier

    data = particles()
    assert toxic.encoder is not None
    features = toxic.encoder.measured(toxic.collate(data.samples).inputs["row"].numpy())
    torch.manual_seed(9)
    toxic_twin = trained(particles(), CLASSES)
    truth = [s.target for s in data.samples]
    seed = 4
    own = RandomForestClassifier(30, max_features="sqrt", random_state=seed).fit(features, truth)
    toxic_twin.forest.forests[0].take(own)  # type: ignore[operator]
    probability = np.stack([np.asarray(value) for value in answer(toxic_twin, data)])
    wanted = own.predict_proba(features).clip(0.5 / 30, 1)
    assert np.abs(probability - wanted / wanted.sum(axis=1, keepdims=True)).max() < 1e-6


def test_a_dose_beyond_the_range_gets_the_boundary_s_answer_and_the_flag(toxic: NanotoxForest) -> None:
    sample = particles().samples[0]
    top = max(s.inputs["row"].values["dosage"] for s in particles().samples)
    edge, beyond = (changed(sample, dosage=dose) for dose in (top, 1000 * top))
    values = answer(toxic, ListDataset([edge, beyond]))
    assert np.array_equal(np.asarray(values[0]), np.asarray(values[1]))
    assert toxic.outside([beyond])[0].startswith("dosage outside the range")
    assert toxic.remark(sample) == {"inside_domain": "yes", "outside_because": ""}


def test_unknown_words_are_answered_and_flagged(toxic: NanotoxForest) -> None:
    asked = [changed(particles().samples[0], NPs="CeO2"), changed(particles().samples[0], Cellline="HeLa")]
    assert all(value is not None for value in answer(toxic, ListDataset(asked)))
    found = toxic.outside(asked)
    assert "NPs unknown" in found[0]
    assert "Cellline unknown" in found[1]


def test_the_flag_stands_beside_the_written_answer(toxic: NanotoxForest, tmp_path: Path) -> None:
    asked = [particles().samples[0], changed(particles().samples[0], coresize=900.0)]
    write_answers(toxic, asked, answer(toxic, ListDataset(asked)), ["", ""], {}, tmp_path)
    with (tmp_path / "answers.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["inside_domain"] for row in rows] == ["yes", "no"]
    assert "coresize" in rows[1]["outside_because"]


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"dosage": 0.0}, UnitError, "row_0.*dose of 0"),
        ({"coresize": 3e-8}, UnitError, "row_0.*metres"),
        ({"dosage": float("inf")}, DataError, "infinite"),
        ({"viability": 20.0}, DataError, "viability"),
        ({"NPs": 3.0}, DataError, "column of words"),
        ({"colour": "red"}, ShapeError, "colour"),
    ],
)
def test_bad_rows_get_one_clear_error(
    toxic: NanotoxForest, values: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        toxic.collate([changed(particles().samples[0], **values)])


def test_training_refuses_viability_one_class_and_repeated_names() -> None:
    data = particles(8)
    leaky = ListDataset([dataclasses.replace(changed(s, viability=1.0), target=s.target) for s in data.samples])
    same = ListDataset([dataclasses.replace(s, target=0) for s in data.samples])
    twice = ListDataset([data.samples[0], *data.samples])
    for wrong, words in ((leaky, "viability"), (same, "two classes"), (twice, "twice")):
        with pytest.raises(DataError, match=words):
            registry.create("nanotox_forest", make(CLASSES), wrong, NanotoxForest.tiny)


def test_viability_is_answered_in_percent_and_gaps_are_taken() -> None:
    data = particles(number=True)
    holes = [changed(s, coresize=float("nan")) if k % 5 == 0 else s for k, s in enumerate(data.samples)]
    holes = [dataclasses.replace(h, target=s.target) for h, s in zip(holes, data.samples, strict=True)]
    for gaps in ("branch", "median"):
        system = trained(ListDataset(holes), PERCENT, gaps=gaps)
        assert score(system, data)["r2"] > 0.7


@pytest.mark.parametrize("formula", ["circular", "grams"])
def test_compounds_are_answered_by_assay_and_an_odd_one_is_flagged(formula: str, tmp_path: Path) -> None:
    if formula == "circular":
        pytest.importorskip("rdkit")
    data = compounds()
    system = trained(data, ASSAYS, formula=formula, bits=128)
    assert score(system, data)["auroc"] > 0.95
    odd = Sample(id="odd", patient="odd", inputs={"note": Note(text="FC(F)(F)S(=O)(=O)[Na]")})
    assert system.outside([odd]) == ["unlike every training row"]
    named = dataclasses.replace(odd, inputs={"row": Row(values={"smiles": "CCN", "name": "ethylamine"})})
    assert np.asarray(answer(system, ListDataset([named]))[0])[0] > 0.5
    save(system, tmp_path / "run")
    again = load(tmp_path / "run").system
    assert np.array_equal(np.stack(answer(again, data)), np.stack(answer(system, data)))  # type: ignore[arg-type]
    broken = Sample(id="list.csv#3", patient="p", inputs={"note": Note(text="C1CC(")})
    with pytest.raises(DataError, match=r"list.csv#3.*C1CC\("):
        system.collate([broken])


@pytest.mark.parametrize(("question", "number"), [(CLASSES, False), (PERCENT, True)])
def test_fusion_weighs_the_network_on_groups_it_never_saw(question: Question, number: bool) -> None:
    data = particles(number=number, omics=True)
    system = trained(data, question, fusion=True, epochs=20)
    held = set(system.fingerprint["held"])
    owner = {s.id: s.patient for s in data.samples}
    assert 0 < len(held) < 40
    assert not {owner[name] for name in held} & {owner[name] for name in owner.keys() - held}
    assert system.network is not None
    assert system.network.gate is not None
    assert int(system.get_buffer("gates").sum()) == 2
    assert 0.0 <= float(system.get_buffer("forest_share")) <= 1.0
    assert all(value is not None for value in answer(system, data))


def test_scores_out_of_the_bag_are_kept(toxic: NanotoxForest) -> None:
    twin: System = type(toxic)(toxic.task, toxic.config, toxic.fingerprint)
    twin.load_state_dict(toxic.state_dict())
    assert 0.8 < float(twin.get_submodule("forest").get_buffer("out_of_bag")[0]) <= 1.0
