"""Non-EEG dataset: oxygen saturation and heart rate at 1 Hz, at rest and under three kinds of stress."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.readers.wfdb import read_annotations, read_wfdb, record_facts
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample, Waveform

CLASSES = ("Relax", "PhysicalStress", "CognitiveStress", "EmotionalStress")
TEST = ("3", "8", "15")
ANNOTATION_HZ = 8
"""The marks count samples of the companion recording, which ran at 8 Hz."""


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Cut each state into windows that do not overlap; a rest shorter than a window is left out."""
    window = int(options.get("window_s", "60"))
    stems = sorted(folder.glob("Subject*_SpO2HR.hea"), key=lambda path: int(_subject(path)))
    if not stems:
        raise DataError(f"{folder}: no Subject*_SpO2HR.hea; get the set again and keep its file names")
    samples = []
    for path in stems:
        subject, wave, facts = _subject(path), read_wfdb(path), record_facts(path)
        for number, (start, stop, state) in enumerate(states(path, wave)):
            for begin in range(start, stop - window + 1, window):
                part = Waveform(
                    array=wave.array[:, begin : begin + window],
                    rate_hz=wave.rate_hz,
                    leads=wave.leads,
                    units=wave.units,
                )
                samples.append(
                    Sample(
                        id=f"subject{int(subject):02d}-{number}-{begin:04d}",
                        patient=f"subject{int(subject):02d}",
                        inputs={"signal": part},
                        target=CLASSES.index(state),
                        meta={
                            "split": "test" if subject in TEST else "train",
                            "recording": path.stem,
                            "start_s": float(begin),
                            "stop_s": float(begin + window),
                            "group_sex": facts.get("sex", ""),
                        },
                    )
                )
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=CLASSES),
        notes=(
            f"{len(stems)} of 20 people; every one went through the states in the same order, so time and state go "
            "together.",
            "Two trends at 1 Hz: no electrodermal activity, temperature or movement is in this part of the set.",
        ),
    )


def states(path: Path, wave: Waveform) -> Iterator[tuple[int, int, str]]:
    """Yield start, stop (seconds, exclusive) and name of each state; together they cover the recording.

    Raises:
        DataError: A state that is not among the classes.
    """
    marks = read_annotations(path)
    starts = [int(place) // ANNOTATION_HZ for place in marks.positions]
    for start, stop, state in zip(starts, [*starts[1:], wave.array.shape[1]], marks.notes, strict=True):
        if state not in CLASSES:
            raise DataError(f"{path}: state {state!r}; expected one of {', '.join(CLASSES)}")
        yield start, stop, state


def seconds(folder: Path) -> Counter[str]:
    """Return how many seconds each state has in all."""
    found: Counter[str] = Counter()
    for path in folder.glob("Subject*_SpO2HR.hea"):
        for start, stop, state in states(path, read_wfdb(path)):
            found[state] += stop - start
    return found


def _subject(path: Path) -> str:
    match = re.match(r"Subject(\d+)_", path.name)
    if match is None:
        raise DataError(f"{path}: no subject number in its name; keep the names of the set")
    return match[1]


ENTRY = Entry(
    name="noneeg_spo2_hr",
    title="Oxygen saturation and heart rate of 15 people at rest and under physical, cognitive and emotional stress",
    modality="signal",
    tasks=("classification",),
    licence="ODC-BY 1.0",
    citation="Birjandtalab J, Cogan D, Pouyan MB, Nourani M. A Non-EEG Biosignals Dataset for Assessment and "
    "Visualization of Neurological Status. IEEE SiPS 2016, 110-114. "
    "Goldberger AL et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23):e215-e220, 2000.",
    homepage="https://physionet.org/content/noneeg/1.0.0/",
    patient="the subject",
    split="by subject; test: subjects 3, 8 and 15",
    traps=(
        "the positions of the marks count samples at 8 Hz, the signals run at 1 Hz: divide by 8",
        "every subject went through the states in one order, so a model may learn the time",
    ),
    options={"window_s": ("60", "30", "120")},
    load=load,
)
