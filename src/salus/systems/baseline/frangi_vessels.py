"""Vessels as dark ridges of several widths, no learning but of one threshold: the classical vessel filter.

Source:
    Frangi et al. 1998, Multiscale vessel enhancement filtering, MICCAI 1998, doi 10.1007/BFb0056195, equation 15.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.sample import Sample
from salus.transforms.fundus import field_of_view
from salus.transforms.pictures import flat_picture, mask_of

STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FrangiConfig(Config):
    """Settings.

    Attributes:
        sigmas: Widths of the ridges, in pixels.
        rim: Pixels at the edge of the field of view that are not searched: the edge itself is a ridge.
    """

    sigmas: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0)
    rim: int = 4


class FrangiVessels(System):
    """The filter's response to dark ridges in the green channel, above the threshold that is best in training."""

    card: ClassVar[Card] = Card(
        title="Vessel filter of Frangi",
        authors="Frangi et al. 1998",
        doi="10.1007/BFb0056195",
        family="baseline",
        tasks=("segmentation",),
        inputs=(("image", "Image (C, H, W): a photograph (its green channel is read) or a grey picture"),),
        modalities=("image",),
        review="Not a system of the review: what vessels look like without learning.",
        advantages=("One number is learnt, so it cannot overfit",),
        limits=("Finds dark lines of any origin", "Breaks where vessels cross or shine"),
        differentiable=False,
        explain_input="response",
    )
    config_type = FrangiConfig
    small: ClassVar[FrangiConfig] = FrangiConfig()
    tiny: ClassVar[FrangiConfig] = FrangiConfig(sigmas=(1.5,), rim=1)
    config: FrangiConfig

    def __init__(self, task: Task, config: FrangiConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        if len(task.question.classes) != 2:
            raise UsageError(f"one structure can be found, the question has {len(task.question.classes) - 1}")
        self.threshold: Tensor
        self.register_buffer("threshold", torch.tensor(0.5))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Filter each picture: ranks of the response inside the field of view `(1, H, W)`, in [0, 1].

        Raises:
            ShapeError: Two sizes in one batch, or channels other than one or three.
        """
        rows = [self._ranks(sample) for sample in samples]
        if len({row.shape for row in rows}) > 1:
            raise ShapeError(f"{samples[0].id} and others: pictures of several sizes; bring them to one size")
        target = {}
        masks = [mask_of(sample) for sample in samples]
        if all(mask is not None for mask in masks):
            target["mask"] = torch.from_numpy(np.stack([np.asarray(mask, dtype=np.int64) for mask in masks]))
        response = torch.from_numpy(np.stack(rows))[:, None]
        return Batch(tuple(s.id for s in samples), {"response": response}, target)

    def _ranks(self, sample: Sample) -> NDArray[np.float32]:
        from scipy.ndimage import binary_erosion
        from skimage.filters import frangi

        picture = flat_picture(sample)
        plane = picture[min(1, len(picture) - 1)].astype(np.float64)
        try:
            field = field_of_view(picture, sample.id)
        except DataError:  # a grey or cropped picture is searched from edge to edge
            field = np.ones(plane.shape, dtype=bool)
        filled = np.where(field, plane, plane[field].mean())
        found = frangi(filled, sigmas=self.config.sigmas, black_ridges=True)
        inside = binary_erosion(field, iterations=self.config.rim, border_value=0)
        order = np.zeros(plane.shape, dtype=np.float32)
        # Ranks, because the response's scale differs from picture to picture; no response stays at zero.
        found = np.where(inside, found, 0.0)
        order[inside] = np.searchsorted(np.sort(found[inside]), found[inside], side="left") / max(inside.sum(), 1)
        return order

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, 1, H, W)`: above zero where the response exceeds the threshold."""
        return 20.0 * (batch.inputs["response"] - self.threshold)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` finds the threshold."""
        yield from ()

    def settle(self, train: Dataset) -> None:
        """Take the threshold with the best mean Dice in training.

        Raises:
            DataError: No training picture has a mask.
        """
        scores: list[NDArray[np.float64]] = []
        places = np.linspace(0.0, 1.0, STEPS, endpoint=False)
        for index in range(len(train)):
            batch = self.collate([train[index]])
            if "mask" not in batch.target:
                raise DataError(f"{train[index].id}: no mask of vessels; training needs one for each picture")
            ranks, truth = batch.inputs["response"].numpy().ravel(), batch.target["mask"].numpy().ravel() > 0
            bins = np.minimum((ranks * STEPS).astype(np.int64), STEPS - 1)
            every = np.bincount(bins, minlength=STEPS)[::-1].cumsum()[::-1]
            right = np.bincount(bins[truth], minlength=STEPS)[::-1].cumsum()[::-1]
            scores.append(2 * right / np.maximum(every + truth.sum(), 1))
        self.threshold.fill_(float(places[int(np.mean(scores, axis=0).argmax())]))
