"""Which of several ordered classes? A grade: far misses cost more than near ones."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from salus.metrics import confusion, ranking
from salus.metrics.weights import Floats
from salus.schema.question import Question
from salus.tasks.classification import Classification

_STEP = 0.05
_ROUNDS = 10


class Ordinal(Classification):
    """Classification whose classes stand in order; the headline is kappa with quadratic weights.

    Where the question names a positive class, the ordered classes from it on are one finding ("referable from grade 2
    on"), and `auroc_from` ranks by their joint probability.

    Rows without an answer get the answers that make kappa smallest (`salus.metrics.confusion.quadratic_kappa`).
    """

    kind: ClassVar[str] = "ordinal"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.primary = "kappa_quadratic"
        self.directions = {"kappa_quadratic": 1, **self.directions}
        self.cumulative = bool(question.positive) and self.positive > 0 and not self.binary
        if self.cumulative:
            self.directions["auroc_from"] = 1

    def operate(self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any]) -> dict[str, Any]:
        """Fix on validation answers what `Classification` does, and the cut points between classes.

        Returns:
            `temperature`, and `cuts`: K - 1 points on the expected class (after temperature) that give the largest
            quadratic kappa; absent where validation holds fewer than two classes.
        """
        chosen = super().operate(values, truth)
        marks = self.judge(values, truth, {"temperature": chosen["temperature"]})
        marks = marks[marks[:, 1] > 0]
        labels = marks[:, 0].astype(np.int64)
        if self.binary or len(np.unique(labels)) < 2:
            return chosen
        return {**chosen, "cuts": _best_cuts(self._expected(marks), labels, len(self.classes))}

    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> Floats:
        """Reduce answers to marks `(N, 3 + K)`; `operating` may hold `cuts`, which then decide the class."""
        marks = super().judge(values, truth, operating)
        cuts = (operating or {}).get("cuts")
        if cuts:
            called = np.searchsorted(np.asarray(cuts, dtype=np.float64), self._expected(marks), side="right")
            marks[:, 2] = np.where(marks[:, 1] > 0, called, -1)
        return marks

    def _expected(self, marks: Floats) -> Floats:
        table: Floats = marks[:, 3 : 3 + len(self.classes)]
        return table @ np.arange(len(self.classes), dtype=np.float64)

    def _extra(self, counts: Floats, marks: Floats, matrix: NDArray[Any]) -> dict[str, Floats]:
        found = {"kappa_quadratic": confusion.quadratic_kappa(counts)}
        if self.cumulative:
            table = np.maximum(marks[:, 3 : 3 + len(self.classes)], 1e-300)
            odds = np.log(table[:, self.positive :].sum(axis=1)) - np.log(table[:, : self.positive].sum(axis=1))
            there = marks[:, 0] >= self.positive
            scores = np.where(marks[:, 1] > 0, odds, np.where(there, -np.inf, np.inf))
            found["auroc_from"] = ranking.auroc(scores, there, matrix)
        return found


def _best_cuts(expected: Floats, labels: NDArray[np.int64], classes: int) -> list[float]:
    """Move one cut at a time to its best place until none moves; of equal places the one next to the middle wins."""
    middles: Floats = np.arange(classes - 1, dtype=np.float64) + 0.5
    cuts = middles.copy()
    places: Floats = np.arange(_STEP, classes - 1, _STEP)

    def kappa(tried: Floats) -> float:
        counts = np.zeros((1, classes, classes + 1))
        np.add.at(counts[0], (labels, np.searchsorted(tried, expected, side="right")), 1.0)
        return float(confusion.quadratic_kappa(counts)[0])

    best = kappa(cuts)
    for _ in range(_ROUNDS):
        before = cuts.copy()
        for number in range(classes - 1):
            low = cuts[number - 1] if number else 0.0
            high = cuts[number + 1] if number + 2 < classes else classes - 1.0
            for place in sorted(places[(places > low) & (places < high)], key=lambda p: abs(p - middles[number])):
                tried = cuts.copy()
                tried[number] = place
                found = kappa(tried)
                if found > best + 1e-12:
                    best, cuts = found, tried
        if np.array_equal(cuts, before):
            break
    return [round(float(cut), 4) for cut in cuts]
