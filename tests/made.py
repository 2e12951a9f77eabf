"""Made-up data by kind of input and task, so that every system in the folder can be put through the contract."""

from typing import Any

import numpy as np

from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.data.asked import ask
from salus.data.entry import Loaded
from salus.schema.question import Question
from salus.schema.sample import Image, Note, Row, Sample, Waveform

COUNT = 24


def make_data(kind: type[System], count: int = COUNT, seed: int = 0) -> tuple[ListDataset, Question]:
    """Return samples and a question that suit a system's card: its first task and the kind of its first input."""
    name, words = kind.card.inputs[0]
    task, shape = kind.card.tasks[0], words.split()[0].rstrip(":,")
    rng = np.random.default_rng(seed)
    if task == "synthesis":
        return _wanted(*kind.card.inputs[-1], count, rng)
    if shape == "Note" and task == "multilabel":
        return _formulas(name, count, rng)
    if shape == "Note":
        return _text(name, count, rng)
    if task == "segmentation":
        return _outlined(name, count, rng)
    if task == "restoration":
        return _noisy(name, count, rng)
    if task == "compression":
        return _kept(name, count, rng)
    if task == "regression":
        return _amounts(name, count, rng)
    if task == "forecasting":
        return _series(name, count, rng)
    makers: dict[str, Any] = {"Image": _image, "Waveform": _waveform}
    make = makers.get(shape, _row)
    samples = []
    for number in range(count):
        label = number % 2
        value, target = make(label, rng)
        samples.append(
            Sample(
                id=f"s{number}", patient=f"p{number}", inputs={"row" if name == "any" else name: value}, target=target
            )
        )
    kind_of_question = "verification" if task == "verification" else "classification"
    return ListDataset(samples), Question(kind=kind_of_question, classes=("no", "yes"))


def _wanted(name: str, words: str, count: int, rng: np.random.Generator) -> tuple[ListDataset, Question]:
    """Return samples that a generator is asked for: its real item stands last among the card's inputs."""
    makers: dict[str, Any] = {"Image": _image, "Waveform": _waveform}
    make = makers.get(words.split(maxsplit=1)[0].rstrip(":,"), _row)
    samples = []
    for number in range(count):
        value, _ = make(number % 2, rng)
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs={name: value}, target=number % 2))
    own = Loaded(dataset=ListDataset(samples), question=Question(kind="classification", classes=("no", "yes")))
    asked = ask(own, "synthesis")
    return ListDataset([asked.dataset[i] for i in range(count)]), asked.question


def _amounts(name: str, count: int, rng: np.random.Generator) -> tuple[ListDataset, Question]:
    samples = []
    for number in range(count):
        row, label = _row(number % 2, rng)
        minutes = float(np.round(np.exp(4.0 + label + 0.2 * rng.normal())))
        inputs = {"row" if name == "any" else name: row}
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs=inputs, target=minutes))
    return ListDataset(samples), Question(kind="regression", unit="min", value_range=(0.0, 2000.0))


def _series(name: str, count: int, rng: np.random.Generator) -> tuple[ListDataset, Question]:
    samples = []
    for number in range(count):
        time = np.arange(30) + rng.uniform(0, 60)
        row = (120 + 40 * np.sin(time / 8) + rng.normal(0, 2, 30)).astype(np.float32)
        wave = Waveform(array=row[None, :24], rate_hz=1 / 300, leads=("glucose",), units=("mg/dL",))
        target = {"values": row[24:].astype(np.float64), "last": float(row[23])}
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs={name: wave}, target=target))
    return ListDataset(samples), Question(kind="forecasting", unit="mg/dL", value_range=(40.0, 400.0))


def _row(label: int, rng: np.random.Generator) -> tuple[Row, int]:
    a, b, c = rng.normal(2.0 * label, 1.0, 3)
    values = {"alpha": a, "beta": b, "gamma": c, "delta": float(rng.normal()), "ward": "north" if label else "south"}
    return Row(values=values), label


def _image(label: int, rng: np.random.Generator) -> tuple[Image, int]:
    array = rng.normal(100.0, 10.0, (1, 64, 64))
    array[:, 16 : 32 + 12 * label, 16:40] += 80.0
    return Image(array=array.astype(np.float32), spacing_mm=(1.0, 1.0), modality="MR"), label


def _waveform(label: int, rng: np.random.Generator) -> tuple[Waveform, dict[str, Any]]:
    array = rng.normal(0.0, 0.05, (6, 300))
    array[2] += 1.0
    peak = int(rng.integers(100, 200))
    if label:
        array[:3, peak - 2 : peak + 2] += 3.0
        array[3:, peak - 4 : peak + 4] += 150.0
    leads = ("ax", "ay", "az", "gx", "gy", "gz")
    wave = Waveform(array=array, rate_hz=20.0, leads=leads, units=("g",) * 3 + ("deg/s",) * 3)
    return wave, {"label": label, "peak_s": peak / 20.0}


def _noisy(name: str, count: int, rng: np.random.Generator) -> tuple[ListDataset, Question]:
    axis = np.linspace(-1, 1, 64)
    samples = []
    for number in range(count):
        disc = (axis[:, None] - rng.uniform(-0.3, 0.3)) ** 2 + (axis - rng.uniform(-0.3, 0.3)) ** 2 < 0.4
        clean = np.where(disc, 40.0, -900.0)[None] + 20 * np.sin(6 * axis)
        noisy = clean + rng.normal(0, 40.0, clean.shape)
        image = Image(array=noisy.astype(np.float32), spacing_mm=(1.0, 1.0), unit="HU", modality="CT")
        target = clean.astype(np.float32)
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs={name: image}, target=target))
    return ListDataset(samples), Question(kind="restoration", unit="HU", value_range=(-1000.0, 400.0))


def _outlined(name: str, count: int, rng: np.random.Generator) -> tuple[ListDataset, Question]:
    row, column = np.mgrid[:48, :48]
    samples = []
    for number in range(count):
        line = np.abs(row - 24 - rng.uniform(-10, 10) - rng.uniform(-0.5, 0.5) * (column - 24)) < 2
        array = rng.normal(100.0, 3.0, (1, 48, 48)) - 30.0 * line
        image = Image(array=array.astype(np.float32), spacing_mm=(1.0, 1.0), modality="OP")
        target = line.astype(np.uint8)
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs={name: image}, target=target))
    return ListDataset(samples), Question(kind="segmentation", classes=("background", "line"))


def _formulas(name: str, count: int, rng: np.random.Generator) -> tuple[ListDataset, Question]:
    samples = []
    for number in range(count):
        text = "C" * int(rng.integers(1, 6)) + ("N" if number % 2 else "O")
        target = np.array([number % 2, np.nan if number % 3 == 0 else float(len(text) > 3)])
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs={name: Note(text=text)}, target=target))
    return ListDataset(samples), Question(kind="multilabel", classes=("base", "long"))


def _kept(name: str, count: int, rng: np.random.Generator) -> tuple[ListDataset, Question]:
    noisy, question = _noisy(name, count, rng)
    same = [
        Sample(id=s.id, patient=s.patient, inputs=s.inputs, target=s.inputs[name].array.clip(-1000, 400))
        for s in noisy.samples
    ]
    return ListDataset(same), Question(kind="compression", unit="HU", value_range=question.value_range)


def _text(name: str, count: int, rng: np.random.Generator) -> tuple[ListDataset, Question]:
    drugs, others = ("aspirin", "heparin", "insulin"), ("the", "patient", "was", "given", "today", "and", "slept")
    samples = []
    for number in range(count):
        words = [str(rng.choice(others)) for _ in range(int(rng.integers(4, 9)))]
        tags = [0] * len(words)
        place = int(rng.integers(0, len(words)))
        words[place], tags[place] = str(rng.choice(drugs)), 1
        starts = np.cumsum([0, *[len(w) + 1 for w in words[:-1]]])
        offsets = tuple((int(s), int(s) + len(w)) for s, w in zip(starts, words, strict=True))
        note = Note(text=" ".join(words), tokens=tuple(words), offsets=offsets)
        samples.append(Sample(id=f"s{number}", patient=f"p{number}", inputs={name: note}, target=np.array(tags)))
    return ListDataset(samples), Question(kind="tagging", classes=("O", "B-Drug", "I-Drug"))
