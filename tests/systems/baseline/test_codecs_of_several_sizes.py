"""Codecs that learn no weights take a training part whose pictures differ in size."""

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.evaluate.predict import score
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.systems import registry
from salus.tasks.registry import make
from salus.train.fit import fit


@pytest.mark.parametrize("name", ["still_codec", "tv_recovery"])
def test_pictures_of_several_sizes_are_fitted_and_answered(name: str) -> None:
    axis = np.arange(60)
    samples = []
    for number, height in enumerate((40, 33, 60)):
        array = (100 + 50 * np.sin(axis[:height, None] / 9 + axis / 7))[None].astype(np.float32)
        image = Image(array=array, unit="uint8")
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs={"image": image}, target=array))
    data, kind = ListDataset(samples), registry.find(name)
    task = make(Question(kind="compression", unit="uint8", value_range=(0.0, 255.0)))
    system = registry.create(name, task, data, kind.tiny)
    fit(system, data, data, score=score, seed=0)
    found = score(system, data)
    assert found["psnr"] > 20
    assert 0 < found["bits_per_pixel"] < 8
