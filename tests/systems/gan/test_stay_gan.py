"""stay_gan: what its paper and its section fix - triage alone, an honest interval, both modes, made-up visits."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset, Subset
from salus.contract.generator import Generator
from salus.data.split import Split
from salus.evaluate.firewall import enforce, inspect
from salus.evaluate.honesty.draw import draw
from salus.evaluate.predict import answer, score
from salus.schema.errors import DataError, LeakError, UnitError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample
from salus.systems import registry
from salus.systems.gan.stay_gan import StayGAN, StayGanConfig
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.train.run import seed_torch

INTERVAL = Question(kind="regression", classes=("0.1", "0.5", "0.9"), unit="min", value_range=(0.0, 6000.0))
BANDS = Question(kind="classification", classes=("below 2 h", "2 to 4 h", "4 to 8 h", "8 h and above"))
TINY = StayGAN.tiny.replace({"group_rows": 20, "epochs": 4})


def visits(count: int = 240, seed: int = 0, homes: int = 24) -> list[Sample]:
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        ill = bool(rng.random() < 0.4)
        values: dict[str, float | str] = {
            "age_years": float(rng.integers(0, 95)),
            "temperature_f": float(np.round(98.2 + ill + 0.5 * rng.normal(), 1))
            if rng.random() < 0.9
            else float("nan"),
            "immediacy": "urgent" if ill else "non-urgent",
            "reason_1": f"{rng.integers(0, 30):03d}",
            "reason_2": f"{rng.integers(0, 30):03d}" if rng.random() < 0.5 else "",
        }
        minutes = float(np.ceil(np.exp(4.5 + 1.0 * ill + 0.5 * rng.normal())))
        found.append(
            Sample(
                id=f"v{number}",
                patient=f"hospital {number % homes}",
                inputs={"row": Row(values=values)},
                target=minutes,
            )
        )
    return found


def trained(samples: list[Sample], question: Question = INTERVAL, **settings: Any) -> StayGAN:
    seed_torch(0, 77)
    data = ListDataset(samples)
    system = registry.create("stay_gan", make(question), data, TINY.replace(settings))
    fit(system, data, Subset(data, range(8)), score=score, seed=0)
    assert isinstance(system, StayGAN)
    return system


@pytest.fixture(scope="module")
def fitted() -> StayGAN:
    return trained(visits())


def changed(sample: Sample, **values: Any) -> Sample:
    row = Row(values={**sample.inputs["row"].values, **values})
    return dataclasses.replace(sample, inputs={"row": row})


def test_an_interval_holds_its_point_and_covers_what_it_says(fitted: StayGAN) -> None:
    fresh = visits(600, seed=1, homes=60)
    found = np.stack([value for value in answer(fitted, ListDataset(fresh)) if value is not None])
    assert found.shape == (600, 3)
    assert (np.diff(found, axis=1) >= 0).all()
    truth = np.array([sample.target for sample in fresh])
    assert 0.7 <= np.mean((found[:, 0] <= truth) & (truth <= found[:, 2])) <= 0.92


def test_hospitals_set_apart_move_no_weight_and_fix_the_interval(fitted: StayGAN) -> None:
    samples = visits()
    assert len(fitted.aside) == round(0.2 * 24)
    longer = [dataclasses.replace(s, target=s.target * 5) if s.patient in fitted.aside else s for s in samples]
    pair = []
    for data in (samples, longer):
        seed_torch(0, 77)
        system = StayGAN(make(INTERVAL), TINY, fitted.fingerprint)
        fit(system, ListDataset(data), None, score=score, seed=0)
        pair.append(system)
    weights = [system.generator.state_dict() for system in pair]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
    first, second = (system.offsets.get_buffer("ends") for system in pair)
    assert (second[:, 1] > first[:, 1]).all()


def test_both_modes_and_the_ablation_have_the_networks_they_need() -> None:
    data = ListDataset(visits(60))
    groups = {
        name: set(registry.create("stay_gan", make(INTERVAL), data, TINY.replace(settings)).groups())
        for name, settings in {"paper": {}, "plain": {"critic": False}, "review": {"mode": "augment"}}.items()
    }
    assert groups == {
        "paper": {"generator", "critic"}, "plain": {"generator"}, "review": {"generator", "maker", "judge"}
    }  # fmt: skip


def test_bands_come_from_the_draws_and_need_their_limits() -> None:
    samples = visits()
    both = [
        dataclasses.replace(s, target={"label": int(np.digitize(s.target, (120, 240, 480))), "value": s.target})
        for s in samples
    ]
    system = trained(both, BANDS)
    found = np.stack([value for value in answer(system, ListDataset(both)) if value is not None])
    assert found.shape == (240, 4)
    assert np.allclose(found.sum(axis=1), 1)
    with pytest.raises(UsageError, match="3 classes, but bands"):
        StayGAN(make(Question(kind="classification", classes=("a", "b", "c"))), TINY, system.fingerprint)


def test_made_up_visits_have_the_columns_and_words_of_training() -> None:
    system = trained(visits(), mode="augment")
    assert isinstance(system, Generator)
    made = draw(system, [30.0, 200.0, None], seed=3)
    assert [s.target for s in made[:2]] == [30.0, 200.0]
    assert made[2].target > 0
    values = made[0].inputs["row"].values
    assert list(values) == list(visits(1)[0].inputs["row"].values)
    assert values["immediacy"] in ("urgent", "non-urgent", "other", "")
    assert values["age_years"] == round(float(values["age_years"]))
    again = draw(system, [30.0, 200.0, None], seed=3)
    assert repr([s.inputs for s in again]) == repr([s.inputs for s in made])
    with pytest.raises(DataError, match="a number above 0"):
        system.synthesize([-5.0])


def test_a_run_without_a_generator_of_rows_says_so(fitted: StayGAN) -> None:
    with pytest.raises(DataError, match="mode=augment"):
        fitted.synthesize([60.0])


@pytest.mark.parametrize("stay", [0.0, -9.0, float("nan"), None, "two hours"])
def test_a_visit_without_a_length_is_refused_in_training(stay: Any) -> None:
    samples = visits(30)
    samples[7] = dataclasses.replace(samples[7], target=stay)
    with pytest.raises(DataError, match=r"v7.*length of stay"):
        StayGAN.measure(ListDataset(samples), TINY)


@pytest.mark.parametrize("column", ["waiting_minutes", "WAITTIME", "procedures", "diagnosis_1", "PATWT", "LOV"])
def test_a_column_from_after_triage_is_refused(column: str) -> None:
    samples = [changed(sample, **{column: 3.0}) for sample in visits(30)]
    with pytest.raises(DataError, match=f"{column} is not known at triage"):
        registry.create("stay_gan", make(INTERVAL), ListDataset(samples), TINY).collate(samples)


@pytest.mark.parametrize(("degrees", "words"), [(986.0, "divided by ten"), (37.0, "37 °C is 98.6")])
def test_a_temperature_in_another_unit_is_refused(fitted: StayGAN, degrees: float, words: str) -> None:
    with pytest.raises(UnitError, match=words):
        fitted.collate([changed(visits(1)[0], temperature_f=degrees)])


def test_an_unknown_code_is_other_and_counted(fitted: StayGAN) -> None:
    strange = [changed(sample, reason_1="99999") for sample in visits(5)]
    assert fitted.space.others(fitted.space.table(strange)) == {"reason_1": 5}
    assert all(value is not None for value in answer(fitted, ListDataset(strange)))


def test_a_hospital_on_both_sides_is_refused() -> None:
    data, places = ListDataset(visits(30, homes=5)), np.arange(30)
    findings = inspect(data, [Split(places[:20], places[20:25], places[25:])])
    with pytest.raises(LeakError, match="patient 'hospital 0' is in"):
        enforce(findings)


def test_no_critic_teaches_the_same_generator() -> None:
    data = ListDataset(visits(60))
    plain, paper = (registry.create("stay_gan", make(INTERVAL), data, StayGanConfig(critic=c)) for c in (False, True))
    assert plain.generator.state_dict().keys() == paper.generator.state_dict().keys()
