"""Reading slices: what cannot be a slice or a series is refused with the remedy."""

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Image, Sample
from salus.transforms.slices import check_window, choose_patients, grey_slices, known_label, pictures, survey


def sample(array, name="s", target=0, patient="p", **options):
    return Sample(id=name, patient=patient, inputs={"image": Image(array=array, **options)}, target=target)


def test_one_slice_a_series_and_an_agreeing_colour_copy():
    one = np.arange(12.0).reshape(1, 3, 4)
    assert grey_slices(sample(one)).shape == (1, 3, 4)
    np.testing.assert_array_equal(grey_slices(sample(np.repeat(one, 3, axis=0))), one)
    series = np.zeros((1, 5, 3, 4))
    assert grey_slices(sample(series, spacing_mm=(5.0, 1.0, 1.0))).shape == (5, 3, 4)
    assert grey_slices(sample(series, affine=np.eye(4))).shape == (5, 3, 4)
    assert grey_slices(sample(series[:, :1])).shape == (1, 3, 4)


@pytest.mark.parametrize(
    ("array", "options", "error", "words"),
    [
        (np.arange(36.0).reshape(3, 3, 4), {}, ShapeError, "colour"),
        (np.zeros((2, 3, 4)), {}, ShapeError, r"\(2, 3, 4\)"),
        (np.zeros((1, 0, 4)), {}, ShapeError, "none empty"),
        (np.zeros((1, 2, 5, 3, 4)), {}, ShapeError, "expected"),
        (np.full((1, 3, 4), np.nan), {}, DataError, "finite"),
        (np.full((1, 3, 4), np.inf), {}, DataError, "finite"),
        (np.zeros((1, 5, 3, 4)), {}, DataError, "without order"),
        (np.zeros((1, 5, 3, 4)), {"spacing_mm": (1.0, 1.0)}, DataError, "without order"),
        (np.zeros((1, 5, 3, 4)), {"spacing_mm": (0.0, 1.0, 1.0)}, DataError, "without order"),
    ],
)
def test_what_is_no_slice_is_refused(array, options, error, words):
    with pytest.raises(error, match=words):
        grey_slices(sample(array, **options))


def test_slices_of_unequal_size_and_absent_images_are_refused():
    ragged = np.empty((1, 1, 2), dtype=object)
    ragged[0, 0, :] = [np.zeros((3, 4)), np.zeros((5, 4))]
    with pytest.raises(ShapeError, match="unequal size"):
        grey_slices(sample(ragged))
    with pytest.raises(DataError, match="no image"):
        grey_slices(Sample(id="s", patient="p", inputs={}))
    with pytest.raises(DataError, match="no image"):
        pictures(Sample(id="s", patient="p", inputs={}))


def test_pictures_keep_their_colours():
    assert pictures(sample(np.zeros((3, 4, 5)))).shape == (1, 3, 4, 5)
    assert pictures(sample(np.zeros((1, 6, 4, 5)))).shape == (6, 1, 4, 5)
    with pytest.raises(DataError, match="finite"):
        pictures(sample(np.full((3, 4, 5), np.nan)))
    with pytest.raises(ShapeError, match="none empty"):
        pictures(sample(np.zeros((3, 0, 5))))


def rows(n=8, classes=2, **options):
    return [
        sample(np.full((1, 2, 2), float(i)), f"s{i}", target=i % classes, patient=f"p{i // 2}", **options)
        for i in range(n)
    ]


def test_survey_learns_counts_range_and_longest_series():
    extra = sample(np.zeros((1, 3, 2, 2)), "series", 1, "q", spacing_mm=(1.0, 1.0, 1.0))
    found = survey(ListDataset([*rows(), extra]))
    assert found["counts"] == {"0": 4, "1": 5}
    assert (found["low"], found["high"], found["slices"], found["unit"]) == (0.0, 7.0, 3, "a.u.")
    assert found["labelled"] is None


def test_survey_refuses_copies_one_class_and_mixed_units():
    with pytest.raises(DataError, match="own id"):
        survey(ListDataset([*rows(), rows()[0]]))
    with pytest.raises(DataError, match="1 class"):
        survey(ListDataset(rows(classes=1)))
    with pytest.raises(UnitError, match="one unit"):
        survey(ListDataset([*rows(), sample(np.zeros((1, 2, 2)), "other", unit="HU")]))


def test_few_labels_are_a_share_of_patients_of_each_class():
    labels = {f"s{i}": i % 2 for i in range(200)}
    owner = {name: f"p{name[1:]}" for name in labels}
    chosen = choose_patients(labels, owner, 0.1)
    assert chosen == choose_patients(labels, owner, 0.1)
    assert chosen != choose_patients(labels, owner, 0.1, draw=1)
    assert sum(int(name[1:]) % 2 for name in chosen) == 10
    assert len(chosen) == 20
    assert len(choose_patients(labels, owner, 0.001)) == 2


def test_labels_outside_the_share_are_hidden_and_unknown_ones_refused():
    found = survey(ListDataset(rows()), share=0.5)
    assert sum(found["counts"].values()) < 8
    seen = {name: known_label(row, found) for row in rows() for name in [row.patient]}
    assert {name for name, label in seen.items() if label >= 0} == set(found["labelled"])
    assert known_label(sample(np.zeros((1, 2, 2)), target=None), found) == -1
    with pytest.raises(DataError, match="label 7"):
        known_label(sample(np.zeros((1, 2, 2)), target=7), found)


def test_another_window_is_refused():
    found = survey(
        ListDataset([sample(np.array([[[0, 255 * i]]], np.uint8), f"s{i}", i, unit="uint8") for i in (0, 1)])
    )
    check_window(sample(np.array([[[0, 255]]], np.uint8), unit="uint8"), found)
    with pytest.raises(UnitError, match="same window"):
        check_window(sample(np.array([[[0, 4095]]], np.uint16), unit="uint8"), found)
    with pytest.raises(UnitError, match="'HU'"):
        check_window(sample(np.array([[[0, 255]]]), unit="HU"), found)
