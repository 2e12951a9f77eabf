"""Rows as points and back: modes, words, gaps, rounding, and what is refused."""

from typing import Any

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.nets.row_modes import ModeSpace, measure_modes
from salus.schema.errors import DataError
from salus.schema.sample import Row, Sample


def table(rows: list[dict[str, Any]]) -> ListDataset:
    return ListDataset([Sample(id=f"s{n}", patient="p", inputs={"row": Row(values=row)}) for n, row in enumerate(rows)])


def mixed(count: int = 120) -> ListDataset:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(count):
        low = number % 2
        rows.append(
            {
                "glucose": float(np.round(rng.normal(80 if low else 160, 5))),
                "temperature": round(float(rng.normal(36.8, 0.4)), 1) if number % 5 else float("nan"),
                "ward": ("north", "south", "")[number % 3],
            }
        )
    return table(rows)


def test_rows_survive_the_way_to_points_and_back() -> None:
    data = mixed()
    space = ModeSpace(measure_modes(data, most=5))
    points = space.encode(data.samples)
    assert points.shape == (len(data), space.features)
    for sample, row in zip(data.samples, space.items(points), strict=True):
        given = sample.inputs["row"].values
        assert row.values["ward"] == given["ward"]
        assert row.values["glucose"] == pytest.approx(given["glucose"], abs=1.0)
        if np.isnan(given["temperature"]):
            assert np.isnan(row.values["temperature"])
        else:
            assert row.values["temperature"] == pytest.approx(given["temperature"], abs=0.1)
            assert len(repr(row.values["temperature"])) <= 5  # rounded as a thermometer writes


def test_two_humps_are_two_modes_and_each_number_lies_in_its_own() -> None:
    data = mixed()
    learned = measure_modes(data, most=5)
    space = ModeSpace(learned)
    glucose = space.columns[0]
    assert min(abs(glucose.means - 80)) < 3
    assert min(abs(glucose.means - 160)) < 3
    mode = space.encode(data.samples)[:, glucose.span].argmax(dim=1).numpy()
    nearest = np.abs(glucose.means[mode] - [s.inputs["row"].values["glucose"] for s in data.samples])
    assert nearest.max() < 25


def test_an_answer_stands_in_the_asked_order_with_words_as_numbers_and_passes_gradients() -> None:
    data = mixed()
    space = ModeSpace(measure_modes(data))
    points = space.encode(data.samples[:6]).requires_grad_(True)
    answer = space.answer(points, [("ward", ("east", "north", "south")), ("glucose", ())])
    assert answer.shape == (6, 2, 2)
    assert answer[:, 0, 0].tolist() == [1.0, 2.0, 0.0, 1.0, 2.0, 0.0]  # north, south, missing
    assert answer[:, 1, 0].tolist() == [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    assert answer[:, 0, 1].tolist() == [s.inputs["row"].values["glucose"] for s in data.samples[:6]]
    answer[:, 0, 1].sum().backward()
    assert torch.isfinite(points.grad).all()
    assert points.grad.abs().sum() > 0


def test_numbers_never_leave_the_range_of_training() -> None:
    space = ModeSpace(measure_modes(mixed()))
    points = torch.zeros(2, space.features)
    points[0, 0], points[1, 0] = 50.0, -50.0
    low, high = space.columns[0].bounds
    assert [row.values["glucose"] for row in space.items(points)] == [high, low]


def test_a_word_that_training_did_not_hold_is_no_state() -> None:
    data = mixed()
    space = ModeSpace(measure_modes(data))
    stranger = Sample(
        id="x", patient="x", inputs={"row": Row(values={"glucose": 90.0, "temperature": 37.0, "ward": "moon"})}
    )
    assert space.encode([stranger])[0, space.columns[2].span].sum() == 0


@pytest.mark.parametrize("column", [{"a": 3.0}, {"a": "same"}])
def test_a_column_that_never_varies_is_refused(column: dict[str, Any]) -> None:
    rows = [{**column, "b": float(n)} for n in range(20)]
    with pytest.raises(DataError, match="'a' holds one value"):
        measure_modes(table(rows))
