import pytest
import torch
from torch.nn import functional

from salus.nets.losses import focal_loss


def test_without_focus_it_is_cross_entropy():
    torch.manual_seed(0)
    logits, target = torch.randn(9, 3), torch.randint(3, (9,))
    weights = torch.tensor([1.0, 2.0, 5.0])
    assert torch.allclose(focal_loss(logits, target, 0.0), functional.cross_entropy(logits, target))
    assert torch.allclose(
        focal_loss(logits, target, 0.0, weights), functional.cross_entropy(logits, target, weight=weights)
    )


def test_equation_by_hand():
    # p = 0.9 and 0.25: (0.1)^2 * 0.105361 and (0.75)^2 * 1.386294.
    logits = torch.log(torch.tensor([[0.9, 0.1], [0.75, 0.25]]))
    value = focal_loss(logits, torch.tensor([0, 1]), 2.0)
    assert value.item() == pytest.approx((0.01 * 0.1053605 + 0.5625 * 1.3862944) / 2, rel=1e-5)


def test_a_sure_answer_has_finite_gradient():
    logits = torch.tensor([[40.0, -40.0]], requires_grad=True)
    focal_loss(logits, torch.tensor([0])).backward()
    assert torch.isfinite(logits.grad).all()
