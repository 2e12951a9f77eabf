"""Simulated vital-sign windows with planted episodes and planted factor groups."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.synthetic.vitals_stream import CLASSES, LEADS, UNITS, Streams, simulate
from salus.schema.question import Question
from salus.schema.sample import Row, Sample, Waveform

SEED = 39
PATIENTS = 500


def planted() -> Streams:
    """Return the very streams that the entry serves, with their planted groups."""
    return simulate(np.random.default_rng(SEED), PATIENTS)


def factor_name(number: int) -> str:
    """Return the column of factor `number`."""
    return f"factor_{number:02d}"


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    streams, wanted = planted(), options["inputs"]
    samples = []
    for n in range(len(streams.labels)):
        inputs: dict[str, Row | Waveform] = {}
        if wanted in ("both", "factors"):
            inputs["row"] = Row(values={factor_name(f): float(v) for f, v in enumerate(streams.factors[n])})
        if wanted in ("both", "windows"):
            inputs["vitals"] = Waveform(array=streams.windows[n], rate_hz=1 / 60, leads=LEADS, units=UNITS)
        patient = f"simulated {streams.patients[n]:04d}"
        samples.append(
            Sample(
                id=f"window {n:05d}",
                patient=patient,
                inputs=inputs,
                target=int(streams.labels[n]),
                meta={"recording": patient},
            )
        )
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=CLASSES),
        notes=("Simulated: figures say whether the method finds what was planted, nothing about patients.",),
    )


ENTRY = Entry(
    name="vitals_stream",
    title="Simulated windows of five vital signs and sixteen grouped factors",
    modality="signal",
    tasks=("classification",),
    licence="Apache-2.0 (computed here)",
    citation="Simulator of this project, salus.data.synthetic.vitals_stream",
    load=_load,
    patient="Simulated patient, two windows each",
    split="By patient",
    options={"inputs": ("both", "factors", "windows")},
    kind="simulated",
)
