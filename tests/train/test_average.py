"""Averaged weights: the recursion by hand, and which weights an artifact ends with."""

import pytest
import torch
from torch import nn

from salus.train.average import Average
from salus.train.fit import fit
from toy import Toy, ToyConfig, ToyTask, toy_data, toy_score


def test_the_average_follows_its_recursion() -> None:
    weight = nn.Parameter(torch.zeros(1))
    average = Average({"w": weight}, 0.5)
    expected = 0.0
    for step, value in enumerate((1.0, 4.0, -2.0, 8.0, 3.0, 3.0, 1.0, 5.0, 6.0, 7.0), 1):
        with torch.no_grad():
            weight.fill_(value)
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        assert float(average.shadow["w"]) == pytest.approx(expected, rel=1e-5)
    with average.installed():
        assert float(weight.detach()) == pytest.approx(expected, rel=1e-5)
    assert float(weight.detach()) == 7.0


def test_an_artifact_ends_with_the_average() -> None:
    ends = []
    for decay in (0.9, None):
        torch.manual_seed(7)
        system = Toy(ToyTask(), ToyConfig(ema=decay), {})
        fit(system, toy_data(), None, score=toy_score)
        ends.append({name: p.detach().clone() for name, p in system.named_parameters()})
    # Averaging moves no training step, so the live weights are those of the run without it; both groups are averaged.
    assert all(not torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    assert all(torch.allclose(ends[0][name], ends[1][name], atol=0.5) for name in ends[0])
