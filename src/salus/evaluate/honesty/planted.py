"""Copies of training samples, exact and slightly disturbed, on which the audit must prove that it can see."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from salus.evaluate.honesty.space import ROWS, Space, item_of
from salus.metrics.weights import Floats
from salus.schema.sample import Image, Row, Sample, Waveform

MOST = 200
SLIGHT = 0.01
"""Of a column's spread, or of an array's."""
BETWEEN = 0.05
"""Of the usual distance of neighbours: a disturbance that is larger would make another person of a copy."""


def plant(space: Space, train: Sequence[Sample], middle: float, seed: int = 47) -> tuple[list[Sample], list[Sample]]:
    """Return exact and disturbed copies of at most 200 training samples.

    Numbers of a row move by one hundredth of their column's spread, words stay. Arrays get noise of one hundredth of
    their spread and, in turn, up to three hundredths more or less gain and offset, as another display or amplifier
    would give them. Where neighbours are so close that this would reach the next person, noise is kept to a twentieth
    of the usual distance.

    Args:
        space: Of the training part.
        train: What to copy.
        middle: Median distance of unseen people to the training part, in the space's units.
        seed: Of choice and noise.
    """
    rng = np.random.default_rng(seed)
    chosen = [train[int(i)] for i in np.sort(rng.permutation(len(train))[:MOST])]
    exact = [dataclasses.replace(sample, id=f"planted_{n}") for n, sample in enumerate(chosen)]
    columns = sum(1 for _, learnt in space.plan if learnt.get("words") is None)
    size = columns if space.kind == ROWS else int(np.prod(space.arrays(chosen[:1]).shape[1:]))
    length = SLIGHT * np.sqrt(max(size, 1)) if middle <= 0 else min(SLIGHT * np.sqrt(max(size, 1)), BETWEEN * middle)
    disturbed = [_disturb(space, sample, length, number, rng) for number, sample in enumerate(chosen)]
    return exact, disturbed


def _disturb(space: Space, sample: Sample, length: float, number: int, rng: np.random.Generator) -> Sample:
    name, item = item_of(sample)
    moved: Row | Image | Waveform
    if isinstance(item, Row):
        spreads = {key: learnt["spread"] for key, learnt in space.plan if learnt.get("words") is None}
        numbers = [key for key, cell in item.values.items() if key in spreads and not isinstance(cell, str)]
        steps = dict(zip(numbers, _direction((len(numbers),), length, rng).tolist(), strict=True))
        moved = Row(
            values={
                key: cell if isinstance(cell, str) or key not in steps else cell + steps[key] * spreads[key]
                for key, cell in item.values.items()
            }
        )
    else:
        array = np.asarray(item.array, dtype=np.float32)
        gain, offset = ((1.0, 0.0), (1.0 + 0.03 * rng.uniform(-1, 1), 0.03 * space.scale * rng.uniform(-1, 1)))[
            number % 2
        ]
        noise = space.scale * _direction(array.shape, length, rng)
        moved = dataclasses.replace(item, array=(gain * array + offset + noise).astype(np.float32))
    return dataclasses.replace(sample, id=f"disturbed_{number}", inputs={name: moved})


def _direction(shape: tuple[int, ...], length: float, rng: np.random.Generator) -> Floats:
    """Return noise of one length in a direction drawn at random."""
    noise = rng.normal(size=shape)
    return np.asarray(length * noise / max(float(np.linalg.norm(noise)), 1e-12))
