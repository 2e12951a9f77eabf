"""Forests of three kinds of question, targets as tensors, and the gated network."""

import numpy as np
import pytest
import torch

from salus.nets.gated_mlp import GatedMLP
from salus.nets.grown import Grown
from salus.nets.targets import check_targets, target_tensors
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample

FINDINGS = Question(kind="multilabel", classes=("a", "b"))
NUMBER = Question(kind="regression", value_range=(0.0, 9.0))
CLASSES = Question(kind="classification", classes=("no", "maybe", "yes"))


def samples(*targets: object) -> list[Sample]:
    return [Sample(id=f"s{n}", patient=f"p{n}", inputs={}, target=target) for n, target in enumerate(targets)]


def test_findings_are_learned_where_they_are_known() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 3))
    truth = np.stack([features[:, 0] > 0, features[:, 1] > 0], axis=1).astype(float)
    truth[rng.random(truth.shape) < 0.4] = np.nan
    forest = Grown("multilabel", 2)
    torch.manual_seed(0)
    forest.grow(features, truth, trees=20)
    asked = torch.tensor([[2.0, -2.0, 0.0], [-2.0, 2.0, 0.0]], dtype=torch.float64)
    assert (forest(asked) > 0.5).tolist() == [[True, False], [False, True]]
    assert forest.get_buffer("out_of_bag").min() > 0.8
    truth[:, 1] = np.nan
    with pytest.raises(DataError, match="finding 1"):
        forest.grow(features, truth, trees=2)


def test_a_class_without_rows_has_no_probability() -> None:
    forest = Grown("classification", 3)
    torch.manual_seed(0)
    forest.grow(np.array([[0.0], [0.1], [1.0], [1.1]]), np.array([0, 0, 2, 2]), trees=1, look="all")
    found = forest(torch.tensor([[0.0], [1.0]], dtype=torch.float64))
    assert found.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    assert forest.output(found, 0.01).exp()[0].tolist() == pytest.approx([1.0, 0.01, 0.01])


def test_targets_as_tensors() -> None:
    assert target_tensors(samples(1, {"label": 2}), CLASSES)["label"].tolist() == [1, 2]
    assert target_tensors(samples(1.5, 2), NUMBER)["value"].tolist() == [1.5, 2.0]
    found = target_tensors(samples([1, np.nan], [0, 1]), FINDINGS)["findings"]
    assert found.isnan().tolist() == [[False, True], [False, False]]
    assert target_tensors(samples(1.5, None), NUMBER) == {}
    for question, wrong in ((NUMBER, [1.0, 2.0]), (NUMBER, np.nan), (FINDINGS, [1.0]), (NUMBER, "much")):
        with pytest.raises(DataError, match="'s0'"):
            target_tensors(samples(wrong), question)


def test_training_targets_are_checked() -> None:
    assert check_targets(samples(1.0, 3.0)) == {"mean": 2.0, "scale": 1.0}
    assert check_targets(samples(0, 1)) == {}
    for targets, words in (((1.0, 1.0), "all|nothing to learn"), ((1, None), "no target"), ((1, 1), "two classes")):
        with pytest.raises(DataError, match=words):
            check_targets(samples(*targets))


def test_the_gate_closes_hidden_units() -> None:
    torch.manual_seed(0)
    network = GatedMLP(3, 2, (5, 4), 1, 0.0)
    assert network.gate is not None
    with torch.no_grad():
        network.gate.weight.fill_(100.0)
        network.gate.bias.zero_()
    first = torch.randn(6, 3)
    shut, half = network(first, -torch.ones(6, 2)), network(first, torch.zeros(6, 2))
    assert torch.allclose(shut, network.head.bias.expand_as(shut), atol=1e-6)
    assert torch.allclose(half, network(first), atol=1e-6)
    assert GatedMLP(3, 0, (5, 4), 1, 0.0).gate is None


@pytest.mark.parametrize("kind", ["regression", "classification", "multilabel"])
def test_a_bound_answer_never_falls_with_its_feature(kind: str) -> None:
    rng = np.random.default_rng(5)
    features = rng.normal(size=(200, 3))
    value = features[:, 0] + features[:, 1] + 2 * rng.normal(size=200)
    truth = {"regression": value, "classification": (value > 0).astype(float), "multilabel": value[:, None] > 0}[kind]
    forest = Grown(kind, 1 if kind == "multilabel" else 2)
    grid = np.stack([np.linspace(-2, 2, 50), np.zeros(50), np.zeros(50)], axis=1)
    curves = []
    for signs in (None, [1, 0, 0], [-1, 0, 0]):
        torch.manual_seed(0)
        forest.grow(features, np.asarray(truth, dtype=np.float64), trees=5, signs=signs)
        answer = forest(torch.from_numpy(grid)).numpy()
        curves.append(np.diff(answer if answer.ndim == 1 else answer[:, -1]))
    free, up, down = curves
    assert free.min() < 0 < free.max()
    assert up.min() >= 0 < up.max()
    assert down.max() <= 0


def test_a_bound_forest_refuses_gaps_and_three_classes() -> None:
    rows = np.array([[0.0], [np.nan], [1.0]])
    with pytest.raises(DataError, match="gaps=median"):
        Grown("regression", 0).grow(rows, np.arange(3.0), trees=1, signs=[1])
    with pytest.raises(DataError, match="two classes"):
        Grown("classification", 3).grow(np.zeros((3, 1)), np.arange(3), trees=1, signs=[1])
