"""Samples made of the lines of a table when they are asked for, so that a table of many columns stays small."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from salus.data.readers.table import Columns
from salus.schema.sample import Row, Sample


class TableDataset:
    """One sample a line, with one `Row` named `row`.

    Args:
        table: Where the lines are.
        inputs: Columns that are inputs.
        ids: One a sample.
        patients: Whose each sample is.
        targets: One a sample.
        metas: One a sample; empty for none.
        lines: Line of the table of each sample; None where they are one and the same.
        make: What turns a line's number into its `Row`; None takes the columns as they are.
    """

    def __init__(
        self,
        table: Columns,
        inputs: Sequence[str],
        *,
        ids: Sequence[str],
        patients: Sequence[str],
        targets: Sequence[Any],
        metas: Sequence[Mapping[str, Any]] = (),
        lines: Sequence[int] | None = None,
        make: Callable[[int], Any] | None = None,
    ) -> None:
        self.table, self.inputs, self.ids, self.patients = table, tuple(inputs), list(ids), list(patients)
        self.targets, self.metas, self.lines = list(targets), list(metas), lines
        self.make = make or self._row

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, index: int, /) -> Sample:
        """Return sample `index`."""
        made = self.make(index if self.lines is None else self.lines[index])
        return self._sample(index, {"row" if isinstance(made, Row) else "note": made})

    def peek(self, index: int, /) -> Sample:
        """Return sample `index` without its inputs."""
        return self._sample(index, {})

    def _row(self, line: int) -> Row:
        return self.table.row(line, self.inputs)

    def _sample(self, index: int, inputs: Mapping[str, Any]) -> Sample:
        if not 0 <= index < len(self.ids):
            raise IndexError(f"sample {index} of {len(self.ids)}")
        return Sample(
            id=self.ids[index],
            patient=self.patients[index],
            inputs=inputs,
            target=self.targets[index],
            meta=self.metas[index] if self.metas else {},
        )
