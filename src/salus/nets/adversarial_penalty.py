"""What keeps a critic smooth: gradient penalty, R1, and layers bounded by their spectral norm.

Both penalties need second derivatives, so a critic with them uses neither in-place dropout nor half precision there;
they are computed in float32 whatever the surrounding precision. Recurrent critics work on a processor; on a GPU their
fused kernel has no second derivative and must be switched off (`torch.backends.cudnn.flags(enabled=False)`).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

Critic = Callable[[Tensor], Tensor]
"""Maps samples `(B, ...)` to scores `(B, ...)`."""


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, *, goal: float = 1.0) -> Tensor:
    """Return how far the critic's slope is from `goal` on straight lines between real and generated samples.

    Args:
        critic: Maps `(B, ...)` to scores. Conditions are bound by the caller, `lambda rows: critic(rows, condition)`.
        real: `(B, ...)`; packed, if the critic takes packs.
        fake: Same shape.
        goal: Wanted norm of the gradient.

    Returns:
        Scalar: mean of (||grad D(x)|| - goal)^2 with x = u real + (1 - u) fake, u uniform for each row; the caller
        multiplies it (10 in the paper).

    Source:
        Gulrajani et al. 2017, Improved Training of Wasserstein GANs, equation 3 and algorithm 1.
    """
    share = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    between = share * real.detach().float() + (1 - share) * fake.detach().float()
    return (_slope(critic, between) - goal).square().mean()


def r1_penalty(critic: Critic, real: Tensor) -> Tensor:
    """Return half the mean squared gradient of the critic at real samples; the caller multiplies it by gamma.

    Source:
        Mescheder et al. 2018, Which Training Methods for GANs do actually Converge?, equation 9.
    """
    return 0.5 * _slope(critic, real.detach().float()).square().mean()


def _slope(critic: Critic, at: Tensor) -> Tensor:
    """Return the norm of the critic's gradient at each row, `(B,)`, itself differentiable."""
    at = at.clone().requires_grad_(True)
    with torch.autocast(at.device.type, enabled=False), torch.enable_grad():
        (slope,) = torch.autograd.grad(critic(at).float().sum(), at, create_graph=True)
    # The square root has no derivative at zero: a critic that is flat somewhere must not give NaN.
    return (slope.flatten(1).square().sum(1) + 1e-12).sqrt()


def bound_layers(module: nn.Module) -> nn.Module:
    """Divide the weight of every dense and convolutional layer by its largest singular value; return the module.

    The value is followed by one power iteration for each training step, and its vectors are buffers: they stand in
    the state dictionary and are restored with it.

    Source:
        Miyato et al. 2018, Spectral Normalization for Generative Adversarial Networks, algorithm 1.
    """
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    for layer in list(module.modules()):
        if isinstance(layer, kinds) and not hasattr(layer, "parametrizations"):
            parametrizations.spectral_norm(layer)
    return module
