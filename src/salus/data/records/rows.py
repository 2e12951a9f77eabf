"""A table held as columns whose lines become samples when asked for: a hundred thousand rows in tens of megabytes."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import ShapeError
from salus.schema.sample import Row, Sample

Column = NDArray[Any] | Sequence[str]


class RowDataset:
    """One sample a line, with one `Row` named `row`.

    Args:
        ids: N of them, all different.
        patients: Whose each line is.
        columns: Inputs: `(N,)` float64, or N words.
        targets: N of them.
        metas: `site`, `split`, `group_*` and the like: `(N,)` float64, or N words.

    Raises:
        ShapeError: A column of another length.
    """

    def __init__(
        self,
        ids: Sequence[str],
        patients: Sequence[str],
        columns: Mapping[str, Column],
        targets: Sequence[Any] | NDArray[Any],
        metas: Mapping[str, Column] | None = None,
    ) -> None:
        self.ids, self.patients, self.targets = ids, patients, targets
        self.columns, self.metas = dict(columns), dict(metas or {})
        named = {"patients": patients, "targets": targets, **self.columns, **self.metas}
        for name, column in named.items():
            if len(column) != len(ids):
                raise ShapeError(f"column {name!r} has {len(column)} cells for {len(ids)} rows; give one a row")

    def __len__(self) -> int:
        """Return N."""
        return len(self.ids)

    def __getitem__(self, index: int, /) -> Sample:
        """Return line `index` as a sample."""
        row = Row(values={name: _plain(column[index]) for name, column in self.columns.items()})
        return self._sample(index, {"row": row})

    def peek(self, index: int, /) -> Sample:
        """Return line `index` without its inputs."""
        return self._sample(index, {})

    def take(self, keep: NDArray[np.int64]) -> "RowDataset":
        """Return the lines `keep`, in that order."""
        rows = keep.tolist()

        def pick(column: Column) -> Column:
            return column[keep] if isinstance(column, np.ndarray) else [column[i] for i in rows]

        return RowDataset(
            [self.ids[i] for i in rows],
            [self.patients[i] for i in rows],
            {name: pick(column) for name, column in self.columns.items()},
            [self.targets[i] for i in rows],
            {name: pick(column) for name, column in self.metas.items()},
        )

    def _sample(self, index: int, inputs: Mapping[str, Any]) -> Sample:
        target = self.targets[index]
        return Sample(
            id=self.ids[index],
            patient=self.patients[index],
            inputs=inputs,
            target=target.item() if isinstance(target, np.generic) else target,
            meta={name: _plain(column[index]) for name, column in self.metas.items()},
        )


def banded(values: NDArray[np.float64], edges: Sequence[float]) -> list[str]:
    """Return the band of each value as words, empty where it is NaN.

    >>> banded(np.array([10.0, 40.0, 70.0, np.nan]), (40, 60))
    ['below 40', '40-59', '60 and above', '']
    """
    names = [f"below {edges[0]:g}"]
    names += [f"{low:g}-{high - 1:g}" for low, high in pairwise(edges)]
    names.append(f"{edges[-1]:g} and above")
    place = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="right")
    return ["" if np.isnan(value) else names[int(i)] for value, i in zip(values, place, strict=True)]


def _plain(value: Any) -> float | str:
    return value if isinstance(value, str) else float(value)
