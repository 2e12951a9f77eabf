"""Standard codecs of still pictures at a wanted size: what any learnt codec stands beside.

Sources: JPEG (ITU-T T.81), JPEG 2000 (ITU-T T.800), JPEG-LS (ITU-T T.87), JPEG XL (ISO/IEC 18181).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.coded import code_within, coded_answer, coded_batch, decoded, measure_coded, packed, unpacked
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample
from salus.transforms.bitstream import HEAD, KINDS
from salus.transforms.block_sampling import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class StillCodecConfig(Config):
    """Settings.

    Attributes:
        codec: Which standard.
        bits_per_pixel: The most that may travel, sealing included; where even the coarsest code is larger, that one.
        window: Intensities of HU that are kept; others are clipped.
    """

    codec: Literal["jpeg", "jpeg2000", "jpeg_ls", "jpeg_xl"] = "jpeg"
    bits_per_pixel: float = 0.35
    window: tuple[float, ...] = (-1000.0, 400.0)


class StillCodec(System):
    """Eight bits of the window through a standard codec, at the best quality that fits."""

    card = Card(
        title="JPEG, JPEG 2000, JPEG-LS or JPEG XL",
        family="baseline",
        tasks=("compression",),
        inputs=(("image", "Image (1, H, W), HU or 8-bit grey"),),
        modalities=("image",),
        review="Not a system of the review: the codecs that every hospital has.",
        advantages=("Standards with decades of tools; no training.",),
        limits=("The window is reduced to 256 grey values.", "JPEG-LS is made for small errors, not for few bytes."),
        differentiable=False,
        explain_input="image",
    )
    config_type = StillCodecConfig
    small: ClassVar[StillCodecConfig] = StillCodecConfig()
    tiny: ClassVar[StillCodecConfig] = StillCodecConfig(bits_per_pixel=2.0)
    config: StillCodecConfig

    def __init__(self, task: Task, config: StillCodecConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.model = digest(np.array(fingerprint["window"], np.float64))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return unit, modality, thickness and window of the training part."""
        assert isinstance(config, StillCodecConfig)  # noqa: S101
        return measure_coded(train, config.window)

    def augment(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample as it is; overridden because sets that nothing varies are collated whole, in one size."""
        return sample

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `image` and target `clean`, `(B, 1, H, W)`, with the window at [0, 1]."""
        return coded_batch(samples, self.fingerprint)

    def forward(self, batch: Batch) -> Tensor:
        """Return `(B, 2, H, W)`, bits and picture, by way of real bytes; no gradient passes."""
        pictures = batch.inputs["image"]
        bodies = [self._body(plane) for plane in pictures]
        rebuilt = decoded(self.config.codec, bodies, (pictures.shape[-2], pictures.shape[-1])).to(pictures)
        return coded_answer(rebuilt, [HEAD + len(body) for body in bodies], self.fingerprint["window"])

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: there is nothing to learn."""
        yield from ()

    def encode(self, sample: Sample) -> bytes:
        """Return a picture as bytes: head and code (`salus.contract.codec`)."""
        body = self._body(self.collate([sample]).inputs["image"][0])
        return packed(sample, body, KINDS.index(self.config.codec), 0, self.model)

    def decode(self, output: Tensor | bytes) -> NDArray[Any]:
        """Return the picture `(1, H, W)` of `encode`'s bytes, in its unit; of tensors, what the task makes of them."""
        if not isinstance(output, bytes):
            return self.task.decode(output)
        head, body = unpacked(output, KINDS.index(self.config.codec), 0, self.model)
        rebuilt = decoded(self.config.codec, [body], head.shape)
        return coded_answer(rebuilt, [len(output)], self.fingerprint["window"])[0, 1:].numpy()

    def _body(self, plane: Tensor) -> bytes:
        return code_within(self.config.codec, plane[0].cpu(), self.config.bits_per_pixel)[0]
