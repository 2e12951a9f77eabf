"""Samples whose images are read when they are asked for, and again each time: memory holds one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from salus.schema.sample import Sample


class OnDemand:
    """A dataset known by its listing; files are read one sample at a time.

    Args:
        listed: Samples without inputs; `target` where it is known without reading a file.
        read: Number of a sample to its inputs, and its target where a file holds it (else None).
    """

    def __init__(self, listed: Sequence[Sample], read: Callable[[int], tuple[Mapping[str, Any], Any]]) -> None:
        self.listed, self.read = list(listed), read

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.listed)

    def __getitem__(self, index: int, /) -> Sample:
        """Read sample `index`."""
        line = self.peek(index)
        inputs, target = self.read(index)
        return replace(line, inputs=inputs, target=line.target if target is None else target)

    def peek(self, index: int, /) -> Sample:
        """Return sample `index` without reading its file."""
        if not 0 <= index < len(self.listed):
            raise IndexError(f"sample {index} of {len(self.listed)}")
        return self.listed[index]
