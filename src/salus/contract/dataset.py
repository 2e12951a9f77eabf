"""Samples in a fixed order."""

from collections.abc import Iterable, Sequence
from typing import Protocol, SupportsInt, runtime_checkable

from salus.schema.sample import Sample


@runtime_checkable
class Dataset(Protocol):
    """Samples in a fixed order, indexable any number of times with equal answers."""

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def __getitem__(self, index: int, /) -> Sample:
        """Return sample `index`, 0 <= index < len(self)."""
        ...


class Subset:
    """Some samples of a dataset, in the order of `indices`."""

    def __init__(self, dataset: Dataset, indices: Iterable[SupportsInt]) -> None:
        self.dataset = dataset
        self.indices = [int(i) for i in indices]

    def __len__(self) -> int:
        """Return the number of chosen samples."""
        return len(self.indices)

    def __getitem__(self, index: int, /) -> Sample:
        """Return chosen sample number `index`."""
        return self.dataset[self.indices[index]]


class ListDataset:
    """A dataset held in memory."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = list(samples)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def __getitem__(self, index: int, /) -> Sample:
        """Return sample `index`."""
        return self.samples[index]
