"""A feature space trained here, on the training part alone, in which samples are compared as a reader would."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from salus.evaluate.honesty.space import ROWS, Space
from salus.metrics.weights import Floats
from salus.schema.sample import Sample

FEATURES = 32
PARTS = 16
STEPS = 300
BATCH = 64
SEED = 41


class Features:
    """Maps samples to `(N, F)` features.

    Rows keep their standardised, one-hot form. For arrays a small convolutional network is trained for 300 steps to
    tell the training classes and to give the first sixteen principal components of the array, so that what it keeps is
    both what the classes differ in and what all samples vary in; its last hidden layer, standardised, is the space.

    Args:
        space: Of the training part.
        train: Training samples.
        labels: `(N,)`, class indices; None or one class trains on the components alone.
    """

    def __init__(self, space: Space, train: Sequence[Sample], labels: NDArray[np.int64] | None) -> None:
        self.space = space
        self.network: nn.Module | None = None
        self.centre, self.scale = np.zeros(1), np.ones(1)
        if space.kind == ROWS:
            return
        arrays = space.arrays(train)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            self.network = _train(arrays, labels)
        found = self._raw(arrays)
        self.centre, self.scale = found.mean(axis=0), np.maximum(found.std(axis=0), 1e-6)

    def __call__(self, samples: Sequence[Sample]) -> Floats:
        """Return the features `(N, F)` of samples, without gradients."""
        if self.network is None:
            return self.space.vectors(samples)
        return (self._raw(self.space.arrays(samples)) - self.centre) / self.scale

    def _raw(self, arrays: NDArray[np.float32]) -> Floats:
        assert self.network is not None  # noqa: S101
        with torch.no_grad():
            parts = [self.network(torch.from_numpy(arrays[i : i + 256])) for i in range(0, len(arrays), 256)]
        return torch.cat(parts).double().numpy()


def _train(arrays: NDArray[np.float32], labels: NDArray[np.int64] | None) -> nn.Module:
    flat = torch.from_numpy(arrays.reshape(len(arrays), -1))
    count = min(PARTS, *flat.shape)
    centred = flat - flat.mean(dim=0)
    _, _, turn = torch.pca_lowrank(centred[:4000], q=count, center=False, niter=4)
    wanted = centred @ turn
    wanted = wanted / wanted.std(dim=0).clamp(min=1e-6)
    kinds = 0 if labels is None else int(labels.max()) + 1
    network = _network(arrays.shape[1:])
    head = nn.Linear(FEATURES, count + (kinds if kinds > 1 else 0))
    optimizer = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=2e-3)
    known = None if labels is None else torch.from_numpy(labels)
    rows = torch.from_numpy(arrays)
    for _ in range(STEPS):
        index = torch.randint(len(rows), (min(BATCH, len(rows)),))
        answer = head(network(rows[index]))
        loss = nn.functional.mse_loss(answer[:, :count], wanted[index])
        if known is not None and kinds > 1:
            loss = loss + nn.functional.cross_entropy(answer[:, count:], known[index])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return network.eval()


def _network(shape: tuple[int, ...]) -> nn.Module:
    """Return two strided convolutions, a pooling to four cells an axis and one hidden layer."""
    convolution = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[len(shape) - 2]
    pool = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)[len(shape) - 2]
    axes = len(shape) - 1
    return nn.Sequential(
        convolution(shape[0], 16, 5, stride=2, padding=2),
        nn.ReLU(),
        convolution(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        pool((4,) * axes),
        nn.Flatten(),
        nn.Linear(32 * 4**axes, FEATURES),
        nn.ReLU(),
        nn.Linear(FEATURES, FEATURES),
    )
