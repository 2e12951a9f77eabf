"""One Gaussian a class: the generator that a trained one must justify itself against.

Rows go through their normal scores first, which makes it a Gaussian copula (Nelsen 2006, An Introduction to Copulas,
section 2.5); recordings and pictures keep the directions in which a class varies most.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset, ListDataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.condition import NAME, Condition, bare_samples, measure_condition
from salus.nets.item_space import ImageSpace, SeriesSpace, measure_images, measure_series
from salus.nets.noise import row_noise
from salus.nets.row_space import RowSpace, measure_space
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.sample import Row, Sample, Waveform
from salus.tasks.synthesis import row_array


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassGaussianConfig(Config):
    """Settings.

    Attributes:
        directions: Largest number of directions in which a class varies.
        rate_hz: Recordings are modelled at this rate; 0 for their own.
        size: Pixels a side at which pictures are modelled.
        fewest: Training samples that a class must have.
    """

    directions: int = 64
    rate_hz: float = 90.0
    size: int = 28
    fewest: int = 50


class ClassGaussian(System):
    """Draws from one normal distribution a class, fitted in closed form."""

    card = Card(
        title="One Gaussian a class",
        family="baseline",
        tasks=("synthesis",),
        inputs=(
            (NAME, "Row: the wanted class"),
            ("signal", "Waveform (L, T)"),
            ("image", "Image (C, H, W)"),
            ("row", "Row of numbers and words"),
        ),
        modalities=("table", "signal", "image"),
        review="Not in the review; the simplest generator with the right means and correlations.",
        advantages=("Fitted in a second, cannot collapse, keeps correlations of few samples",),
        limits=(
            "One hump a class: what is curved or has several modes within a class is lost",
            "Gaps stand at the middle of their column, which weakens its correlations",
        ),
        differentiable=False,
        explain_input=NAME,
    )
    config_type: ClassVar[type[Config]] = ClassGaussianConfig
    small: ClassVar[Config] = ClassGaussianConfig()
    tiny: ClassVar[Config] = ClassGaussianConfig(directions=4, size=16, fewest=2)
    config: ClassGaussianConfig
    centre: Tensor
    factor: Tensor

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        learned = fingerprint["item"]
        self.encoder = Condition(fingerprint["condition"], task.question.classes)
        self.space: RowSpace | SeriesSpace | ImageSpace
        if fingerprint["kind"] == "rows":
            self.space, self.name = RowSpace(learned), str(learned["input"])
            self.shape: tuple[int, ...] = (len(self.space.features),)
        elif fingerprint["kind"] == "series":
            self.space = SeriesSpace(learned, self.config.rate_hz)
            self.name, self.shape = self.space.name, (self.space.leads, self.space.steps)
        else:
            self.space = ImageSpace(learned, self.config.size)
            self.name, self.shape = self.space.name, (self.space.channels, self.config.size, self.config.size)
        width = int(np.prod(self.shape))
        kinds = len(task.question.classes)
        self.register_buffer("centre", torch.zeros(kinds, width))
        self.register_buffer("factor", torch.zeros(kinds, self.config.directions, width))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return what the samples are and which classes there are.

        Raises:
            DataError: Samples without classes or with too few of one; what the measures of each kind refuse.
        """
        own = cast(ClassGaussianConfig, config)
        items, name = bare_samples([train[index] for index in range(len(train))])
        learned = {"condition": measure_condition([train[i] for i in range(len(train))], fewest=own.fewest)}
        if "counts" not in learned["condition"]:
            raise DataError("one Gaussian a class needs classes; choose data whose question is a classification")
        first = items[0].inputs[name]
        if isinstance(first, Row):
            return {**learned, "kind": "rows", "item": measure_space(ListDataset(items), name, fewest=1)}
        if isinstance(first, Waveform):
            return {**learned, "kind": "series", "item": measure_series(items, name)}
        return {**learned, "kind": "images", "item": measure_images(items, name)}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `condition (B, K)`.

        Raises:
            DataError: No condition, or a class that training did not hold.
        """
        return Batch(tuple(sample.id for sample in samples), {NAME: self.encoder.encode(samples)})

    def settle(self, train: Dataset) -> None:
        """Fit each class's mean and main directions."""
        samples = [train[index] for index in range(len(train))]
        points = self.space.encode(bare_samples(samples, self.name)[0]).flatten(1).double()
        labels = self.encoder.encode(samples).argmax(dim=1)
        for kind in labels.unique().tolist():
            rows = points[labels == kind]
            centre = rows.mean(dim=0)
            _, spread, turn = torch.linalg.svd((rows - centre) / max(1, len(rows) - 1) ** 0.5, full_matrices=False)
            count = min(self.config.directions, len(spread))
            self.centre[kind] = centre
            self.factor[kind] = 0.0
            self.factor[kind, :count] = spread[:count, None] * turn[:count]

    def forward(self, batch: Batch) -> Tensor:
        """Return one synthetic sample a row, from the condition and the noise that belongs to the row's id."""
        points = self._points(batch.inputs[NAME], row_noise(batch.ids, self.config.directions))
        if isinstance(self.space, RowSpace):
            columns = self.task.question.columns
            rows = [row_array(row, columns) for row in self.space.rows(points.cpu().numpy())]
            return torch.from_numpy(np.stack(rows)).to(points)
        return self.space.answer(points)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` fits in closed form."""
        yield from ()

    def synthesize(self, targets: Sequence[Any]) -> list[Sample]:
        """Return one synthetic sample for each wanted class; None draws it as training had it.

        Raises:
            DataError: A class that training did not hold.
        """
        asked, made = self.encoder.of(targets)
        if not made:
            return []
        points = self._points(asked.to(self.centre.device), torch.randn(len(made), self.config.directions))
        items: Sequence[Any]
        items = self.space.rows(points.cpu().numpy()) if isinstance(self.space, RowSpace) else self.space.items(points)
        return [
            Sample(id="x", patient="x", inputs={self.name: item}, target=target)
            for item, target in zip(items, made, strict=True)
        ]

    def _points(self, asked: Tensor, noise: Tensor) -> Tensor:
        kind = asked.argmax(dim=1)
        drawn = torch.einsum("bd,bdf->bf", noise.to(self.factor), self.factor[kind])
        return (self.centre[kind] + drawn).unflatten(1, self.shape)
