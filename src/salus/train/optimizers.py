"""Optimizers by parameter group, and the learning rate over a stage."""

import math
from collections.abc import Mapping

import torch
from torch import nn

from salus.schema.errors import ConfigError
from salus.schema.recipe import Optimizer, Stage


def build_optimizers(stage: Stage, groups: Mapping[str, list[nn.Parameter]]) -> dict[str, torch.optim.Optimizer]:
    """Return one optimizer for each group that the stage moves.

    Raises:
        ConfigError: The stage names a group that the system does not have, or one without parameters.
    """
    built = {}
    for name, spec in stage.optimizers.items():
        if name not in groups:
            raise ConfigError(f"stage {stage.name!r} moves group {name!r}; the system has {', '.join(groups)}")
        parameters = [p for p in groups[name] if p.requires_grad]
        if not parameters:
            raise ConfigError(f"stage {stage.name!r}: group {name!r} has no parameter to move")
        built[name] = _build(spec, parameters)
    return built


def _build(spec: Optimizer, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    rate, decay = spec.learning_rate, spec.weight_decay
    match spec.name:
        case "adam":
            return torch.optim.Adam(parameters, rate, betas=spec.betas, weight_decay=decay)
        case "adamw":
            return torch.optim.AdamW(parameters, rate, betas=spec.betas, weight_decay=decay)
        case "sgd":
            return torch.optim.SGD(parameters, rate, momentum=spec.momentum, weight_decay=decay)
        case "adagrad":
            return torch.optim.Adagrad(parameters, rate, weight_decay=decay)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, rate, momentum=spec.momentum, weight_decay=decay)
    raise ConfigError(f"optimizer {spec.name!r} is not known; use adam, adamw, sgd, adagrad or rmsprop")


def rate_factor(stage: Stage, step: int, total: int) -> float:
    """Return what the learning rate is multiplied by at `step` of `total` (from 0)."""
    position = step / max(1, total)
    if position < stage.warmup:
        return (step + 1) / max(1.0, stage.warmup * total)
    if stage.schedule == "cosine":
        rest = (position - stage.warmup) / max(1e-9, 1.0 - stage.warmup)
        return 0.5 * (1.0 + math.cos(math.pi * rest))
    if stage.schedule == "step":
        return 0.01 if position >= 0.85 else 0.1 if position >= 0.6 else 1.0
    return 1.0
