"""Buades, Coll and Morel 2005: each pixel is the mean of those with like surroundings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.classical import choose_strength, denoise, measure_noisy, middle_strength, plane_batch
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample
from salus.transforms.denoise import nonlocal_means


@dataclass(frozen=True, slots=True, kw_only=True)
class NonlocalMeansConfig(Config):
    """Settings.

    Attributes:
        grid: Strengths to try on the training part, in multiples of its median noise.
        images: How many training images the choice looks at, evenly spread.
    """

    grid: tuple[float, ...] = (0.8, 1.1, 1.4, 1.7, 2.0, 2.5, 3.0)
    images: int = 8


class NonlocalMeans(System):
    """Non-local means: its strength is chosen on the training part."""

    card = Card(
        title="Non-local means",
        authors="Buades, Coll and Morel 2005",
        doi="10.1109/CVPR.2005.38",
        family="baseline",
        tasks=("restoration",),
        inputs=(("image", "Image (1, H, W), any unit"),),
        modalities=("image",),
        review="The classical method that a learned denoiser must beat.",
        limits=("Noise whose grain is correlated, as after a ramp filter, looks like structure to it.",),
        deviations=(
            "One strength for all images, the best on the training part.",
            "On magnitude images the mean that Rician noise adds is taken out, as much as serves the training part.",
        ),
        differentiable=False,
    )
    config_type = NonlocalMeansConfig
    small: ClassVar[NonlocalMeansConfig] = NonlocalMeansConfig()
    tiny: ClassVar[NonlocalMeansConfig] = NonlocalMeansConfig(grid=(0.5, 1.0), images=2)
    config: NonlocalMeansConfig
    strength: Tensor
    bias: Tensor

    def __init__(self, task: Task, config: NonlocalMeansConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.register_buffer("strength", middle_strength(config.grid, fingerprint["noise"]))
        self.register_buffer("bias", torch.zeros((), dtype=torch.float64))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return unit, modality, slice thickness and median noise of the training part."""
        return measure_noisy(train)

    def settle(self, train: Dataset) -> None:
        """Choose the strength with the least squared error inside the question's window."""
        strength, bias = choose_strength(
            nonlocal_means,
            train,
            noise=self.fingerprint["noise"],
            grid=self.config.grid,
            images=self.config.images,
            window=self.task.question.value_range,
        )
        self.strength.fill_(strength)
        self.bias.fill_(bias)

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `image` and target `clean`, `(B, 1, H, W)`, in their own unit."""
        return plane_batch(samples, self.fingerprint)

    def forward(self, batch: Batch) -> Tensor:
        """Return the denoised images `(B, 1, H, W)`; no gradient passes."""
        return denoise(nonlocal_means, batch.inputs["image"], self.strength, self.bias)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: the strength is chosen by `settle`."""
        yield from ()
