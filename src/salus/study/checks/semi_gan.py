"""What a semi-supervised GAN owes: gains where labels are few, what balancing is worth, what a threshold loses."""

import numpy as np
from numpy.typing import NDArray

from salus.data.cohort import peek
from salus.evaluate.bootstrap import Cell, Replicates, interval, replicate
from salus.metrics.confusion import balanced_accuracy, confusion
from salus.study.collect import gather
from salus.study.context import CheckContext, CheckRow
from salus.tasks.classification import Classification
from salus.tasks.registry import make

SETS = (
    ("PneumoniaMNIST", ("pneumonia_001", "pneumonia_005")),
    ("Pima", ("pima_005", "pima_010")),
    ("Cleveland", ("heart_005", "heart_010")),
)
UNBALANCED = (("PneumoniaMNIST", "pneumonia_unbalanced"), ("Pima", "pima_unbalanced"))
GAIN, BALANCING, SPECIFICITY = 0.02, 0.03, 0.9


def gains(context: CheckContext) -> list[CheckRow]:
    """Ask on how many sets the GAN beats the same network taught by labels alone, at both of the smallest shares."""
    rows, found = [], {"at the threshold of validation": 0, "at the default point": 0}
    words: dict[str, list[str]] = {point: [] for point in found}
    for name, parts in SETS:
        good = dict.fromkeys(found, True)
        for part in parts:
            for point, default in zip(found, (False, True), strict=True):
                mine = _judged(context, part, "semi_gan", default=default)
                difference, low, high = _difference(mine, _judged(context, part, "supervised", default=default))
                good[point] &= difference >= GAIN and low > 0
                share = float(context.part(part).label_share)
                words[point].append(f"{name} {share:.0%} {difference:+.3f} [{low:+.3f}, {high:+.3f}]")
        for point in found:
            found[point] += good[point]
    for point, default in zip(found, (False, True), strict=True):
        rows.append(
            CheckRow(
                kind="R" if default else "M",
                text=(
                    f"balanced accuracy {point}: at least {GAIN} above the same network on labels alone, interval "
                    "above zero, at both of the smallest shares of at least two of three sets"
                ),
                figure=f"{found[point]} of {len(SETS)} sets: " + "; ".join(words[point]),
                met=None if default else found[point] >= 2,
            )
        )
    return rows


def balancing(context: CheckContext) -> list[CheckRow]:
    """Compare balanced accuracy at a probability of one half with and without balancing, where classes are 1:10."""
    rows = []
    for name, part in UNBALANCED:
        arms = {arm: _judged(context, part, arm, default=True) for arm in ("semi_gan", "no_balance", "supervised")}
        difference, low, high = _difference(arms["semi_gan"], arms["no_balance"])
        values = {arm: found.values["balanced_accuracy"] for arm, found in arms.items()}
        rows.append(
            CheckRow(
                kind="M",
                text=f"{name} 1:10: balanced accuracy at one half at least {BALANCING} above without balancing",
                figure=(
                    f"{values['semi_gan']:.3f} against {values['no_balance']:.3f}: "
                    f"{difference:+.3f} [{low:+.3f}, {high:+.3f}]"
                ),
                met=bool(difference >= BALANCING and low > 0),
            )
        )
        against, low, high = _difference(arms["semi_gan"], arms["supervised"])
        rows.append(
            CheckRow(
                kind="R",
                text=f"{name} 1:10: the same against labels alone, drawn evenly: what the GAN adds to that",
                figure=f"{against:+.3f} [{low:+.3f}, {high:+.3f}]",
            )
        )
        recalls = {arm: _recall_at(context, part, arm) for arm in arms}
        rows.append(
            CheckRow(
                kind="R",
                text=f"{name} 1:10: recall of the thinned class where the other one's is {SPECIFICITY}",
                figure=(
                    f"{recalls['semi_gan']:.3f}, without balancing {recalls['no_balance']:.3f}, labels alone "
                    f"{recalls['supervised']:.3f}"
                ),
            )
        )
    return rows


def threshold_shift(context: CheckContext) -> list[CheckRow]:
    """Print what a threshold chosen on validation loses on the test part of PneumoniaMNIST, which is another one."""
    lines: dict[str, list[float]] = {"valid": [], "test": [], "chosen": [], "default": [], "best": []}
    for cell in context.systems("pneumonia_100", "semi_gan"):
        with np.load(cell.folder / "marks.npz", allow_pickle=False) as arrays:
            valid, test = arrays["valid_marks"], arrays["marks"]
        task = cell.system.task
        assert isinstance(task, Classification)  # noqa: S101
        for key, marks in (("valid", valid), ("test", test)):
            lines[key].append(float(task.summarize(marks)["auroc"][0]))
        positive = test[:, 3 + task.positive]
        lines["chosen"].append(float(task.summarize(test)["balanced_accuracy"][0]))
        lines["default"].append(_balanced(test[:, 0] == task.positive, positive >= 0.5))
        places = np.unique(positive)
        lines["best"].append(max(_balanced(test[:, 0] == task.positive, positive >= place) for place in places))
    mean = {key: float(np.mean(values)) if values else float("nan") for key, values in lines.items()}
    return [
        CheckRow(
            kind="R",
            text="PneumoniaMNIST, all labels: AUROC on validation and on the test part, which differs from it",
            figure=f"{mean['valid']:.3f} and {mean['test']:.3f}",
        ),
        CheckRow(
            kind="R",
            text="PneumoniaMNIST, all labels: balanced accuracy at validation's threshold, at one half, at the best",
            figure=f"{mean['chosen']:.3f}, {mean['default']:.3f}, {mean['best']:.3f} (which knows the test part)",
        ),
    ]


def _judged(context: CheckContext, part: str, arm: str, *, default: bool) -> Replicates:
    """Return an arm's metrics on all resamples, at the threshold of validation or at a probability of one half."""
    plan = context.part(part)
    task = make(context.dataset(part).question)
    marks = gather(context.study, plan, next(a for a in plan.arms if a.name == arm), task, context.plan.resamples)
    if not default:
        return marks.replicates
    cells = [Cell(patients=patients.tolist(), marks=at_one_half(table)) for _, patients, table in marks.judged]
    return replicate(task, cells, context.plan.resamples)


def at_one_half(marks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return marks `(N, 3 + K)` in which the likeliest class is the answer, whatever threshold was chosen."""
    table = marks.copy()
    answered = table[:, 1] > 0
    table[answered, 2] = table[answered, 3:].argmax(axis=1)
    return table


def _difference(first: Replicates, second: Replicates, metric: str = "balanced_accuracy") -> tuple[float, float, float]:
    low, high = interval(first.resampled[metric] - second.resampled[metric])
    return first.values[metric] - second.values[metric], low, high


def _recall_at(context: CheckContext, part: str, arm: str) -> float:
    """Return the recall of the rare class where the common one's is `SPECIFICITY`, mean over seeds."""
    found = []
    plan = context.part(part)
    task = make(context.dataset(part).question)
    chosen = next(a for a in plan.arms if a.name == arm)
    rare = _rare(context, part)
    for _, _, marks in gather(context.study, plan, chosen, task, 100).judged:
        score, true = marks[:, 3 + rare], marks[:, 0] == rare
        found.append(recall_at(score, true, SPECIFICITY))
    return float(np.mean(found))


def recall_at(score: NDArray[np.float64], true: NDArray[np.bool_], specificity: float) -> float:
    """Return the share of true rows that score above all but `1 - specificity` of the others."""
    others = np.sort(score[~true])
    place = min(len(others) - 1, int(np.ceil(specificity * len(others))) - 1)
    return float((score[true] > others[place]).mean())


def _rare(context: CheckContext, part: str) -> int:
    """Return the class that has the fewest labels in the first training part."""
    first = next(context.systems(part, "semi_gan"), None)
    if first is None:
        return 0
    targets = [peek(first.train, index).target for index in range(len(first.train))]
    return int(np.bincount([int(target) for target in targets if target is not None]).argmin())


def _balanced(truth: NDArray[np.bool_], called: NDArray[np.bool_]) -> float:
    return float(balanced_accuracy(confusion(truth.astype(int), called.astype(int), 2))[0])
