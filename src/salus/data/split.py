"""Splits: which samples train, choose and test. By patient, stratified, nested, and the same for the same seed."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.data.cohort import Cohort
from salus.schema.errors import DataError, UsageError

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Sample numbers of each part, rising, each sample in one part at most.

    Attributes:
        train: What is learned from.
        valid: What choices are made on; may be empty.
        test: What is read once.
    """

    train: Index
    valid: Index
    test: Index

    def without(self, numbers: Collection[int]) -> "Split":
        """Return the split with some samples left out."""
        gone = np.array(sorted(numbers), dtype=np.int64)
        return Split(*(part[~np.isin(part, gone)] for part in (self.train, self.valid, self.test)))


def kfold(cohort: Cohort, folds: int, seed: int, valid_share: float = 0.2) -> list[Split]:
    """Split into folds by patient; every patient is in exactly one test fold, and validation is cut by patient too.

    Args:
        cohort: Who there is.
        folds: How many, two or more.
        seed: Decides the assignment.
        valid_share: Share of the patients outside the test fold that validate; 0 for no validation part.

    Returns:
        One split a fold; every class is in every part.

    Raises:
        DataError: A class with too few patients.
        UsageError: An impossible number of folds or share.
    """
    if folds < 2:
        raise UsageError(f"folds={folds}: cross-validation needs two or more")
    _check_share(valid_share)
    _check_patients(cohort, max(folds, 3) if valid_share else folds, f"{folds} folds")
    _, owner = cohort.patient_index()
    counts = _counts(cohort)
    fold_of = allot(counts, np.full(folds, 1.0 / folds), np.random.default_rng([seed, 0]))
    splits = []
    for fold in range(folds):
        rest = np.flatnonzero(fold_of != fold)
        valid = _carve(counts, rest, valid_share, np.random.default_rng([seed, 1, fold]))
        part = np.zeros(len(counts), dtype=np.int64)
        part[valid] = 1
        part[fold_of == fold] = 2
        splits.append(_split(part[owner]))
    return splits


def left_out(cohort: Cohort, seed: int, valid_share: float = 0.2) -> list[Split]:
    """Leave each patient (or site, cell line, oxide: what stands for one) out once, in the order of their names.

    A left-out one may hold a single class; what is left must hold two patients of every class.

    Raises:
        DataError: Fewer than three patients, or a class that would be gone.
        UsageError: An impossible share.
    """
    _check_share(valid_share)
    patients, owner = cohort.patient_index()
    if len(patients) < 3:
        raise DataError(f"the data has {len(patients)} patients; leaving one out needs three or more")
    counts = _counts(cohort)
    for name, having in zip(cohort.label_index()[0], (counts > 0).sum(axis=0), strict=True):
        if having < 2:
            raise DataError(f"class {name!r} has one patient; without it there is nothing to learn the class from")
    splits = []
    for held in range(len(patients)):
        rest = np.flatnonzero(np.arange(len(patients)) != held)
        part = np.zeros(len(patients), dtype=np.int64)
        part[_carve(counts, rest, valid_share, np.random.default_rng([seed, 1, held]))] = 1
        part[held] = 2
        splits.append(_split(part[owner]))
    return splits


def official(cohort: Cohort, valid_share: float = 0.2, seed: int = 0) -> Split:
    """Return the split that came with the data; validation is cut from its training part by patient if it has none.

    Raises:
        DataError: No official split, samples without a part, or an empty training or test part.
    """
    if not cohort.splits:
        raise DataError("the data come with no official split; use split = 'kfold', or add a `split` column")
    part = np.full(len(cohort), -1, dtype=np.int64)
    for number, name in enumerate(("train", "valid", "test")):
        part[np.array([word == name for word in cohort.splits])] = number
    if (part < 0).any():
        row = int(np.flatnonzero(part < 0)[0])
        raise DataError(f"sample {cohort.ids[row]}: split {cohort.splits[row]!r}; expected train, valid or test")
    for number, name in ((0, "train"), (2, "test")):
        if not (part == number).any():
            raise DataError(f"the official split has no {name} part; use split = 'kfold'")
    if (part == 1).any() or valid_share == 0:
        return _split(part)
    _check_share(valid_share)
    _, owner = cohort.patient_index()
    counts = _counts(cohort, part == 0)
    learning = np.flatnonzero(counts.sum(axis=1) > 0)
    if len(learning) < 2:
        raise DataError("the official training part has one patient; mark a validation part in `split`")
    valid = _carve(counts, learning, valid_share, np.random.default_rng([seed, 1]))
    part[(part == 0) & np.isin(owner, valid)] = 1
    return _split(part)


def random_split(cohort: Cohort, folds: int, seed: int, valid_share: float = 0.2) -> list[Split]:
    """Split samples, not patients: the tempting wrong way, kept to show what a leak is worth.

    One patient may be on both sides, so the firewall refuses it unless it is overridden with a reason.

    Raises:
        DataError: A class with fewer samples than folds.
        UsageError: An impossible number of folds or share.
    """
    return kfold(Cohort(ids=cohort.ids, patients=cohort.ids, labels=cohort.labels), folds, seed, valid_share)


def train_share(split: Split, cohort: Cohort, share: float, seed: int) -> Split:
    """Keep a share of the training patients, stratified, at least one of every class; smaller shares are nested.

    Args:
        split: Where the training part comes from; validation and test stay.
        cohort: Who there is.
        share: In (0, 1].
        seed: Decides who stays.

    Raises:
        UsageError: A share outside (0, 1].
    """
    if not 0 < share <= 1:
        raise UsageError(f"train_share={share}: expected above 0 and at most 1")
    if share == 1:
        return split
    _, owner = cohort.patient_index()
    inside = np.zeros(len(cohort), dtype=bool)
    inside[split.train] = True
    counts = _counts(cohort, inside)
    main = counts.argmax(axis=1)
    rng = np.random.default_rng([seed, 2])
    kept: list[int] = []
    for label in range(counts.shape[1]):
        members = rng.permutation(np.flatnonzero((main == label) & (counts.sum(axis=1) > 0)))
        kept += members[: max(1, round(share * len(members)))].tolist()
    return Split(split.train[np.isin(owner[split.train], kept)], split.valid, split.test)


def allot(counts: NDArray[np.float64], shares: NDArray[np.float64], rng: np.random.Generator) -> Index:
    """Put patients into bins so that every class is spread over them in proportion to `shares`.

    Greedy: the largest patients first, each to the bin where the sum over bins and classes of
    (weighted count)^2 / share grows least; a class weighs the inverse of its total, so that rare ones count.
    Where every patient has one class, each bin gets a patient of each class that has enough of them.

    Args:
        counts: `(P, K)` samples of each class of each patient.
        shares: `(F,)` wanted share of each bin, summing to 1.
        rng: Breaks ties.

    Returns:
        `(P,)` bin of each patient.
    """
    weights = 1.0 / np.maximum(counts.sum(axis=0), 1.0) ** 2
    filled = np.zeros((len(shares), counts.shape[1]))
    order = rng.permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    bins = np.empty(len(counts), dtype=np.int64)
    for patient in order:
        row = counts[patient]
        weighted = weights * row
        growth = (filled @ weighted + 0.5 * float(weighted @ row)) / shares
        chosen = int(growth.argmin())
        bins[patient] = chosen
        filled[chosen] += row
    return bins


def _counts(cohort: Cohort, inside: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Return `(P, K)` samples of each class of each patient, of the samples `inside`."""
    patients, owner = cohort.patient_index()
    strata, label = cohort.label_index()
    counts = np.zeros((len(patients), len(strata)))
    rows = slice(None) if inside is None else inside
    np.add.at(counts, (owner[rows], label[rows]), 1.0)
    return counts


def _carve(counts: NDArray[np.float64], among: Index, share: float, rng: np.random.Generator) -> Index:
    """Return the patients of `among` that validate: about `share` of them, one of each class where two have it."""
    if share == 0:
        return np.zeros(0, dtype=np.int64)
    chosen = allot(counts[among], np.array([share, 1.0 - share]), rng) == 0
    own = counts[among] > 0
    for label in range(counts.shape[1]):
        having = own[:, label]
        if having.sum() >= 2 and not (having & chosen).any():
            candidates = np.flatnonzero(having)
            chosen[candidates[counts[among][candidates].sum(axis=1).argmin()]] = True
        if having.any() and not (having & ~chosen).any() and having.sum() >= 2:
            chosen[np.flatnonzero(having)[0]] = False
    return among[chosen]


def _split(part: Index) -> Split:
    return Split(np.flatnonzero(part == 0), np.flatnonzero(part == 1), np.flatnonzero(part == 2))


def _check_share(share: float) -> None:
    if not 0 <= share < 1:
        raise UsageError(f"valid_share={share}: expected from 0 to below 1")


def _check_patients(cohort: Cohort, needed: int, what: str) -> None:
    strata, _ = cohort.label_index()
    having = (_counts(cohort) > 0).sum(axis=0)
    for name, patients in zip(strata, having, strict=True):
        if patients < needed:
            whose = f"class {name!r} has" if len(strata) > 1 else "the data has"
            raise DataError(
                f"{whose} {int(patients)} patients, {what} need {needed}; use fewer folds, merge classes, "
                "or add patients"
            )
