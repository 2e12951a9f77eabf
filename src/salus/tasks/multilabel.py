"""Which of several findings? Each may be there or not, beside any other, and some were never looked for.

Source: the mean over findings of one area under the ROC curve each, as Wang et al. 2017 (ChestX-ray8) report it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.task import Task
from salus.metrics import calibration, confusion, operating_point, ranking
from salus.metrics.weights import Floats, as_weights, ratio, weighted_mean
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question

UNKNOWN = -1.0
"""Mark of a finding that nobody looked for; NaN in a truth."""


class Multilabel(Task):
    """K findings at once; an answer is a probability per finding `(K,)`, a truth `(K,)` holds 1, 0 or NaN (not known).

    Marks: `answered`; `false_positive` and `false_negative` count wrongly called and missed findings; `t_<finding>` is
    the truth (-1 where not known), `p_<finding>` the probability, `d_<finding>` the decision.

    What is not known is left out of its finding's figures and of nothing else. A missing answer misses every finding
    that is there and calls every one that is not: it is ranked last and first, its Brier score is the worst, and its
    set is never right. `auroc`, `average_precision`, `balanced_accuracy`, `f1_macro`, `brier` and `ece` are means over
    findings; a finding without both outcomes has no area under a curve and is left out of that mean.
    """

    kind: ClassVar[str] = "multilabel"

    def __init__(self, question: Question) -> None:
        if not question.classes or len(set(question.classes)) != len(question.classes):
            raise UsageError(f"multilabel needs findings with different names, got {question.classes}")
        self.question = question
        self.findings = question.classes
        self.primary = "auroc"
        self.directions = {
            "auroc": 1,
            "average_precision": 1,
            "balanced_accuracy": 1,
            "f1_macro": 1,
            "exact_match": 1,
            "brier": -1,
            "ece": -1,
        }
        marks = [f"{mark}_{name}" for mark in "tpd" for name in self.findings]
        self.columns = ("answered", "false_positive", "false_negative", *marks)

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Turn logits `(B, K)` into probabilities `(B, K)`.

        Raises:
            ShapeError: Another shape.
        """
        if output.ndim != 2 or output.shape[1] != len(self.findings):
            raise ShapeError(f"output of shape {tuple(output.shape)}: expected (B, {len(self.findings)}) logits")
        return output.detach().double().sigmoid().cpu().numpy()

    def labels(self, truth: Sequence[Any]) -> Floats:
        """Return truths `(N, K)`: 1, 0, or -1 where not known.

        Raises:
            DataError: A target of another length, or with other values.
        """
        count = len(self.findings)
        table = np.full((len(truth), count), UNKNOWN)
        for place, target in enumerate(truth):
            found = target.get("label") if isinstance(target, Mapping) else target
            row = np.asarray(found, dtype=np.float64) if found is not None else np.zeros(0)
            if row.shape != (count,) or not (np.isnan(row) | (row == 0) | (row == 1)).all():
                raise DataError(
                    f"target {found!r} of row {place} is no list of {count} findings; "
                    "give 1 (there), 0 (not there) or NaN (not known) for each"
                )
            table[place] = np.where(np.isnan(row), UNKNOWN, row)
        return table

    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> Floats:
        """Reduce answers to marks `(N, 3 + 3K)`; `operating` may hold `thresholds`, one a finding, else 0.5."""
        labels = self.labels(truth)
        table, answered = self._table(values, labels)
        cuts = (operating or {}).get("thresholds", {})
        limits = np.array([float(cuts.get(name, 0.5)) for name in self.findings])
        called = np.where(answered[:, None], table >= limits, labels != 1).astype(np.float64)
        wrong = ((called == 1) & (labels == 0)).sum(axis=1), ((called == 0) & (labels == 1)).sum(axis=1)
        return np.column_stack([answered, *wrong, labels, table, called]).astype(np.float64)

    def summarize(self, marks: Floats, weights: NDArray[Any] | None = None) -> dict[str, Floats]:
        """Return each metric as `(R,)`, NaN where no finding has what it needs."""
        matrix, count = as_weights(weights, len(marks)), len(self.findings)
        answered = marks[:, 0] > 0
        each: dict[str, list[Floats]] = {name: [] for name in self.directions if name != "exact_match"}
        for place in range(count):
            truth, chance, called = (marks[:, 3 + place + step * count] for step in range(3))
            known = truth >= 0
            found = self._finding(
                truth[known] == 1, chance[known], called[known] == 1, answered[known], matrix[:, known]
            )
            for name, value in found.items():
                each[name].append(value)
        means = {name: confusion.mean_present(np.stack(values, axis=1)) for name, values in each.items()}
        right = (marks[:, 1] + marks[:, 2] == 0) & answered
        means["exact_match"] = weighted_mean(right.astype(np.float64), matrix)
        return {name: means[name] for name in self.directions}

    def _finding(
        self,
        positive: NDArray[np.bool_],
        chance: Floats,
        called: NDArray[np.bool_],
        answered: NDArray[np.bool_],
        matrix: NDArray[Any],
    ) -> dict[str, Floats]:
        """Return the figures of one finding over the rows in which it is known."""
        sure = np.clip(chance, 1e-300, 1 - 2**-53)
        odds = np.where(answered, np.log(sure) - np.log1p(-sure), np.where(positive, -np.inf, np.inf))
        counts = confusion.confusion(positive.astype(np.int64), called.astype(np.int64), 2, matrix)
        missing = matrix[:, ~answered].sum(axis=1) > 0
        error = calibration.calibration_error(chance, positive, matrix)
        precision_recall = ratio(
            2 * counts[:, 1, 1], 2 * counts[:, 1, 1] + counts[:, 0, 1] + counts[:, 1, 0], empty=float("nan")
        )
        return {
            "auroc": ranking.auroc(odds, positive, matrix),
            "average_precision": ranking.average_precision(odds, positive, matrix),
            "balanced_accuracy": confusion.balanced_accuracy(counts),
            "f1_macro": np.where(counts[:, 1].sum(axis=1) > 0, precision_recall, np.nan),
            "brier": weighted_mean((chance - positive) ** 2, matrix),
            "ece": np.where(missing & np.isfinite(error), 1.0, error),
        }

    def operate(self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any]) -> dict[str, Any]:
        """Fix one threshold a finding on validation answers: the best balanced accuracy of that finding."""
        labels = self.labels(truth)
        table, answered = self._table(values, labels)
        cuts = {}
        for place, name in enumerate(self.findings):
            known = answered & (labels[:, place] >= 0)
            cuts[name] = operating_point.youden_threshold(table[known, place], labels[known, place] == 1)
        return {"thresholds": cuts}

    def stratum(self, target: Any) -> str:
        """Return `some` where any finding is there, else `none`: combinations are too many to balance folds by."""
        return "some" if (self.labels([target]) == 1).any() else "none"

    def _table(self, values: Sequence[NDArray[Any] | None], labels: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Return probabilities `(N, K)`, as wrong as can be where there is no answer, and which rows were answered."""
        if len(values) != len(labels):
            raise ShapeError(f"{len(values)} answers for {len(labels)} truths; give one (or None) for each")
        table, answered = (labels != 1).astype(np.float64), np.zeros(len(labels), dtype=bool)
        for place, value in enumerate(values):
            if value is None or not np.isfinite(value).all():
                continue
            row = np.asarray(value, dtype=np.float64)
            if row.shape != (len(self.findings),):
                raise ShapeError(
                    f"answer {place} has shape {row.shape}: expected a probability for each of {len(self.findings)}"
                )
            if row.min() < -1e-6 or row.max() > 1 + 1e-6:
                raise DataError(f"answer {place} has values outside [0, 1]; decode must end in a sigmoid")
            table[place], answered[place] = row.clip(0, 1), True
        return table, answered
