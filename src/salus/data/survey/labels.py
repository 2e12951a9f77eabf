"""Folders that stand for classes or parts of a split: odd names, imbalance, and looks that give a class away."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from salus.data.survey.gather import SAMPLES
from salus.data.survey.report import Concern, Report
from salus.data.survey.spelling import variants
from salus.data.survey.store import Store

FEW = 10
"""A class with fewer samples or patients cannot be judged."""
UNEVEN = 20
"""Times that the largest class may be as large as the smallest before it is said."""
TELLS = 0.25
"""A look gives classes away from this gain of balanced accuracy over guessing on."""
_MOST = 50
_KINDS = ",".join(f"'{kind}'" for kind in SAMPLES)
_VALUES = 300
_PARTS = re.compile(
    r"(?i)(?:images?)?(train(?:ing)?|valid(?:ation)?|val|dev|test(?:ing)?|holdout|external)(?:set|ing)?(?:Tr|Ts)?"
)
_PEOPLE = re.compile(r"(?i)(?:patient|pat|pt|sub(?:ject)?|case|person|id|p|s|study|series|ser?)?[-_ ]?\d{1,12}[a-z]?")


@dataclass(frozen=True, slots=True)
class Layout:
    """How the folders below a root are read.

    Attributes:
        prefix: What every sample's path begins with, up to the first folder that tells some apart.
        classes: Whether folders are taken for classes.
    """

    prefix: str = ""
    classes: bool = False

    def place(self, path: str) -> tuple[str, str]:
        """Return the part of a split and the class that a path's folders name, each empty where they name none.

        >>> Layout().place("train/benign/7.png"), Layout("data/").place("data/benign/p3/7.png")
        (('train', 'benign'), ('', 'benign'))
        >>> Layout().place("patient_07/7.png"), Layout().place("7.png")
        (('', ''), ('', ''))
        """
        folders = path.removeprefix(self.prefix).split("/")[:-1]
        part = ""
        if folders and _PARTS.fullmatch(folders[0]):
            part = folders.pop(0)
        label = folders[0] if folders and not _PEOPLE.fullmatch(folders[0]) else ""
        return part, label


def layout_of(store: Store) -> Layout:
    """Return what all samples' paths have in common; whether folders are classes is left to `labels`."""
    common: list[str] | None = None
    for (path,) in store.rows(f"SELECT path FROM file WHERE problem='' AND kind IN ({_KINDS})"):  # noqa: S608 - constants
        folders = path.split("/")[:-1]
        same = next((i for i, (a, b) in enumerate(zip(common or folders, folders, strict=False)) if a != b), None)
        shared = min(len(common if common is not None else folders), len(folders)) if same is None else same
        common = folders[:shared]
        if not common:
            break
    # A split's parts are never a mere prefix, not even where only one of them is there.
    while common and _PARTS.fullmatch(common[-1]):
        common.pop()
    return Layout("".join(f"{name}/" for name in common or ()))


def labels(store: Store, report: Report) -> Layout:
    """Judge the classes that the folders' names make, if they make any; return how folders are read."""
    layout = layout_of(store)
    counts: Counter[str] = Counter()
    parts: dict[str, set[str]] = defaultdict(set)
    patients: dict[str, set[str]] = defaultdict(set)
    looks: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    query = f"SELECT path, patient, form, kind FROM file WHERE problem='' AND kind IN ({_KINDS})"  # noqa: S608 - constants
    for path, patient, form, kind in store.rows(query):
        part, label = layout.place(path)
        counts[label] += 1
        if not label or len(counts) > _MOST + 1:
            continue
        parts[part].add(label)
        kinds[label][kind] += 1
        if patient:
            patients[label].add(patient)
        for key, value in json.loads(form).items():
            seen = looks[key]
            if value in seen or len(seen) < _VALUES:
                seen[value][label] += 1
    named = {label: count for label, count in counts.items() if label}
    if not 2 <= len(named) <= _MOST or counts[""] or min(named.values()) < 2 or not _alike(kinds):
        return layout
    report.labels = dict(sorted(named.items(), key=lambda row: -row[1]))
    report.concerns += [*odd_names(named), *uneven(named, patients), *_parts(parts)]
    report.concerns += giveaways(named, looks)
    return replace(layout, classes=True)


def _alike(kinds: Mapping[str, Counter[str]]) -> bool:
    """Tell whether every folder holds mostly one kind of file, the same in all: else folders are no classes."""
    usual = {counts.most_common(1)[0][0] for counts in kinds.values()}
    return len(usual) == 1 and all(max(counts.values()) >= 0.8 * sum(counts.values()) for counts in kinds.values())


def odd_names(counts: Mapping[str, int]) -> list[Concern]:
    """Report classes that mean the same and are spelled differently."""
    return [
        Concern(
            severity="error",
            area="labels",
            what=f"one class under several names: {' / '.join(map(repr, group))}",
            count=sum(counts[word] for word in group[1:]),
            which=group,
            remedy="give it one name",
        )
        for group in variants(counts)
    ]


def uneven(counts: Mapping[str, int], patients: Mapping[str, set[str]]) -> list[Concern]:
    """Report classes of few samples or few patients, and a large imbalance."""
    found = []
    for label, count in counts.items():
        people = len(patients.get(label, ()))
        few = people if people else count
        if few < FEW:
            what = f"class {label!r} has {count:,} samples" + (f" of {people:,} patients" if people else "")
            remedy = "intervals will mean little: add patients, or merge classes"
            found.append(Concern(severity="warning", area="labels", what=what, count=count, remedy=remedy))
    most, least = max(counts, key=lambda k: counts[k]), min(counts, key=lambda k: counts[k])
    if counts[most] > UNEVEN * counts[least]:
        what = f"imbalance: {counts[most]:,} of {most!r} against {counts[least]:,} of {least!r}"
        remedy = "judge by balanced measures; draw classes evenly in training"
        found.append(Concern(severity="warning", area="labels", what=what, remedy=remedy))
    return found


def giveaways(counts: Mapping[str, int], looks: Mapping[str, Mapping[str, Counter[str]]]) -> list[Concern]:
    """Report what tells the classes apart without a look at the content: ending, size, device, compression.

    Args:
        counts: Class to samples.
        looks: Property to value to class to samples.
    """
    found = []
    for name, table in looks.items():
        gain, value, label = _gain(counts, table)
        if gain >= TELLS:
            found.append((gain, name, f"{name}: {value or 'none'!r} is nearly always {label!r}"))
    if not found:
        return []
    found.sort(reverse=True)
    what = f"classes can be told apart without a look at the content, by {', '.join(name for _, name, _ in found[:6])}"
    remedy = "make them equal for all classes, or a system learns them instead of the disease"
    which = tuple(text for _, _, text in found)
    return [Concern(severity="warning", area="labels", what=what, count=len(found), which=which, remedy=remedy)]


def _gain(counts: Mapping[str, int], table: Mapping[str, Counter[str]]) -> tuple[float, str, str]:
    """Return how much better than guessing a property's value tells the class (0 to 1), and the clearest value.

    Each sample is judged by the others of its value, so a property that is unique to every sample tells nothing.
    """
    names = [label for label in counts if counts[label] >= FEW]
    if len(names) < 2:
        return 0.0, "", ""
    share = np.array([[cell[label] / counts[label] for label in names] for cell in table.values()])
    number = np.array([[cell[label] for label in names] for cell in table.values()], dtype=np.float64)
    totals = np.array([counts[label] for label in names], dtype=np.float64)
    hits = np.zeros(len(names))
    for k in range(len(names)):
        # One sample of class k is taken out of its own value before that value votes.
        votes = share.copy()
        votes[:, k] = np.maximum(number[:, k] - 1, 0) / max(totals[k] - 1, 1)
        right = (votes.argmax(axis=1) == k) & (votes[:, k] > 0)
        hits[k] = number[right, k].sum() / totals[k]
    gain = (hits.mean() - 1 / len(names)) / (1 - 1 / len(names))
    purity = number.max(axis=1) ** 2 / np.maximum(number.sum(axis=1), 1)
    clear = int(purity.argmax())
    return float(gain), list(table)[clear], names[int(number[clear].argmax())]


def _parts(parts: Mapping[str, set[str]]) -> list[Concern]:
    """Report classes that one part of a split has and another lacks."""
    named = {part: classes for part, classes in parts.items() if part}
    every: Sequence[str] = sorted(set().union(*named.values())) if named else ()
    found = []
    for part, classes in named.items():
        missing = [label for label in every if label not in classes]
        if missing and len(named) > 1:
            what = f"part {part!r} has no sample of {', '.join(map(repr, missing[:5]))}"
            remedy = "a class that one part lacks cannot be trained or judged there"
            found.append(Concern(severity="warning", area="labels", what=what, which=tuple(missing), remedy=remedy))
    return found
