"""Forests grown by scikit-learn and kept as flat arrays."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from salus.nets.forest import FlatForest
from salus.schema.errors import DataError

Look = Literal["sqrt", "third", "all"]


class Grown(nn.Module):
    """One forest a question: a class, a number, or one of several findings.

    Args:
        kind: `classification`, `regression` or `multilabel`.
        classes: K, number of classes or findings; ignored for a number.
    """

    def __init__(self, kind: str, classes: int) -> None:
        super().__init__()
        self.kind = kind
        heads = classes if kind == "multilabel" else 1
        self.forests = nn.ModuleList(FlatForest() for _ in range(heads))
        width = 2 if kind == "multilabel" else 1 if kind == "regression" else classes
        self.register_buffer("places", torch.full((heads, width), -1))
        self.register_buffer("out_of_bag", torch.zeros(heads, dtype=torch.float64))

    def grow(
        self,
        features: NDArray[np.float64],
        truth: NDArray[Any],
        *,
        trees: int,
        leaf: int = 1,
        look: Look = "sqrt",
        rows_share: float = 1.0,
        balanced: bool = False,
        signs: Sequence[int] | None = None,
    ) -> None:
        """Grow on features `(N, F)`, NaN where missing, and truths `(N,)` or `(N, K)`, NaN where not known.

        A forest of one tree is a plain decision tree: every feature, every row, and no score out of the bag.
        `signs` `(F,)` bind the answer (a number, the last of two classes, each finding): with a feature of +1 it
        never falls, with one of -1 it never rises.

        Raises:
            DataError: A finding that no training row knows; `signs` beside gaps, or with more than two classes.
        """
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        signs = self._signs(signs, features)
        for number, flat in enumerate(self.forests):
            column = truth[:, number] if truth.ndim == 2 else truth
            known = np.isfinite(column)
            if not known.any():
                raise DataError(f"no training row knows finding {number}; leave it out of the question")
            shared: dict[str, Any] = {
                "n_estimators": trees,
                "min_samples_leaf": leaf,
                "max_features": {"sqrt": "sqrt", "third": 1 / 3, "all": 1.0}[look],
                "max_samples": rows_share if rows_share < 1 else None,
                "bootstrap": trees > 1,
                "oob_score": trees > 1,
                "monotonic_cst": signs,
                "random_state": int(torch.randint(2**31 - 1, ()).item()),
            }
            if self.kind == "regression":
                forest: Any = RandomForestRegressor(**shared)
            else:
                weight = ("balanced_subsample" if trees > 1 else "balanced") if balanced else None
                forest = RandomForestClassifier(**shared, class_weight=weight)
                column = np.where(known, column, 0).astype(np.int64)
            with warnings.catch_warnings():
                # Few trees leave some rows in every bag; the score is then taken over the others.
                warnings.filterwarnings("ignore", message="Some inputs do not have OOB scores")
                forest.fit(features[known], column[known])
            self._take(number, flat, forest)

    def forward(self, features: Tensor) -> Tensor:
        """Map features `(B, F)` to probabilities `(B, K)` or values `(B,)`, float64; an unseen class has none."""
        shares = [forest(features) for forest in self.forests]
        if self.kind == "regression":
            return shares[0][:, 0]
        full = [
            torch.where(places >= 0, found[:, places.clamp(min=0)], 0.0)
            for found, places in zip(shares, self.get_buffer("places"), strict=True)
        ]
        return torch.stack([part[:, 1] for part in full], dim=1) if self.kind == "multilabel" else full[0]

    def output(self, answer: Tensor, floor: float) -> Tensor:
        """Return probabilities as the task's logits, none surer than `floor` allows; values as they are."""
        if self.kind == "regression":
            return answer
        return torch.logit(answer, floor) if self.kind == "multilabel" else answer.clamp(floor, 1.0).log()

    def _signs(self, signs: Sequence[int] | None, features: NDArray[np.float64]) -> Sequence[int] | None:
        """Refuse what a bound tree cannot do; None where no feature is bound."""
        if signs is None or not any(signs):
            return None
        if self.kind == "classification" and self.get_buffer("places").shape[1] != 2:
            raise DataError("an answer among more than two classes cannot be bound to rise or fall with a column")
        if np.isnan(features).any():
            raise DataError("trees that are bound to rise or fall with a column take no gaps; set gaps=median")
        return signs

    def _take(self, number: int, flat: nn.Module, forest: Any) -> None:
        assert isinstance(flat, FlatForest)  # noqa: S101
        flat.take(forest)
        self.get_buffer("out_of_bag")[number] = float(getattr(forest, "oob_score_", 0.0))
        classes: Sequence[int] = getattr(forest, "classes_", ())
        self.get_buffer("places")[number] = -1
        for place, name in enumerate(classes):
            self.get_buffer("places")[number, int(name)] = place
