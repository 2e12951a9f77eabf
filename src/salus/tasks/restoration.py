"""What did the image look like before noise or compression? Images judged by error, structure, edges and texture."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.task import Task
from salus.metrics import fidelity
from salus.metrics.weights import Floats, as_weights, weighted_mean
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question


class Restoration(Task):
    """A clean image `(C, H, W)` (or more leading axes) from a spoilt one; every metric is a mean over images.

    Answers and truths are clipped to the question's `value_range` (the window in which the image is read) before they
    are judged. Marks are the metrics of one image. Without an answer an image gets the worst values that clipped
    images can reach: PSNR 0 dB, SSIM -1, an error of the whole range, and so on.
    """

    kind: ClassVar[str] = "restoration"

    def __init__(self, question: Question) -> None:
        if question.value_range is None or not question.value_range[0] < question.value_range[1]:
            raise UsageError(
                f"restoration with value_range {question.value_range}: give the lowest and highest value that matter"
            )
        self.question = question
        self.low, self.high = question.value_range
        span = self.high - self.low
        self.primary = "psnr"
        self.directions = {"psnr": 1, "ssim": 1, "rmse": -1, "gradient_error": -1, "noise_power_distance": -1}
        self.columns = tuple(self.directions)
        self._worst = (0.0, -1.0, span, span / np.sqrt(2), 1.0)

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Return the images `(B, C, H, W)` as float32 arrays, in the question's unit."""
        return output.detach().float().cpu().numpy()

    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> Floats:
        """Reduce images to marks `(N, 5)`; nothing here is chosen on validation.

        Raises:
            ShapeError: An answer that is not shaped like its truth.
            DataError: A truth that is not finite.
        """
        if len(values) != len(truth):
            raise ShapeError(f"{len(values)} answers for {len(truth)} truths; give one (or None) for each")
        rows = [self._row(value, np.asarray(target)) for value, target in zip(values, truth, strict=True)]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.columns))

    def summarize(self, marks: Floats, weights: NDArray[Any] | None = None) -> dict[str, Floats]:
        """Return the mean over images of each metric as `(R,)`."""
        matrix = as_weights(weights, len(marks))
        return {name: weighted_mean(marks[:, place], matrix) for place, name in enumerate(self.columns)}

    def _row(self, value: NDArray[Any] | None, target: NDArray[Any]) -> tuple[float, ...]:
        if not np.isfinite(target).all():
            raise DataError("a clean image holds values that are not finite; leave the sample out of the dataset")
        if value is None or not np.isfinite(value).all():
            return self._worst
        if value.shape != target.shape:
            raise ShapeError(f"answer of shape {value.shape} for a truth of shape {target.shape}; give the same shape")
        image, clean = (np.clip(array.astype(np.float64), self.low, self.high) for array in (value, target))
        span = self.high - self.low
        return (
            max(fidelity.psnr(image, clean, span), 0.0),
            fidelity.ssim(image, clean, span),
            fidelity.rmse(image, clean),
            fidelity.gradient_error(image, clean),
            fidelity.noise_power_distance(image, clean),
        )
