"""Losses of two networks that train against each other, the class head beside them, and packing.

Scores are what a critic returns before any sigmoid, high for real. Every loss is computed in float32.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from salus.schema.errors import ConfigError

AdversarialLoss = Literal["wasserstein", "least_squares", "hinge", "non_saturating"]


def critic_loss(loss: AdversarialLoss, real: Tensor, fake: Tensor) -> Tensor:
    """Return what a critic minimizes.

    Args:
        loss: `wasserstein` (needs a gradient penalty or bounded layers), `least_squares`, `hinge` or `non_saturating`.
        real: Scores of real samples, any shape.
        fake: Scores of generated samples, any shape; the generator's output must be detached by the caller.

    Returns:
        Scalar: E[fake] - E[real]; E[(real - 1)^2] + E[fake^2]; E[max(0, 1 - real)] + E[max(0, 1 + fake)];
        E[softplus(-real)] + E[softplus(fake)].

    Raises:
        ConfigError: An unknown loss.

    Source:
        Gulrajani et al. 2017, equation 3 without its penalty; Mao et al. 2017, equation 2 without the factor one half;
        Lim and Ye 2017 and Miyato et al. 2018, equation 16; Goodfellow et al. 2014, equation 1.
    """
    real, fake = real.float(), fake.float()
    if loss == "wasserstein":
        return fake.mean() - real.mean()
    if loss == "least_squares":
        return (real - 1).square().mean() + fake.square().mean()
    if loss == "hinge":
        return functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()
    if loss == "non_saturating":
        return functional.softplus(-real).mean() + functional.softplus(fake).mean()
    raise _unknown(loss)


def generator_loss(loss: AdversarialLoss, fake: Tensor) -> Tensor:
    """Return what a generator minimizes, given the scores of its samples.

    Returns:
        Scalar: -E[fake] (`wasserstein`, `hinge`), E[(fake - 1)^2] or E[softplus(-fake)].

    Raises:
        ConfigError: An unknown loss.

    Source:
        As `critic_loss`; the last is the non-saturating form of Goodfellow et al. 2014, section 3.
    """
    fake = fake.float()
    if loss in ("wasserstein", "hinge"):
        return -fake.mean()
    if loss == "least_squares":
        return (fake - 1).square().mean()
    if loss == "non_saturating":
        return functional.softplus(-fake).mean()
    raise _unknown(loss)


def auxiliary_loss(
    real_logits: Tensor, real_label: Tensor, fake_logits: Tensor, fake_label: Tensor, *, fake_weight: float = 1.0
) -> Tensor:
    """Return the class loss of a critic with a class head: cross-entropy of real and of generated samples.

    Args:
        real_logits: `(B, K)`.
        real_label: `(B,)` int64.
        fake_logits: `(M, K)`; zero rows leave this term out.
        fake_label: `(M,)` int64, the classes the generator was asked for.
        fake_weight: Of the second term; 0 lets the head learn from real samples alone.

    Source:
        Odena et al. 2017, Conditional Image Synthesis with Auxiliary Classifier GANs, equation 3.
    """
    loss = functional.cross_entropy(real_logits.float(), real_label)
    if fake_weight and len(fake_logits):
        loss = loss + fake_weight * functional.cross_entropy(fake_logits.float(), fake_label)
    return loss


def pack(rows: Tensor, size: int) -> Tensor:
    """Join each `size` successive rows along axis 1, so that a critic sees several samples at once.

    A critic that sees several samples notices that they are alike, which makes a collapsed generator easy to tell.

    Args:
        rows: `(B, F)`, `(B, C, T)` or `(B, C, H, W)`.
        size: Samples in a pack; 1 returns the rows as they are.

    Returns:
        `(B // size, size * F, ...)`. Rows that fill no pack are left out; fewer rows than one pack are repeated in
        their order until they fill it.

    Source:
        Lin et al. 2018, PacGAN: The power of two samples in generative adversarial networks, section 3.
    """
    if size == 1:
        return rows
    if len(rows) < size:
        rows = rows[torch.arange(size, device=rows.device) % len(rows)]
    count = len(rows) // size
    return rows[: count * size].reshape(count, size * rows.shape[1], *rows.shape[2:])


def _unknown(loss: str) -> ConfigError:
    return ConfigError(
        f"adversarial loss {loss!r} is not known; use wasserstein, least_squares, hinge or non_saturating"
    )
