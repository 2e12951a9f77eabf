"""Series with gaps read as they are: a recurrent cell whose inputs and memory fade while nothing is measured.

Source: Che, Purushotham, Cho, Sontag and Liu 2018, Recurrent Neural Networks for Multivariate Time Series with Missing
Values, Sci Rep 8:6085, doi 10.1038/s41598-018-24271-9, equations 3 to 6 and figure 3 (GRU-D).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from salus.contract.dataset import Dataset
from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Sample, Waveform


def measure_series(train: Dataset, name: str = "signal") -> dict[str, Any]:
    """Learn leads, units, length, mean and spread of recordings from the training part.

    Returns:
        JSON values: `input`, `leads`, `units`, `steps`, `rate_hz`, `mean` and `scale`, each lead over all its values.

    Raises:
        DataError: No samples, no recording, or an infinite value.
        ShapeError: Recordings with other leads than the first.
    """
    if len(train) == 0:
        raise DataError("the training part is empty; give samples with a recording")
    first = _wave(train[0], name)
    learned: dict[str, Any] = {
        "input": name,
        "leads": list(first.leads),
        "units": list(first.units),
        "rate_hz": first.rate_hz,
        "steps": int(first.array.shape[1]),
        "mean": [0.0] * len(first.leads),
        "scale": [1.0] * len(first.leads),
    }
    total, square, count = (np.zeros(len(first.leads)) for _ in range(3))
    for index in range(len(train)):
        values = _values(train[index], learned).astype(np.float64)
        known = ~np.isnan(values)
        total += np.where(known, values, 0).sum(1)
        square += np.where(known, values**2, 0).sum(1)
        count += known.sum(1)
    mean = total / np.maximum(count, 1)
    spread = np.sqrt(np.maximum(square / np.maximum(count, 1) - mean**2, 0))
    learned["mean"] = [float(v) for v in mean]
    learned["scale"] = [float(v) if v > 1e-6 else 1.0 for v in spread]
    return learned


def series_points(samples: Sequence[Sample], learned: Mapping[str, Any]) -> Tensor:
    """Return `(B, 2 L, T)` float32: standardised values with 0 where nothing was measured, then 1 where something was.

    A shorter recording ends in gaps.

    Raises:
        DataError: No recording, an infinite value, nothing measured, or more steps than in training.
        ShapeError: Other leads.
        UnitError: Other units, or another sampling rate.
    """
    mean, scale = np.array(learned["mean"])[:, None], np.array(learned["scale"])[:, None]
    rows = np.zeros((len(samples), 2 * len(mean), learned["steps"]), dtype=np.float32)
    for place, sample in enumerate(samples):
        values = _values(sample, learned)
        known = ~np.isnan(values)
        if not known.any():
            raise DataError(f"sample {sample.id!r}: nothing was measured in this recording; leave it out")
        rows[place, : len(mean), : values.shape[1]] = np.where(known, (values - mean) / scale, 0.0)
        rows[place, len(mean) :, : values.shape[1]] = known
    return torch.from_numpy(rows)


def series_summary(points: Tensor) -> Tensor:
    """Return each lead's mean of what was measured (0 for nothing) and its measured share, `(B, 2 L)`."""
    values, known = points.chunk(2, dim=1)
    count = known.sum(2)
    return torch.cat([(values * known).sum(2) / count.clamp(min=1), count / points.shape[2]], dim=1)


class GRUD(nn.Module):
    """Reads values with gaps into one vector.

    Args:
        leads: L.
        size: Numbers of the vector, H.
    """

    def __init__(self, leads: int, size: int) -> None:
        super().__init__()
        self.size = size
        # The fading of an input depends on its own lead alone (the paper's diagonal matrix).
        self.input_rate, self.input_start = nn.Parameter(torch.full((leads,), 0.1)), nn.Parameter(torch.zeros(leads))
        self.memory_rate = nn.Linear(leads, size)
        self.cell = nn.GRUCell(2 * leads, size)

    def forward(self, points: Tensor) -> Tensor:
        """Map `series_points` `(B, 2 L, T)` to `(B, H)`, the memory after the last step."""
        values, known = points.chunk(2, dim=1)
        hidden = points.new_zeros(len(points), self.size)
        last = torch.zeros_like(values[:, :, 0])  # the training mean, once standardised
        gap = torch.zeros_like(last)
        for step in range(points.shape[2]):
            value, there = values[:, :, step], known[:, :, step]
            faded = torch.exp(-torch.relu(self.input_rate * gap + self.input_start)) * last
            shown = there * value + (1 - there) * faded
            hidden = torch.exp(-torch.relu(self.memory_rate(gap))) * hidden
            hidden = self.cell(torch.cat([shown, there], dim=1), hidden)
            last = there * value + (1 - there) * last
            gap = (1 - there) * gap + 1
        return hidden


def _wave(sample: Sample, name: str) -> Waveform:
    wave = sample.inputs.get(name)
    if not isinstance(wave, Waveform):
        held = ", ".join(f"{key} ({type(value).__name__})" for key, value in sample.inputs.items()) or "nothing"
        raise DataError(f"sample {sample.id!r} has no recording {name!r}; it holds {held}")
    return wave


def _values(sample: Sample, learned: Mapping[str, Any]) -> np.ndarray[Any, np.dtype[Any]]:
    wave = _wave(sample, learned["input"])
    if list(wave.leads) != learned["leads"]:
        other = sorted(set(wave.leads) ^ set(learned["leads"])) or ["the order"]
        raise ShapeError(f"sample {sample.id!r}: leads differ from training in {', '.join(other[:5])}")
    if list(wave.units) != learned["units"] or not np.isclose(wave.rate_hz, learned["rate_hz"]):
        raise UnitError(
            f"sample {sample.id!r}: units or sampling rate ({wave.rate_hz:g} Hz) are not those of training "
            f"({learned['rate_hz']:g} Hz); convert the recording"
        )
    if wave.array.shape[1] > learned["steps"]:
        hours = learned["steps"] / learned["rate_hz"] / 3600
        raise DataError(
            f"sample {sample.id!r}: {wave.array.shape[1]} steps; training had the first {learned['steps']} "
            f"({hours:g} h): cut what came later, it is not known when the question is asked"
        )
    if np.isinf(wave.array).any():
        raise DataError(f"sample {sample.id!r}: an infinite value; correct it or write NaN where nothing was measured")
    return wave.array
