import torch
from torch import nn

from salus.nets.unet import UNetCritic, bound_convolutions


def largest(weight: torch.Tensor) -> float:
    return float(torch.linalg.matrix_norm(weight.reshape(len(weight), -1), 2))


def test_a_critic_judges_the_whole_and_every_pixel_at_any_size() -> None:
    critic = UNetCritic((4, 8, 8, 16))
    for height, width in ((32, 32), (30, 45)):
        whole, pixels = critic(torch.randn(2, 1, height, width))
        assert whole.shape == (2, 1)
        assert pixels.shape == (2, 1, height, width)


def test_the_last_block_keeps_its_size() -> None:
    critic = UNetCritic((4, 8, 8))
    seen: list[tuple[int, ...]] = []
    for block in critic.encoder:
        block.register_forward_hook(lambda _m, _i, out: seen.append(tuple(out[0].shape[-2:])))
    critic(torch.randn(1, 1, 32, 32))
    assert seen == [(16, 16), (8, 8), (8, 8)]


def test_the_paper_s_critic_has_seven_blocks() -> None:
    widths = (64, 128, 256, 512, 512, 512, 512)
    with torch.device("meta"):
        critic = UNetCritic(widths, spectral=False)
    assert [block.second.out_channels for block in critic.encoder] == list(widths)
    assert len(critic.decoder) == 6
    assert critic.pixel.kernel_size == (1, 1)


def test_spectral_norm_spares_few_inputs_and_single_outputs() -> None:
    torch.manual_seed(0)
    critic = UNetCritic((8, 8))
    bound = {name.split(".parametrizations")[0] for name, _ in critic.named_parameters() if "parametrizations" in name}
    assert "encoder.0.first" not in bound  # one input
    assert "pixel" not in bound  # one output
    assert {"encoder.0.second", "encoder.1.shortcut", "decoder.0.first"} <= bound
    for _ in range(30):
        critic(torch.randn(2, 1, 16, 16))
    assert abs(largest(critic.encoder[0].second.weight.detach()) - 1) < 0.05


def test_bounding_keeps_plain_layers() -> None:
    net = nn.Sequential(nn.Conv2d(5, 2, 3), nn.Conv2d(4, 2, 3), nn.Conv2d(9, 1, 3), nn.Linear(9, 9))
    bound_convolutions(net)
    assert [hasattr(layer, "parametrizations") for layer in net] == [True, False, False, False]


def test_a_gain_makes_the_first_filters_blind_to_the_level() -> None:
    torch.manual_seed(0)
    critic = UNetCritic((8, 8), gain=50.0)
    first = critic.encoder[0].first
    assert float(first.weight.detach().mean(dim=(2, 3)).abs().max()) < 1e-4
    assert float(first.weight.detach().abs().max()) > 5
