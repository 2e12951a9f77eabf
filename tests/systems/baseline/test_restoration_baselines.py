import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.evaluate.predict import answer, score
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.systems.registry import create, find
from salus.tasks.registry import make
from salus.train.fit import fit

QUESTION = Question(kind="restoration", unit="HU", value_range=(-300.0, 300.0))


def slices(sd: float = 40.0, size: int = 40) -> ListDataset:
    samples = []
    for i in range(4):
        rng = np.random.default_rng(i)
        clean = np.full((1, size, size), -200.0, np.float32)
        clean[:, 10:30, 5 + i : 25 + i] = 50.0
        noisy = clean + rng.normal(0, sd, clean.shape).astype(np.float32)
        image = Image(array=noisy, spacing_mm=(1.0, 1.0), unit="HU", modality="CT")
        samples.append(Sample(id=f"s{i}", patient=f"p{i}", inputs={"image": image}, target=clean))
    return ListDataset(samples)


def test_identity_answers_its_input() -> None:
    data = slices()
    system = create("identity", make(QUESTION), data)
    fit(system, data, None, score=score)
    for i, value in enumerate(answer(system, data)):
        np.testing.assert_array_equal(value, data[i].inputs["image"].array)


@pytest.mark.parametrize("name", ["total_variation", "nonlocal_means"])
def test_classical_methods_choose_a_strength_and_beat_the_input(name: str) -> None:
    data = slices()
    kind = find(name)
    system = create(name, make(QUESTION), data, kind.small.replace({"grid": [0.01, 1.0, 3.0], "images": 2}))
    fit(system, data, None, score=score)
    noise = system.fingerprint["noise"]
    assert 30 < noise < 60
    assert float(system.strength) / noise == pytest.approx(1.0) or float(system.strength) / noise == pytest.approx(3.0)
    clean = [sample.target for sample in data.samples]
    before = system.task.score([sample.inputs["image"].array for sample in data.samples], clean)
    assert score(system, data)["psnr"] > before["psnr"] + 3


def test_red_cnn_learns_to_denoise() -> None:
    data = slices()
    torch.manual_seed(0)
    settings = {"width": 8, "epochs": 3, "steps_per_epoch": 25, "learning_rate": 3e-3}
    system = create("red_cnn", make(QUESTION), data, find("red_cnn").tiny.replace(settings))
    before = score(create("identity", make(QUESTION), data), data)
    fit(system, data, data, score=score, seed=0)
    assert score(system, data)["psnr"] > before["psnr"] + 1.0
