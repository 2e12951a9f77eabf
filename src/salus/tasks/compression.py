"""How few bytes does a picture need, and what is left of it? Rebuilt pictures are judged beside real bytes."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.codec import SEAL_BYTES
from salus.contract.task import Task
from salus.metrics import fidelity
from salus.metrics.weights import Floats, as_weights, weighted_mean
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question

MOST_BITS = 64.0
"""Bits a pixel that a picture without an answer is charged, and the most that any is."""


class Compression(Task):
    """A picture `(1, H, W)` that went through bytes; every metric is a mean over pictures.

    An answer is `(2, H, W)`: the bits that each pixel cost, then the rebuilt picture. The bits sum to those of the
    system's real bytes; what sealing adds to a message (`SEAL_BYTES`) is added here, for every system alike. Pictures
    are clipped to the question's `value_range` before they are judged. Without an answer a picture gets 0 dB, SSIM -1,
    an error of the whole range and 64 bits a pixel.
    """

    kind: ClassVar[str] = "compression"

    def __init__(self, question: Question) -> None:
        if question.value_range is None or not question.value_range[0] < question.value_range[1]:
            raise UsageError(
                f"compression with value_range {question.value_range}: give the lowest and highest value that matter"
            )
        self.question = question
        self.low, self.high = question.value_range
        self.primary = "psnr"
        self.directions = {"psnr": 1, "ssim": 1, "rmse": -1, "bits_per_pixel": -1}
        self.columns = tuple(self.directions)

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Return bits and pictures `(B, 2, H, W)` as float32 arrays."""
        return output.detach().float().cpu().numpy()

    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> Floats:
        """Reduce answers to marks `(N, 4)`; nothing here is chosen on validation.

        Raises:
            ShapeError: An answer that is not two planes of its truth's size.
            DataError: A truth that is not finite.
        """
        if len(values) != len(truth):
            raise ShapeError(f"{len(values)} answers for {len(truth)} truths; give one (or None) for each")
        rows = [self._row(value, np.asarray(target)) for value, target in zip(values, truth, strict=True)]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.columns))

    def summarize(self, marks: Floats, weights: NDArray[Any] | None = None) -> dict[str, Floats]:
        """Return the mean over pictures of each metric as `(R,)`."""
        matrix = as_weights(weights, len(marks))
        return {name: weighted_mean(marks[:, place], matrix) for place, name in enumerate(self.columns)}

    def _row(self, value: NDArray[Any] | None, target: NDArray[Any]) -> tuple[float, ...]:
        span = self.high - self.low
        if not np.isfinite(target).all():
            raise DataError("a picture holds values that are not finite; leave the sample out of the dataset")
        if value is None or not np.isfinite(value).all():
            return 0.0, -1.0, span, MOST_BITS
        if value.shape != (2, *target.shape[-2:]) or target.ndim != 3 or len(target) != 1:
            raise ShapeError(f"answer of shape {value.shape} for a truth of shape {target.shape}; give (2, H, W)")
        image, clean = (np.clip(plane.astype(np.float64), self.low, self.high) for plane in (value[1:], target))
        return (
            max(fidelity.psnr(image, clean, span), 0.0),
            fidelity.ssim(image, clean, span),
            fidelity.rmse(image, clean),
            min(8 * total_bytes(value) / target.size, MOST_BITS),
        )


def total_bytes(value: NDArray[Any]) -> int:
    """Return everything that travels for an answer `(2, H, W)`, once sealed, in bytes."""
    return round(float(np.asarray(value[0], np.float64).sum()) / 8) + SEAL_BYTES
