"""A random forest on features of sliding windows; the baseline that knows what to look at but not in which order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.forest import FlatForest
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.sample import Sample
from salus.transforms import window as cut
from salus.transforms.motion import check_motion, impact_s, is_fall, motion_stream, window_states


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowForestConfig(Config):
    """Settings.

    Attributes:
        trees: Trees of the forest.
        leaf: Fewest windows in a leaf.
        window_s: Length of a window.
        stride_s: Time between two windows.
        margin_s: How far inside a window an impact must lie to make it a fall window.
        dropped_share: A window with more lost packets is not judged.
    """

    trees: int = 300
    leaf: int = 2
    window_s: float = 3.0
    stride_s: float = 0.5
    margin_s: float = 0.3
    dropped_share: float = 0.1


class WindowForest(System):
    """Features of each window to a forest's fall probability; a trial is answered with its largest."""

    card: ClassVar[Card] = Card(
        title="Random forest on sliding-window features",
        authors="Breiman 2001",
        doi="10.1023/A:1010933404324",
        family="baseline",
        tasks=("classification",),
        inputs=(("signal", "Waveform (3n, T): acceleration g, rotation deg/s"),),
        modalities=("signal",),
        review="Stands beside `fall_edge` as the honest baseline; the review does not name it.",
        advantages=("Fitted in seconds; strong on little data.",),
        limits=("Sees summaries of a window, not the order of what happened in it.",),
        differentiable=False,
        explain_input="signal",
    )
    config_type: ClassVar[type[Config]] = WindowForestConfig
    small: ClassVar[Config] = WindowForestConfig(trees=150)
    tiny: ClassVar[Config] = WindowForestConfig(trees=8)

    config: WindowForestConfig

    def __init__(self, task: Task, config: WindowForestConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.leads = tuple(fingerprint["leads"])
        self.rate_hz = float(fingerprint["rate_hz"])
        self.size = round(config.window_s * self.rate_hz)
        self.stride = max(1, round(config.stride_s * self.rate_hz))
        self.forest = FlatForest()

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return leads and rate of the training trials."""
        if len({is_fall(train[index]) for index in range(len(train))}) < 2:
            raise DataError("training part: falls or daily activities are missing; both are needed to learn")
        first = motion_stream(train[0])
        return {"leads": list(first.leads), "rate_hz": first.rate_hz}

    def settle(self, train: Dataset) -> None:
        """Fit the forest to the windows whose state is known."""
        from sklearn.ensemble import RandomForestClassifier

        rows, labels = [], []
        for index in range(len(train)):
            sample = train[index]
            features, usable = self._features(sample)
            starts_s = np.arange(len(features)) * self.stride / self.rate_hz
            states = window_states(impact_s(sample), starts_s, self.size / self.rate_hz, self.config.margin_s)
            chosen = usable & ((states == 0) | (states == 2))
            rows.append(features[chosen])
            labels.append(states[chosen] == 2)
        forest = RandomForestClassifier(
            n_estimators=self.config.trees,
            min_samples_leaf=self.config.leaf,
            class_weight="balanced_subsample",
            max_features="sqrt",
            random_state=int(torch.randint(2**31, ())),
        )
        self.forest.take(forest.fit(np.concatenate(rows), np.concatenate(labels)))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `features` `(B, W, F)`, zero in windows beyond a trial's end, and `usable` `(B, W)`."""
        found = [self._features(sample) for sample in samples]
        count = max(len(usable) for _, usable in found)
        features = np.zeros((len(found), count, found[0][0].shape[1]), dtype=np.float32)
        usable = np.zeros((len(found), count), dtype=bool)
        for row, (values, use) in enumerate(found):
            features[row, : len(use)], usable[row, : len(use)] = values, use
        target = {}
        if all(sample.target is not None for sample in samples):
            target = {"label": torch.tensor([int(is_fall(sample)) for sample in samples])}
        inputs = {"features": torch.from_numpy(features), "usable": torch.from_numpy(usable)}
        return Batch(tuple(sample.id for sample in samples), inputs, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return `(B, 2)`: zero, and the largest log-odds of a fall over the trial's windows."""
        usable = batch.inputs["usable"]
        share = self.forest(batch.inputs["features"][usable])[:, 1].clamp(1e-3, 1 - 1e-3)
        scores = torch.full(usable.shape, -10.0, dtype=share.dtype).masked_scatter(usable, torch.logit(share))
        best = scores.amax(dim=1).float()
        return torch.stack([torch.zeros_like(best), best], dim=1)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: no gradient moves a forest."""
        yield from ()

    def _features(self, sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        stream = motion_stream(sample)
        check_motion(stream, self.leads, self.rate_hz, self.config.window_s, f"sample {sample.id}")
        usable = cut.dropped_share(stream.array, self.size, self.stride) <= self.config.dropped_share
        if not usable.any():
            raise DataError(f"sample {sample.id}: every window lost too many packets; bring the receiver nearer")
        return window_features(cut.sliding_windows(cut.fill_gaps(stream.array), self.size, self.stride)), usable


def window_features(windows: NDArray[np.floating]) -> NDArray[np.float32]:
    """Summarize windows `(W, 3n, T)` as `(W, F)`.

    Each axis and the length of each sensor's vector give mean, spread, extremes, range and the largest step; the
    acceleration's length also gives its quartiles, and the turn of gravity from the window's first to its last fifth.
    """
    triples = windows.reshape(len(windows), -1, 3, windows.shape[-1])
    lengths = np.linalg.norm(triples, axis=2)
    rows = np.concatenate([windows, lengths], axis=1)
    steps = np.abs(np.diff(rows, axis=-1))
    low, high = rows.min(axis=-1), rows.max(axis=-1)
    parts = [rows.mean(axis=-1), rows.std(axis=-1), low, high, high - low, steps.max(axis=-1), steps.mean(axis=-1)]
    fifth = max(1, windows.shape[-1] // 5)
    first, last = triples[:, 0, :, :fifth].mean(axis=-1), triples[:, 0, :, -fifth:].mean(axis=-1)
    product = np.linalg.norm(first, axis=1) * np.linalg.norm(last, axis=1)
    turn = np.arccos(np.clip((first * last).sum(axis=1) / np.maximum(product, 1e-6), -1.0, 1.0))
    quartiles = np.percentile(lengths[:, 0], [5, 25, 75, 95], axis=-1).T
    return np.concatenate([*parts, quartiles, turn[:, None]], axis=1).astype(np.float32)
