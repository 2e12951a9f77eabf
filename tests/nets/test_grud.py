"""GRU-D against the paper's equations written as a loop, and what recordings are refused."""

import dataclasses

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.nets.grud import GRUD, measure_series, series_points, series_summary
from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Sample, Waveform


def stays(count=6, leads=3, steps=8, seed=0):
    rng = np.random.default_rng(seed)
    samples = []
    for n in range(count):
        array = rng.normal(50, 5, (leads, steps))
        array[rng.random(array.shape) < 0.5] = np.nan
        array[0, 0] = 50.0
        names = tuple("abc"[:leads])
        wave = Waveform(array=array, rate_hz=1 / 3600, leads=names, units=("x",) * leads)
        samples.append(Sample(id=f"s{n}", patient=f"p{n}", inputs={"signal": wave}, target=n % 2))
    return ListDataset(samples)


def by_hand(net: GRUD, points: np.ndarray) -> np.ndarray:
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    w = {name: p.detach().double().numpy() for name, p in net.named_parameters()}
    leads = points.shape[0] // 2
    x, m = points[:leads].astype(np.float64), points[leads:].astype(np.float64)
    h, last, time = np.zeros(net.size), np.zeros(leads), np.zeros(leads)
    for t in range(x.shape[1]):
        # delta_t = 1 + (1 - m_{t-1}) delta_{t-1}, 0 at the start (equation 1)
        delta = np.array([0.0 if t == 0 else 1 + (1 - m[d, t - 1]) * time[d] for d in range(leads)])
        time = delta
        gx = np.exp(-np.maximum(0, w["input_rate"] * delta + w["input_start"]))
        gh = np.exp(-np.maximum(0, w["memory_rate.weight"] @ delta + w["memory_rate.bias"]))
        shown = m[:, t] * x[:, t] + (1 - m[:, t]) * gx * last  # the mean is zero
        h = gh * h
        into = w["cell.weight_ih"] @ np.concatenate([shown, m[:, t]]) + w["cell.bias_ih"]
        back = w["cell.weight_hh"] @ h + w["cell.bias_hh"]
        n = net.size
        r, z = sigmoid(into[:n] + back[:n]), sigmoid(into[n : 2 * n] + back[n : 2 * n])
        h = (1 - z) * np.tanh(into[2 * n :] + r * back[2 * n :]) + z * h
        last = m[:, t] * x[:, t] + (1 - m[:, t]) * last
    return h


def test_it_follows_the_paper_s_equations():
    torch.manual_seed(0)
    data = stays()
    points = series_points(data.samples, measure_series(data))
    net = GRUD(3, 5)
    with torch.no_grad():
        net.input_rate.uniform_(0, 1)
        found = net(points).numpy()
    assert np.allclose(found, [by_hand(net, row) for row in points.numpy()], atol=1e-5)


def test_points_are_standardised_by_what_was_measured():
    data = stays(40)
    points = series_points(data.samples, measure_series(data))
    values, known = points[:, :3], points[:, 3:]
    assert set(known.unique().tolist()) == {0.0, 1.0}
    assert float(values[known == 0].abs().max()) == 0
    for lead in range(3):
        held = values[:, lead][known[:, lead] == 1]
        assert float(held.mean()) == pytest.approx(0, abs=1e-4)
        assert float(held.std(correction=0)) == pytest.approx(1, abs=1e-4)
    summary = series_summary(points)
    raw = data[3].inputs["signal"].array
    learned = measure_series(data)
    assert float(summary[3, 1]) * learned["scale"][1] + learned["mean"][1] == pytest.approx(
        np.nanmean(raw[1]), rel=1e-4
    )
    assert float(summary[3, 4]) == pytest.approx(float((~np.isnan(raw[1])).mean()))


def test_a_shorter_recording_ends_in_gaps():
    data = stays()
    learned = measure_series(data)
    wave = data[0].inputs["signal"]
    short = dataclasses.replace(data[0], inputs={"signal": dataclasses.replace(wave, array=wave.array[:, :5])})
    points = series_points([short], learned)
    assert points.shape == (1, 6, 8)
    assert float(points[0, 3:, 5:].abs().max()) == 0


def test_foreign_recordings_are_refused():
    data = stays()
    learned = measure_series(data)
    wave = data[0].inputs["signal"]

    def ask(**change):
        series_points([dataclasses.replace(data[0], inputs={"signal": dataclasses.replace(wave, **change)})], learned)

    with pytest.raises(DataError, match=r"'s0': 16 steps; training had the first 8 \(8 h\): cut what came later"):
        ask(array=np.zeros((3, 16)))
    with pytest.raises(DataError, match="nothing was measured"):
        ask(array=np.full((3, 8), np.nan))
    with pytest.raises(DataError, match="infinite"):
        ask(array=np.full((3, 8), np.inf))
    with pytest.raises(ShapeError, match="leads differ from training in c, d"):
        ask(leads=("a", "b", "d"))
    with pytest.raises(UnitError, match="not those of training"):
        ask(rate_hz=1.0)
    with pytest.raises(DataError, match="no recording 'signal'; it holds nothing"):
        series_points([dataclasses.replace(data[0], inputs={})], learned)
    with pytest.raises(DataError, match="training part is empty"):
        measure_series(ListDataset([]))
