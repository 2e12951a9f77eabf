"""Thilagam et al. 2022, the other view of `access_trust`: how likely a request is misuse, from its circumstances.

J. Nanomaterials 2022:2638613, doi 10.1155/2022/2638613. A dense network reads role, ward, device, hour, distance,
recent denials and trust, and learns what the paper calls the relation between trust and attributes. Layer sizes are
this project's. What it says can stop a request that policy permits, never the reverse (`salus.security.decision`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset, ListDataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.losses import focal_loss
from salus.nets.pieces import piecewise, quantile_edges
from salus.nets.tabular import RowEncoder, count_labels, measure_rows, row_batch, row_of
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Row, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRiskConfig(Config):
    """Settings.

    Attributes:
        widths: Units of each hidden layer.
        dropout: Share of hidden units silenced in training.
        gamma: Exponent of the focal loss; 0 gives the cross-entropy.
        pieces: Ranges of equally many values by which each number is also read; 0 for the plain number alone.
        leave_out: Columns that are not read.
        average: Decay of the running average of weights that answers; 0 for the last weights.
        limit: Features are cut at this many spreads, so that one wild number decides nothing alone.
        epochs: Most passes over the training part.
        patience: Epochs without a better validation score before training ends.
        batch_size: Requests a step.
        learning_rate: Of Adam.
        weight_decay: L2, decoupled.
    """

    widths: tuple[int, ...] = (64, 32)
    dropout: float = 0.1
    gamma: float = 2.0
    pieces: int = 12
    leave_out: tuple[str, ...] = ()
    average: float = 0.0
    limit: float = 5.0
    epochs: int = 60
    patience: int = 10
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4


class AccessRisk(System):
    """Two hidden layers on the circumstances of a request, trained by the focal loss."""

    card = Card(
        title="Secure IoT healthcare architecture with deep learning-based access control: misuse risk",
        authors="Thilagam et al. 2022",
        doi="10.1155/2022/2638613",
        family="cnn",
        tasks=("classification",),
        inputs=(("row", "Row of numbers and words: the circumstances of a request"),),
        modalities=("table",),
        review="The review tells of users identified by deep learning; the paper adds access from a learnt relation "
        "between trust and attributes.",
        reported=(("paper: precision, recall and F1 about 0.95, accuracy 0.98", "split not stated"),),
        deviations=(
            "The paper's data are not public: a simulated ward log and general network traffic stand in",
            "Layer sizes, the focal loss and the reading of numbers in pieces are this project's",
        ),
        advantages=("Small enough to be asked at every request",),
        limits=(
            "Learnt from a simulated log: it knows the kinds of misuse that were planted",
            "Of network attacks it misses most kinds that training does not hold",
            "A forest on the same columns is as good or better: choose by what is easier to keep",
        ),
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = AccessRiskConfig
    small: ClassVar[Config] = AccessRiskConfig(
        pieces=24, dropout=0.3, average=0.99, learning_rate=2e-3, epochs=40, patience=8
    )
    tiny: ClassVar[Config] = AccessRiskConfig(widths=(16, 8), dropout=0.0, epochs=2, batch_size=16)
    config: AccessRiskConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = task.question.classes
        self.encoder = RowEncoder(fingerprint["rows"])
        self.edges: list[list[float]] = [list(edges) for edges in fingerprint["edges"]]
        layers: list[nn.Module] = []
        width = len(self.encoder.features) + sum(max(0, len(edges) - 1) for edges in self.edges)
        for units in self.config.widths:
            layers += [nn.Linear(width, units), nn.ReLU(), nn.Dropout(self.config.dropout)]
            width = units
        self.network = nn.Sequential(*layers, nn.Linear(width, len(self.classes)))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn columns, their scales, and which of them reach over decades.

        Raises:
            DataError: Fewer than two classes, or what `measure_rows` refuses.
        """
        assert isinstance(config, AccessRiskConfig)  # noqa: S101
        count_labels(train)
        kept = ListDataset([_kept(train[index], config.leave_out) for index in range(len(train))])
        learned = measure_rows(kept)
        encoder = RowEncoder(learned)
        table = encoder.raw(kept.samples)
        words = set(encoder.categorical)
        edges = [[] if c in words else quantile_edges(table[:, c], config.pieces) for c in range(table.shape[1])]
        return {"rows": learned, "edges": edges}

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage of Adam that stops early."""
        assert isinstance(config, AccessRiskConfig)  # noqa: S101
        adam = Optimizer(name="adamw", learning_rate=config.learning_rate, weight_decay=config.weight_decay)
        stage = Stage(
            name="risk",
            epochs=config.epochs,
            batch_size=config.batch_size,
            optimizers={"risk": adam},
            patience=config.patience,
        )
        return Recipe(stages=(stage,), ema=config.average or None, ema_groups=("risk",))

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the one group."""
        return {"risk": list(self.parameters())}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Encode requests to `row (B, F)`.

        Raises:
            DataError: Other columns than in training, an infinite number, a word among numbers, an unknown label.
        """
        seen = [_kept(sample, self.config.leave_out) for sample in samples]
        return row_batch(seen, self.classes, self._encode)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`."""
        logits: Tensor = self.network(batch.inputs["row"])
        return logits

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the focal loss."""
        loss = focal_loss(self(batch), batch.target["label"], self.config.gamma)
        yield Objective("focal", loss, "risk")

    def _encode(self, samples: Sequence[Sample]) -> Tensor:
        """Return standardised numbers, cut at the limit, one column a word, and the pieces of the numbers `(N, F)`."""
        table = self.encoder.raw(samples)
        plain = np.clip(self.encoder.scale(table), -self.config.limit, self.config.limit)
        pieces = [piecewise(table[:, c], edges) for c, edges in enumerate(self.edges) if edges]
        return torch.from_numpy(np.concatenate([plain, *pieces], axis=1).astype(np.float32))


def _kept(sample: Sample, leave_out: Sequence[str]) -> Sample:
    """Return a request without the columns that are not read."""
    if not leave_out:
        return sample
    values = {name: value for name, value in row_of(sample).values.items() if name not in leave_out}
    return Sample(id=sample.id, patient=sample.patient, inputs={"row": Row(values=values)}, target=sample.target)
