import pytest
import torch

from salus.nets.adversarial import cutmix_loss, cutmix_mask, judge, least_squares, mix


def test_least_squares_by_hand() -> None:
    assert float(least_squares(torch.tensor([0.0, 1.0, 3.0]), 1.0)) == pytest.approx((1 + 0 + 4) / 3)


def test_a_judge_without_pixels_ignores_them() -> None:
    scores = (torch.tensor([[0.5]]), torch.full((1, 1, 2, 2), 2.0))
    assert float(judge(scores, 1.0)) == pytest.approx(0.25 + 1.0)
    assert float(judge(scores, 1.0, pixels=False)) == pytest.approx(0.25)


def test_masks_are_rectangles_of_uniform_area() -> None:
    torch.manual_seed(0)
    masks = cutmix_mask(torch.zeros(4000, 1, 24, 24))
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    shares = masks.mean(dim=(1, 2, 3))
    # Uniform on [0, 1]: mean 1/2, variance 1/12.
    assert float(shares.mean()) == pytest.approx(0.5, abs=0.02)
    assert float(shares.var()) == pytest.approx(1 / 12, abs=0.01)
    for mask in masks[:40, 0]:
        part = mask if mask[0, 0] == 0 or mask.mean() == 1 else 1 - mask
        rows, columns = part.any(dim=1), part.any(dim=0)
        assert float(part.sum()) == float(rows.sum() * columns.sum()) or float(mask.sum()) == float(
            mask.any(dim=1).sum() * mask.any(dim=0).sum()
        )


def test_mixing_takes_each_pixel_from_one_image() -> None:
    mask = torch.tensor([[[[1.0, 0.0]]]])
    assert mix(torch.full((1, 1, 1, 2), 5.0), torch.full((1, 1, 1, 2), 7.0), mask).flatten().tolist() == [5.0, 7.0]


def test_a_critic_that_is_right_and_consistent_owes_nothing() -> None:
    mask = cutmix_mask(torch.zeros(2, 1, 8, 8))
    real, fake = torch.ones(2, 1, 8, 8), torch.zeros(2, 1, 8, 8)
    assert float(cutmix_loss((torch.zeros(2, 1), mask), real, fake, mask, 5.09)) == 0.0
    wrong = cutmix_loss((torch.ones(2, 1), 1 - mask), real, fake, mask, 5.09)
    assert float(wrong) == pytest.approx(1 + 1 + 5.09)
