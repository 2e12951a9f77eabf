"""Single pictures: what is measured, what is refused, grey and colour, masks beside pictures."""

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Image, Sample
from salus.transforms.pictures import Prepared, flat_picture, mask_of, survey_pictures, with_channels


def sample(array, name="s", target=0, unit="uint8", modality=""):
    image = Image(array=np.asarray(array), unit=unit, modality=modality)
    return Sample(id=name, patient=name, inputs={"image": image}, target=target)


def test_one_or_three_channels_and_one_picture():
    rng = np.random.default_rng(0)
    grey, colour = rng.integers(0, 255, (1, 8, 9)), rng.integers(0, 255, (3, 8, 9))
    assert flat_picture(sample(grey)).shape == (1, 8, 9)
    assert flat_picture(sample(grey[:, None])).shape == (1, 8, 9)
    for wrong, words in ((np.zeros((4, 8, 8)), "transparency"), (np.zeros((2, 8, 8)), "2 channels")):
        with pytest.raises(ShapeError, match=words):
            flat_picture(sample(wrong))
    with pytest.raises(ShapeError, match="3 pictures"):
        flat_picture(sample(np.zeros((1, 3, 8, 8))))
    with pytest.raises(DataError, match="finite"):
        flat_picture(sample(np.full((1, 8, 8), np.nan)))
    assert with_channels(grey, 3, "s").shape == (3, 8, 9)
    assert with_channels(np.repeat(grey, 3, axis=0), 1, "s").shape == (1, 8, 9)
    with pytest.raises(ShapeError, match="colour"):
        with_channels(colour, 1, "s")


def test_the_survey_of_grey_and_colour_together():
    rows = [sample(np.full((1, 8, 6), 10.0), "a"), sample(np.stack([np.full((5, 7), v) for v in (10.0, 40, 70)]), "b")]
    found = survey_pictures(ListDataset(rows))
    assert (found["channels"], found["shortest"], found["height"], found["width"]) == (3, 5, 8, 6)
    assert found["mean"] == [10.0, 25.0, 40.0]
    assert found["deviation"] == pytest.approx([1e-6, 15.0, 30.0], abs=1e-5)
    assert not found["masks"]
    with pytest.raises(DataError, match="'a'"):
        survey_pictures(ListDataset([rows[0], rows[0]]))
    with pytest.raises(UnitError, match="one unit"):
        survey_pictures(ListDataset([rows[0], sample(np.zeros((1, 4, 4)), "c", unit="HU")]))


def test_sizes_and_scales_wash_out_and_units_do_not():
    rng = np.random.default_rng(0)
    rows = [sample(rng.integers(0, 200, (1, 20, 30)), f"s{i}") for i in range(3)]
    prepare = Prepared({**survey_pictures(ListDataset(rows)), "fundus": False}, 16)
    planes, mask = prepare(rows[0])
    assert planes.shape == (1, 16, 16)
    assert mask is None
    louder = sample(rows[0].inputs["image"].array * 40 + 7, "x", unit="uint16")
    np.testing.assert_allclose(prepare(louder)[0], planes, atol=1e-4)
    with pytest.raises(UnitError, match="HU"):
        prepare(sample(np.zeros((1, 20, 30)), unit="HU"))
    training = Prepared({**survey_pictures(ListDataset(rows)), "fundus": False, "low": 0, "high": 200}, 16,
                        standardize="training")  # fmt: skip
    level = training(sample(np.full((1, 20, 30), 199)))[0].mean()
    assert level > training(rows[0])[0].mean() + 1
    with pytest.raises(UnitError, match="trained on"):
        training(louder)


def test_masks_as_targets_and_beside_a_class():
    mask = np.zeros((1, 8, 9), np.uint8)
    assert mask_of(sample(np.zeros((3, 8, 9)), target=mask)).shape == (8, 9)
    assert mask_of(sample(np.zeros((3, 8, 9)), target={"label": 1, "vessels": mask})).shape == (8, 9)
    assert mask_of(sample(np.zeros((3, 8, 9)), target={"label": 1})) is None
    assert mask_of(sample(np.zeros((3, 8, 9)), target=None)) is None
    prepare = Prepared({"fundus": False, "channels": 3, "unit": "uint8"}, 4, keep_size=True)
    with pytest.raises(ShapeError, match="several sizes"):
        prepare.check_sizes([(3, 8, 9), (3, 8, 10)])
