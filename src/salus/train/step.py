"""One optimizer update per objective, for one loss or many."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from salus.contract.batch import Batch
from salus.contract.system import System
from salus.schema.errors import ConfigError, TrainingError
from salus.schema.recipe import Recipe
from salus.train.average import Average
from salus.train.device import autocast


class Stepper:
    """Runs a system's objectives on batches.

    Attributes:
        skipped: Updates left out because half-precision gradients overflowed.
    """

    def __init__(
        self,
        system: System,
        recipe: Recipe,
        optimizers: Mapping[str, torch.optim.Optimizer],
        device: torch.device,
        precision: str,
        average: Average | None = None,
    ) -> None:
        self.system, self.recipe, self.optimizers = system, recipe, optimizers
        self.device, self.precision, self.average = device, precision, average
        groups = system.groups()
        self.moved: dict[str, list[nn.Parameter]] = {
            name: [p for p in groups[name] if p.requires_grad] for name in optimizers
        }
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
        self.skipped = 0

    def __call__(self, batches: Sequence[Batch], stage: str) -> dict[str, Tensor]:
        """Make every update of one step; several batches are accumulated into each update.

        Returns:
            Each objective's loss and logged figures, summed over batches and divided by their number; detached.

        Raises:
            TrainingError: A loss is not finite.
            ConfigError: An objective names a group without an optimizer.
        """
        log: dict[str, Tensor] = {}
        share = 1.0 / len(batches)
        sources = [iter(self.system.objectives(batch, stage)) for batch in batches]
        while True:
            group = ""
            for batch, source in zip(batches, sources, strict=True):
                with autocast(self.precision, self.device):
                    objective = next(source, None)
                if objective is None:
                    continue
                if group == "":
                    group = objective.group
                    self._optimizer(group, stage).zero_grad(set_to_none=True)
                loss = objective.loss * share if share != 1.0 else objective.loss
                self._check(loss, objective.name, stage, batch)
                self.scaler.scale(loss).backward(inputs=self.moved[group])
                _add(log, objective.name, loss.detach())
                for name, value in objective.log.items():
                    _add(log, name, torch.as_tensor(value, dtype=torch.float32).detach() * share)
            if group == "":
                return log
            self._update(group, log)

    def _optimizer(self, group: str, stage: str) -> torch.optim.Optimizer:
        if group not in self.optimizers:
            raise ConfigError(
                f"stage {stage!r}: an objective moves group {group!r}, which has no optimizer; "
                f"the stage has {', '.join(self.optimizers)}"
            )
        return self.optimizers[group]

    def _check(self, loss: Tensor, name: str, stage: str, batch: Batch) -> None:
        # On a GPU reading the loss would stall the queue at each step; there the epoch's mean is checked instead.
        if self.device.type == "cpu":
            value = loss.item()
            if not math.isfinite(value):
                raise not_finite(name, value, stage, batch.ids)

    def _update(self, group: str, log: dict[str, Tensor]) -> None:
        optimizer = self.optimizers[group]
        if self.recipe.watch is not None:
            slopes = [p.grad for p in self.moved[group] if p.grad is not None]
            _add(log, f"gradient_{group}", nn.utils.get_total_norm(slopes).detach() / self.scaler.get_scale())
        if self.recipe.clip_norm is not None:
            self.scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(self.moved[group], self.recipe.clip_norm)
        before = self.scaler.get_scale()
        self.scaler.step(optimizer)
        self.scaler.update()
        self.skipped += int(self.scaler.get_scale() < before)
        if self.average is not None and group in self.recipe.ema_groups:
            self.average.update()


def not_finite(name: str, value: float, stage: str, ids: Sequence[str]) -> TrainingError:
    """Return the error for a loss that is not a number."""
    shown = ", ".join(ids[:4]) + (", ..." if len(ids) > 4 else "")
    return TrainingError(
        f"stage {stage!r}: loss {name!r} is {value} on samples {shown}; lower the learning rate, set clip_norm, "
        "or look for impossible values with `salus data check`"
    )


def _add(log: dict[str, Tensor], name: str, value: Tensor) -> None:
    log[name] = log[name] + value if name in log else value
