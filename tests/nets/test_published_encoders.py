"""ResNet, DenseNet, EfficientNet: the published numbers of weights, keys and map sizes; files in their layout load."""

import re

import pytest
import torch

from salus.nets.densenet import DenseNet
from salus.nets.efficientnet import EfficientNet
from salus.nets.picture_encoder import SkipDecoder, build_encoder
from salus.nets.pretrained import load_pretrained
from salus.nets.resnet import LAYERS, Pointwise, ResNet
from salus.schema.errors import ConfigError


@pytest.mark.parametrize(
    ("build", "weights", "keys"),
    [
        (
            ResNet,
            11_689_512,
            {"conv1.weight": (64, 3, 7, 7), "layer2.0.downsample.0.weight": (128, 64, 1, 1), "fc.bias": (1000,)},
        ),
        (
            lambda: ResNet(depths=LAYERS["resnet50"], bottleneck=True),
            25_557_032,
            {"layer1.0.conv3.weight": (256, 64, 1, 1), "layer4.2.bn3.bias": (2048,), "fc.weight": (1000, 2048)},
        ),
        (
            DenseNet,
            7_978_856,
            {
                "features.conv0.weight": (64, 3, 7, 7),
                "features.denseblock4.denselayer16.conv2.weight": (32, 128, 3, 3),
                "features.transition2.conv.weight": (256, 512, 1, 1),
                "features.norm5.weight": (1024,),
                "classifier.weight": (1000, 1024),
            },
        ),
        (
            EfficientNet,
            5_288_548,
            {
                "features.0.0.weight": (32, 3, 3, 3),
                "features.1.0.block.0.0.weight": (32, 1, 3, 3),
                "features.1.0.block.1.fc1.weight": (8, 32, 1, 1),
                "features.6.3.block.2.fc2.bias": (1152,),
                "features.8.1.weight": (1280,),
                "classifier.1.weight": (1000, 1280),
            },
        ),
    ],
    ids=["resnet18", "resnet50", "densenet121", "efficientnet_b0"],
)
def test_full_size_has_the_published_weights_and_keys(build, weights, keys):
    with torch.device("meta"):
        net = build()
    shapes = {name: tuple(p.shape) for name, p in net.named_parameters()}
    assert sum(p.numel() for p in net.parameters()) == weights
    assert keys.items() <= shapes.items()
    assert any(name.endswith("num_batches_tracked") for name in net.state_dict())


def small(name):
    return {
        "resnet18": lambda c, k: ResNet(c, k, width=4),
        "fine": lambda c, k: ResNet(c, k, width=4, stem="fine", depths=(1, 1, 1, 1)),
        "resnet50": lambda c, k: ResNet(c, k, width=2, bottleneck=True, depths=(1, 1, 1, 1)),
        "densenet121": lambda c, k: DenseNet(c, k, growth=4, depths=(2, 2, 2, 2)),
        "efficientnet_b0": lambda c, k: EfficientNet(c, k, width=0.25),
    }[name]


NAMES = ("resnet18", "fine", "resnet50", "densenet121", "efficientnet_b0")


@pytest.mark.parametrize("name", NAMES)
def test_pyramids_have_the_sizes_they_claim(name):
    torch.manual_seed(0)
    net = small(name)(3, 7).eval()
    images = torch.randn(2, 3, 64, 96)
    found = net.pyramid(images)
    assert [tuple(m.shape[1:]) for m in found] == [
        (c, 64 // r, 96 // r) for c, r in zip(net.pyramid_channels, net.pyramid_reductions, strict=True)
    ]
    assert net.maps(images).shape == (2, net.out_channels, 64 // net.reduction, 96 // net.reduction)
    assert net(images).shape == (2, 7)
    assert small(name)(1, None)(images[:, :1]).shape == (2, net.out_channels)
    assert isinstance(net.last_conv, torch.nn.Conv2d)
    logits = SkipDecoder(net.pyramid_channels, 2)(found, (64, 96))
    assert logits.shape == (2, 2, 64, 96)
    odd = SkipDecoder(net.pyramid_channels, 2)(net.pyramid(torch.randn(1, 3, 61, 75)), (61, 75))
    assert odd.shape == (1, 2, 61, 75)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_in_the_layout_loads_key_by_key_into_grey(name, tmp_path):
    torch.manual_seed(0)
    source, target = small(name)(3, 10), small(name)(1, None)
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": {f"module.{k}": v for k, v in source.state_dict().items()}}, path)
    report = load_pretrained(target, str(path))
    assert not report.missing
    assert not report.unexpected
    assert not report.mismatched
    assert len(report.reshaped) == 1
    assert all(key.startswith(("fc.", "classifier.")) for key in report.dropped)
    assert report.dropped
    own, given = target.state_dict(), source.state_dict()
    first = report.reshaped[0].split()[0]
    torch.testing.assert_close(own[first], given[first].mean(dim=1, keepdim=True))
    assert all(torch.equal(own[key], given[key]) for key in report.loaded)


@pytest.mark.parametrize(("channels", "side"), [(8, 96), (12, 48), (16, 33)])
def test_choosing_pixels_first_equals_a_strided_convolution(channels, side):
    torch.manual_seed(0)
    own, plain = Pointwise(channels, 16, 1, 2, bias=False), torch.nn.Conv2d(channels, 16, 1, 2, bias=False)
    plain.load_state_dict(own.state_dict())
    images = torch.randn(4, channels, side, side)
    torch.testing.assert_close(own(images), plain(images), atol=1e-5, rtol=1e-5)
    last = images.contiguous(memory_format=torch.channels_last).requires_grad_(True)
    own(last).square().mean().backward()
    assert torch.isfinite(last.grad).all()


def test_older_densenet_files_load_too(tmp_path):
    source, target = small("densenet121")(3, 5), small("densenet121")(3, None)
    old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", k): v for k, v in source.state_dict().items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "old.pth")
    report = load_pretrained(target, str(tmp_path / "old.pth"))
    assert not report.missing
    assert not report.unexpected


def test_encoders_by_name_and_what_they_do_not_have():
    assert build_encoder("resnet18", 1, width=4).out_channels == 32
    assert build_encoder("densenet121", 3, width=8).out_channels == 128
    assert build_encoder("efficientnet_b0", 3, width=16).reduction == 32
    with pytest.raises(ConfigError, match="fixed depths"):
        build_encoder("densenet121", 3, stem="fine")
    with pytest.raises(ConfigError, match="four layers"):
        build_encoder("resnet18", 3, depths=(1, 1))


def test_dropped_paths_keep_the_mean_and_stay_away_from_answers():
    torch.manual_seed(0)
    net = EfficientNet(1, None, width=0.25, drop_path=0.5)
    block = net.features[6][3]
    x = torch.randn(1, block.block[0][0].in_channels, 4, 4)
    net.eval().requires_grad_(False)
    whole = block(x)
    torch.testing.assert_close(whole, block(x))
    block.train()
    for norm in block.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.eval()
    added = torch.stack([block(x) - x for _ in range(400)]).mean(dim=0)
    torch.testing.assert_close(added, whole - x, atol=0.3 * float((whole - x).abs().max()), rtol=0)
