"""Kadri, Harrou and Sun 2022, length of stay at an emergency department by a generative adversarial network.

J. Ambient Intell. Humaniz. Comput., doi 10.1007/s12652-022-03717-z. The paper's way is `mode=predict`: the generator
answers the stay from what is known at triage and noise, a critic judges (row, stay). The review's way is
`mode=augment`: a generator of rows enlarges the training part of the same network without a critic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.adversarial_losses import critic_loss, generator_loss
from salus.nets.row_gan import RowGAN
from salus.nets.row_space import RowSpace, measure_space
from salus.nets.stay_nets import Offsets, StayCritic, StayPredictor
from salus.nets.stay_scale import StayScale, measure_stays
from salus.nets.stays import band_log_shares, checked_triage, set_apart
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError, UsageError
from salus.schema.recipe import Optimizer, Recipe, Stage, Watch
from salus.schema.sample import Sample

DRAWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StayGanConfig(Config):
    """Settings.

    Attributes:
        mode: `predict`: adversarial prediction, the paper's way; `augment`: synthetic rows, the review's way.
        critic: False trains the same network by the error alone (ablation).
        penalised: The error of each draw (the paper), or of the mean of a few, which leaves the draws their spread.
        few: Draws of that mean.
        error_weight: Weight of the absolute error beside the critic's taste.
        width: Numbers of the fused vector and of hidden layers.
        code_size: Numbers of a code's embedding.
        noise: Numbers of noise.
        dropout: Share of the fused vector silenced in training.
        fewest: Training visits that a word or code must stand in to be told from others.
        calibration: Share of training hospitals that fix the interval and move no weight.
        within: Column whose words get intervals of their own; empty for one interval for all.
        group_rows: Calibration visits that a word needs for one.
        bands: Limits of the bands in the stay's unit, for a question of classes.
        adjust: How far the bands' log shares are taken off the logits, 0 to 1.
        ordinal: Targets are places of ordered classes, not lengths: place k counts as a stay of k + 1.
        later: `show` lets columns in that are not known at triage, to show what a leak is worth.
        synthetic: Synthetic visits for each real one (`augment`).
        row_widths: Units of the hidden layers of row generator and row critic.
        row_epochs: Passes of the row generator's training.
        row_rate: Learning rate of row generator and row critic.
        row_critic_steps: Steps of the row critic for each of the row generator.
        packing: Visits that the row critic sees at a time.
        epochs: Passes over the training part.
        batch_size: Visits a step.
        learning_rate: Of Adam.
        decay: L2 penalty on the generator's weights.
        averaging: Decay of the averaged weights.
    """

    mode: Literal["predict", "augment"] = "predict"
    critic: bool = True
    penalised: Literal["each", "mean"] = "each"
    few: int = 4
    error_weight: float = 10.0
    width: int = 128
    code_size: int = 16
    noise: int = 16
    dropout: float = 0.2
    fewest: int = 20
    calibration: float = 0.2
    within: str = "immediacy"
    group_rows: int = 100
    bands: tuple[float, ...] = (120.0, 240.0, 480.0)
    adjust: float = 0.5
    ordinal: bool = False
    later: Literal["refuse", "show"] = "refuse"
    synthetic: float = 1.0
    row_widths: tuple[int, ...] = (256, 256)
    row_epochs: int = 100
    row_rate: float = 2e-4
    row_critic_steps: int = 3
    packing: int = 10
    epochs: int = 60
    batch_size: int = 256
    learning_rate: float = 2e-4
    decay: float = 0.0
    averaging: float = 0.99


class StayGAN(System):
    """A generator of stays that a critic teaches their spread; its interval is made honest on hospitals set apart."""

    card = Card(
        title="Length of stay by a generative adversarial network",
        authors="Kadri, Harrou and Sun 2022",
        doi="10.1007/s12652-022-03717-z",
        family="gan",
        tasks=("regression", "classification"),
        inputs=(("row", "Row of what is known at triage"),),
        modalities=("table",),
        review="A GAN makes training rows; demographics, complaint, triage, vital signs, laboratory; beats baselines.",
        deviations=(
            "The review's GAN makes training rows, the paper's is the predictor itself: both modes are built",
            "The paper's department is paediatric and in Lille; its layers are unconfirmed, these are ours",
            "Laboratory results are not known at triage and are left out, whatever the review lists",
            "The generator's loss is the non-saturating form of log(1 - D)",
            "Stays are learned as logarithms; numbers enter as normal scores",
            "The data holds codes of complaints and no free text, so there are no hashed n-grams",
            "The 20 draws use the same noise for every visit, so that an answer does not depend on its company",
            "small: the error of the mean of four draws is penalised, not of each; ten epochs at five times the rate",
        ),
        limits=(
            "Survey of US departments in 2010: another country, year or triage scale is another world",
            "Knows nothing of crowding, staff or beds, which decide much of a stay",
            "Bands lean towards the rare ones (`adjust`): their probabilities are not shares until it is 0",
            "The draws alone are far too narrow: the interval is the calibration's work",
        ),
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = StayGanConfig
    small: ClassVar[Config] = StayGanConfig(
        penalised="mean", width=64, dropout=0.4, row_widths=(128, 128), row_epochs=15, row_rate=5e-4, epochs=10,
        batch_size=512, learning_rate=1e-3, decay=1e-3,
    )  # fmt: skip
    tiny: ClassVar[Config] = StayGanConfig(
        width=16, code_size=4, noise=4, dropout=0.0, fewest=1, row_widths=(16,), row_epochs=1, packing=2, epochs=2,
        batch_size=8, learning_rate=1e-2, averaging=0.5,
    )  # fmt: skip
    config: StayGanConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        own = self.config
        self.banded = task.kind == "classification"
        if self.banded and len(task.question.classes) != len(own.bands) + 1:
            raise UsageError(
                f"{len(task.question.classes)} classes, but bands={list(own.bands)} make {len(own.bands) + 1}; "
                "ask for bands of stay, or set their limits"
            )
        self.space = RowSpace(fingerprint["rows"])
        self.encoder = self.space.encoder
        self.levels: tuple[float, ...] = tuple(getattr(task, "levels", (0.5,)))
        if len(self.levels) not in (1, 3):
            raise UsageError(f"{len(self.levels)} quantile levels; stay_gan answers one number, or low, 0.5 and high")
        self.scale = StayScale(fingerprint["stays"], own.bands, banded=self.banded, ordinal=own.ordinal)
        # Only an interval needs hospitals that move no weight.
        self.aside = frozenset(fingerprint["aside"]) if len(self.levels) > 1 else frozenset()
        size, width, loss = own.code_size, own.width, own.dropout
        self.generator = StayPredictor(self.space, size, width, loss, noise=own.noise, blurred=self.banded)
        self.critic = StayCritic(self.space, size, width, loss) if own.mode == "predict" and own.critic else None
        self.rows: RowGAN | None = None
        if own.mode == "augment":
            many = {"code_size": size, "packing": own.packing, "critic_steps": own.row_critic_steps}
            self.rows = RowGAN(self.space, 1, own.row_widths, **many)
        self.register_buffer("draws", torch.randn(DRAWS, own.noise))
        self.offsets = Offsets(len(self.space.states.get(own.within, ("",))))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn columns, words, the stays' scale, and which hospitals are set apart for calibration.

        Raises:
            DataError: A stay of 0 or less, or what `measure_space` refuses.
        """
        assert isinstance(config, StayGanConfig)  # noqa: S101
        samples = [train[i] for i in range(len(train))]
        return {
            "rows": measure_space(train, fewest=config.fewest),
            "stays": measure_stays(samples, config.bands, ordinal=config.ordinal),
            "aside": set_apart([sample.patient for sample in samples], config.calibration),
        }

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return the predictor's stage, after that of the generator of rows where there is one."""
        assert isinstance(config, StayGanConfig)  # noqa: S101
        adam = Optimizer(learning_rate=config.learning_rate, betas=(0.5, 0.999))
        own = replace(adam, weight_decay=config.decay)
        optimizers, stages, size = {"generator": own}, [], config.batch_size
        if config.mode == "augment":
            slow = Optimizer(learning_rate=config.row_rate, betas=(0.0, 0.9))
            makers, epochs = {"maker": slow, "judge": slow}, config.row_epochs
            stages = [Stage(name="rows", epochs=epochs, batch_size=size, optimizers=makers, validate_every=epochs)]
        elif config.critic:
            optimizers["critic"] = adam
        stays = Stage(
            name="stays", epochs=config.epochs, batch_size=size, optimizers=optimizers, schedule="cosine",
            keep_best=False, validate_every=max(1, config.epochs // 4),
        )  # fmt: skip
        watch, averaged = Watch() if config.mode == "augment" else None, ("generator", "maker")
        return Recipe(stages=(*stages, stays), ema=config.averaging, ema_groups=averaged, watch=watch)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the networks that take turns."""
        found: dict[str, nn.Module] = {"generator": self.generator}
        if self.critic is not None:
            found["critic"] = self.critic
        if self.rows is not None:
            found |= {"maker": self.rows.maker, "judge": self.rows.judge}
        return {name: list(part.parameters()) for name, part in found.items()}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `row (B, F)`; targets `stay (B,)` standardised and `learn (B,)`, false for hospitals set apart.

        Raises:
            DataError: Other columns than in training, one that is not known at triage, a stay of 0 or less.
            UnitError: A temperature in tenths or in degrees Celsius.
        """
        checked_triage(samples, self.encoder.input, show=self.config.later == "show")
        target: dict[str, Tensor] = {}
        if all(sample.target is not None for sample in samples):
            target["stay"] = self.scale.of(samples)
            target["learn"] = torch.tensor([sample.patient not in self.aside for sample in samples])
        return Batch(tuple(s.id for s in samples), {"row": self.space.encode(samples)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return stays `(B,)`, their quantiles `(B, Q)`, or the logits of the bands `(B, K)`."""
        points = batch.inputs["row"]
        drawn, blur = self._answers(points)
        if self.banded:
            shares = self.scale.log_shares.to(drawn.device)
            return band_log_shares(drawn, blur, self.scale.limits(drawn)) - self.config.adjust * shares
        if len(self.levels) == 1:
            return self.scale.unscaled(drawn.mean(dim=1))
        return self.scale.unscaled(self.offsets(self._quantiles(drawn), self.space.state(points, self.config.within)))

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the losses of critic and generator: of rows in stage `rows`, of stays in stage `stays`."""
        learn = batch.target["learn"]
        points, stay = batch.inputs["row"][learn], batch.target["stay"][learn]
        if len(stay) < 2:
            return
        if stage == "rows" and self.rows is not None:
            yield from self.rows.objectives(points, stay[:, None])
            return
        if self.rows is not None and self.config.synthetic > 0:
            wanted = stay[torch.randint(len(stay), (round(self.config.synthetic * len(stay)),), device=stay.device)]
            points, stay = torch.cat([points, self.rows(wanted[:, None])]), torch.cat([stay, wanted])
        several = self.config.penalised == "mean" or self.banded
        noise = torch.randn(len(stay), self.config.few if several else 1, self.config.noise, device=stay.device)
        drawn, blur = self.generator(points, noise)
        if self.critic is not None:
            real, fake = self.critic(points, stay), self.critic(points, drawn[:, 0].detach())
            gap = (real.mean() - fake.mean()).detach()
            yield Objective("critic", critic_loss("non_saturating", real, fake), "critic", {"gap": gap})
        aimed = drawn.mean(dim=1, keepdim=True) if self.config.penalised == "mean" else drawn
        error = (aimed - stay[:, None]).abs().mean()
        loss = self.config.error_weight * error
        if self.critic is not None:
            loss = loss + generator_loss("non_saturating", self.critic(points, drawn[:, 0]))
        if self.banded:
            limits = self.scale.limits(drawn)
            said = band_log_shares(drawn, blur, limits)
            band = torch.bucketize(stay, limits, right=True)
            loss = loss + self.config.error_weight * functional.nll_loss(said, band)
        log = {"error": error, "spread": drawn.std(dim=1, correction=0).mean()}
        yield Objective("generator", loss, "generator", log)

    def settle(self, train: Dataset) -> None:
        """Fix how far intervals are moved so that they cover what they say on the hospitals set apart."""
        if len(self.levels) == 1:
            return
        samples = [sample for i in range(len(train)) if (sample := train[i]).patient in self.aside]
        batch = self.collate(samples)
        self.eval()
        said, ends = self._quantiles(self._answers(batch.inputs["row"])[0]), (self.levels[0], self.levels[-1])
        group = self.space.state(batch.inputs["row"], self.config.within)
        self.offsets.settle(said, batch.target["stay"], group, levels=ends, fewest=self.config.group_rows)

    def synthesize(self, targets: Sequence[Any]) -> list[Sample]:
        """Return one made visit for each wanted stay (or band, or None for whatever training held).

        Raises:
            DataError: Trained without a generator of rows, or a stay that is no number above 0.
        """
        if self.rows is None:
            raise DataError("this run answers stays and makes no rows; fit one with mode=augment")
        stays = torch.tensor([self.scale.wanted(target) for target in targets], dtype=torch.float64)
        points, made = self.rows(self.scale.scaled(stays)[:, None]), self.scale.targets(stays.tolist())
        inputs = [{self.encoder.input: row} for row in self.space.rows(points.numpy())]
        return [Sample(id="x", patient="x", inputs=i, target=t) for i, t in zip(inputs, made, strict=True)]

    def _answers(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return the draws `(B, 20)` with the noise that all answers share, and their blur."""
        found: tuple[Tensor, Tensor] = self.generator(points, self.get_buffer("draws").expand(len(points), -1, -1))
        return found

    def _quantiles(self, drawn: Tensor) -> Tensor:
        low, high = (torch.quantile(drawn, level, dim=1) for level in (self.levels[0], self.levels[-1]))
        return torch.stack([low, drawn.mean(dim=1), high], dim=1)
