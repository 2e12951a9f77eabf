"""The question and its judge. A task knows no system."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from salus.schema.question import Question


class Task(ABC):
    """What a dataset asks and how an answer is judged.

    Judging has two steps so that intervals are cheap and need no second copy of any metric: `judge` reduces each
    answer to one row of *marks* (a probability per class, a PSNR, counts of true and false spans), and `summarize`
    turns marks and row weights into metrics. A bootstrap resample is a row of weights.

    Both walk the truth: there is one row of marks for every true sample, and an answer that is None or not finite
    gets the marks of the worst possible answer, so that no metric can rise when an answer is taken away.
    """

    kind: ClassVar[str]
    question: Question
    primary: str
    """Name of the headline metric."""
    directions: Mapping[str, int]
    """Every metric that `summarize` returns, in order of display: +1 higher is better, -1 lower is better."""
    columns: tuple[str, ...]
    """Names of the marks, S of them."""

    @abstractmethod
    def decode(self, output: Tensor) -> NDArray[Any]:
        """Turn a network's output `(B, ...)` into answers `(B, ...)`: softmax, threshold, unit."""

    @abstractmethod
    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> NDArray[np.float64]:
        """Reduce N answers to marks `(N, S)`; None or a not finite answer gets the worst marks."""

    @abstractmethod
    def summarize(
        self, marks: NDArray[np.float64], weights: NDArray[np.float64] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Return each metric as `(R,)` for marks `(N, S)` and row weights `(R, N)`; None weighs every row once."""

    def operate(self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any]) -> dict[str, Any]:
        """Fix what may be chosen (threshold, temperature) on *validation* answers; JSON values."""
        return {}

    def score(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> dict[str, float]:
        """Return every metric of N answers against N truths."""
        summary = self.summarize(self.judge(values, truth, operating))
        return {name: float(value[0]) for name, value in summary.items()}

    def stratum(self, target: Any) -> str:
        """Return the class by which folds are balanced; one class for questions without classes."""
        return "all"
