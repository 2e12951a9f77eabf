"""Forecasting baselines: what they answer, by hand and on series whose rule is known."""

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.evaluate.predict import answer, score
from salus.nets.series import future_of, history_of
from salus.schema.errors import DataError, ShapeError
from salus.schema.question import Question
from salus.schema.sample import Sample, Waveform
from salus.systems import registry
from salus.tasks.registry import make
from salus.train.fit import fit

TASK = make(Question(kind="forecasting", value_range=(-100.0, 100.0)))


def sample(row: np.ndarray, future: np.ndarray | None, name: str = "s") -> Sample:
    wave = Waveform(array=row[None].astype(np.float32), rate_hz=1.0, leads=("x",))
    return Sample(id=name, patient=name, inputs={"signal": wave}, target=None if future is None else {"values": future})


def oscillations(count: int, seed: int) -> ListDataset:
    """Return series of a recurrence of order two, which a linear map forecasts exactly."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        row = list(rng.normal(size=2))
        for _ in range(10):
            row.append(1.8 * row[-1] - 0.97 * row[-2])
        rows.append(sample(np.array(row[:8]), np.array(row[8:]), f"s{number}"))
    return ListDataset(rows)


def test_persistence_repeats_the_last_value_over_gaps() -> None:
    data = ListDataset([sample(np.array([1.0, 2.0, np.nan]), np.array([3.0, 4.0]))])
    system = registry.create("persistence", TASK, data)
    assert answer(system, data)[0].tolist() == [2.0, 2.0]


def test_autoregression_finds_a_linear_rule() -> None:
    train, test = oscillations(200, 0), oscillations(50, 1)
    found = {}
    for name in ("persistence", "autoregression"):
        system = registry.create(name, TASK, train)
        fit(system, train, None, score=score, seed=0)
        found[name] = score(system, test)["rmse"]
    assert found["autoregression"] < 0.05 * found["persistence"]


def test_a_future_value_that_was_not_measured_teaches_nothing_wrong() -> None:
    whole = oscillations(200, 0)
    rng = np.random.default_rng(3)
    rows = []
    for number in range(len(whole)):
        future = np.array(whole[number].target["values"])
        future[1 + int(rng.integers(3))] = np.nan
        rows.append(sample(whole[number].inputs["signal"].array[0], future, f"s{number}"))
    pair = []
    for data in (whole, ListDataset(rows)):
        system = registry.create("autoregression", TASK, data)
        fit(system, data, None, score=score, seed=0)
        pair.append(np.stack(answer(system, oscillations(5, 9))))
    assert np.allclose(*pair, atol=0.05)


def test_what_is_no_series_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"expected \(1, 4\)"):
        history_of(sample(np.ones(3), None), 4)
    with pytest.raises(DataError, match="without any value"):
        history_of(sample(np.full(3, np.nan), None))
    with pytest.raises(DataError, match="no future values"):
        future_of(sample(np.ones(3), None))
    with pytest.raises(DataError, match="no input 'signal'"):
        history_of(Sample(id="a", patient="a", inputs={}))
