"""What an answer costs: numbers to store, operations, time and memory. NaN where a figure does not apply."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from salus.contract.batch import Batch
from salus.contract.system import System

WARM_UP, REPEATS = 3, 20
"""Answers before and during the measurement of latency."""

PATIENCE_S = 5.0
"""Seconds after which latency is taken from the answers so far (two at least)."""


def count_parameters(system: System) -> float:
    """Return how many numbers training moves; NaN for an estimator that no gradient moves."""
    count = sum(parameter.numel() for parameter in system.parameters() if parameter.requires_grad)
    return float(count) if count else float("nan")


def count_flops(system: System, batch: Batch) -> float:
    """Return the floating-point operations of an answer to a batch; give one sample for one answer.

    One multiplication and one addition make two operations. Matrix products, convolutions, attention and recurrent
    layers are counted, element-wise work is not, as is the custom. NaN where nothing was counted: the answer was
    computed outside torch.

    Args:
        system: In any mode; its mode is kept.
        batch: From the system's `collate`.
    """
    from torch.utils.flop_counter import FlopCounterMode

    there = batch.to(_place(system))
    # Gradients stay on: without them attention layers take a fused path that no counter can see into.
    with _evaluation(system), torch.enable_grad():
        with FlopCounterMode(display=False, custom_mapping=_uncounted()) as counter:
            system(there)
        total = counter.get_total_flops()
    return float(total) if total else float("nan")


def measure_latency(system: System, batch: Batch) -> float:
    """Return the median time of an answer to a batch, ms, in one thread: network and decoding.

    Args:
        system: In any mode; its mode is kept.
        batch: From the system's `collate`, asked about again and again.
    """
    there = batch.to(_place(system))

    def ask() -> None:
        system.decode(system(there))

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _evaluation(system), torch.inference_mode():
            return 1000 * float(np.median(_times(ask)))
    finally:
        torch.set_num_threads(threads)


def peak_memory_mb() -> float:
    """Return the most memory this process ever held, MB; NaN where the system does not tell."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset / 2**20)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / (2**20 if sys.platform == "darwin" else 2**10))


@contextmanager
def _evaluation(system: System) -> Iterator[None]:
    """Evaluation mode and an untouched random state, for as long as the block lasts."""
    modes = {module: module.training for module in system.modules()}
    with torch.random.fork_rng(devices=[]):
        system.eval()
        try:
            yield
        finally:
            for module, training in modes.items():
                module.training = training


def _place(system: System) -> torch.device:
    return next((tensor.device for tensor in [*system.parameters(), *system.buffers()]), torch.device("cpu"))


def _times(ask: Callable[[], None]) -> list[float]:
    """Return seconds of each repeat, after the warm-up; slow systems are asked less often."""
    begin, seconds = time.perf_counter(), []
    for number in range(WARM_UP + REPEATS):
        start = time.perf_counter()
        ask()
        stop = time.perf_counter()
        seconds.append(stop - start)
        if number > 1 and stop - begin > PATIENCE_S:
            break
    return seconds[min(WARM_UP, len(seconds) - 2) :]


def _uncounted() -> dict[Any, Callable[..., int]]:
    """Return formulas for fused layers that torch's counter passes over."""
    aten = torch.ops.aten
    return {
        aten.mkldnn_rnn_layer: _recurrent_flops,
        aten._scaled_dot_product_flash_attention_for_cpu: _attention_flops,
    }


def _recurrent_flops(inputs: Sequence[int], weights: Sequence[int], state: Sequence[int], *_: Any, **__: Any) -> int:
    """One layer in one direction: two products per step, gates `(G, I)` and `(G, H)` (Hochreiter; gates stacked)."""
    steps_and_rows = inputs[0] * inputs[1]
    return 2 * steps_and_rows * (weights[0] * weights[1] + state[0] * state[1])


def _attention_flops(query: Sequence[int], key: Sequence[int], value: Sequence[int], *_: Any, **__: Any) -> int:
    """Scores `(T, S)` from depth E, and their product with values of depth F, for each row and head."""
    rows, heads, length, depth = query
    return 2 * rows * heads * length * key[2] * (depth + value[3])
