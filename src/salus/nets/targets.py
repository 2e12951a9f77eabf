"""Targets of questions about rows, as tensors: a class, a number, or several findings."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from salus.contract.dataset import ListDataset
from salus.nets.tabular import count_labels, label_tensor
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample


def target_tensors(samples: Sequence[Sample], question: Question) -> dict[str, Tensor]:
    """Return `label (B,)` int64, `value (B,)` float64, or `findings (B, K)` float64 with NaN where not known.

    Empty where any sample has no target.

    Raises:
        DataError: A target that does not answer the question.
    """
    if question.kind == "classification":
        labels = label_tensor(samples, question.classes)
        return {} if labels is None else {"label": labels}
    several = question.kind == "multilabel"
    found = [_number(sample, len(question.classes) if several else 0) for sample in samples]
    known = [row for row in found if row is not None]
    if len(known) < len(samples):
        return {}
    return {"findings" if several else "value": torch.from_numpy(np.stack(known))}


def check_targets(samples: Sequence[Sample]) -> dict[str, float]:
    """Check a training part's targets; return `mean` and `scale` of numbers, nothing for classes and findings.

    Raises:
        DataError: A sample without target, fewer than two classes, or numbers that are all alike.
    """
    for sample in samples:
        if sample.target is None:
            raise DataError(f"sample {sample.id!r} has no target; training needs one for each")
    first = _bare(samples[0]) if samples else None
    if first is None or isinstance(first, int | np.integer):
        count_labels(ListDataset(samples))
        return {}
    if np.ndim(first):
        return {}
    values = np.array([_number(sample, 0) for sample in samples], dtype=np.float64)
    if np.ptp(values) == 0:
        raise DataError(f"every training target is {values[0]:g}; there is nothing to learn")
    return {"mean": float(values.mean()), "scale": float(values.std())}


def _number(sample: Sample, count: int) -> Any:
    found = _bare(sample)
    if found is None:
        return None
    try:
        row = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        row = np.zeros((0, 0))
    wrong = row.shape != ((count,) if count else ()) or (not count and not np.isfinite(row).all())
    if wrong or np.isinf(row).any():
        wanted = f"a list of {count} findings" if count else "one finite number"
        raise DataError(f"sample {sample.id!r}: target {found!r} is not {wanted}; correct it or leave the sample out")
    return row


def _bare(sample: Sample) -> Any:
    target = sample.target
    return target.get("label", target.get("value")) if isinstance(target, Mapping) else target
