"""Whether a query lies where the training part was: ranges, and the distance to the nearest training rows.

Source: OECD 2007, Guidance Document on the Validation of (Q)SAR Models, ENV/JM/MONO(2007)2, chapter 4 (ranges and
distances); Willett, Barnard and Downs 1998, doi 10.1021/ci9800211 (Tanimoto's coefficient).
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from salus.schema.errors import ShapeError, StoreError

Table = NDArray[np.float64]
BLOCK = 512
SLACK = 1e-9


class _Kept(nn.Module):
    """A tensor of any size that travels with the weights."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.value = torch.zeros(0, 0, dtype=dtype)

    def get_extra_state(self) -> Tensor:
        return self.value

    def set_extra_state(self, state: Tensor) -> None:
        if state.ndim != 2 or state.dtype != self.value.dtype:
            raise StoreError(f"domain of shape {tuple(state.shape)}, {state.dtype}: expected a table of the same kind")
        self.value = state


class Domain(nn.Module):
    """Remembers a training part and says which rows are like it.

    A row is inside when each number lies in its column's training range, each word was met, nothing is missing that
    never was, and the distance to its k-th nearest training row is not above the training rows' own quantile.
    Distances are Euclidean on standardised features, each column divided by their number, or one minus Tanimoto's
    coefficient on bits.

    Args:
        bits: The features are bits of a fingerprint, for which ranges say nothing.
        neighbours: k.
        quantile: Share of training rows that are inside by distance.
    """

    def __init__(self, *, bits: bool, neighbours: int = 5, quantile: float = 0.95) -> None:
        super().__init__()
        self.bits, self.neighbours, self.quantile = bits, neighbours, quantile
        self.rows = _Kept(torch.uint8 if bits else torch.float32)
        self.bounds = _Kept(torch.float64)
        self.register_buffer("limit", torch.zeros((), dtype=torch.float64))

    @property
    def fitted(self) -> bool:
        """Tell whether there is a training part."""
        return self.rows.value.numel() > 0

    def fit(self, table: Table, features: NDArray[Any]) -> "Domain":
        """Remember training rows; returns itself.

        Args:
            table: `(N, C)`: numbers, NaN for missing, words as numbers from 0 and -1 for one never met; `(N, 0)` for
                bits.
            features: `(N, F)`: without gaps, standardised, or bits.
        """
        known = np.where(np.isnan(table), np.inf, table)
        low = known.min(axis=0, initial=np.inf)
        high = np.where(np.isnan(table), -np.inf, table).max(axis=0, initial=-np.inf)
        gaps = np.isnan(table).any(axis=0).astype(np.float64)
        self.bounds.value = torch.from_numpy(np.stack([low, high, gaps]))
        packed = np.packbits(features.astype(bool), axis=1) if self.bits else features.astype(np.float32)
        self.rows.value = torch.from_numpy(packed)
        # A training row is its own nearest neighbour, so it is asked for one more.
        own = self.distance(features, self.neighbours + 1)
        self.get_buffer("limit").fill_(float(np.quantile(own, self.quantile)))
        return self

    def distance(self, features: NDArray[Any], neighbours: int | None = None) -> Table:
        """Return the distance of rows `(N, F)` to their k-th nearest training row, `(N,)`.

        Raises:
            ShapeError: Nothing was fitted.
        """
        if not self.fitted:
            raise ShapeError("domain without training rows; fit the system before asking it")
        count = min(neighbours or self.neighbours, len(self.rows.value))
        rows = self.rows.value.numpy()
        kept = np.unpackbits(rows, axis=1).astype(np.float32) if self.bits else rows
        found = [self._block(features[i : i + BLOCK], kept, count) for i in range(0, len(features), BLOCK)]
        return np.concatenate(found) if found else np.zeros(0)

    def outside_range(self, table: Table) -> NDArray[np.bool_]:
        """Return which cells `(N, C)` lie outside the training range, hold an unknown word, or lack a value."""
        low, high, gaps = self.bounds.value.numpy()
        slack = SLACK * np.maximum(np.abs(low), np.abs(high)).clip(1e-12)
        missing = np.isnan(table)
        return np.where(missing, gaps == 0, (table < low - slack) | (table > high + slack))

    def far(self, features: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which rows `(N, F)` are farther from the training part than its own rows are, `(N,)`."""
        return self.distance(features) > float(self.get_buffer("limit")) + SLACK

    def _block(self, features: NDArray[Any], kept: NDArray[Any], count: int) -> Table:
        asked = features.astype(np.float32)
        if self.bits:
            kept = kept[:, : asked.shape[1]]
            shared = asked @ kept.T
            either = asked.sum(axis=1, keepdims=True) + kept.sum(axis=1) - shared
            apart = 1.0 - shared / np.maximum(either, 1.0)
        else:
            squares = (asked**2).sum(axis=1, keepdims=True) + (kept**2).sum(axis=1) - 2 * asked @ kept.T
            apart = np.sqrt(squares.clip(0) / asked.shape[1])
        return np.partition(apart, count - 1, axis=1)[:, count - 1].astype(np.float64)
