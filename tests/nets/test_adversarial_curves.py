"""Diversity against a double loop; what it says of copies and of conditional collapse."""

import itertools

import pytest
import torch

from salus.nets.adversarial_curves import adversarial_curves, diversity


def by_loop(real: torch.Tensor, fake: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> float:
    def mean(rows: torch.Tensor, label: torch.Tensor, k: int) -> float | None:
        pairs = [(i, j) for i, j in itertools.combinations(range(len(rows)), 2) if label[i] == label[j] == k]
        if not pairs:
            return None
        return sum(float((rows[i] - rows[j]).norm()) for i, j in pairs) / len(pairs)

    shares = []
    for k in range(int(max(a.max(), b.max())) + 1):
        above, below = mean(fake, b, k), mean(real, a, k)
        if above is not None and below:
            shares.append(above / below)
    return sum(shares) / len(shares)


def test_diversity_is_that_of_a_double_loop() -> None:
    torch.manual_seed(0)
    real, fake = torch.randn(20, 6), 0.4 * torch.randn(17, 6)
    a, b = torch.randint(0, 4, (20,)), torch.randint(0, 5, (17,))
    assert float(diversity(real, fake, a, b)) == pytest.approx(by_loop(real, fake, a, b), rel=1e-4)
    nothing = torch.zeros(20, dtype=torch.int64)
    assert float(diversity(real, fake)) == pytest.approx(by_loop(real, fake, nothing, nothing[:17]), rel=1e-4)


def test_copies_have_none_and_a_faithful_draw_has_one() -> None:
    torch.manual_seed(0)
    real = torch.randn(64, 1, 5, 5)
    assert float(diversity(real, real[:1].expand(64, -1, -1, -1))) == 0.0
    assert float(diversity(real, torch.randn(64, 1, 5, 5))) == pytest.approx(1.0, abs=0.05)


def test_one_sample_for_each_condition_is_a_collapse() -> None:
    torch.manual_seed(0)
    label = torch.arange(60) % 3
    centres = 10 * torch.eye(3)
    real, fake = centres[label] + torch.randn(60, 3), centres[label]
    assert float(diversity(real, fake)) > 0.8  # the conditions alone look diverse
    assert float(diversity(real, fake, label, label)) == 0.0


def test_without_a_pair_nothing_is_said() -> None:
    rows = torch.randn(3, 2)
    assert float(diversity(rows, rows, torch.arange(3), torch.arange(3))) == 1.0
    assert float(diversity(rows[:1], rows[:1])) == 1.0


def test_curves_carry_the_gap_and_no_gradient() -> None:
    real, fake = torch.randn(8, 2), torch.randn(8, 2, requires_grad=True)
    found = adversarial_curves(real, fake, torch.tensor([3.0, 5.0]), torch.tensor([[1.0]], requires_grad=True))
    assert float(found["critic_gap"]) == 3.0
    assert not found["diversity"].requires_grad
