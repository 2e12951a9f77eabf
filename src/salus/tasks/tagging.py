"""Which words name what? Tags judged by the spans they draw."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.task import Task
from salus.metrics import spans
from salus.metrics.weights import Floats, as_weights, by_chunk, ratio
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question

_TOTALS = ("answered", "tp", "fp", "fn", "relaxed_found", "relaxed_true", "tokens", "tokens_right")


class Tagging(Task):
    """One IOB2 tag a token; answers and truths are tag indices `(T,)`.

    An answer is cut to the truth's length; where it is shorter, or holds -1, the token counts as untagged and wrong.
    Marks are counts of one sentence: `tp`, `fp`, `fn` are strict (right borders, right type), `relaxed_found` and
    `relaxed_true` are found and true spans that overlap one of their type on the other side, and `tp_<type>`,
    `fp_<type>`, `fn_<type>` are the strict counts of one type.

    Without an answer all true spans are missed, no token is right and every token is a spurious span (of each type in
    that type's own counts), which is at least as bad as any answer.
    """

    kind: ClassVar[str] = "tagging"

    def __init__(self, question: Question) -> None:
        self.types = spans.types(question.classes)
        if "O" not in question.classes or not self.types:
            raise UsageError(f"tagging needs IOB2 tags such as O, B-drug, I-drug; got {question.classes}")
        self.question = question
        self.outside = question.classes.index("O")
        self.primary = "f1"
        self.directions = {
            "f1": 1,
            "precision": 1,
            "recall": 1,
            "f1_relaxed": 1,
            "precision_relaxed": 1,
            "recall_relaxed": 1,
            "token_accuracy": 1,
        }
        self.columns = (*_TOTALS, *(f"{count}_{name}" for name in self.types for count in ("tp", "fp", "fn")))

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Turn logits `(B, T, K)` into tag indices `(B, T)`; integers `(B, T)` are tags already.

        Raises:
            ShapeError: Another shape.
        """
        if output.ndim == 2 and not output.is_floating_point():
            return output.detach().cpu().numpy()
        if output.ndim != 3 or output.shape[2] != len(self.question.classes):
            raise ShapeError(
                f"output of shape {tuple(output.shape)}: expected logits (B, T, {len(self.question.classes)})"
            )
        tags = output.detach().argmax(dim=2)
        tags[output.detach().isnan().any(dim=2)] = -1
        return tags.cpu().numpy()

    def names(self, indices: NDArray[Any]) -> list[str]:
        """Return the tags that indices `(T,)` stand for; -1 is read as `O`.

        Raises:
            DataError: An index that is no tag.
        """
        tags = self.question.classes
        if len(indices) and (indices.max() >= len(tags) or indices.min() < -1):
            raise DataError(f"tag index {int(indices.max())} of {len(tags)} tags; check the order of the classes")
        return [tags[i] if i >= 0 else "O" for i in indices.astype(np.int64)]

    def judge(
        self, values: Sequence[NDArray[Any] | None], truth: Sequence[Any], operating: Mapping[str, Any] | None = None
    ) -> Floats:
        """Reduce answers to counts `(N, 8 + 3 * types)`; nothing here is chosen on validation."""
        if len(values) != len(truth):
            raise ShapeError(f"{len(values)} answers for {len(truth)} truths; give one (or None) for each")
        rows = [self._row(value, np.asarray(target)) for value, target in zip(values, truth, strict=True)]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.columns))

    def summarize(self, marks: Floats, weights: NDArray[Any] | None = None) -> dict[str, Floats]:
        """Return each metric as `(R,)`, spans of all types and sentences pooled.

        Recall and F1 are NaN where a resample holds no true span; precision is zero where nothing was found.
        """
        sums = by_chunk(lambda chunk: chunk @ marks, as_weights(weights, len(marks)))
        _, tp, fp, fn, relaxed_found, relaxed_true, tokens, tokens_right = sums[:, : len(_TOTALS)].T
        strict = _precision_recall(tp, tp, tp + fp, tp + fn)
        relaxed = _precision_recall(relaxed_found, relaxed_true, tp + fp, tp + fn)
        return {
            "f1": strict[2],
            "precision": strict[0],
            "recall": strict[1],
            "f1_relaxed": relaxed[2],
            "precision_relaxed": relaxed[0],
            "recall_relaxed": relaxed[1],
            "token_accuracy": ratio(tokens_right, tokens),
        }

    def by_type(self, marks: Floats, weights: NDArray[Any] | None = None) -> dict[str, dict[str, Floats]]:
        """Return strict `precision`, `recall` and `f1` of each type as `(R,)`."""
        sums = by_chunk(lambda chunk: chunk @ marks, as_weights(weights, len(marks)))
        found = {}
        for place, name in enumerate(self.types):
            tp, fp, fn = sums[:, len(_TOTALS) + 3 * place : len(_TOTALS) + 3 * place + 3].T
            found[name] = dict(
                zip(("precision", "recall", "f1"), _precision_recall(tp, tp, tp + fp, tp + fn), strict=True)
            )
        return found

    def _row(self, value: NDArray[Any] | None, target: NDArray[Any]) -> list[float]:
        if target.ndim != 1 or (len(target) and target.min() < 0):
            raise DataError(f"target of shape {target.shape}: expected one tag index for each token, none negative")
        true, length = spans.spans(self.names(target)), len(target)
        if value is None or not np.isfinite(value).all():
            row: list[float] = [0, 0, length, len(true), 0, 0, length, 0]
            for name in self.types:
                row += [0, length, sum(span[2] == name for span in true)]
            return row
        answer = np.full(length, -1, dtype=np.int64)
        given = np.asarray(value)[:length]
        answer[: len(given)] = given
        found = spans.spans(self.names(answer))
        right = spans.strict_matches(found, true)
        relaxed = spans.relaxed_matches(found, true)
        row = [1, len(right), len(found) - len(right), len(true) - len(right), *relaxed, length]
        row.append(int((answer == target).sum()))
        for name in self.types:
            hits = sum(span[2] == name for span in right)
            row += [hits, sum(s[2] == name for s in found) - hits, sum(s[2] == name for s in true) - hits]
        return row


def _precision_recall(found_right: Floats, true_reached: Floats, found: Floats, true: Floats) -> list[Floats]:
    """Return precision, recall and their harmonic mean."""
    precision, recall = ratio(found_right, found, empty=0.0), ratio(true_reached, true)
    harmonic = ratio(2 * precision * recall, precision + recall, empty=0.0)
    return [precision, recall, np.where(true > 0, harmonic, np.nan)]
