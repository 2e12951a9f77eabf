"""What knowing people and finding misuse owe beside their scores: each person, strangers, and false denials."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.data.cohort import peek
from salus.data.library import load
from salus.data.suit import suit
from salus.metrics.verification import equal_error_rate
from salus.schema.sample import Sample
from salus.study.context import CheckContext, CheckRow
from salus.study.prepare import prepare
from salus.systems.cnn.access_trust import AccessTrust

ROTATIONS = ("gait_0", "gait_1", "gait_2")
FALSE_DENIALS = 0.01
RESAMPLES = 1000
_Z = 1.645
"""One-sided 95 % of the normal distribution, for the bound on false denials."""

Floats = NDArray[np.float64]


def each_person(context: CheckContext) -> list[CheckRow]:
    """Print the equal-error rate of each person: who claims to be them, themselves and everybody else."""
    rows = []
    for arm, label in (("access_trust", "network"), ("spectra_lda", "discriminants")):
        found: dict[str, list[float]] = {}
        for part in ROTATIONS:
            for marks in _marks(context, part, arm):
                names = context.dataset(part).question.classes
                for number, name in enumerate(names):
                    scores, own = marks.table[:, 3 + number], marks.table[:, 0] == number
                    found.setdefault(name, []).append(float(equal_error_rate(scores, own)[0]))
        text = ", ".join(f"{name.removeprefix('person ')}: {np.mean(rates):.3f}" for name, rates in found.items())
        rows.append(
            CheckRow(
                kind="R",
                text=f"{label}: equal-error rate of each person, mean over rotations and seeds",
                figure=text or "no training",
            )
        )
    return rows


def open_set(context: CheckContext) -> list[CheckRow]:
    """Enrol four people the network never trained on, and verify them among all eleven."""
    everybody = load("umafall_gait", {**context.part("open_set").options, "people": "all"})
    names, known = everybody.question.classes, len(context.dataset("open_set").question.classes)
    new_rates: list[float] = []
    known_rates: list[float] = []
    believed: list[float] = []
    for cell in context.systems("open_set", "access_trust"):
        if not isinstance(cell.system, AccessTrust):
            continue
        data = suit(everybody.dataset, type(cell.system).card.inputs)
        sides = {side: _side(data, side) for side in ("train", "test")}
        with torch.no_grad():
            centres = cell.system.enrol(sides["train"], len(names))
            batch = cell.system.collate([_bare(sample) for sample in sides["test"]])
            scores = (cell.system.embed_windows(batch) @ centres.T).double().numpy()
        labels = np.array([int(sample.target) for sample in sides["test"]])
        genuine = labels[:, None] == np.arange(len(names))
        for chosen, rates in ((labels >= known, new_rates), (labels < known, known_rates)):
            rates.append(float(equal_error_rate(scores[chosen].ravel(), genuine[chosen].ravel())[0]))
        believed.append(float((scores[labels >= known, :known] >= float(cell.operating.get("threshold", 0.0))).mean()))
    if not new_rates:
        return [CheckRow(kind="R", text="open set", figure="no training")]
    return [
        CheckRow(
            kind="R",
            text=f"open set: equal-error rate of {len(names) - known} people enrolled without training, among all",
            figure=f"{np.mean(new_rates):.3f} (over seeds {min(new_rates):.3f} to {max(new_rates):.3f}); "
            f"people of training in the same test {np.mean(known_rates):.3f}",
        ),
        CheckRow(
            kind="R",
            text="open set: claims of people never trained on to be an enrolled one that are believed, at the "
            "threshold of validation",
            figure=f"{np.mean(believed):.3f} of them (over seeds {min(believed):.3f} to {max(believed):.3f})",
        ),
    ]


def misuse(context: CheckContext) -> list[CheckRow]:
    """Compare misuse F1 of network and forest at thresholds that validation held to 1 % false denials."""
    found = {}
    for arm in ("access_risk", "row_forest", "logistic"):
        counts = [_operated(marks) for marks in _seeds(context, "ward_log", arm)]
        if not counts:
            return [CheckRow(kind="M", text="misuse F1 in the simulated ward", figure="no training", met=False)]
        found[arm] = counts
    users = sorted({user for counts in found["access_risk"] for user in counts})
    draws = np.random.default_rng(38).multinomial(len(users), np.full(len(users), 1 / len(users)), RESAMPLES)
    weights = np.vstack([np.ones(len(users), dtype=np.int64), draws])
    f1, denied = {}, {}
    for arm, counts in found.items():
        tables = [np.array([one.get(user, np.zeros(5)) for user in users]) for one in counts]
        sums = [weights @ table for table in tables]
        f1[arm] = np.mean([2 * s[:, 0] / np.maximum(s[:, 1] + s[:, 2], 1) for s in sums], axis=0)
        denied[arm] = np.mean([s[:, 3] / np.maximum(s[:, 4], 1) for s in sums], axis=0)
    gain = f1["access_risk"] - f1["row_forest"]
    low, high = np.percentile(gain[1:], [2.5, 97.5])
    shares = f"false denials {denied['access_risk'][0]:.4f} and {denied['row_forest'][0]:.4f}"
    return [
        CheckRow(
            kind="M",
            text="simulated ward: misuse F1 no worse than the forest's minus 0.01, at no more than 1 % false denials",
            figure=f"{f1['access_risk'][0]:.3f} against {f1['row_forest'][0]:.3f}: {gain[0]:+.3f} "
            f"[{low:+.3f}, {high:+.3f}]; {shares}",
            met=bool(gain[0] >= -0.01 and denied["access_risk"][0] <= FALSE_DENIALS),
        ),
        CheckRow(
            kind="R",
            text="simulated ward: gain of the network in misuse F1 over forest and over logistic regression",
            figure=f"{gain[0]:+.3f} and {f1['access_risk'][0] - f1['logistic'][0]:+.3f}",
        ),
    ]


def attacks(context: CheckContext) -> list[CheckRow]:
    """Print recall at 1 % false alarms on network traffic, of kinds of attack that training holds and does not."""
    prepared = prepare(context.part("nsl_kdd"))
    data, split = prepared.loaded.dataset, prepared.splits[0][0]
    trained = {str(peek(data, int(index)).meta["group_attack"]) for index in split.train}
    rows = []
    for arm, label in (("access_risk", "network"), ("row_forest", "forest")):
        figures = []
        for marks in _marks(context, "nsl_kdd", arm):
            score, attack = marks.table[:, -1], marks.table[:, 0] == 1
            new = attack & np.array([name not in trained for name in marks.groups["group_attack"]])
            threshold = np.quantile(score[~attack], 1 - FALSE_DENIALS, method="higher")
            alarm = score > threshold
            figures.append([alarm[attack].mean(), alarm[attack & ~new].mean(), alarm[new].mean(), new.sum()])
        if figures:
            recall, old, unknown, count = np.mean(figures, axis=0)
            rows.append(
                CheckRow(
                    kind="R",
                    text=f"network traffic, {label}: recall at 1 % false alarms, all, known and unknown attacks",
                    figure=f"{recall:.3f}, {old:.3f} and {unknown:.3f} ({count:.0f} rows of unknown kinds)",
                )
            )
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marks:
    """What a cell's judge left: marks of the test and validation part, patients and groups of the test part."""

    table: Floats
    valid: Floats
    patients: list[str]
    groups: dict[str, list[str]]


def _marks(context: CheckContext, part: str, arm: str) -> Iterator[_Marks]:
    for path in sorted((context.study / "cells" / part / arm).glob("s*_f*/marks.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            groups = {name: arrays[name].tolist() for name in arrays.files if name.startswith("group_")}
            yield _Marks(
                table=arrays["marks"], valid=arrays["valid_marks"], patients=arrays["patients"].tolist(), groups=groups
            )


def _seeds(context: CheckContext, part: str, arm: str) -> Iterator[list[_Marks]]:
    """Yield the folds of each seed together."""
    folder = context.study / "cells" / part / arm
    for seed in sorted({path.parent.name.split("_")[0] for path in folder.glob("s*_f*/marks.npz")}):
        names = sorted(path.parent.name for path in folder.glob(f"{seed}_f*/marks.npz"))
        found = []
        for name in names:
            with np.load(folder / name / "marks.npz", allow_pickle=False) as arrays:
                found.append(
                    _Marks(
                        table=arrays["marks"],
                        valid=arrays["valid_marks"],
                        patients=arrays["patients"].tolist(),
                        groups={},
                    )
                )
        yield found


def _operated(folds: list[_Marks]) -> dict[str, Floats]:
    """Count by account at each fold's own threshold: hits, called misuse, misuse, honest denied, honest."""
    counts: dict[str, Floats] = {}
    for marks in folds:
        threshold = guarded_threshold(marks.valid[:, -1], marks.valid[:, 0] == 1)
        called, true = marks.table[:, -1] >= threshold, marks.table[:, 0] == 1
        rows = np.column_stack([called & true, called, true, called & ~true, ~true]).astype(np.float64)
        for user, row in zip(marks.patients, rows, strict=True):
            counts[user] = counts.get(user, np.zeros(5)) + row
    return counts


def guarded_threshold(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Return the threshold of best F1 among those whose false denials stay below 1 % with 95 % confidence.

    Source:
        Wilson 1927, Probable inference, the law of succession, and statistical inference: the upper bound of a share.
    """
    best, chosen = -1.0, float(np.max(scores)) + 1e-9
    honest, misuses = int((~positive).sum()), int(positive.sum())
    for threshold in np.unique(scores):
        called = scores >= threshold
        share = float((called & ~positive).sum()) / max(honest, 1)
        spread = _Z * np.sqrt(share * (1 - share) / honest + _Z**2 / (4 * honest**2))
        if (share + _Z**2 / (2 * honest) + spread) / (1 + _Z**2 / honest) > FALSE_DENIALS:
            continue
        f1 = 2 * float((called & positive).sum()) / max(int(called.sum()) + misuses, 1)
        if f1 > best:
            best, chosen = f1, float(threshold)
    return chosen


def _side(data: Dataset, side: str) -> list[Sample]:
    return [data[index] for index in range(len(data)) if data[index].meta["split"] == side]


def _bare(sample: Sample) -> Sample:
    return Sample(id=sample.id, patient=sample.patient, inputs=sample.inputs)
