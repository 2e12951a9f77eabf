"""Ask a system about every sample of a dataset, and judge what it says."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Sample

Progress = Callable[[int, int], None]
"""Called with how many samples are done and how many there are."""

SEED = 0
"""Where stochastic systems start each time they are asked, so that equal questions get equal answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a system said of N samples, and what else judging them needs.

    Attributes:
        values: One decoded answer per sample; None where there is none.
        reasons: Why not, by row.
        seconds: Wall time of all answers.
        ids: Sample names.
        patients: Whose sample it is.
        truth: Targets; None once deployed.
    """

    values: list[NDArray[Any] | None]
    reasons: dict[int, str]
    seconds: float
    ids: tuple[str, ...]
    patients: tuple[str, ...]
    truth: list[Any]

    @property
    def missing(self) -> int:
        """How many samples got no answer."""
        return len(self.reasons)


def answers(
    system: System,
    dataset: Dataset,
    batch_size: int = 64,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
) -> Answers:
    """Ask a system about every sample, without gradients and in evaluation mode.

    A sample that the system refuses (`DataError`) or answers with a number that is not finite gets None and a reason;
    the rest of its batch is asked again one by one. Any other error is a fault of the code and is raised. Modes,
    device and the global random state are as before afterwards.

    Args:
        system: A fitted system.
        dataset: Samples; each is read once.
        batch_size: Samples asked together.
        device: Where to compute.
        progress: Called after each batch.
    """
    modes = {module: module.training for module in system.modules()}
    home = next((tensor.device for tensor in [*system.parameters(), *system.buffers()]), torch.device("cpu"))
    place = torch.device(device)
    start = time.perf_counter()
    values: list[NDArray[Any] | None] = []
    reasons: dict[int, str] = {}
    seen: list[Sample] = []
    try:
        system.to(place).eval()
        with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []), torch.inference_mode():
            torch.manual_seed(SEED)
            for first in range(0, len(dataset), batch_size):
                samples = [dataset[i] for i in range(first, min(first + batch_size, len(dataset)))]
                for row, (value, reason) in enumerate(_ask(system, samples, place), start=first):
                    values.append(value)
                    if value is None:
                        reasons[row] = reason
                seen.extend(Sample(id=s.id, patient=s.patient, inputs={}, target=s.target) for s in samples)
                if progress is not None:
                    progress(len(values), len(dataset))
    finally:
        system.to(home)
        for module, training in modes.items():
            module.training = training
    return Answers(
        values=values,
        reasons=reasons,
        seconds=time.perf_counter() - start,
        ids=tuple(sample.id for sample in seen),
        patients=tuple(sample.patient for sample in seen),
        truth=[sample.target for sample in seen],
    )


def answer(
    system: System,
    dataset: Dataset,
    batch_size: int = 64,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
) -> list[NDArray[Any] | None]:
    """Return one decoded answer per sample, None where the system gave none; see `answers`."""
    return answers(system, dataset, batch_size, device, progress).values


def score(
    system: System,
    dataset: Dataset,
    operating: Mapping[str, Any] | None = None,
    batch_size: int = 64,
    device: torch.device | str = "cpu",
) -> dict[str, float]:
    """Return every metric of the system's task on a labelled dataset.

    Args:
        system: A fitted system.
        dataset: Labelled samples.
        operating: What was fixed on validation (`Task.operate`); None for the defaults.
        batch_size: Samples asked together.
        device: Where to compute.
    """
    given = answers(system, dataset, batch_size, device)
    return system.task.score(given.values, given.truth, operating)


def operate(
    system: System, dataset: Dataset, batch_size: int = 64, device: torch.device | str = "cpu"
) -> dict[str, Any]:
    """Fix on validation samples what may be chosen: temperature, thresholds."""
    given = answers(system, dataset, batch_size, device)
    return system.task.operate(given.values, given.truth)


def _ask(system: System, samples: Sequence[Sample], device: torch.device) -> list[tuple[NDArray[Any] | None, str]]:
    """Return an answer, or None and a reason, for each sample of a batch."""
    try:
        output = system(system.collate(samples).to(device))
    except DataError as error:
        if len(samples) == 1:
            return [(None, str(error))]
        return [pair for sample in samples for pair in _ask(system, [sample], device)]
    return _decode(system, output, len(samples))


def _decode(system: System, output: Tensor, count: int) -> list[tuple[NDArray[Any] | None, str]]:
    if output.shape[:1] != (count,):
        raise ShapeError(f"{type(system).__name__} gave an output of shape {tuple(output.shape)} for {count} samples")
    broken = output.reshape(count, -1).isnan().any(dim=1).tolist()
    # Decoders such as Viterbi turn NaN into a plausible answer, so they are not shown any.
    decoded = iter(system.decode(output[[not bad for bad in broken]]) if any(broken) else system.decode(output))
    pairs: list[tuple[NDArray[Any] | None, str]] = []
    for bad in broken:
        value = None if bad else np.asarray(next(decoded))
        if value is None or (value.dtype.kind in "fc" and not np.isfinite(value).all()):
            pairs.append((None, "the answer is not finite"))
        else:
            pairs.append((value, ""))
    return pairs
