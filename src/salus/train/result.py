"""What a training did."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FitResult:
    """What a training did.

    Attributes:
        history: One row per epoch: stage, epoch, seconds, losses, rate, `valid_<metric>`.
        best_epoch: Epoch of the best validation score over the last stage, counted over all stages from 1; 0 if none.
        best_seconds: Training seconds until then (convergence time), validation included.
        seconds: Training seconds in all, over resumed runs.
        steps: Optimizer steps in all.
        valid: Validation figures at the best epoch.
        alarms: What went wrong without an error: one sentence for each stage in which a generator collapsed.
    """

    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_seconds: float = 0.0
    seconds: float = 0.0
    steps: int = 0
    valid: dict[str, float] = field(default_factory=dict)
    alarms: tuple[str, ...] = ()
