"""Checks of the study `birnn_events` that are no training: the scorer, kinds of errors, types of the case reports."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from salus.evaluate.predict import answers
from salus.metrics.spans import Span, error_classes, relaxed_matches, spans, strict_matches
from salus.schema.question import Question
from salus.study.context import CheckContext, CheckRow, TrainedCell
from salus.tasks.registry import make

SEQUENCES = 1000
FEW = 30


def scorer(context: CheckContext) -> list[CheckRow]:
    """Compare the task's strict counts with a walk by conlleval's rules on random tag sequences, illegal ones too."""
    rng = np.random.default_rng(1000)
    classes = ("O", "B-a", "I-a", "B-b", "I-b", "B-c", "I-c")
    task = make(Question(kind="tagging", classes=classes))
    equal, mentions = 0, 0
    for _ in range(SEQUENCES):
        length = int(rng.integers(1, 30))
        truth, found = rng.integers(0, len(classes), (2, length))
        copied = rng.random(length) < 0.6
        found[copied] = truth[copied]
        row = dict(zip(task.columns, task.judge([found], [truth])[0], strict=True))
        right, given, true = conlleval([classes[tag] for tag in found], [classes[tag] for tag in truth])
        equal += (row["tp"], row["tp"] + row["fp"], row["tp"] + row["fn"]) == (right, given, true)
        mentions += true
    return [
        CheckRow(
            kind="M",
            text=f"own scorer counts as conlleval does on {SEQUENCES} random tag sequences",
            figure=f"{equal} of {SEQUENCES} equal, {mentions} true mentions in all",
            met=equal == SEQUENCES,
        )
    ]


def errors(context: CheckContext) -> list[CheckRow]:
    """Print strict and relaxed F1 and what kinds of errors the tagger and the random field make."""
    rows = []
    for part in ("bc5cdr", "ncbi"):
        for arm in ("birnn_events", "window_crf"):
            counts: Counter[str] = Counter()
            for cell in context.systems(part, arm):
                for found, true, _ in _answered(cell):
                    counts.update(error_classes(found, true))
                    counts.update(right=len(strict_matches(found, true)), found=len(found), true=len(true))
                    hit, reached = relaxed_matches(found, true)
                    counts.update(hit=hit, reached=reached)
                counts["cells"] += 1
            rows.append(CheckRow(kind="R", text=f"{part}, {arm}: errors a training", figure=_error_figure(counts)))
    return rows


def types(context: CheckContext) -> list[CheckRow]:
    """Print strict F1 of each type of the case reports; mentions that tags cannot hold count as missed."""
    cells = list(context.systems("maccrobat", "birnn_events"))
    if not cells:
        return [CheckRow(kind="R", text="case reports by type", figure="no training")]
    totals = [_by_type(cell) for cell in cells]
    support = {kind: right + missed for kind, (right, _, missed) in totals[0].items()}
    rows, few = [], []
    for kind in sorted(support, key=lambda name: (-support[name], name)):
        if support[kind] < FEW:
            few.append(f"{kind} ({support[kind]})")
            continue
        scores = [_f1(*total[kind]) for total in totals]
        figure = f"F1 {np.mean(scores):.3f} ({min(scores):.3f} to {max(scores):.3f}), {support[kind]} mentions"
        rows.append(CheckRow(kind="R", text=f"case reports, {kind}", figure=figure))
    whole = [_f1(*np.sum(list(total.values()), axis=0)) for total in totals]
    lost = sum(len(cells[0].test[i].meta["unreachable"]) for i in range(len(cells[0].test)))
    rows.insert(
        0,
        CheckRow(
            kind="R",
            text="case reports, all types, with mentions that IOB cannot hold counted as missed",
            figure=f"F1 {np.mean(whole):.3f}, {sum(support.values())} mentions, {lost} of them out of reach",
        ),
    )
    if few:
        rows.append(CheckRow(kind="R", text=f"no claim: under {FEW} mentions in the test part", figure=", ".join(few)))
    return rows


def conlleval(found: Sequence[str], true: Sequence[str]) -> tuple[int, int, int]:
    """Return right, found and true mentions of one sequence, walking both columns at once.

    A mention opens at `B`, or at `I` where the tag before is `O` or of another type, and closes where the next tag is
    `O`, `B` or of another type. It is right if both columns open and close it at the same places with the same type.

    Source:
        Rules of the CoNLL-2003 shared task's scorer (Tjong Kim Sang and De Meulder 2003).
    """
    right = 0
    opened = [0, 0]
    running = False
    before = ("O", "O")
    for pair in [*zip(found, true, strict=True), ("O", "O")]:
        closes = [_closes(old, new) for old, new in zip(before, pair, strict=True)]
        if running and all(closes):
            right += 1
            running = False
        elif running and any(closes):
            running = False
        opens = [_opens(old, new) for old, new in zip(before, pair, strict=True)]
        if all(opens) and pair[0][2:] == pair[1][2:]:
            running = True
        opened = [count + new for count, new in zip(opened, opens, strict=True)]
        before = pair
    return right, opened[0], opened[1]


def _opens(old: str, new: str) -> bool:
    return new[0] == "B" or (new[0] == "I" and (old == "O" or old[2:] != new[2:]))


def _closes(old: str, new: str) -> bool:
    return old != "O" and (new[0] in "OB" or old[2:] != new[2:])


def _answered(cell: TrainedCell) -> list[tuple[list[Span], list[Span], tuple[str, ...]]]:
    """Return found spans, true spans and types out of reach, for each test sample."""
    names = cell.system.task.question.classes
    given = answers(cell.system, cell.test)
    rows = []
    for place, (value, target) in enumerate(zip(given.values, given.truth, strict=True)):
        found = [] if value is None else spans(_named(value[: len(target)], names))
        rows.append((found, spans(_named(target, names)), cell.test[place].meta.get("unreachable", ())))
    return rows


def _named(tags: NDArray[np.int64], names: Sequence[str]) -> list[str]:
    return [names[tag] if tag >= 0 else "O" for tag in tags]


def _by_type(cell: TrainedCell) -> dict[str, tuple[int, int, int]]:
    """Return right, spurious and missed mentions of each type."""
    counts: dict[str, NDArray[np.int64]] = {}
    for found, true, unreachable in _answered(cell):
        right = strict_matches(found, true)
        for kind in (*(s[2] for s in (*found, *true)), *unreachable):
            counts.setdefault(kind, np.zeros(3, np.int64))
        for span in right:
            counts[span[2]][0] += 1
        for span in set(found) - right:
            counts[span[2]][1] += 1
        for span in set(true) - right:
            counts[span[2]][2] += 1
        for kind in unreachable:
            counts[kind][2] += 1
    return {kind: (int(row[0]), int(row[1]), int(row[2])) for kind, row in counts.items()}


def _f1(right: float, spurious: float, missed: float) -> float:
    return 2 * right / max(2 * right + spurious + missed, 1)


def _error_figure(counts: Counter[str]) -> str:
    cells = max(counts["cells"], 1)
    strict = _f1(counts["right"], counts["found"] - counts["right"], counts["true"] - counts["right"])
    precision, recall = counts["hit"] / max(counts["found"], 1), counts["reached"] / max(counts["true"], 1)
    relaxed = 2 * precision * recall / max(precision + recall, 1e-12)
    kinds = ", ".join(
        f"{counts[name] / cells:.0f} {name.replace('_', ' ')}"
        for name in ("missed", "spurious", "wrong_border", "wrong_type")
    )
    return f"F1 {strict:.3f} strict, {relaxed:.3f} relaxed; {kinds} of {counts['true'] / cells:.0f} mentions"
