"""Simulated vital-sign windows with planted episodes and planted factor groups.

Option `inputs`: `both` gives the sixteen factors and the window, `factors` the factors alone, `windows` the window and,
as its row, each lead's mean, deviation and range for methods that read tables.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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


def summaries(window: NDArray[np.float64]) -> dict[str, float | str]:
    """Return mean, deviation and range of each lead of `(5, 64)`: what a method without an eye for time gets."""
    found: dict[str, float | str] = {}
    for lead, readings in zip(LEADS, window, strict=True):
        found[f"{lead}_mean"] = float(np.nanmean(readings))
        found[f"{lead}_sd"] = float(np.nanstd(readings))
        found[f"{lead}_range"] = float(np.nanmax(readings) - np.nanmin(readings))
    return found


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    streams, wanted = planted(), options["inputs"]
    samples = []
    for n in range(len(streams.labels)):
        inputs: dict[str, Row | Waveform] = {}
        if wanted == "windows":
            inputs["row"] = Row(values=summaries(streams.windows[n]))
        else:
            inputs["row"] = Row(values={factor_name(f): float(v) for f, v in enumerate(streams.factors[n])})
        if wanted != "factors":
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
