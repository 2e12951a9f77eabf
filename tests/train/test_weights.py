"""Sample weights: a survey's design or an importance weight decides how often training meets a sample."""

import dataclasses

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.schema.errors import DataError
from salus.schema.recipe import Stage
from salus.schema.sample import Sample
from salus.train.loader import Loader, sample_weights
from toy import Toy, ToyConfig, ToyTask, toy_data


def weighted(weights: list[object], count: int = 12) -> ListDataset:
    data = toy_data(count)
    samples: list[Sample] = []
    for index in range(count):
        meta = {} if weights[index] is None else {"weight": weights[index]}
        samples.append(dataclasses.replace(data[index], meta=meta))
    return ListDataset(samples)


class TwoClasses(ToyTask):
    def stratum(self, target: object) -> str:
        return "high" if float(str(target)) > 0 else "low"


def drawn(data: ListDataset, stage: Stage, epochs: int = 300) -> dict[str, float]:
    loader = Loader(Toy(TwoClasses(), ToyConfig(), {}), data, torch.device("cpu"), seed=0)
    ids = [name for epoch in range(epochs) for batch in loader.epoch(stage, 0, epoch) for name in batch.ids]
    return {data[i].id: ids.count(data[i].id) / len(ids) for i in range(len(data))}


def test_samples_are_drawn_in_proportion_to_their_weight() -> None:
    shares = drawn(weighted([1.0, 3.0, 0.0, *[2.0] * 9]), Stage(batch_size=4))
    assert shares["s2"] == 0.0
    assert shares["s1"] / shares["s0"] == pytest.approx(3.0, rel=0.25)
    assert shares["s0"] == pytest.approx(1 / 22, rel=0.2)


def test_balanced_classes_keep_the_weights_within_a_class() -> None:
    data = weighted([1.0, 3.0, 0.0, *[2.0] * 9])
    shares = drawn(data, Stage(batch_size=4, balanced=True))
    high = sum(share for i, share in enumerate(shares.values()) if float(data[i].target) > 0)
    assert high == pytest.approx(0.5, abs=0.03)


def test_without_weights_every_sample_is_met_once_an_epoch() -> None:
    assert sample_weights(weighted([None] * 12)) is None
    assert set(drawn(weighted([None] * 12), Stage(batch_size=4), 1).values()) == {1 / 12}


def test_weights_have_mean_one() -> None:
    found = sample_weights(weighted([float(i) for i in range(12)]))
    assert found is not None
    assert np.allclose(found, np.arange(12) / 5.5)


@pytest.mark.parametrize(
    ("wrong", "says"), [(None, "weight None"), (-1.0, "weight -1.0"), (float("nan"), "weight nan"), ("2", "weight '2'")]
)
def test_a_weight_that_cannot_be_used_is_named(wrong: object, says: str) -> None:
    with pytest.raises(DataError, match=f"sample s4: {says}"):
        sample_weights(weighted([*[1.0] * 4, wrong, *[1.0] * 7]))


def test_weights_that_are_all_zero_are_refused() -> None:
    with pytest.raises(DataError, match="every training sample is 0"):
        sample_weights(weighted([0.0] * 12))
