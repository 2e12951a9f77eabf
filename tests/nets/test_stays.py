"""Lengths of stay: scale, bands and the moves of intervals."""

import numpy as np
import pytest
import torch

from salus.data.catalogue.nhamcs_ed_2010 import LATER as OWN_LATER
from salus.data.catalogue.nhamcs_ed_2010 import LATER_FLAGS, LATER_NUMBERS
from salus.nets.stay_nets import Offsets
from salus.nets.stay_scale import StayScale, measure_stays
from salus.nets.stays import LATER, band_log_shares, checked_stays, set_apart
from salus.schema.errors import DataError
from salus.schema.sample import Sample

BANDS = (120.0, 240.0, 480.0)


def samples(values: list) -> list[Sample]:
    return [Sample(id=f"s{n}", patient=f"p{n}", inputs={}, target=value) for n, value in enumerate(values)]


def test_every_later_column_of_the_catalogue_is_refused_by_name() -> None:
    assert {name.lower() for name in (*OWN_LATER, *LATER_NUMBERS, *LATER_FLAGS)} <= LATER


def test_the_scale_is_turned_back() -> None:
    stays = [30.0, 100.0, 154.0, 900.0]
    scale = StayScale(measure_stays(samples(stays), BANDS, ordinal=False), BANDS, banded=False, ordinal=False)
    found = scale.of(samples(stays))
    assert float(found.mean()) == pytest.approx(0, abs=1e-6)
    assert scale.unscaled(found).tolist() == pytest.approx(stays, rel=1e-5)
    assert scale.wanted(77.0) == 77.0
    assert 30 <= scale.wanted(None) <= 900


def test_a_wanted_band_lies_in_it() -> None:
    learned = measure_stays(samples(np.linspace(10, 400, 200).tolist()), BANDS, ordinal=False)
    scale = StayScale(learned, BANDS, banded=True, ordinal=False)
    assert all(120 <= scale.wanted(1) <= 240 for _ in range(20))
    assert scale.targets([130.0]) == [{"label": 1, "value": 130.0}]
    with pytest.raises(DataError, match="band 3"):
        scale.wanted(3)


def test_ordered_classes_stand_for_lengths() -> None:
    assert checked_stays(samples([0, 1, 1]), ordinal=True).tolist() == [1.0, 2.0, 2.0]
    with pytest.raises(DataError, match="length of stay 0"):
        checked_stays(samples([0, 1]))


def test_band_shares_against_counting_blurred_draws() -> None:
    drawn, blur, limits = torch.tensor([[0.0, 1.0, 2.5]]), torch.tensor([[0.3]]), torch.tensor([0.5, 2.0])
    found = band_log_shares(drawn, blur, limits).exp()[0].numpy()
    rng = np.random.default_rng(0)
    many = np.concatenate([centre + rng.logistic(0, 0.3, 200_000) for centre in (0.0, 1.0, 2.5)])
    wanted = np.bincount(np.digitize(many, (0.5, 2.0)), minlength=3) / len(many)
    assert found == pytest.approx(wanted, abs=3e-3)
    assert found.sum() == pytest.approx(1)


def test_each_group_gets_moves_of_its_own_and_small_ones_those_of_all() -> None:
    rng = np.random.default_rng(0)
    group = torch.from_numpy(rng.choice(3, size=3000, p=[0.495, 0.495, 0.01]))
    truth = torch.from_numpy(rng.normal(0, np.where(group.numpy() == 1, 3.0, 1.0)))
    flat = torch.zeros(3000, 3)
    offsets = Offsets(3)
    offsets.settle(flat, truth, group, levels=(0.1, 0.9), fewest=100)
    ends = offsets.get_buffer("ends").numpy()
    assert ends[0] == pytest.approx(1.2816, abs=0.1)
    assert ends[1] == pytest.approx(3 * 1.2816, abs=0.3)
    assert ends[0, 0] < ends[2, 0] < ends[1, 0]
    moved = offsets(flat, group)
    assert float(((moved[:, 0] <= truth) & (truth <= moved[:, 2])).double().mean()) == pytest.approx(0.8, abs=0.01)


def test_other_hospitals_set_others_apart_repeatably() -> None:
    names = [f"h{k % 30}" for k in range(300)]
    assert len(set_apart(names, 0.2)) == 6
    assert set_apart(names, 0.2) == set_apart(names[::-1], 0.2)
    assert set_apart(names, 0.2) != set_apart([*names, "h99"], 0.2)
    assert set_apart(["only one"], 0.2) == []
