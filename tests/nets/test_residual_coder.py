import numpy as np
import torch

from salus.nets.residual_coder import ResidualCoder, sobel


def test_shapes_and_parameters_of_the_paper_s_generator() -> None:
    net = ResidualCoder(32, 11, spread=0.01)
    count = sum(p.numel() for p in net.parameters())
    # 1->32, ten 32->32, ten 32->32 back, 32->1: weights of 3x3 and biases.
    assert count == (9 * 32 + 32) + 20 * (9 * 32 * 32 + 32) + (9 * 32 + 1)
    assert net(torch.zeros(1, 1, 20, 31)).shape == (1, 1, 20, 31)
    weights = torch.cat([p.detach().flatten() for n, p in net.named_parameters() if n.endswith("weight")])
    assert abs(float(weights.std()) - 0.01) < 2e-4


def test_red_cnn_trims_and_restores_the_border() -> None:
    net = ResidualCoder(8, 5, 5, every=2, padded=False)
    assert net(torch.zeros(1, 1, 40, 33)).shape == (1, 1, 40, 33)


def test_silent_layers_leave_the_image() -> None:
    net = ResidualCoder(4, 3)
    with torch.no_grad():
        for parameter in net.decoder[-1].parameters():
            parameter.zero_()
    image = torch.randn(2, 1, 12, 12)
    assert torch.equal(net(image), image)


def test_the_first_filters_do_not_see_the_level() -> None:
    torch.manual_seed(0)
    net = ResidualCoder(4, 3)
    assert float(net.encoder[0](torch.full((1, 1, 9, 9), 7.0))[..., 2:-2, 2:-2].detach().abs().max()) < 1e-4


def test_sobel_agrees_with_a_second_implementation() -> None:
    from scipy.ndimage import sobel as reference

    image = np.random.default_rng(0).normal(size=(9, 11))
    expected = np.sqrt((reference(image, 0, mode="mirror") ** 2 + reference(image, 1, mode="mirror") ** 2) / 16 + 1e-4)
    found = sobel(torch.from_numpy(image)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    ramp = torch.arange(8.0).repeat(8, 1)[None, None]
    np.testing.assert_allclose(sobel(ramp)[0, 0, 2:-2, 2:-2].numpy(), np.sqrt(4 + 1e-4), rtol=1e-6)
