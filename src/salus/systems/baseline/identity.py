"""The image as it came: what any restoration must beat."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample
from salus.transforms.plane import measure_planes, planes_of


class Identity(System):
    """Answers with its input."""

    card = Card(
        title="The noisy image itself",
        family="baseline",
        tasks=("restoration",),
        inputs=(("image", "Image (1, H, W)"),),
        modalities=("image",),
        review="The floor of every comparison: doing nothing.",
        advantages=("It invents nothing.",),
        limits=("It restores nothing.",),
        explain_input="image",
    )
    small: ClassVar[Config] = Config()
    tiny: ClassVar[Config] = Config()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return unit, modality and slice thickness of the training part, so that strangers are refused alike."""
        return measure_planes([train[i] for i in range(len(train))], UNSCALED)

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `image` and target `clean`, `(B, 1, H, W)`."""
        images, clean = planes_of(samples, _unscaled(self.fingerprint), 0)
        target = {} if clean is None else {"clean": torch.from_numpy(clean)}
        return Batch(tuple(sample.id for sample in samples), {"image": torch.from_numpy(images)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return the images."""
        return batch.inputs["image"]

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: there is nothing to learn."""
        yield from ()


UNSCALED = (0.0, 1.0)


def _unscaled(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    return {**fingerprint, "window": list(UNSCALED)}
