"""Vaccari et al. 2021, A Generative Adversarial Network (GAN) Technique for Internet of Medical Things Data.

Sensors 21(11):3726, doi 10.3390/s21113726. The paper makes series of sensor readings and single readings with one
adversarial method; here one training makes rows of a table, recordings of one length, or small pictures, each of a
wanted class: Wasserstein loss with gradient penalty for rows (packed) and recordings, a bounded critic for pictures.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, cast

import torch
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.adversarial_curves import adversarial_curves
from salus.nets.adversarial_losses import critic_loss, generator_loss, pack
from salus.nets.adversarial_penalty import gradient_penalty
from salus.nets.condition import NAME, Condition, bare_samples, measure_condition
from salus.nets.item_gan import IMAGES, build_pair, guidance, measure_items, packed_scores, seen
from salus.nets.noise import row_noise
from salus.nets.timegan import Lesson, TimeGan
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Optimizer, Recipe, Stage, Watch, two_rates
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class IomtGanConfig(Config):
    """Settings; each kind of data uses those that concern it.

    Attributes:
        widths: Of the row generator: noise and hidden layers.
        critic_widths: Of the row critic's hidden layers.
        packing: Rows that the row critic sees at once; 1 for one.
        modes: Gaussian modes tried for a column of numbers.
        recurrent: Width of the LSTM layers of recordings.
        rate_hz: Recordings are made at this rate and drawn as splines at their own; 0 makes them at their own.
        frame: Values of a lead that one LSTM step reads or writes.
        timegan: Make states of recordings, which an embedder learns first, instead of values.
        lessons: Epochs of embedder and supervisor alone, with `timegan`.
        noise: Noise values of a picture, and of each step of a recording.
        channels: Of the picture generator's last hidden layer.
        size: Pixels a side of made pictures, a multiple of 4; others are interpolated.
        moments: Weight of the gap of the numbers' moments in the row generator's loss; 0 for none.
        penalty: Weight of the gradient penalty of rows and recordings; 0 for none.
        penalty_every: Steps of the critic per penalty, which then weighs that many times as much.
        critic_steps: Steps of the critic per step of the generator.
        steps: Steps of the generator in an epoch; 0 for one pass over the training part.
        epochs: How many, with a validation after each.
        batch_size: Samples a step.
        learning_rate: Of the generator.
        critic_rate: Of the critic.
        average: Decay of the averaged generator that is validated and kept; 0 for none.
        balanced: Draw classes equally often in training.
        fewest: Training samples that a class must have.
        precision: `auto` takes bf16 where the processor has it, which pictures bear.
    """

    widths: tuple[int, ...] = (128, 256, 256)
    critic_widths: tuple[int, ...] = (256, 256)
    packing: int = 10
    modes: int = 10
    recurrent: int = 128
    rate_hz: float = 0.0
    frame: int = 1
    timegan: bool = False
    lessons: int = 50
    noise: int = 64
    channels: int = 64
    size: int = 28
    moments: float = 0.0
    penalty: float = 10.0
    penalty_every: int = 1
    critic_steps: int = 5
    steps: int = 0
    epochs: int = 500
    batch_size: int = 500
    learning_rate: float = 1e-4
    critic_rate: float = 1e-4
    average: float = 0.0
    balanced: bool = True
    fewest: int = 50
    precision: Literal["fp32", "auto"] = "fp32"


class IomtGan(System):
    """A generator and a critic, fitted to what the data are: rows, recordings or pictures."""

    card = Card(
        title="A GAN technique for Internet of Medical Things data",
        authors="Vaccari, Orani, Paglialonga, Cambiaso and Mongelli 2021",
        doi="10.3390/s21113726",
        family="gan",
        tasks=("synthesis",),
        inputs=(
            (NAME, "Row: the wanted class, or value"),
            ("signal", "Waveform (L, T)"),
            ("image", "Image (C, H, W)"),
            ("row", "Row of numbers and words"),
        ),
        modalities=("table", "signal", "image"),
        review="Makes series and single samples alike, electrocardiograms and images among them, close to real ones by "
        "eye and by numbers.",
        deviations=(
            "The paper works on sensor readings of remotely watched patients with chronic lung disease, which are not "
            "public; rows of a table, heart beats and chest pictures stand for them. Its rule comparison is done with "
            "shallow trees and forests in the honesty card.",
            "Rows: networks and normalization after Xu et al. 2019 without its conditional vector and dropout; classes "
            "are drawn equally often and told to both networks. A number's mode is the likeliest, not a draw; small "
            "adds the gap of means and covariances to the generator's loss.",
            "Recordings: each LSTM step knows its place by a learned code, half of the noise is common to all steps, "
            "and the critic scores the states of all steps, since recordings are cut around an event.",
            "Pictures: hinge loss and a projection critic with spectral norm, without pooling or gradient penalty.",
            "small: networks half as wide or less, recordings at 90 Hz in frames of six values, the penalty at every "
            "third step with threefold weight, rates of 1e-3 and 1,200 steps of the generator instead of 500 epochs.",
        ),
        limits=(
            "A generator of few patients' data speaks of those patients: audit it before anything leaves the house.",
            "Recordings must be cut to one length around an event; it makes no long signals.",
            "Numbers outside the training part's range are never made.",
        ),
        explain_input=NAME,
    )
    config_type = IomtGanConfig
    small: ClassVar[IomtGanConfig] = IomtGanConfig(
        widths=(64, 128, 128),
        critic_widths=(128, 128),
        modes=3,
        recurrent=64,
        rate_hz=90.0,
        frame=6,
        noise=16,
        channels=32,
        moments=20.0,
        penalty_every=3,
        critic_steps=3,
        steps=200,
        epochs=6,
        batch_size=400,
        learning_rate=1e-3,
        critic_rate=1e-3,
        average=0.99,
    )
    tiny: ClassVar[IomtGanConfig] = IomtGanConfig(
        widths=(16, 16),
        critic_widths=(16,),
        packing=2,
        modes=3,
        recurrent=8,
        frame=4,
        noise=4,
        channels=4,
        size=16,
        critic_steps=1,
        steps=12,
        epochs=2,
        batch_size=12,
        learning_rate=5e-3,
        critic_rate=5e-3,
        fewest=2,
    )
    config: IomtGanConfig
    turns: Tensor

    def __init__(self, task: Task, config: IomtGanConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.kind: str = fingerprint["kind"]
        self.encoder = Condition(fingerprint["condition"], task.question.classes)
        pair = build_pair(fingerprint, self.encoder.width, config)
        self.space, self.packing, self.loss = pair.space, pair.packing, pair.loss
        self.generator, self.critic = pair.generator, pair.critic
        self.register_buffer("turns", torch.zeros((), dtype=torch.long))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return what the samples are, their scales or modes, and which classes there are to be made.

        Raises:
            DataError: A class of too few samples, a repeated id, or what `measure_items` refuses.
        """
        own = cast(IomtGanConfig, config)
        samples = [train[index] for index in range(len(train))]
        items, name = bare_samples(samples)
        learned = {"condition": measure_condition(samples, fewest=own.fewest)}
        return {**learned, **measure_items(items, name, own.modes)}

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage, after two of lessons with `timegan`: Adam at two rates without momentum."""
        own = cast(IomtGanConfig, config)
        rates = two_rates(generator=own.learning_rate, critic=own.critic_rate)
        if own.timegan:
            rates["embedder"] = Optimizer(learning_rate=own.learning_rate)
        fit = Stage(
            epochs=own.epochs,
            batch_size=own.batch_size,
            samples_per_epoch=own.steps * own.critic_steps * own.batch_size or None,
            optimizers=rates,
            balanced=own.balanced,
            keep_best=False,
        )
        short = replace(fit, epochs=own.lessons, validate_every=own.lessons, samples_per_epoch=None)
        lessons = [replace(short, name=name) for name in ("embed", "supervise") if own.timegan]
        stages, average = (*lessons, fit), own.average or None
        return Recipe(stages=stages, ema=average, ema_groups=("generator",), precision=own.precision, watch=Watch())

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the two networks; with `timegan` embedder and recovery are a third group."""
        critic = list(self.critic.parameters())
        if isinstance(self.generator, TimeGan):
            return {"generator": self.generator.making(), "critic": critic, "embedder": self.generator.embedding()}
        return {"generator": list(self.generator.parameters()), "critic": critic}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `condition (B, K)` and, where samples hold what is to be learnt, target `points (B, ...)`.

        Raises:
            DataError: No condition, a class that training did not hold, or an item of another kind, scale or shape.
        """
        target = {}
        if all(isinstance(sample.target, Mapping) for sample in samples):
            target["points"] = self.space.encode(bare_samples(samples, self.space.name)[0])
        return Batch(tuple(s.id for s in samples), {NAME: self.encoder.encode(samples)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return one synthetic sample a row, from the condition and the noise that belongs to the row's id."""
        asked = batch.inputs[NAME]
        noise = row_noise(batch.ids, *self.noise).to(asked.device)
        return self.space.answer(self.generator(noise, asked), self.task.question.columns)

    def synthesize(self, targets: Sequence[Any]) -> list[Sample]:
        """Return one synthetic sample for each wanted class or value; None draws it as training had it.

        Raises:
            DataError: A class that training did not hold.
        """
        asked, made = self.encoder.of(targets)
        device = next(self.generator.parameters()).device
        noise = torch.randn(len(made), *self.noise).to(device)
        items = self.space.items(self.generator(noise, asked.to(device)))
        return [
            Sample(id="x", patient="x", inputs={self.space.name: item}, target=target)
            for item, target in zip(items, made, strict=True)
        ]

    def realness(self, batch: Batch) -> Tensor:
        """Return the critic's score of each collated sample `(B,)`, packed with made ones of its class."""
        points, asked = batch.target["points"], batch.inputs[NAME]
        if self.packing == 1:
            scores: Tensor = self.critic(seen(self.generator, points), asked)
            return scores
        beside = asked.repeat_interleave(self.packing, dim=0)
        ids = [f"{name}/{place}" for name in batch.ids for place in range(self.packing)]
        made = self.generator(row_noise(ids, *self.noise).to(points.device), beside)
        return packed_scores(self.critic, made, points, beside)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the critic's loss and, at every `critic_steps`-th step, the generator's; lessons come first."""
        settings, points, asked = self.config, batch.target["points"], batch.inputs[NAME]
        states = self.generator if isinstance(self.generator, TimeGan) else None
        if states is not None and stage in ("embed", "supervise"):
            yield states.lesson(cast(Lesson, stage), points)
            return
        with torch.no_grad():
            real, made = seen(self.generator, points), self._made(asked)
        beside = pack(asked, self.packing)
        shown = pack(real, self.packing), pack(made, self.packing)
        scores = [self.critic(rows, beside) for rows in shown]
        loss = critic_loss(self.loss, *scores)
        if settings.penalty and self.kind != IMAGES and int(self.turns) % settings.penalty_every == 0:
            slope = gradient_penalty(lambda rows: cast(Tensor, self.critic(rows, beside)), *shown)
            loss = loss + settings.penalty * settings.penalty_every * slope
        self.turns += 1
        last = int(self.turns) % settings.critic_steps == 0
        yield Objective("critic", loss, "critic", self._curves(real, made, scores, asked) if last else {})
        if last:
            made = self._made(asked)
            taste = generator_loss(self.loss, self.critic(pack(made, self.packing), beside))
            taste = taste + guidance(self.generator, self.space, settings.moments, made, points, asked)
            yield Objective("generator", taste, "generator")
            if states is not None:
                yield states.lesson("both", points)

    @property
    def noise(self) -> tuple[int, ...]:
        """Return the shape of one sample's noise."""
        return cast(tuple[int, ...], self.generator.noise)

    def _made(self, asked: Tensor) -> Tensor:
        make = self.generator.states if isinstance(self.generator, TimeGan) else self.generator
        return cast(Tensor, make(torch.randn(len(asked), *self.noise, device=asked.device), asked))

    def _curves(self, real: Tensor, made: Tensor, scores: Sequence[Tensor], asked: Tensor) -> dict[str, Tensor]:
        label = asked.argmax(dim=1) if self.encoder.classes else None
        return adversarial_curves(real, made, *scores, real_label=label, fake_label=label)
