"""The exam of an attribution: completeness, randomised weights, deletion."""

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from salus.explain.attribution import Subject

SHARE = 0.1
DRAWS = 8


def examine(
    subject: "Subject", values: Tensor, method: str, explain: "Callable[[Subject], Tensor]"
) -> dict[str, float]:
    """Return the figures of `Attribution.figures` for a map `values`, the shape of the subject's tensor."""
    figures = {"deletion_ratio": deletion_ratio(subject, values)}
    if method == "integrated_gradients":
        change = subject.value(subject.tensor) - subject.value(subject.baseline)
        figures["completeness_gap"] = abs(float(values.sum()) - change) / max(abs(change), 1e-9)
    if any(parameter.is_floating_point() for parameter in subject.system.parameters()):
        figures["sanity_correlation"] = sanity_correlation(subject, values, explain)
    return figures


def sanity_correlation(subject: "Subject", values: Tensor, explain: "Callable[[Subject], Tensor]") -> float:
    """Return Spearman's correlation of |map| with the |map| of the same network with shuffled weights."""
    from salus.explain.attribution import Subject as Explained

    other = copy.deepcopy(subject.system)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in other.parameters():
            flat = parameter.reshape(-1)
            # Shuffling keeps each layer's distribution, so the answers stay in range while what was learnt is lost.
            parameter.copy_(flat[torch.randperm(flat.numel(), generator=generator)].reshape(parameter.shape))
    shuffled = Explained(other, subject.batch, subject.baseline)
    shuffled.reduce = subject.reduce
    return _spearman(values.abs().double().numpy().ravel(), explain(shuffled).abs().double().numpy().ravel())


def deletion_ratio(subject: "Subject", values: Tensor) -> float:
    """Return how much more the answer falls without the top tenth of the map than without random tenths."""
    flat = values.reshape(-1)
    count = max(1, int(SHARE * flat.numel()))
    generator = torch.Generator().manual_seed(0)
    full = subject.value(subject.tensor)

    def fall(index: Tensor) -> float:
        changed = subject.tensor.clone().reshape(-1)
        changed[index] = subject.baseline.reshape(-1)[index]
        return full - subject.value(changed.reshape(subject.tensor.shape))

    top = fall(flat.topk(count).indices)
    random = np.mean([abs(fall(torch.randperm(flat.numel(), generator=generator)[:count])) for _ in range(DRAWS)])
    return top / max(float(random), 1e-9)


def _spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    first, second = rankdata(a), rankdata(b)
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
