"""Where is what? One class a voxel, judged by shared voxels, by distances between surfaces and by invented structures.

Choice of measures after Maier-Hein et al. 2024, doi:10.1038/s41592-023-02151-z: an overlap, a boundary distance, and
counts where a structure may be absent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.task import Task
from salus.metrics import overlap
from salus.metrics.confusion import mean_present
from salus.metrics.weights import Floats, as_weights, by_chunk, ratio
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question

TOLERANCE_MM = 1.0
_PER_CLASS = ("there", "answered", "tp", "fp", "fn", "hd95", "surface")


class Segmentation(Task):
    """A class index per voxel; `classes[0]` is the background and is not scored.

    An answer is a mask of class indices in the shape of its truth; leading axes of length one may be left out on
    either side. A truth is such a mask, or holds it as `label` beside `spacing_mm` (one value an axis). Without spacing
    distances count voxels.

    Marks, for each structure: whether it is `there`, whether the image was `answered`, its voxels found (`tp`),
    invented (`fp`) and missed (`fn`), `hd95` in mm, and the share of `surface` within 1 mm (surface Dice).

    Which images count is decided by the truth alone. Where a structure is there, a mask without it has Dice and
    surface Dice 0 and a distance of the image's whole diagonal. Where it is not, the image says nothing about Dice; a
    mask that draws it all the same counts in `false_structures`, and its voxels in `dice_pooled`. A missing answer is a
    mask that misses every voxel that is there and draws every one that is not.
    """

    kind: ClassVar[str] = "segmentation"

    def __init__(self, question: Question) -> None:
        if len(question.classes) < 2 or len(set(question.classes)) != len(question.classes):
            raise UsageError(
                f"segmentation needs a background and structures of different names, got {question.classes}"
            )
        self.question = question
        self.structures = question.classes[1:]
        self.primary = "dice"
        self.directions = {
            "dice": 1,
            "iou": 1,
            "hd95_mm": -1,
            "surface_dice": 1,
            "dice_pooled": 1,
            "false_structures": -1,
        }
        if len(self.structures) > 1:
            self.directions |= {f"dice_{name}": 1 for name in self.structures}
        self.columns = tuple(f"{mark}_{name}" for name in self.structures for mark in _PER_CLASS)

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Turn logits `(B, K, *space)`, or `(B, 1, *space)` for one structure, into masks `(B, *space)`.

        A voxel with a NaN among its logits gets -1, which makes the whole mask a missing answer. Integers are masks
        already; a channel axis of length one is dropped.

        Raises:
            ShapeError: Another number of channels.
        """
        logits = output.detach()
        if not logits.is_floating_point():
            return logits.squeeze(1).cpu().numpy() if logits.ndim > 3 and logits.shape[1] == 1 else logits.cpu().numpy()
        count = len(self.question.classes)
        if logits.ndim < 3 or logits.shape[1] not in ({1, 2} if count == 2 else {count}):
            raise ShapeError(f"output of shape {tuple(logits.shape)}: expected logits (B, {count}, *space)")
        masks = (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(dim=1)
        masks[logits.isnan().any(dim=1)] = -1
        return masks.cpu().numpy()

    def truth(self, target: Any) -> tuple[NDArray[Any], tuple[float, ...]]:
        """Return a target's mask, without leading axes of length one, and its spacing.

        Raises:
            DataError: No mask, values that are no class, or spacing that does not fit.
        """
        spacing = target.get("spacing_mm") if isinstance(target, Mapping) else None
        mask = np.asarray(target.get("label") if isinstance(target, Mapping) else target)
        mask = _bare(mask)
        classes = len(self.question.classes)
        if mask.ndim not in (2, 3) or mask.dtype.kind not in "bui" or not mask.size:
            raise DataError(
                f"truth of shape {mask.shape} and {mask.dtype}: expected a mask of class indices, (D, H, W)"
            )
        if int(mask.min()) < 0 or int(mask.max()) >= classes:
            raise DataError(f"truth with value {int(mask.max())} for {classes} classes; check the labels of the mask")
        steps = tuple(float(step) for step in spacing)[-mask.ndim :] if spacing is not None else (1.0,) * mask.ndim
        if len(steps) != mask.ndim or not np.isfinite(steps).all() or min(steps) <= 0:
            raise DataError(f"spacing {spacing} for a mask of {mask.ndim} axes: expected one value above 0 an axis")
        return mask, steps

    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> Floats:
        """Reduce masks to marks `(N, 7 * structures)`; nothing here is chosen on validation.

        Raises:
            ShapeError: A mask that is not shaped like its truth.
        """
        if len(values) != len(truth):
            raise ShapeError(f"{len(values)} answers for {len(truth)} truths; give one (or None) for each")
        rows = [self._row(value, *self.truth(target)) for value, target in zip(values, truth, strict=True)]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.columns))

    def summarize(self, marks: Floats, weights: NDArray[Any] | None = None) -> dict[str, Floats]:
        """Return each metric as `(R,)`: means over images that hold the structure, then over structures.

        NaN where no image of a resample holds any structure; `false_structures` where every image holds all.
        """
        matrix = as_weights(weights, len(marks))
        table = marks.reshape(len(marks), len(self.structures), len(_PER_CLASS))
        there, answered, tp, fp, fn, distance, surface = (table[:, :, k] for k in range(len(_PER_CLASS)))
        union = np.maximum(tp + fp + fn, 1.0)
        each = {
            "dice": 2 * tp / (union + tp),
            "iou": tp / union,
            "hd95_mm": distance,
            "surface_dice": surface,
        }
        by_class = {name: _mean_where(value, there > 0, matrix) for name, value in each.items()}
        found = {name: mean_present(value) for name, value in by_class.items()}
        found["dice_pooled"] = mean_present(_pooled(tp, fp, fn, matrix))
        invented = (fp > 0) | (answered == 0)
        found["false_structures"] = mean_present(_mean_where(invented.astype(np.float64), there == 0, matrix))
        for place, name in enumerate(self.structures):
            found[f"dice_{name}"] = by_class["dice"][:, place]
        return {name: found[name] for name in self.directions}

    def stratum(self, target: Any) -> str:
        """Return the names of the structures that are there, joined by `+`, or `none`; `all` where no mask was read."""
        if target is None:
            return "all"
        mask, _ = self.truth(target)
        held = [name for place, name in enumerate(self.structures, start=1) if (mask == place).any()]
        return "+".join(held) if held else "none"

    def _row(self, value: NDArray[Any] | None, mask: NDArray[Any], spacing: tuple[float, ...]) -> list[float]:
        worst = overlap.diagonal_mm(mask.shape, spacing)
        answer = None if value is None or not np.isfinite(value).all() else _bare(np.asarray(value), mask.ndim)
        if answer is not None and answer.shape != mask.shape:
            raise ShapeError(f"mask of shape {answer.shape} for a truth of shape {mask.shape}; give the same shape")
        if answer is not None and (answer.min() < 0 or answer.max() >= len(self.question.classes)):
            answer = None
        row: list[float] = []
        for place in range(1, len(self.question.classes)):
            true = mask == place
            size = int(true.sum())
            if answer is None:
                row += [float(size > 0), 0.0, 0.0, mask.size - size, size, worst, 0.0]
                continue
            found = answer == place
            tp, fp, fn = overlap.overlap_counts(found, true)
            distances = overlap.surface_distances(found, true, spacing) if tp + fp and size else None
            row += [float(size > 0), 1.0, tp, fp, fn]
            row += [worst, 0.0] if distances is None else [
                overlap.hd95(distances), overlap.surface_dice(distances, TOLERANCE_MM),
            ]  # fmt: skip
        return row


def _bare(mask: NDArray[Any], axes: int = 2) -> NDArray[Any]:
    """Drop leading axes of length one while there are more than `axes` axes."""
    while mask.ndim > axes and mask.shape[0] == 1:
        mask = mask[0]
    return mask


def _mean_where(values: Floats, counts: NDArray[np.bool_], matrix: NDArray[Any]) -> Floats:
    """Return the weighted mean over images `(N, K)` of those that count, `(R, K)`; NaN where none does."""
    chosen = counts.astype(np.float64)
    kept = np.where(counts, values, 0.0)
    return by_chunk(lambda chunk: ratio(chunk @ kept, chunk @ chosen), matrix)


def _pooled(tp: Floats, fp: Floats, fn: Floats, matrix: NDArray[Any]) -> Floats:
    """Return the Dice of all voxels of all images together, `(R, K)`; NaN for a structure that is nowhere."""

    def pool(chunk: Floats) -> Floats:
        shared, wrong, missed = chunk @ tp, chunk @ fp, chunk @ fn
        return np.where(shared + missed > 0, ratio(2 * shared, 2 * shared + wrong + missed), np.nan)

    return by_chunk(pool, matrix)
