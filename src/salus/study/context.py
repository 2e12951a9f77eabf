"""What a check of a study may look at: data, splits and the systems that were trained."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salus.contract.dataset import Dataset, Subset
from salus.contract.system import System
from salus.data.entry import Loaded
from salus.data.suit import suit
from salus.schema.errors import UsageError
from salus.store.artifact import load
from salus.study.cell import DONE
from salus.study.plan import Part, Plan
from salus.study.prepare import prepare
from salus.study.result import Bar

CheckRow = Bar
"""One figure of a check: a row among the conditions of the study file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedCell:
    """One trained system with the data it saw and did not see."""

    seed: int
    fold: int
    system: System
    train: Dataset
    valid: Dataset
    test: Dataset
    operating: dict[str, Any]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """Handed to every check function.

    Attributes:
        plan: The study.
        study: The study's folder.
        folder: Where the check may leave PNG or SVG pictures for the report.
        options: Further keys of its `[[check]]` in the study file.
    """

    plan: Plan
    study: Path
    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    def part(self, name: str) -> Part:
        """Return a part by name."""
        for part in self.plan.parts:
            if part.name == name:
                return part
        raise UsageError(f"study {self.plan.name!r} has no part {name!r}")

    def dataset(self, part: str) -> Loaded:
        """Return a part's dataset and question."""
        return prepare(self.part(part)).loaded

    def systems(self, part: str, arm: str) -> Iterator[TrainedCell]:
        """Yield every trained system of an arm, in order of seed and fold; failed cells are left out."""
        plan = self.part(part)
        prepared = prepare(plan)
        for seed, folds in enumerate(prepared.splits):
            for fold, split in enumerate(folds):
                place = self.study / "cells" / part / arm / f"s{seed}_f{fold}"
                if not (place / DONE).is_file() or json.loads((place / DONE).read_text(encoding="utf-8"))["error"]:
                    continue
                artifact = load(place / "run")
                data = suit(prepared.loaded.dataset, type(artifact.system).card.inputs)
                yield TrainedCell(
                    seed=seed,
                    fold=fold,
                    system=artifact.system,
                    train=prepared.training(data, seed, fold),
                    valid=Subset(data, split.valid),
                    test=Subset(data, split.test),
                    operating=artifact.operating,
                    folder=place,
                )
