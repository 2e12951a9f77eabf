"""Gradient-boosted trees on a table (LightGBM): the strong plain method for rows.

Source: Ke et al. 2017, LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NeurIPS 30.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.tabular import RowEncoder, count_labels, measure_rows, row_batch
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError, StoreError
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostingConfig(Config):
    """Settings.

    Attributes:
        trees: Rounds of boosting.
        learning_rate: Share of each tree that is added.
        leaves: Most leaves of a tree.
        leaf_samples: Fewest training rows in a leaf.
        column_share: Columns that each tree may look at.
        row_share: Rows that each tree is grown on.
        ridge: L2 penalty on the leaves' values.
    """

    trees: int = 150
    learning_rate: float = 0.04
    leaves: int = 8
    leaf_samples: int = 20
    column_share: float = 0.7
    row_share: float = 0.8
    ridge: float = 1.0


class Boosting(System):
    """Trees added one by one, each on what the others left unexplained; missing values go their own way."""

    card = Card(
        title="Gradient-boosted trees",
        authors="Ke et al. 2017",
        family="baseline",
        tasks=("classification",),
        inputs=(("row", "Row of numbers and words"),),
        modalities=("table",),
        review="Named as the strong classical method on tables.",
        advantages=("Takes missing values and categories as they are", "Hard to beat on small tables"),
        limits=("No gradient to explain it with", "Cannot extrapolate beyond the training range"),
        differentiable=False,
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = BoostingConfig
    small: ClassVar[Config] = BoostingConfig()
    tiny: ClassVar[Config] = BoostingConfig(trees=5, leaves=4, leaf_samples=2)
    config: BoostingConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = task.question.classes
        self.encoder = RowEncoder(fingerprint)
        self._text = ""
        self._booster: Any = None

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `row (B, C)` float64: numbers as measured, category numbers, NaN for missing or unknown.

        Raises:
            DataError: Other columns than in training, an infinite number, a word among numbers, an unknown label.
        """
        return row_batch(samples, self.classes, self._cells)

    def forward(self, batch: Batch) -> Tensor:
        """Return log-probabilities `(B, K)` float32.

        Raises:
            StoreError: The trees were never grown or loaded.
        """
        if not self._text:
            raise StoreError("boosting has no trees; fit it, or load a run that was fitted")
        table = batch.inputs["row"]
        shares = np.asarray(self._model().predict(table.detach().cpu().double().numpy(), num_threads=1))
        if len(self.classes) == 2:
            shares = np.stack([1 - shares, shares], axis=1)
        return torch.from_numpy(np.log(np.clip(shares, 1e-12, 1.0))).float().to(table.device)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` grows the trees."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the columns and their categories.

        Raises:
            DataError: Fewer than two classes, or what `measure_rows` refuses.
        """
        count_labels(train)
        return measure_rows(train)

    def settle(self, train: Dataset) -> None:
        """Grow the trees on the whole training part."""
        import lightgbm

        batch = self.collate([train[i] for i in range(len(train))])
        if "label" not in batch.target:
            raise DataError("a training sample has no label; training needs one for each")
        data = lightgbm.Dataset(
            batch.inputs["row"].numpy(),
            label=batch.target["label"].numpy(),
            categorical_feature=list(self.encoder.categorical),
            params={"verbose": -1},
        )
        settings = {
            "objective": "binary" if len(self.classes) == 2 else "multiclass",
            "num_class": 1 if len(self.classes) == 2 else len(self.classes),
            "learning_rate": self.config.learning_rate,
            "num_leaves": self.config.leaves,
            "min_data_in_leaf": min(self.config.leaf_samples, max(1, len(train) // 4)),
            "feature_fraction": self.config.column_share,
            "bagging_fraction": self.config.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.config.ridge,
            "seed": int(torch.randint(2**31 - 1, ()).item()),
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbose": -1,
        }
        self._keep(lightgbm.train(settings, data, num_boost_round=self.config.trees).model_to_string())

    def get_extra_state(self) -> Tensor:
        """Return the trees in LightGBM's own text format, as bytes `(S,)` uint8."""
        return torch.from_numpy(np.frombuffer(self._text.encode(), dtype=np.uint8).copy())

    def set_extra_state(self, state: Tensor) -> None:
        """Take the trees from `get_extra_state`'s bytes; they are parsed as text, nothing in them is run."""
        content: NDArray[np.uint8] = state.cpu().numpy().astype(np.uint8)
        self._keep(content.tobytes().decode())

    def _cells(self, samples: Sequence[Sample]) -> Tensor:
        table = self.encoder.raw(samples)
        words = list(self.encoder.categorical)
        table[:, words] = np.where(table[:, words] < 0, np.nan, table[:, words])
        return torch.from_numpy(table)

    def _keep(self, text: str) -> None:
        self._text, self._booster = text, None

    def _model(self) -> Any:
        if self._booster is None:
            import lightgbm

            self._booster = lightgbm.Booster(model_str=self._text)
        return self._booster
