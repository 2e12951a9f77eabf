"""Datasets in figures: every count against a plain count, in bounded memory, whatever the samples hold."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salus.contract.dataset import ListDataset
from salus.data.datasheet import describe
from salus.data.entry import Loaded
from salus.data.fingerprint import fingerprint
from salus.data.tally import KEPT, Numbers, Words
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Events, Image, Note, Row, Sample, Waveform
from salus.tasks.registry import make


def sheet_of(samples, question=None, **options):
    asked = question or Question(kind="classification", classes=("no", "yes", "never"))
    loaded = Loaded(dataset=ListDataset(samples), question=asked, notes=("a note",), unit="ward")
    return describe(loaded, make(asked).stratum, **options)


def people(count=20):
    rng = np.random.default_rng(0)
    return [
        Sample(
            id=f"s{i}",
            patient=f"p{i // 2}",
            inputs={"row": Row(values={"a": math.nan if i % 5 == 0 else float(i), "w": "x" if i % 2 else ""})},
            target=i % 2,
            meta={
                "split": "train" if i < 12 else "test",
                "group_age": str(30 + i),
                "group_sex": "FM"[i % 2],
                "site": "A",
            },
        )
        for i in rng.permutation(count).tolist()
    ]


def test_classes_parts_groups_and_gaps_are_counted():
    found = sheet_of(people())
    assert (found.samples, found.patients, found.read, found.unit) == (20, 10, 20, "ward")
    assert [(s.name, s.samples, s.patients) for s in found.strata] == [("no", 10, 10), ("yes", 10, 10), ("never", 0, 0)]
    assert found.strata[0].parts == {"train": 6, "test": 4}
    assert found.parts == {"train": (12, 6), "test": (8, 4)}
    assert found.sites == {"A": 20}
    assert found.groups["age"].spread.low == 30
    assert found.groups["age"].spread.high == 49
    assert dict(found.groups["sex"].words) == {"F": 10, "M": 10}
    (row,) = found.inputs
    assert [series.name for series in row.series] == ["a", "w"]
    a, w = row.series
    assert (a.missing, a.count, a.spread.low, a.spread.high) == (4, 20, 1.0, 19.0)
    assert (w.missing, w.distinct, w.words) == (10, 1, (("x", 10),))
    assert row.missing_samples == 12
    assert found.per_patient.low == found.per_patient.high == 2
    assert json.loads(json.dumps(found.to_dict(), allow_nan=True))["samples"] == 20


def test_the_fingerprint_is_that_of_studies_and_only_of_everything():
    samples = people()
    assert sheet_of(samples).fingerprint == fingerprint(ListDataset(samples)).sha256
    part = sheet_of(samples, limit=5)
    assert (part.read, part.samples, part.fingerprint) == (5, 20, "")
    assert sum(s.samples for s in part.strata) == 20
    assert part.inputs[0].series[0].count == 5


def test_a_sample_that_cannot_be_read_is_named_and_the_rest_is_described():
    class Broken(ListDataset):
        def __getitem__(self, index, /):
            if index == 3:
                raise DataError("s3: damaged")
            return super().__getitem__(index)

    asked = Question(kind="classification", classes=("no", "yes"))
    found = describe(Loaded(dataset=Broken(people()), question=asked), make(asked).stratum)
    assert found.unreadable == ((3, "s3: damaged"),)
    assert (found.samples, found.read, found.fingerprint) == (20, 19, "")


def test_every_kind_of_input_is_measured():
    wave = Waveform(
        array=np.array([[0.0, 1.0, np.nan, 3.0], [5, 5, 5, 5]]), rate_hz=2.0, leads=("I", "II"), units=("mV", "")
    )
    inputs = {
        "scan": Image(array=np.arange(24.0).reshape(1, 2, 3, 4), spacing_mm=(3, 1, 1), unit="HU", modality="CT"),
        "ecg": wave,
        "note": Note(text="No fever.", tokens=("No", "fever", ".")),
        "events": Events(times_h=np.array([0.0, 5.0]), codes=("a", "a"), values=np.array([1.0, np.nan])),
    }
    found = {held.name: held for held in sheet_of([Sample(id="s", patient="p", inputs=inputs, target=0)]).inputs}
    assert found["scan"].forms == {
        "shape": {"1 x 2 x 3 x 4": 1},
        "spacing": {"3 x 1 x 1 mm": 1},
        "modality": {"CT": 1},
        "type": {"float64": 1},
    }
    assert (found["scan"].series[0].spread.high, found["scan"].series[0].spread.unit) == (23.0, "HU")
    length, one, two = found["ecg"].series
    assert length.spread.low == 2.0
    assert (one.name, one.missing, one.spread.high, one.spread.unit) == ("I", 1, 3.0, "mV")
    assert two.spread.bars == ()
    assert [series.spread.low for series in found["note"].series] == [9, 3]
    assert {series.name: series.spread and series.spread.high for series in found["events"].series} == {
        "events": 2,
        "span": 5,
        "codes": None,
    }


@pytest.mark.parametrize(
    ("question", "targets", "answers"),
    [
        (
            Question(kind="multilabel", classes=("a", "b")),
            [np.array([1.0, np.nan]), np.array([0.0, 1.0])],
            {"a": {"there": 1, "not there": 1}, "b": {"not known": 1, "there": 1}},
        ),
        (
            Question(kind="tagging", classes=("O", "B-x", "I-x")),
            [np.array([1, 2, 0]), np.array([1, 1, 2])],
            {"x": {"mentions": 3}},
        ),
        (
            Question(kind="segmentation", classes=("background", "lesion")),
            [np.array([[[0, 1, 1]]]), np.array([[[0, 0, 0]]])],
            {"background": {"samples": 2, "voxels": 4}, "lesion": {"samples": 1, "voxels": 2}},
        ),
    ],
)
def test_answers_that_are_more_than_a_class_are_counted(question, targets, answers):
    row = {"row": Row(values={"a": 1.0})}
    samples = [Sample(id=str(i), patient=str(i), inputs=row, target=target) for i, target in enumerate(targets)]
    loaded = Loaded(dataset=ListDataset(samples), question=question)
    assert describe(loaded, lambda target: "all").answers == answers


def test_an_empty_dataset_and_a_target_without_a_class_are_described():
    assert sheet_of([]).samples == 0
    found = sheet_of([Sample(id="s", patient="p", inputs={"row": Row(values={"a": 1.0})}, target=None)])
    assert [s.name for s in found.strata if s.samples] == ["(no label)"]


def test_examples_are_spread_over_the_classes():
    samples = [
        Sample(id=f"s{i}", patient="p", inputs={"row": Row(values={"a": 1.0})}, target=int(i > 90)) for i in range(100)
    ]
    found = sheet_of(samples)
    assert len(found.examples) == 12
    assert found.example_labels == ("no",) * 6 + ("yes",) * 6
    assert found.examples[0].id == "s0"
    assert found.examples[-1].id == "s99"


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.floats(width=32), max_size=30), max_size=12), st.booleans())
def test_numbers_one_by_one_and_in_arrays_agree_with_numpy(groups, single):
    tally = Numbers()
    for group in groups:
        if single:
            for value in group:
                tally.add_one(value)
        else:
            tally.add(np.array(group, dtype=np.float64))
    values = np.array([value for group in groups for value in group])
    finite = values[np.isfinite(values)]
    found = tally.spread()
    assert (found.count, found.missing) == (values.size, values.size - finite.size)
    if finite.size:
        assert (found.low, found.high) == (finite.min(), finite.max())
        assert found.quantiles == pytest.approx(tuple(np.quantile(finite, (0.05, 0.25, 0.5, 0.75, 0.95))), rel=1e-6)
    if found.bars:
        assert sum(found.bars) == finite.size


def test_very_many_values_stay_within_bounds_and_keep_their_middle():
    tally, words = Numbers(), Words()
    rng = np.random.default_rng(1)
    for _ in range(1000):
        tally.add(rng.normal(3.0, 2.0, 5000))
    for number in range(20_000):
        words.add(str(number))
    found = tally.spread()
    assert found.count == 5_000_000
    assert sum(found.bars) <= KEPT
    assert found.quantiles[2] == pytest.approx(3.0, abs=0.05)
    assert len(words.counts) == 5000
    assert words.more
