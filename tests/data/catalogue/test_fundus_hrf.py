"""The HRF photographs asked about retinopathy: a class, with the outlined vessels beside it."""

import pytest

from salus.data.library import entry, load, present


@pytest.mark.realdata
def test_retinopathy_is_one_of_three_diagnoses_and_carries_its_vessels() -> None:
    if not present(entry("fundus_hrf")):
        pytest.skip("fundus_hrf is not below SALUS_DATA")
    asked, three = (load("fundus_hrf", {"question": kind, "height": "146"}) for kind in ("retinopathy", "diagnosis"))
    masks = load("fundus_hrf", {"question": "vessels", "height": "146"})
    assert asked.question.classes == ("none", "diabetic_retinopathy")
    for place in (0, 10, 19):
        sample = asked.dataset[place]
        assert sample.target["label"] == int(three.dataset[place].target == 0)
        assert (sample.target["vessels"] == masks.dataset[place].target).all()
        assert sample.target["vessels"].shape == sample.inputs["image"].array.shape[1:]
    assert sum(asked.dataset.peek(i).target for i in range(20)) == 7
