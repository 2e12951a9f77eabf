"""Two-branch network for the grade of diabetic retinopathy, and for the class of any other single picture.

Source:
    Jena et al. 2022, two-branch convolutional network with parameter study and IoT-blockchain case, Informatica
    46:205-221. Layer sizes inside the paper are unconfirmed; the card lists what was chosen here.
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
from salus.nets.losses import dice_loss
from salus.nets.picture_encoder import Encoder, EncoderName, SkipDecoder, build_encoder
from salus.nets.pretext import SlicePretext, ViewPretext
from salus.nets.two_branch import TwoBranch, random_crops, vary, vary_both
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import ConfigError, DataError
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample
from salus.transforms.pictures import Prepared, has_label, survey_pictures
from salus.transforms.slices import known_label, survey

_GROUP = {"pretext": "pretext", "frozen": "head"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetinaConfig(Config):
    """Settings; the defaults are the paper's where they could be confirmed.

    Attributes:
        preprocess: `fundus` cuts out the field of view, subtracts the local mean and sharpens the green channel;
            `plain` resizes; `auto` is `fundus` where training holds photographs of eyes of 64 pixels or more.
        standardize: In `plain`, z-score each picture, or all by the training part's channels (keeps brightness).
        pixels: Side of the square that pictures are brought to.
        wiring: Branches side by side, B behind A, or one of them alone.
        encoder: Branch A.
        width: Channels of a residual encoder's first layer, 64 as published; others scale by width / 64.
        depths: Blocks of a residual encoder's four layers; empty for the published ones.
        stem: First layer of a residual encoder: `strided` as published, `fine` for few pixels.
        widths: Channels of branch B's blocks (3 x 3 convolution, batch norm, rectifier, maximum).
        features: Width of each branch's vector.
        hidden: Width of the dense layer before the head.
        dropout: Before that layer.
        loss: Cross-entropy over classes, or cumulative logits of ordered ones.
        balanced: Weigh classes inversely to their counts.
        smoothing: Label smoothing of the cross-entropy.
        rotation_degrees: Largest turn in training.
        zoom: Largest relative change of scale in training.
        shift: Largest move in training, as a share of the side.
        flip: Mirror left and right in training.
        grey: Strength of changes of contrast, brightness and noise in training; 0 for none.
        mirrored: Answer by the mean of a picture and its mirror image.
        pretext: Own pre-training of branch A: `turns` and masked patches or two `views` (no labels), or the training
            part's outlined `vessels`.
        pretext_epochs: Its epochs; 0 for none.
        pretext_rate: Its learning rate.
        frozen_epochs: Epochs of everything but branch A.
        epochs: Epochs of the whole network.
        optimizer: Which rule moves the weights.
        learning_rate: Its step.
        weight_decay: Decoupled for `adamw`, L2 for the others.
        batch_size: Pictures per step.
        schedule: Learning rate over the stage.
        ema: Decay of the averaged weights; None for none.
        label_share: Share of training patients whose labels are used; pre-training sees all pictures.
        label_draw: Which patients.
        draws: Pictures an epoch, drawn with repetition; 0 for a pass (masks: few large pictures).
        crop: Side of the crops that masks are learnt on.
        validate_every: Epochs between two validations.
    """

    preprocess: Literal["fundus", "plain", "auto"] = "fundus"
    standardize: Literal["picture", "training"] = "picture"
    pixels: int = 224
    wiring: Literal["parallel", "serial", "a", "b"] = "parallel"
    encoder: EncoderName = "resnet50"
    width: int = 64
    depths: tuple[int, ...] = ()
    stem: Literal["strided", "fine"] = "strided"
    widths: tuple[int, ...] = (32, 64, 128, 256)
    features: int = 256
    hidden: int = 128
    dropout: float = 0.5
    loss: Literal["cross_entropy", "cumulative"] = "cross_entropy"
    balanced: bool = True
    smoothing: float = 0.0
    rotation_degrees: float = 15.0
    zoom: float = 0.1
    shift: float = 0.0
    flip: bool = True
    grey: float = 0.0
    mirrored: bool = False
    pretext: Literal["turns", "views", "vessels"] = "turns"
    pretext_epochs: int = 0
    pretext_rate: float = 1e-3
    frozen_epochs: int = 0
    epochs: int = 50
    optimizer: Literal["adam", "adamw", "sgd", "adagrad", "rmsprop"] = "adam"
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    batch_size: int = 32
    schedule: Literal["constant", "cosine", "step"] = "constant"
    ema: float | None = None
    label_share: float = 1.0
    label_draw: int = 0
    draws: int = 0
    crop: int = 64
    validate_every: int = 1


class RetinaTwoBranch(System):
    """One picture to class probabilities by two branches, or to a mask by branch A and a decoder."""

    card: ClassVar[Card] = Card(
        title="Two-branch convolutional network for diabetic retinopathy, with parameter study",
        authors="Jena et al. 2022",
        family="cnn",
        tasks=("ordinal", "classification", "segmentation"),
        inputs=(("image", "Image (C, H, W): a colour fundus photograph; or any picture of one or three channels"),),
        modalities=("image",),
        review="One branch extracts features by a pre-trained network, the other classifies severity; learning rate, "
        "epochs, batch size and optimizer are studied; records are kept in a chain of signed blocks.",
        reported=(("fundus photographs, five grades, accuracy (split not known, so not believed)", "0.9812"),),
        deviations=(
            "the review reads the branches in series, the title of the paper as parallel; both are built",
            "no pre-trained weights are fetched: own pre-training, or a local file in the published key layout",
            "label weights, augmentation and cut points are chosen here",
        ),
        advantages=("reads any single picture, grey or colour, of any size, with weights in the published layouts",),
        limits=(
            "at 28 pixels microaneurysms are gone: what is graded is colour, brightness and large lesions",
            "at 28 pixels branch B adds next to nothing to branch A: read the comparison in the results",
            "not validated on photographs of another camera than those of training, except simulated ones",
        ),
        explain_input="image",
        explain_layer="last_conv",
        pretrained="encoder",
    )
    config_type = RetinaConfig
    small: ClassVar[RetinaConfig] = RetinaConfig().replace(
        {"preprocess": "auto", "pixels": 96, "encoder": "resnet18", "width": 16, "widths": (16, 32, 64), "features": 64}
        | {
            "hidden": 64,
            "dropout": 0.3,
            "epochs": 15,
            "learning_rate": 2e-3,
            "weight_decay": 0.05,
            "schedule": "cosine",
        }
        | {"optimizer": "adamw", "smoothing": 0.05}
    )
    tiny: ClassVar[RetinaConfig] = small.replace(
        {"pixels": 16, "width": 4, "depths": (1, 1, 1, 1), "stem": "fine", "widths": (4,), "features": 8, "hidden": 8}
        | {"dropout": 0.0, "epochs": 1, "learning_rate": 1e-2, "batch_size": 4, "crop": 16}
    )
    config: RetinaConfig

    def __init__(self, task: Task, config: RetinaConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        _check(config, task.kind)
        self.masks = task.kind == "segmentation"
        self.prepared = Prepared(fingerprint, config.pixels, standardize=config.standardize, keep_size=self.masks)
        self.colours, classes = fingerprint["channels"], len(task.question.classes)
        self.encoder: Encoder | None = None
        if config.wiring != "b" or self.masks:
            shape: dict[str, Any] = {"width": config.width, "depths": config.depths, "stem": config.stem}
            self.encoder = build_encoder(config.encoder, self.colours, **shape)
        self.branches: TwoBranch | None = None
        if not self.masks:
            if max(fingerprint["known"]) >= classes:
                raise DataError(
                    f"label {max(fingerprint['known'])} in training, but the question has {classes} classes"
                )
            self.branches = TwoBranch(self.encoder, self.colours, classes, config)
            self.branches.weigh(fingerprint["counts"] if config.balanced else {})
        vessels = config.pretext == "vessels" and config.pretext_epochs > 0
        self.decoder: SkipDecoder | None = None
        if self.encoder is not None and (self.masks or vessels):
            self.decoder = SkipDecoder(self.encoder.pyramid_channels, classes if self.masks else 2)
        self.pretext: SlicePretext | ViewPretext | None = None
        if self.encoder is not None and config.pretext_epochs and not vessels:
            views = config.pretext == "views"
            self.pretext = ViewPretext(self.encoder) if views else SlicePretext(self.encoder, channels=self.colours)

    @property
    def last_conv(self) -> nn.Conv2d:
        """The last convolution, which Grad-CAM reads."""
        return next(part.last_conv for part in (self.encoder, self.branches) if part is not None)

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return own pre-training, head alone and the whole network; a stage of no epochs is left out."""
        assert isinstance(config, RetinaConfig)  # noqa: S101
        momentum = 0.9 if config.optimizer == "sgd" else 0.0
        moved: dict[str, Any] = {"weight_decay": config.weight_decay, "momentum": momentum}
        rule = Optimizer(name=config.optimizer, learning_rate=config.learning_rate, **moved)
        first = Optimizer(name="adamw", learning_rate=config.pretext_rate, weight_decay=config.weight_decay)
        shared: dict[str, Any] = {"batch_size": config.batch_size, "samples_per_epoch": config.draws or None}
        shared |= {"schedule": config.schedule, "warmup": 0.1 if config.schedule == "cosine" else 0.0}
        # No answer is learnt in the first stage, so there is no score to watch.
        blind: dict[str, Any] = {"keep_best": False, "validate_every": max(1, config.pretext_epochs)}
        every, epochs = config.validate_every, config.epochs
        stages = (
            Stage(name="pretext", epochs=config.pretext_epochs, optimizers={"pretext": first}, **shared, **blind),
            Stage(name="frozen", epochs=config.frozen_epochs, optimizers={"head": rule}, **shared),
            Stage(name="finetune", epochs=epochs, optimizers={"main": rule}, validate_every=every, **shared),
        )
        kept = tuple(stage for stage in stages if stage.epochs)
        return Recipe(stages=kept, precision="auto", clip_norm=5.0, ema=config.ema)

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return channels, level, sizes and unit; for classes their counts and who is labelled; and how to prepare."""
        assert isinstance(config, RetinaConfig)  # noqa: S101
        found = survey_pictures(train)
        if not found["masks"]:
            found |= survey(train, config.label_share, config.label_draw, read=lambda s: s.inputs["image"].array[None])
        eyes = found["modality"] == "OP" and found["channels"] == 3 and found["shortest"] >= 64
        fundus = config.preprocess == "fundus" or (config.preprocess == "auto" and eyes)
        return {**found, "fundus": fundus}

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return what each stage may move; `head` is everything but branch A."""
        encoder, rest = ([] if part is None else list(part.parameters()) for part in (self.encoder, self.branches))
        decoder, pretext = ([] if part is None else list(part.parameters()) for part in (self.decoder, self.pretext))
        head = decoder if self.masks else rest
        found = {"main": encoder + head, "head": head}
        return found if not self.config.pretext_epochs else {**found, "pretext": encoder + (pretext or decoder)}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Prepare pictures `(C, S, S)`, for masks in their own size; errors as in `Prepared` and `known_label`."""
        rows = [self.prepared(sample) for sample in samples]
        self.prepared.check_sizes([planes.shape for planes, _ in rows])
        target: dict[str, Tensor] = {}
        if any(sample.target is not None and has_label(sample) for sample in samples):
            target["label"] = torch.tensor([known_label(sample, self.fingerprint) for sample in samples])
        if all(mask is not None for _, mask in rows):
            target["mask"] = torch.from_numpy(np.stack([mask for _, mask in rows if mask is not None]).astype(np.int64))
        images = torch.from_numpy(np.stack([planes for planes, _ in rows]))
        return Batch(tuple(s.id for s in samples), {"image": images}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`, or `(B, K, H, W)` for masks."""
        images = batch.inputs["image"]
        if self.branches is None:  # one by one: whole pictures are large
            return torch.cat([self._mask_logits(images[row : row + 1]) for row in range(len(images))])
        logits = self.branches(self.encoder, images)
        if self.config.mirrored and not self.training:
            logits = (logits.log_softmax(dim=1) + self.branches(self.encoder, images.flip(-1)).log_softmax(dim=1)) / 2
        return logits

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the pre-training loss, that of masks, or the weighted one of the labelled rows."""
        images, config, group = batch.inputs["image"], self.config, _GROUP.get(stage, "main")
        if self.pretext is not None and self.encoder is not None and stage == "pretext":
            varied = vary(images, config) if self.training else images
            loss, log = self.pretext(self.encoder, varied[:, : self.colours])
            yield Objective("pretext", loss, group, log)
        elif self.branches is None or stage == "pretext":
            if "mask" not in batch.target:
                raise DataError("pretext='vessels' needs a mask of vessels beside each training picture; take 'views'")
            crops, masks = random_crops(images, batch.target["mask"], config.crop if self.masks else 0)
            crops, masks = vary_both(crops, masks, config) if self.training else (crops, masks)
            logits = self._mask_logits(crops).float()
            yield Objective("mask", nn.functional.cross_entropy(logits, masks) + dice_loss(logits, masks), group)
        else:
            labelled = (batch.target["label"] >= 0).nonzero()[:, 0]
            if len(labelled):
                images = vary(images[labelled], config) if self.training else images[labelled]
                labels = batch.target["label"][labelled]
                yield Objective("loss", self.branches.loss(self.encoder, images, labels), group)

    def _mask_logits(self, images: Tensor) -> Tensor:
        assert self.encoder is not None and self.decoder is not None  # noqa: S101, PT018 - built for masks
        size = (images.shape[-2], images.shape[-1])
        logits: Tensor = self.decoder(self.encoder.pyramid(images[:, : self.colours]), size)
        return logits


def _check(config: RetinaConfig, kind: str) -> None:
    if config.wiring == "b" and (config.pretext_epochs or config.frozen_epochs):
        raise ConfigError(
            "wiring='b' has no branch A to pre-train or to freeze; set pretext_epochs and frozen_epochs 0"
        )
    if kind == "segmentation" and config.pretext_epochs and config.pretext == "vessels":
        raise ConfigError("pretext='vessels' is the question itself here; take 'turns' or 'views'")
    if config.loss == "cumulative" and kind != "ordinal":
        raise ConfigError(f"loss='cumulative' is for ordered classes, the question is a {kind}")
    if not 0.0 < config.label_share <= 1.0:
        raise ConfigError(f"label_share={config.label_share}: expected above 0 and at most 1")
