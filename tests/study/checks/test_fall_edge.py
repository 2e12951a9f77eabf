"""Figures of the fall detection study that are no training."""

from types import SimpleNamespace

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.metrics.operating_point import tempered
from salus.schema.question import Question
from salus.schema.sample import Sample, Waveform
from salus.study.checks.fall_edge import activities, board, locked_probability, outage, traffic
from salus.systems.registry import create, find
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.train.run import seed_torch

LEADS = ("ax", "ay", "az", "gx", "gy", "gz")


def _trials(count):
    rng = np.random.default_rng(0)
    samples = []
    for number in range(count):
        array = rng.normal(0, 0.05, (6, 300)).astype(np.float32)
        array[1] += 1.0
        peak = int(rng.integers(80, 200))
        if number % 2:
            array[:3, peak - 1 : peak + 2] += 3.0
        samples.append(
            Sample(
                id=str(number),
                patient=str(number),
                inputs={"signal": Waveform(array=array, rate_hz=20.0, leads=LEADS)},
                target={"label": number % 2, "peak_s": peak / 20 if number % 2 else None},
                meta={"group_activity": "lateralFall" if number % 2 else ("Walking", "Jogging")[number // 2 % 2]},
            )
        )
    return ListDataset(samples)


@pytest.fixture(scope="module")
def context():
    data = _trials(24)
    task = make(Question(kind="classification", classes=("ADL", "Fall")))
    seed_torch(1)
    system = create("fall_edge", task, data, find("fall_edge").tiny.replace({"epochs": 12, "learning_rate": 0.02}))
    fit(system, data, None, score=lambda *_: {})
    cell = SimpleNamespace(
        seed=0, fold=0, system=system, train=data, valid=data, test=data, operating={"threshold": 0.5}
    )
    plan = SimpleNamespace(parts=[SimpleNamespace(name="waist")])
    return SimpleNamespace(plan=plan, systems=lambda part, arm: iter([cell]))


def test_locked_threshold_undoes_the_temperature():
    probability = np.array([0.1, 0.4, 0.7, 0.95])
    table = np.stack([1 - probability, probability], axis=1)
    after = tempered(table, 2.5)[:, 1] >= 0.6
    assert (probability >= locked_probability({"threshold": 0.6, "temperature": 2.5})).tolist() == after.tolist()


def test_bytes_and_delays(context):
    saved, delay, plain = traffic(context)
    assert saved.met
    assert delay.met
    assert plain.met is None
    # At most one message of 12 bytes for each of 24 trials of 3,600 bytes.
    assert float(saved.figure.split("%")[0]) >= 100 * (1 - 24 * 12 / (24 * 3600)) - 0.01


def test_no_alarm_is_lost_in_an_outage(context):
    (row,) = outage(context)
    assert row.met
    assert row.figure.startswith("0 of 2000 lost")


def test_activities_are_named(context):
    alarms, lead = activities(context)
    assert "Walking" in alarms.figure
    assert "Jogging" in alarms.figure
    assert "of 12 falls warned" in lead.figure


@pytest.mark.slow
def test_the_board_runs_the_network_in_eight_bits(context):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    size, _, loss = board(context)
    assert size.met
    assert loss.met


def test_an_empty_study_meets_nothing():
    nothing = SimpleNamespace(
        plan=SimpleNamespace(parts=[SimpleNamespace(name="waist")]), systems=lambda part, arm: iter([])
    )
    assert [row.met for row in board(nothing) + traffic(nothing)] == [False, False]
    assert activities(nothing) == []
