"""A one-layer LSTM over sequences of unequal length with its gradient in closed form: for training on a processor.

Both directions advance in one loop, real steps alone are computed, and the gradients of the weights are two matrix
products behind the loop. It reads the weights of a `torch.nn.LSTM` and gives the same states and gradients.

Source:
    Hochreiter and Schmidhuber 1997 with forget gates, Gers et al. 2000; equations as in `torch.nn.LSTM`.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from salus.nets.recurrent import check_lengths
from salus.schema.errors import ConfigError


def lstm_states(cell: nn.LSTM, steps: Tensor, lengths: Tensor) -> Tensor:
    """Return the hidden state at every step.

    Args:
        cell: One layer, batch first, one or both directions.
        steps: `(B, T, F)`.
        lengths: `(B,)` int64, 1 <= length <= T.

    Returns:
        `(B, T, H)`, or `(B, T, 2 H)` of both directions; zero behind each end.

    Raises:
        ConfigError: A cell of several layers, with a projection or without biases.
        ShapeError: Lengths that do not fit.
    """
    if cell.num_layers != 1 or not cell.batch_first or not cell.bias or cell.proj_size:
        raise ConfigError(f"{cell}: lstm_states reads one layer, batch first, with biases and no projection")
    check_lengths(steps, lengths)
    ahead, back, sizes = _packing(lengths, steps.shape[1])
    flat = steps.flatten(0, 1)
    ways = [("_l0", ahead), ("_l0_reverse", back)][: 2 if cell.bidirectional else 1]
    gates, recurrent = [], []
    for name, places in ways:
        bias = getattr(cell, f"bias_ih{name}") + getattr(cell, f"bias_hh{name}")
        gates.append(torch.addmm(bias, flat[places], getattr(cell, f"weight_ih{name}").T))
        recurrent.append(getattr(cell, f"weight_hh{name}").T)
    hidden = _Steps.apply(torch.stack(gates), torch.stack(recurrent), sizes)
    empty = steps.new_zeros(len(flat), cell.hidden_size)
    states = [empty.index_copy(0, places, hidden[way]) for way, (_, places) in enumerate(ways)]
    return torch.cat(states, dim=1).unflatten(0, steps.shape[:2])


def _packing(lengths: Tensor, steps: int) -> tuple[Tensor, Tensor, list[int]]:
    """Return the places `(N,)` of real steps in time order, forwards and backwards, and how many run at each time."""
    ordered, rows = lengths.sort(descending=True, stable=True)
    time = torch.arange(int(ordered[0]), device=lengths.device).unsqueeze(1)
    live = time < ordered
    base = (rows * steps).expand(len(time), -1)
    return (base + time)[live], (base + (ordered - 1 - time))[live], live.sum(1).tolist()


class _Steps(torch.autograd.Function):
    """Gate inputs `(D, N, 4 H)` of D directions and N packed steps to hidden states `(D, N, H)`."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, weight: Tensor, sizes: Sequence[int]) -> Tensor:
        ways, count, size = gates.shape[0], gates.shape[1], gates.shape[2] // 4
        active = gates.clone()
        squashed, hidden = (gates.new_empty(ways, count, size) for _ in range(2))
        cell_before, hidden_before = (gates.new_zeros(ways, count, size) for _ in range(2))
        start, cell, state = 0, gates[:, :0], gates[:, :0]
        for number in sizes:
            now = slice(start, start + number)
            gate = active[:, now]
            if start:
                cell_before[:, now] = cell[:, :number]
                hidden_before[:, now] = state[:, :number]
                gate.baddbmm_(state[:, :number], weight)
            gate[..., : 2 * size].sigmoid_()
            gate[..., 2 * size : 3 * size].tanh_()
            gate[..., 3 * size :].sigmoid_()
            enter, forget, new, leave = gate.chunk(4, dim=2)
            cell = torch.addcmul(enter * new, forget, cell_before[:, now])
            squashed[:, now] = cell.tanh()
            hidden[:, now] = state = leave * squashed[:, now]
            start += number
        ctx.save_for_backward(active, weight, cell_before, hidden_before, squashed)
        ctx.sizes = sizes
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        active, weight, cell_before, hidden_before, squashed = ctx.saved_tensors
        grad, gate = gradients[0], active.unflatten(2, (4, -1))
        enter, forget, new, leave = gate.unbind(2)
        # How each gate's input moves the cell (three of them) or the state (the last): the same for all steps at once.
        slope = torch.stack(
            (
                enter * (1 - enter) * new,
                forget * (1 - forget) * cell_before,
                enter * (1 - new * new),
                leave * (1 - leave) * squashed,
            ),
            dim=2,
        )
        through = leave * (1 - squashed * squashed)
        moved, back = torch.empty_like(gate), weight.transpose(1, 2)
        stop, later = grad.shape[1], 0
        state_grad, cell_grad = grad[:, :0], grad[:, :0]
        for number in reversed(ctx.sizes):
            now = slice(stop - number, stop)
            state = grad[:, now].clone()
            state[:, :later] += state_grad
            cell = state * through[:, now]
            cell[:, :later] += cell_grad
            torch.mul(cell.unsqueeze(2), slope[:, now, :3], out=moved[:, now, :3])
            torch.mul(state, slope[:, now, 3], out=moved[:, now, 3])
            state_grad = torch.bmm(moved[:, now].flatten(2), back)
            cell_grad = cell * forget[:, now]
            stop, later = stop - number, number
        flat = moved.flatten(2)
        return flat, torch.bmm(hidden_before.transpose(1, 2), flat), None
