"""Embedder, recovery and supervisor of recordings."""

import pytest
import torch

from salus.nets.timegan import TimeGan


def built() -> TimeGan:
    torch.manual_seed(0)
    return TimeGan(2, 12, 3, 6, 4, frame=3)


def test_states_are_made_and_read_in_one_form() -> None:
    net = built()
    points, asked = torch.randn(5, 2, 12), torch.eye(3)[torch.arange(5) % 3]
    read, made = net.embed(points), net.states(torch.randn(5, *net.noise), asked)
    assert read.shape == made.shape == (5, 6, 4)
    assert max(read.abs().max(), made.abs().max()) <= 1
    assert net.recover(read).shape == points.shape
    noise = torch.randn(5, *net.noise)
    assert torch.equal(net(noise, asked), net.recover(net.states(noise, asked)))


def test_each_lesson_moves_its_own_weights_only() -> None:
    net = built()
    points = torch.randn(5, 2, 12)
    for kind, moved, still in (("embed", net.embedding(), net.making()), ("supervise", net.making(), net.embedding())):
        net.zero_grad()
        objective = net.lesson(kind, points)  # type: ignore[arg-type]
        objective.loss.backward()
        assert objective.group == ("embedder" if kind == "embed" else "generator")
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in moved)
        assert all(p.grad is None or not p.grad.abs().sum() for p in still)
    assert {id(p) for p in net.parameters()} == {id(p) for p in [*net.making(), *net.embedding()]}


def test_reconstruction_is_learnt() -> None:
    net = built()
    points = torch.sin(torch.arange(12) / 3).expand(8, 2, 12) * torch.linspace(0.5, 1.5, 8)[:, None, None]
    optimizer = torch.optim.Adam(net.embedding(), 2e-2)
    first = float(net.lesson("embed", points).loss.detach())
    for _ in range(60):
        optimizer.zero_grad()
        net.lesson("embed", points).loss.backward()
        optimizer.step()
    assert float(net.lesson("embed", points).loss.detach()) < 0.3 * first


def test_guidance_is_only_foresight_where_made_values_have_the_real_moments() -> None:
    net = built()
    states = net.embed(torch.randn(6, 2, 12)).detach()
    points = net.recover(states).detach()
    foreseen = (net._next(net.embed(points))[:, :, :-1] - net.embed(points)[:, :, 1:]).square().mean()
    assert float(net.guidance(states, points).detach()) == pytest.approx(
        100 * float(foreseen.detach().sqrt()), rel=1e-3
    )
