"""More et al. 2020: pictures compressed on a device, sent sealed, and rebuilt by a convolutional network.

Security-assured reconstruction on the Internet of Healthcare Things, IEEE Access 8. The layers of the original are not
known; this is block compressed sensing with an unrolled iteration (Zhang and Ghanem 2018, doi 10.1109/CVPR.2018.00196)
and, as a second mode, removal of JPEG artefacts. Sealing is `salus.security.envelope`: it meets the system outside, and
no network sees a key.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.coded import (
    code_within,
    coded_answer,
    coded_batch,
    decoded,
    measure_coded,
    packed,
    spoil,
    unpacked,
)
from salus.nets.unrolled import BlockSampler, Deblocker, Phase
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample
from salus.transforms import block_sampling as blocks
from salus.transforms.bitstream import HEAD, KINDS
from salus.transforms.plane import cut_patch


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedReconstructionConfig(Config):
    """Settings.

    Attributes:
        mode: `sampling` (few measurements of each block) or `jpeg` (JPEG bytes whose artefacts are removed).
        ratio: Measurements per pixel of a block.
        block: Pixels a side.
        matrix: `learnt` (starts at the cosine transform) or `gaussian` (random, orthonormal, fixed).
        decoder: `unrolled`, or `plain`: the same convolutions without step and threshold.
        phases: Unrolled iterations.
        width: Channels.
        fold: Pixels a side that become channels before the convolutions; 1 for none.
        deblocker: Layers of the last residual stack; in mode `jpeg` the whole network.
        mirror_weight: Of the distance of the two transforms from mirroring each other.
        skew_weight: Of the distance of a learnt matrix from orthonormal rows.
        bits_per_pixel: Mode `jpeg`: the most that may travel, sealing included.
        window: Intensities of HU that are kept; others are clipped.
        patch: Pixels a side of a training crop; whole pictures where they are smaller.
        batch_size: Crops a step.
        epochs: Of `steps_per_epoch` steps each, with a validation after each.
        steps_per_epoch: Steps between two validations.
        learning_rate: Of Adam.
        schedule: Of the rate.
    """

    mode: Literal["sampling", "jpeg"] = "sampling"
    ratio: float = 0.25
    block: int = 32
    matrix: Literal["learnt", "gaussian"] = "learnt"
    decoder: Literal["unrolled", "plain"] = "unrolled"
    phases: int = 9
    width: int = 32
    fold: int = 1
    deblocker: int = 10
    mirror_weight: float = 0.01
    skew_weight: float = 0.01
    bits_per_pixel: float = 0.35
    window: tuple[float, ...] = (-1000.0, 400.0)
    patch: int = 64
    batch_size: int = 16
    epochs: int = 100
    steps_per_epoch: int = 1000
    learning_rate: float = 1e-4
    schedule: Literal["constant", "cosine"] = "constant"


class SealedReconstruction(System):
    """A codec: pictures to real bytes and back, by measurements of blocks or by JPEG, rebuilt by a network."""

    card = Card(
        title="Security-assured CNN reconstruction of compressed medical images",
        authors="More et al. 2020",
        family="cnn",
        tasks=("compression",),
        inputs=(("image", "Image (1, H, W), HU or 8-bit grey"),),
        modalities=("image",),
        review="A network rebuilds the image from a compressed version, which travels under hybrid (symmetric and "
        "asymmetric) encryption; accurate and secure on a known set.",
        deviations=(
            "The layers of the original are not known: unrolled shrinkage over measured blocks stands in their place.",
            "The learnt matrix starts at the smoothest cosine functions; the fixed one keeps the mean of a block in a "
            "row of its own and is random else.",
            "Measurements are rounded to 8 bits, each within the range of its own in training, and range coded with "
            "frequencies of the training part.",
            "A batch holds 16 crops of 64 pixels (64 blocks of 32).",
            "What the convolutions of a phase add is damped to a tenth at the start, and a learnt matrix moves slowly.",
            "small: 5 phases of 16 channels on pixels folded two by two, 6 deblocking layers; 200 steps of 8 crops "
            "at a larger rate that falls by a cosine. In mode jpeg the study takes 32 channels and 800 steps.",
        ),
        limits=(
            "What was not measured is guessed: a lesion smaller than the lost detail may be smoothed away.",
            "JPEG 2000 and JPEG XL reach the same error with fewer bytes; sampling is for senders that cannot compute.",
            "Values outside the window are clipped.",
            "Sealing hides the picture, not that one was sent, by whom, its size and its pseudonym.",
        ),
        differentiable=False,
        explain_input="image",
    )
    config_type = SealedReconstructionConfig
    small: ClassVar[SealedReconstructionConfig] = SealedReconstructionConfig(
        phases=5, width=16, fold=2, deblocker=6, batch_size=8, epochs=4, steps_per_epoch=50, learning_rate=2e-3,
        schedule="cosine",
    )  # fmt: skip
    tiny: ClassVar[SealedReconstructionConfig] = SealedReconstructionConfig(
        block=8, phases=1, width=4, deblocker=2, patch=16, batch_size=4, epochs=1, steps_per_epoch=2,
        learning_rate=1e-3,
    )  # fmt: skip
    config: SealedReconstructionConfig
    span: Tensor
    contexts: Tensor
    tables: Tensor
    usual: Tensor

    def __init__(self, task: Task, config: SealedReconstructionConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.deblock = Deblocker(config.width, config.deblocker, config.fold)
        if config.mode == "jpeg":
            return
        count = blocks.count(config.ratio, config.block)
        rows = (blocks.cosine if config.matrix == "learnt" else blocks.gaussian)(count, config.block)
        self.sampler = BlockSampler(torch.from_numpy(rows), config.block, learnt=config.matrix == "learnt")
        plain = config.decoder == "plain"
        self.phases = nn.ModuleList(Phase(config.width, config.fold, plain=plain) for _ in range(config.phases))
        code = blocks.flat_code(count)
        self.register_buffer("span", torch.full((count,), 1e-3))
        self.register_buffer("contexts", torch.from_numpy(code.contexts))
        self.register_buffer("tables", torch.from_numpy(code.tables))
        self.register_buffer("usual", torch.from_numpy(code.usual))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return unit, modality, thickness and window of the training part; in mode `jpeg` the qualities it needs."""
        assert isinstance(config, SealedReconstructionConfig)  # noqa: S101
        found = measure_coded(train, config.window)
        if config.mode == "jpeg":
            pictures = [coded_batch([train[i]], found).inputs["image"][0, 0] for i in range(len(train))]
            levels = [code_within("jpeg", plane, config.bits_per_pixel)[1] for plane in pictures]
            found["qualities"] = [max(1, int(min(levels)) - 2), min(98, int(max(levels)) + 2)]
        return found

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage of Adam."""
        assert isinstance(config, SealedReconstructionConfig)  # noqa: S101
        stage = Stage(
            epochs=config.epochs,
            batch_size=config.batch_size,
            samples_per_epoch=config.steps_per_epoch * config.batch_size,
            schedule=config.schedule,
            warmup=0.05,
            optimizers={"main": Optimizer(learning_rate=config.learning_rate)},
        )
        return Recipe(stages=(stage,), clip_norm=1.0, precision="auto")

    def augment(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return a random crop that is not mostly air."""
        return cut_patch(sample, self.config.patch, self.fingerprint["air"], rng)

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `image` and target `clean`, `(B, 1, H, W)`, with the window at [0, 1]."""
        return coded_batch(samples, self.fingerprint, self.config.patch)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the mean squared error, with the mirrored transforms and the matrix kept in form."""
        pictures = batch.inputs["image"].clamp(0.0, 1.0)
        if self.config.mode == "jpeg":
            low, high = self.fingerprint["qualities"]
            levels = torch.randint(low, high + 1, (len(pictures),)).tolist()
            spoilt = [spoil(plane[0], level) for plane, level in zip(pictures.cpu(), levels, strict=True)]
            error = (self.deblock(torch.stack(spoilt).to(pictures.device)) - pictures).square().mean()
            yield Objective("reconstruction", error)
            return
        padded = self._padded(pictures)
        measured = self.sampler(padded)
        with torch.no_grad():
            self.span.copy_(torch.maximum(self.span, measured.abs().amax(dim=(0, 2, 3))))
            step = (self.span / blocks.LIMIT)[:, None, None]
            rounding = (measured / step).round() * step - measured
        rebuilt, mirror = self._rebuild(measured + rounding)
        error = (rebuilt - padded).square().mean()
        loss = error + self.config.mirror_weight * mirror
        if self.config.matrix == "learnt":
            loss = loss + self.config.skew_weight * self.sampler.skew()
        yield Objective("reconstruction", loss, log={"error": error})

    @torch.no_grad()
    def settle(self, train: Dataset) -> None:
        """Fix the range of each measurement and learn how often each integer comes, on the training part."""
        if self.config.mode == "jpeg":
            return
        found = [self._measure(self.collate([train[i]]).inputs["image"][0]) for i in range(len(train))]
        measured = np.concatenate(found)
        self.span.copy_(torch.from_numpy(np.maximum(1.05 * np.abs(measured).max(axis=0), 1e-3)))
        code = blocks.fit_code(blocks.quantize(measured, self.span.numpy()))
        for name in ("contexts", "tables", "usual"):
            getattr(self, name).copy_(torch.from_numpy(getattr(code, name)))

    def forward(self, batch: Batch) -> Tensor:
        """Return `(B, 2, H, W)`, bits and picture, by way of real bytes; no gradient passes."""
        pictures = batch.inputs["image"]
        bodies = [self._body(plane) for plane in pictures]
        rebuilt = self._from_bodies(bodies, (pictures.shape[-2], pictures.shape[-1])).to(pictures)
        return coded_answer(rebuilt, [HEAD + len(body) for body in bodies], self.fingerprint["window"])

    def encode(self, sample: Sample) -> bytes:
        """Return a picture as bytes: head and code (`salus.contract.codec`)."""
        body = self._body(self.collate([sample]).inputs["image"][0])
        return packed(sample, body, self._kind(), self._rate(), self.model())

    def decode(self, output: Tensor | bytes) -> NDArray[Any]:
        """Return the picture `(1, H, W)` of `encode`'s bytes, in its unit; of tensors, what the task makes of them.

        Raises:
            DataError: Foreign, damaged or cut bytes, or those of another training.
        """
        if not isinstance(output, bytes):
            return self.task.decode(output)
        head, body = unpacked(output, self._kind(), self._rate(), self.model())
        with torch.no_grad():
            rebuilt = self._from_bodies([body], head.shape)
        return coded_answer(rebuilt, [len(output)], self.fingerprint["window"])[0, 1:].cpu().numpy()

    def model(self) -> bytes:
        """Return what encoder and decoder must share, as eight bytes of a SHA-256."""
        shared = [np.array(self.fingerprint["window"], np.float64)]
        if self.config.mode == "sampling":
            tensors = (self.sampler.rows.detach(), self.span, self.contexts, self.tables, self.usual)
            shared += [tensor.cpu().numpy() for tensor in tensors]
        return blocks.digest(*shared)

    def _kind(self) -> int:
        return KINDS.index("jpeg" if self.config.mode == "jpeg" else "block sampling")

    def _rate(self) -> int:
        return round(100 * self.config.ratio) if self.config.mode == "sampling" else 0

    def _body(self, plane: Tensor) -> bytes:
        if self.config.mode == "jpeg":
            return code_within("jpeg", plane[0], self.config.bits_per_pixel)[0]
        integers = blocks.quantize(self._measure(plane), self.span.cpu().numpy())
        return self._code().encode(integers)

    def _code(self) -> blocks.BlockCode:
        return blocks.BlockCode(*(getattr(self, name).cpu().numpy() for name in ("contexts", "tables", "usual")))

    @torch.no_grad()
    def _measure(self, plane: Tensor) -> NDArray[np.float32]:
        """Return the measurements `(N, M)` of a plane `(1, H, W)`, block by block."""
        measured = self.sampler(self._padded(plane[None].clamp(0.0, 1.0)))
        return measured[0].flatten(1).T.cpu().contiguous().numpy()

    def _padded(self, pictures: Tensor) -> Tensor:
        height, width = pictures.shape[-2:]
        block = self.config.block
        return functional.pad(pictures, (0, -width % block, 0, -height % block), mode="replicate")

    def _from_bodies(self, bodies: Sequence[bytes], shape: tuple[int, int]) -> Tensor:
        """Return pictures `(B, 1, H, W)` with the window at [0, 1]."""
        device = next(self.parameters()).device
        if self.config.mode == "jpeg":
            restored: Tensor = self.deblock(decoded("jpeg", bodies, shape).to(device))
            return restored
        rows, columns = -(-shape[0] // self.config.block), -(-shape[1] // self.config.block)
        code, span = self._code(), self.span.cpu().numpy()
        found = [blocks.restore(code.decode(body, rows * columns), span).T for body in bodies]
        measured = torch.from_numpy(np.stack(found)).reshape(len(bodies), -1, rows, columns)
        return self._rebuild(measured.to(device))[0][..., : shape[0], : shape[1]]

    def _rebuild(self, measured: Tensor) -> tuple[Tensor, Tensor]:
        picture, mirror = self.sampler.adjoint(measured), measured.new_zeros(())
        for phase in self.phases:
            picture, apart = phase(picture, measured, self.sampler)
            mirror = mirror + apart / len(self.phases)
        return self.deblock(picture), mirror
