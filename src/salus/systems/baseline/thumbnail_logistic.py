"""Logistic regression on thumbnails: what brightness and coarse layout alone say about the class.

Source: Cox 1958, J. R. Stat. Soc. B 20:215-242, in the multinomial form with an L2 penalty.
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
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import ShapeError
from salus.schema.sample import Sample
from salus.transforms.slices import check_window, known_label, pictures, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class ThumbnailConfig(Config):
    """Settings.

    Attributes:
        pixels: Side of the thumbnail.
        strength: Inverse of the L2 penalty (scikit-learn's C) on standardized pixels.
        iterations: Most steps of the solver.
        label_share: Share of training patients whose labels are used.
        label_draw: Which patients those are.
    """

    pixels: int = 12
    strength: float = 0.01
    iterations: int = 2000
    label_share: float = 1.0
    label_draw: int = 0


class ThumbnailLogistic(System):
    """One weight per thumbnail pixel and class; slices of a series are averaged first."""

    card: ClassVar[Card] = Card(
        title="Logistic regression on thumbnails",
        authors="Cox 1958",
        family="baseline",
        tasks=("classification",),
        inputs=(("image", "Image (C, H, W), or (1, S, H, W) whose slices are averaged"),),
        modalities=("image", "volume"),
        review="Not a system of the review: the simplest honest baseline for pictures.",
        advantages=("Fits in a second", "Its weights are a picture that a reader can look at"),
        limits=("Sees no texture", "Cannot know the order of slices"),
        explain_input="image",
    )
    config_type = ThumbnailConfig
    small: ClassVar[ThumbnailConfig] = ThumbnailConfig()
    tiny: ClassVar[ThumbnailConfig] = ThumbnailConfig(pixels=4, strength=1.0)
    config: ThumbnailConfig

    def __init__(self, task: Task, config: ThumbnailConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = len(task.question.classes)
        features = fingerprint["channels"] * config.pixels**2
        self.weight: Tensor
        self.bias: Tensor
        self.center: Tensor
        self.scale: Tensor
        self.register_buffer("weight", torch.zeros(self.classes, features))
        self.register_buffer("bias", torch.zeros(self.classes))
        self.register_buffer("center", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return class counts, range, unit and channels."""
        assert isinstance(config, ThumbnailConfig)  # noqa: S101
        found = survey(train, config.label_share, config.label_draw, read=pictures)
        return {**found, "channels": int(pictures(train[0]).shape[1])}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Bring each picture to a thumbnail `(C, pixels, pixels)` in its own unit.

        Raises:
            ShapeError: Other channels than in training.
        """
        channels, side = self.fingerprint["channels"], self.config.pixels
        thumbnails = []
        for sample in samples:
            stack = torch.from_numpy(pictures(sample).astype("float32"))
            if stack.shape[1] != channels:
                raise ShapeError(f"{sample.id}: {stack.shape[1]} channels, trained on {channels}; convert the picture")
            check_window(sample, self.fingerprint)
            small = nn.functional.interpolate(stack, (side, side), mode="bilinear", antialias=True)
            thumbnails.append(small.mean(dim=0))
        target = {}
        if any(sample.target is not None for sample in samples):
            target["label"] = torch.tensor([known_label(sample, self.fingerprint) for sample in samples])
        return Batch(tuple(s.id for s in samples), {"image": torch.stack(thumbnails)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`."""
        pixels = (batch.inputs["image"].flatten(1) - self.center) / self.scale
        return nn.functional.linear(pixels, self.weight, self.bias)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: the solver in `settle` finds the optimum."""
        yield from ()

    def settle(self, train: Dataset) -> None:
        """Fit the weights on the labelled part of the training part, classes weighted equally."""
        from sklearn.linear_model import LogisticRegression

        batch = self.collate([train[i] for i in range(len(train))])
        keep = batch.target["label"] >= 0
        pixels, labels = batch.inputs["image"].flatten(1)[keep], batch.target["label"][keep]
        self.center.copy_(pixels.mean(dim=0))
        self.scale.copy_(pixels.std(dim=0, unbiased=False).clamp(min=1e-6))
        solver = LogisticRegression(
            C=self.config.strength, max_iter=self.config.iterations, class_weight="balanced"
        ).fit(((pixels - self.center) / self.scale).double().numpy(), labels.numpy())
        weight, bias = torch.from_numpy(solver.coef_).float(), torch.from_numpy(solver.intercept_).float()
        if len(solver.classes_) == 2:
            # A binary solver keeps one row: the logit of the second class against the first.
            weight, bias = torch.stack((-weight[0], weight[0])) / 2, torch.stack((-bias[0], bias[0])) / 2
        self.bias.fill_(-30.0)  # a class that training never saw
        self.weight[solver.classes_], self.bias[solver.classes_] = weight, bias
