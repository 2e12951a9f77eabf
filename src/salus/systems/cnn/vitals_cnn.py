"""Ismail et al. 2020, CNN-based health model for regular health factors, IEEE Access, article 9036869.

Two arms. `paper`: a gate chooses factors, their Pearson correlation on the training part sorts them into a positive and
a negative set, two parallel 1-D convolutions read the ordered sets, a linear layer merges them; regular patterns are
mined on the groups. `review`: convolutions 16-32-64, average pool, one logit a class, over factors or a window
`(5, 64)` of readings. Layer sizes are this project's: the paper's could not be confirmed.
"""

import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset, ListDataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.tabular import RowEncoder, count_labels, label_tensor, measure_rows
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample
from salus.transforms.grouping import correlation, group_factors
from salus.transforms.patterns import regular_patterns
from salus.transforms.vitals import LEADS, STEPS, checked_row, checked_window, name_words

_GLYCAEMIC = ("hba1c", "glycated", "glucose", "lbxgh", "lbxglu")
_PRESSURE = ("systolic", "diastolic", "sbp", "dbp", "bpxsy", "bpxdi")
DEFINING: Mapping[str, tuple[str, ...]] = {
    "diabetes": _GLYCAEMIC,
    "pre-diabetes": _GLYCAEMIC,
    "hypertension": _PRESSURE,
    "pre-hypertension": _PRESSURE,
    "obesity": ("bmi", "weight", "height", "waist", "bmxbmi", "bmxwt", "bmxht", "bmxwaist"),
}
"""By class: words a column's name must not have, because such a reading decides the label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalsCNNConfig(Config):
    """Settings.

    Attributes:
        arm: `paper` reads rows; `review` reads windows where the samples have them, else rows.
        order: `shuffled` gives the factors random places (ablation).
        gate: Multiply each factor by a learned share.
        defining: `show` lets label-defining columns in, to show what a leak is worth.
        threshold: Least |r| of two partners.
        gate_l1: Weight of the gates' sum in the loss.
        widths: Channels of the convolutions; the review arm doubles the last one for its third.
        dropout: Share of merged features silenced in training.
        longest_gap: Longest gap of a regular pattern, as a share of the training rows.
        least_support: Least share of training rows that hold a regular pattern.
        epochs: Most passes over the training part.
        patience: Epochs without a better validation score before training ends.
        batch_size: Samples a step.
        learning_rate: Of Adam.
    """

    arm: Literal["paper", "review"] = "paper"
    order: Literal["correlation", "shuffled"] = "correlation"
    gate: bool = True
    defining: Literal["refuse", "show"] = "refuse"
    threshold: float = 0.2
    gate_l1: float = 1e-3
    widths: tuple[int, ...] = (16, 32)
    dropout: float = 0.2
    longest_gap: float = 0.05
    least_support: float = 0.1
    epochs: int = 60
    patience: int = 10
    batch_size: int = 128
    learning_rate: float = 1e-3


class VitalsCNN(System):
    """Convolutions over factors sorted by correlation."""

    card = Card(
        title="CNN-based health model for regular health factors",
        authors="Ismail et al. 2020",
        family="cnn",
        tasks=("classification",),
        inputs=(("row", "Row of numbers and words"), ("vitals", "Waveform (5, 64), review arm")),
        modalities=("table", "signal"),
        review="CNN on pressure, pulse and temperature; five states, 50 people; better and cheaper than older methods.",
        deviations=(
            "The paper's layer sizes are unconfirmed; these are ours",
            "One network a target, because each target forbids other inputs; the paper has one with three outputs",
            "Factors without any partner at the threshold follow the positive set, so that none is lost",
            "A window's mean levels skip the convolutions and join at the merge",
            "Regular patterns are reported, not fed to the network; rows of a survey have no order in time",
        ),
        advantages=("On NHANES 2017-2018 it equals a dense network of several times its size",),
        limits=(
            "On NHANES neither the order by correlation nor the gates gain anything worth having",
            "The review's average pool over a row forgets which factor is which: use its arm for windows",
            "Pre-diabetes cannot be told without glucose or HbA1c",
        ),
        explain_input="factors",
    )
    config_type: ClassVar[type[Config]] = VitalsCNNConfig
    small: ClassVar[Config] = VitalsCNNConfig(epochs=30, patience=6)
    tiny: ClassVar[Config] = VitalsCNNConfig(widths=(4, 8), epochs=2, batch_size=16, dropout=0.0)
    config: VitalsCNNConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = task.question.classes
        self.logits = 1 if len(self.classes) == 2 else len(self.classes)
        self.positive = self.classes.index(task.question.positive or self.classes[-1])
        if fingerprint["kind"] == "windows":
            self._refuse_defining(LEADS)
            self.encoder, count, channels = None, STEPS, len(LEADS)
        else:
            self.encoder = RowEncoder(fingerprint["rows"])
            self._refuse_defining(self.encoder.columns)
            count, channels = len(self.encoder.features), 1
        self.gate = nn.Parameter(torch.full((count,), 2.0)) if self.config.gate and channels == 1 else None
        first, second = self.config.widths
        self.branches = nn.ModuleDict()
        if self.config.arm == "review":
            self.branches["all"] = _review_branch(channels, first, second, pool=channels > 1)
            merged = 2 * second + (channels if channels > 1 else 0)
        else:
            for sign in ("positive", "negative"):
                places = torch.tensor(fingerprint[sign], dtype=torch.int64)
                self.register_buffer(f"{sign}_places", places, persistent=False)
                if len(places):
                    self.branches[sign] = _paper_branch(first, second)
            merged = second * sum(len(fingerprint[sign]) for sign in self.branches)
        self.merge = nn.Sequential(nn.Dropout(self.config.dropout), nn.Linear(merged, self.logits))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Check readings and encode them: `factors (B, F)`, or `(B, 5, 64)` for windows.

        Raises:
            DataError: Diastolic not below systolic, a label-defining column, other columns than in training.
            UnitError: A temperature or glucose that betrays another unit.
            ShapeError: A window of other leads or not 64 steps.
        """
        labels = label_tensor(samples, self.classes)
        if self.encoder is None:
            windows = np.stack([checked_window(sample) for sample in samples])
            mean, scale = (np.array(self.fingerprint[key])[:, None] for key in ("mean", "scale"))
            factors = torch.from_numpy(((windows - mean) / scale).astype(np.float32))
        else:
            factors = self.encoder.encode([checked_row(sample, self.encoder.input) for sample in samples])
        ids = tuple(sample.id for sample in samples)
        return Batch(ids, {"factors": factors}, {} if labels is None else {"label": labels})

    def forward(self, batch: Batch) -> Tensor:
        """Return the positive class's logit `(B, 1)` for two classes, else logits `(B, K)`."""
        factors = batch.inputs["factors"]
        if self.gate is not None:
            factors = factors * torch.sigmoid(self.gate)
        if factors.ndim == 3:
            # Patients' levels differ more than any course within an hour; the convolutions get the course alone.
            level = factors.mean(dim=2)
            within = torch.tensor(self.fingerprint["within"], dtype=factors.dtype, device=factors.device)
            parts = [self.branches["all"]((factors - level[:, :, None]) / within[:, None]), level]
        elif self.config.arm == "review":
            parts = [self.branches["all"](factors[:, None])]
        else:
            parts = [self.branches[sign](factors[:, None, self.get_buffer(f"{sign}_places")]) for sign in self.branches]
        return self.merge(torch.cat(parts, dim=1))

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the cross-entropy with the gates' sum."""
        logits, labels = self(batch), batch.target["label"]
        if self.logits == 1:
            truth = (labels == self.positive).to(logits.dtype)
            loss = functional.binary_cross_entropy_with_logits(logits[:, 0], truth)
        else:
            loss = functional.cross_entropy(logits, labels)
        open_gates = torch.zeros(()) if self.gate is None else torch.sigmoid(self.gate).sum()
        yield Objective("risk", loss + self.config.gate_l1 * open_gates.to(loss.device), log={"cross_entropy": loss})

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage of Adam that stops early."""
        assert isinstance(config, VitalsCNNConfig)  # noqa: S101
        stage = Stage(
            epochs=config.epochs,
            batch_size=config.batch_size,
            optimizers={"main": Optimizer(learning_rate=config.learning_rate)},
            patience=config.patience,
        )
        return Recipe(stages=(stage,))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn columns, correlation sets, their order and the regular patterns of the training part.

        Raises:
            DataError: Fewer than two classes, impossible readings, or what `measure_rows` refuses.
        """
        assert isinstance(config, VitalsCNNConfig)  # noqa: S101
        count_labels(train)
        samples = [train[i] for i in range(len(train))]
        if config.arm == "review" and "vitals" in samples[0].inputs:
            windows = np.stack([checked_window(sample) for sample in samples])
            mean, scale = windows.mean(axis=(0, 2)), windows.std(axis=(0, 2)).clip(1e-6)
            within = (windows.std(axis=2).mean(axis=0) / scale).clip(1e-3)
            return {"kind": "windows", "mean": mean.tolist(), "scale": scale.tolist(), "within": within.tolist()}
        rows = measure_rows(ListDataset([checked_row(sample) for sample in samples]))
        encoder = RowEncoder(rows)
        factors = encoder.encode([checked_row(sample) for sample in samples]).double().numpy()
        matrix = correlation(factors)
        groups = group_factors(matrix, config.threshold)
        positive, negative = groups.positive, groups.negative
        if config.order == "shuffled":
            # The places are drawn of the ids, so that each fold and seed shuffles in its own way, repeatably.
            seed = zlib.crc32("\n".join(sorted(sample.id for sample in samples)).encode())
            places = np.random.default_rng(seed).permutation(len(matrix))
            positive, negative = (tuple(int(places[i]) for i in side) for side in (positive, negative))
        return {
            "kind": "rows",
            "rows": rows,
            "positive": list(positive),
            "negative": list(negative),
            "clusters": [list(cluster) for cluster in groups.clusters],
            "correlation": matrix.round(4).tolist(),
            "patterns": _patterns(factors, groups.clusters, encoder, config),
        }

    def factor_groups(self) -> list[dict[str, Any]]:
        """Return the groups of factors: `factors`, `gates` (1 where there is no gate) and `patterns` found in them.

        A pattern lists `(factor, "high" | "low")`, its `support` and its longest `gap` in training rows.
        """
        if self.encoder is None:
            return [{"factors": list(LEADS), "gates": [1.0] * len(LEADS), "patterns": []}]
        names = self.encoder.features
        gates = [1.0] * len(names) if self.gate is None else torch.sigmoid(self.gate).tolist()
        found: list[dict[str, Any]] = []
        for cluster in self.fingerprint["clusters"]:
            inside = [p for p in self.fingerprint["patterns"] if {i // 2 for i in p["items"]} <= set(cluster)]
            patterns = [
                {**p, "items": [(names[i // 2], "high" if i % 2 else "low") for i in p["items"]]} for p in inside
            ]
            own = {"factors": [names[i] for i in cluster], "gates": [gates[i] for i in cluster]}
            found.append({**own, "patterns": patterns})
        return found

    def _refuse_defining(self, columns: Sequence[str]) -> None:
        if self.config.defining == "show":
            return
        asked = {re.sub(r"[ _]+", "-", name.lower()) for name in (*self.classes, self.task.question.positive)}
        for target in sorted(asked & DEFINING.keys()):
            guilty = [column for column in columns if name_words(column) & set(DEFINING[target])]
            if guilty:
                raise DataError(
                    f"{', '.join(guilty)} defines {target!r} and must not be its input; "
                    "drop the column, or set defining=show to print what the leak is worth"
                )


def _paper_branch(first: int, second: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(1, first, 3, padding=1), nn.ReLU(), nn.Conv1d(first, second, 3, padding=1), nn.ReLU(), nn.Flatten()
    )


def _review_branch(channels: int, first: int, second: int, *, pool: bool) -> nn.Module:
    """Three convolutions and the average; over time, halving in between widens the view to an episode's length."""
    half: list[nn.Module] = [nn.MaxPool1d(2)] if pool else []
    layers = [nn.Conv1d(channels, first, 3, padding=1), nn.ReLU(), *half]
    layers += [nn.Conv1d(first, second, 3, padding=1), nn.ReLU(), *half]
    layers += [nn.Conv1d(second, 2 * second, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten()]
    return nn.Sequential(*layers)


def _patterns(
    factors: NDArray[np.float64], clusters: Sequence[Sequence[int]], encoder: RowEncoder, config: VitalsCNNConfig
) -> list[dict[str, Any]]:
    """Mine pairs and triples of high (item 2i+1) and low (2i) factors inside each cluster, most frequent first.

    An absent category is no low value, and that a value is missing is no reading: neither becomes an item.
    """
    count, found = len(factors), []
    word = [source in encoder.categorical for source in encoder.sources]
    gap, support = max(1, int(config.longest_gap * count)), max(1, math.ceil(config.least_support * count))
    for cluster in clusters:
        read = [i for i in cluster if i not in encoder.indicators]
        table = (factors[:, read] > 0).tolist()
        rows = [[2 * i + high for i, high in zip(read, row, strict=True) if high or not word[i]] for row in table]
        mined = regular_patterns(rows, longest_gap=gap, support=support, most_items=3)
        several = sorted((p for p in mined if len(p.items) > 1), key=lambda p: (-p.support, p.items))
        found += [{"items": list(p.items), "support": p.support, "gap": p.gap} for p in several[:10]]
    return found
