"""Figures of cluster_gan's study that are no training: clusters that come back, what they mean, a collapse seen."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from salus.contract.dataset import ListDataset, Subset
from salus.data.library import load
from salus.schema.question import Question
from salus.schema.sample import Row, Sample
from salus.study.checks import cluster_gan as checks
from salus.systems.registry import create, find
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.train.run import seed_torch


def stays(count=240):
    """Two groups; in the second nearly everybody is of class 1."""
    rng = np.random.default_rng(0)
    samples = []
    for n in range(count):
        group = n % 2
        values = {f"x{i}": float(rng.normal(6.0 * group, 1.0)) for i in range(4)}
        target = int(rng.random() < (0.9 if group else 0.1))
        samples.append(Sample(id=f"s{n}", patient=f"p{n}", inputs={"row": Row(values=values)}, target=target))
    return ListDataset(samples)


def trained(data, question, **settings):
    seed_torch(0, 77)
    system = create("cluster_gan", make(question), data, find("cluster_gan").tiny.replace(settings))
    return system, fit(system, data, None, score=lambda *_: {})


def context(**cells):
    return SimpleNamespace(systems=lambda part, arm: iter(cells.get(arm, []) if part in ("icu", "points") else []))


@pytest.mark.slow
def test_real_clusters_pass_and_tell_the_class(monkeypatch):
    monkeypatch.setattr(checks, "BOOTSTRAPS", 4)
    data = stays()
    question = Question(kind="classification", classes=("no", "yes"))
    system, _ = trained(Subset(data, range(160)), question, clusters=0, most_clusters=4, epochs=6)
    cell = SimpleNamespace(
        system=system, train=Subset(data, range(160)), test=Subset(data, range(160, 240)), seed=0, fold=0
    )
    second = SimpleNamespace(**vars(cell) | {"fold": 1, "train": None})
    found = context(cluster_gan=[cell, second])
    must, forced = checks.stability(found)
    assert (must.kind, must.met) == ("M", True)
    assert "with 2 clusters" in must.figure
    assert float(forced.figure) < 0.9
    shares, alone, agreed = checks.meaning(found)
    low, high = (float(word.strip(" %")) for word in shares.figure.split(","))
    assert low < 25 < 75 < high
    assert float(alone.figure.split()[0]) > 0.8
    assert float(agreed.figure.split()[0]) > 0.8


def test_without_a_training_nothing_is_claimed():
    rows = [*checks.stability(context()), *checks.meaning(context()), *checks.collapse(context())]
    assert not any(row.met for row in rows)
    assert [row.met for row in rows if row.kind == "M"] == [False] * 3


@pytest.mark.slow
def test_a_collapse_is_seen_twice_over(tmp_path):
    loaded = load("ten_modes", {"points": "1000"})
    parts = {side: [i for i in range(1000) if loaded.dataset[i].meta["split"] == side] for side in ("train", "test")}
    train, test = (Subset(loaded.dataset, parts[side]) for side in ("train", "test"))
    driven = {"generator_rate": 0.3, "critic_rate": 1e-3, "penalty": 0.0, "epochs": 14, "generator_widths": [64, 64]}
    system, result = trained(train, loaded.question, **driven)
    assert result.alarms
    (tmp_path / "cell.json").write_text(json.dumps({"alarms": list(result.alarms)}), encoding="utf-8")
    cell = SimpleNamespace(system=system, train=train, test=test, seed=0, fold=0, folder=tmp_path)
    healthy, collapsed = checks.collapse(context(driven=[cell]))
    assert collapsed.met
    assert "alarm in 1, refused in 1 of 1" in collapsed.figure
    assert not healthy.met  # nothing was trained there
    # A collapse that nobody noticed would not pass.
    (tmp_path / "cell.json").write_text(json.dumps({"alarms": []}), encoding="utf-8")
    assert not checks.collapse(context(driven=[cell]))[1].met
    assert math.isfinite(result.history[-1]["diversity"])
