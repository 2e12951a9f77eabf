"""The two plain image baselines learn what they can and refuse what they cannot."""

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.schema.errors import ShapeError, UnitError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.systems.registry import create, find
from salus.tasks.registry import make
from salus.train.fit import fit

NAMES = ("small_cnn", "thumbnail_logistic")


def bright_side(count, classes, channels=1, seed=0):
    """Pictures whose bright strip tells the class."""
    rng = np.random.default_rng(seed)
    samples = []
    for i in range(count):
        array = rng.uniform(0, 0.4, (channels, 18, 24))
        label = i % classes
        array[:, :, label * 24 // classes : (label + 1) * 24 // classes] += 0.6
        samples.append(Sample(id=f"s{i}", patient=f"p{i}", inputs={"image": Image(array=array)}, target=label))
    return ListDataset(samples)


def score(system, dataset):
    batch = system.eval().collate([dataset[i] for i in range(len(dataset))])
    with torch.inference_mode():
        values = list(system.decode(system(batch)))
    return system.task.score(values, [dataset[i].target for i in range(len(dataset))])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("classes", "channels"), [(2, 1), (3, 3)])
def test_both_find_a_bright_strip(name, classes, channels):
    task = make(Question(kind="classification", classes=tuple("abc"[:classes])))
    train, test = bright_side(48, classes, channels), bright_side(24, classes, channels, seed=1)
    torch.manual_seed(0)
    kind = find(name)
    system = create(name, task, train, kind.tiny.replace({"epochs": 20} if name == "small_cnn" else {}))
    fit(system, train, None, score=score)
    assert score(system, test)["auroc"] > 0.95


@pytest.mark.parametrize("name", NAMES)
def test_weights_load_into_a_system_built_from_the_fingerprint(name):
    task = make(Question(kind="classification", classes=("a", "b")))
    train = bright_side(12, 2)
    system = create(name, task, train, find(name).tiny)
    fit(system, train, None, score=score)
    again = find(name)(task, find(name).tiny, system.fingerprint)
    again.load_state_dict(system.state_dict())
    batch = system.collate([train[0]])
    torch.testing.assert_close(again.eval()(batch), system.eval()(batch))


@pytest.mark.parametrize("name", NAMES)
def test_slices_of_a_series_are_averaged_and_padding_changes_nothing(name):
    task = make(Question(kind="classification", classes=("a", "b")))
    rng = np.random.default_rng(0)
    samples = [
        Sample(id=f"s{i}", patient=f"p{i}", inputs={"image": Image(array=rng.random((1, n, 16, 16)))}, target=i % 2)
        for i, n in enumerate((3, 1, 2, 4))
    ]
    system = create(name, task, ListDataset(samples), find(name).tiny)
    fit(system, ListDataset(samples), None, score=score)
    together = system.eval()(system.collate(samples))
    for i, sample in enumerate(samples):
        torch.testing.assert_close(system(system.collate([sample]))[0], together[i])


@pytest.mark.parametrize("name", NAMES)
def test_other_channels_and_windows_are_refused(name):
    train = bright_side(12, 2, channels=3)
    system = create(name, make(Question(kind="classification", classes=("a", "b"))), train, find(name).tiny)
    with pytest.raises(ShapeError, match="trained on 3"):
        system.collate([bright_side(1, 2)[0]])
    with pytest.raises(UnitError, match="window"):
        system.collate([Sample(id="x", patient="x", inputs={"image": Image(array=np.full((3, 18, 24), 200.0))})])
