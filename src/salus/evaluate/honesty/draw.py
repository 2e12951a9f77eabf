"""Ask a generator for samples, seeded, with the classes that are wanted."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from salus.contract.generator import Generator
from salus.contract.system import System
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Sample

BATCH = 256
MOST = 1_000_000


def generator_of(system: System) -> Generator:
    """Return the system as a generator.

    Raises:
        UsageError: It makes no samples.
    """
    if not isinstance(system, Generator):
        raise UsageError(f"{type(system).__name__} makes no synthetic samples; choose a system that has `synthesize`")
    return system


def draw(system: System, targets: Sequence[Any], seed: int) -> list[Sample]:
    """Return one synthetic sample a target; equal seeds give equal samples, and torch's state is as before afterwards.

    Ids are `synthetic_<seed>_<number>`, each sample is a patient of its own (no person stands behind it), and
    `meta["synthetic"]` is True.

    Args:
        system: Fitted, with `synthesize`.
        targets: As `Generator.synthesize` takes them.
        seed: Of the noise.

    Raises:
        UsageError: The system makes no samples, or more than a million are wanted.
        DataError: It answers with another number of samples, or with values that are not finite.
    """
    generator = generator_of(system)
    if len(targets) > MOST:
        raise UsageError(f"{len(targets):,} samples wanted; at most {MOST:,} at a time")
    modes = {module: module.training for module in system.modules()}
    found: list[Sample] = []
    try:
        system.eval()
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(int(np.random.SeedSequence([abs(int(seed)), 41]).generate_state(1)[0]))
            for first in range(0, len(targets), BATCH):
                wanted = targets[first : first + BATCH]
                made = generator.synthesize(wanted)
                if len(made) != len(wanted):
                    raise DataError(f"{type(system).__name__} made {len(made)} samples where {len(wanted)} were wanted")
                found += [_marked(sample, seed, first + place) for place, sample in enumerate(made)]
    finally:
        for module, training in modes.items():
            module.training = training
    return found


def condition_of(sample: Sample) -> Any:
    """Return what a sample's generation is conditioned on: its class index or number; None where it has neither."""
    target = sample.target
    if isinstance(target, Mapping):
        target = target.get("label", target.get("condition", target.get("value")))
    if isinstance(target, bool | int | np.integer):
        return int(target)
    return float(target) if isinstance(target, float | np.floating) else None


def targets_like(samples: Sequence[Sample], count: int, seed: int) -> list[Any]:
    """Return `count` targets in the proportions of the samples: each in turn, in a seeded order, then anew."""
    if not samples:
        raise DataError("no samples to take the proportions of classes from")
    rng = np.random.default_rng([abs(int(seed)), 42])
    order: list[int] = []
    while len(order) < count:
        order += rng.permutation(len(samples)).tolist()
    return [condition_of(samples[place]) for place in order[:count]]


def _marked(sample: Sample, seed: int, number: int) -> Sample:
    name = f"synthetic_{seed}_{number:06d}"
    for key, item in sample.inputs.items():
        array = getattr(item, "array", None)
        if array is not None and array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DataError(f"sample {name}: the generator's {key} is not finite; train it anew with a smaller rate")
    return dataclasses.replace(sample, id=name, patient=name, meta={**sample.meta, "synthetic": True})
