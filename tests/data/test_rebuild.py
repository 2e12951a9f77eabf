"""Pictures as questions of compression: targets are the pictures, halves are of patients."""

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.data.entry import Loaded
from salus.data.library import open_data
from salus.data.rebuild import as_compression, halves
from salus.schema.question import Question
from salus.schema.sample import Image, Sample


def test_the_target_is_the_picture_averaged_over_squares() -> None:
    array = np.arange(30, dtype=np.uint8).reshape(1, 5, 6)
    sample = Sample(
        id="a",
        patient="p",
        inputs={"image": Image(array=array, spacing_mm=(1.0, 2.0), unit="uint8", modality="CR")},
        target=1,
        meta={"split": "train"},
    )
    loaded = Loaded(dataset=ListDataset([sample]), question=Question(kind="classification"))
    found = as_compression(loaded, "uint8", (0.0, 255.0), step=2, splits={"p": "test"}, mixed=True)
    got = found.dataset[0]
    assert found.question.kind == "compression"
    assert got.target.tolist() == [[[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]]]
    assert np.array_equal(got.inputs["image"].array, got.target)
    assert got.inputs["image"].spacing_mm == (2.0, 4.0)
    assert (got.inputs["image"].modality, got.meta["split"]) == ("", "test")


def test_halves_divide_patients_not_pictures() -> None:
    parts = halves([f"p{i:02d}" for i in range(23)] * 3)
    counts = {name: list(parts.values()).count(name) for name in ("train", "valid", "test")}
    assert counts == {"train": 9, "valid": 3, "test": 11}


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "shape", "low", "high"),
    [
        ("ct_lidc_idri_0314:question=compression,size=512", (1, 512, 512), -3000, -900),
        ("cxr_covid19_hannover:question=compression,size=320", None, 0, 60),
        ("pneumoniamnist:question=compression", (1, 28, 28), 0, 120),
    ],
)
def test_catalogue_sets_ask_it(name: str, shape: tuple[int, ...] | None, low: float, high: float) -> None:
    loaded = open_data(name)
    sample = loaded.dataset[0]
    assert loaded.question.kind == "compression"
    assert np.array_equal(sample.target, sample.inputs["image"].array)
    assert shape in (None, sample.target.shape)
    assert low <= sample.target.min() <= high
    assert sample.meta["split"] in ("train", "valid", "test")
