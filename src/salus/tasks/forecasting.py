"""What comes next? Future values at even steps, judged as numbers are."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from salus.metrics.weights import Floats
from salus.schema.errors import DataError
from salus.tasks.regression import Regression


class Forecasting(Regression):
    """H future values; a truth is `(H,)` or holds it as `values`, an answer is `(H,)` or its quantiles `(H, Q)`.

    A future value that was not measured (NaN) is not judged; a truth without any is refused. All else, a missing answer
    above all, is as in `Regression`: a forecast with one value that is not finite counts as none.
    """

    kind: ClassVar[str] = "forecasting"

    def numbers(self, target: Any) -> Floats:
        """Return the future values `(H,)`.

        Raises:
            DataError: Not a row of numbers, all of them missing, or one outside the question's range.
        """
        value = target.get("values") if isinstance(target, Mapping) else target
        try:
            found = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            found = np.zeros(0)
        if found.ndim != 1 or not np.isfinite(found).any() or np.isinf(found).any():
            raise DataError(
                f"a target of shape {found.shape} holds no future value; leave the sample out of the dataset"
            )
        return self.checked(found)

    def _shape(self, length: int) -> tuple[int, ...]:
        return (length, len(self.levels)) if len(self.levels) > 1 else (length,)
