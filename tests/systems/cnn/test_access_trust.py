"""Access by gait and by circumstances: what the papers fix, enrolment of new people, and every bad input named."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.evaluate.predict import answer, score
from salus.schema.errors import ConfigError, DataError, ShapeError, UnitError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample, Waveform
from salus.systems import registry
from salus.systems.cnn.access_risk import AccessRisk, AccessRiskConfig
from salus.systems.cnn.access_trust import AccessTrust, AccessTrustConfig
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.train.run import seed_torch

LEADS = tuple(f"{tag}_{axis}" for tag in ("chest", "ankle") for axis in ("ax", "ay", "az", "gx", "gy", "gz"))
PEOPLE = ("ann", "bob", "cy", "dee")


def walk(person: int, number: int, length: int = 80) -> Sample:
    """Return a walk whose pace and stride are the person's own."""
    rng = np.random.default_rng([person, number])
    time = np.arange(length) / 20 + rng.uniform(0, 1)
    pace, weights = 1.4 + 0.35 * person, np.random.default_rng(person).normal(size=(12, 2))
    array = weights[:, :1] * np.sin(2 * np.pi * pace * time) + weights[:, 1:] * np.cos(4 * np.pi * pace * time)
    array = 0.4 * array + 0.05 * rng.normal(size=array.shape)
    array[[2, 8]] += 1.0
    gait = Waveform(array=array, rate_hz=20.0, leads=LEADS, units=(("g",) * 3 + ("deg/s",) * 3) * 2)
    return Sample(id=f"{person}-{number}", patient=PEOPLE[person], inputs={"gait": gait}, target=person)


def trained(people: int = 3, **settings: object) -> AccessTrust:
    data = ListDataset([walk(person, number) for person in range(people) for number in range(8)])
    config = AccessTrustConfig(widths=(8, 8), kernels=(7, 5), embedding=8, softmax_epochs=4, epochs=4).replace(settings)
    task = make(Question(kind="verification", classes=PEOPLE[:people]))
    seed_torch(0, 77)
    system = registry.create("access_trust", task, data, config)
    fit(system, data, None, score=score, seed=0)
    assert isinstance(system, AccessTrust)
    return system


def test_the_paper_size_has_the_layers_of_the_recipe() -> None:
    task = make(Question(kind="verification", classes=PEOPLE))
    facts = {"leads": list(LEADS), "chosen": list(range(12)), "mean": [0.0] * 12, "spread": [1.0] * 12}
    system = AccessTrust(task, AccessTrustConfig(), facts)
    shapes = [tuple(m.weight.shape) for m in system.encoder.features if isinstance(m, torch.nn.Conv1d)]
    assert shapes == [(32, 12, 7), (64, 32, 5), (128, 64, 3)]
    assert system.people.shape == (4, 128)
    stages = AccessTrust.recipe(AccessTrustConfig()).stages
    assert [(stage.name, stage.epochs, stage.batch_size) for stage in stages] == [
        ("softmax", 20, 64),
        ("margin", 40, 64),
    ]
    risk = AccessRiskConfig()
    assert (risk.widths, risk.gamma) == ((64, 32), 2.0)


def test_people_are_known_by_the_cosine_to_their_enrolled_mean() -> None:
    system = trained()
    samples = [walk(person, 50) for person in range(3)]
    scores = np.stack(answer(system, ListDataset(samples)))
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
    assert np.abs(scores).max() <= 1 + 1e-5
    assert torch.allclose(system.centres.norm(dim=1), torch.ones(3), atol=1e-5)


def test_new_people_are_enrolled_without_training() -> None:
    system = trained()
    before = {name: tensor.clone() for name, tensor in system.state_dict().items()}
    centres = system.enrol([walk(person, number) for person in range(4) for number in range(20, 24)], 4)
    with torch.no_grad():
        own = system.embed_windows(system.collate([replace(walk(3, 60), target=None)])) @ centres.T
    assert int(own.argmax()) == 3
    assert all(torch.equal(tensor, before[name]) for name, tensor in system.state_dict().items())


def test_a_longer_walk_is_answered_by_all_its_windows() -> None:
    system = trained()
    long = walk(1, 70, length=200)
    assert system.collate([long, walk(0, 1)]).inputs["usable"].sum(dim=1).tolist() == [7, 1]
    assert int(np.argmax(answer(system, ListDataset([long]))[0])) == 1


def test_tags_and_orientation_are_settings() -> None:
    assert len(trained(tags=["ankle"]).chosen) == 6
    turned = trained(orientation="level")
    sample = walk(0, 5)
    wave = sample.inputs["gait"]
    upside = np.array(wave.array)
    upside[:3] *= np.array([[1], [-1], [-1]])
    flipped = replace(sample, inputs={"gait": replace(wave, array=upside)})
    pair = [np.asarray(value) for value in answer(turned, ListDataset([sample, flipped]))]
    assert pair[0] == pytest.approx(pair[1], abs=1e-5)
    with pytest.raises(ConfigError, match="name whole tags"):
        trained(tags=["knee"])


def changed(**fields: object) -> Sample:
    sample = walk(0, 1)
    return replace(sample, inputs={"gait": replace(sample.inputs["gait"], **fields)})


@pytest.mark.parametrize(
    ("sample", "kind", "words"),
    [
        (changed(rate_hz=50.0), ShapeError, "50 Hz; people were enrolled at 20 Hz"),
        (changed(array=40 * np.ones((12, 80))), UnitError, "above 16 g"),
        (changed(array=np.full((12, 80), np.nan)), DataError, "100% of the packets"),
        (changed(array=np.ones((12, 79))), ShapeError, "at least 80"),
        (changed(leads=LEADS[6:] + LEADS[:6]), ShapeError, "in this order"),
        (replace(walk(0, 1), target=9), DataError, "person 9; expected 0 to 2"),
        (replace(walk(0, 1), inputs={}), ShapeError, "no input 'gait'"),
    ],
)
def test_bad_recordings_are_refused(sample: Sample, kind: type[Exception], words: str) -> None:
    task = make(Question(kind="verification", classes=PEOPLE[:3]))
    facts = {"leads": list(LEADS), "chosen": list(range(12)), "mean": [0.0] * 12, "spread": [1.0] * 12}
    with pytest.raises(kind, match=words):
        AccessTrust(task, AccessTrust.tiny, facts).collate([sample])


def test_training_parts_that_cannot_teach_are_refused() -> None:
    with pytest.raises(DataError, match="fewer than two classes"):
        AccessTrust.measure(ListDataset([walk(0, 1), walk(0, 2)]), AccessTrust.tiny)
    with pytest.raises(DataError, match="occurs twice"):
        AccessTrust.measure(ListDataset([walk(0, 1), walk(0, 1), walk(1, 1)]), AccessTrust.tiny)


def requests(count: int = 60) -> ListDataset:
    rng = np.random.default_rng(0)
    rows = [
        {"reads": float(rng.lognormal(2, 2)), "trust": float(rng.random()), "role": str(rng.choice(["nurse", "clerk"]))}
        for _ in range(count)
    ]
    return ListDataset(
        [Sample(id=str(n), patient=str(n), inputs={"row": Row(values=row)}, target=n % 2) for n, row in enumerate(rows)]
    )


def test_left_out_columns_are_not_read() -> None:
    data = requests()
    task = make(Question(kind="classification", classes=("honest", "misuse")))
    config = AccessRiskConfig(leave_out=("trust",), epochs=1)
    system = AccessRisk(task, config, AccessRisk.measure(data, config))
    sample = data[0]
    lied = replace(sample, inputs={"row": Row(values={**sample.inputs["row"].values, "trust": 99.0})})
    both = system.collate([sample, lied]).inputs["row"]
    assert torch.equal(both[0], both[1])
    assert system.encoder.columns == ("reads", "role")


def test_one_wild_number_is_cut() -> None:
    data = requests()
    task = make(Question(kind="classification", classes=("honest", "misuse")))
    system = AccessRisk(task, AccessRiskConfig(), AccessRisk.measure(data, AccessRiskConfig()))
    wild = replace(data[0], inputs={"row": Row(values={**data[0].inputs["row"].values, "reads": 1e12})})
    assert system.collate([wild]).inputs["row"].abs().max() <= 5.0
    with pytest.raises(DataError, match="infinite"):
        system.collate([replace(wild, inputs={"row": Row(values={**wild.inputs["row"].values, "reads": np.inf})})])
    with pytest.raises(ShapeError, match="lacks role"):
        system.collate([replace(wild, inputs={"row": Row(values={"reads": 1.0, "trust": 0.5})})])
