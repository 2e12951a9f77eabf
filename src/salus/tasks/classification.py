"""Which class? Probabilities judged by ranking, by decision and by calibration."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.task import Task
from salus.data.few_labels import NO_LABEL
from salus.metrics import calibration, confusion, operating_point, ranking
from salus.metrics.weights import Floats, as_weights
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question

_BINARY = {
    "auroc": 1,
    "average_precision": 1,
    "balanced_accuracy": 1,
    "accuracy": 1,
    "f1_macro": 1,
    "sensitivity": 1,
    "specificity": 1,
    "specificity_at_95_sensitivity": 1,
    "brier": -1,
    "ece": -1,
}
_SEVERAL = {"auroc": 1, "balanced_accuracy": 1, "accuracy": 1, "f1_macro": 1, "brier": -1, "ece": -1}


class Classification(Task):
    """One class out of K; an answer is a probability per class `(K,)`, a truth is an index or holds one as `label`.

    Marks: `truth` and `predicted` are class indices (`predicted` -1 where there is no answer), `answered` is 0 or 1,
    `p_<class>` are probabilities after temperature. Without an answer all probability lies on a wrong class.

    A missing answer counts as follows. Ranking: a positive is never retrieved, a negative outranks every positive.
    Decisions: a false negative of its class and a false positive of every other. Brier score: the worst there is.
    Calibration error: 1 for the whole set, because an average over the rest could fall when a badly calibrated answer
    is left out.
    """

    kind: ClassVar[str] = "classification"

    def __init__(self, question: Question) -> None:
        if len(question.classes) < 2 or len(set(question.classes)) != len(question.classes):
            raise UsageError(f"{question.kind} needs at least two different classes, got {question.classes}")
        if question.positive and question.positive not in question.classes:
            raise UsageError(f"positive class {question.positive!r} is not among {', '.join(question.classes)}")
        self.question = question
        self.classes = question.classes
        self.binary = len(self.classes) == 2
        self.positive = self.classes.index(question.positive or self.classes[-1])
        self.primary = "auroc"
        self.directions = dict(_BINARY if self.binary else _SEVERAL)
        self.columns = ("truth", "answered", "predicted", *(f"p_{name}" for name in self.classes))

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Turn logits `(B, K)`, or one logit of the positive class `(B,)` or `(B, 1)`, into probabilities `(B, K)`.

        Raises:
            ShapeError: Another shape.
        """
        logits = output.detach().double()  # a probability near one keeps its distance from one
        if self.binary and (logits.ndim == 1 or (logits.ndim == 2 and logits.shape[1] == 1)):
            columns = [torch.zeros_like(logits.reshape(-1))] * 2
            columns[self.positive] = logits.reshape(-1)
            logits = torch.stack(columns, dim=1)
        if logits.ndim != 2 or logits.shape[1] != len(self.classes):
            raise ShapeError(f"output of shape {tuple(output.shape)}: expected (B, {len(self.classes)}) logits")
        return logits.softmax(dim=1).cpu().numpy()

    def labels(self, truth: Sequence[Any]) -> NDArray[np.int64]:
        """Return class indices `(N,)`.

        Raises:
            DataError: A target without a label, or with one that is no class.
        """
        found = [target.get("label") if isinstance(target, Mapping) else target for target in truth]
        for place, label in enumerate(found):
            if not isinstance(label, int | np.integer) or not 0 <= label < len(self.classes):
                raise DataError(
                    f"target {label!r} of row {place} is no class index below {len(self.classes)}; "
                    f"give the index of one of {', '.join(self.classes)}"
                )
        return np.array(found, dtype=np.int64)

    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> Floats:
        """Reduce answers to marks `(N, 3 + K)`.

        `operating` may hold `temperature`, `threshold` (of the positive class, binary questions only), and
        `target_sensitivity`, which chooses `threshold_at_sensitivity` in place of `threshold`.
        """
        labels, chosen = self.labels(truth), operating or {}
        table, answered = self._table(values, labels)
        table[answered] = _tempered(table[answered], float(chosen.get("temperature", 1.0)))
        predicted = table.argmax(axis=1)
        if self.binary:
            key = "threshold_at_sensitivity" if "target_sensitivity" in chosen else "threshold"
            called = table[:, self.positive] >= float(chosen.get(key, 0.5))
            predicted = np.where(called, self.positive, 1 - self.positive)
        predicted[~answered] = -1
        return np.column_stack([labels, answered, predicted, table]).astype(np.float64)

    def summarize(self, marks: Floats, weights: NDArray[Any] | None = None) -> dict[str, Floats]:
        """Return each metric as `(R,)`.

        With more than two classes `auroc` is the mean over classes of one against the rest, and `ece` asks of the
        likeliest class; with two, `ece` and `brier` ask of the positive one. NaN where a resample holds one class.
        """
        matrix = as_weights(weights, len(marks))
        truth, answered, predicted = marks[:, 0].astype(np.int64), marks[:, 1] > 0, marks[:, 2].astype(np.int64)
        table = marks[:, 3 : 3 + len(self.classes)]
        counts = confusion.confusion(truth, predicted, len(self.classes), matrix)
        found = {
            "balanced_accuracy": confusion.balanced_accuracy(counts),
            "accuracy": confusion.accuracy(counts),
            "f1_macro": confusion.f1_macro(counts),
            "brier": calibration.brier(table, truth, matrix),
            "ece": self._calibration_error(table, truth, answered, matrix),
        }
        if self.binary:
            scores, positive = self.ranks(marks, self.positive), truth == self.positive
            found["auroc"] = ranking.auroc(scores, positive, matrix)
            found["average_precision"] = ranking.average_precision(scores, positive, matrix)
            found["sensitivity"] = confusion.sensitivity(counts, self.positive)
            found["specificity"] = confusion.specificity(counts, self.positive)
            found["specificity_at_95_sensitivity"] = ranking.specificity_at_sensitivity(scores, positive, 0.95, matrix)
        else:
            areas = [ranking.auroc(self.ranks(marks, k), truth == k, matrix) for k in range(len(self.classes))]
            found["auroc"] = confusion.mean_present(np.stack(areas, axis=1))
        found.update(self._extra(counts, marks, matrix))
        return {name: found[name] for name in self.directions}

    def ranks(self, marks: Floats, index: int) -> Floats:
        """Return the log-odds of class `index` by which marks `(N, 3 + K)` are ranked, `(N,)`.

        Without an answer `-inf` if the row is of that class, `+inf` if not. The odds come from both sides'
        probabilities, so that answers which differ only beyond the last digit of 0.999... are still told apart.
        """
        table = np.maximum(marks[:, 3 : 3 + len(self.classes)], 1e-300)
        odds = np.log(table[:, index]) - np.log(np.delete(table, index, axis=1).sum(axis=1))
        return np.where(marks[:, 1] > 0, odds, np.where(marks[:, 0] == index, -np.inf, np.inf))

    def operate(self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any]) -> dict[str, Any]:
        """Fix temperature and, for two classes, thresholds on validation answers.

        Returns:
            `temperature`; for two classes also `threshold` (best balanced accuracy) and `threshold_at_sensitivity`
            (highest that still finds 95 % of the positives). Both apply to the tempered probability.
        """
        labels = self.labels(truth)
        table, answered = self._table(values, labels)
        table, labels = table[answered], labels[answered]
        temperature = operating_point.temperature(table, labels)
        chosen: dict[str, Any] = {"temperature": temperature}
        if self.binary:
            probability, positive = _tempered(table, temperature)[:, self.positive], labels == self.positive
            chosen["threshold"] = operating_point.youden_threshold(probability, positive)
            chosen["threshold_at_sensitivity"] = operating_point.sensitivity_threshold(probability, positive, 0.95)
        return chosen

    def stratum(self, target: Any) -> str:
        """Return the name of the target's class; a sample without target is of none of them."""
        return NO_LABEL if target is None else self.classes[int(self.labels([target])[0])]

    def _extra(self, counts: Floats, marks: Floats, matrix: NDArray[Any]) -> dict[str, Floats]:
        """Return further metrics of confusion matrices or marks, for kinds of question that add some."""
        return {}

    def _table(
        self, values: Sequence[NDArray[Any] | None], labels: NDArray[np.int64]
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Return probabilities `(N, K)` that sum to one, and which rows were answered."""
        count = len(self.classes)
        if len(values) != len(labels):
            raise ShapeError(f"{len(values)} answers for {len(labels)} truths; give one (or None) for each")
        table = np.zeros((len(labels), count))
        table[np.arange(len(labels)), np.where(labels == 0, 1, 0)] = 1.0
        answered = np.zeros(len(labels), dtype=bool)
        for place, value in enumerate(values):
            if value is None or not np.isfinite(value).all():
                continue
            row = np.asarray(value, dtype=np.float64)
            if row.shape != (count,):
                raise ShapeError(f"answer {place} has shape {row.shape}: expected a probability for each of {count}")
            if row.min() < -1e-6 or abs(row.sum() - 1) > 1e-2:
                raise DataError(f"answer {place} is {row}, which is no distribution; decode must end in a softmax")
            table[place], answered[place] = np.maximum(row, 0) / np.maximum(row, 0).sum(), True
        return table, answered

    def _calibration_error(
        self, table: Floats, truth: NDArray[np.int64], answered: NDArray[np.bool_], matrix: NDArray[Any]
    ) -> Floats:
        if self.binary:
            probability, outcome = table[:, self.positive], truth == self.positive
        else:
            probability, outcome = table.max(axis=1), table.argmax(axis=1) == truth
        missing = matrix[:, ~answered].sum(axis=1) > 0
        return np.where(missing, 1.0, calibration.calibration_error(probability, outcome, matrix))


def _tempered(table: Floats, temperature: float) -> Floats:
    return table if temperature == 1.0 else operating_point.tempered(table, temperature)
