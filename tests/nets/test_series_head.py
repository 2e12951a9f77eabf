"""Heads on sequences: rivals hold as many weights, and only the LSTM knows the order."""

import pytest
import torch

from salus.nets.series_head import SeriesHead, matched_widths, nearest
from salus.nets.vgg import VGG, MaskedVGG3d

RIVALS = ("mean", "max", "attention")


@pytest.mark.parametrize("pooling", RIVALS)
@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"layers": 2, "bidirectional": True}])
def test_rivals_hold_as_many_weights_and_ignore_order(pooling, options):
    torch.manual_seed(0)
    lstm, rival = (SeriesHead(96, 3, pooling=p, size=48, **options).eval() for p in ("lstm", pooling))
    count = [sum(p.numel() for p in head.parameters()) for head in (lstm, rival)]
    assert abs(count[1] / count[0] - 1) < 0.01
    steps = torch.randn(2, 5, 96)
    torch.testing.assert_close(rival(steps), rival(steps.flip(1)))
    assert not torch.allclose(lstm(steps), lstm(steps.flip(1)), atol=1e-4)


@pytest.mark.parametrize("norm", [True, False])
def test_the_3d_rival_holds_as_many_weights(norm):
    widths, depths = (16, 32, 64, 96), (1, 2, 2, 2)
    flat = VGG(1, None, widths=widths, depths=depths, norm=norm, hidden=None)
    deep = MaskedVGG3d(1, widths=matched_widths(widths, depths, norm=norm), depths=depths, norm=norm)
    ratio = sum(p.numel() for p in deep.parameters()) / sum(p.numel() for p in flat.parameters())
    assert abs(ratio - 1) < 0.05


@pytest.mark.parametrize("readout", ["last", "mean"])
@pytest.mark.parametrize("pooling", ["lstm", *RIVALS])
def test_padding_changes_nothing(pooling, readout):
    torch.manual_seed(0)
    head = SeriesHead(6, 3, pooling=pooling, size=4, bidirectional=True, readout=readout).eval()
    steps, lengths = torch.randn(2, 4, 6), torch.tensor([4, 2])
    wide = torch.cat((steps, torch.randn(2, 3, 6)), dim=1)
    torch.testing.assert_close(head(steps, lengths), head(wide, lengths))


def test_nearest_finds_the_nearest_width():
    assert [nearest(goal, lambda m: 10 * m) for goal in (1, 14, 16, 994)] == [1, 1, 2, 99]
