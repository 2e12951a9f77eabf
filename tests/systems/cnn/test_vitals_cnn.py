"""vitals_cnn: groups, gates, arms, and what it refuses."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.data.catalogue import nhanes_2017_2018, vitals_stream
from salus.data.library import load
from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample
from salus.systems.cnn.vitals_cnn import DEFINING, VitalsCNN, VitalsCNNConfig
from salus.systems.registry import create
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.transforms.grouping import rand_index
from salus.transforms.vitals import name_words

BINARY = Question(kind="classification", classes=("ill", "well"), positive="ill")


def table(count=120, seed=0, **extra):
    """Rows of two correlated pairs, one of them opposed; class 0 (ill) has a high first pair."""
    rng = np.random.default_rng(seed)
    samples = []
    for n in range(count):
        label = int(rng.integers(2))
        first, second = rng.normal(1.5 * (1 - label)), rng.normal()
        values = {
            "age": first + 0.3 * rng.normal(),
            "pulse": second + 0.3 * rng.normal(),
            "waist_cm": first + 0.3 * rng.normal(),
            "hdl": -second + 0.3 * rng.normal(),
        }
        values = {name: float(value) for name, value in values.items()} | extra
        samples.append(Sample(id=f"s{n}", patient=f"p{n}", inputs={"row": Row(values=values)}, target=label))
    return ListDataset(samples)


@pytest.fixture(scope="module")
def stream():
    return load("vitals_stream")


def with_classes(*classes, positive=""):
    return make(Question(kind="classification", classes=classes, positive=positive))


def test_groups_by_hand():
    print_ = VitalsCNN.measure(table(), VitalsCNNConfig())
    names = ["age", "pulse", "waist_cm", "hdl"]
    assert {names[i] for i in print_["positive"]} == {"age", "waist_cm"}
    assert {names[i] for i in print_["negative"]} == {"pulse", "hdl"}
    assert sorted(map(sorted, print_["clusters"])) == [[0, 2], [1, 3]]
    assert json.loads(json.dumps(print_)) == print_


def test_patterns_are_pairs_that_go_together():
    system = create("vitals_cnn", make(BINARY), table())
    groups = system.factor_groups()
    found = {tuple(p["items"]) for group in groups for p in group["patterns"]}
    assert (("age", "high"), ("waist_cm", "high")) in found
    assert (("age", "low"), ("waist_cm", "high")) not in found
    assert groups[0]["gates"] == pytest.approx([1 / (1 + math.exp(-2))] * 2)


def test_patterns_hold_readings_alone():
    samples = [
        dataclasses.replace(s, inputs={"row": Row(values={**s.inputs["row"].values, "a": gap, "b": gap, "sex": word})})
        for n, s in enumerate(table(seed=3).samples)
        for gap, word in [(math.nan if n % 3 else 1.0 + n % 2, "f" if n % 2 else "m")]
    ]
    groups = create("vitals_cnn", make(BINARY), ListDataset(samples)).factor_groups()
    items = {item for group in groups for p in group["patterns"] for item in p["items"]}
    assert not {name for name, _ in items} & {"a?", "b?"}
    assert not items & {("sex=f", "low"), ("sex=m", "low")}
    assert ("a", "high") in items


def test_size_is_the_written_one():
    system = create("vitals_cnn", make(BINARY), table())
    branch = (1 * 16 * 3 + 16) + (16 * 32 * 3 + 32)
    assert sum(p.numel() for p in system.parameters()) == 4 + 2 * branch + 32 * 4 + 1


def test_learns_with_the_positive_class_first():
    data = table(300)
    system = create("vitals_cnn", make(BINARY), data, VitalsCNN.tiny.replace({"epochs": 15, "learning_rate": 0.01}))
    fit(system, data, None, score=lambda *_: {}, seed=0)
    test = table(200, seed=1)
    with torch.no_grad():
        answers = system.decode(system(system.collate(test.samples)))
    assert (answers.argmax(axis=1) == [s.target for s in test.samples]).mean() > 0.7


def test_gate_scales_its_factor_and_is_optional():
    system = create("vitals_cnn", make(BINARY), table()).eval()
    batch = system.collate(table().samples[:3])
    with torch.no_grad():
        system.gate[0] = -50.0  # closed: the first factor counts no more
        closed = system(batch)
        batch.inputs["factors"][:, 0] += 5.0
        assert torch.allclose(closed, system(batch))
    bare = create("vitals_cnn", make(BINARY), table(), VitalsCNNConfig(gate=False))
    assert bare.gate is None
    assert next(iter(bare.objectives(bare.collate(table().samples), "fit"))).loss.isfinite()


def test_shuffled_order_keeps_sizes_and_is_repeatable():
    wide = load("vitals_stream", {"inputs": "factors"}).dataset
    plain = VitalsCNN.measure(wide, VitalsCNNConfig())
    mixed = VitalsCNN.measure(wide, VitalsCNNConfig(order="shuffled"))
    assert mixed == VitalsCNN.measure(wide, VitalsCNNConfig(order="shuffled"))
    for sign in ("positive", "negative"):
        assert len(mixed[sign]) == len(plain[sign])
        assert mixed[sign] != plain[sign]
    assert set(mixed["positive"]) | set(mixed["negative"]) == set(range(16))


def test_planted_groups_are_recovered():
    loaded = load("vitals_stream", {"inputs": "factors"})
    clusters = VitalsCNN.measure(loaded.dataset, VitalsCNNConfig())["clusters"]
    found = np.empty(16, dtype=np.int64)
    for number, cluster in enumerate(clusters):
        found[cluster] = number
    assert rand_index(found, vitals_stream.planted().groups) >= 0.8


def test_review_arm_reads_windows(stream):
    task = make(stream.question)
    system = create("vitals_cnn", task, stream.dataset, VitalsCNNConfig(arm="review"))
    batch = system.collate([stream.dataset[i] for i in range(4)])
    assert batch.inputs["factors"].shape == (4, 5, 64)
    assert system(batch).shape == (4, 5)
    assert system.factor_groups()[0]["factors"][3] == "temperature"
    rebuilt = VitalsCNN(task, system.config, json.loads(json.dumps(system.fingerprint)))
    rebuilt.load_state_dict(system.state_dict())
    assert torch.equal(rebuilt.eval()(batch), system.eval()(batch))


def test_a_level_skips_the_convolutions(stream):
    system = create("vitals_cnn", make(stream.question), stream.dataset, VitalsCNNConfig(arm="review")).eval()
    batch = system.collate([stream.dataset[i] for i in range(3)])
    with torch.no_grad():
        before = system(batch)
        batch.inputs["factors"][:, 2] += 1.0  # one deviation more of pulse, all along
        moved = system(batch) - before
    expected = system.merge[1].weight[:, -3]  # the last five inputs of the merge are the levels
    assert torch.allclose(moved, expected.expand_as(moved), atol=1e-5)


def test_review_arm_reads_rows_where_there_are_no_windows():
    system = create("vitals_cnn", make(BINARY), table(), VitalsCNNConfig(arm="review"))
    assert system(system.collate(table().samples)).shape == (120, 1)


@pytest.mark.parametrize(
    ("target", "column"),
    [
        ("diabetes", "hba1c_percent"),
        ("diabetes", "LBXGLU"),
        ("pre-diabetes", "glucose"),
        ("pre_hypertension", "BPXSY1"),
        ("hypertension", "systolic mean"),
        ("obesity", "BMI"),
        ("obesity", "waist_cm"),
    ],
)
def test_defining_columns_are_refused(target, column):
    data = table(**{column: 140.0})
    task = with_classes(f"no {target}", target, positive=target)
    with pytest.raises(DataError, match=column) as error:
        create("vitals_cnn", task, data)
    assert "drop the column" in str(error.value)
    create("vitals_cnn", task, data, VitalsCNNConfig(defining="show"))


def test_defining_columns_are_refused_among_several_classes():
    with pytest.raises(DataError, match="defines 'hypertension'"):
        create("vitals_cnn", with_classes("normal", "hypertension"), table(systolic_mmhg=140.0))
    create("vitals_cnn", with_classes("normal", "gout"), table(systolic_mmhg=140.0))


def test_refused_windows_of_a_defined_class(stream):
    with pytest.raises(DataError, match="glucose defines 'diabetes'"):
        create(
            "vitals_cnn",
            with_classes("normal", "diabetes", "a", "b", "c"),
            stream.dataset,
            VitalsCNNConfig(arm="review"),
        )


def test_table_of_defining_columns_meets_the_catalogue():
    for target, columns in nhanes_2017_2018.DEFINING.items():
        classes = ("diabetes", "hypertension") if target == "five_classes" else (target,)
        words = {word for name in classes for word in DEFINING[name]}
        assert all(name_words(column) & words for column in columns)


@pytest.mark.realdata
@pytest.mark.parametrize("target", ["diabetes", "hypertension", "obesity", "five_classes"])
def test_no_defining_column_in_the_real_table(target, data_root):
    loaded = load("nhanes_2017_2018", {"target": target})
    small = ListDataset([loaded.dataset[i] for i in range(300)])
    create("vitals_cnn", make(loaded.question), small, VitalsCNN.tiny)
    leaky = load("nhanes_2017_2018", {"target": target, "inputs": "leaky"})
    with pytest.raises(DataError, match="must not be its input"):
        create("vitals_cnn", make(leaky.question), ListDataset([leaky.dataset[i] for i in range(300)]), VitalsCNN.tiny)


def test_impossible_readings_are_refused(stream):
    data = table(systolic_mmhg=120.0, diastolic_mmhg=80.0, temperature=36.5, glucose=100.0)
    system = create("vitals_cnn", make(BINARY), data)
    first = data.samples[0]
    for column, value, kind in (
        ("diastolic_mmhg", 130.0, DataError),
        ("temperature", 99.0, UnitError),
        ("glucose", 6.0, UnitError),
    ):
        row = Row(values={**first.inputs["row"].values, column: value})
        with pytest.raises(kind, match="s0"):
            system.collate([dataclasses.replace(first, inputs={"row": row})])
    windowed = create("vitals_cnn", make(stream.question), stream.dataset, VitalsCNNConfig(arm="review"))
    wave = stream.dataset[0].inputs["vitals"]
    short = dataclasses.replace(wave, array=wave.array[:, :32])
    with pytest.raises(ShapeError, match="64 steps"):
        windowed.collate([dataclasses.replace(stream.dataset[0], inputs={"vitals": short})])


def test_an_unheard_diastolic_reading_is_missing():
    data = table(systolic_mmhg=120.0, diastolic_mmhg=80.0)
    samples = [
        dataclasses.replace(s, inputs={"row": Row(values={**s.inputs["row"].values, "diastolic_mmhg": 0.0})})
        if n % 4 == 0
        else s
        for n, s in enumerate(data.samples)
    ]
    system = create("vitals_cnn", make(BINARY), ListDataset(samples))
    place = system.encoder.features.index("diastolic_mmhg?")
    assert system.collate(samples[:2]).inputs["factors"][:, place].tolist() == [1.0, 0.0]
    column = system.encoder.features.index("diastolic_mmhg")
    assert abs(system.collate(samples[:1]).inputs["factors"][0, column]) < 1e-6


def test_one_class_is_refused():
    data = ListDataset([s for s in table().samples if s.target == 1])
    with pytest.raises(DataError, match="two classes"):
        create("vitals_cnn", make(BINARY), data)
