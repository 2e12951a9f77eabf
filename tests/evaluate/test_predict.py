import numpy as np
import pytest
import torch
from torch import nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.evaluate import predict
from salus.evaluate.cost import count_flops, count_parameters, measure_latency, peak_memory_mb
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample
from salus.tasks.registry import make

TASK = make(Question(kind="classification", classes=("no", "yes")))


class Toy(System):
    """Refuses a negative x, answers x = 99 with NaN, and adds noise where x is 7."""

    card = Card(title="toy", family="cnn", tasks=("classification",), inputs=(), modalities=("table",))

    def __init__(self):
        super().__init__(TASK, Config(), {})
        self.layer = nn.Linear(1, 2)
        self.norm = nn.BatchNorm1d(2)
        self.norm.eval()
        self.sizes = []

    def collate(self, samples):
        for sample in samples:
            if sample.inputs["row"].values["x"] < 0:
                raise DataError(f"{sample.id}: x is below zero; measure again")
        values = torch.tensor([[float(s.inputs["row"].values["x"])] for s in samples])
        return Batch(tuple(s.id for s in samples), {"x": values})

    def forward(self, batch):
        assert not self.training
        assert not torch.is_grad_enabled() or not self.sizes
        x = batch.inputs["x"]
        self.sizes.append(len(x))
        noise = torch.randn_like(x) * (x == 7)
        return torch.where(x == 99, torch.nan, self.norm(self.layer(x + noise)))

    def objectives(self, batch, stage):
        yield Objective("loss", self(batch).sum())


def dataset(*values):
    return ListDataset(
        [
            Sample(id=f"s{i}", patient=f"p{i // 2}", inputs={"row": Row(values={"x": x})}, target=i % 2)
            for i, x in enumerate(values)
        ]
    )


def test_every_sample_gets_an_answer_or_a_reason():
    system, seen = Toy(), []
    given = predict.answers(system, dataset(1, -2, 3, 99, 5), batch_size=3, progress=lambda *pair: seen.append(pair))
    assert [value is None for value in given.values] == [False, True, False, True, False]
    assert "s1: x is below zero" in given.reasons[1]
    assert "not finite" in given.reasons[3]
    assert given.missing == 2
    assert given.ids == ("s0", "s1", "s2", "s3", "s4")
    assert given.patients == ("p0", "p0", "p1", "p1", "p2")
    assert given.truth == [0, 1, 0, 1, 0]
    assert given.seconds > 0
    assert seen == [(3, 5), (5, 5)]
    assert system.sizes == [1, 1, 2]  # the refused sample's batch one by one, the next together


def test_missing_answers_lower_the_score():
    system = Toy()
    with torch.no_grad():
        system.layer.weight[:] = torch.tensor([[-1.0], [1.0]])
        system.layer.bias[:] = torch.tensor([2.5, -2.5])
    good = predict.score(system, dataset(1, 4, 2, 5))
    assert good["auroc"] == 1
    assert predict.score(system, dataset(1, 4, 2, -5))["auroc"] == 0.5
    assert set(predict.operate(system, dataset(1, 4, 2, -5))) >= {"temperature", "threshold"}


def test_asking_leaves_no_trace_and_repeats_itself():
    system = Toy().train()
    system.norm.eval()
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = predict.answer(system, dataset(7, 7, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert system.training
    assert not system.norm.training
    torch.manual_seed(6)
    second = predict.answer(system, dataset(7, 7, 1))
    assert np.array_equal(np.stack(first), np.stack(second))
    assert not np.array_equal(first[0], first[1])


def test_a_fault_of_the_code_is_raised_and_modes_come_back():
    system = Toy().train()
    system.forward = lambda batch: torch.zeros(99, 2)
    with pytest.raises(DataError, match="output of shape"):
        predict.answers(system, dataset(1, 2))
    assert system.training


class Net(Toy):
    def __init__(self, net):
        super().__init__()
        self.layer, self.norm, self.net = nn.Identity(), nn.Identity(), net

    def forward(self, batch):
        answer = self.net(batch.inputs["x"])
        return (answer[0] if isinstance(answer, tuple) else answer).flatten(1)[:, :2]


@pytest.mark.parametrize(
    ("net", "shape", "expected"),
    [
        (nn.Linear(8, 5), (1, 8), 2 * 8 * 5),
        (nn.Conv1d(2, 3, 3, padding=1), (1, 2, 10), 2 * 10 * 3 * 2 * 3),
        (nn.LSTM(8, 16, batch_first=True), (1, 10, 8), 2 * 10 * 4 * 16 * (8 + 16)),
        (nn.LSTM(8, 16, 2, batch_first=True, bidirectional=True), (1, 10, 8), 2 * 10 * 2 * 64 * (8 + 16 + 32 + 16)),
        (nn.GRU(8, 16, batch_first=True), (1, 10, 8), 2 * 10 * 3 * 16 * (8 + 16)),
        # projections 8 -> 24 and 8 -> 8, feed-forward 8 -> 16 -> 8, scores and mixing of 10 tokens
        (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (1, 10, 8), 20 * (8 * 32 + 2 * 8 * 16) + 4 * 100 * 8),
    ],
)
def test_operations_by_hand(net, shape, expected):
    system = Net(net).train()
    batch = Batch(("a",), {"x": torch.zeros(shape)})
    assert count_flops(system, batch) == expected
    assert system.training
    assert count_parameters(system) == sum(p.numel() for p in net.parameters())


def test_cost_of_an_estimator_outside_torch():
    system = Net(nn.Flatten())
    batch = Batch(("a",), {"x": torch.zeros(1, 4)})
    assert np.isnan(count_parameters(system))
    assert np.isnan(count_flops(system, batch))
    assert measure_latency(system, batch) > 0
    assert peak_memory_mb() > 20
