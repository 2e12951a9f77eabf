"""Gradient-boosted trees for a number and its quantiles (LightGBM): one set of trees a quantile.

Source: Ke et al. 2017, LightGBM, NeurIPS 30; the loss of a quantile is that of Koenker and Bassett 1978,
doi 10.2307/1913643.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.row_space import RowSpace, measure_space
from salus.nets.targets import check_targets, target_tensors
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import StoreError
from salus.schema.sample import Sample

_MARK = "\n\x1e\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileBoostingConfig(Config):
    """Settings.

    Attributes:
        trees: Rounds of boosting.
        learning_rate: Share of each tree that is added.
        leaves: Most leaves of a tree.
        leaf_samples: Fewest training rows in a leaf.
        column_share: Columns that each tree may look at.
        row_share: Rows that each tree is grown on.
        ridge: L2 penalty on the leaves' values.
        fewest: Training rows that a word must stand in to be told from others.
    """

    trees: int = 200
    learning_rate: float = 0.05
    leaves: int = 16
    leaf_samples: int = 40
    column_share: float = 0.5
    row_share: float = 0.8
    ridge: float = 5.0
    fewest: int = 20


class QuantileBoosting(System):
    """Trees for the median, which has the least absolute error, and for each further quantile that is asked for."""

    card = Card(
        title="Gradient-boosted trees of quantiles",
        authors="Ke et al. 2017",
        family="baseline",
        tasks=("regression",),
        inputs=(("row", "Row of numbers and words"),),
        modalities=("table",),
        review="The strong plain method for a number on a table; the review does not name it.",
        advantages=("Takes missing values and categories as they are", "Hard to beat on tables"),
        limits=("No gradient to explain it with", "Its quantiles are fitted apart and are not calibrated"),
        differentiable=False,
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = QuantileBoostingConfig
    small: ClassVar[Config] = QuantileBoostingConfig()
    tiny: ClassVar[Config] = QuantileBoostingConfig(trees=5, leaves=4, leaf_samples=2, fewest=1)
    config: QuantileBoostingConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.space = RowSpace(fingerprint)
        self.encoder = self.space.encoder
        self.levels: tuple[float, ...] = tuple(getattr(task, "levels", (0.5,)))
        self._texts: tuple[str, ...] = ()
        self._boosters: list[Any] = []

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `row (B, C)` float64: numbers as measured, places of words, NaN for missing.

        Raises:
            DataError: Other columns than in training, an infinite number, a word among numbers, a target no number.
        """
        target = target_tensors(samples, self.task.question)
        table = torch.from_numpy(self.space.table(samples))
        return Batch(tuple(s.id for s in samples), {"row": table}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return values `(B,)`, or quantiles `(B, Q)` in rising order, float64.

        Raises:
            StoreError: The trees were never grown or loaded.
        """
        if not self._texts:
            raise StoreError("quantile_boosting has no trees; fit it, or load a run that was fitted")
        table = batch.inputs["row"]
        cells = table.detach().cpu().double().numpy()
        found = np.stack([np.asarray(model.predict(cells, num_threads=1)) for model in self._models()], axis=1)
        answer = torch.from_numpy(np.sort(found, axis=1)).to(table.device)  # sets fitted apart may cross
        return answer[:, 0] if len(self.levels) == 1 else answer

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` grows the trees."""
        yield from ()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the columns and their words.

        Raises:
            DataError: Targets that are all alike, or what `measure_space` refuses.
        """
        assert isinstance(config, QuantileBoostingConfig)  # noqa: S101
        check_targets([train[i] for i in range(len(train))])
        return measure_space(train, fewest=config.fewest)

    def settle(self, train: Dataset) -> None:
        """Grow the trees of every quantile on the whole training part."""
        import lightgbm

        batch = self.collate([train[i] for i in range(len(train))])
        words = [self.space.columns.index(name) for name in self.space.words]
        texts = []
        for level in self.levels:
            data = lightgbm.Dataset(
                batch.inputs["row"].numpy(),
                label=batch.target["value"].numpy(),
                categorical_feature=words,
                params={"verbose": -1},
            )
            settings = self._settings(level, len(train))
            texts.append(lightgbm.train(settings, data, num_boost_round=self.config.trees).model_to_string())
        self._keep(texts)

    def get_extra_state(self) -> Tensor:
        """Return the trees in LightGBM's own text format, as bytes `(S,)` uint8."""
        return torch.from_numpy(np.frombuffer(_MARK.join(self._texts).encode(), dtype=np.uint8).copy())

    def set_extra_state(self, state: Tensor) -> None:
        """Take the trees from `get_extra_state`'s bytes; they are parsed as text, nothing in them is run."""
        text = state.cpu().numpy().astype(np.uint8).tobytes().decode()
        self._keep(text.split(_MARK) if text else [])

    def _settings(self, level: float, rows: int) -> dict[str, Any]:
        """Return LightGBM's settings; `l1` is the median with leaves renewed to medians, which `quantile` is not."""
        own = self.config
        loss = {"objective": "l1"} if level == 0.5 else {"objective": "quantile", "alpha": level}
        return loss | {
            "learning_rate": own.learning_rate,
            "num_leaves": own.leaves,
            "min_data_in_leaf": min(own.leaf_samples, max(1, rows // 4)),
            "feature_fraction": own.column_share,
            "bagging_fraction": own.row_share,
            "bagging_freq": 1,
            "lambda_l2": own.ridge,
            "cat_smooth": 20.0,
            "seed": int(torch.randint(2**31 - 1, ()).item()),
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbose": -1,
        }

    def _keep(self, texts: Sequence[str]) -> None:
        self._texts, self._boosters = tuple(texts), []

    def _models(self) -> list[Any]:
        if not self._boosters:
            import lightgbm

            self._boosters = [lightgbm.Booster(model_str=text) for text in self._texts]
        return self._boosters
