"""Few labels and unbalanced classes, made on purpose: what is kept is drawn by patient and seed, the rest is hidden."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from salus.contract.dataset import Dataset
from salus.data.cohort import Cohort, peek
from salus.data.split import Index, Split, train_share
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Sample

FEWEST = 2
"""Labelled samples of a class, below which its share of the labels says nothing."""


NO_LABEL = "(no label)"
"""Stratum of samples whose target is None."""


def taught(split: Split, cohort: Cohort) -> Split:
    """Return the split without unlabelled samples in validation and test: those of nobody there go to training."""
    bare = np.array([label == NO_LABEL for label in cohort.labels])
    if not bare.any():
        return split
    kept = [part[~bare[part]] for part in (split.valid, split.test)]
    _, owner = cohort.patient_index()
    moved = np.setdiff1d(np.concatenate([split.valid, split.test]), np.concatenate(kept))
    # A patient who is judged by another sample must not teach by this one.
    moved = moved[~np.isin(owner[moved], owner[np.concatenate(kept)])]
    return Split(np.sort(np.concatenate([split.train, moved])), kept[0], kept[1])


class Hidden:
    """A dataset in which only some samples show their target; the others have None. Nothing is copied.

    Args:
        dataset: Samples.
        shown: Numbers of those that keep their target.
    """

    def __init__(self, dataset: Dataset, shown: Iterable[int]) -> None:
        self.dataset, self.shown = dataset, frozenset(int(number) for number in shown)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.dataset)

    def __getitem__(self, index: int, /) -> Sample:
        """Return sample `index`, its target None where it is hidden."""
        return self._hide(self.dataset[index], index)

    def peek(self, index: int, /) -> Sample:
        """Return sample `index` as far as it is known without reading its file."""
        return self._hide(peek(self.dataset, index), index)

    def _hide(self, sample: Sample, index: int) -> Sample:
        return sample if index in self.shown else replace(sample, target=None)


def shown_labels(split: Split, cohort: Cohort, share: float, seed: int) -> Index:
    """Return the numbers of the training samples whose labels are used: a share of the patients of each class.

    Smaller shares are nested in larger ones of the same seed.

    Raises:
        DataError: The share leaves fewer than two samples of a class.
        UsageError: A share outside (0, 1].
    """
    labelled = np.array([label != NO_LABEL for label in cohort.labels])
    own = Split(split.train[labelled[split.train]], split.valid, split.test)
    shown = train_share(own, cohort, share, seed).train
    names, label = cohort.label_index()
    found = np.bincount(label[shown], minlength=len(names))
    there = np.bincount(label[own.train], minlength=len(names))
    for name, count, among in zip(names, found, there, strict=True):
        if among and count < FEWEST:
            raise DataError(
                f"label_share={share:g}: leaves {count} labelled of {among} training samples of class {name!r}; "
                f"{FEWEST} or more are needed, so use {min(1.0, FEWEST / among):.2g} or more"
            )
    return shown


def capped(split: Split, cohort: Cohort, most: int, seed: int) -> Split:
    """Return the split with a validation part of about `most` samples, drawn by patient and class.

    Labels of validation are labels too: who has few to learn from has few to choose by.
    """
    if len(split.valid) <= most:
        return split
    turned = Split(split.valid, split.train, split.test)
    kept = train_share(turned, cohort, most / len(split.valid), seed).train
    return Split(split.train, kept, split.test)


def unbalanced(split: Split, cohort: Cohort, ratio: float, seed: int) -> Split:
    """Thin the rarest class of training and validation until the commonest has `ratio` times as many samples.

    The test part stays as it is. A class that is rare enough already stays too.

    Raises:
        DataError: Fewer than two samples of the class would be left for training.
        UsageError: A ratio of 1 or less.
    """
    if ratio <= 1:
        raise UsageError(f"imbalance={ratio:g}: expected how many times as common one class is, above 1")
    names, label = cohort.label_index()
    counts = np.bincount(label[split.train], minlength=len(names))
    counts[[name == NO_LABEL for name in names]] = 0
    rare = int(np.where(counts > 0, counts, counts.max() + 1).argmin())
    share = min(1.0, counts.max() / ratio / counts[rare])
    parts = []
    for part in (split.train, split.valid):
        thin = Split(part[label[part] == rare], part[:0], part[:0])
        kept = train_share(thin, cohort, share, seed).train if len(thin.train) else thin.train
        parts.append(np.sort(np.concatenate([part[label[part] != rare], kept])))
    left = int((label[parts[0]] == rare).sum())
    if left < FEWEST:
        raise DataError(f"imbalance={ratio:g}: leaves {left} training samples of class {names[rare]!r}; use less")
    return Split(parts[0], parts[1], split.test)
