"""Unrolled shrinkage: the sampler is the matrix it was given, training starts at the plain iteration."""

import pytest
import torch
from torch.nn import functional

from salus.nets.unrolled import BlockSampler, Deblocker, Phase
from salus.transforms.block_sampling import blocks_of, cosine


def sampler(count: int = 20) -> BlockSampler:
    return BlockSampler(torch.from_numpy(cosine(count, 8)), 8, learnt=True)


def test_measuring_and_spreading_are_the_convolutions_of_the_matrix() -> None:
    network, picture = sampler(), torch.rand(2, 1, 16, 24)
    kernel = network.rows.view(20, 1, 8, 8)
    measured = network(picture)
    assert torch.allclose(measured, functional.conv2d(picture, kernel, stride=8), atol=1e-5)
    spread = network.adjoint(measured)
    assert torch.allclose(spread, functional.conv_transpose2d(measured, kernel, stride=8), atol=1e-5)
    by_hand = blocks_of(picture[0, 0].numpy(), 8) @ cosine(20, 8).T
    assert torch.allclose(measured[0].flatten(1).T, torch.from_numpy(by_hand), atol=1e-5)


def test_all_measurements_give_the_picture_back() -> None:
    network, picture = sampler(64), torch.rand(1, 1, 16, 16)
    assert torch.allclose(network.adjoint(network(picture)), picture, atol=1e-5)
    assert network.skew().item() < 1e-8


@pytest.mark.parametrize("fold", [1, 2])
@pytest.mark.parametrize("plain", [False, True])
def test_an_untrained_phase_fits_the_measurements_and_adds_nothing(fold: int, plain: bool) -> None:
    network, picture = sampler(), torch.rand(1, 1, 16, 16)
    phase = Phase(4, fold, plain=plain)
    measured = network(torch.rand(1, 1, 16, 16))
    following, mirror = phase(picture, measured, network)
    if plain:
        assert torch.equal(following, picture)
    else:
        assert torch.allclose(network(following), measured, atol=1e-5)
    assert mirror.item() > 0
    assert phase.eval()(picture, measured, network)[1].item() == 0.0


def test_plain_and_unrolled_phases_are_of_one_size() -> None:
    counts = [sum(p.numel() for p in Phase(8, plain=plain).parameters()) for plain in (False, True)]
    assert counts[0] == counts[1]
    assert sum(p.requires_grad for p in Phase(8, plain=True).parameters()) == 12


def test_an_untrained_deblocker_changes_nothing() -> None:
    picture = torch.rand(2, 1, 12, 10)
    assert torch.equal(Deblocker(6, 4, 2)(picture), picture)


def test_measurements_keep_full_precision_under_autocast() -> None:
    network, picture = sampler(), torch.rand(1, 1, 16, 16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(network(picture), network(picture.float()))
        assert network(picture).dtype == torch.float32


def test_a_deblocker_takes_odd_sides() -> None:
    torch.manual_seed(0)
    network = Deblocker(4, 2, 2)
    torch.nn.init.normal_(network.steps[-1].weight)
    picture = torch.rand(1, 1, 9, 13)
    answer = network(picture)
    assert answer.shape == picture.shape
    assert torch.allclose(answer[..., :4, :8], network(picture[..., :8, :12])[..., :4, :8], atol=1e-5)
