"""cluster_gan: the discriminator's three answers, the generator's rows, and what the section refuses."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset, Subset
from salus.contract.generator import Critic, Generator
from salus.evaluate.predict import score
from salus.schema.errors import DataError, LeakError, UnitError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample, Waveform
from salus.systems.gan.cluster_gan import ClusterGAN, ClusterGanConfig
from salus.systems.registry import create
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.train.run import seed_torch

QUESTION = Question(kind="classification", classes=("survived", "died"), positive="died")
TINY = ClusterGAN.tiny.replace({"bootstraps": 3, "epochs": 3})


def stays(count=160, seed=0, **extra):
    """Two groups of stays (with and without a line), a class that follows the heart rate."""
    rng = np.random.default_rng(seed)
    samples = []
    for n in range(count):
        line, label = n % 2, int(rng.random() < 0.4)
        rate = 80.0 + 25 * label + 8 * rng.normal()
        arterial = 90.0 + 10 * rng.normal() if line else math.nan
        values = {
            "age_years": 60 + 10 * rng.normal(),
            "hr_min": rate - 5,
            "hr_max": rate + 5,
            "hr_count": 40.0 + line * 30,
            "map_min": arterial,
            "map_max": arterial + 20,
            "map_count": 50.0 * line,
            "temp_max": 37.0 + 0.5 * rng.normal(),
            "sex": "F" if rng.random() < 0.5 else "M",
        }
        values = {name: float(v) if not isinstance(v, str) else v for name, v in values.items()} | extra
        samples.append(Sample(id=f"s{n}", patient=f"p{n}", inputs={"row": Row(values=values)}, target=label))
    return ListDataset(samples)


@pytest.fixture(scope="module")
def trained():
    seed_torch(0, 77)
    data = stays()
    system = create("cluster_gan", make(QUESTION), data, TINY.replace({"clusters": 0, "epochs": 12}))
    result = fit(system, Subset(data, range(120)), Subset(data, range(120, 160)), score=score, seed=0)
    return system, data, result


def test_the_recipe_is_the_section_s():
    config = ClusterGanConfig()
    assert config.generator_widths == (128, 256)
    assert (config.critic_widths, config.latent) == ((256, 128), 64)
    assert (config.components, config.most_clusters, config.cluster_weight) == (32, 12, 0.5)
    stage = ClusterGAN.recipe(config).stages[0]
    assert (stage.epochs, stage.batch_size) == (150, 128)
    assert stage.optimizers["generator"].learning_rate == 1e-4
    assert stage.optimizers["critic"].learning_rate == 4e-4
    assert ClusterGAN.recipe(config).watch is not None
    alone = ClusterGAN.recipe(ClusterGanConfig(generator=False))
    assert set(alone.stages[0].optimizers) == {"critic"}
    assert alone.watch is None


def test_clusters_come_from_the_training_part_and_survive_json(trained):
    system, data, _ = trained
    learned = system.fingerprint["clusters"]
    assert learned["k"] == 2
    found = system.clusters(system.collate([data[i] for i in range(len(data))])).numpy()
    assert (found == found[0]).tolist() == (np.arange(160) % 2 == 0).tolist()  # those with a line, and the others
    joint = np.array(system.fingerprint["joint"])
    assert joint.sum() == 160
    assert json.loads(json.dumps(system.fingerprint)) == system.fingerprint
    # Another row changes nothing about the first ones: rows are assigned one at a time.
    assert system.clusters(system.collate([data[3]])).tolist() == [int(found[3])]


def test_the_discriminator_learns_all_three(trained):
    system, data, result = trained
    assert score(system, data)["auroc"] > 0.8
    batch = system.collate([data[i] for i in range(len(data))])
    agreed = (system.critic.cluster_of(batch.inputs["row"]) == batch.inputs["cluster"]).float().mean()
    assert float(agreed) > 0.8
    assert {"diversity", "critic_gap", "gradient_generator"} <= set(result.history[-1])


def test_it_makes_rows_of_a_class_in_their_own_units(trained):
    system, data, _ = trained
    assert isinstance(system, Generator)
    assert isinstance(system, Critic)
    torch.manual_seed(1)
    made = system.synthesize([1] * 20 + [0] * 20 + [None] * 20)
    torch.manual_seed(1)
    again = system.synthesize([1] * 20 + [0] * 20 + [None] * 20)
    assert repr(made) == repr(again)
    assert [sample.target for sample in made[:40]] == [1] * 20 + [0] * 20
    assert {sample.target for sample in made[40:]} == {0, 1}
    for sample in made:
        values = sample.inputs["row"].values
        assert list(values) == list(data[0].inputs["row"].values)
        assert values["sex"] in ("F", "M", "")
        assert values["hr_min"] <= values["hr_max"]
        assert math.isnan(values["map_min"]) == math.isnan(values["map_max"])
        assert (values["map_count"] == 0) == math.isnan(values["map_min"])
        assert 33 < values["temp_max"] < 41
    assert system.collate(made).inputs["row"].shape[0] == 60  # what it makes, it can read
    assert system.synthesize([]) == []
    with pytest.raises(DataError, match=r"class 2 was not in the training part; ask for one of 0 \(survived\)"):
        system.synthesize([2])


def test_every_loss_and_ablation_trains():
    data = stays(64)
    for settings in (
        {"loss": "wasserstein", "penalty": 10.0, "packing": 4},
        {"loss": "hinge", "fake_weight": 0.0},
        {"loss": "least_squares", "mask": 0.1, "ema": 0.9},
        {"generator": False},
        {"model": "mixture", "clusters": 2},
    ):
        seed_torch(0, 77)
        system = create("cluster_gan", make(QUESTION), data, TINY.replace({"epochs": 1, **settings}))
        fit(system, data, None, score=score, seed=0)
        assert math.isfinite(score(system, data)["auroc"])


def test_one_cluster_leaves_no_cluster_loss():
    data = stays(60)
    system = create("cluster_gan", make(QUESTION), data, TINY)
    assert system.groups_found == 1
    system.objectives(system.collate([data[i] for i in range(8)]), "fit")
    assert system.critic.clusters == 1


def recordings(count=80, seed=0, leads=3):
    """Hourly recordings with gaps; the class is the level of the first lead, the second is there for half of them."""
    rng = np.random.default_rng(seed)
    samples = []
    for n in range(count):
        label = n % 2
        array = rng.normal(0, 1, (leads, 10)) + np.array([[80.0 + 6 * label], [60.0], [37.0]])
        array[rng.random(array.shape) < 0.3] = math.nan
        array[1, :] = array[1, :] if n % 4 < 2 else math.nan
        array[2, 0] = 37.0
        wave = Waveform(array=array, rate_hz=1 / 3600, leads=("hr", "map", "temp"), units=("1/min", "mm[Hg]", "Cel"))
        samples.append(Sample(id=f"s{n}", patient=f"p{n}", inputs={"signal": wave}, target=label))
    return ListDataset(samples)


def test_series_with_gaps_are_read_whole():
    data = recordings()
    settings = {"encoder": "series", "memory": 8, "clusters": 2, "epochs": 12}
    seed_torch(0, 77)
    system = create("cluster_gan", make(QUESTION), data, TINY.replace(settings))
    fit(system, data, None, score=score, seed=0)
    assert score(system, data)["auroc"] > 0.9
    found = system.clusters(system.collate([data[i] for i in range(80)])).numpy()
    assert set(found.tolist()) == {0, 1}
    with pytest.raises(UsageError, match="train with encoder=summary to synthesize"):
        system.synthesize([1])
    wave = data[0].inputs["signal"]
    late = dataclasses.replace(wave, array=np.concatenate([wave.array, wave.array], axis=1))
    with pytest.raises(DataError, match=r"20 steps; training had the first 10 \(10 h\): cut what came later"):
        system.collate([dataclasses.replace(data[0], inputs={"signal": late})])


def ask(data, **settings):
    return create("cluster_gan", make(QUESTION), data, TINY.replace(settings))


def test_bad_input_gives_one_clear_error(trained):
    system, data, _ = trained
    for extra, error, said in (
        ({"temp_max": 98.0}, UnitError, "98 is impossible; give degrees Celsius"),
        ({"hr_min": math.inf}, DataError, "'hr_min': the value is infinite"),
        ({"hr_min": "fast"}, DataError, "'fast' is no number"),
    ):
        row = Row(values=dict(data[0].inputs["row"].values) | extra)
        with pytest.raises(error, match=said):
            system.collate([dataclasses.replace(data[0], inputs={"row": row})])
    gone = {
        k: v if k == "sex" or "count" in k or "age" in k else math.nan for k, v in data[0].inputs["row"].values.items()
    }
    with pytest.raises(DataError, match="readings was measured; leave this stay out"):
        system.collate([dataclasses.replace(data[0], inputs={"row": Row(values=gone)})])
    with pytest.raises(DataError, match="5"):
        system.collate([dataclasses.replace(data[0], target=5)])


def test_bad_training_parts_are_refused():
    with pytest.raises(DataError, match="column sofa_max: an outcome or a score"):
        ask(stays(40, sofa_max=3.0))
    with pytest.raises(DataError, match=r"12 clusters of 80 training rows.*ask for at most 4"):
        ask(stays(80), clusters=12)
    one = ListDataset([dataclasses.replace(s, target=0) for s in stays(40).samples])
    with pytest.raises(DataError, match="fewer than two classes"):
        ask(one)
    twice = stays(40)
    twice.samples[1] = twice.samples[0]
    with pytest.raises((DataError, LeakError), match="twice"):
        ask(twice)
