"""Rows as points and back, and the networks on them."""

import json

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.nets.row_gan import RowGAN
from salus.nets.row_space import EDGE, RowSpace, code_families, measure_space
from salus.nets.row_trunk import RowEncoderNet, RowReader
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Row, Sample


def table(count: int = 400, seed: int = 0) -> ListDataset:
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        values: dict[str, float | str] = {
            "minutes": float(np.exp(rng.normal(4, 1))),
            "temperature": float(np.round(rng.normal(98.2, 0.7), 1)) if number % 10 else float("nan"),
            "age": float(rng.integers(0, 90)),
            "sex": "female" if rng.random() < 0.5 else "male",
            "code_1": f"{rng.integers(0, 30):03d}",
            "code_2": f"{rng.integers(5, 40):03d}" if number % 3 else "",
        }
        if number == 7:
            values["sex"] = "not said"
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs={"row": Row(values=values)}))
    return ListDataset(samples)


@pytest.fixture(scope="module")
def space() -> RowSpace:
    return RowSpace(json.loads(json.dumps(measure_space(table(), fewest=3))))


def test_rows_come_back_as_they_were_measured(space: RowSpace) -> None:
    samples = table().samples
    back = space.rows(space.encode(samples).numpy())
    for sample, row in zip(samples, back, strict=True):
        for name, cell in sample.inputs["row"].values.items():
            if cell == "not said":
                assert row.values[name] == "other"  # one person's word would name them
            elif isinstance(cell, str) or np.isnan(cell):
                assert repr(row.values[name]) == repr(cell)
            elif name in ("temperature", "age"):
                step = {"temperature": 0.1, "age": 1.0}[name]
                assert row.values[name] == pytest.approx(cell, abs=2.5 * step)
                assert row.values[name] / step == pytest.approx(round(row.values[name] / step))
            elif abs(space.encode([sample])[0, 0]) < 2:
                assert row.values[name] == pytest.approx(cell, rel=0.2)


def test_scores_are_normal_and_keep_the_order(space: RowSpace) -> None:
    points = space.encode(table().samples).numpy()
    assert np.abs(points[:, :3]).max() <= EDGE
    assert points[:, 0].std() == pytest.approx(1, abs=0.1)
    minutes = np.array([s.inputs["row"].values["minutes"] for s in table().samples])
    assert (np.diff(points[np.argsort(minutes), 0]) >= 0).all()


def test_each_word_has_one_state_and_gaps_are_marked(space: RowSpace) -> None:
    points = space.encode(table().samples).numpy()
    for first, last in space.spans:
        assert (points[:, first:last].sum(axis=1) == 1).all()
    assert points[:, space.features.index("temperature?")].mean() == pytest.approx(0.1)
    assert space.others(space.table(table().samples))["sex"] == 1
    assert not space.possible[space.features.index("age?")]
    assert space.possible[space.features.index("code_2=missing")]


def test_other_columns_and_kinds_are_refused(space: RowSpace) -> None:
    row = table().samples[0].inputs["row"].values
    with pytest.raises(ShapeError, match="lacks age"):
        space.encode(
            [Sample(id="x", patient="x", inputs={"row": Row(values={k: v for k, v in row.items() if k != "age"})})]
        )
    with pytest.raises(DataError, match="'old' is no number"):
        space.encode([Sample(id="x", patient="x", inputs={"row": Row(values={**row, "age": "old"})})])


def test_a_code_read_as_a_number_is_the_code(space: RowSpace) -> None:
    sample = table().samples[1]
    row = sample.inputs["row"].values
    as_read, as_written = (
        Sample(id="x", patient="x", inputs={"row": Row(values={**row, "code_1": code})}) for code in (7.0, "007")
    )
    assert torch.equal(space.encode([as_read]), space.encode([as_written]))
    strange = Sample(id="x", patient="x", inputs={"row": Row(values={**row, "code_1": 999.0})})
    assert space.others(space.table([strange])) == {"code_1": 1}
    with pytest.raises(DataError, match="number 3 in a column of words"):
        space.encode([Sample(id="x", patient="x", inputs={"row": Row(values={**row, "sex": 3.0})})])


def test_codes_of_one_family_share_their_meaning(space: RowSpace) -> None:
    assert code_families(space, 24) == [("code_1", "code_2")]
    reader = RowReader(space, 5)
    assert len(reader.books) == 1
    sample = table().samples[1]
    row = sample.inputs["row"].values
    both = Sample(id="x", patient="x", inputs={"row": Row(values={**row, "code_1": "010", "code_2": "010"})})
    _, coded = reader(space.encode([both]))
    assert torch.equal(coded[0, :5], coded[0, 5:])


def test_a_gradient_reaches_every_feature(space: RowSpace) -> None:
    points = space.encode(table().samples[:20]).requires_grad_(True)
    RowEncoderNet(space, 4, 16, 0.0)(points).square().sum().backward()
    assert points.grad is not None
    assert (points.grad.abs().sum(dim=0) > 0).float().mean() > 0.9


def test_made_points_are_whole_and_never_impossible(space: RowSpace) -> None:
    gan = RowGAN(space, 1, (16,), packing=2)
    points = gan(torch.zeros(200, 1)).numpy()
    for first, last in space.spans:
        assert np.isclose(points[:, first:last].max(axis=1), 1).all()
        assert np.allclose(points[:, first:last].sum(axis=1), 1)
    assert points[:, ~space.possible].sum() == 0
    assert all(np.isfinite(row.values["age"]) for row in space.rows(points))


def test_a_short_training_moves_made_rows_towards_the_real_ones() -> None:
    rows = [
        Row(values={"sex": "female" if number % 10 else "male", "dose": float(number % 7)}) for number in range(100)
    ]
    data = ListDataset([Sample(id=f"s{n}", patient=f"s{n}", inputs={"row": row}) for n, row in enumerate(rows)])
    torch.manual_seed(0)
    small = RowSpace(measure_space(data, fewest=1))
    real = small.encode(data.samples)
    gan = RowGAN(small, 1, (16,), packing=2, critic_steps=2)
    moved = {"maker": gan.maker, "judge": gan.judge}
    rules = {name: torch.optim.Adam(part.parameters(), 5e-3, betas=(0.0, 0.9)) for name, part in moved.items()}
    condition, female = torch.zeros(len(real), 1), small.features.index("sex=female")
    for _ in range(60):
        for objective in gan.objectives(real, condition):
            rules[objective.group].zero_grad()
            objective.loss.backward(inputs=list(moved[objective.group].parameters()))
            rules[objective.group].step()
    assert 0.75 < gan(condition)[:, female].mean() <= 1.0  # untrained it is a half
