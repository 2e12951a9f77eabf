"""Simulated requests to patients' records, a few of them misuse of three planted kinds."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.synthetic.ward_log import KINDS, simulate
from salus.schema.question import Question
from salus.schema.sample import Row, Sample

SEED = 38


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    log = simulate(np.random.default_rng(SEED))
    samples = [
        Sample(
            id=f"request {number:05d}",
            patient=f"account {user:03d}",
            inputs={"row": Row(values=row)},
            target=int(kind > 0),
            meta={"group_misuse": KINDS[int(kind)], "group_role": str(row["role"])},
        )
        for number, (row, kind, user) in enumerate(zip(log.rows, log.kinds, log.users, strict=True))
    ]
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=("honest", "misuse"), positive="misuse"),
        notes=(
            "Simulated: figures say whether a method finds what was planted, nothing about a real hospital's staff.",
        ),
        unit="account",
    )


ENTRY = Entry(
    name="ward_log",
    title="Simulated access log of a hospital: roles, wards, shifts, and planted misuse",
    modality="table",
    tasks=("classification",),
    licence="Apache-2.0 (computed here)",
    citation="Simulator of this project, salus.data.synthetic.ward_log",
    load=_load,
    patient="the account (a member of staff), 30 requests each",
    split="by account",
    traps=(
        "requests of one account on both sides teach the account, not misuse",
        "one request in twenty is misuse: accuracy says nothing",
    ),
    kind="simulated",
)
