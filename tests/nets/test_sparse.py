"""Parts of systems that learn from few labels."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.nets.sparse_gan import fake_loss, feature_gap, lacking, real_loss
from salus.nets.sparse_labels import SparseReader, label_or_none, measure_sparse, split_labelled
from salus.nets.sparse_trunk import SparseTrunk, Teachers, Views, cross_entropy, round_of
from salus.schema.errors import DataError
from salus.schema.sample import Row, Sample


def reader() -> SparseReader:
    rng = np.random.default_rng(0)
    samples = [
        Sample(id=f"s{i}", patient=f"p{i}", inputs={"row": Row(values={"a": rng.normal(), "b": rng.normal()})},
               target=(i % 2 if i < 8 else None))
        for i in range(20)
    ]  # fmt: skip
    return SparseReader(measure_sparse(ListDataset(samples), "refuse"), ("x", "y"), 28)


class Fixed(SparseTrunk):
    """Answers with logits that were written into its one buffer."""

    def __init__(self, source: SparseReader, logits: list[list[float]]) -> None:
        super().__init__(source, (), (), 0.0)
        self.register_buffer("table", torch.tensor(logits))

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        table: torch.Tensor = self.get_buffer("table")
        return table


def test_real_and_generated_are_the_k_plus_first_class_written_out() -> None:
    logits = torch.randn(5, 3)
    whole = torch.cat([logits, torch.zeros(5, 1)], dim=1).softmax(dim=1)  # the fourth class is "generated"
    assert real_loss(logits).item() == pytest.approx(-(1 - whole[:, 3]).log().mean().item(), rel=1e-5)
    assert fake_loss(logits).item() == pytest.approx(-whole[:, 3].log().mean().item(), rel=1e-5)
    real, fake = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[2.0, 2.0]])
    assert feature_gap(real, fake).item() == pytest.approx(0.5)


def test_what_lacks_is_what_the_commonest_class_has_more() -> None:
    own = torch.tensor([0] * 10 + [2] * 3)
    found = lacking(own, 3, 100)
    assert torch.bincount(torch.cat([own, found]), minlength=3).tolist() == [10, 10, 10]
    assert len(lacking(own, 3, 4)) == 4
    assert len(lacking(own[:0], 3, 4)) == 0


def test_no_row_costs_nothing_and_moves_nothing() -> None:
    logits = torch.zeros(0, 2, requires_grad=True)
    loss = cross_entropy(logits, torch.zeros(0, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0


def test_teachers_label_what_all_are_sure_of() -> None:
    source = reader()
    # rows: both sure and alike; both sure, not alike; alike but unsure
    first = Fixed(source, [[4.0, 0.0], [4.0, 0.0], [0.2, 0.0]])
    second = Fixed(source, [[3.0, 0.0], [0.0, 1.0], [0.1, 0.0]])
    points = torch.zeros(3, 4)
    both = Teachers([first, second], Views(source), least=0.6, agree=True)
    assert both.label(points).tolist() == [0, -1, -1]
    alone = Teachers([first, second], Views(source), least=0.6, agree=False)
    assert alone.label(points).tolist() == [0, 0, -1]  # mean of 0.98 and 0.27 is 0.63
    assert both.confirm(points, torch.tensor([0, 0, 1])).tolist() == [True, False, False]
    assert alone.confirm(points, torch.tensor([0, 0, 1])).all()
    assert not any(parameter.requires_grad for parameter in both.parameters())


def test_teachers_learn_the_weights_of_the_round() -> None:
    source = reader()
    trunk = SparseTrunk(source, (), (8,), 0.0)
    teachers = Teachers([trunk], Views(source), least=0.5, agree=True)
    with torch.no_grad():
        trunk.head.weight.add_(1.0)
    before = teachers.copies[0].head.weight.clone()
    teachers.learn([trunk])
    assert not torch.equal(before, teachers.copies[0].head.weight)
    assert torch.equal(trunk.head.weight, teachers.copies[0].head.weight)


def test_rounds_begin_once_and_end_with_the_training() -> None:
    found = [round_of(step, 3, 40, 10, 2) for step in range(12)]  # 12 steps, three rounds of four
    assert [number for number, _ in found] == [0] * 4 + [1] * 4 + [2] * 4
    assert [step for step, (_, begins) in enumerate(found) if begins] == [4, 8]
    late = [round_of(step, 1, 70, 10, 2) for step in range(7)]  # seven steps: the last round takes what is left
    assert late[-1] == (2, False)
    assert sum(begins for _, begins in late) == 2


@pytest.mark.parametrize("target", [True, 1.5, -1, "ill"])
def test_a_label_is_a_class_number(target: Any) -> None:
    with pytest.raises(DataError, match="is no class number"):
        label_or_none(Sample(id="s", patient="p", inputs={}, target=target))


def test_labels_are_found_and_missing_ones_are_minus_one() -> None:
    source = reader()
    samples = [
        Sample(id=f"q{i}", patient="p", inputs={"row": Row(values={"a": 0.0, "b": math.nan})}, target=target)
        for i, target in enumerate((None, 1, {"label": 0}, {"label": None}))
    ]
    batch = source.collate(samples)
    assert batch.target["label"].tolist() == [-1, 1, 0, -1]
    known, label = split_labelled(batch)
    assert known.tolist() == [1, 2]
    assert label.tolist() == [1, 0]
    assert source.counts == (4, 4)
