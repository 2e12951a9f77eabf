"""Noise by sample: the same in any company and order, and normal."""

import torch

from salus.nets.noise import row_noise


def test_company_and_order_change_nothing() -> None:
    ids = ["a", "b", "c"]
    together = row_noise(ids, 4, 3)
    assert torch.equal(together.flip(0), row_noise(ids[::-1], 4, 3))
    assert torch.equal(together[1:2], row_noise(["b"], 4, 3))


def test_ids_and_seeds_give_other_numbers_of_one_distribution() -> None:
    noise = row_noise([f"s{n}" for n in range(2000)], 8)
    assert abs(float(noise.mean())) < 0.03
    assert abs(float(noise.std()) - 1) < 0.03
    assert float(torch.corrcoef(noise.T).fill_diagonal_(0).abs().max()) < 0.1
    assert not torch.equal(noise[:1], row_noise(["s0"], 8, seed=1))
