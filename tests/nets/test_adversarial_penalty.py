"""Penalties against critics whose slope is known, and against finite differences; bounded layers against an SVD."""

import pytest
import torch
from torch import nn

from salus.nets.adversarial_penalty import bound_layers, gradient_penalty, r1_penalty


def test_a_linear_critic_s_slope_is_its_weight() -> None:
    weight = torch.tensor([3.0, 4.0])
    real, fake = torch.randn(6, 2), torch.randn(6, 2)
    assert float(gradient_penalty(lambda x: x @ weight, real, fake).detach()) == pytest.approx((5 - 1) ** 2)
    assert float(gradient_penalty(lambda x: x @ weight, real, fake, goal=5.0)) == pytest.approx(0.0, abs=1e-9)
    assert float(r1_penalty(lambda x: x @ weight, real)) == pytest.approx(0.5 * 25)


def test_the_slope_is_taken_between_the_samples() -> None:
    # D(x) = x^2 / 2 has slope x: with real 0 and generated 8 the penalty is E[(8 (1 - u) - 1)^2], u uniform.
    torch.manual_seed(0)
    real, fake = torch.zeros(40_000, 1), torch.full((40_000, 1), 8.0)
    found = float(gradient_penalty(lambda x: 0.5 * x.square().sum(1), real, fake).detach())
    assert found == pytest.approx(64 / 3 - 8 + 1, rel=0.02)
    assert float(r1_penalty(lambda x: 0.5 * x.square().sum(1), fake).detach()) == pytest.approx(32.0, rel=1e-6)


def test_images_are_judged_as_wholes_with_one_share_each() -> None:
    real, fake = torch.zeros(5, 2, 3, 3), torch.ones(5, 2, 3, 3)
    # D = sum of pixels: slope 1 at each of 18 pixels.
    assert float(gradient_penalty(lambda x: x.flatten(1).sum(1), real, fake).detach()) == pytest.approx(
        (18**0.5 - 1) ** 2
    )
    seen: list[torch.Tensor] = []
    gradient_penalty(lambda x: seen.append(x.detach()) or x.flatten(1).sum(1), real, fake)  # type: ignore[func-returns-value]
    assert (seen[0].flatten(1).std(1) < 1e-6).all()
    assert float(seen[0].flatten(1).mean(1).std()) > 0.01


@pytest.mark.parametrize("kind", ["dense", "convolution", "lstm"])
def test_the_penalty_moves_the_critic_as_finite_differences_say(kind: str) -> None:
    torch.manual_seed(1)
    nets = {
        "dense": nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)),
        "convolution": nn.Sequential(nn.Conv1d(2, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(16, 1)),
        "lstm": nn.LSTM(2, 5, batch_first=True),
    }
    net = nets[kind]
    shape = {"dense": (3, 4), "convolution": (3, 2, 6), "lstm": (3, 6, 2)}[kind]

    def critic(x: torch.Tensor) -> torch.Tensor:
        return net(x)[0][:, -1].sum(1) if kind == "lstm" else net(x)

    real, fake = torch.randn(shape), torch.randn(shape)

    def penalty() -> torch.Tensor:
        torch.manual_seed(5)
        return gradient_penalty(critic, real, fake) + r1_penalty(critic, real)

    weight = next(iter(net.parameters()))
    (slope,) = torch.autograd.grad(penalty(), weight)
    step = 1e-2
    for place in ((0, 0), (1, 1)):
        index = (*place, *[0] * (weight.ndim - 2))
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[index] += sign * step
            values.append(float(penalty().detach()))
            with torch.no_grad():
                weight[index] -= sign * step
        assert float(slope[index]) == pytest.approx((values[0] - values[1]) / (2 * step), rel=0.03, abs=2e-4)


def test_a_flat_critic_gives_no_nan() -> None:
    net = nn.Linear(3, 1)
    nn.init.zeros_(net.weight)
    gradient_penalty(net, torch.randn(4, 3), torch.randn(4, 3)).backward()
    assert net.weight.grad is not None
    assert torch.isfinite(net.weight.grad).all()


def test_penalties_keep_full_precision_under_autocast() -> None:
    weight = nn.Parameter(torch.tensor([[1.0, 1e-3]]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = gradient_penalty(lambda x: nn.functional.linear(x, weight), torch.randn(4, 2), torch.randn(4, 2))
    assert found.dtype == torch.float32
    assert float(found.detach()) < 1e-9


def test_bounded_layers_have_singular_value_one() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(3, 8, 5), nn.ReLU(), nn.Flatten(), nn.Linear(16, 6), nn.Linear(6, 1))
    with torch.no_grad():
        net[3].weight.mul_(7)
    plain = net[3].weight.detach().clone()
    assert bound_layers(net) is net
    bound_layers(net)  # a second time changes nothing
    for _ in range(60):
        net(torch.randn(2, 3, 6))
    for place in (0, 3, 4):
        weight = net[place].weight.detach()
        assert float(torch.linalg.matrix_norm(weight.reshape(len(weight), -1), 2)) == pytest.approx(1.0, abs=0.02)
    largest = torch.linalg.matrix_norm(plain, 2)
    assert torch.allclose(net[3].weight.detach(), plain / largest, atol=1e-2)
