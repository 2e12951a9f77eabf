"""The scale on which lengths of stay are learned: standardised logarithms, their bands, and what training held."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from salus.nets.stays import checked_stays
from salus.schema.errors import DataError
from salus.schema.sample import Sample

GRID = 101
"""Quantiles of the training stays that are kept, at even levels from 0 to 1."""


def measure_stays(samples: Sequence[Sample], bands: Sequence[float], *, ordinal: bool) -> dict[str, Any]:
    """Learn the scale, the bands' shares and the quantiles of a training part, as JSON values for `StayScale`.

    Raises:
        DataError: A length that is not above 0.
    """
    stays = checked_stays(samples, ordinal=ordinal)
    shares = np.bincount(np.digitize(stays, bands), minlength=len(bands) + 1) + 1.0
    return {
        "mean": float(np.log1p(stays).mean()),
        "scale": max(float(np.log1p(stays).std()), 1e-6),
        "quantiles": np.quantile(stays, np.linspace(0, 1, GRID)).tolist(),
        "shares": (shares / shares.sum()).tolist(),
    }


class StayScale:
    """Turns lengths into what a network learns, and back.

    Args:
        learned: From `measure_stays`.
        bands: Limits of the bands, in the lengths' unit.
        banded: Targets are bands that hold their length.
        ordinal: Targets are places of ordered classes; place k counts as a length of k + 1.

    Attributes:
        log_shares: Logarithm of each band's share of the training part, `(K,)`.
    """

    def __init__(self, learned: Mapping[str, Any], bands: Sequence[float], *, banded: bool, ordinal: bool) -> None:
        self.mean, self.scale = float(learned["mean"]), float(learned["scale"])
        self.bands, self.banded, self.ordinal = tuple(bands), banded, ordinal
        self.grid = np.asarray(learned["quantiles"], dtype=np.float64)
        self.log_shares = torch.tensor(learned["shares"]).log()

    def of(self, samples: Sequence[Sample]) -> Tensor:
        """Return the samples' lengths on the scale, `(N,)` float32; errors as in `checked_stays`."""
        return self.scaled(torch.from_numpy(checked_stays(samples, ordinal=self.ordinal)))

    def scaled(self, stays: Tensor) -> Tensor:
        """Return lengths on the scale, float32."""
        return ((torch.log1p(stays.double()) - self.mean) / self.scale).float()

    def unscaled(self, values: Tensor) -> Tensor:
        """Return lengths in their unit, float64, none below 0."""
        return torch.expm1(values.double() * self.scale + self.mean).clamp(min=0.0)

    def limits(self, like: Tensor) -> Tensor:
        """Return the bands' limits on the scale, `(K - 1,)`, where `like` is."""
        return self.scaled(torch.tensor(self.bands, device=like.device))

    def wanted(self, target: Any) -> float:
        """Return a length for what is wanted: a length, a band, or None for one as in training (torch's random state).

        Raises:
            DataError: Neither, or a band that no training stay lies in.
        """
        value = target.get("value", target.get("label")) if isinstance(target, Mapping) else target
        grid = self.grid
        if self.banded and isinstance(value, int | np.integer):
            grid, band = grid[np.digitize(grid, self.bands) == value], value
            if not len(grid):
                raise DataError(f"no training stay lies in band {band}; ask for 0 to {len(self.bands)}")
            value = None
        if value is None:
            return float(np.interp(float(torch.rand(())) * (len(grid) - 1), np.arange(len(grid)), grid))
        if not isinstance(value, int | float | np.number) or not 0 < value < float("inf"):
            raise DataError(f"wanted length of stay {value!r}; expected a number above 0")
        return float(value)

    def targets(self, stays: Sequence[float]) -> list[Any]:
        """Return lengths in the form that the training part's targets had."""
        bands = np.digitize(stays, self.bands).tolist()
        if self.ordinal:
            return list(bands)
        return [{"label": b, "value": v} if self.banded else v for b, v in zip(bands, stays, strict=True)]
