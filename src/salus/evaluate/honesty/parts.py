"""Who is compared with whom: seen, unseen and synthetic samples, equally many and in equal proportions of classes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from salus.evaluate.honesty.draw import condition_of
from salus.schema.errors import DataError
from salus.schema.sample import Sample

MOST = 2000
"""Samples a side; more would only narrow the intervals."""
LEAST = 50
"""Samples a side below which nothing can be said of a generator's honesty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Three sides of one size, class by class.

    Attributes:
        seen: From the training part.
        unseen: The control part, which the generator never saw.
        made: Synthetic, in the same proportions, as many as there are (at most 4,000).
        classes: Whether targets are classes.
    """

    seen: list[Sample]
    unseen: list[Sample]
    made: list[Sample]
    classes: bool


def balance(train: Sequence[Sample], control: Sequence[Sample], made: Sequence[Sample], seed: int = 0) -> Parts:
    """Choose equally many seen and unseen samples of each class, at most 2,000 a side, and synthetic ones to match.

    Without it a control part with other shares of classes than the training part would look like memorisation.

    Raises:
        DataError: Fewer than 50 samples a side, or a sample that stands on both real sides.
    """
    both = {sample.id for sample in train} & {sample.id for sample in control}
    if both:
        raise DataError(f"{len(both)} samples stand in training and control part, such as {min(both)!r}; split anew")
    rng = np.random.default_rng([abs(seed), 43])
    groups = [_groups(side) for side in (train, control, made)]
    classes = all(isinstance(key, int) for group in groups for key in group)
    if not classes:
        groups = [{0: list(range(len(side)))} for side in (train, control, made)]
    sizes = {key: min(len(groups[0][key]), len(groups[1].get(key, ()))) for key in groups[0]}
    total = sum(sizes.values())
    share = min(1.0, MOST / max(total, 1))
    sizes = {key: int(np.floor(share * size)) for key, size in sizes.items()}
    fill = min(
        [2 * MOST / max(1, sum(sizes.values())), *(len(groups[2].get(k, ())) / n for k, n in sizes.items() if n)]
    )
    picked = []
    for side, group, factor in zip((train, control, made), groups, (1.0, 1.0, fill), strict=True):
        index = [
            int(place)
            for key, size in sizes.items()
            for place in np.sort(rng.permutation(group.get(key, []))[: int(np.floor(factor * size))])
        ]
        picked.append([side[place] for place in index])
    for name, samples in zip(("training", "control", "synthetic"), picked, strict=True):
        if len(samples) < LEAST:
            raise DataError(
                f"{len(samples)} {name} samples in equal proportions of classes; {LEAST} a side are the fewest of "
                "which anything can be said: hold more people out, or make more samples of each class"
            )
    return Parts(seen=picked[0], unseen=picked[1], made=picked[2], classes=classes)


def spaced(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Return `count` samples evenly over a list that is in order of classes, so that proportions stay."""
    return [samples[int(place)] for place in np.linspace(0, len(samples) - 1, min(count, len(samples))).round()]


def labels_of(samples: Sequence[Sample]) -> Any:
    """Return class indices `(N,)` int64, numbers float64, or None where a sample has neither."""
    found = [condition_of(sample) for sample in samples]
    if any(value is None for value in found):
        return None
    return np.array(found, dtype=np.int64 if all(isinstance(v, int) for v in found) else np.float64)


def equal_classes(
    sides: Sequence[Sequence[Sample]], seed: int = 0, most: int = MOST
) -> tuple[list[list[Sample]], dict[Any, int]]:
    """Choose from every side equally many samples of every class, so that balance gives no side an advantage.

    Args:
        sides: Samples of each side.
        seed: Of the choice.
        most: Samples a class and side.

    Returns:
        The chosen samples of each side, and how many of each class that is.
    """
    rng = np.random.default_rng([abs(seed), 44])
    counts = [Counter(condition_of(sample) for sample in side) for side in sides]
    shared = [key for key in counts[0] if all(count[key] for count in counts)]
    each = min([most, *(count[key] for count in counts for key in shared)])
    chosen = []
    for side in sides:
        groups = _groups(side)
        chosen.append([side[int(place)] for key in shared for place in rng.permutation(groups[key])[:each]])
    return chosen, dict.fromkeys(shared, each)


def _groups(samples: Sequence[Sample]) -> dict[Any, list[int]]:
    groups: dict[Any, list[int]] = {}
    for place, sample in enumerate(samples):
        groups.setdefault(condition_of(sample), []).append(place)
    return groups
