"""Simulated animals that breathed carbon nanotubes, with a planted response to dose, metal and shape.

Option `dose`: as `measured`, or its base-10 logarithm (`log10`, in a column `log10_dose_ug_kg`).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.synthetic.nano_dose import COLUMNS, Doses, simulate
from salus.schema.question import Question
from salus.schema.sample import Row, Sample

SEED = 36


def planted() -> Doses:
    """Return the very animals that the entry serves."""
    return simulate(np.random.default_rng(SEED))


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    doses, log = planted(), options.get("dose") == "log10"
    samples = []
    for number, row in enumerate(doses.inputs):
        values: dict[str, float | str] = dict(zip(COLUMNS, row.tolist(), strict=True))
        if log:
            values = {f"log10_{k}" if k == COLUMNS[0] else k: v for k, v in values.items()}
            values[f"log10_{COLUMNS[0]}"] = float(np.log10(row[0]))
        samples.append(
            Sample(
                id=f"animal_{number:04d}",
                patient=f"material_{doses.material[number]:03d}",
                inputs={"row": Row(values=values)},
                target=float(doses.response[number]),
            )
        )
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="regression", unit="fold of control", value_range=(0.0, 60.0)),
        notes=("Simulated: figures say whether the method finds what was planted, nothing about nanotubes.",),
        unit="material",
    )


ENTRY = Entry(
    name="nano_dose",
    title="Simulated inflammation of the lung after doses of carbon nanotubes",
    modality="table",
    tasks=("regression",),
    licence="Apache-2.0 (computed here)",
    citation="Simulator of this project, salus.data.synthetic.nano_dose; ranges of nanohub.org/resources/17539",
    load=_load,
    patient="Simulated material, ten animals each",
    split="By material",
    options={"dose": ("measured", "log10")},
    kind="simulated",
)
