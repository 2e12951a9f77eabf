"""Batches whose first rows have labels."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from made import make_data
from salus.contract.dataset import ListDataset
from salus.schema.errors import DataError
from salus.schema.recipe import Stage
from salus.systems import registry
from salus.tasks.registry import make
from salus.train.loader import Loader


def loader(known: set[int], weights: bool = False) -> Loader:
    kind = registry.find("small_cnn")
    data, question = make_data(kind)
    system = registry.create("small_cnn", make(question), data, kind.tiny)
    meta = [{"weight": float(i % 3)} if weights else {} for i in range(len(data))]
    own = [replace(data[i], target=data[i].target if i in known else None, meta=meta[i]) for i in range(len(data))]
    return Loader(system, ListDataset(own), torch.device("cpu"), seed=0)


def test_each_batch_begins_with_its_share_of_labelled_samples() -> None:
    source = loader({0, 1, 2})
    stage = Stage(batch_size=8, labelled=0.25, samples_per_epoch=40)
    batches = list(source.epoch(stage, 0, 0))
    assert len(batches) == source.steps(stage) == 5
    for batch in batches:
        assert (batch.target["label"][:2] >= 0).all()
    seen = {name for batch in batches for name in batch.ids[2:]}
    assert len(seen) == 24  # the rest goes through all samples before one returns
    again = list(source.epoch(stage, 0, 0))
    assert [b.ids for b in again] == [b.ids for b in batches]


def test_balanced_draws_give_a_rare_class_as_often() -> None:
    source = loader({0, 2, 4, 6, 8, 10, 12, 1})  # seven of class 0, one of class 1
    stage = Stage(batch_size=24, labelled=1.0, balanced=True, samples_per_epoch=960)
    labels = torch.cat([batch.target["label"] for batch in source.epoch(stage, 0, 0)])
    assert float((labels == 1).float().mean()) == pytest.approx(0.5, abs=0.06)


def test_weights_decide_among_labelled_and_all() -> None:
    source = loader({0, 1, 2}, weights=True)  # weights 0, 1, 2
    stage = Stage(batch_size=10, labelled=0.5, samples_per_epoch=600)
    first = [name for batch in source.epoch(stage, 0, 0) for name in batch.ids[:5]]
    counts = {name: first.count(name) for name in ("s0", "s1", "s2")}
    assert counts["s0"] == 0
    assert counts["s2"] / counts["s1"] == pytest.approx(2.0, rel=0.35)


def test_no_label_at_all_is_an_error() -> None:
    source = loader({0, 1, 2})
    source.dataset = ListDataset([replace(source.dataset[i], target=None) for i in range(6)])
    with pytest.raises(DataError, match="no training sample has a label"):
        list(source.epoch(Stage(batch_size=4, labelled=0.5), 0, 0))


def test_balanced_epochs_take_rows_without_label_as_one_more_class() -> None:
    source = loader({0, 1, 2, 3})
    stage = Stage(batch_size=24, balanced=True, samples_per_epoch=960)
    labels = torch.cat([batch.target["label"] for batch in source.epoch(stage, 0, 0)]).numpy()
    shares = np.bincount(labels + 1) / len(labels)
    assert shares == pytest.approx([1 / 3] * 3, abs=0.06)
