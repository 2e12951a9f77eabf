"""What a generator is asked for, a class or a measurement as numbers, and what it learns that from."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from salus.schema.errors import DataError
from salus.schema.sample import Image, Row, Sample, Waveform

NAME = "condition"
QUANTILES = 101


def measure_condition(samples: Sequence[Sample], *, fewest: int = 50) -> dict[str, Any]:
    """Learn which classes, or which values, the training part holds, from the samples' rows `condition`.

    Args:
        samples: The training part, opened with `:ask=synthesis`.
        fewest: Training samples that a class must have to be learnt.

    Returns:
        JSON values for `Condition`.

    Raises:
        DataError: A class with fewer samples than that, one class only, values that never vary, or no condition.
    """
    cells = [_cell(sample) for sample in samples]
    if not all(isinstance(cell, str) for cell in cells):
        values = np.array([float(cell) for cell in cells])
        spread = float(values.std())
        if not np.isfinite(values).all() or spread <= 0:
            raise DataError("the training part's values are not finite or never vary; there is no condition to learn")
        quantiles = np.quantile(values, np.linspace(0, 1, QUANTILES)).tolist()
        return {"level": float(values.mean()), "spread": spread, "quantiles": quantiles}
    counts = Counter(str(cell) for cell in cells)
    for name, count in sorted(counts.items()):
        if count < fewest:
            raise DataError(
                f"class {name!r} has {count} training samples; a generator needs at least {fewest} to learn a class: "
                "leave the class out, join it with another, or give more samples"
            )
    if len(counts) < 2:
        raise DataError(f"the training part holds {next(iter(counts))} alone; a generator needs two classes or more")
    return {"counts": dict(sorted(counts.items()))}


class Condition:
    """Turns wishes into numbers.

    Args:
        learned: From `measure_condition`.
        classes: Names of the classes; empty for numbers.

    Attributes:
        columns: The column that a wish is read from.
        width: K.
    """

    def __init__(self, learned: Mapping[str, Any], classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        counts: Mapping[str, int] = learned.get("counts", {})
        self.counts = torch.tensor([float(counts.get(name, 0)) for name in classes])
        self.level, self.spread = float(learned.get("level", 0.0)), float(learned.get("spread", 1.0))
        self.quantiles = torch.tensor(learned.get("quantiles", ()), dtype=torch.float32)
        self.columns = ("class",) if classes else ("value",)
        self.width = len(classes) or 1

    def encode(self, samples: Sequence[Sample]) -> Tensor:
        """Return the conditions `(N, K)` that samples name in their row `condition`.

        Raises:
            DataError: No such row, an unknown class, or one that training did not hold.
        """
        return self.of([self._target(sample) for sample in samples])[0]

    def of(self, targets: Sequence[Any]) -> tuple[Tensor, list[Any]]:
        """Return conditions `(N, K)` and the targets themselves, None replaced by a draw from the training part.

        Raises:
            DataError: A class that training did not hold, named with those it did; a value that is not finite.
        """
        chosen = [self._drawn() if target is None else target for target in targets]
        if not self.classes:
            values = torch.tensor([float(target) for target in chosen])
            if not torch.isfinite(values).all():
                raise DataError("a wanted value is not finite; give a number")
            return ((values - self.level) / self.spread)[:, None], [float(target) for target in chosen]
        for target in chosen:
            whole = isinstance(target, int | np.integer) and not isinstance(target, bool)
            if not whole or not 0 <= target < len(self.classes) or not self.counts[int(target)]:
                raise self._unknown(target)
        index = torch.tensor([int(target) for target in chosen], dtype=torch.int64)
        return torch.nn.functional.one_hot(index, self.width).float(), index.tolist()

    def _target(self, sample: Sample) -> Any:
        cell = _cell(sample, self.columns[0])
        if not self.classes:
            return cell
        if cell not in self.classes:
            raise self._unknown(cell, f"sample {sample.id}: ")
        return self.classes.index(str(cell))

    def _drawn(self) -> Any:
        if self.classes:
            return int(torch.multinomial(self.counts, 1))
        place = torch.rand(()) * (len(self.quantiles) - 1)
        low = int(place)
        high = min(low + 1, len(self.quantiles) - 1)
        return float(torch.lerp(self.quantiles[low], self.quantiles[high], place - low))

    def _unknown(self, target: Any, where: str = "") -> DataError:
        named = target
        if isinstance(target, int | np.integer) and not isinstance(target, bool) and 0 <= target < len(self.classes):
            named = self.classes[target]
        held = [name for name, count in zip(self.classes, self.counts.tolist(), strict=True) if count]
        return DataError(
            f"{where}class {named!r} is none that the generator was trained on; it makes {', '.join(held)}"
        )


def bare_samples(samples: Sequence[Sample], name: str = "") -> tuple[list[Sample], str]:
    """Return samples with nothing but the row, recording or picture that a generator learns from, and its name.

    Args:
        samples: Opened with `:ask=synthesis`: targets hold the real item.
        name: What the item is to be called; empty for what the first sample calls it.

    Raises:
        DataError: No samples, one that holds nothing to learn from, or an id that appears twice.
    """
    if not samples:
        raise DataError("no samples to learn from; give some")
    found = []
    for sample in samples:
        real = sample.target.get("real") if isinstance(sample.target, Mapping) else None
        if not isinstance(real, Row | Waveform | Image):
            raise DataError(f"sample {sample.id}: nothing to learn from; open the data with `:ask=synthesis`")
        name = name or next((key for key, value in sample.inputs.items() if value is real), "row")
        found.append(dataclasses.replace(sample, inputs={name: real}, target=None))
    repeated = [key for key, count in Counter(sample.id for sample in samples).items() if count > 1]
    if repeated:
        raise DataError(f"sample id {repeated[0]!r} appears twice; ids must be unique")
    return found, name


def _cell(sample: Sample, column: str = "") -> float | str:
    """Return what a sample's row `condition` holds under `class` or `value`."""
    row = sample.inputs.get(NAME)
    found = row.values if isinstance(row, Row) else {}
    for name in (column,) if column else ("class", "value"):
        if name in found:
            return found[name]
    raise DataError(
        f"sample {sample.id}: it does not say what is wanted; give a table with a column {column or 'class'!r}, or "
        "open the data with `:ask=synthesis`"
    )
