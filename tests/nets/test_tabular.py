"""Rows as numbers: by hand, and what is refused."""

import json
import math

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.nets.tabular import RowEncoder, count_labels, label_tensor, measure_rows
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Row, Sample


def sample(number, target=0, **values):
    return Sample(id=f"s{number}", patient=f"p{number}", inputs={"row": Row(values=values)}, target=target)


def table():
    return ListDataset(
        [
            sample(0, 0, age=10.0, sex="f"),
            sample(1, 1, age=20.0, sex="m"),
            sample(2, 0, age=60.0, sex=""),
            sample(3, 1, age=math.nan, sex="f"),
        ]
    )


def test_encoding_by_hand():
    learned = json.loads(json.dumps(measure_rows(table())))
    encoder = RowEncoder(learned)
    assert encoder.features == ("age", "age?", "sex=f", "sex=m", "sex?")
    assert encoder.sources == (0, 0, 1, 1, 1)
    # Imputed by the median 20: ages 10, 20, 60, 20 with mean 27.5 and deviation sqrt(368.75).
    ages = (np.array([10, 20, 60, 20]) - 27.5) / np.sqrt(368.75)
    expected = np.column_stack([ages, [0, 0, 0, 1], [1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]])
    np.testing.assert_allclose(encoder.encode(table().samples).numpy(), expected, atol=1e-6)


def test_raw_tells_missing_from_unknown():
    encoder = RowEncoder(measure_rows(table()))
    raw = encoder.raw([sample(9, sex="other", age=1), sample(8, sex=" ", age=None), sample(7, sex="m", age="")])
    np.testing.assert_array_equal(raw, [[1, -1], [math.nan, math.nan], [math.nan, 1]])
    encoded = encoder.encode([sample(9, sex="other", age=1.0)])
    assert encoded[0, 2:].tolist() == [0, 0, 0]  # no known category, and not missing either


def test_column_order_of_a_row_does_not_matter():
    encoder = RowEncoder(measure_rows(table()))
    one = encoder.encode([sample(0, age=3.0, sex="m")])
    assert torch.equal(one, encoder.encode([sample(0, sex="m", age=3.0)]))


def test_constant_and_empty_columns_stay_finite():
    data = ListDataset([sample(i, i % 2, same=5.0, none=math.nan) for i in range(4)])
    encoder = RowEncoder(measure_rows(data))
    encoded = encoder.encode([sample(9, same=6.0, none=2.0)])
    assert torch.isfinite(encoded).all()
    assert encoded[0, 0] == 1.0


def test_rare_categories_share_one_meaning():
    data = ListDataset([sample(i, 0, word=f"w{i % 30:02d}" if i < 60 else "w00") for i in range(100)])
    encoder = RowEncoder(measure_rows(data))
    assert len(encoder.features) == 20
    assert "word=w00" in encoder.features


@pytest.mark.parametrize(
    ("bad", "kind", "says"),
    [
        ({"age": 1.0}, ShapeError, "lacks sex"),
        ({"age": 1.0, "sex": "f", "more": 2.0}, ShapeError, "has more"),
        ({"age": "old", "sex": "f"}, DataError, "'old' is no number"),
        ({"age": 1.0, "sex": 2.0}, DataError, "column of words"),
        ({"age": math.inf, "sex": "f"}, DataError, "infinite"),
        ({"age": [1.0], "sex": "f"}, DataError, "list"),
    ],
)
def test_refused_rows(bad, kind, says):
    encoder = RowEncoder(measure_rows(table()))
    with pytest.raises(kind, match=says) as error:
        encoder.encode([sample(5, **bad)])
    assert "s5" in str(error.value)


def test_refused_training_parts():
    with pytest.raises(DataError, match="empty"):
        measure_rows(ListDataset([]))
    with pytest.raises(DataError, match="twice"):
        measure_rows(ListDataset([sample(1, a=1.0), sample(1, a=2.0)]))
    with pytest.raises(DataError, match=r"numbers .* and words"):
        measure_rows(ListDataset([sample(1, a=1.0), sample(2, a="x")]))
    with pytest.raises(DataError, match="no row"):
        measure_rows(ListDataset([Sample(id="n", patient="n", inputs={})]))
    with pytest.raises(ShapeError, match="lacks a"):
        measure_rows(ListDataset([sample(1, a=1.0), sample(2, b=1.0)]))


def test_labels():
    assert label_tensor(table().samples, ("a", "b")).tolist() == [0, 1, 0, 1]
    assert label_tensor([sample(0, {"label": 1}, a=1.0)], ("a", "b")).tolist() == [1]
    assert label_tensor([sample(0, None, a=1.0)], ("a", "b")) is None
    assert count_labels(table()) == [2, 2]
    for bad in (2, -1, 0.5, "a", True):
        with pytest.raises(DataError, match="s0"):
            label_tensor([sample(0, bad, a=1.0)], ("a", "b"))
    with pytest.raises(DataError, match="fewer than two classes"):
        count_labels(ListDataset([sample(i, 1, a=1.0) for i in range(3)]))
    with pytest.raises(DataError, match="no class number"):
        count_labels(ListDataset([sample(0, None, a=1.0)]))


def test_signs_of_bound_columns():
    rows = [{"dose": 1.0, "oxide": "ZnO"}, {"dose": None, "oxide": "TiO2"}, {"dose": 2.0, "oxide": "ZnO"}]
    dataset = ListDataset(
        [Sample(id=str(n), patient=str(n), inputs={"row": Row(values=r)}) for n, r in enumerate(rows)]
    )
    encoder = RowEncoder(measure_rows(dataset))
    assert dict(zip(encoder.features, encoder.signs(["dose"], []), strict=True))["dose"] == 1
    assert sum(map(abs, encoder.signs([], ["dose"]))) == 1  # not the indicator of gaps
    for rising, falling in ((["oxide"], []), (["size"], []), (["dose"], ["dose"])):
        with pytest.raises(DataError, match="columns of numbers: dose"):
            encoder.signs(rising, falling)
