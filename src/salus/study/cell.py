"""One cell of a study: one arm, one seed, one fold. Trains, answers, is judged, and leaves a folder."""

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from salus.contract.dataset import Dataset, Subset
from salus.contract.system import System
from salus.data.suit import suit
from salus.evaluate.cost import count_flops, count_parameters, measure_latency, peak_memory_mb
from salus.evaluate.predict import answers, score
from salus.schema.errors import SalusError
from salus.schema.files import write_with
from salus.store.artifact import read_json, save, write_json
from salus.study.pictures import save_pictures
from salus.study.plan import Arm, Part
from salus.study.prepare import Prepared, prepare
from salus.systems import registry
from salus.tasks.registry import make
from salus.train.device import set_threads
from salus.train.fit import fit
from salus.train.log import write_history
from salus.train.run import seed_torch

DONE = "cell.json"
_LATER = (("label_share", 1.0), ("imbalance", 0.0), ("labelled_only", False))


@dataclass(frozen=True, slots=True)
class Cell:
    """Which training: part, arm, seed and fold, and the folder of its study."""

    folder: Path
    part: Part
    arm: Arm
    seed: int
    fold: int

    @property
    def place(self) -> Path:
        """Return the cell's folder."""
        return self.folder / "cells" / self.part.name / self.arm.name / f"s{self.seed}_f{self.fold}"

    def identity(self, fingerprint: str) -> str:
        """Return what the cell's result depends on, as one line of JSON."""
        part = {k: v for k, v in asdict(self.part).items() if k not in ("arms", "title", "reason", "compare", "seeds")}
        arm = {k: v for k, v in asdict(self.arm).items() if k not in ("label", "role", "seeds", "name")}
        # What came later and is left at its default changes no result: cells that were finished before stay so.
        part = {k: v for k, v in part.items() if (k, v) not in _LATER}
        arm = {k: v for k, v in arm.items() if (k, v) not in _LATER}
        facts = {"part": part, "arm": arm, "seed": self.seed, "fold": self.fold, "data": fingerprint}
        return json.dumps(facts, sort_keys=True, default=list)

    def done(self, fingerprint: str) -> bool:
        """Tell whether this very cell was finished before (a failed one is tried again)."""
        path = self.place / DONE
        if not path.is_file():
            return False
        facts = read_json(path)
        return facts.get("identity") == self.identity(fingerprint) and not facts.get("error")


def run_cell(cell: Cell) -> None:
    """Train and judge one cell; every outcome, failure included, ends in its `cell.json`.

    A failed cell scores as the worst answers would: its test samples count as unanswered.
    """
    set_threads(1)
    prepared = prepare(cell.part)
    cell.place.mkdir(parents=True, exist_ok=True)
    _forget_other(cell, prepared)
    start = time.perf_counter()
    error = ""
    facts: dict[str, Any] = {}
    try:
        facts = _train_and_answer(cell, prepared)
    except SalusError as problem:
        error = str(problem)
    except Exception as problem:  # a system's own fault must cost its score, not the study
        error = f"{type(problem).__name__}: {problem}"
    if error:
        _save_missing(cell, prepared)
    identity = cell.identity(prepared.fingerprint)
    write_json(
        cell.place / DONE,
        {"identity": identity, "seconds": time.perf_counter() - start, "error": error, **facts},
    )


def _forget_other(cell: Cell, prepared: Prepared) -> None:
    """Remove training state that an edited study file left behind; go on with state of this very cell."""
    note = cell.place / "identity.txt"
    identity = cell.identity(prepared.fingerprint)
    if note.is_file() and note.read_text(encoding="utf-8") == identity:
        return
    for name in ("checkpoint.safetensors", DONE):
        (cell.place / name).unlink(missing_ok=True)
    write_with(note, lambda path: path.write_text(identity, encoding="utf-8"))


def build(arm: Arm, prepared: Prepared, train: Dataset, seed: int) -> System:
    """Build an arm's system on a training part, seeded."""
    kind = registry.find(arm.system)
    config = {"small": kind.small, "tiny": kind.tiny, "paper": kind.config_type()}[arm.size].replace(arm.set)
    seed_torch(seed, 77)
    return registry.create(arm.system, make(prepared.loaded.question), train, config)


def _train_and_answer(cell: Cell, prepared: Prepared) -> dict[str, Any]:
    data = suit(prepared.loaded.dataset, registry.find(cell.arm.system).card.inputs)
    split = prepared.splits[cell.seed][cell.fold]
    train = prepared.training(data, cell.seed, cell.fold, labelled_only=cell.arm.labelled_only)
    taught = prepared.training(data, cell.seed, cell.fold, labelled_only=True)
    valid, test = Subset(data, split.valid), Subset(data, split.test)
    system = build(cell.arm, prepared, train, cell.seed)
    result = fit(system, train, valid, score=score, seed=cell.seed, folder=cell.place, resume=True, events=False)
    task = system.task
    on_valid, on_test = answers(system, valid), answers(system, test)
    valid_truth, truth = on_valid.truth, on_test.truth
    operating = task.operate(on_valid.values, valid_truth) if len(valid) else {}
    marks = task.judge(on_test.values, truth, operating)
    valid_marks = task.judge(on_valid.values, valid_truth, operating) if len(valid) else marks[:0]
    _save_marks(cell, test, marks, task.columns, valid_marks)
    save_pictures(cell.place / "pictures.npz", task, test, on_test.values, marks)
    write_history(cell.place / "history.csv", result.history)
    facts = {"part": cell.part.name, "arm": cell.arm.name, "seed": cell.seed, "fold": cell.fold, "data": cell.part.data}
    save(system, cell.place / "run", operating=operating, facts=facts)
    one = system.collate([test[0]])
    cost = {
        "parameters": count_parameters(system),
        "flops": count_flops(system, one),
        "latency_ms": measure_latency(system, one),
        "fit_s": result.seconds,
        "best_s": result.best_seconds,
        "best_epoch": result.best_epoch,
        "peak_mb": peak_memory_mb(),
    }
    with contextlib.suppress(OSError):
        os.unlink(cell.place / "checkpoint.safetensors")
    return {
        "cost": cost,
        "missing": on_test.missing,
        "reasons": sorted(set(on_test.reasons.values()))[:5],
        "operating": operating,
        "alarms": list(result.alarms),
        "config": system.config.to_dict(),
        "score": task.score(on_test.values, truth, operating),
        "train_score": _train_score(system, taught, operating) if kind_learns(system) else {},
        "valid_score": task.score(on_valid.values, valid_truth, operating) if len(valid) else {},
        "last_epoch": int(result.history[-1]["epoch"]) if result.history else 0,
    }


def kind_learns(system: System) -> bool:
    """Tell whether the system has stages, so that its training score may show overfitting."""
    return bool(type(system).recipe(system.config).stages)


def _train_score(system: System, train: Dataset, operating: dict[str, Any]) -> dict[str, float]:
    """Score at most a thousand evenly spaced training samples, to show the overfitting gap."""
    step = max(1, len(train) // 1000)
    some = Subset(train, range(0, len(train), step))
    return dict(score(system, some, operating))


def _save_marks(
    cell: Cell, test: Dataset, marks: np.ndarray, columns: tuple[str, ...], valid_marks: np.ndarray
) -> None:
    samples = [test[i] for i in range(len(test))]
    groups = sorted({key for s in samples for key in s.meta if key.startswith("group_")})
    arrays: dict[str, Any] = {
        "ids": np.array([s.id for s in samples]),
        "patients": np.array([s.patient for s in samples]),
        "marks": marks,
        "columns": np.array(columns),
        "valid_marks": valid_marks,
        **{key: np.array([str(s.meta.get(key, "")) for s in samples]) for key in groups},
    }

    def write(path: Path) -> None:
        with path.open("wb") as handle:
            np.savez_compressed(handle, allow_pickle=False, **arrays)

    write_with(cell.place / "marks.npz", write)


def _save_missing(cell: Cell, prepared: Prepared) -> None:
    """Judge a failed cell as if it had answered nothing."""
    test = Subset(prepared.loaded.dataset, prepared.splits[cell.seed][cell.fold].test)
    task = make(prepared.loaded.question)
    marks = task.judge([None] * len(test), [test[i].target for i in range(len(test))], {})
    _save_marks(cell, test, marks, task.columns, marks[:0])
