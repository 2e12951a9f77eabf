"""UMAFall's walking trials as a question of identity: who walks, by three or four worn tags.

Option `rotation` says which trial of each person is verified; of every third person the one after it validates, and
the rest enrols. Option `people=known` leaves out the four people that an open-set test enrols later.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import ListDataset
from salus.data.catalogue.umafall import TAG_NUMBERS, TAG_RATE_HZ, read_streams
from salus.data.entry import Entry, Loaded
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample, Waveform
from salus.transforms.window import dropped_share, window_starts

TAGS = {"three": ("chest", "wrist", "ankle"), "four": ("chest", "wrist", "ankle", "waist")}
WINDOW, STRIDE = 80, 20
"""Samples at 20 Hz: 4 s, a new window every second."""
OPEN_PEOPLE = 4
LOST = 0.1
LEADS = ("ax", "ay", "az", "gx", "gy", "gz")


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read one sample per window of 4 s, `(18, 80)` or `(24, 80)` in g and deg/s.

    Raises:
        DataError: A file is missing, or fewer people than an identity test needs.
    """
    tags = TAGS[options.get("tags", "three")]
    trials = _trials(folder)
    streams = {place: read_streams(folder, place) for place in tags}
    starts = _starts(folder, tags)
    recorded: dict[int, list[int]] = {}
    for trial, person in trials:
        if all(trial in streams[place] for place in tags):
            recorded.setdefault(person, []).append(trial)
    people = sorted(person for person, own in recorded.items() if len(own) > 1)
    if options.get("people") == "known":
        people = people[:-OPEN_PEOPLE]
    if len(people) < 2:
        raise DataError(f"{folder}: {len(people)} people with two walking trials; get the set again")
    rotation = int(options.get("rotation", "0"))
    samples = []
    for label, person in enumerate(people):
        for place, trial in enumerate(recorded[person]):
            wave = _join([streams[tag][trial] for tag in tags], [starts[trial, tag] for tag in tags], tags)
            samples += _windows(wave, trial, person, label, _part(place, len(recorded[person]), rotation, label))
    names = tuple(f"person {person:02d}" for person in people)
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="verification", classes=names),
        notes=(
            f"{len(people)} young volunteers, all trials of a person in one session: shoes, clothes and the way the "
            "tags were strapped on are the same at enrolment and verification.",
            "Enrolled from other trials of the same person, so a person stands on both sides by intent; no trial does.",
        ),
        unit="person",
    )


def _trials(folder: Path) -> list[tuple[int, int]]:
    import pandas as pd

    table = folder / "trials.csv"
    if not table.is_file():
        raise DataError(f"trials.csv is not in {folder}; get the set again and keep its file names")
    rows = pd.read_csv(table)
    if not {"trial", "subject", "activity"} <= set(rows.columns):
        raise DataError(f"{table}: columns trial, subject and activity are needed; get the set again")
    rows = rows[rows["activity"] == "Walking"]
    return [(int(row["trial"]), int(row["subject"])) for row in rows.to_dict("records")]


def _starts(folder: Path, tags: tuple[str, ...]) -> dict[tuple[int, str], float]:
    """Return when each tag's first packet of each trial came, in ms."""
    import pandas as pd

    table = pd.read_parquet(folder / "tags_acc_gyro_20hz.parquet", columns=["trial", "sensor", "t_ms"])
    first = table.groupby(["trial", "sensor"])["t_ms"].min()
    names = {TAG_NUMBERS[tag]: tag for tag in tags}
    found = {}
    for key, value in first.items():
        trial, sensor = (int(part) for part in key)  # type: ignore[attr-defined]
        if sensor in names:
            found[trial, names[sensor]] = float(value)
    return found


def _join(waves: list[Waveform], starts_ms: list[float], tags: tuple[str, ...]) -> Waveform:
    """Put the tags on one clock: each is cut to begin with the last one, to the nearest sample."""
    latest = max(starts_ms)
    arrays = [
        wave.array[:, round((latest - start) * TAG_RATE_HZ / 1000) :]
        for wave, start in zip(waves, starts_ms, strict=True)
    ]
    length = min(array.shape[1] for array in arrays)
    return Waveform(
        array=np.concatenate([array[:, :length] for array in arrays]),
        rate_hz=TAG_RATE_HZ,
        leads=tuple(f"{tag}_{lead}" for tag in tags for lead in LEADS),
        units=(("g",) * 3 + ("deg/s",) * 3) * len(tags),
    )


def _part(place: int, count: int, rotation: int, label: int) -> str:
    """Say which side a trial is on: with three trials a person, only every third person can spare one to validate."""
    if place == rotation % count:
        return "test"
    validates = count > 2 and label % 3 == rotation % 3
    return "valid" if validates and place == (rotation + 1) % count else "train"


def _windows(wave: Waveform, trial: int, person: int, label: int, part: str) -> list[Sample]:
    starts: NDArray[Any] = window_starts(wave.array.shape[1], WINDOW, STRIDE)
    if not len(starts):
        return []
    lost = dropped_share(wave.array, WINDOW, STRIDE)
    return [
        Sample(
            id=f"walk-{trial:03d}-{start:03d}",
            patient=f"person-{person:02d}",
            inputs={
                "gait": Waveform(
                    array=wave.array[:, start : start + WINDOW],
                    rate_hz=wave.rate_hz,
                    leads=wave.leads,
                    units=wave.units,
                )
            },
            target=label,
            meta={
                "split": part,
                "recording": f"walk-{trial:03d}",
                "start_s": start / TAG_RATE_HZ,
                "stop_s": (start + WINDOW) / TAG_RATE_HZ,
                "group_person": f"{person:02d}",
            },
        )
        for start, share in zip(starts.tolist(), lost, strict=True)
        if share <= LOST
    ]


ENTRY = Entry(
    name="umafall_gait",
    title="Who walks? Windows of 4 s from the walking trials of UMAFall, worn tags",
    modality="signal",
    tasks=("verification",),
    licence="CC BY 4.0",
    citation="Casilari E, Santoyo-Ramon JA, Cano-Garcia JM. UMAFall: A Multisensor Dataset for the Research on "
    "Automatic Fall Detection. Procedia Computer Science 110:32-39, 2017.",
    homepage="https://doi.org/10.6084/m9.figshare.4214283",
    patient="the person (subject)",
    split="by trial: enrol on a person's other trials, verify on one (option `rotation`)",
    traps=(
        "windows of one trial on both sides recognise the trial, not the person",
        "all trials of a person are of one day: how the tags sit may tell people apart as well as their gait does",
        "eleven people: print each of them",
    ),
    options={"tags": tuple(TAGS), "rotation": ("0", "1", "2"), "people": ("all", "known")},
    folder="umafall",
    load=load,
)
