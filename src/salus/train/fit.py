"""The one training loop: any number of stages and objectives, resumable at any moment with equal weights."""

import time
from pathlib import Path

import torch

from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.schema.errors import DataError
from salus.train.device import choose_device
from salus.train.progress import Progress, Quiet
from salus.train.result import FitResult
from salus.train.run import Run, Score, seed_torch


def fit(
    system: System,
    train: Dataset,
    valid: Dataset | None,
    *,
    score: Score,
    seed: int = 0,
    device: str = "cpu",
    folder: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    workers: int = 0,
    events: bool = True,
) -> FitResult:
    """Train a system through its stages, then let it settle.

    Every epoch starts from random states derived of (seed, stage, epoch), and a checkpoint is written after it. A run
    that was killed and resumed therefore ends with the same weights as one that was not.

    Args:
        system: Built, untrained; changed in place.
        train: Training part; the only data that moves weights.
        valid: Validation part for early stopping and the choice of the best epoch; None keeps the last epoch.
        score: Judges a system on a dataset; its `system.task.primary` is watched.
        seed: Of everything random.
        device: `auto`, `cpu`, `cuda`, `cuda:N`.
        folder: Where checkpoint, `history.csv` and TensorBoard events go; None writes nothing.
        resume: Go on from the folder's checkpoint if there is one.
        progress: Who watches.
        workers: Processes that read and collate; the result does not depend on it.
        events: Write TensorBoard events too.

    Raises:
        TrainingError: A loss is not finite.
        StoreError: The checkpoint is damaged or belongs to another training; the disk is full.
        DataError: The training part is empty.
    """
    if len(train) == 0:
        raise DataError("the training part is empty; check the split")
    run = Run(
        system,
        train,
        valid,
        score=score,
        seed=seed,
        device=choose_device(device),
        folder=folder,
        progress=progress or Quiet(),
        workers=workers,
        events=events,
    )
    if resume:
        run.restore()
    run.all_stages()
    seed_torch(seed, 1_000_003, 0)
    start = time.perf_counter()
    with torch.no_grad():
        system.settle(train)
    run.seconds += time.perf_counter() - start
    system.eval()
    return run.result()
