"""Two branches: wirings, what each reads, cut points in order, crops and masks that move together."""

from types import SimpleNamespace

import pytest
import torch

from salus.nets.losses import dice_loss
from salus.nets.ordinal import CumulativeHead, cumulative_loss
from salus.nets.resnet import ResNet
from salus.nets.two_branch import TwoBranch, random_crops, vary, vary_both


def shape(**changes):
    given = {"wiring": "parallel", "widths": (8, 8), "features": 16, "hidden": 16, "dropout": 0.0}
    return SimpleNamespace(**{**given, "loss": "cross_entropy", "smoothing": 0.0, **changes})


def encoder():
    torch.manual_seed(1)
    return ResNet(3, None, width=4, depths=(1, 1, 1, 1)).eval()


@pytest.mark.parametrize(("wiring", "reads_colour", "reads_green"), [
    ("parallel", True, True), ("serial", True, False), ("a", True, False), ("b", False, True),
])  # fmt: skip
def test_each_wiring_reads_what_it_should(wiring, reads_colour, reads_green):
    torch.manual_seed(0)
    a = None if wiring == "b" else encoder()
    net = TwoBranch(a, 3, 5, shape(wiring=wiring)).eval()
    images = torch.randn(2, 4, 64, 64)
    assert net(a, images).shape == (2, 5)
    for channel, read in ((0, reads_colour), (3, reads_green)):
        changed = images.clone()
        changed[:, channel] += torch.randn(2, 64, 64)
        assert torch.equal(net(a, images), net(a, changed)) is not read


def test_green_is_the_middle_of_three_and_the_only_one_of_one():
    net = TwoBranch(None, 3, 2, shape(wiring="b")).eval()
    images = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(net(None, images), net(None, images[:, 1:2]))


def test_series_survives_maps_of_one_pixel():
    a = encoder()
    net = TwoBranch(a, 3, 5, shape(wiring="serial", widths=(3, 3, 3, 3))).eval()
    assert torch.isfinite(net(a, torch.randn(2, 3, 20, 20))).all()


def test_cumulative_probabilities_sum_to_one_and_cuts_keep_their_order():
    torch.manual_seed(0)
    head = CumulativeHead(3, 5)
    with torch.no_grad():
        head.steps.copy_(torch.tensor([-9.0, 2.0, -30.0]))
    assert (head.cuts().diff() >= 0).all()
    torch.testing.assert_close(CumulativeHead(3, 5).cuts(), torch.tensor([-1.5, -0.5, 0.5, 1.5]), atol=1e-4, rtol=0)
    features = torch.randn(7, 3)
    torch.testing.assert_close(head(features).exp().sum(dim=1), torch.ones(7), atol=1e-5, rtol=0)
    # by hand: the chance of class 2 is that of lying above cut 1 and not above cut 2
    head = CumulativeHead(3, 5)
    above = torch.sigmoid(head.above(features))
    torch.testing.assert_close(head(features).exp()[:, 2], above[:, 1] - above[:, 2])


def test_cumulative_loss_by_hand_and_weighted():
    above, target = torch.tensor([[2.0, -1.0], [0.0, 0.0]]), torch.tensor([1, 0])
    first = torch.nn.functional.softplus(torch.tensor([-2.0, -1.0])).sum()
    second = 2 * torch.log(torch.tensor(2.0))
    torch.testing.assert_close(cumulative_loss(above, target), (first + second) / 2)
    weights = torch.tensor([3.0, 1.0, 1.0])
    torch.testing.assert_close(cumulative_loss(above, target, weights), (first + 3 * second) / 4)


def test_dice_loss_is_zero_for_the_truth_and_one_for_its_opposite():
    target = torch.zeros(1, 40, 40, dtype=torch.long)
    target[:, 10:20] = 1
    sure = torch.nn.functional.one_hot(target, 2).movedim(-1, 1) * 100.0
    assert float(dice_loss(sure, target)) < 1e-3
    assert float(dice_loss(-sure, target)) > 0.99


def test_crops_and_variations_keep_mask_and_picture_together():
    torch.manual_seed(0)
    masks = torch.zeros(4, 40, 50, dtype=torch.long)
    masks[:, 10:30, 15:35] = 1
    images = masks[:, None].float().repeat(1, 2, 1, 1)
    crops, cut = random_crops(images, masks, 24)
    assert crops.shape == (4, 2, 24, 24)
    torch.testing.assert_close(crops[:, 0].long(), cut)
    assert random_crops(images, masks, 0)[0] is images
    assert random_crops(images, masks, 45)[0].shape == (4, 2, 40, 45)
    how = SimpleNamespace(rotation_degrees=40.0, zoom=0.2, shift=0.1, flip=True, grey=0.0)
    turned, moved = vary_both(images, masks, how)
    assert moved.dtype == torch.long
    assert float(((turned[:, 0] > 0.5).long() != moved).float().mean()) < 0.01
    assert not torch.equal(moved, masks)
    still = SimpleNamespace(rotation_degrees=0.0, zoom=0.0, shift=0.0, flip=False, grey=0.0)
    assert vary(images, still) is images
    still.grey = 0.3
    assert not torch.equal(vary(images, still), images)
