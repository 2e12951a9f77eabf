"""Any set of grey pictures as a question of compression: the picture itself is what must come back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.data.cohort import peek
from salus.data.entry import Loaded
from salus.schema.question import Question
from salus.schema.sample import Image, Sample


class Rebuild:
    """A dataset whose targets are its own pictures, averaged over squares where they are wanted smaller.

    Args:
        dataset: Samples with an `Image` named `image`, `(1, H, W)`.
        step: Pixels a side of a square that becomes one; what is left at the border is cut off.
        splits: Part of each patient, where the dataset's own is not taken.
        mixed: Whether the pictures are of several modalities, none of which the codec is to insist on.
    """

    def __init__(
        self, dataset: Dataset, step: int = 1, splits: Mapping[str, str] | None = None, *, mixed: bool = False
    ) -> None:
        self.dataset, self.step, self.splits, self.mixed = dataset, step, splits, mixed

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.dataset)

    def __getitem__(self, index: int, /) -> Sample:
        """Return sample `index`; input and target are float32 in the picture's unit."""
        sample = self.dataset[index]
        image: Image = sample.inputs["image"]
        array = reduced(np.asarray(image.array, np.float32), self.step)
        spacing = None if image.spacing_mm is None else tuple(self.step * mm for mm in image.spacing_mm)
        affine = image.affine if self.step == 1 else None
        modality = "" if self.mixed else image.modality
        picture = replace(image, array=array, spacing_mm=spacing, affine=affine, modality=modality)
        return replace(sample, inputs={"image": picture}, target=array, meta=self._meta(sample))

    def peek(self, index: int, /) -> Sample:
        """Return sample `index` as far as it is known without reading its file."""
        sample = peek(self.dataset, index)
        return replace(sample, inputs={}, target=None, meta=self._meta(sample))

    def _meta(self, sample: Sample) -> dict[str, Any]:
        own = {} if self.splits is None else {"split": self.splits[sample.patient]}
        return {**sample.meta, **own}


def reduced(array: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Return the means of squares of `step` pixels of `(C, H, W)`, float32."""
    channels, height, width = array.shape
    rows, columns = height // step, width // step
    cut = array[:, : rows * step, : columns * step].reshape(channels, rows, step, columns, step)
    return np.ascontiguousarray(cut.mean(axis=(2, 4)), dtype=np.float32)


def halves(patients: Sequence[str]) -> dict[str, str]:
    """Return a part for each patient: every second one for the test, every eighth for validation."""
    names = sorted(set(patients))
    return {name: ("valid" if i % 8 == 0 else "train") if i % 2 == 0 else "test" for i, name in enumerate(names)}


def as_compression(
    loaded: Loaded,
    unit: str,
    value_range: tuple[float, float],
    *,
    step: int = 1,
    splits: Mapping[str, str] | None = None,
    mixed: bool = False,
) -> Loaded:
    """Return a dataset with the question how few bytes its pictures need.

    Args:
        loaded: Its pictures are grey.
        unit: Of their values.
        value_range: Values between which they are judged.
        step: Squares of so many pixels a side become one.
        splits: Part of each patient, where the dataset's own is not taken.
        mixed: Whether the pictures are of several modalities.
    """
    question = Question(kind="compression", unit=unit, value_range=value_range)
    return replace(loaded, dataset=Rebuild(loaded.dataset, step, splits, mixed=mixed), question=question, notes=())
