import torch
from torch import nn
from torch.nn import functional

from salus.nets.inverted_residual import InvertedResidual1d, MobileNet1d


def test_shapes_and_parameters():
    net = MobileNet1d(6, (16, 24, 32, 64)).eval()
    assert net(torch.randn(2, 6, 60)).shape == (2, 64, 4)  # 60 to 30, 15, 8, 4
    # Stem 6*16*5 + BN 32; block a to b: a*4a + 2*4a, 4a*5 + 2*4a, 4a*b + 2b.
    blocks = sum(4 * a * a + 8 * a + 20 * a + 8 * a + 4 * a * b + 2 * b for a, b in ((16, 24), (24, 32), (32, 64)))
    assert sum(p.numel() for p in net.parameters()) == 6 * 16 * 5 + 32 + blocks


def test_shortcut_only_where_shapes_allow():
    keeps = InvertedResidual1d(4, 4, stride=1, expansion=2, kernel=3).eval()
    for part in keeps.body:
        if isinstance(part, nn.Conv2d):
            nn.init.zeros_(part.weight)
    x = torch.randn(2, 4, 1, 9)
    assert torch.allclose(keeps(x), x)
    assert not InvertedResidual1d(4, 4, stride=2, expansion=2, kernel=3).residual
    assert not InvertedResidual1d(4, 5, stride=1, expansion=2, kernel=3).residual


def test_first_block_has_no_widening():
    assert len(InvertedResidual1d(4, 6, stride=1, expansion=1, kernel=3).body) == 5


def test_equals_convolutions_of_one_dimension():
    torch.manual_seed(0)
    block = InvertedResidual1d(3, 5, stride=2, expansion=4, kernel=5).eval()
    x = torch.randn(2, 3, 17)
    widen, _, _, depth, _, _, narrow, _ = block.body
    y = x
    for conv, groups, stride, pad, act in ((widen, 1, 1, 0, 6), (depth, 12, 2, 2, 6), (narrow, 1, 1, 0, 0)):
        y = functional.conv1d(y, conv.weight[:, :, 0], stride=stride, padding=pad, groups=groups)
        y = y / (1 + 1e-5) ** 0.5  # batch norm of an untrained block
        y = y.clamp(0, act) if act else y
    assert torch.allclose(block(x[:, :, None])[:, :, 0], y, atol=1e-5)
