"""Heads and packs of the row networks."""

import numpy as np
import pytest
import torch

from nets.test_row_modes import mixed, table
from salus.nets.row_modes import ModeSpace, measure_modes
from salus.nets.tabular_gan import TEMPERATURE, RowCritic, RowGenerator, moment_gap


def built() -> tuple[ModeSpace, RowGenerator]:
    torch.manual_seed(0)
    space = ModeSpace(measure_modes(mixed(), most=4))
    return space, RowGenerator(space, 2, (8, 16, 16)).eval()


def test_each_column_s_states_add_up_to_one_and_places_lie_within_their_mode() -> None:
    space, generator = built()
    points = generator(torch.randn(50, *generator.noise), torch.eye(2)[torch.arange(50) % 2])
    for column in space.columns:
        assert torch.allclose(points[:, column.span].sum(dim=1), torch.ones(50), atol=1e-5)
        if column.place is not None:
            assert points[:, column.place].abs().max() <= 1


def test_heads_equal_a_softmax_column_by_column() -> None:
    space, generator = built()
    noise, asked = torch.randn(7, *generator.noise), torch.eye(2)[torch.zeros(7, dtype=torch.int64)]
    kept: list[torch.Tensor] = []
    generator.head.register_forward_hook(lambda module, given, raw: kept.append(raw))
    points = generator(noise, asked)
    gumbel = -torch.log(-torch.log(torch.special.ndtr(noise[:, 8:]).clamp(1e-6, 1 - 1e-6)))
    used = 0
    for column in space.columns:
        own = (kept[0][:, column.span] + gumbel[:, used : used + column.states]) / TEMPERATURE
        assert torch.allclose(points[:, column.span], torch.softmax(own, dim=1), atol=1e-5)
        used += column.states


def test_states_are_drawn_in_proportion_to_their_logits() -> None:
    space, generator = built()
    with torch.no_grad():
        generator.head.weight.zero_()
        generator.head.bias.zero_()
        ward = space.columns[2]
        generator.head.bias[ward.span] = torch.log(torch.tensor([0.7, 0.2, 0.1]))
        points = generator(torch.randn(4000, *generator.noise), torch.zeros(4000, 2))
    share = torch.bincount(points[:, ward.span].argmax(dim=1), minlength=3) / 4000
    assert torch.allclose(share, torch.tensor([0.7, 0.2, 0.1]), atol=0.03)


def test_the_critic_scores_packs() -> None:
    critic = RowCritic(5, 2, 3, (4,))
    assert critic(torch.randn(6, 15), torch.randn(6, 6)).shape == (6,)
    assert critic.layers[0].in_features == 3 * 7


def test_the_gap_of_moments_is_zero_for_equal_rows_and_sees_a_lost_correlation() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(300):
        a = rng.normal()
        rows.append({"a": float(a), "b": float(0.9 * a + 0.4 * rng.normal())})
    data = table(rows)
    space = ModeSpace(measure_modes(data, most=2))
    points, asked = space.encode(data.samples), torch.eye(2)[torch.arange(300) % 2]
    assert float(moment_gap(space, points, points, asked)) == 0.0
    shuffled = points.clone()
    second = space.columns[1]
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    shuffled[:, second.place :] = points[order][:, second.place :]
    values = space.numbers(points)
    lost = torch.corrcoef(values.T)[0, 1] * values[:, 0].std() * values[:, 1].std()
    gap = float(moment_gap(space, points, shuffled, torch.ones(300, 1)))
    assert gap == pytest.approx(2 * float(lost) ** 2, rel=0.3)


def test_numbers_are_standardised_and_gaps_are_marked() -> None:
    data = mixed()
    space = ModeSpace(measure_modes(data, most=4))
    values = space.numbers(space.encode(data.samples))
    assert values.shape == (120, 3)  # glucose, temperature, temperature is missing
    assert values[:, 2].tolist() == [float(n % 5 == 0) for n in range(120)]
    assert values[::5, 1].abs().max() == 0
    glucose = torch.tensor([s.inputs["row"].values["glucose"] for s in data.samples])
    assert torch.corrcoef(torch.stack([glucose, values[:, 0]]))[0, 1] > 0.999
