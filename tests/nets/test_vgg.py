"""VGG in the published layout, and its masked 3-D relative."""

import pytest
import torch

from salus.nets.vgg import VGG, MaskedVGG3d
from salus.schema.errors import ConfigError


@pytest.mark.slow
def test_full_size_has_the_published_number_of_weights_and_keys():
    with torch.device("meta"):
        full = VGG()
    shapes = {name: tuple(p.shape) for name, p in full.named_parameters()}
    assert sum(p.numel() for p in full.parameters()) == 138_357_544
    assert shapes["features.0.weight"] == (64, 3, 3, 3)
    assert shapes["features.28.weight"] == (512, 512, 3, 3)
    assert shapes["classifier.0.weight"] == (4096, 25088)
    assert shapes["classifier.6.bias"] == (1000,)
    convolutions = [int(name.split(".")[1]) for name in shapes if name.startswith("features") and "weight" in name]
    assert convolutions == [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]


def test_batch_norm_follows_the_published_bn_layout():
    with torch.device("meta"):
        full = VGG(norm=True)
    keys = set(full.state_dict())
    assert {"features.1.running_mean", "features.40.weight", "features.41.running_var"} <= keys
    assert sum(p.numel() for p in full.parameters()) == 138_365_992


def test_maps_dense_layers_and_last_block():
    net = VGG(1, 5, widths=(4, 6), depths=(1, 2), hidden=8)
    images = torch.randn(2, 1, 20, 24)
    assert net.maps(images).shape == (2, 6, 5, 6)
    assert net(images).shape == (2, 5)
    assert net.last_conv.out_channels == 6
    assert sum(p.numel() for p in net.last_block()) == (4 * 9 + 1) * 6 + (6 * 9 + 1) * 6


def test_widths_and_depths_must_agree():
    with pytest.raises(ConfigError, match="one depth per width"):
        VGG(widths=(4, 8), depths=(1,))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("norm", [True, False])
def test_slices_behind_the_end_change_nothing_in_3d(training, norm):
    torch.manual_seed(0)
    net = MaskedVGG3d(1, widths=(3, 4), depths=(1, 1), norm=norm).train(training)
    short, mask = torch.randn(2, 1, 3, 8, 8), torch.tensor([[True, True, True], [True, False, False]])
    longer = torch.cat((short, torch.full((2, 1, 2, 8, 8), float("nan"))), dim=2)
    wide = torch.cat((mask, torch.zeros(2, 2, dtype=torch.bool)), dim=1)
    a, b = net(short, mask), net(longer, wide)
    assert a.shape == (2, 3, 4)
    torch.testing.assert_close(a, b[:, :3])
    assert (b[:, 3:] == 0).all()
    changed = short.clone()
    changed[1, :, 1:] = 7.0
    torch.testing.assert_close(net(changed, mask), a)
