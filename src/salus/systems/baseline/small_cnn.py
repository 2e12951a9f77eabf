"""A plain small convolutional network on one picture: what any published image method should be compared with.

Source: the design of LeCun et al. 1998, doi 10.1109/5.726791, with batch norm, rectifiers and global mean pooling.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.augment import jitter_affine
from salus.nets.recurrent import pool_mean, step_mask
from salus.nets.slices import class_weights, pad_stacks, scale_stack
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import ShapeError
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample
from salus.transforms.slices import check_window, known_label, pictures, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallCNNConfig(Config):
    """Settings.

    Attributes:
        pixels: Side that every picture is brought to.
        widths: Channels of each block (3 x 3 convolution, batch norm, rectifier, 2 x 2 maximum).
        dropout: Before the last layer.
        label_share: Share of training patients whose labels are used.
        label_draw: Which patients those are.
        epochs: Passes over the training part.
        learning_rate: Of AdamW, falling to zero by a cosine.
        weight_decay: Decoupled.
        batch_size: Samples per step.
    """

    pixels: int = 64
    widths: tuple[int, ...] = (16, 32, 64, 64)
    dropout: float = 0.3
    label_share: float = 1.0
    label_draw: int = 0
    epochs: int = 30
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    batch_size: int = 32


class SmallCNN(System):
    """Four convolutions and one dense layer; slices of a series are read alone and averaged."""

    card: ClassVar[Card] = Card(
        title="Small convolutional network",
        authors="after LeCun et al. 1998",
        doi="10.1109/5.726791",
        family="baseline",
        tasks=("classification",),
        inputs=(("image", "Image (C, H, W), or (1, S, H, W) whose slices are averaged"),),
        modalities=("image", "volume"),
        review="Not a system of the review: the plain network beside every image system.",
        advantages=("Trains in seconds on one processor core",),
        limits=("Cannot know the order of slices", "Sees the picture at 64 pixels a side"),
        explain_input="image",
        explain_layer="last_conv",
    )
    config_type = SmallCNNConfig
    small: ClassVar[SmallCNNConfig] = SmallCNNConfig()
    tiny: ClassVar[SmallCNNConfig] = SmallCNNConfig(
        pixels=16, widths=(4, 4), dropout=0.0, epochs=1, learning_rate=1e-2, batch_size=4
    )
    config: SmallCNNConfig

    def __init__(self, task: Task, config: SmallCNNConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        classes = len(task.question.classes)
        layers: list[nn.Module] = []
        channels = fingerprint["channels"]
        for width in config.widths:
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
            channels = width
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(config.dropout)
        self.answer = nn.Linear(channels, classes)
        self.class_weights: Tensor
        self.register_buffer("class_weights", class_weights(fingerprint["counts"], classes), persistent=False)

    @property
    def last_conv(self) -> nn.Conv2d:
        """The last convolution, which Grad-CAM reads."""
        return [layer for layer in self.features if isinstance(layer, nn.Conv2d)][-1]

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage of AdamW."""
        assert isinstance(config, SmallCNNConfig)  # noqa: S101
        rule = Optimizer(name="adamw", learning_rate=config.learning_rate, weight_decay=config.weight_decay)
        stage = Stage(
            epochs=config.epochs,
            batch_size=config.batch_size,
            optimizers={"main": rule},
            schedule="cosine",
            warmup=0.1,
        )
        return Recipe(stages=(stage,), precision="auto")

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return class counts, range, unit, channels and the longest series."""
        assert isinstance(config, SmallCNNConfig)  # noqa: S101
        found = survey(train, config.label_share, config.label_draw, read=pictures)
        return {**found, "channels": int(pictures(train[0]).shape[1])}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Bring pictures to one size and z-score each; series are padded.

        Raises:
            ShapeError: Other channels than in training.
        """
        channels, side, stacks = self.fingerprint["channels"], self.config.pixels, []
        for sample in samples:
            stack = pictures(sample)
            if stack.shape[1] != channels:
                raise ShapeError(f"{sample.id}: {stack.shape[1]} channels, trained on {channels}; convert the picture")
            check_window(sample, self.fingerprint)
            flat = scale_stack(stack.reshape(-1, *stack.shape[2:]), side)
            stacks.append(flat.view(len(stack), channels, side, side))
        images, lengths = pad_stacks(stacks, self.fingerprint["slices"])
        target = {}
        if any(sample.target is not None for sample in samples):
            target["label"] = torch.tensor([known_label(sample, self.fingerprint) for sample in samples])
        return Batch(tuple(s.id for s in samples), {"image": images, "length": lengths}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`."""
        return self._answer(batch.inputs["image"], batch.inputs["length"])

    def _answer(self, images: Tensor, lengths: Tensor) -> Tensor:
        mask = step_mask(lengths, images.shape[1])
        found = self.features(images[mask]).mean(dim=(2, 3))
        steps = found.new_zeros(*images.shape[:2], found.shape[1])
        steps[mask] = found
        return self.answer(self.dropout(pool_mean(steps, lengths)))

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the weighted cross-entropy of the labelled rows."""
        labelled = (batch.target["label"] >= 0).nonzero()[:, 0]
        if not len(labelled):
            return
        batch = batch.take(labelled)
        images = batch.inputs["image"]
        if self.training:
            varied = jitter_affine(images.flatten(1, 2), degrees=17.0, zoom=0.1, flip=True)
            images = varied.view_as(images)
        logits = self._answer(images, batch.inputs["length"]).float()
        loss = nn.functional.cross_entropy(
            logits, batch.target["label"], weight=self.class_weights, label_smoothing=0.05
        )
        yield Objective("cross_entropy", loss)
