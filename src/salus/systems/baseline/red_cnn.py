"""Chen, Zhang, Kalra and others 2017, RED-CNN: a residual encoder-decoder for low-dose CT, trained by squared error.

IEEE Trans. Med. Imaging, doi 10.1109/TMI.2017.2715284, section II-C. The baseline beside DU-GAN: no critic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.residual_coder import ResidualCoder
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample
from salus.transforms.plane import cut_patch, measure_planes, planes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RedCnnConfig(Config):
    """Settings of RED-CNN.

    Attributes:
        width: Channels of every layer.
        layers: Convolutions, and as many transposed ones.
        kernel: Their size.
        spread: Standard deviation of the first weights; None draws them by fan-in, which needs fewer steps.
        window: Intensities that map to [0, 1] for HU; other units are measured on the training part.
        patch: Pixels a side of a training patch.
        batch_size: Patches per step.
        epochs: Of `steps_per_epoch` steps each, with a validation after each.
        steps_per_epoch: Steps between two validations.
        learning_rate: Adam's.
        schedule: Of the rate.
        warmup: Share of the steps over which it rises.
    """

    width: int = 96
    layers: int = 5
    kernel: int = 5
    spread: float | None = 0.01
    window: tuple[float, ...] = (-300.0, 300.0)
    patch: int = 55
    batch_size: int = 128
    epochs: int = 100
    steps_per_epoch: int = 1000
    learning_rate: float = 1e-4
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: float = 0.0


class RedCNN(System):
    """Five convolutions, five transposed ones, shortcuts every second layer."""

    card = Card(
        title="RED-CNN: residual encoder-decoder for low-dose CT",
        authors="Chen, Zhang, Kalra et al. 2017",
        doi="10.1109/TMI.2017.2715284",
        family="baseline",
        tasks=("restoration",),
        inputs=(("image", "Image (1, H, W), noisy, HU (or one other unit, whose window is measured)"),),
        modalities=("image",),
        review="The network that DU-GAN's generator grew from; its answers are close in the mean and smooth.",
        deviations=(
            "No ReLU after the last addition and no clipping: an answer is a whole image.",
            "small: 16 channels, weights drawn by fan-in, patches of 64, the same batches and steps as DU-GAN's small.",
        ),
        limits=("The squared error makes fine texture smooth.",),
        explain_input="image",
    )
    config_type = RedCnnConfig
    small: ClassVar[RedCnnConfig] = RedCnnConfig(
        width=16,
        spread=None,
        window=(-1000.0, 400.0),
        patch=64,
        batch_size=8,
        epochs=8,
        steps_per_epoch=100,
        learning_rate=1.5e-3,
        schedule="cosine",
        warmup=0.05,
    )
    tiny: ClassVar[RedCnnConfig] = RedCnnConfig(
        width=4,
        layers=2,
        kernel=3,
        spread=None,
        window=(-1000.0, 400.0),
        patch=16,
        batch_size=4,
        epochs=1,
        steps_per_epoch=2,
        learning_rate=1e-3,
    )
    config: RedCnnConfig

    def __init__(self, task: Task, config: RedCnnConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.network = ResidualCoder(
            config.width, config.layers, config.kernel, every=2, spread=config.spread, padded=False
        )

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return unit, modality, slice thickness, window and air limit of the training part."""
        assert isinstance(config, RedCnnConfig)  # noqa: S101
        return measure_planes([train[i] for i in range(len(train))], config.window)

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage of Adam, with averaged weights as DU-GAN has them."""
        assert isinstance(config, RedCnnConfig)  # noqa: S101
        stage = Stage(
            epochs=config.epochs,
            batch_size=config.batch_size,
            samples_per_epoch=config.steps_per_epoch * config.batch_size,
            schedule=config.schedule,
            warmup=config.warmup,
            optimizers={"main": Optimizer(learning_rate=config.learning_rate)},
        )
        return Recipe(stages=(stage,), ema=0.999, precision="auto")

    def augment(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return a random patch that is not mostly air."""
        return cut_patch(sample, self.config.patch, self.fingerprint["air"], rng)

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `image` and target `clean`, `(B, 1, H, W)`, with the window at [0, 1]."""
        images, clean = planes_of(samples, self.fingerprint, self.config.patch)
        target = {} if clean is None else {"clean": torch.from_numpy(clean)}
        return Batch(tuple(sample.id for sample in samples), {"image": torch.from_numpy(images)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return the restored images `(B, 1, H, W)` in the unit of the input."""
        low, high = self.fingerprint["window"]
        restored: Tensor = self.network(batch.inputs["image"]).float() * (high - low) + low
        return restored

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the mean squared error (equation 6)."""
        restored = self.network(batch.inputs["image"]).float()
        yield Objective("error", (restored - batch.target["clean"]).square().mean())
