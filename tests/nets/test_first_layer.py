import torch
from torch import nn

from salus.nets.first_layer import level_blind, look


def test_a_first_layer_keeps_faint_texture_under_autocast() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 4, 3)
    image = 0.7 + 1e-3 * torch.randn(1, 1, 12, 12)  # finer than bf16 near 0.7
    exact = layer(image)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(look(layer, image), exact)
        assert not torch.allclose(layer(image).float(), exact, atol=1e-4)


def test_blind_filters_answer_texture_and_not_level() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 4, 3, bias=False)
    before = layer.weight.detach().clone()
    level_blind(layer, 3.0)
    assert float(layer(torch.full((1, 1, 5, 5), 9.0)).detach().abs().max()) < 1e-4
    torch.testing.assert_close(layer.weight.detach(), 3.0 * (before - before.mean(dim=(2, 3), keepdim=True)))
