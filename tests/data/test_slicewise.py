"""A volume taken apart and put together: every slice keeps its place, a failed slice fails the volume."""

import numpy as np

from salus.data.slicewise import slices_of, together
from salus.schema.sample import Image, Sample


def test_slices_keep_their_place_in_the_patient() -> None:
    affine = np.array([[0.0, 0.7, 0.3, -10], [-0.6, 0, 0.1, 20], [0.2, 0, 3.0, 5], [0, 0, 0, 1]])
    array = np.arange(2 * 3 * 4, dtype=np.float32).reshape(1, 2, 3, 4)
    image = Image(array=array, spacing_mm=(3.0, 0.7, 0.6), affine=affine, unit="HU", modality="CT")
    found = slices_of(Sample(id="s", patient="p", inputs={"image": image}))
    assert [one.id for one in found] == ["s, slice 0", "s, slice 1"]
    for number, one in enumerate(found):
        plane = one.inputs["image"]
        np.testing.assert_array_equal(plane.array, array[:, number])
        assert plane.spacing_mm == (0.7, 0.6)
        np.testing.assert_allclose(plane.affine @ [2, 1, 0, 1], affine @ [2, 1, number, 1])


def test_other_samples_are_left_alone() -> None:
    sample = Sample(id="s", patient="p", inputs={"image": Image(array=np.zeros((1, 3, 4)))})
    assert slices_of(sample) == [sample]


def test_one_failed_slice_fails_the_volume_with_its_reason() -> None:
    plane = np.zeros((1, 3, 4))
    value, why = together([plane, None, None], ["", "slice 1 is damaged", "x"])
    assert value is None
    assert why == "slice 1 is damaged (and 1 more of 3 slices)"
    value, why = together([plane, plane + 1], ["", ""])
    assert value is not None
    assert (value.shape, why) == ((1, 2, 3, 4), "")
