"""The local engine: every core works on one cell at a time, each in a process of its own with one thread."""

import contextlib
import ctypes
import importlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from salus.study.cell import Cell, run_cell
from salus.systems import registry


def run_local(cells: Sequence[Cell], jobs: int, watch: Callable[[int, Sequence[Cell]], None]) -> list[str]:
    """Run cells, `jobs` at a time; a cell whose process dies is reported, not repeated.

    Args:
        cells: What is to be done, in this order.
        jobs: Processes at a time; 0 for one per usable core.
        watch: Called several times a second with the number of finished cells and those under way.

    Returns:
        One sentence for each process that ended without leaving a result (killed, out of memory).
    """
    jobs = jobs or usable_cores()
    if len(cells) > jobs:
        warm_up(cells)
    context = _context()
    waiting = list(reversed(cells))
    running: dict[Any, Cell] = {}
    finished, problems = 0, []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                cell = waiting.pop()
                process = context.Process(target=_guarded, args=(cell, os.getpid()), daemon=False)
                process.start()
                running[process] = cell
            for process in [p for p in running if not p.is_alive()]:
                cell = running.pop(process)
                process.join()
                finished += 1
                if process.exitcode:
                    problems.append(f"{cell.place.relative_to(cell.folder)}: process ended with {process.exitcode}")
                process.close()
            watch(finished, list(running.values()))
            time.sleep(0.05)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.join(5)
    return problems


def warm_up(cells: Sequence[Cell]) -> None:
    """Import here what every child would import again: its systems, and what torch and scikit-learn load late.

    Building a first optimizer makes torch import its compiler, seconds that each forked child would pay.
    """
    for name in {cell.arm.system for cell in cells}:
        registry.find(name)
    for module in ("sklearn.linear_model", "sklearn.ensemble", "scipy.optimize", "torch.utils.flop_counter"):
        importlib.import_module(module)
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])


def usable_cores() -> int:
    """Return the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _context() -> Any:
    # A forked child shares the loaded data with its parent; CUDA does not survive a fork.
    if "fork" in multiprocessing.get_all_start_methods() and not torch.cuda.is_initialized():
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def _guarded(cell: Cell, parent: int) -> None:
    """Run a cell in a child that ends with its parent, so a killed study leaves no writer behind."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(9)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run_cell(cell)
