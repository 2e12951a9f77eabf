"""WESAD in windows of 30 seconds: twelve features of wrist and chest sensors, and what the person went through."""

from collections.abc import Mapping
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.data.readers.table import read_columns
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample

CLASSES = ("amusement", "baseline", "stress")


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read one row a window; three classes, or stress against the rest."""
    table = read_columns(folder / "wesad_window_features.csv")
    table.need(["subject", "label"])
    names = [name for name in table.words if name not in ("subject", "label")]
    binary = options.get("classes", "three") == "stress"
    counts: dict[str, int] = {}
    samples = []
    for line, (subject, label) in enumerate(zip(table.words["subject"], table.words["label"], strict=True)):
        if label not in ("0", "1", "2"):
            raise DataError(f"{table.path}: line {line + 2} has label {label!r}; expected 0, 1 or 2")
        number = counts[subject] = counts.get(subject, 0) + 1
        samples.append(
            Sample(
                id=f"{subject}-{number:03d}",
                patient=subject,
                inputs={"row": table.row(line, names)},
                target=int(label == "2") if binary else int(label),
            )
        )
    question = (
        Question(kind="classification", classes=("other", "stress"), positive="stress")
        if binary
        else Question(kind="classification", classes=CLASSES)
    )
    return Loaded(
        dataset=ListDataset(samples),
        question=question,
        notes=(
            f"{len(counts)} of 15 people: leave one of them out in turn.",
            "Features come from a third party and are window statistics; the raw signals are not in this part.",
            "For evaluation only: treat the set as non-commercial.",
        ),
    )


ENTRY = Entry(
    name="wesad_features",
    title="WESAD: features of wearable sensors in 30-second windows of baseline, stress and amusement",
    modality="table",
    tasks=("classification",),
    licence="UCI lists CC BY 4.0; the project page asks for scientific, non-commercial use: treat as NON-COMMERCIAL, "
    "for evaluation only",
    citation="Schmidt P, Reiss A, Duerichen R, Marberger C, Van Laerhoven K. Introducing WESAD, a multimodal dataset "
    "for wearable stress and affect detection. ICMI 2018.",
    homepage="https://doi.org/10.24432/C57K5T",
    patient="the person (subject)",
    split="leave one person out",
    traps=(
        "neighbouring windows are nearly equal: a split by row raises every figure",
        "people differ more than their states: scale inside the training part only",
        "the upstream table repeats one mean, minimum and maximum under every name; those columns were removed",
    ),
    options={"classes": ("three", "stress")},
    load=load,
)
