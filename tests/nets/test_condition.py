"""What is asked of a generator: classes by name and number, values, and what is refused."""

from collections import Counter

import numpy as np
import pytest
import torch

from salus.nets.condition import Condition, bare_samples, measure_condition
from salus.schema.errors import DataError
from salus.schema.sample import Row, Sample

CLASSES = ("N", "S", "V")


def asked(cells: list[str | float], column: str = "class") -> list[Sample]:
    found = []
    for number, cell in enumerate(cells):
        row = Row(values={"x": float(number)})
        target = {"condition": 0, "real": row}
        inputs = {"condition": Row(values={column: cell}), "row": row}
        found.append(Sample(id=f"s{number}", patient="p", inputs=inputs, target=target))
    return found


def test_classes_by_name_and_by_number_are_one() -> None:
    condition = Condition(measure_condition(asked(["N"] * 60 + ["V"] * 50)), CLASSES)
    by_name = condition.encode(asked(["V", "N"]))
    by_number, made = condition.of([2, np.int64(0)])
    assert torch.equal(by_name, by_number)
    assert by_name.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert made == [2, 0]


def test_none_draws_classes_as_training_had_them() -> None:
    torch.manual_seed(0)
    condition = Condition(measure_condition(asked(["N"] * 300 + ["V"] * 100)), CLASSES)
    counts = Counter(condition.of([None] * 2000)[1])
    assert set(counts) == {0, 2}
    assert counts[2] / 2000 == pytest.approx(0.25, abs=0.04)


def test_values_are_standardised_and_drawn_within_their_range() -> None:
    torch.manual_seed(0)
    values = [float(v) for v in range(101)]
    condition = Condition(measure_condition(asked(list(values), "value")), ())
    assert condition.of([50.0])[0].item() == pytest.approx(0.0, abs=1e-6)
    drawn = condition.of([None] * 500)[1]
    assert min(drawn) >= 0.0
    assert max(drawn) <= 100.0
    assert np.mean(drawn) == pytest.approx(50, abs=5)


@pytest.mark.parametrize(
    ("wish", "words"),
    [(1, "class 'S' is none that the generator was trained on; it makes N, V"), (7, "class 7"), (True, "class True")],
)
def test_a_class_that_training_did_not_hold_is_refused(wish: object, words: str) -> None:
    condition = Condition(measure_condition(asked(["N"] * 60 + ["V"] * 50)), CLASSES)
    with pytest.raises(DataError, match=words):
        condition.of([wish])


def test_other_bad_wishes_are_named() -> None:
    condition = Condition(measure_condition(asked(["N"] * 60 + ["V"] * 50)), CLASSES)
    with pytest.raises(DataError, match="s0: class 'F' is none"):
        condition.encode(asked(["F"]))
    with pytest.raises(DataError, match="column 'class'"):
        condition.encode([Sample(id="a", patient="a", inputs={})])
    numbers = Condition(measure_condition(asked([1.0, 2.0, 3.0], "value")), ())
    with pytest.raises(DataError, match="not finite"):
        numbers.of([float("nan")])


def test_training_parts_that_cannot_teach_are_refused() -> None:
    with pytest.raises(DataError, match="class 'S' has 49 training samples; a generator needs at least 50"):
        measure_condition(asked(["N"] * 60 + ["S"] * 49))
    with pytest.raises(DataError, match="holds N alone"):
        measure_condition(asked(["N"] * 60))
    with pytest.raises(DataError, match="never vary"):
        measure_condition(asked([3.0] * 60, "value"))
    twice = asked(["N", "V"])
    with pytest.raises(DataError, match="'s0' appears twice"):
        bare_samples([twice[0], twice[0]])
    with pytest.raises(DataError, match="nothing to learn from"):
        bare_samples([Sample(id="a", patient="a", inputs={}, target=1)])
