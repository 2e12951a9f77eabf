import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.question import Question
from salus.schema.sample import Sample, Waveform
from salus.systems.lstm.fall_edge import FallEdge, FallEdgeConfig, WindowNet, fall_log_odds
from salus.systems.registry import create
from salus.tasks.registry import make

LEADS = ("ax", "ay", "az", "gx", "gy", "gz")
TASK = make(Question(kind="classification", classes=("ADL", "Fall")))


def _trial(number, label, length=300, leads=LEADS, rate_hz=20.0):
    rng = np.random.default_rng(number)
    array = rng.normal(0, 0.05, (len(leads), length)).astype(np.float32)
    array[1] += 1.0
    peak = int(rng.integers(100, 150)) % length
    if label:
        array[:3, peak] += 3.0
    stream = Waveform(array=array, rate_hz=rate_hz, leads=leads)
    target = {"label": label, "peak_s": peak / rate_hz if label else None}
    return Sample(id=f"t{number}", patient=f"p{number}", inputs={"signal": stream}, target=target)


@pytest.fixture
def data():
    return ListDataset([_trial(number, number % 2) for number in range(8)])


@pytest.fixture
def system(data):
    torch.manual_seed(0)
    return create("fall_edge", TASK, data, FallEdge.tiny).eval()


def test_parameters_of_both_bodies():
    def count(config):
        return sum(p.numel() for p in WindowNet(config, 6, [1.0] * 6).parameters())

    lstm = 4 * 64 * (64 + 64 + 2)
    blocks = sum(4 * a * a + 8 * a + 20 * a + 8 * a + 4 * a * b + 2 * b for a, b in ((16, 24), (24, 32), (32, 64)))
    assert count(FallEdgeConfig()) == 6 * 16 * 5 + 32 + blocks + lstm + 3 * 65
    paper = FallEdgeConfig(body="lstm", hidden=32, layers=2)
    assert count(paper) == 4 * 32 * (6 + 32 + 2) + 4 * 32 * (32 + 32 + 2) + 3 * 33


def test_a_trial_is_its_most_alarming_window(system, data):
    batch = system.collate([data[1]])
    windows = system.windows(batch)
    assert windows.shape == (1, 25, 6, 60)
    assert torch.equal(windows[0, 3], batch.inputs["signal"][0, :, 30:90])
    with torch.no_grad():
        odds = fall_log_odds(system.network(windows[0]))
        assert torch.allclose(system(batch)[0], torch.stack([torch.tensor(0.0), odds.max()]), atol=1e-5)


def test_no_answer_sees_the_target(system, data):
    bare = Sample(id="x", patient="p", inputs=data[1].inputs)
    with torch.no_grad():
        assert torch.equal(system(system.collate([bare])), system(system.collate([data[1]])))
    assert system.collate([bare]).target == {}


def test_trials_of_other_lengths_change_nothing(system, data):
    short, long = _trial(20, 1, 95), _trial(21, 0, 400)
    with torch.no_grad():
        alone = system(system.collate([short]))
        together = system(system.collate([long, short]))[1:]
    assert torch.allclose(alone, together, atol=1e-5)


def test_windows_with_lost_packets_are_not_judged(system):
    sample = _trial(1, 1)
    sample.inputs["signal"].array[:, 0:7] = np.nan  # 7 of 60 in the first window, 0 in the others
    batch = system.collate([sample])
    assert batch.inputs["usable"][0].tolist() == [False] + [True] * 24
    assert batch.target["state"][0, 0] == -1
    assert system.window_logits(batch)[0, 0].argmax() == 0
    sample.inputs["signal"].array[:, ::8] = np.nan
    with pytest.raises(DataError, match=r"t1: every window lost more than 10% of its packets \(best 12%"):
        system.collate([sample])


def test_augmentation_moves_the_impact_with_the_stream(system, data):
    rng = np.random.default_rng(0)
    shifts = set()
    for _ in range(20):
        moved = system.augment(data[1], rng)
        stream = moved.inputs["signal"]
        length = np.linalg.norm(stream.array[:3], axis=0)
        assert np.argmax(length) == round(moved.target["peak_s"] * 20)
        shifts.add(300 - stream.array.shape[1])
    assert min(shifts) >= 0
    assert max(shifts) < 10
    assert data[1].inputs["signal"].array.shape == (6, 300)


def test_alarms_carry_twelve_bytes(system):
    sample = _trial(3, 1)
    sample.inputs["signal"].array[0, 70:80] = 8.0
    everything = system.alarms(sample, 0.0, device=9, start_s=1000)
    assert [end for end, _ in everything] == [3.0 + 0.5 * n for n in range(25)]
    assert all(len(alarm.pack()) == 12 and alarm.device == 9 for _, alarm in everything)
    assert everything[4][1].saturated
    assert not everything[-1][1].saturated
    assert system.alarms(sample, 1.1) == []


@pytest.mark.parametrize(
    ("sample", "error", "words"),
    [
        (_trial(1, 0, leads=LEADS[:3]), ShapeError, "also needs rotation"),
        (_trial(1, 0, leads=("ax", "az", "gx", "gy", "gz")), ShapeError, "axes ay are missing"),
        (_trial(1, 0, length=40), ShapeError, "record longer"),
        (_trial(1, 0, rate_hz=100.0), ShapeError, "resample"),
        (Sample(id="t", patient="p", inputs={}), ShapeError, "name the stream"),
    ],
)
def test_refuses_what_it_was_not_trained_for(system, sample, error, words):
    with pytest.raises(error, match=words):
        system.collate([sample])


def test_refuses_metres_per_second_squared(system):
    sample = _trial(1, 0)
    sample.inputs["signal"].array[:3] *= 9.80665
    with pytest.raises(UnitError, match=r"divide by 9.80665"):
        system.collate([sample])


def test_refuses_a_training_part_it_cannot_learn_from(data):
    with pytest.raises(DataError, match="occurs twice"):
        create("fall_edge", TASK, ListDataset([data[0], data[0], data[1]]), FallEdge.tiny)
    for name in ("fall_edge", "window_forest", "peak_threshold"):
        with pytest.raises(DataError, match="both are needed"):
            create(name, TASK, ListDataset([data[0], data[2]]))


def test_phone_stream_is_pooled():
    phone = ListDataset([_trial(n, n % 2, 1200, LEADS[:3], 200.0) for n in range(2)])
    system = create("fall_edge", TASK, phone, FallEdgeConfig(widths=(4, 4), hidden=4, pool=4)).eval()
    batch = system.collate(phone.samples)
    assert system.windows(batch).shape == (2, 7, 3, 600)
    assert system(batch).shape == (2, 2)
