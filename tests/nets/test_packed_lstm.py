"""The closed-form LSTM against torch's own."""

import pytest
import torch

from salus.nets.packed_lstm import lstm_states
from salus.nets.recurrent import Recurrent
from salus.schema.errors import ConfigError, ShapeError


@pytest.mark.parametrize("bidirectional", [False, True])
def test_states_and_gradients_are_those_of_torch(bidirectional):
    torch.manual_seed(0)
    layer = Recurrent(5, 3, bidirectional=bidirectional).double()
    steps = torch.randn(4, 6, 5, dtype=torch.double, requires_grad=True)
    lengths = torch.tensor([3, 6, 1, 3])
    theirs, _ = layer(steps, lengths)
    ours = lstm_states(layer.cell, steps, lengths)
    torch.testing.assert_close(ours, theirs)
    weight = torch.randn_like(ours)
    leaves = [steps, *layer.parameters()]
    expected = torch.autograd.grad((theirs * weight).sum(), leaves)
    for mine, other in zip(torch.autograd.grad((ours * weight).sum(), leaves), expected, strict=True):
        torch.testing.assert_close(mine, other)


def test_one_step_alone():
    layer = Recurrent(2, 3)
    steps = torch.randn(2, 4, 2)
    lengths = torch.tensor([1, 1])
    torch.testing.assert_close(lstm_states(layer.cell, steps, lengths), layer(steps, lengths)[0])


def test_refuses_other_cells_and_lengths():
    with pytest.raises(ConfigError, match="one layer"):
        lstm_states(torch.nn.LSTM(2, 3, num_layers=2, batch_first=True), torch.zeros(1, 1, 2), torch.tensor([1]))
    with pytest.raises(ShapeError, match="empty sequence"):
        lstm_states(torch.nn.LSTM(2, 3, batch_first=True), torch.zeros(1, 1, 2), torch.tensor([0]))
