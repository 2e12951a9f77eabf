"""Explanations whose truth is known: linear models, planted features, networks that learnt nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from made import make_data
from salus.contract.batch import Batch, Objective
from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.explain.attribution import Subject, attribute
from salus.explain.picture import write_attribution
from salus.explain.sanity import sanity_correlation
from salus.schema.card import Card
from salus.schema.errors import UsageError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample
from salus.systems import registry
from salus.tasks.registry import make
from salus.train.fit import fit

WEIGHT = torch.tensor([3.0, -2.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


class Linear(System):
    """Ten values, of which two matter."""

    card: ClassVar[Card] = Card(
        title="linear",
        authors="none",
        family="baseline",
        tasks=("classification",),
        inputs=(("row", "Row of numbers"),),
        modalities=("table",),
        review="",
        explain_input="row",
    )

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.layer = nn.Linear(10, 1)
        with torch.no_grad():
            self.layer.weight.copy_(WEIGHT[None])
            self.layer.bias.fill_(0.7)

    def collate(self, samples: Sequence[Sample]) -> Batch:
        rows = torch.tensor([list(sample.inputs["row"].values.values()) for sample in samples], dtype=torch.float32)
        return Batch(tuple(sample.id for sample in samples), {"row": rows})

    def forward(self, batch: Batch) -> Tensor:
        return self.layer(batch.inputs["row"])

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        yield from ()


def linear() -> tuple[Linear, Sample]:
    system = Linear(make(Question(kind="classification", classes=("no", "yes"))), Linear.small, {})
    values = {f"x{i}": 1.0 + 0.1 * i for i in range(10)}
    return system, Sample(id="s", patient="p", inputs={"row": Row(values=values)})


@pytest.mark.parametrize("method", ["integrated_gradients", "perturbation"])
def test_a_linear_model_is_explained_by_weight_times_value(method: str) -> None:
    system, sample = linear()
    found = attribute(system, sample, method)
    np.testing.assert_allclose(found.values, (WEIGHT * torch.tensor(found.input)).numpy(), atol=1e-5)
    if method == "integrated_gradients":
        assert found.figures["completeness_gap"] < 1e-5
    # Without the planted value the answer falls by more than without any other.
    assert found.figures["deletion_ratio"] > 1.5
    assert "yes" in found.subject


def test_a_map_of_the_input_alone_is_caught() -> None:
    system, sample = linear()
    subject = Subject(system, system.collate([sample]))

    def input_only(subject: Subject) -> Tensor:
        return subject.tensor

    assert sanity_correlation(subject, subject.tensor, input_only) == pytest.approx(1.0)


def test_saliency_of_a_linear_model_is_its_weight() -> None:
    system, sample = linear()
    np.testing.assert_allclose(attribute(system, sample, "saliency", exam=False).values, WEIGHT.numpy(), atol=1e-6)


def fitted(name: str, **settings: Any) -> tuple[System, ListDataset]:
    kind = registry.find(name)
    data, question = make_data(kind, 48)
    torch.manual_seed(0)
    system = registry.create(name, make(question), data, kind.tiny.replace(settings))
    fit(system, data, data, score=lambda system, data: {system.task.primary: 0.0})
    system.eval()
    return system, data


def test_a_tables_features_carry_their_own_names() -> None:
    kind = registry.find("vitals_cnn")
    rng = np.random.default_rng(0)
    samples = [
        Sample(
            id=f"s{i}",
            patient=f"p{i}",
            inputs={"row": Row(values={"age": float(rng.normal(i % 2)), "sex": "fm"[i % 2], "bmi": _gap(i, rng)})},
            target=i % 2,
        )
        for i in range(40)
    ]
    task = make(Question(kind="classification", classes=("no", "yes")))
    for name in ("logistic", "mlp", "vitals_cnn"):
        kind = registry.find(name)
        system = registry.create(name, task, ListDataset(samples), kind.tiny)
        fit(system, ListDataset(samples), ListDataset(samples), score=lambda s, d: {s.task.primary: 0.0})
        found = attribute(system.eval(), samples[0], exam=False)
        assert found.names == ("age", "sex=f", "sex=m", "bmi", "bmi?")
        assert found.input[found.names.index("bmi?")] == 1.0
        assert found.input[found.names.index("sex=f")] == 1.0
    system = registry.create("boosting", task, ListDataset(samples), registry.find("boosting").tiny)
    fit(system, ListDataset(samples), ListDataset(samples), score=lambda s, d: {s.task.primary: 0.0})
    found = attribute(system, samples[3])
    assert found.names == ("age", "sex", "bmi")
    assert np.isfinite(found.values).all()
    assert np.isfinite(found.figures["deletion_ratio"])


def _gap(index: int, rng: np.random.Generator) -> float:
    return float("nan") if index % 5 == 0 else float(rng.normal())


def test_trees_are_explained_by_replacing_values_by_their_median() -> None:
    rng = np.random.default_rng(1)
    # The planted column is 1000 or 1001: zero, which no patient has, would say nothing about it.
    samples = [
        Sample(
            id=f"s{i}",
            patient=f"p{i}",
            inputs={
                "row": Row(
                    values={"noise": float(rng.normal()), "planted": 1000.0 + (i % 4 == 0) + rng.normal(0, 0.01)}
                )
            },
            target=int(i % 4 == 0),
        )
        for i in range(80)
    ]
    task = make(Question(kind="classification", classes=("no", "yes")))
    system = registry.create("boosting", task, ListDataset(samples), registry.find("boosting").small)
    fit(system, ListDataset(samples), ListDataset(samples), score=lambda s, d: {s.task.primary: 0.0})
    found = attribute(system, samples[0])
    size = dict(zip(found.names, np.abs(found.values), strict=True))
    assert size["planted"] > 2 * size["noise"]


def test_a_trained_networks_map_is_not_that_of_shuffled_weights() -> None:
    system, data = fitted("mlp", epochs=30)
    found = [attribute(system, data[i]).figures["sanity_correlation"] for i in range(6)]
    assert abs(np.mean(found)) < 0.8


def test_grad_cam_has_the_shape_of_the_picture(tmp_path: Path) -> None:
    system, data = fitted("small_cnn")
    found = attribute(system, data[0], "grad_cam")
    assert found.values.shape == found.input.shape
    assert found.values.min() >= 0
    facts = write_attribution(found, data[0], tmp_path)
    assert (tmp_path / "attribution.png").read_bytes().startswith(b"\x89PNG")
    assert facts["method"] == "grad_cam"
    assert "largest" not in facts
    with np.load(tmp_path / "attribution.npz") as kept:
        np.testing.assert_array_equal(kept["values"], found.values)


def test_tokens_are_named_even_where_a_word_stands_twice(tmp_path: Path) -> None:
    system, data = fitted("birnn_events")
    sample = data[0]
    found = attribute(system, sample)
    assert found.names == sample.inputs["note"].tokens
    assert found.values.shape == (len(found.names),)
    facts = write_attribution(found, sample, tmp_path)
    assert facts["largest"].split(" ")[0] in found.names


def test_a_waveform_is_drawn_as_traces(tmp_path: Path) -> None:
    system, data = fitted("fall_edge")
    found = attribute(system, data[1], "saliency")
    assert found.values.shape == (6, 300)
    write_attribution(found, data[1], tmp_path)
    assert (tmp_path / "attribution.png").stat().st_size > 5000


def test_restoration_is_explained_at_the_place_it_changed_most() -> None:
    system, data = fitted("total_variation")
    found = attribute(system, data[0], "perturbation", exam=False)
    assert found.values.shape == data[0].inputs["image"].array.shape
    assert "rows" in found.subject


def test_methods_that_a_system_does_not_allow_are_refused() -> None:
    system, sample = linear()
    with pytest.raises(UsageError, match="Grad-CAM"):
        attribute(system, sample, "grad_cam")
    with pytest.raises(UsageError, match="use auto"):
        attribute(system, sample, "lime")
    trees, data = fitted("boosting")
    with pytest.raises(UsageError, match="perturbation"):
        attribute(trees, data[0], "saliency")
