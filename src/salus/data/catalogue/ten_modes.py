"""Simulated points around ten centres: the data on which a generator shows how many modes it keeps."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.synthetic.ten_modes import ten_modes
from salus.schema.question import Question
from salus.schema.sample import Row, Sample

SEED = 41
CLASSES = ("even", "odd")


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Compute the points; `folder` is not read."""
    drawn = ten_modes(np.random.default_rng(SEED), int(options.get("points", "4000")))
    samples = [
        Sample(
            id=f"point_{number:05d}",
            patient=f"point_{number:05d}",
            inputs={"row": Row(values={"x": float(x), "y": float(y)})},
            target=int(label),
            meta={"mode": int(mode), "split": ("train", "test", "train", "test", "valid")[number % 5]},
        )
        for number, ((x, y), mode, label) in enumerate(zip(drawn.points, drawn.modes, drawn.classes, strict=True))
    ]
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=CLASSES),
        notes=("Simulated: says how many of ten modes a generator keeps, nothing about patients.",),
        unit="point",
    )


ENTRY = Entry(
    name="ten_modes",
    title="Points around ten separated centres with a class variable (simulated)",
    modality="table",
    tasks=("classification", "synthesis"),
    licence="none needed: computed",
    citation="simulated by Salus, after the ring of Gaussians of arXiv 1705.07761",
    patient="one point is one patient",
    split="official: 40 % training, 20 % validation, 40 % test, so that the control part equals the training part",
    traps=("a classifier is asked for a circle's every second tenth; the data are meant for generators",),
    options={"points": ("4000", "10000", "1000")},
    kind="simulated",
    load=load,
)
