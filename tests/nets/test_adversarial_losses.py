"""Adversarial losses against their formulas in NumPy, and packing against loops."""

import numpy as np
import pytest
import torch

from salus.nets.adversarial_losses import auxiliary_loss, critic_loss, generator_loss, pack
from salus.schema.errors import ConfigError


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


FORMULAS = {
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda f: -f.mean()),
    "least_squares": (lambda r, f: ((r - 1) ** 2).mean() + (f**2).mean(), lambda f: ((f - 1) ** 2).mean()),
    "hinge": (lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(), lambda f: -f.mean()),
    "non_saturating": (lambda r, f: softplus(-r).mean() + softplus(f).mean(), lambda f: softplus(-f).mean()),
}


@pytest.mark.parametrize("loss", list(FORMULAS))
def test_losses_are_their_formulas_and_pull_apart(loss: str) -> None:
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(7, 1)), rng.normal(size=(5, 1))
    critic, generator = FORMULAS[loss]
    r, f = torch.tensor(real, requires_grad=True), torch.tensor(fake, requires_grad=True)
    found = critic_loss(loss, r, f)  # type: ignore[arg-type]
    assert float(found.detach()) == pytest.approx(critic(real, fake), rel=1e-5)
    assert float(generator_loss(loss, f).detach()) == pytest.approx(generator(fake), rel=1e-5)  # type: ignore[arg-type]
    # The critic raises what it thinks of real samples and lowers the rest (between the two goals of least squares).
    middle = torch.full((4, 1), 0.5, requires_grad=True)
    other = torch.full((4, 1), 0.5, requires_grad=True)
    critic_loss(loss, middle, other).backward()  # type: ignore[arg-type]
    assert middle.grad is not None
    assert other.grad is not None
    assert (middle.grad < 0).all()
    assert (other.grad > 0).all()
    (toward,) = torch.autograd.grad(generator_loss(loss, other), other)  # type: ignore[arg-type]
    assert (toward < 0).all()


def test_an_optimal_pair_of_the_classic_loss_owes_log_four() -> None:
    # Where both distributions are equal the best critic answers 0 (probability one half) everywhere.
    assert float(critic_loss("non_saturating", torch.zeros(9), torch.zeros(9))) == pytest.approx(np.log(4))


def test_extreme_scores_stay_finite() -> None:
    huge = torch.tensor([1e4, -1e4])
    assert torch.isfinite(critic_loss("non_saturating", huge, huge))
    assert torch.isfinite(generator_loss("non_saturating", huge))


def test_the_class_head_counts_both_sides() -> None:
    rng = np.random.default_rng(1)
    real, fake = rng.normal(size=(6, 3)), rng.normal(size=(4, 3))
    a, b = np.array([0, 1, 2, 2, 1, 0]), np.array([2, 0, 1, 1])

    def entropy(logits: np.ndarray, label: np.ndarray) -> float:
        log = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        return float(-log[np.arange(len(label)), label].mean())

    found = auxiliary_loss(*map(torch.tensor, (real, a, fake, b)), fake_weight=0.3)
    assert float(found) == pytest.approx(entropy(real, a) + 0.3 * entropy(fake, b), rel=1e-5)
    none = auxiliary_loss(torch.tensor(real), torch.tensor(a), torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))
    assert float(none) == pytest.approx(entropy(real, a), rel=1e-5)


def test_an_unknown_loss_is_named() -> None:
    for call in (
        lambda: critic_loss("relativistic", torch.ones(1), torch.ones(1)),  # type: ignore[arg-type]
        lambda: generator_loss("relativistic", torch.ones(1)),
    ):  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="'relativistic' is not known; use wasserstein"):
            call()


@pytest.mark.parametrize("shape", [(7, 3), (7, 2, 5), (7, 1, 4, 4)])
def test_packs_are_successive_rows_side_by_side(shape: tuple[int, ...]) -> None:
    rows = torch.randn(*shape)
    packed = pack(rows, 3)
    assert packed.shape == (2, 3 * shape[1], *shape[2:])
    for number in range(2):
        assert torch.equal(packed[number], torch.cat(list(rows[3 * number : 3 * number + 3])))
    assert pack(rows, 1) is rows


def test_fewer_rows_than_a_pack_are_repeated() -> None:
    rows = torch.arange(4.0).reshape(2, 2)
    assert pack(rows, 5).tolist() == [[0, 1, 2, 3, 0, 1, 2, 3, 0, 1]]
