"""One Gaussian a class: means, correlations and gaps come back."""

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.data.asked import ask
from salus.data.entry import Loaded
from salus.evaluate.honesty.draw import draw
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample, Waveform
from salus.systems.baseline.class_gaussian import ClassGaussian
from salus.tasks.registry import make


def fitted(samples: list[Sample]) -> ClassGaussian:
    question = Question(kind="classification", classes=("no", "yes"))
    loaded = ask(Loaded(dataset=ListDataset(samples), question=question), "synthesis")
    train = ListDataset([loaded.dataset[n] for n in range(len(samples))])
    config = ClassGaussian.small
    system = ClassGaussian(make(loaded.question), config, ClassGaussian.measure(train, config))
    system.settle(train)
    return system


def test_correlations_gaps_and_words_of_each_class_are_kept() -> None:
    rng = np.random.default_rng(0)
    samples = []
    for number in range(400):
        label = number % 2
        a = rng.normal(10 * label, 1)
        b = 0.9 * (a - 10 * label) * (1 if label else -1) + rng.normal(0, 0.3)
        row = {"a": a, "b": b if number % 7 else float("nan"), "ward": "east" if rng.random() < 0.8 else "west"}
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs={"row": Row(values=row)}, target=label))
    system = fitted(samples)
    for label, sign in ((0, -1), (1, 1)):
        rows = [s.inputs["row"].values for s in draw(system, [label] * 500, 0)]
        known = np.array([[r["a"], r["b"]] for r in rows if not np.isnan(r["b"])])
        assert known[:, 0].mean() == pytest.approx(10 * label, abs=0.8)
        assert sign * np.corrcoef(known.T)[0, 1] > 0.45
        assert np.mean([r["ward"] == "east" for r in rows]) == pytest.approx(0.8, abs=0.15)


def test_recordings_keep_their_mean_and_their_spread() -> None:
    rng = np.random.default_rng(1)
    time = np.linspace(0, 1, 60)
    samples = []
    for number in range(200):
        array = np.sin(6 * time) * (1 + number % 2) + rng.normal(0, 0.3) * np.cos(3 * time)
        wave = Waveform(array=array[None], rate_hz=60.0, leads=("x",), units=("mV",))
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs={"signal": wave}, target=number % 2))
    system = fitted(samples)
    for label in (0, 1):
        made = np.stack([s.inputs["signal"].array[0] for s in draw(system, [label] * 400, 0)])
        assert made.mean(axis=0) == pytest.approx(np.sin(6 * time) * (1 + label), abs=0.08)
        assert made.std(axis=0) == pytest.approx(0.3 * np.abs(np.cos(3 * time)), abs=0.08)


def test_a_class_never_seen_and_numbers_are_refused() -> None:
    samples = [
        Sample(id=f"s{n}", patient=f"p{n}", inputs={"row": Row(values={"a": float(n)})}, target=n % 2)
        for n in range(120)
    ]
    with pytest.raises(DataError, match="it makes no, yes"):
        fitted(samples).synthesize([2])
