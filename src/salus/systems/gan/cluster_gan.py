"""Purandhar, Ayyasamy and Siva Kumar 2022: classification of clustered health-care data by adversarial networks.

Soft Computing. Only the title and the review's account were at hand: rows are clustered first, then a generator and a
discriminator learn them together. Read here as an auxiliary-classifier GAN (Odena et al. 2017, arXiv 1610.09585)
conditioned on class and cluster, whose class head answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.adversarial_augment import augment_rows
from salus.nets.adversarial_curves import adversarial_curves
from salus.nets.adversarial_losses import AdversarialLoss, critic_loss, generator_loss
from salus.nets.adversarial_penalty import gradient_penalty, r1_penalty
from salus.nets.grud import GRUD, measure_series, series_points, series_summary
from salus.nets.row_clusters import Kind, assign, joint_counts, measure_clusters
from salus.nets.row_heads import RowHeads, coherent, feature_sources, held_states, mark_groups, wanted_conditions
from salus.nets.row_space import RowSpace, measure_space
from salus.nets.tabular import count_labels, label_tensor, row_batch
from salus.nets.three_heads import ThreeHeads, dense_layers
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import UsageError
from salus.schema.recipe import Recipe, Stage, Watch, two_rates
from salus.schema.sample import Sample
from salus.transforms.readings import checked_readings, refuse_scores


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterGanConfig(Config):
    """Settings.

    Attributes:
        encoder: `summary` reads a row; `series` reads recordings by GRU-D; then no rows are generated.
        memory: Numbers of that cell's memory.
        clusters: How many groups; 0 chooses by silhouette and stability, 1 means no clustering.
        most_clusters: Largest number tried.
        model: k-means or a Gaussian mixture.
        components: Principal components that are clustered.
        stable: Smallest adjusted Rand index over bootstraps; below it one group less is tried.
        bootstraps: How often the training rows are drawn again for it.
        generator: Train against a generator; False trains the discriminator's heads alone.
        loss: Which adversarial loss.
        latent: Numbers of noise.
        generator_widths: Units of its hidden layers.
        critic_widths: Units of the discriminator's.
        dropout: Share of the discriminator's hidden units silenced in training.
        mask: Chance of a column to be blanked in every row that it sees.
        packing: Rows that its adversarial head sees at a time.
        penalty: Weight of the gradient penalty (`wasserstein`) or of R1 (other losses); 0 for none.
        adversarial_weight: Of the adversarial loss beside the class loss.
        fake_weight: Of class and cluster loss on generated rows.
        cluster_weight: Of the cluster loss.
        ema: Decay of the averaged weights that answer; 0 for none.
        epochs: Passes over the training part.
        patience: Epochs without a better validation score before training ends; 0 for never.
        batch_size: Rows a step.
        generator_rate: Of Adam.
        critic_rate: Of Adam.
    """

    encoder: Literal["summary", "series"] = "summary"
    memory: int = 64
    clusters: int = 0
    most_clusters: int = 12
    model: Kind = "kmeans"
    components: int = 32
    stable: float = 0.6
    bootstraps: int = 50
    generator: bool = True
    loss: AdversarialLoss = "non_saturating"
    latent: int = 64
    generator_widths: tuple[int, ...] = (128, 256)
    critic_widths: tuple[int, ...] = (256, 128)
    dropout: float = 0.3
    mask: float = 0.0
    packing: int = 1
    penalty: float = 0.0
    adversarial_weight: float = 1.0
    fake_weight: float = 1.0
    cluster_weight: float = 0.5
    ema: float = 0.0
    epochs: int = 150
    patience: int = 0
    batch_size: int = 128
    generator_rate: float = 1e-4
    critic_rate: float = 4e-4


class ClusterGAN(System):
    """A generator of rows for a class and a cluster, and a discriminator that tells real, class and cluster."""

    card = Card(
        title="Classification of clustered health-care data by a generative adversarial network",
        authors="Purandhar, Ayyasamy and Siva Kumar 2022",
        family="gan",
        tasks=("classification",),
        inputs=(("row", "Row of numbers and words"), ("signal", "Waveform (L, T) with gaps, encoder=series")),
        modalities=("table", "record"),
        review="Generator and discriminator on MIMIC-III; classifies conditions better than classical methods.",
        reported=(("better than classical methods on MIMIC-III", "no figure in the review"),),
        deviations=(
            "Only the title and the review's account were at hand: the clustering, the layers and the losses are ours.",
            "MIMIC-III is restricted: judged on PhysioNet 2012; the MIMIC-IV demo checks the pipeline.",
            "Numbers are normal scores and gaps have marks of their own; the principal components are of these points.",
            "small: 16 epochs at larger rates, R1, averaged weights; generated rows do not count in the class loss.",
        ),
        advantages=("One training gives a classifier, a generator of rows for a class, and groups of stays",),
        limits=(
            "Neither clusters nor generator help the answer on PhysioNet 2012, and boosted trees rank better.",
            "Generated rows are for method tests: read their honesty card before anything else.",
        ),
        explain_input="row",
    )
    config_type = ClusterGanConfig
    small: ClassVar[ClusterGanConfig] = ClusterGanConfig(
        epochs=16, generator_rate=1e-3, critic_rate=1e-3, penalty=1.0, ema=0.99, fake_weight=0.0
    )
    tiny: ClassVar[ClusterGanConfig] = ClusterGanConfig(
        clusters=1, bootstraps=2, latent=8, generator_widths=(8,), critic_widths=(16,), dropout=0.0, epochs=2,
        batch_size=16, critic_rate=1e-2, penalty=1.0,
    )  # fmt: skip
    config: ClusterGanConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = task.question.classes
        self.groups_found = int(fingerprint["clusters"]["k"])
        self.reader: nn.Module = nn.Identity()
        self.heads: nn.Module = nn.Identity()
        self.sources: list[int] | None = None
        if self.config.encoder == "series":
            self.reader = GRUD(len(fingerprint["series"]["leads"]), self.config.memory)
            features = width = self.config.memory
        else:
            self.space = RowSpace(fingerprint["rows"])
            self.encoder = self.space.encoder
            self.sources = feature_sources(self.space)
            self.heads = RowHeads(self.space, fingerprint["marks"], fingerprint["states"])
            features, width = len(self.space.features), self.heads.width
        given = self.config.latent + len(self.classes) + self.groups_found
        self.generator = dense_layers(given, self.config.generator_widths)
        self.generator.append(nn.Linear(self.config.generator_widths[-1], width))
        own = self.config
        sizes = (features, own.critic_widths, len(self.classes), self.groups_found)
        self.critic = ThreeHeads(*sizes, dropout=own.dropout, packing=own.packing, cluster_weight=own.cluster_weight)

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the space of rows, which gaps come together, the clusters, and how classes and clusters go together.

        Raises:
            DataError: A score or outcome among the columns, one class only, more clusters than rows allow.
        """
        assert isinstance(config, ClusterGanConfig)  # noqa: S101
        counts = count_labels(train)
        samples = [train[i] for i in range(len(train))]
        learned: dict[str, Any] = {}
        if config.encoder == "series":
            learned["series"] = measure_series(train)
            points = series_summary(series_points(samples, learned["series"]))
        else:
            learned["rows"] = measure_space(train)
            space = RowSpace(learned["rows"])
            refuse_scores(space.columns)
            points = space.encode([checked_readings(sample) for sample in samples])
            learned |= {"marks": mark_groups(points, len(space.numbers)), "states": held_states(points, space)}
        clusters = measure_clusters(
            points.numpy(),
            kind=config.model,
            fixed=config.clusters,
            most=config.most_clusters,
            components=config.components,
            stable=config.stable,
            bootstraps=config.bootstraps,
        )
        labels = label_tensor(samples, [""] * len(counts))
        assert labels is not None  # noqa: S101 - each sample has one: they were counted
        joint = joint_counts(labels.numpy(), assign(points.numpy(), clusters), clusters["k"])
        return {**learned, "clusters": clusters, "joint": joint}

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage with a rate for each network, watched for collapse where there is a generator."""
        assert isinstance(config, ClusterGanConfig)  # noqa: S101
        optimizers = two_rates(generator=config.generator_rate, critic=config.critic_rate, betas=(0.5, 0.9))
        if not config.generator:
            del optimizers["generator"]
        stage = Stage(
            epochs=config.epochs,
            batch_size=config.batch_size,
            optimizers=optimizers,
            patience=config.patience or None,
        )
        return Recipe(
            stages=(stage,),
            ema=config.ema or None,
            ema_groups=("generator", "critic"),
            watch=Watch() if config.generator else None,
        )

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the generator's parameters and the discriminator's."""
        return {
            "generator": list(self.generator.parameters()),
            "critic": [*self.reader.parameters(), *self.critic.parameters()],
        }

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `row (B, F)`, points of the table's space, and `cluster (B,)`.

        Raises:
            DataError: Other columns than in training, an infinite number, a stay without measurement, an unknown label.
            UnitError: A reading that is impossible in its unit.
        """
        batch = row_batch(samples, self.classes, self._points)
        points = batch.inputs["row"]
        seen = series_summary(points) if self.config.encoder == "series" else points
        cluster = torch.from_numpy(assign(seen.numpy(), self.fingerprint["clusters"]))
        return Batch(batch.ids, {"row": points, "cluster": cluster}, batch.target)

    def _points(self, samples: Sequence[Sample]) -> Tensor:
        if self.config.encoder == "series":
            return series_points(samples, self.fingerprint["series"])
        return self.space.encode([checked_readings(sample) for sample in samples])

    def forward(self, batch: Batch) -> Tensor:
        """Return logits of the classes `(B, K)`."""
        logits: Tensor = self.critic(self.reader(batch.inputs["row"]))
        return logits

    def clusters(self, batch: Batch) -> Tensor:
        """Return the group of each row by the training part's clustering, `(B,)` int64."""
        return batch.inputs["cluster"]

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the discriminator's loss and the generator's."""
        settings, critic, row = self.config, self.critic, self.reader(batch.inputs["row"])
        label, cluster = batch.target["label"], batch.inputs["cluster"]
        hidden = critic.trunk(self._varied(row))
        loss = critic.told(hidden, label, cluster)
        if not settings.generator:
            yield Objective("critic", loss, "critic")
            return
        fake = self.make(label, cluster)
        other = critic.trunk(self._varied(fake.detach()))
        scores = critic.origin(hidden), critic.origin(other)
        versus = critic_loss(settings.loss, *scores)
        if settings.penalty and settings.loss == "wasserstein":
            versus = versus + settings.penalty * gradient_penalty(critic.score, row, fake)
        elif settings.penalty:
            versus = versus + settings.penalty * r1_penalty(critic.score, row)
        loss = loss + settings.adversarial_weight * versus
        if settings.fake_weight:
            loss = loss + settings.fake_weight * critic.told(other, label, cluster)
        curves = adversarial_curves(row, fake, *scores, real_label=label, fake_label=label)
        yield Objective("critic", loss, "critic", curves)
        hidden = critic.trunk(self._varied(fake))
        asked = generator_loss(settings.loss, critic.origin(hidden)) + critic.told(hidden, label, cluster)
        yield Objective("generator", asked, "generator")

    def make(self, label: Tensor, cluster: Tensor) -> Tensor:
        """Return generated points `(B, F)` for classes and clusters `(B,)`; noise comes from torch's random state."""
        noise = torch.randn(len(label), self.config.latent, device=label.device)
        wanted = [functional.one_hot(label, len(self.classes)), functional.one_hot(cluster, self.groups_found)]
        return torch.as_tensor(self.heads(self.generator(torch.cat([noise, *wanted], dim=1))))

    def synthesize(self, targets: Sequence[Any]) -> list[Sample]:
        """Return one synthetic sample for each class index; None takes a class as often as training had it.

        Raises:
            DataError: A class that the training part did not hold.
            UsageError: The system reads series.
        """
        if self.config.encoder == "series":
            raise UsageError("encoder=series makes no rows; train with encoder=summary to synthesize")
        label, cluster = wanted_conditions(targets, self.fingerprint["joint"], self.classes)
        with torch.no_grad():
            rows = self.space.rows(self.make(label, cluster).numpy())
        return [
            Sample(id="x", patient="x", inputs={self.encoder.input: coherent(row)}, target=int(one))
            for row, one in zip(rows, label, strict=True)
        ]

    def realness(self, batch: Batch) -> Tensor:
        """Return how much the discriminator takes each row for a measured one, `(B,)`."""
        return self.critic.realness(self.reader(batch.inputs["row"]))

    def _varied(self, rows: Tensor) -> Tensor:
        chance = self.config.mask
        return augment_rows(rows, ("mask",), sources=self.sources, drop=chance) if chance else rows
