"""Is it the person they say they are? Scores against everybody enrolled, judged by equal-error rate."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.task import Task
from salus.metrics import verification
from salus.metrics.ranking import auroc
from salus.metrics.weights import CHUNK, Floats, as_weights, ratio
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question

STRANGER = -1
"""The label of a sample whose person is not enrolled: every score of it is an impostor's."""


class Verification(Task):
    """One score for each enrolled person; a truth is the number of the person, -1 for a stranger.

    Every sample claims to be each enrolled person in turn: one genuine score, and impostor scores for the others.
    `identification` asks whether the true person has the highest score. Rates of false accepts and rejects are those
    of the threshold that validation fixed.
    """

    kind: ClassVar[str] = "verification"

    def __init__(self, question: Question) -> None:
        if len(question.classes) < 2:
            raise UsageError(f"{question.kind} of {len(question.classes)} people; enrol at least two")
        self.question = question
        self.classes = question.classes
        self.primary = "eer"
        self.directions = {
            "eer": -1,
            "auroc": 1,
            "identification": 1,
            "false_accept_rate": -1,
            "false_reject_rate": -1,
        }
        self.columns = ("truth", "answered", "threshold", *(f"s_{name}" for name in question.classes))

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Return scores `(B, K)`, float64.

        Raises:
            ShapeError: Not one score for each enrolled person.
        """
        if output.ndim != 2 or output.shape[1] != len(self.classes):
            raise ShapeError(f"output of shape {tuple(output.shape)}: expected (B, {len(self.classes)}) scores")
        return output.detach().double().cpu().numpy()

    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> Floats:
        """Reduce answers to marks `(N, 3 + K)`; a missing answer scores `-inf` for the person and `+inf` for others.

        Raises:
            ShapeError: Not one answer a truth, or an answer of another shape.
            DataError: A truth that is the number of nobody.
        """
        labels = self.labels(truth)
        if len(values) != len(labels):
            raise ShapeError(f"{len(values)} answers for {len(labels)} truths; give one (or None) for each")
        count = len(self.classes)
        table = np.full((len(labels), count), np.inf)
        known = labels >= 0
        table[np.flatnonzero(known), labels[known]] = -np.inf
        answered = np.zeros(len(labels))
        for place, value in enumerate(values):
            if value is None or not np.isfinite(np.asarray(value, dtype=np.float64)).all():
                continue
            row = np.asarray(value, dtype=np.float64)
            if row.shape != (count,):
                raise ShapeError(f"answer {place} has shape {row.shape}: expected a score for each of {count} people")
            table[place], answered[place] = row, 1.0
        threshold = np.full(len(labels), float((operating or {}).get("threshold", 0.0)))
        return np.column_stack([labels, answered, threshold, table]).astype(np.float64)

    def summarize(self, marks: Floats, weights: NDArray[Any] | None = None) -> dict[str, Floats]:
        """Return each metric as `(R,)`; NaN where a resample holds no genuine or no impostor score."""
        matrix = as_weights(weights, len(marks))
        labels, count = marks[:, 0].astype(np.int64), len(self.classes)
        table = marks[:, 3:]
        genuine = labels[:, None] == np.arange(count)
        accepted = table >= marks[:, 2:3]
        first = np.where((marks[:, 1] > 0) & (labels >= 0), table.argmax(axis=1) == labels, 0.0)
        own, others = genuine.sum(axis=1), (~genuine).sum(axis=1)
        step = max(1, CHUNK // max(1, len(marks) * count))
        rates: dict[str, list[Floats]] = {"eer": [], "auroc": []}
        for start in range(0, len(matrix), step):
            spread = np.repeat(matrix[start : start + step], count, axis=1)
            flat, truth = table.ravel(), genuine.ravel()
            rates["eer"].append(verification.equal_error_rate(flat, truth, spread))
            rates["auroc"].append(auroc(flat, truth, spread))
        found = {name: np.concatenate(parts) for name, parts in rates.items()}
        found["identification"] = _share(matrix, first, own)
        found["false_accept_rate"] = _share(matrix, (accepted & ~genuine).sum(axis=1), others)
        found["false_reject_rate"] = _share(matrix, (~accepted & genuine).sum(axis=1), own)
        return {name: found[name] for name in self.directions}

    def operate(self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any]) -> dict[str, Any]:
        """Fix the threshold of equal errors on validation answers; JSON values."""
        marks = self.judge(values, truth)
        marks = marks[marks[:, 1] > 0]
        genuine = marks[:, :1] == np.arange(len(self.classes))
        return {"threshold": verification.equal_error_threshold(marks[:, 3:].ravel(), genuine.ravel())}

    def labels(self, truth: Sequence[Any]) -> NDArray[np.int64]:
        """Return the number of each person, -1 for strangers.

        Raises:
            DataError: A target that is the number of nobody.
        """
        found = []
        for target in truth:
            label = target.get("label") if isinstance(target, Mapping) else target
            if isinstance(label, bool) or not isinstance(label, int | np.integer) or not self._enrolled(int(label)):
                raise DataError(
                    f"target {target!r} is none of the {len(self.classes)} enrolled people; give their number, "
                    f"or {STRANGER} for a stranger"
                )
            found.append(int(label))
        return np.array(found, dtype=np.int64)

    def _enrolled(self, label: int) -> bool:
        return STRANGER <= label < len(self.classes)

    def stratum(self, target: Any) -> str:
        """Return the person's name."""
        label = int(self.labels([target])[0])
        return self.classes[label] if label >= 0 else "stranger"


def _share(matrix: NDArray[Any], hits: NDArray[Any], of: NDArray[Any]) -> Floats:
    return ratio((matrix * hits).sum(axis=1).astype(np.float64), (matrix * of).sum(axis=1).astype(np.float64))
