"""Rows or pictures of which few have a label: what is learned from the training part, and how samples are read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from salus.contract.batch import Batch
from salus.contract.dataset import Dataset
from salus.nets.item_space import ImageSpace, measure_images
from salus.nets.row_heads import known_class, mark_groups
from salus.nets.row_space import RowSpace, measure_space
from salus.schema.errors import ConfigError, DataError, UnitError
from salus.schema.sample import Image, Row, Sample
from salus.transforms.slices import check_window

FEWEST = 2
"""Labelled samples of a class."""
FLATTEST = 0.02
"""A picture whose intensities span less than this share of the training range is in another unit, or empty."""
Complete = Literal["refuse", "accept"]


def measure_sparse(train: Dataset, complete: Complete, fewest: int = 5) -> dict[str, Any]:
    """Learn how to read a training part in which some samples have a label.

    Args:
        train: Samples with a `Row` named `row` or an `Image` `(C, H, W)` named `image`; targets are class numbers or
            None.
        complete: What to do where every sample has a label: a question for a supervised system.
        fewest: Rows that a word of a table must stand in to be told from other words.

    Returns:
        JSON values: `kind` (`row` or `image`), `counts` (labelled samples of each class number), `unlabelled`, and
        `space`, how rows or pictures are read; of rows also `groups`, the gaps that come together.

    Raises:
        DataError: No sample without a label, fewer than two labelled samples of a class that has any, two samples of
            one id, neither a row nor a picture; and what `measure_space` and `measure_images` refuse.
    """
    if len(train) == 0:
        raise DataError("the training part is empty; check the split")
    samples = [train[index] for index in range(len(train))]
    twice = [name for name, count in Counter(sample.id for sample in samples).items() if count > 1]
    if twice:
        raise DataError(f"sample id {twice[0]!r} appears twice in the training part; ids must be unique")
    counts = Counter(label for label in map(label_or_none, samples) if label is not None)
    unlabelled = len(samples) - sum(counts.values())
    if not unlabelled and complete == "refuse":
        raise DataError(
            f"every one of the {len(samples)} training samples has a label, so there is nothing to learn beside them; "
            "take a supervised system (small_cnn, mlp), or set complete=accept"
        )
    kind = "image" if isinstance(samples[0].inputs.get("image"), Image) else "row"
    if kind == "image":
        units = sorted({_unit(sample) for sample in samples})
        if len(units) > 1:
            raise UnitError(f"training pictures in units {', '.join(units)}; bring them to one unit")
        space = measure_images(samples, "image")
    elif isinstance(samples[0].inputs.get("row"), Row):
        space = measure_space(train, fewest=fewest)
    else:
        held = ", ".join(f"{name} ({type(value).__name__})" for name, value in samples[0].inputs.items()) or "nothing"
        raise DataError(f"sample {samples[0].id}: neither an image nor a row; it holds {held}")
    learned = {
        "kind": kind,
        "counts": {str(label): counts[label] for label in sorted(counts)},
        "unlabelled": unlabelled,
        "space": space,
    }
    if kind == "row":
        table = RowSpace(space)
        learned["groups"] = mark_groups(table.encode(samples), len(table.numbers))
    return learned


def label_or_none(sample: Sample) -> int | None:
    """Return a sample's class number, None where it has no label.

    Raises:
        DataError: A target that is no class number.
    """
    target = sample.target
    if isinstance(target, Mapping):
        target = target.get("label")
    if target is None:
        return None
    if isinstance(target, bool) or not isinstance(target, int | np.integer) or target < 0:
        raise DataError(f"sample {sample.id}: label {target!r} is no class number; give one, or None where unknown")
    return int(target)


class SparseReader:
    """Reads rows or pictures as the training part taught it.

    Attributes:
        kind: `row` or `image`.
        classes: Names of the classes, K of them.
        counts: Labelled training samples of each class, K of them.
        columns: Of rows; empty for pictures.
        space: Turns samples into points and points into samples.
    """

    def __init__(self, learned: Mapping[str, Any], classes: Sequence[str], pixels: int) -> None:
        """Check that each class has labels.

        Raises:
            DataError: A class with no labelled sample, or with one, named; a label that is no class.
        """
        self.kind, self.classes = str(learned["kind"]), tuple(classes)
        held = {int(label): int(count) for label, count in learned["counts"].items()}
        if held and max(held) >= len(self.classes):
            raise DataError(f"label {max(held)} in training, but the question has {len(self.classes)} classes")
        self.counts = tuple(held.get(label, 0) for label in range(len(self.classes)))
        for name, count in zip(self.classes, self.counts, strict=True):
            if count < FEWEST:
                have = "no label" if not count else f"{count} labelled sample"
                raise DataError(
                    f"class {name!r} has {have} in the training part; label {FEWEST} or more of each class, or use a "
                    "larger share of the labels"
                )
        if self.kind == "image" and (pixels < 8 or pixels % 4):
            raise ConfigError(f"pixels={pixels}: pictures are read at 8 pixels a side or more, a multiple of 4")
        self._learned = learned["space"]
        self.space: RowSpace | ImageSpace
        self.space = ImageSpace(self._learned, pixels) if self.kind == "image" else RowSpace(self._learned)
        self.columns = self.space.columns if isinstance(self.space, RowSpace) else ()

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `points` (pictures `(B, C, S, S)` or rows `(B, F)`) and `label (B,)` int64, -1 where unknown.

        Raises:
            DataError: A label that the question does not have; and what the space refuses.
            ShapeError: A picture of another size, a row of other columns.
            UnitError: A picture of another unit or another range of intensities.
        """
        labels = []
        for sample in samples:
            label = label_or_none(sample)
            if label is not None and label >= len(self.classes):
                raise DataError(f"sample {sample.id}: label {label}; the question has {len(self.classes)} classes")
            labels.append(-1 if label is None else label)
        points = self.space.encode(samples)
        if self.kind == "image":
            for sample in samples:
                self._check_range(sample)
        return Batch(tuple(sample.id for sample in samples), {"points": points}, {"label": torch.tensor(labels)})

    def _check_range(self, sample: Sample) -> None:
        low, high = self._learned["range"]
        check_window(sample, {"low": low, "high": high, "unit": self._learned["unit"]})
        array = sample.inputs["image"].array
        if float(array.max()) - float(array.min()) < FLATTEST * (high - low):
            raise UnitError(
                f"{sample.id}: values {float(array.min()):g} to {float(array.max()):g}, trained on {low:g} to {high:g} "
                f"in {self._learned['unit']!r}; bring the picture to that range"
            )

    def wanted(self, targets: Sequence[Any]) -> list[int]:
        """Return wanted classes as numbers; None is drawn from the labelled samples' classes by torch's random state.

        Raises:
            DataError: A class that the training part did not hold.
        """
        held = [float(count) for count in self.counts]
        drawn = torch.multinomial(torch.tensor(held), max(1, len(targets)), replacement=True).tolist()
        chosen = [drawn[place] if target is None else target for place, target in enumerate(targets)]
        return [known_class(target, held, self.classes) for target in chosen]

    def samples(self, points: Tensor, labels: Sequence[int]) -> list[Sample]:
        """Return points as samples with rows or pictures in the training part's own units, and these labels."""
        items: Sequence[Row | Image]
        items = self.space.rows(points.cpu().numpy()) if isinstance(self.space, RowSpace) else self.space.items(points)
        return [
            Sample(id="x", patient="x", inputs={self.kind: item}, target=label)
            for item, label in zip(items, labels, strict=True)
        ]


def split_labelled(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the numbers of a batch's labelled rows, and the labels of those."""
    labels = batch.target["label"]
    known = (labels >= 0).nonzero()[:, 0]
    return known, labels[known]


def _unit(sample: Sample) -> str:
    image = sample.inputs.get("image")
    if not isinstance(image, Image):
        raise DataError(f"sample {sample.id}: no picture 'image' where the first training sample has one")
    return image.unit
