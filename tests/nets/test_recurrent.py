"""Recurrent layers: padding changes nothing, ends are found, bad lengths are refused."""

import itertools

import pytest
import torch

from salus.nets.recurrent import AttentionPool, Recurrent, pool_max, pool_mean, step_mask
from salus.schema.errors import ShapeError

CASES = list(itertools.product(("lstm", "gru"), (1, 2), (False, True)))


def padded(lengths, features=5, extra=0, fill=float("nan")):
    torch.manual_seed(0)
    rows = [torch.randn(n, features) for n in lengths]
    batch = torch.full((len(rows), max(lengths) + extra, features), fill)
    for row, values in zip(batch, rows, strict=True):
        row[: len(values)] = values
    return batch, torch.tensor(lengths), rows


@pytest.mark.parametrize(("kind", "layers", "bidirectional"), CASES)
def test_a_padded_batch_equals_each_sequence_alone(kind, layers, bidirectional):
    batch, lengths, rows = padded([3, 7, 1], extra=4)
    layer = Recurrent(5, 6, kind=kind, layers=layers, bidirectional=bidirectional)
    states, last = layer(batch, lengths)
    assert states.shape == (3, 11, layer.out_features)
    for index, row in enumerate(rows):
        alone, end = layer(row.unsqueeze(0))
        torch.testing.assert_close(states[index, : len(row)], alone[0], atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(last[index], end[0], atol=1e-6, rtol=1e-5)
        assert (states[index, len(row) :] == 0).all()


def test_the_summary_is_the_last_real_step_and_the_first_of_the_way_back():
    batch, lengths, _ = padded([4, 2])
    layer = Recurrent(5, 3, bidirectional=True)
    states, last = layer(batch, lengths)
    for index, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(last[index, :3], states[index, length - 1, :3])
        torch.testing.assert_close(last[index, 3:], states[index, 0, 3:])


def test_an_lstm_step_by_hand():
    layer = Recurrent(1, 1)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.fill_(0.5)
    _, last = layer(torch.tensor([[[2.0]]]))
    gate = torch.tensor(0.5 * 2 + 0.5 + 0.5)
    cell = gate.sigmoid() * gate.tanh()
    torch.testing.assert_close(last[0, 0], gate.sigmoid() * cell.tanh())


@pytest.mark.parametrize("pool", [pool_mean, pool_max, lambda s, n: AttentionPool(5)(s, n)[0]])
def test_pooling_ignores_what_the_padding_holds(pool):
    batch, lengths, rows = padded([3, 6], extra=2)
    torch.manual_seed(1)
    together = pool(batch, lengths)
    for index, row in enumerate(rows):
        torch.manual_seed(1)
        torch.testing.assert_close(together[index], pool(row.unsqueeze(0), None)[0])


def test_attention_weights_sum_to_one_over_real_steps():
    batch, lengths, _ = padded([3, 6])
    _, weights = AttentionPool(5, hidden=4)(batch, lengths)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2))
    assert (weights[~step_mask(lengths, 6)] == 0).all()


def test_gradients_stay_finite_when_the_padding_is_not_a_number():
    batch, lengths, _ = padded([2, 4])
    layer, pool = Recurrent(5, 3), AttentionPool(3)
    states, last = layer(batch, lengths)
    (pool(states, lengths)[0].sum() + last.sum() + pool_mean(batch, lengths).sum() * 0).backward()
    assert all(torch.isfinite(p.grad).all() for p in layer.parameters())


@pytest.mark.parametrize(("lengths", "words"), [([0, 2], "empty"), ([2, 9], "length 9"), ([2], "one per sequence")])
def test_bad_lengths_are_refused(lengths, words):
    batch, _, _ = padded([2, 4])
    with pytest.raises(ShapeError, match=words):
        Recurrent(5, 3)(batch, torch.tensor(lengths))
    with pytest.raises(ShapeError, match=words):
        pool_mean(batch, torch.tensor(lengths))
