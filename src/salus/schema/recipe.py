"""How a system is trained: stages, optimizers and what watches over them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizer:
    """One optimizer for one parameter group.

    Attributes:
        name: Which rule moves the weights.
        learning_rate: Step size at the end of the warm-up.
        weight_decay: Decoupled for `adamw`, L2 for the others.
        betas: Adam's decay rates.
        momentum: For `sgd` and `rmsprop`.
    """

    name: Literal["adam", "adamw", "sgd", "adagrad", "rmsprop"] = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.0


def two_rates(
    *, generator: float, critic: float, betas: tuple[float, float] = (0.0, 0.9), decay: float = 0.0
) -> dict[str, Optimizer]:
    """Return Adam with its own rate for the groups `generator` and `critic`.

    Args:
        generator: Learning rate of the generator.
        critic: Of the critic, usually the larger one.
        betas: Adam's decay rates of both.
        decay: L2 on the critic's weights.

    Source:
        Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule, theorem 1 and section 3.
    """
    return {
        "generator": Optimizer(learning_rate=generator, betas=betas),
        "critic": Optimizer(learning_rate=critic, betas=betas, weight_decay=decay),
    }


DIVERSITY, GAP = "diversity", "critic_gap"
"""Names under which a system logs what `Watch` looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is looked at while networks train against each other; gradient norms are logged beside it.

    Attributes:
        share: Diversity of generated batches, relative to real ones, below which the generator counts as collapsed.
        after: Share of a stage's epochs in which it may still be low: a generator starts with samples that are alike.
    """

    share: float = 0.25
    after: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A named part of training.

    Attributes:
        name: Passed to `System.objectives`.
        epochs: Passes over the training part.
        batch_size: Samples per step.
        optimizers: By parameter group; a group without one stands still in this stage.
        schedule: Learning rate over the stage: constant, cosine to zero, or divided by ten at 60 % and 85 %.
        warmup: Share of the stage's steps over which the rate rises from zero.
        samples_per_epoch: Draw this many with repetition instead of a pass (patches of few images); None for a pass.
        balanced: Draw classes equally often (by `Sample.target` when it is an integer).
        labelled: Share of each batch that is drawn, with repetition, from the samples that have a label; they come
            first, and the rest is drawn from all. None makes no difference between them.
        patience: Epochs without a better validation score before the stage ends; None for never.
        keep_best: Go back to the weights of the best validation epoch at the end of the stage.
        validate_every: Epochs between two validations.
    """

    name: str = "fit"
    epochs: int = 1
    batch_size: int = 32
    optimizers: Mapping[str, Optimizer] = field(default_factory=lambda: {"main": Optimizer()})
    schedule: Literal["constant", "cosine", "step"] = "constant"
    warmup: float = 0.0
    samples_per_epoch: int | None = None
    balanced: bool = False
    labelled: float | None = None
    patience: int | None = None
    keep_best: bool = True
    validate_every: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All stages and what holds for each of them.

    Attributes:
        stages: In order; empty for a plain estimator, which only `settle`s.
        clip_norm: Largest gradient norm per update; None for no clipping.
        accumulate: Batches whose gradients are summed before one update.
        ema: Decay of the averaged weights that validation and the artifact use; None for none.
        ema_groups: Parameter groups that are averaged.
        precision: `auto` takes bf16 where the processor has it in hardware.
        watch: Look out for a collapsing generator; None where there is none.
    """

    stages: tuple[Stage, ...] = ()
    clip_norm: float | None = None
    accumulate: int = 1
    ema: float | None = None
    ema_groups: tuple[str, ...] = ("main",)
    precision: Literal["fp32", "bf16", "fp16", "auto"] = "fp32"
    watch: Watch | None = None
