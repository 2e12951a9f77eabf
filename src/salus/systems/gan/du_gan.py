"""Huang, Zhang, Zhang and Shan 2021, DU-GAN: dual-domain U-Net-based critics for low-dose CT denoising.

IEEE Trans. Instrum. Meas., doi 10.1109/TIM.2021.3128703, arXiv 2108.10772. Reads as the paper's section III: the
generator (III-A), the two critics on image and Sobel gradient (III-B), CutMix (III-C), the losses (III-D).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.adversarial import cutmix_loss, cutmix_mask, judge, mix
from salus.nets.residual_coder import ResidualCoder, sobel
from salus.nets.unet import UNetCritic
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample
from salus.transforms.plane import cut_patch, measure_planes, planes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DuGanConfig(Config):
    """Settings of DU-GAN.

    Attributes:
        width: Channels of the generator.
        layers: Its convolutions, and as many transposed ones.
        spread: Standard deviation of its first weights; None draws them by fan-in, which needs fewer steps.
        critic_widths: Channels of each down block of a critic.
        critic_gain: Scale of their first filters, made blind to the level; None leaves them as drawn.
        window: Intensities that map to [0, 1] for HU; other units are measured on the training part.
        patch: Pixels a side of a training patch.
        batch_size: Patches per step.
        judged: How many patches of a batch the critics see; 0 for all.
        epochs: Of `steps_per_epoch` steps each, with a validation after each.
        steps_per_epoch: Steps between two validations.
        learning_rate: Of the generator.
        critic_rate: Of the critics.
        schedule: Of all rates.
        warmup: Share of the steps over which they rise.
        critic_every: Steps of the generator per step of the critics.
        image_weight: Of the image critic in the generator's loss.
        gradient_weight: Of the gradient critic.
        error_weight: Of the mean squared error.
        edge_weight: Of the mean absolute error of the gradients.
        cutmix: Highest probability of a CutMix step; 0 for none.
        cutmix_steps: Steps over which it rises from zero.
        consistency: Weight of the CutMix consistency.
        gradient_critic: Judge the Sobel gradient too.
        pixel_head: Let the critics judge pixels beside the whole image.
        low_dose_negative: Show the critics the noisy image as a further negative.
    """

    width: int = 32
    layers: int = 11
    spread: float | None = 0.01
    critic_widths: tuple[int, ...] = (64, 128, 256, 512, 512, 512, 512)
    critic_gain: float | None = None
    window: tuple[float, ...] = (-300.0, 300.0)
    patch: int = 64
    batch_size: int = 64
    judged: int = 0
    epochs: int = 100
    steps_per_epoch: int = 1000
    learning_rate: float = 1.8e-4
    critic_rate: float = 7.1e-5
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: float = 0.0
    critic_every: int = 1
    image_weight: float = 0.142
    gradient_weight: float = 0.120
    error_weight: float = 5.03
    edge_weight: float = 35.3
    cutmix: float = 0.76
    cutmix_steps: int = 1000
    consistency: float = 5.09
    gradient_critic: bool = True
    pixel_head: bool = True
    low_dose_negative: bool = True


class DUGAN(System):
    """A residual encoder-decoder that two U-Net critics teach what normal-dose texture and edges look like."""

    card = Card(
        title="DU-GAN: dual-domain U-Net-based critics for low-dose CT denoising",
        authors="Huang, Zhang, Zhang and Shan 2021",
        doi="10.1109/TIM.2021.3128703",
        family="gan",
        tasks=("restoration",),
        inputs=(("image", "Image (1, H, W), noisy, HU (or one other unit, whose window is measured)"),),
        modalities=("image",),
        review="Two critics shaped as U-Nets, in the image and in a transform domain; best by numbers and by eye, and "
        "robust over noise levels.",
        deviations=(
            "The review's transform domain is the Sobel gradient in the paper.",
            "The paper's own table has RED-CNN ahead in PSNR at 10 % dose, which the review does not say.",
            "Values outside the window are kept and the last layer has no ReLU, so that an answer is a whole image.",
            "Borders of the Sobel filter are mirrored.",
            "A last critic block that keeps its size uses a 3x3 convolution where the others have 4x4 with stride two.",
            "Image layers run at full precision where the rest runs in bf16, whose steps in a CT window are five HU.",
            "small: half the layers, 16 channels; critics of 8 to 64 channels instead of 64 to 512, which see half of "
            "each batch at every second step; weights drawn by fan-in with first filters blind to the level, those of "
            "the critics times 50; larger rates with warm-up and cosine; window [-1000, 400] because the chest is "
            "lung; 800 steps: about two minutes on one core.",
        ),
        limits=(
            "Trained on simulated noise of one patient; other scanners, kernels and patients were not seen.",
            "A critic's taste can add texture that is not there: see the lesions invented on the phantom.",
            "The confidence map says what the critic finds likely, not what the error is.",
        ),
        explain_input="image",
    )
    config_type = DuGanConfig
    small: ClassVar[DuGanConfig] = DuGanConfig(
        width=16,
        layers=5,
        spread=None,
        critic_widths=(8, 16, 32, 64),
        critic_gain=50.0,
        window=(-1000.0, 400.0),
        batch_size=8,
        judged=4,
        epochs=8,
        steps_per_epoch=100,
        learning_rate=2e-3,
        critic_rate=1e-3,
        schedule="cosine",
        warmup=0.05,
        critic_every=2,
    )
    tiny: ClassVar[DuGanConfig] = DuGanConfig(
        width=4,
        layers=2,
        spread=None,
        critic_widths=(4, 8),
        window=(-1000.0, 400.0),
        patch=16,
        batch_size=4,
        epochs=1,
        steps_per_epoch=2,
        learning_rate=1e-3,
        critic_rate=1e-3,
    )
    config: DuGanConfig
    steps: Tensor

    def __init__(self, task: Task, config: DuGanConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.generator = ResidualCoder(config.width, config.layers, spread=config.spread)
        self.critic_image = UNetCritic(config.critic_widths, gain=config.critic_gain)
        self.critic_gradient = (
            UNetCritic(config.critic_widths, gain=config.critic_gain) if config.gradient_critic else None
        )
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return unit, modality, slice thickness, window and air limit of the training part."""
        assert isinstance(config, DuGanConfig)  # noqa: S101
        return measure_planes([train[i] for i in range(len(train))], config.window)

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage: Adam for each network, the generator's weights averaged."""
        assert isinstance(config, DuGanConfig)  # noqa: S101
        critic = Optimizer(learning_rate=config.critic_rate)
        optimizers = {"generator": Optimizer(learning_rate=config.learning_rate), "critic_image": critic}
        if config.gradient_critic:
            optimizers["critic_gradient"] = critic
        stage = Stage(
            epochs=config.epochs,
            batch_size=config.batch_size,
            samples_per_epoch=config.steps_per_epoch * config.batch_size,
            schedule=config.schedule,
            warmup=config.warmup,
            optimizers=optimizers,
        )
        return Recipe(stages=(stage,), ema=0.999, ema_groups=("generator",), precision="auto")

    def augment(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return a random patch that is not mostly air."""
        return cut_patch(sample, self.config.patch, self.fingerprint["air"], rng)

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `image` and target `clean`, `(B, 1, H, W)`, with the window at [0, 1]."""
        images, clean = planes_of(samples, self.fingerprint, self.config.patch)
        target = {} if clean is None else {"clean": torch.from_numpy(clean)}
        return Batch(tuple(sample.id for sample in samples), {"image": torch.from_numpy(images)}, target)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the three networks."""
        found = {"generator": self.generator, "critic_image": self.critic_image}
        if self.critic_gradient is not None:
            found["critic_gradient"] = self.critic_gradient
        return {name: list(network.parameters()) for name, network in found.items()}

    def forward(self, batch: Batch) -> Tensor:
        """Return the restored images `(B, 1, H, W)` in the unit of the input."""
        low, high = self.fingerprint["window"]
        restored: Tensor = self.generator(batch.inputs["image"]).float() * (high - low) + low
        return restored

    @torch.no_grad()
    def confidence(self, batch: Batch) -> Tensor:
        """Return how much each restored pixel looks like normal dose to the image critic, `(B, 1, H, W)` in [0, 1]."""
        pixels = self.critic_image(self.generator(batch.inputs["image"]))[1]
        return pixels.float().clamp(0.0, 1.0)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the losses of the image critic, the gradient critic and the generator."""
        settings, noisy, clean = self.config, batch.inputs["image"], batch.target["clean"]
        restored = self.generator(noisy).float()
        seen = settings.judged or len(noisy)
        sets = {"critic_image": (clean[:seen], restored[:seen], noisy[:seen])}
        if self.critic_gradient is not None:
            sets["critic_gradient"] = (sobel(clean[:seen]), sobel(restored[:seen]), sobel(noisy[:seen]))
        if int(self.steps) % settings.critic_every == 0:
            for name, (real, fake, low) in sets.items():
                yield Objective(name, self._critic_loss(self._critic(name), real, fake.detach(), low), name)
        self.steps += 1
        error = (restored - clean).square().mean()
        edges = (sobel(restored) - sobel(clean)).abs().mean()
        weights = {"critic_image": settings.image_weight, "critic_gradient": settings.gradient_weight}
        taste = sum(
            weights[name] * judge(self._critic(name)(fake), 1.0, pixels=settings.pixel_head)
            for name, (_, fake, _) in sets.items()
        )
        loss = settings.error_weight * error + settings.edge_weight * edges + taste
        yield Objective("generator", loss, "generator", {"error": error, "edges": edges})

    def _critic(self, name: str) -> UNetCritic:
        critic: UNetCritic = getattr(self, name)
        return critic

    def _critic_loss(self, critic: UNetCritic, real: Tensor, fake: Tensor, low: Tensor) -> Tensor:
        """Return the least-squares loss (equations 3 and 4), and CutMix on some steps (equations 5 to 7)."""
        settings, count = self.config, len(real)
        chance = settings.cutmix * min(1.0, float(self.steps) / max(1, settings.cutmix_steps))
        mixing = settings.pixel_head and bool(torch.rand(()) < chance)
        shown = [real, fake]
        if settings.low_dose_negative:
            shown.append(low)
        if mixing:
            mask = cutmix_mask(real)
            shown.append(mix(real, fake, mask))
        whole, pixels = critic(torch.cat(shown))
        scores = list(zip(whole.split(count), pixels.split(count), strict=True))
        loss = judge(scores[0], 1.0, pixels=settings.pixel_head) + judge(scores[1], 0.0, pixels=settings.pixel_head)
        if settings.low_dose_negative:
            loss = loss + judge(scores[2], 0.0, pixels=settings.pixel_head)
        if mixing:
            loss = loss + cutmix_loss(scores[-1], scores[0][1], scores[1][1], mask, settings.consistency)
        return loss
