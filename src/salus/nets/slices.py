"""Stacks of grey slices as tensors: one size, z-scored, padded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def scale_stack(stack: NDArray[Any], side: int) -> Tensor:
    """Bring slices `(S, H, W)` to `(S, side, side)`, float32, with mean zero and deviation one over the whole stack."""
    tensor = torch.from_numpy(np.ascontiguousarray(stack, dtype=np.float32))
    if tensor.shape[1:] != (side, side):
        tensor = nn.functional.interpolate(tensor[:, None], (side, side), mode="bilinear", antialias=True)[:, 0]
    return (tensor - tensor.mean()) / tensor.std().clamp(min=1e-6)


def pad_stacks(stacks: Sequence[Tensor], at_least: int = 1) -> tuple[Tensor, Tensor]:
    """Return `(B, S, H, W)` padded with zeros to the longest stack (and `at_least`), and the lengths `(B,)`."""
    lengths = torch.tensor([len(stack) for stack in stacks])
    images = torch.zeros(len(stacks), max(at_least, int(lengths.max())), *stacks[0].shape[1:])
    for row, stack in zip(images, stacks, strict=True):
        row[: len(stack)] = stack
    return images, lengths


def class_weights(counts: dict[str, int], classes: int) -> Tensor:
    """Return weights `(K,)` inverse to class counts, mean one over samples, zero for a class that is absent."""
    share = torch.tensor([counts.get(str(label), 0) for label in range(classes)], dtype=torch.float32)
    return torch.where(share > 0, share.sum() / (classes * share.clamp(min=1)), 0.0)
