"""How much? A number judged by its error, and by what the error would do to a patient."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.task import Task
from salus.metrics import regression
from salus.metrics.weights import Floats, as_weights, by_chunk, ratio
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question

GLUCOSE = "mg/dL"
_SUMS = (
    "answered",
    "count",
    "absolute",
    "squared",
    "truth",
    "truth_squared",
    "zone_a",
    "zone_ab",
    "crps",
    "covered",
    "width",
)


class Regression(Task):
    """One number; a truth is a number or holds one as `value`, an answer is a number or its quantiles `(Q,)`.

    The question's `value_range` is what an answer can mean: answers are clipped to it. Its `classes` may name the
    quantile levels that an answer gives (`("0.1", "0.5", "0.9")`, 0.5 among them, which is the number that is judged).

    Marks are sums over one row: errors, squared errors, truths. A missing answer counts as the farthest end of the
    range (for each quantile), and as zone E of Clarke's grid, so that leaving one out never helps. No correlation is
    reported, because it could.
    """

    kind: ClassVar[str] = "regression"

    def __init__(self, question: Question) -> None:
        if question.value_range is None or not question.value_range[0] < question.value_range[1]:
            raise UsageError(
                f"{question.kind} with value_range {question.value_range}: give the lowest and highest possible value"
            )
        self.question = question
        self.low, self.high = question.value_range
        self.levels = _levels(question.classes)
        self.primary = "rmse"
        self.directions = {"rmse": -1, "mae": -1, "r2": 1}
        if len(self.levels) > 1:
            # Quantiles put the median in the middle, and the median is the answer of least absolute error.
            self.primary = "mae"
            self.directions |= {"crps": -1, "interval_coverage": 1, "interval_width": -1}
        if question.unit == GLUCOSE:
            self.directions |= {"clarke_a": 1, "clarke_ab": 1}
        self.columns = _SUMS

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Return the numbers `(B, ...)` as float64, in the question's unit; nothing is rounded or clipped."""
        return output.detach().double().cpu().numpy()

    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> Floats:
        """Reduce answers to marks `(N, 11)`; nothing here is chosen on validation.

        Raises:
            ShapeError: Not one answer a truth, or an answer of another shape.
            DataError: A truth that is no number, or lies outside the question's range.
        """
        if len(values) != len(truth):
            raise ShapeError(f"{len(values)} answers for {len(truth)} truths; give one (or None) for each")
        rows = [self._row(value, self.numbers(target)) for value, target in zip(values, truth, strict=True)]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.columns))

    def numbers(self, target: Any) -> Floats:
        """Return the truth as numbers `(H,)`, of which NaN is not judged; here H = 1 and none may be NaN.

        Raises:
            DataError: No finite number, or one outside the question's range.
        """
        value = target.get("value") if isinstance(target, Mapping) else target
        try:
            found = np.asarray(value, dtype=np.float64).reshape(1)
        except (TypeError, ValueError):
            raise DataError(f"target {value!r} is not one number; give the measured value") from None
        if not np.isfinite(found).all():
            raise DataError("a target is missing or not finite; leave the sample out of the dataset")
        return self.checked(found)

    def checked(self, found: Floats) -> Floats:
        """Return truths as they are.

        Raises:
            DataError: One lies outside the question's range, where no answer could reach it.
        """
        known = found[np.isfinite(found)]
        if len(known) and (known.min() < self.low or known.max() > self.high):
            raise DataError(
                f"a target of {known.max() if known.max() > self.high else known.min():g} lies outside "
                f"{self.low:g} to {self.high:g}; widen the question's value_range or correct the target"
            )
        return found

    def summarize(self, marks: Floats, weights: NDArray[Any] | None = None) -> dict[str, Floats]:
        """Return each metric as `(R,)`, every number of every row weighed alike.

        `r2` is NaN where a resample's truths do not differ. `clarke_a` and `clarke_ab` are shares of numbers in zone A,
        and in zones A or B, of Clarke's error grid; `crps` is twice the mean quantile loss;
        `interval_coverage` is the share of truths between the lowest and the highest quantile (best near the distance
        of their levels, not at one), `interval_width` the mean distance of the two.
        """
        sums = by_chunk(lambda chunk: chunk @ marks, as_weights(weights, len(marks)))
        _, count, absolute, squared, total, total_squared, zone_a, zone_ab, ranked, covered, width = sums.T
        found = {
            "mae": ratio(absolute, count),
            "rmse": np.sqrt(ratio(squared, count)),
            "r2": regression.r_squared(squared, count, total, total_squared),
            "crps": ratio(ranked, count),
            "interval_coverage": ratio(covered, count),
            "interval_width": ratio(width, count),
            "clarke_a": ratio(zone_a, count),
            "clarke_ab": ratio(zone_ab, count),
        }
        return {name: found[name] for name in self.directions}

    def _shape(self, length: int) -> tuple[int, ...]:
        return (len(self.levels),) if len(self.levels) > 1 else (length,)

    def _row(self, value: NDArray[Any] | None, target: Floats) -> list[float]:
        known = np.isfinite(target)
        true = target[known]
        head = [float(len(true))]
        tail = [float(true.sum()), float((true**2).sum())]
        if value is None or not np.isfinite(np.asarray(value, dtype=np.float64)).all():
            error = regression.farthest(true, self.low, self.high)
            ends = np.stack([np.full_like(true, self.low), np.full_like(true, self.high)])
            worst = np.maximum(
                *(regression.pinball(true, np.repeat(e[:, None], len(self.levels), 1), self.levels) for e in ends)
            )
            ranked = 2.0 * worst.mean(axis=-1).sum() if len(true) else 0.0
            width = len(true) * (self.high - self.low)
            return [0.0, *head, float(error.sum()), float((error**2).sum()), *tail, 0.0, 0.0, float(ranked), 0.0, width]
        table = np.clip(regression.as_numbers(value, self._shape(len(target))), self.low, self.high)
        quantiles = table.reshape(len(target), len(self.levels))[known]
        middle = quantiles[:, self.levels.index(0.5)]
        error = np.abs(middle - true)
        zones = regression.clarke_zones(true, middle) if self.question.unit == GLUCOSE else np.full(len(true), 4)
        return [
            1.0, *head, float(error.sum()), float((error**2).sum()), *tail, float((zones == 0).sum()),
            float((zones <= 1).sum()), float(regression.crps(true, quantiles, self.levels).sum()),
            *regression.within(true, quantiles),
        ]  # fmt: skip


def _levels(names: Sequence[str]) -> tuple[float, ...]:
    try:
        levels = tuple(float(name) for name in names) or (0.5,)
    except ValueError:
        raise UsageError(f"quantile levels {', '.join(names)}: expected numbers such as 0.1, 0.5, 0.9") from None
    if 0.5 not in levels or list(levels) != sorted(set(levels)) or not 0 < levels[0] <= levels[-1] < 1:
        raise UsageError(f"quantile levels {', '.join(names)}: expected rising numbers in (0, 1) with 0.5 among them")
    return levels
