"""The vessel filter: finds dark lines, learns one threshold, refuses what it cannot answer."""

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.evaluate.predict import score
from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.systems.baseline.frangi_vessels import FrangiConfig
from salus.systems.registry import create
from salus.tasks.registry import make
from salus.train.fit import fit

VESSELS = make(Question(kind="segmentation", classes=("background", "vessel")))


def lines(number, target=True, size=64):
    rng = np.random.default_rng(number)
    row, column = np.mgrid[:size, :size]
    angle, shift = rng.uniform(0, np.pi), rng.uniform(-12, 12)
    distance = np.abs((row - size / 2) * np.cos(angle) + (column - size / 2) * np.sin(angle) - shift)
    array = 120 + rng.normal(0, 4, (3, size, size))
    array[1] -= 50 * np.exp(-((distance / 1.5) ** 2))
    image = Image(array=np.clip(array, 0, 255).astype(np.uint8), unit="uint8")
    mask = (distance < 1.8).astype(np.uint8) if target else None
    return Sample(id=f"l{number}", patient=f"l{number}", inputs={"image": image}, target=mask)


def test_dark_lines_are_found_by_one_learnt_threshold():
    train, test = (ListDataset([lines(i) for i in span]) for span in (range(6), range(6, 9)))
    system = create("frangi_vessels", VESSELS, train, FrangiConfig())
    fit(system, train, None, score=score)
    assert float(system.threshold) > 0.7
    assert score(system, test)["dice"] > 0.7


def test_bad_input_is_refused():
    system = create("frangi_vessels", VESSELS, ListDataset([lines(0)]), FrangiConfig(sigmas=(1.5,)))
    with pytest.raises(ShapeError, match="several sizes"):
        system.collate([lines(0), lines(1, size=48)])
    with pytest.raises(DataError, match="no mask"):
        system.settle(ListDataset([lines(0, target=False)]))
    three = make(Question(kind="segmentation", classes=("background", "artery", "vein")))
    with pytest.raises(UsageError, match="one structure"):
        create("frangi_vessels", three, ListDataset([lines(0)]), FrangiConfig())
