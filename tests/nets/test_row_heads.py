"""A generator's output as rows: gaps that come together, whole words, figures that agree."""

import math

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.nets.row_heads import RowHeads, coherent, feature_sources, known_class, mark_groups
from salus.nets.row_space import RowSpace, measure_space
from salus.nets.three_heads import ThreeHeads
from salus.schema.errors import DataError
from salus.schema.sample import Row, Sample


def table(count=200, seed=0):
    rng = np.random.default_rng(seed)
    samples = []
    for n in range(count):
        low = float(rng.normal()) if rng.random() < 0.6 else math.nan
        values = {
            "hr_min": low,
            "age": float(rng.normal()),
            "hr_max": low + 1,
            "ph": math.nan if n % 5 == 0 else float(rng.normal()),
            "sex": "F" if rng.random() < 0.5 else "M",
        }
        samples.append(Sample(id=f"s{n}", patient=f"p{n}", inputs={"row": Row(values=values)}, target=n % 2))
    return ListDataset(samples)


@pytest.fixture(scope="module")
def space():
    return RowSpace(measure_space(table()))


@pytest.fixture(scope="module")
def points(space):
    data = table()
    return space.encode([data[i] for i in range(len(data))])


def test_columns_missing_together_share_a_group(space, points):
    groups = dict(zip(space.numbers, mark_groups(points, len(space.numbers)), strict=True))
    assert groups["hr_min"] == groups["hr_max"] >= 0
    assert groups["age"] == -1
    assert groups["ph"] not in (groups["hr_min"], -1)


def test_generated_points_are_like_encoded_ones(space, points):
    torch.manual_seed(0)
    heads = RowHeads(space, mark_groups(points, len(space.numbers)))
    raw = torch.randn(500, heads.width, requires_grad=True)
    made = heads(raw)
    assert made.shape == (500, points.shape[1])
    numbers = len(space.numbers)
    marks = made[:, numbers : 2 * numbers]
    assert torch.allclose(marks, marks.round(), atol=1e-6)
    place = {name: i for i, name in enumerate(space.numbers)}
    assert torch.equal(marks[:, place["hr_min"]], marks[:, place["hr_max"]])
    assert float(marks[:, place["age"]].detach().abs().max()) == 0
    gone = marks[:, place["hr_min"]] > 0.5
    assert float(made[gone][:, place["hr_min"]].detach().abs().max()) < 1e-6  # a gap has no number, as in `encode`
    for first, last in space.spans:
        assert torch.allclose(made[:, first:last].sum(1), torch.ones(500), atol=1e-5)
        assert torch.allclose(made[:, first:last].max(1).values, torch.ones(500), atol=1e-5)
    made.square().sum().backward()
    assert raw.grad is not None
    assert (raw.grad.abs().sum(0) > 0).all()  # the soft pass reaches every output, hard as the values are


def test_gaps_are_drawn_with_the_logit_s_probability(space, points):
    torch.manual_seed(0)
    groups = mark_groups(points, len(space.numbers))
    heads = RowHeads(space, groups)
    raw = torch.zeros(20_000, heads.width)
    raw[:, len(space.numbers)] = math.log(0.2 / 0.8)
    marks = heads(raw)[:, len(space.numbers) : 2 * len(space.numbers)]
    shares = marks.mean(0).tolist()
    first = groups.index(0)
    assert shares[first] == pytest.approx(0.2, abs=0.01)
    other = next(i for i, group in enumerate(groups) if group == 1)
    assert shares[other] == pytest.approx(0.5, abs=0.015)


def test_a_table_without_gaps_or_words_works():
    rows = [Row(values={"x": float(i), "y": float(-i)}) for i in range(30)]
    data = ListDataset([Sample(id=str(i), patient=str(i), inputs={"row": row}) for i, row in enumerate(rows)])
    space = RowSpace(measure_space(data))
    groups = mark_groups(space.encode(data.samples), 2)
    assert groups == [-1, -1]
    assert RowHeads(space, groups)(torch.randn(3, 2)).shape == (3, 4)


def test_sources_blank_a_column_as_a_whole(space):
    sources = feature_sources(space)
    assert len(sources) == len(space.features)
    for name in space.numbers:
        assert sources[space.features.index(name)] == sources[space.features.index(f"{name}?")]
    first, last = space.spans[0]
    assert len(set(sources[first:last])) == 1
    assert len(set(sources)) == len(space.columns)


def test_figures_of_one_series_are_made_to_agree():
    row = coherent(Row(values={"hr_min": 90.0, "hr_max": 60.0, "hr_mean": 99.0, "hr_last": 10.0, "hr_count": 0.0}))
    assert row.values == {"hr_min": 60.0, "hr_max": 90.0, "hr_mean": 90.0, "hr_last": 60.0, "hr_count": 1.0}
    gone = coherent(Row(values={"k_min": math.nan, "k_max": math.nan, "k_last": math.nan, "k_count": 4.0, "sex": "F"}))
    assert gone.values["k_count"] == 0.0
    assert math.isnan(gone.values["k_last"])
    same = Row(values={"x": 1.0, "y_min": 5.0, "z": "word"})
    assert coherent(same).values == same.values


def test_unknown_classes_are_named_with_the_known_ones():
    assert known_class(1, [3, 4, 0], ("a", "b", "c")) == 1
    for wrong in (2, 5, -1, True, "a", 0.5):
        with pytest.raises(DataError, match=r"was not in the training part; ask for one of 0 \(a\), 1 \(b\)"):
            known_class(wrong, [3, 4, 0], ("a", "b", "c"))


def test_three_heads_judge_packs_but_name_single_rows():
    torch.manual_seed(0)
    critic = ThreeHeads(5, (8, 6), 3, 2, packing=4, cluster_weight=0.5)
    rows = torch.randn(12, 5)
    assert critic(rows).shape == (12, 3)
    assert critic.score(rows).shape == (3, 1)
    assert critic.realness(rows).shape == (12,)
    assert torch.allclose(critic.realness(rows)[:1], critic.score(rows[:1].expand(4, -1))[0], rtol=1e-5)
    assert critic.cluster_of(rows).shape == (12,)
    hidden, label, cluster = critic.trunk(rows), torch.arange(12) % 3, torch.arange(12) % 2
    entropy = torch.nn.functional.cross_entropy
    by_hand = entropy(critic.of_class(hidden), label) + 0.5 * entropy(critic.of_cluster(hidden), cluster)
    assert torch.allclose(critic.told(hidden, label, cluster), by_hand)
    alone = ThreeHeads(5, (8,), 3, 1)
    hidden = alone.trunk(rows)
    assert torch.allclose(alone.told(hidden, label, cluster * 0), entropy(alone.of_class(hidden), label))
