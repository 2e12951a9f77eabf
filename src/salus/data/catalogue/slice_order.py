"""Simulated volumes whose classes differ only in the order of their slices."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.synthetic.slice_order import slice_order
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

SEED = 56
CLASSES = ("quick_rise", "slow_rise")


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Compute the volumes; `folder` is not read."""
    drawn = slice_order(np.random.default_rng(SEED), int(options.get("volumes", "400")))
    samples = [
        Sample(
            id=f"volume_{i:04d}",
            patient=f"volume_{i:04d}",
            inputs={"image": Image(array=stack[None], spacing_mm=(5.0, 5.0, 5.0), unit="uint8", modality="MR")},
            target=int(label),
            meta={"split": ("train", "train", "train", "valid", "test")[i % 5]},
        )
        for i, (stack, label) in enumerate(zip(drawn.volumes, drawn.labels, strict=True))
    ]
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=CLASSES),
        notes=("Simulated: the two classes hold the same slices in opposite order.",),
    )


ENTRY = Entry(
    name="slice_order",
    title="Tumour volumes that differ only in the order of slices (simulated)",
    modality="volume",
    tasks=("classification",),
    licence="none needed: computed",
    citation="simulated by Salus",
    patient="one volume is one patient",
    split="any split by patient",
    traps=("a model that ignores slice order can only guess here",),
    options={"volumes": ("400", "200", "40")},
    kind="simulated",
    load=load,
)
