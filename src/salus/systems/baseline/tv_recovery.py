"""Compressed sensing without learning: the picture of least total variation that fits the measurements.

Source: Candes, Romberg and Tao 2006, doi:10.1109/TIT.2005.862083; solved by accelerated proximal gradient, Beck and
Teboulle 2009, doi:10.1109/TIP.2009.2028250.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.coded import coded_answer, coded_batch, measure_coded
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample
from salus.transforms import block_sampling as blocks
from salus.transforms.bitstream import HEAD
from salus.transforms.denoise import total_variation


@dataclass(frozen=True, slots=True, kw_only=True)
class TvRecoveryConfig(Config):
    """Settings.

    Attributes:
        ratio: Measurements per pixel of a block.
        block: Pixels a side.
        matrix: `gaussian` (random, orthonormal) or `cosine` (the smoothest functions of the cosine transform).
        iterations: Steps towards the measurements, each followed by a denoising.
        grid: Strengths of the last denoising to try on the training part; the first step is sixteen times stronger.
        images: How many training pictures the choice looks at, evenly spread.
        window: Intensities of HU that are kept; others are clipped.
    """

    ratio: float = 0.25
    block: int = 32
    matrix: Literal["gaussian", "cosine"] = "gaussian"
    iterations: int = 40
    grid: tuple[float, ...] = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)
    images: int = 3
    window: tuple[float, ...] = (-1000.0, 400.0)


class TvRecovery(System):
    """Random or smooth measurements of blocks, rounded and coded as the network's, rebuilt by total variation."""

    card = Card(
        title="Total-variation recovery from block measurements",
        authors="Candes, Romberg and Tao 2006",
        doi="10.1109/TIT.2005.862083",
        family="baseline",
        tasks=("compression",),
        inputs=(("image", "Image (1, H, W), HU or 8-bit grey"),),
        modalities=("image",),
        review="Not a system of the review: the classical rebuilding that a learned one must beat.",
        advantages=("Needs no training but one strength, fits any matrix.",),
        limits=("Flattens texture into patches.", "Seconds a picture."),
        differentiable=False,
        explain_input="image",
    )
    config_type = TvRecoveryConfig
    small: ClassVar[TvRecoveryConfig] = TvRecoveryConfig()
    tiny: ClassVar[TvRecoveryConfig] = TvRecoveryConfig(block=8, iterations=3, grid=(0.001, 0.01), images=2)
    config: TvRecoveryConfig
    strength: Tensor
    span: Tensor
    contexts: Tensor
    tables: Tensor
    usual: Tensor

    def __init__(self, task: Task, config: TvRecoveryConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        count = blocks.count(config.ratio, config.block)
        self.rows = (blocks.cosine if config.matrix == "cosine" else blocks.gaussian)(count, config.block)
        code = blocks.flat_code(count)
        self.register_buffer("strength", torch.tensor(config.grid[0], dtype=torch.float64))
        self.register_buffer("span", torch.full((count,), 1e-3))
        self.register_buffer("contexts", torch.from_numpy(code.contexts))
        self.register_buffer("tables", torch.from_numpy(code.tables))
        self.register_buffer("usual", torch.from_numpy(code.usual))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return unit, modality, thickness and window of the training part."""
        assert isinstance(config, TvRecoveryConfig)  # noqa: S101
        return measure_coded(train, config.window)

    def settle(self, train: Dataset) -> None:
        """Fix ranges and frequencies, then choose the strength with the least squared error, on the training part."""
        planes = [self.collate([train[i]]).inputs["image"][0, 0].numpy().clip(0.0, 1.0) for i in range(len(train))]
        measured = [self._measure(plane) for plane in planes]
        whole = np.concatenate(measured)
        self.span.copy_(torch.from_numpy(np.maximum(1.05 * np.abs(whole).max(axis=0), 1e-3)))
        code = blocks.fit_code(blocks.quantize(whole, self.span.numpy()))
        for name in ("contexts", "tables", "usual"):
            getattr(self, name).copy_(torch.from_numpy(getattr(code, name)))
        chosen = range(0, len(planes), max(1, len(planes) // self.config.images))
        errors = [
            sum(float(np.mean((self._recover(measured[i], planes[i].shape, s) - planes[i]) ** 2)) for i in chosen)
            for s in self.config.grid
        ]
        self.strength.fill_(self.config.grid[int(np.argmin(errors))])

    def augment(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample as it is; overridden because sets that nothing varies are collated whole, in one size."""
        return sample

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `image` and target `clean`, `(B, 1, H, W)`, with the window at [0, 1]."""
        return coded_batch(samples, self.fingerprint)

    def forward(self, batch: Batch) -> Tensor:
        """Return `(B, 2, H, W)`, bits and picture, by way of real bytes; no gradient passes."""
        pictures = batch.inputs["image"]
        code = blocks.BlockCode(*(getattr(self, name).cpu().numpy() for name in ("contexts", "tables", "usual")))
        span, found, sizes = self.span.cpu().numpy(), [], []
        for picture in pictures:
            plane = picture[0].cpu().numpy().clip(0.0, 1.0)
            integers = blocks.quantize(self._measure(plane), span)
            body = code.encode(integers)
            measured = blocks.restore(code.decode(body, len(integers)), span)
            found.append(self._recover(measured, plane.shape, float(self.strength)))
            sizes.append(HEAD + len(body))
        return coded_answer(torch.from_numpy(np.stack(found)[:, None]).to(pictures), sizes, self.fingerprint["window"])

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: the strength is chosen by `settle`."""
        yield from ()

    def _measure(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return blocks.blocks_of(plane, self.config.block) @ self.rows.T

    def _recover(self, measured: NDArray[np.float32], shape: tuple[int, ...], strength: float) -> NDArray[np.float32]:
        size, block, steps = (shape[0], shape[1]), self.config.block, self.config.iterations
        image = blocks.plane_from(measured @ self.rows, size, block)
        ahead: NDArray[np.float32] = image
        momentum = 1.0
        for number in range(steps):
            # A strong start fills the gaps between blocks; the last step decides how smooth the picture is.
            weight = strength * 16.0 ** (1 - (number + 1) / steps)
            apart: NDArray[np.float32] = measured - self._measure(ahead)
            missed: NDArray[np.float32] = apart @ self.rows
            nearer: NDArray[np.float32] = np.add(ahead, blocks.plane_from(missed, size, block), dtype=np.float32)
            following = total_variation(nearer, weight).astype(np.float32)
            grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            pushed = following + np.float32((momentum - 1) / grown) * (following - image)
            ahead = pushed.astype(np.float32)
            image, momentum = following, grown
        return image
