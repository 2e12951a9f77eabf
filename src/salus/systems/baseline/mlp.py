"""A dense network on a table: two hidden layers, the network that a structured one must justify itself against.

Source: none in particular; rectified units, dropout and Adam as in Goodfellow, Bengio and Courville 2016, chapters 6-8.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.tabular import RowEncoder, count_labels, measure_rows, row_batch
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class MLPConfig(Config):
    """Settings.

    Attributes:
        widths: Units of each hidden layer.
        dropout: Share of hidden units silenced in training.
        epochs: Most passes over the training part.
        patience: Epochs without a better validation score before training ends.
        batch_size: Samples a step.
        learning_rate: Of Adam.
        weight_decay: L2, decoupled.
    """

    widths: tuple[int, ...] = (256, 128)
    dropout: float = 0.3
    epochs: int = 60
    patience: int = 10
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4


class MLP(System):
    """Linear, rectifier, dropout, twice; then one logit a class."""

    card = Card(
        title="Multilayer perceptron",
        family="baseline",
        tasks=("classification",),
        inputs=(("row", "Row of numbers and words"),),
        modalities=("table",),
        review="The plain dense network of the comparisons.",
        advantages=("Sees interactions", "Fast to train"),
        limits=("Needs more rows than a linear model", "Confident where it saw little"),
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = MLPConfig
    small: ClassVar[Config] = MLPConfig(epochs=30, patience=6)
    tiny: ClassVar[Config] = MLPConfig(widths=(16,), dropout=0.0, epochs=2, batch_size=16)
    config: MLPConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = task.question.classes
        self.encoder = RowEncoder(fingerprint)
        layers: list[nn.Module] = []
        width = len(self.encoder.features)
        for units in self.config.widths:
            layers += [nn.Linear(width, units), nn.ReLU(), nn.Dropout(self.config.dropout)]
            width = units
        self.network = nn.Sequential(*layers, nn.Linear(width, len(self.classes)))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Encode rows to `row (B, F)`.

        Raises:
            DataError: Other columns than in training, an infinite number, a word among numbers, an unknown label.
        """
        return row_batch(samples, self.classes, self.encoder.encode)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits `(B, K)`."""
        return self.network(batch.inputs["row"])

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the cross-entropy."""
        yield Objective("cross_entropy", functional.cross_entropy(self(batch), batch.target["label"]))

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage of Adam that stops early."""
        assert isinstance(config, MLPConfig)  # noqa: S101
        adam = Optimizer(name="adamw", learning_rate=config.learning_rate, weight_decay=config.weight_decay)
        return Recipe(
            stages=(
                Stage(
                    epochs=config.epochs,
                    batch_size=config.batch_size,
                    optimizers={"main": adam},
                    patience=config.patience,
                ),
            )
        )

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the columns, their medians and scales.

        Raises:
            DataError: Fewer than two classes, or what `measure_rows` refuses.
        """
        count_labels(train)
        return measure_rows(train)
