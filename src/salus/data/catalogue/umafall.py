"""UMAFall: staged falls and daily activities, one sample a trial, by where the sensor is worn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample, Waveform
from salus.transforms.motion import peak_time_s
from salus.transforms.window import latest_times, nearest_grid

PLACES = ("waist", "phone", "wrist", "chest", "ankle")
CLASSES = ("ADL", "Fall")
TAG_NUMBERS = {"chest": 1, "waist": 2, "wrist": 3, "ankle": 4}
TAG_RATE_HZ = 20.0
PHONE_RATE_HZ = 200.0
ACCELERATION = ("ax", "ay", "az")
ROTATION = ("gx", "gy", "gz")
# The same movement is spelled in the files as the recording tool wrote it.
ACTIVITY_NAMES = {"Aplausing": "Clapping"}


def read_streams(folder: Path, place: str) -> dict[int, Waveform]:
    """Read the streams of one place, by trial number.

    The stamps are arrival times: packets come in bursts, and many phone packets share a millisecond. Order and rate
    are trusted, the stamps only tell where packets were lost; those moments are NaN.

    Args:
        folder: Holds the two Parquet tables.
        place: One of `PLACES`.

    Returns:
        Tags: six leads at 20 Hz, g and deg/s. Phone: three leads at 200 Hz, g.

    Raises:
        DataError: A table or column is not there.
    """
    import pandas as pd

    phone = place == "phone"
    path = folder / ("phone_acc_200hz.parquet" if phone else "tags_acc_gyro_20hz.parquet")
    leads = ACCELERATION if phone else ACCELERATION + ROTATION
    rate_hz = PHONE_RATE_HZ if phone else TAG_RATE_HZ
    columns = ["trial", "t_ms", *leads] + ([] if phone else ["sensor"])
    if not path.is_file():
        raise DataError(f"{path.name} is not in {folder}; get the set again and keep its file names")
    try:
        table = pd.read_parquet(path, columns=columns)
    except (ValueError, KeyError) as problem:
        raise DataError(f"{path.name}: {problem}; expected columns {', '.join(columns)}") from problem
    if not phone:
        table = table[table["sensor"] == TAG_NUMBERS[place]]
    streams = {}
    for number, rows in table.groupby("trial", sort=True):
        array = _on_grid(rows["t_ms"].to_numpy(), rows[list(leads)].to_numpy(dtype=np.float32).T, rate_hz)
        units = ("g",) * 3 + ("deg/s",) * (len(leads) - 3)
        streams[int(str(number))] = Waveform(array=array, rate_hz=rate_hz, leads=leads, units=units)
    return streams


def _on_grid(arrival_ms: np.ndarray, values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Undo the bursts; a phone that measured faster than its nominal rate gets its own period."""
    span = float(arrival_ms[-1] - arrival_ms[0]) if len(arrival_ms) > 1 else 0.0
    period = min(1000.0 / rate_hz, span / (len(arrival_ms) - 1)) if span > 0 else 1000.0 / rate_hz
    return nearest_grid(latest_times(arrival_ms, period), values, rate_hz)


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read one sample per trial that the chosen sensor recorded."""
    import pandas as pd

    place = options.get("place", PLACES[0])
    table = folder / "trials.csv"
    if not table.is_file():
        raise DataError(f"trials.csv is not in {folder}; get the set again and keep its file names")
    trials = pd.read_csv(table)
    streams = read_streams(folder, place)
    samples = []
    for row in trials.to_dict("records"):
        stream = streams.get(int(row["trial"]))
        if stream is not None:
            samples.append(_sample(row, stream, place))
    return Loaded(dataset=ListDataset(samples), question=QUESTION, notes=NOTES)


def _sample(row: Mapping[Any, Any], stream: Waveform, place: str) -> Sample:
    if row["kind"] not in CLASSES:
        raise DataError(f"trial {row['trial']}: kind {row['kind']!r}, expected {' or '.join(CLASSES)}")
    label = CLASSES.index(row["kind"])
    return Sample(
        id=f"{place}-{int(row['trial']):03d}",
        patient=f"person-{int(row['subject']):02d}",
        inputs={"signal": stream},
        target={"label": label, "peak_s": peak_time_s(stream) if label else None},
        meta={
            "recording": str(int(row["trial"])),
            "site": place,
            "group_activity": ACTIVITY_NAMES.get(str(row["activity"]), str(row["activity"])),
        },
    )


QUESTION = Question(kind="classification", classes=CLASSES, positive="Fall")
NOTES = (
    "Falls are staged by young volunteers on mats; falls of old people look different.",
    "Five of the fourteen people (1, 3, 9, 12, 13) have no falls, and one person gave 150 of the 502 trials.",
)

ENTRY = Entry(
    name="umafall",
    title="Staged falls and daily activities of 14 people, worn tags and a phone",
    modality="signal",
    tasks=("classification",),
    licence="CC BY 4.0",
    citation="Casilari E, Santoyo-Ramon JA, Cano-Garcia JM. UMAFall: A Multisensor Dataset for the Research on "
    "Automatic Fall Detection. Procedia Computer Science 110:32-39, 2017.",
    homepage="https://doi.org/10.6084/m9.figshare.4214283",
    patient="the person (subject)",
    split="by person",
    traps=(
        "cutting windows around the largest acceleration of a trial gives the answer away",
        "people 1, 3, 9, 12 and 13 have no falls; 150 of 502 trials are one person",
        "the phone clips near 4 g, and its stamps repeat because packets arrive in bursts",
    ),
    options={"place": PLACES},
    load=load,
)
