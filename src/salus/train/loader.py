"""Batches of one epoch. What they hold depends on (seed, stage, epoch, position) alone, never on workers or resume."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from salus.contract.batch import Batch
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.data.cohort import peek
from salus.schema.errors import DataError
from salus.schema.recipe import Stage

CHUNK = 512


class Loader:
    """Feeds the loop.

    Where the system does not augment and all samples collate to one shape, the whole training part becomes one batch
    in memory (on the device) and steps are index look-ups; above `limit_bytes`, or with augmentation or ragged
    shapes, each step collates its own samples, in worker processes if asked for.

    Samples that carry a weight (`Sample.meta["weight"]`) are drawn with repetition in proportion to it, so that every
    system honours survey and importance weights without a term in its loss.

    Attributes:
        weights: `(N,)` float64, mean 1; None where no sample has a weight.
    """

    def __init__(
        self,
        system: System,
        dataset: Dataset,
        device: torch.device,
        *,
        seed: int,
        workers: int = 0,
        limit_bytes: int = 2 << 30,
    ) -> None:
        self.system, self.dataset, self.device, self.seed, self.workers = system, dataset, device, seed, workers
        self.augmented = type(system).augment is not System.augment
        self.whole = None if self.augmented else _collate_whole(system, dataset, limit_bytes)
        if self.whole is not None:
            self.whole = self.whole.to(device)
        self._labels: NDArray[np.int64] | None = None
        self.weights = sample_weights(dataset)

    def steps(self, stage: Stage) -> int:
        """Return the number of batches in an epoch of `stage`."""
        return len(_cut(np.arange(stage.samples_per_epoch or len(self.dataset)), stage.batch_size))

    def epoch(self, stage: Stage, stage_number: int, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch, on the device."""
        order = self._order(stage, np.random.default_rng((self.seed, stage_number, epoch)))
        parts = _cut(order, stage.batch_size)
        if self.whole is not None:
            for part in parts:
                yield self.whole.take(torch.from_numpy(part).to(self.device))
            return
        source = _Collater(self.system, self.dataset, (self.seed, stage_number, epoch), self.augmented, parts)
        if self.workers:
            # The loader draws a seed of its own; from torch's global state that would change dropout with `workers`.
            own = torch.Generator()
            loader = DataLoader(
                source, batch_size=None, shuffle=False, num_workers=self.workers, prefetch_factor=2, generator=own
            )
            for batch in loader:
                yield batch.to(self.device, non_blocking=True)
        else:
            for number in range(len(parts)):
                yield source[number].to(self.device)

    def _order(self, stage: Stage, rng: np.random.Generator) -> NDArray[np.int64]:
        if stage.labelled is not None:
            return self._mixed(stage, rng)
        count = len(self.dataset)
        wanted = stage.samples_per_epoch
        if stage.balanced or self.weights is not None:
            shares = np.ones(count) if self.weights is None else self.weights
            if stage.balanced:
                labels = self._class_of_each()
                labels = labels - min(0, int(labels.min()))  # those without a label are drawn as one more class
                totals = np.bincount(labels, weights=shares)[labels]
                shares = np.divide(shares, totals, out=np.zeros(count), where=totals > 0)
            return rng.choice(count, size=wanted or count, p=shares / shares.sum()).astype(np.int64)
        if wanted is None:
            return rng.permutation(count).astype(np.int64)
        return _rounds(count, wanted, rng)

    def _mixed(self, stage: Stage, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return an order in which each batch begins with its share of labelled samples."""
        sizes = [len(part) for part in _cut(np.arange(stage.samples_per_epoch or len(self.dataset)), stage.batch_size)]
        labels = self._class_of_each()
        taught = np.flatnonzero(labels >= 0)
        if not len(taught):
            raise DataError("no training sample has a label; label some, two or more of each class")
        first = [min(size, max(1, round(size * (stage.labelled or 0.0)))) for size in sizes]
        shares = np.ones(len(labels)) if self.weights is None else self.weights
        own = shares[taught]
        if stage.balanced:
            own = own / np.bincount(labels[taught], weights=own)[labels[taught]]
        if stage.balanced or self.weights is not None:
            drawn = rng.choice(taught, size=sum(first), p=own / own.sum())
        else:
            drawn = taught[_rounds(len(taught), sum(first), rng)]
        others = sum(sizes) - sum(first)
        if self.weights is None:
            rest = _rounds(len(labels), others, rng)
        else:
            rest = rng.choice(len(labels), size=others, p=shares / shares.sum())
        parts, given, left = [], 0, 0
        for size, head in zip(sizes, first, strict=True):
            parts += [drawn[given : given + head], rest[left : left + size - head]]
            given, left = given + head, left + size - head
        return np.concatenate(parts).astype(np.int64)

    def _class_of_each(self) -> NDArray[np.int64]:
        """Return a number for each sample's class `(N,)`, -1 where it has no label."""
        if self._labels is None:
            targets = [self.dataset[i].target for i in range(len(self.dataset))]
            names = ["" if target is None else "c" + self.system.task.stratum(target) for target in targets]
            known = sorted(set(names) - {""})
            place = {name: number for number, name in enumerate(known)} | {"": -1}
            self._labels = np.array([place[name] for name in names], dtype=np.int64)
        return self._labels


def _rounds(count: int, wanted: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return `wanted` numbers below `count`: permutations, one after the other."""
    rounds = [rng.permutation(count) for _ in range(-(-wanted // count))]
    return np.concatenate([np.zeros(0, dtype=np.int64), *rounds])[:wanted].astype(np.int64)


def sample_weights(dataset: Dataset) -> NDArray[np.float64] | None:
    """Return the weight of each sample `(N,)`, scaled to mean 1; None where no sample carries one.

    Raises:
        DataError: Only some samples have a weight, or one is negative, not finite or no number, or all are zero.
    """
    metas = [(sample.id, sample.meta.get("weight")) for sample in (peek(dataset, i) for i in range(len(dataset)))]
    given = [name for name, weight in metas if weight is not None]
    if not given:
        return None
    weights = np.ones(len(metas))
    for number, (name, weight) in enumerate(metas):
        if not isinstance(weight, int | float | np.number) or not np.isfinite(weight) or weight < 0:
            raise DataError(
                f"sample {name}: weight {weight!r}; give every training sample a finite weight of 0 or more"
            )
        weights[number] = weight
    if not weights.any():
        raise DataError("the weight of every training sample is 0; give those that count a weight above 0")
    return weights / weights.mean()


class _Collater(torch.utils.data.Dataset[Batch]):
    """Batch number n of an epoch, for use here or in a worker."""

    def __init__(
        self, system: System, dataset: Dataset, key: tuple[int, ...], augmented: bool, parts: list[NDArray[np.int64]]
    ) -> None:
        self.system, self.dataset, self.key, self.augmented, self.parts = system, dataset, key, augmented, parts
        self.starts = np.cumsum([0, *[len(part) for part in parts]])

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, number: int) -> Batch:
        if number >= len(self.parts):
            raise IndexError(number)
        samples = [self.dataset[int(i)] for i in self.parts[number]]
        if self.augmented:
            start = int(self.starts[number])
            samples = [
                self.system.augment(sample, np.random.default_rng((*self.key, start + position)))
                for position, sample in enumerate(samples)
            ]
        return self.system.collate(samples)


def _cut(order: NDArray[Any], size: int) -> list[NDArray[Any]]:
    """Cut into batches; a last batch of one joins its neighbour, because batch statistics of one sample are nothing."""
    parts = [order[start : start + size] for start in range(0, len(order), size)]
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [np.concatenate(parts[-2:])]
    return parts


def _collate_whole(system: System, dataset: Dataset, limit_bytes: int) -> Batch | None:
    chunks: list[Batch] = []
    size, shapes = 0, None
    for start in range(0, len(dataset), CHUNK):
        batch = system.collate([dataset[i] for i in range(start, min(start + CHUNK, len(dataset)))])
        found = {name: tuple(t.shape[1:]) for part in (batch.inputs, batch.target) for name, t in part.items()}
        size += sum(t.nbytes for part in (batch.inputs, batch.target) for t in part.values())
        if (shapes is not None and found != shapes) or size > limit_bytes:
            return None
        if len(dataset) > CHUNK and size * len(dataset) / (start + len(batch)) > limit_bytes:
            return None
        shapes = found
        chunks.append(batch)
    if _ragged(system, dataset, chunks):
        return None
    ids = tuple(name for batch in chunks for name in batch.ids)
    return Batch(ids, _join([b.inputs for b in chunks]), _join([b.target for b in chunks]))


def _ragged(system: System, dataset: Dataset, chunks: list[Batch]) -> bool:
    """Tell whether one sample alone collates to another shape than in company: then padding depends on neighbours."""
    if not chunks:
        return False
    for index in {0, len(dataset) // 3, len(dataset) - 1}:
        alone = system.collate([dataset[index]])
        for part, whole in ((alone.inputs, chunks[0].inputs), (alone.target, chunks[0].target)):
            if any(tensor.shape[1:] != whole[name].shape[1:] for name, tensor in part.items()):
                return True
    return False


def _join(parts: list[Any]) -> dict[str, Tensor]:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]} if parts else {}
