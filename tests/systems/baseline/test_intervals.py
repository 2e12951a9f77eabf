"""Baselines that answer a number with its quantiles."""

import functools
import math

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.evaluate.predict import answer, score
from salus.schema.errors import DataError, StoreError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample
from salus.systems.registry import create, find
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.train.run import seed_torch

LEVELS = ("0.1", "0.5", "0.9")
NAMES = ("training_quantiles", "log_ridge", "quantile_boosting")


def stays(count: int = 1200, seed: int = 0) -> ListDataset:
    """Minutes whose logarithm rises with `x` and a code, with a spread of 0.4."""
    rng = np.random.default_rng(seed)
    samples = []
    for n in range(count):
        x, code = float(rng.normal()), int(rng.integers(30))
        minutes = float(np.exp(4.5 + 0.5 * x + 0.02 * code + 0.4 * rng.normal()))
        values = {"x": x if rng.random() < 0.9 else math.nan, "code": f"{code:03d}"}
        samples.append(Sample(id=f"s{n}", patient=f"p{n}", inputs={"row": Row(values=values)}, target=minutes))
    return ListDataset(samples)


@functools.cache
def fitted(name: str, levels: tuple[str, ...] = LEVELS):
    task = make(Question(kind="regression", classes=levels, unit="min", value_range=(0.0, 6000.0)))
    seed_torch(0, 77)
    system = create(name, task, stays(), find(name).small)
    fit(system, stays(), None, score=score, seed=0)
    return system


@pytest.mark.parametrize("name", NAMES)
def test_the_interval_covers_about_what_it_says(name: str) -> None:
    found = score(fitted(name), stays(seed=1))
    assert found["interval_coverage"] == pytest.approx(0.8, abs=0.1)


def test_a_model_beats_the_quantiles_alone() -> None:
    errors = {name: score(fitted(name), stays(seed=1))["mae"] for name in NAMES}
    assert errors["log_ridge"] < 0.85 * errors["training_quantiles"]
    assert errors["quantile_boosting"] < 0.85 * errors["training_quantiles"]


def test_quantiles_do_not_cross() -> None:
    found = np.stack([value for value in answer(fitted("quantile_boosting"), stays(seed=1)) if value is not None])
    assert (np.diff(found, axis=1) >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_without_levels_the_answer_is_one_number(name: str) -> None:
    found = answer(fitted(name, ()), stays(20, seed=1))
    assert all(value is not None and np.shape(value) == () for value in found)


def test_the_median_is_the_training_part_s() -> None:
    values = [sample.target for sample in stays().samples]
    assert answer(fitted("training_quantiles", ()), stays(1))[0] == pytest.approx(np.median(values), rel=1e-6)


def test_what_has_no_logarithm_or_no_trees_is_refused() -> None:
    system = fitted("log_ridge")
    with pytest.raises(DataError, match="has no logarithm"):
        system.collate([Sample(id="a", patient="a", inputs=stays(1)[0].inputs, target=-5.0)])
    kind = find("quantile_boosting")
    empty = kind(system.task, kind.small, system.fingerprint)
    with pytest.raises(StoreError, match="no trees"):
        empty(empty.collate([stays(1)[0]]))
