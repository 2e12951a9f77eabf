"""Rudin, Osher and Fatemi 1992: the smoothest image by total variation that stays near the noisy one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample
from salus.transforms.denoise import best_strength, noise_sd, total_variation, without_bias
from salus.transforms.plane import clean_of, measure_planes, plane_of, planes_of

BIASES = (0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 11.0, 15.0)
"""Squares tried against the mean of Rician noise, in multiples of the estimated variance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalVariationConfig(Config):
    """Settings.

    Attributes:
        grid: Strengths to try on the training part, in multiples of its median noise.
        images: How many training images the choice looks at, evenly spread.
    """

    grid: tuple[float, ...] = (0.5, 0.8, 1.1, 1.4, 1.7, 2.0, 2.4, 3.0)
    images: int = 8


class TotalVariation(System):
    """Total-variation denoising: its strength is chosen on the training part."""

    card = Card(
        title="Total-variation denoising",
        authors="Rudin, Osher and Fatemi 1992",
        doi="10.1016/0167-2789(92)90242-F",
        family="baseline",
        tasks=("restoration",),
        inputs=(("image", "Image (1, H, W), any unit"),),
        modalities=("image",),
        review="The classical method that a learned denoiser must beat.",
        limits=("Flattens texture and small contrasts into patches.",),
        deviations=(
            "One strength for all images, the best on the training part.",
            "On magnitude images the mean that Rician noise adds is taken out, as much as serves the training part.",
        ),
        differentiable=False,
    )
    config_type = TotalVariationConfig
    small: ClassVar[TotalVariationConfig] = TotalVariationConfig()
    tiny: ClassVar[TotalVariationConfig] = TotalVariationConfig(grid=(0.5, 1.0), images=2)
    config: TotalVariationConfig
    strength: Tensor
    bias: Tensor

    def __init__(self, task: Task, config: TotalVariationConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.register_buffer(
            "strength", torch.tensor(float(np.median(config.grid)) * fingerprint["noise"], dtype=torch.float64)
        )
        self.register_buffer("bias", torch.zeros((), dtype=torch.float64))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return unit, modality, slice thickness and median noise of the training part."""
        samples = [train[i] for i in range(len(train))]
        noise = float(np.median([noise_sd(plane_of(sample)[0]) for sample in samples]))
        return {**measure_planes(samples, (0.0, 1.0)), "noise": noise}

    def settle(self, train: Dataset) -> None:
        """Choose the strength with the least squared error inside the question's window."""
        chosen = np.unique(np.linspace(0, len(train) - 1, min(self.config.images, len(train))).round().astype(int))
        samples = [train[int(i)] for i in chosen]
        noisy = [plane_of(sample)[0] for sample in samples]
        clean = [clean_of(sample)[0] for sample in samples]
        window = self.task.question.value_range or (-np.inf, np.inf)
        strengths = [k * self.fingerprint["noise"] for k in self.config.grid]
        biases = [k * self.fingerprint["noise"] ** 2 for k in BIASES]
        strength, bias, _ = best_strength(total_variation, noisy, clean, strengths, window, biases)
        self.strength.fill_(strength)
        self.bias.fill_(bias)

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `image` and target `clean`, `(B, 1, H, W)`, in their own unit."""
        images, clean = planes_of(samples, {**self.fingerprint, "window": [0.0, 1.0]}, 0)
        target = {} if clean is None else {"clean": torch.from_numpy(clean)}
        return Batch(tuple(sample.id for sample in samples), {"image": torch.from_numpy(images)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return the denoised images `(B, 1, H, W)`; no gradient passes."""
        planes = batch.inputs["image"].detach().cpu().numpy()[:, 0]
        answers = [without_bias(total_variation(plane, float(self.strength)), float(self.bias)) for plane in planes]
        return torch.from_numpy(np.stack(answers)[:, None]).to(batch.inputs["image"].device)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: the strength is chosen by `settle`."""
        yield from ()
