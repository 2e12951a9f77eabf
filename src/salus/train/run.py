"""State of one training between epochs: what a checkpoint holds and how an epoch is run."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.schema.errors import StoreError
from salus.schema.recipe import Recipe, Stage
from salus.train.alarm import alarms, diversity_note
from salus.train.average import Average
from salus.train.checkpoint import load_checkpoint, pack_optimizer, save_checkpoint, unpack_optimizer
from salus.train.device import autocast, resolve_precision
from salus.train.loader import Loader
from salus.train.log import Board, write_history
from salus.train.optimizers import build_optimizers, rate_factor
from salus.train.progress import Progress
from salus.train.result import FitResult
from salus.train.step import Stepper, not_finite

CHECKPOINT = "checkpoint.safetensors"
Score = Callable[[System, Dataset], Mapping[str, float]]


def seed_torch(*key: int) -> None:
    """Seed torch's global state from several numbers."""
    state = np.random.SeedSequence([abs(int(k)) for k in key]).generate_state(2, np.uint32)
    torch.manual_seed(int(state[0]) << 31 | int(state[1]) >> 1)


class Run:
    """State of one training between epochs; everything here is in the checkpoint."""

    def __init__(
        self,
        system: System,
        train: Dataset,
        valid: Dataset | None,
        *,
        score: Score,
        seed: int,
        device: torch.device,
        folder: Path | None,
        progress: Progress,
        workers: int,
        events: bool,
    ) -> None:
        self.system, self.valid, self.score, self.seed, self.device = system, valid, score, seed, device
        self.folder, self.progress, self.events = folder, progress, events
        self.recipe: Recipe = type(system).recipe(system.config)
        self.precision = resolve_precision(self.recipe.precision, device)
        system.to(device)
        self.loader = Loader(system, train, device, seed=seed, workers=workers)
        self.stage = self.epoch = self.epochs_done = self.steps = 0
        self.seconds = self.best_seconds = 0.0
        self.best_score, self.best_epoch, self.waited = float("-inf"), 0, 0
        self.history: list[dict[str, Any]] = []
        self.best: dict[str, torch.Tensor] = {}
        self.best_valid: dict[str, float] = {}
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self.average: Average | None = None
        self._restored: dict[str, Any] | None = None
        self._tensors: dict[str, torch.Tensor] = {}
        self._scaler: dict[str, Any] = {}
        self.identity = _identity(system, train, seed, self.precision, self.loader.weights)

    def all_stages(self) -> None:
        """Run what is left of every stage."""
        stages = self.recipe.stages
        total = sum(self.loader.steps(stage) * stage.epochs for stage in stages)
        if not stages or self.stage >= len(stages):
            return
        self.progress.begin(type(self.system).__name__, total, self.steps)
        board = Board(self.folder if self.events else None, self.epochs_done + 1)
        try:
            while self.stage < len(stages):
                self._one_stage(stages[self.stage], board)
                self.stage += 1
                self.epoch = 0
        finally:
            board.close()
            self.progress.end(self._note())

    def _one_stage(self, stage: Stage, board: Board) -> None:
        self._open_stage(stage)
        stepper = Stepper(self.system, self.recipe, self.optimizers, self.device, self.precision, self.average)
        stepper.scaler.load_state_dict(self._scaler or stepper.scaler.state_dict())
        while self.epoch < stage.epochs:
            start = time.perf_counter()
            row = self._one_epoch(stage, stepper)
            self.seconds += time.perf_counter() - start
            self.epoch += 1
            self.epochs_done += 1
            row = {"stage": stage.name, "epoch": self.epochs_done, "seconds": self.seconds, **row}
            stop = self._validate(stage, row)
            self._scaler = stepper.scaler.state_dict()
            self.history.append(row)
            board.add(row, self.epochs_done)
            if stop:
                self.epoch = stage.epochs
            if self.epoch >= stage.epochs:
                self._close_stage(stage)
            self.save(finished=self.epoch >= stage.epochs)

    def _open_stage(self, stage: Stage) -> None:
        groups = self.system.groups()
        self.optimizers = build_optimizers(stage, groups)
        self.average = None
        if self.recipe.ema is not None:
            moved = {id(p) for name in self.recipe.ema_groups if name in stage.optimizers for p in groups[name]}
            chosen = {name: p for name, p in self.system.named_parameters() if id(p) in moved}
            self.average = Average(chosen, self.recipe.ema) if chosen else None
        if self._restored is not None:
            facts, self._restored = self._restored, None
            for name, optimizer in self.optimizers.items():
                unpack_optimizer(f"optimizer.{name}", optimizer, self._tensors, facts["optimizers"][name])
            if self.average is not None:
                self.average.updates = facts["average_updates"]
                for name, shadow in self.average.shadow.items():
                    shadow.copy_(self._tensors[f"average/{name}"])
            self._tensors = {}
        else:
            self.best_score, self.best, self.waited, self.best_valid = float("-inf"), {}, 0, {}

    def _one_epoch(self, stage: Stage, stepper: Stepper) -> dict[str, Any]:
        seed_torch(self.seed, self.stage, self.epoch)
        self.system.train()
        per_epoch = self.loader.steps(stage)
        total = per_epoch * stage.epochs
        bases = {name: stage.optimizers[name].learning_rate for name in self.optimizers}
        sums: dict[str, torch.Tensor] = {}
        waiting = []
        counts: dict[str, int] = {}  # a critic that moves at every second step still has a mean of its own
        for number, batch in enumerate(self.loader.epoch(stage, self.stage, self.epoch)):
            waiting.append(batch)
            if len(waiting) < self.recipe.accumulate and number + 1 < per_epoch:
                continue
            factor = rate_factor(stage, self.epoch * per_epoch + number, total)
            for name, optimizer in self.optimizers.items():
                for parameters in optimizer.param_groups:
                    parameters["lr"] = bases[name] * factor
            for name, value in stepper(waiting, stage.name).items():
                sums[name] = sums[name] + value if name in sums else value
                counts[name] = counts.get(name, 0) + 1
            self.steps += len(waiting)
            waiting = []
            self.progress.step(self.steps)
        means = {name: float(value) / counts[name] for name, value in sums.items()}
        for name, mean in means.items():
            if not np.isfinite(mean):
                raise not_finite(name, mean, stage.name, (f"epoch {self.epochs_done + 1}",))
        return {**means, "rate": next(iter(self.optimizers.values())).param_groups[0]["lr"]}

    def _validate(self, stage: Stage, row: dict[str, Any]) -> bool:
        """Score the validation part; return whether patience has run out."""
        due = self.epoch % stage.validate_every == 0 or self.epoch == stage.epochs
        if self.valid is None or not len(self.valid) or not due:
            return False
        start = time.perf_counter()
        self.system.eval()
        if self.average is not None:
            with self.average.installed():
                figures = self._figures()
        else:
            figures = self._figures()
        self.seconds += time.perf_counter() - start
        row["seconds"] = self.seconds
        row.update({f"valid_{name}": value for name, value in figures.items()})
        task = self.system.task
        value = figures[task.primary] * task.directions[task.primary]
        if np.isfinite(value) and value > self.best_score:
            self.best_score, self.best_epoch, self.best_seconds, self.waited = value, self.epochs_done, self.seconds, 0
            self.best_valid = figures
            if stage.keep_best:
                self.best = self._weights()
        else:
            self.waited += stage.validate_every
        self.progress.step(self.steps, self._note(row))
        return stage.patience is not None and self.waited >= stage.patience

    def _figures(self) -> dict[str, float]:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), autocast("fp32", self.device):
            assert self.valid is not None  # noqa: S101
            return dict(self.score(self.system, self.valid))

    def _weights(self) -> dict[str, torch.Tensor]:
        if self.average is None:
            return {name: t.detach().clone() for name, t in self.system.state_dict().items()}
        with self.average.installed():
            return {name: t.detach().clone() for name, t in self.system.state_dict().items()}

    def _close_stage(self, stage: Stage) -> None:
        """Take the best weights, or the averaged ones."""
        if stage.keep_best and self.best:
            self.system.load_state_dict(self.best)
        elif self.average is not None:
            self.average.install()
        self.best = {}
        self.average = None
        self.optimizers = {}
        self._scaler = {}

    def _note(self, row: Mapping[str, Any] | None = None) -> str:
        task, parts = self.system.task, []
        row = row if row is not None else (self.history[-1] if self.history else {})
        losses = [k for k in row if not k.startswith("valid_") and k not in ("stage", "epoch", "seconds", "rate")]
        if losses:
            parts.append(f"loss {row[losses[0]]:.4g}")
        if f"valid_{task.primary}" in row:
            best = self.best_score * task.directions[task.primary]
            parts.append(f"{task.primary} {row[f'valid_{task.primary}']:.4f} (best {best:.4f})")
        return ", ".join(parts + diversity_note(row, self.recipe.watch))

    def save(self, *, finished: bool) -> None:
        """Write checkpoint and log; the checkpoint comes first, so the log never runs ahead of it."""
        if self.folder is None:
            return
        tensors = {f"model/{name}": t for name, t in self.system.state_dict().items()}
        tensors.update({f"best/{name}": t for name, t in self.best.items()})
        packed = {}
        for name, optimizer in self.optimizers.items():
            found, packed[name] = pack_optimizer(f"optimizer.{name}", optimizer)
            tensors.update(found)
        if self.average is not None:
            tensors.update({f"average/{name}": t for name, t in self.average.shadow.items()})
        facts = {
            "identity": self.identity,
            "stage": self.stage + 1 if finished else self.stage,
            "epoch": 0 if finished else self.epoch,
            "fresh": finished,
            "optimizers": packed,
            "scaler": self._scaler,
            "average_updates": self.average.updates if self.average is not None else 0,
            **{name: getattr(self, name) for name in _KEPT},
            "best_score": self.best_score if np.isfinite(self.best_score) else None,
        }
        save_checkpoint(self.folder / CHECKPOINT, tensors, facts)
        write_history(self.folder / "history.csv", self.history)

    def restore(self) -> None:
        """Take up the folder's checkpoint, if there is one."""
        path = None if self.folder is None else self.folder / CHECKPOINT
        if path is None or not path.exists():
            return
        tensors, facts = load_checkpoint(path)
        if facts["identity"] != self.identity:
            raise StoreError(
                f"{path} belongs to another training (system, settings, data or seed differ); "
                "use the same command as before, or another output folder"
            )
        self.system.load_state_dict({n[6:]: t.to(self.device) for n, t in tensors.items() if n.startswith("model/")})
        self.best = {n[5:]: t.to(self.device) for n, t in tensors.items() if n.startswith("best/")}
        self.stage, self.epoch = facts["stage"], facts["epoch"]
        for name in _KEPT:
            setattr(self, name, facts[name])
        self._scaler = facts.get("scaler", {})
        self.best_score = float("-inf") if facts["best_score"] is None else facts["best_score"]
        if not facts["fresh"]:
            self._restored, self._tensors = facts, tensors

    def result(self) -> FitResult:
        """Return what happened."""
        return FitResult(
            history=self.history,
            best_epoch=self.best_epoch,
            best_seconds=self.best_seconds,
            seconds=self.seconds,
            steps=self.steps,
            valid=self.best_valid,
            alarms=alarms(self.history, self.recipe),
        )


_KEPT = ("epochs_done", "steps", "seconds", "best_seconds", "best_epoch", "waited", "history", "best_valid")


def _identity(system: System, train: Dataset, seed: int, precision: str, weights: NDArray[np.float64] | None) -> str:
    facts = {
        "system": f"{type(system).__module__}.{type(system).__qualname__}",
        "config": system.config.to_dict(),
        "fingerprint": system.fingerprint,
        "question": system.task.question.to_dict(),
        "samples": [len(train), train[0].id, train[len(train) - 1].id],
        "seed": seed,
        "precision": precision,
        **({} if weights is None else {"weights": hashlib.sha256(weights.tobytes()).hexdigest()}),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=list).encode()).hexdigest()
