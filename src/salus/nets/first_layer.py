"""The first layer of a network that must see faint texture on a strong level."""

import torch
from torch import Tensor, nn


def look(layer: nn.Module, image: Tensor) -> Tensor:
    """Apply an image's first layer at full precision: in bf16 a window of 1400 HU has steps of five HU."""
    with torch.autocast(image.device.type, enabled=False):
        seen: Tensor = layer(image.float())
    return seen


def level_blind(convolution: nn.Module, gain: float = 1.0) -> None:
    """Take the mean off each filter of an image's first convolution, and scale it.

    Noise and texture are a fiftieth of the image's level: filters that see the level learn nothing else for long.
    """
    with torch.no_grad():
        weight = convolution.get_parameter("weight")
        weight.sub_(weight.mean(dim=(2, 3), keepdim=True)).mul_(gain)
