"""Give a system its inputs under the names it knows.

A user's files come under the name of their kind (`image`, `waveform`, `note`, `row`), a data set of the catalogue under
a name that says what was measured, and a system's card names what it reads. Where exactly one input of the kind that
the card asks for is there, there is no doubt which one is meant.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from salus.contract.dataset import Dataset
from salus.data.cohort import peek
from salus.schema.sample import Sample


class Renamed:
    """A dataset whose inputs carry other names; nothing is copied.

    Args:
        dataset: Samples.
        names: From the name an input has to the name it gets.
    """

    def __init__(self, dataset: Dataset, names: Mapping[str, str]) -> None:
        self.dataset, self.names = dataset, dict(names)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.dataset)

    def __getitem__(self, index: int, /) -> Sample:
        """Return sample `index` with its inputs renamed."""
        return renamed(self.dataset[index], self.names)

    def peek(self, index: int, /) -> Sample:
        """Return sample `index` as far as it is known without reading its file."""
        return renamed(peek(self.dataset, index), self.names)


def suit(dataset: Dataset, wanted: Sequence[tuple[str, str]]) -> Dataset:
    """Return the dataset under the names of a card, or the dataset itself where nothing is to be renamed.

    Args:
        dataset: Samples whose inputs are alike; the first one is read.
        wanted: `Card.inputs`: pairs of a name and what stands there, whose first word is the kind (`Waveform ...`).
    """
    names = names_for(dataset[0].inputs, wanted) if len(dataset) else {}
    return Renamed(dataset, names) if names else dataset


def names_for(inputs: Mapping[str, Any], wanted: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return which inputs get which name: only where one input and one wish of a kind are left over.

    >>> from salus.schema.sample import Note
    >>> names_for({"report": Note(text="No fever.")}, (("note", "Note: T tokens"),))
    {'report': 'note'}
    """
    left = {name: type(value).__name__ for name, value in inputs.items() if name not in dict(wanted)}
    open_wishes = {name: kind_of(words) for name, words in wanted if name not in inputs}
    names = {}
    for name, kind in open_wishes.items():
        same = [found for found, held in left.items() if held == kind]
        if len(same) == 1 and list(open_wishes.values()).count(kind) == 1:
            names[same[0]] = name
    return names


def kind_of(words: str) -> str:
    """Return the kind that a card's words about an input begin with: `Image`, `Waveform`, `Note`, `Row`."""
    return words.split(maxsplit=1)[0].rstrip(":,")


def renamed(sample: Sample, names: Mapping[str, str]) -> Sample:
    """Return a sample whose inputs carry other names."""
    inputs = {names.get(name, name): value for name, value in sample.inputs.items()}
    return Sample(id=sample.id, patient=sample.patient, inputs=inputs, target=sample.target, meta=sample.meta)
