"""Semi-supervised GAN for few labels and unbalanced classes, on pictures and on rows of a table.

Source:
    Yang, Nan, Fu, et al. 2019, GAN-based semi-supervised learning approach for clinical decision support in Health-IoT
    platform, IEEE Access 7:8048-8057, doi 10.1109/ACCESS.2018.2888816. For pictures the critic has one class more than
    the question (Salimans et al. 2016, arXiv 1606.03498, section 5); for rows a class-conditional generator balances
    classes in rounds. Layer sizes inside the paper are unconfirmed; the card lists what was chosen here.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.adversarial_curves import adversarial_curves
from salus.nets.adversarial_losses import critic_loss, generator_loss
from salus.nets.adversarial_penalty import r1_penalty
from salus.nets.sparse_gan import PointGenerator, RowJudge, fake_loss, feature_gap, lacking, real_loss
from salus.nets.sparse_labels import Complete, SparseReader, measure_sparse, split_labelled
from salus.nets.sparse_trunk import SparseTrunk, Teachers, Views, cross_entropy, round_of, sparse_recipe
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import ConfigError
from salus.schema.recipe import Recipe, Watch
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class SemiGANConfig(Config):
    """Settings; the defaults are the paper's where they could be confirmed.

    Attributes:
        pixels: Side that pictures are read and made at.
        widths: Channels of the critic's convolutions.
        row_widths: Units of the classifier of rows.
        generator_width: Channels before a picture generator's last layer; units of a row generator's hidden layers.
        noise: Numbers of noise.
        dropout: Before the critic's last layer.
        flip: Pictures may be mirrored left and right.
        gan: False leaves generator and unlabelled rows out: the supervised network of the same shape.
        matching: The picture generator matches mean features; False lets it fool the critic instead.
        balance: Labelled classes are drawn equally often, and rows are generated until classes balance.
        agree: A synthetic or unlabelled row counts only where two classifiers agree.
        confident: Probability from which an unlabelled row is taken to be of a class.
        rounds: How often unlabelled samples are given labels anew.
        unlabelled_weight: Of rows that were given a label, or generated with one.
        critic_weight: Of the picture critic's real-or-generated terms.
        penalty: Of the row critic's slope at real rows (R1).
        complete: What to do where every training sample has a label.
        epochs: Of `samples_per_epoch` draws each.
        samples_per_epoch: Samples that count as a pass.
        batch_size: Samples a step, half of them labelled.
        learning_rate: Of Adam, both networks.
        average: Decay of the averaged weights that answer.
    """

    pixels: int = 28
    widths: tuple[int, ...] = (64, 128, 256)
    row_widths: tuple[int, ...] = (128, 64)
    generator_width: int = 64
    noise: int = 100
    dropout: float = 0.3
    flip: bool = True
    gan: bool = True
    matching: bool = True
    balance: bool = True
    agree: bool = True
    confident: float = 0.9
    rounds: int = 5
    unlabelled_weight: float = 1.0
    critic_weight: float = 1.0
    penalty: float = 0.1
    complete: Complete = "refuse"
    epochs: int = 200
    samples_per_epoch: int = 4096
    batch_size: int = 128
    learning_rate: float = 3e-4
    average: float = 0.99


class SemiGAN(System):
    """A classifier that learns from rows without label by telling them from generated ones."""

    card: ClassVar[Card] = Card(
        title="GAN-based semi-supervised learning for clinical decision support in Health-IoT platform",
        authors="Yang et al. 2019",
        doi="10.1109/ACCESS.2018.2888816",
        family="gan",
        tasks=("classification",),
        inputs=(("image", "Image (C, H, W), few of them with a label"), ("row", "Row, few of them with a label")),
        modalities=("image", "table"),
        review="A GAN is trained on much unlabelled data and few labels; better than supervised on three medical sets.",
        deviations=(
            "the paper enlarges and balances the labelled set; for pictures the critic itself classifies instead",
            "pictures are given labels too, where the teacher is sure and two views of the picture agree",
            "layer sizes of the paper are unconfirmed; the row critic is kept smooth by R1",
            "answers come from averaged weights; no epoch is chosen, because so few labels choose by chance",
        ),
        limits=("not a diagnosis: trained on small public sets",),
        explain_input="points",
    )
    config_type = SemiGANConfig
    small: ClassVar[SemiGANConfig] = SemiGANConfig(
        widths=(16, 32, 64), row_widths=(64, 32), generator_width=16, noise=32, confident=0.95, critic_weight=0.1,
        epochs=16, samples_per_epoch=1600, batch_size=64, learning_rate=3e-3,
    )  # fmt: skip
    tiny: ClassVar[SemiGANConfig] = SemiGANConfig(
        pixels=16, widths=(8, 16), row_widths=(16,), generator_width=8, noise=8, dropout=0.0, rounds=2, epochs=2,
        complete="accept", samples_per_epoch=24, batch_size=8, learning_rate=3e-3, average=0.5)  # fmt: skip
    config: SemiGANConfig

    def __init__(self, task: Task, config: SemiGANConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.reader = SparseReader(fingerprint, task.question.classes, config.pixels)
        self.encoder = self.reader.space
        self.classifier = SparseTrunk(self.reader, config.widths, config.row_widths, config.dropout)
        self.views = Views(self.reader, flip=config.flip)
        self.steps: Tensor
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        rows = self.reader.kind == "row"
        # The second opinion is a linear one: it errs elsewhere than a network does.
        self.second = SparseTrunk(self.reader, (), (), 0.0) if rows else None
        self.generator: PointGenerator | None = None
        self.judge: RowJudge | None = None
        self.teachers: Teachers | None = None
        if config.gan:
            self.generator = PointGenerator(self.reader, fingerprint, config.noise, config.generator_width)
            self.judge = RowJudge(self.reader, 2 * config.generator_width) if rows else None
            self.teachers = Teachers(self._judges(), self.views, least=config.confident, agree=config.agree)

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage whose batches are labelled for one half; the last, averaged, weights are kept."""
        assert isinstance(config, SemiGANConfig)  # noqa: S101
        if config.rounds < 1:
            raise ConfigError(f"rounds={config.rounds}: expected 1 or more")
        names = ("critic", "generator") if config.gan else ("critic",)
        plain = sparse_recipe(
            config.epochs, config.samples_per_epoch, config.batch_size, config.learning_rate, config.average
        )
        stage = replace(
            plain.stages[0],
            balanced=config.balance,
            optimizers=dict.fromkeys(names, plain.stages[0].optimizers["main"]),
        )
        watch = Watch() if config.gan else None
        return replace(plain, stages=(stage,), ema_groups=names, watch=watch)

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return how samples are read, and how many of each class have a label.

        Raises:
            DataError: No sample without a label, a class with one, and what cannot be read; see `measure_sparse`.
        """
        assert isinstance(config, SemiGANConfig)  # noqa: S101
        return measure_sparse(train, config.complete)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return what judges (the classifier among it) and what generates."""
        judges = [self.classifier, self.second, self.judge]
        found = {"critic": [p for part in judges if part is not None for p in part.parameters()]}
        if self.generator is not None:
            found["generator"] = list(self.generator.parameters())
        return found

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `points` and `label`, -1 where there is none; errors as `SparseReader.collate`."""
        return self.reader.collate(samples)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`."""
        return self.classifier(batch.inputs["points"])

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the critic's loss, the classifier's among it, then the generator's."""
        # Half precision makes convolutions faster and layers as small as those of rows slower.
        exact = partial(torch.autocast, batch.inputs["points"].device.type, enabled=False)
        if self.generator is None:
            with exact() if self.second is not None else nullcontext():
                known, label = split_labelled(batch)
                loss = self._taught(self.views.weak(batch.inputs["points"][known]), label)
            yield Objective("cross_entropy", loss, "critic")
        elif self.judge is None:
            yield from self._picture_step(batch, self.generator)
        else:
            with exact():
                loss, log, made, own = self._row_critic(batch, self.generator, self.judge)
            yield Objective("critic", loss, "critic", log)
            with exact():
                loss = generator_loss("non_saturating", self.judge(made, own))
            yield Objective("generator", loss, "generator")
        self.steps += 1

    def _picture_step(self, batch: Batch, generator: PointGenerator) -> Iterator[Objective]:
        (known, label), count = split_labelled(batch), len(batch)
        points = self.views.weak(batch.inputs["points"])
        wanted = torch.randint(len(self.reader.classes), (count // 2 + 1,), device=points.device)
        made = generator(wanted)
        shown = self.views.weak(made)
        logits = self.classifier(torch.cat([points, shown.detach()]))
        real, fake = logits[:count], logits[count:]
        taught = cross_entropy(real[known], label)
        given = self._given(batch)
        told = self.config.critic_weight * (real_loss(real) + fake_loss(fake))
        if given is not None:
            rest = (given >= 0).nonzero()[:, 0]
            told = told + self.config.unlabelled_weight * cross_entropy(real[rest], given[rest])
        curves = adversarial_curves(points, shown, real.logsumexp(1), fake.logsumexp(1))
        yield Objective("critic", taught + told, "critic", {"cross_entropy": taught.detach(), **curves})
        features = self.classifier.features(shown)
        asked = self.classifier.answer(features)
        if self.config.matching:
            with torch.no_grad():
                goal = self.classifier.features(points)
            loss = feature_gap(goal, features)
        else:
            loss = real_loss(asked)
        # The generator serves wanted classes as far as the classifier knows them; the critic does not profit from it.
        yield Objective("generator", loss + 0.1 * cross_entropy(asked, wanted), "generator")

    def _row_critic(
        self, batch: Batch, generator: PointGenerator, judge: RowJudge
    ) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor]:
        """Return the loss of judge and classifiers, what is logged, and the rows made for the classes of real ones."""
        points, (known, label) = batch.inputs["points"], split_labelled(batch)
        given, owner = self._given(batch), batch.target["label"]
        if given is not None:
            owner = torch.where(given >= 0, given, owner)
        held = (owner >= 0).nonzero()[:, 0]
        real, own = points[held], owner[held]
        filling = given is not None and self.config.balance
        wanted = lacking(own, len(self.reader.classes), len(points) // 2) if filling else own[:0]
        made, more = generator(torch.cat([own, wanted])).split([len(own), len(wanted)])
        taught = self._taught(self.views.weak(points[known]), label)
        if given is not None and self.teachers is not None:
            kept = self.teachers.confirm(more, wanted)
            rest = (given >= 0).nonzero()[:, 0]
            rows, theirs = torch.cat([points[rest], more[kept].detach()]), torch.cat([given[rest], wanted[kept]])
            taught = taught + self.config.unlabelled_weight * self._taught(self.views.weak(rows), theirs)
        scores = judge(torch.cat([real, made.detach()]), torch.cat([own, own])).split(len(own))
        curves = adversarial_curves(real, made, *scores, real_label=own, fake_label=own)
        smooth = self.config.penalty * r1_penalty(lambda rows: judge(rows, own), real)
        loss = critic_loss("non_saturating", *scores) + smooth + taught
        return loss, {"cross_entropy": taught.detach(), **curves}, made, own

    def _taught(self, points: Tensor, label: Tensor) -> Tensor:
        """Return the cross-entropy of the classifier, and of the second one where there is one."""
        return sum(cross_entropy(judge(points), label) for judge in self._judges())  # type: ignore[return-value]

    def _judges(self) -> list[SparseTrunk]:
        return [self.classifier] if self.second is None else [self.classifier, self.second]

    def _given(self, batch: Batch) -> Tensor | None:
        """Return the class that teachers give each row without label, -1 elsewhere; None in the round of labels."""
        own = self.config
        number, begins = round_of(int(self.steps), own.epochs, own.samples_per_epoch, own.batch_size, own.rounds)
        if number == 0 or self.teachers is None:
            return None
        if begins:
            self.teachers.learn(self._judges())
        return torch.where(batch.target["label"] < 0, self.teachers.label(batch.inputs["points"]), -1)

    def synthesize(self, targets: Sequence[Any]) -> list[Sample]:
        """Return one generated sample for each wanted class; None is drawn from the labelled part's classes.

        Raises:
            DataError: A class that the training part did not hold.
            ConfigError: Trained with gan=false, so there is no generator.
        """
        if self.generator is None:
            raise ConfigError("trained with gan=false: there is no generator; train with gan=true")
        wanted = self.reader.wanted(targets)
        return self.reader.samples(self.generator(torch.tensor(wanted, dtype=torch.int64)), wanted)

    def realness(self, batch: Batch) -> Tensor:
        """Return `(B,)`: how much the critic takes a sample for a real one, of its own class where it is known."""
        points = batch.inputs["points"]
        logits = self.classifier(points)
        if self.judge is None:
            return logits.logsumexp(dim=1)
        label = batch.target["label"]
        return self.judge(points, torch.where(label < 0, logits.argmax(dim=1), label))
