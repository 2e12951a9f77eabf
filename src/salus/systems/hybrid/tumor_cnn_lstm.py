"""CNN-LSTM cascade for brain tumour class: a VGG reads each slice, an LSTM reads the slices in order.

Source:
    Shahzadi, Tang, Meriadeau and Quyyum 2018, CNN-LSTM: cascaded framework for brain tumour classification, IECBES
    2018. Sizes inside the paper are unconfirmed; the card lists what was chosen here.
"""

import zlib
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
from salus.nets.augment import jitter_affine
from salus.nets.pretext import SlicePretext, ViewPretext
from salus.nets.recurrent import step_mask
from salus.nets.series_head import SeriesHead, matched_widths
from salus.nets.slices import class_weights, pad_stacks, scale_stack
from salus.nets.vgg import DEPTHS, VGG, WIDTHS, MaskedVGG3d
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import ConfigError, DataError, ShapeError
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample
from salus.transforms.slices import check_window, grey_slices, known_label, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class TumorConfig(Config):
    """Settings; the defaults are the paper's where they could be confirmed.

    Attributes:
        pixels: Side that every slice is brought to.
        widths: Channels of the encoder's stacks.
        depths: Convolutions in each stack.
        norm: Batch norm in the encoder (needed where it is trained from scratch).
        features: One vector per slice: pooled map, or VGG's two dense layers of 4096 (`fc`).
        pooling: How slices become one vector; all but `lstm` are rivals with as many weights.
        steps: What the LSTM walks over; `auto` takes slices where the training part has series, else positions.
        size: LSTM units.
        layers: LSTM layers.
        bidirectional: Read both ways.
        readout: The LSTM's last state, or the mean of its states.
        dropout: Before the last layer.
        min_slices: Fewest slices of a series.
        order: `shuffled` takes the order away (ablation).
        rotation_degrees: Largest turn of an image in training.
        zoom: Largest relative change of scale in training.
        flip: Mirror left and right in training.
        smoothing: Label smoothing.
        label_share: Share of training patients whose labels are used; pre-training sees all images.
        label_draw: Which patients those are.
        pretext: Own pre-training, no labels: quarter turns and masked patches, or two views of a slice drawn together.
        pretext_epochs: Its epochs; 0 for none.
        frozen_epochs: Epochs of the head alone.
        epochs: Epochs of fine-tuning.
        tune: What fine-tuning moves in the encoder.
        learning_rate: Of head and fine-tuning.
        pretext_rate: Learning rate of the pre-training.
        weight_decay: Decoupled.
        batch_size: Samples per step.
    """

    pixels: int = 224
    widths: tuple[int, ...] = WIDTHS
    depths: tuple[int, ...] = DEPTHS
    norm: bool = False
    features: Literal["pool", "fc"] = "pool"
    pooling: Literal["lstm", "mean", "max", "attention", "conv3d"] = "lstm"
    steps: Literal["auto", "slices", "positions"] = "auto"
    size: int = 256
    layers: int = 1
    bidirectional: bool = False
    readout: Literal["last", "mean"] = "last"
    dropout: float = 0.5
    min_slices: int = 1
    order: Literal["given", "shuffled"] = "given"
    rotation_degrees: float = 17.0
    zoom: float = 0.1
    flip: bool = True
    smoothing: float = 0.05
    label_share: float = 1.0
    label_draw: int = 0
    pretext: Literal["turns", "views"] = "turns"
    pretext_epochs: int = 0
    frozen_epochs: int = 25
    epochs: int = 25
    tune: Literal["last", "all"] = "last"
    learning_rate: float = 1e-4
    pretext_rate: float = 1e-3
    weight_decay: float = 0.0
    batch_size: int = 16


class TumorCNNLSTM(System):
    """Slices in order, or one slice, to class probabilities."""

    card: ClassVar[Card] = Card(
        title="CNN-LSTM: cascaded framework for brain tumour classification",
        authors="Shahzadi et al. 2018",
        family="hybrid",
        tasks=("classification",),
        inputs=(("image", "Image (1, H, W): one slice; or (1, S, H, W): a series of slices in order"),),
        modalities=("image", "volume"),
        review="A CNN extracts features of each slice and an LSTM models how they depend on each other.",
        reported=(
            ("BraTS 2015, high against low grade, accuracy (unconfirmed; the larger class alone gives 0.80)", "0.84"),
        ),
        deviations=(
            "the paper's axis of time is the order of slices",
            "for one slice the LSTM walks over the positions of its feature map",
            "batch norm and own pre-training replace ImageNet weights where none are given",
        ),
        limits=(
            "slices of the real set differ in plane and field of view between classes: part of a score is not tumour",
            "not validated on whole studies; patient numbers of the real set are unknown",
        ),
        explain_input="image",
        explain_layer="encoder.last_conv",
        pretrained="encoder",
    )
    config_type = TumorConfig
    small: ClassVar[TumorConfig] = TumorConfig(
        pixels=64,
        widths=(16, 32, 64, 96),
        depths=(1, 2, 2, 2),
        norm=True,
        size=48,
        bidirectional=True,
        readout="mean",
        frozen_epochs=0,
        epochs=20,
        tune="all",
        learning_rate=2e-3,
        weight_decay=0.05,
        batch_size=32,
    )
    tiny: ClassVar[TumorConfig] = TumorConfig().replace(
        {"pixels": 16, "widths": (4, 6), "depths": (1, 1), "norm": True, "size": 8, "frozen_epochs": 0, "epochs": 1}
        | {"tune": "all", "batch_size": 4, "dropout": 0.0, "learning_rate": 1e-2}
    )
    config: TumorConfig

    def __init__(self, task: Task, config: TumorConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        _check(config)
        classes = len(task.question.classes)
        if max(fingerprint["known"]) >= classes:
            raise DataError(f"label {max(fingerprint['known'])} in training, but the question has {classes} classes")
        self.walk = config.steps
        if self.walk == "auto":
            self.walk = "slices" if fingerprint["slices"] > 1 else "positions"
        self.encoder: VGG | MaskedVGG3d
        if config.pooling == "conv3d":
            widths = matched_widths(config.widths, config.depths, norm=config.norm)
            self.encoder = MaskedVGG3d(1, widths=widths, depths=config.depths, norm=config.norm)
        else:
            hidden = 4096 if config.features == "fc" else None
            self.encoder = VGG(1, None, widths=config.widths, depths=config.depths, norm=config.norm, hidden=hidden)
        self.head = SeriesHead(
            4096 if config.features == "fc" else self.encoder.out_channels,
            classes,
            pooling="mean" if config.pooling == "conv3d" else config.pooling,
            size=config.size,
            layers=config.layers,
            bidirectional=config.bidirectional,
            readout=config.readout,
            dropout=config.dropout,
        )
        self.pretext: SlicePretext | ViewPretext | None = None
        if config.pretext_epochs and isinstance(self.encoder, VGG):
            kind: type[SlicePretext] | type[ViewPretext] = SlicePretext if config.pretext == "turns" else ViewPretext
            self.pretext = kind(self.encoder)
        self.class_weights: Tensor
        self.register_buffer("class_weights", class_weights(fingerprint["counts"], classes), persistent=False)

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return pre-training, head alone and fine-tuning; a stage of no epochs is left out."""
        assert isinstance(config, TumorConfig)  # noqa: S101
        rule = Optimizer(name="adamw", learning_rate=config.learning_rate, weight_decay=config.weight_decay)
        first = Optimizer(name="adamw", learning_rate=config.pretext_rate, weight_decay=config.weight_decay)
        group, size = "tail" if config.tune == "last" else "main", config.batch_size
        eased: dict[str, Any] = {"schedule": "cosine", "warmup": 0.1, "batch_size": size}
        blind: dict[str, Any] = {
            "keep_best": False,
            "validate_every": max(1, config.pretext_epochs),
        }  # no labels, so no score to watch
        stages = (
            Stage(name="pretext", epochs=config.pretext_epochs, optimizers={"pretext": first}, **eased, **blind),
            Stage(name="frozen", epochs=config.frozen_epochs, optimizers={"head": rule}, batch_size=size),
            Stage(name="finetune", epochs=config.epochs, optimizers={group: rule}, **eased),
        )
        return Recipe(stages=tuple(stage for stage in stages if stage.epochs), precision="auto", clip_norm=5.0)

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return class counts, the range of intensities, the longest series, and who is labelled."""
        assert isinstance(config, TumorConfig)  # noqa: S101
        return survey(train, config.label_share, config.label_draw)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return what each stage may move; `tail` is the head and the encoder's last stack."""
        encoder, head = list(self.encoder.parameters()), list(self.head.parameters())
        found = {"main": encoder + head, "head": head, "tail": [*self.encoder.last_block(), *head]}
        return found if self.pretext is None else {**found, "pretext": encoder + list(self.pretext.parameters())}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Bring slices to one size, z-score each series and pad to the longest."""
        stacks = [self._prepare(sample) for sample in samples]
        images, lengths = pad_stacks(stacks, self.fingerprint["slices"])
        target = {}
        if any(sample.target is not None for sample in samples):
            target["label"] = torch.tensor([known_label(sample, self.fingerprint) for sample in samples])
        return Batch(tuple(s.id for s in samples), {"image": images, "length": lengths}, target)

    def _prepare(self, sample: Sample) -> Tensor:
        stack = grey_slices(sample)
        check_window(sample, self.fingerprint)
        if len(stack) < self.config.min_slices:
            raise ShapeError(f"{sample.id}: {len(stack)} slices, this model needs {self.config.min_slices} or more")
        if self.config.order == "shuffled":
            stack = stack[np.random.default_rng(zlib.crc32(sample.id.encode())).permutation(len(stack))]
        return scale_stack(stack, self.config.pixels)

    def tokens(self, images: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the head walks over, `(B, T, C)`, and how many of the T are real."""
        mask = step_mask(lengths, images.shape[1])
        if isinstance(self.encoder, MaskedVGG3d):
            return self.encoder(images.unsqueeze(1), mask), lengths
        real = images[mask].unsqueeze(1)
        if self.config.features == "fc":
            found = self.encoder(real).unsqueeze(1)
        else:
            found = self.encoder.maps(real).flatten(2).transpose(1, 2)  # (N, positions, C)
            found = found.mean(dim=1, keepdim=True) if self.walk == "slices" else found
        steps = found.new_zeros(*images.shape[:2], *found.shape[1:])
        steps[mask] = found
        return steps.flatten(1, 2), lengths * found.shape[1]

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`."""
        return self.head(*self.tokens(batch.inputs["image"], batch.inputs["length"]))

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the pre-training loss, or the weighted cross-entropy of the labelled rows."""
        if stage == "pretext" and self.pretext is not None:
            images = batch.inputs["image"]
            slices = self._vary(images)[step_mask(batch.inputs["length"], images.shape[1])]
            loss, log = self.pretext(self.encoder, slices.unsqueeze(1))
            yield Objective("pretext", loss, "pretext", log)
            return
        labelled = (batch.target["label"] >= 0).nonzero()[:, 0]
        if not len(labelled):
            return
        batch = batch if len(labelled) == len(batch) else batch.take(labelled)
        images, lengths = self._vary(batch.inputs["image"]), batch.inputs["length"]
        if stage == "frozen":
            self.encoder.eval()
            with torch.no_grad():
                steps = self.tokens(images, lengths)
            self.encoder.train(self.training)
        else:
            steps = self.tokens(images, lengths)
        logits = self.head(*steps).float()
        loss = nn.functional.cross_entropy(
            logits, batch.target["label"], weight=self.class_weights, label_smoothing=self.config.smoothing
        )
        group = {"frozen": "head"}.get(stage, "tail" if self.config.tune == "last" else "main")
        yield Objective("cross_entropy", loss, group)

    def _vary(self, images: Tensor) -> Tensor:
        config = self.config
        if not self.training:
            return images
        return jitter_affine(images, degrees=config.rotation_degrees, zoom=config.zoom, flip=config.flip)


def _check(config: TumorConfig) -> None:
    least = 2 ** len(config.widths)
    if config.pixels < least:
        raise ConfigError(f"pixels={config.pixels} vanish in {len(config.widths)} halvings; use {least} or more")
    if config.features == "fc" and (config.steps == "positions" or config.pooling == "conv3d"):
        raise ConfigError("features='fc' gives one vector a slice; use steps='slices' and no 'conv3d'")
    if config.pooling == "conv3d" and config.pretext_epochs:
        raise ConfigError("pooling='conv3d' has no pre-training on slices; set pretext_epochs=0")
    if not 0.0 < config.label_share <= 1.0:
        raise ConfigError(f"label_share={config.label_share}: expected above 0 and at most 1")
