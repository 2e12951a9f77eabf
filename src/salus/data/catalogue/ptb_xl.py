"""PTB-XL: 21,799 clinical 12-lead electrocardiograms of ten seconds, with diagnostic statements."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.entry import Entry, Loaded, Remote
from salus.data.leads import LEADS_12, choose_leads
from salus.data.limits import inside
from salus.data.readers.table import Columns, read_columns
from salus.data.readers.wfdb import read_wfdb
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample

CLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
"""Diagnostic superclasses: normal, infarction, ST/T change, conduction disturbance, hypertrophy."""

_LONGEST = 4_000
_NEEDED = ("ecg_id", "patient_id", "scp_codes", "strat_fold", "filename_lr", "filename_hr", "sex", "age", "site")


class Recordings:
    """Electrocardiograms that are read when they are asked for."""

    def __init__(self, folder: Path, files: Sequence[str], samples: Sequence[Sample]) -> None:
        self.folder, self.files, self.samples = folder, list(files), list(samples)

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.samples)

    def __getitem__(self, index: int, /) -> Sample:
        """Read recording `index`, its leads in the usual order."""
        told = self.samples[index]
        wave = choose_leads(read_wfdb(inside(self.folder, self.files[index] + ".hea")), LEADS_12).waveform
        return Sample(id=told.id, patient=told.patient, inputs={"ecg": wave}, target=told.target, meta=told.meta)

    def peek(self, index: int, /) -> Sample:
        """Return recording `index` without its signal."""
        return self.samples[index]


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the tables; statements become superclasses with a likelihood above 0, signals are read one by one."""
    home = _home(folder)
    table = read_columns(home / "ptbxl_database.csv")
    table.need(_NEEDED)
    superclass = _superclasses(read_columns(home / "scp_statements.csv"))
    column = "filename_hr" if options.get("rate_hz", "100") == "500" else "filename_lr"
    samples, files, silent = [], [], 0
    for line in range(len(table)):
        target = _target(table.words["scp_codes"][line], superclass, line, table.path)
        if not target.any():
            silent += 1
            continue
        samples.append(_sample(table, line, target))
        files.append(table.words[column][line])
    return Loaded(
        dataset=Recordings(home, files, samples),
        question=Question(kind="multilabel", classes=CLASSES),
        notes=(
            f"{silent} recordings without a diagnostic statement are left out.",
            "Statements come from one clinic, and part of them from an automatic report that a cardiologist checked.",
        ),
    )


def _home(folder: Path) -> Path:
    """Return the folder of the tables: the archive puts all into one folder of its own."""
    for place in (folder, *sorted(path for path in folder.iterdir() if path.is_dir())):
        if (place / "ptbxl_database.csv").is_file():
            return place
    raise DataError(f"{folder}: no ptbxl_database.csv; get the set again")


def _superclasses(table: Columns) -> dict[str, str]:
    first = next(iter(table.words))
    table.need(["diagnostic", "diagnostic_class"])
    rows = zip(table.words[first], table.words["diagnostic"], table.words["diagnostic_class"], strict=True)
    return {code: kind for code, diagnostic, kind in rows if diagnostic in ("1", "1.0") and kind in CLASSES}


def _target(words: str, superclass: Mapping[str, str], line: int, path: Path) -> NDArray[np.float64]:
    """Return which superclasses the statements name; one of likelihood 0 is unknown there, and counts as named.

    Source: Wagner et al. 2020, doi:10.1038/s41597-020-0495-6, table 6 (statements of any likelihood).
    """
    try:
        codes: Any = ast.literal_eval(words) if len(words) <= _LONGEST else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        codes = None
    if not isinstance(codes, dict):
        raise DataError(
            f"{path}: line {line + 2} has scp_codes {words[:60]!r}; expected {{'NORM': 100.0}}; get it again"
        )
    named = {superclass[str(code)] for code in codes if str(code) in superclass}
    return np.array([float(name in named) for name in CLASSES])


def _sample(table: Columns, line: int, target: NDArray[np.float64]) -> Sample:
    words = {name: table.words[name][line] for name in _NEEDED}
    fold = words["strat_fold"].partition(".")[0]
    if not fold.isdigit() or not 1 <= int(fold) <= 10:
        raise DataError(f"{table.path}: line {line + 2} has strat_fold {fold!r}; expected 1 to 10")
    return Sample(
        id=f"ecg{words['ecg_id']}",
        patient=words["patient_id"].partition(".")[0],
        inputs={},
        target=target,
        meta={
            "split": {9: "valid", 10: "test"}.get(int(fold), "train"),
            "site": words["site"],
            "group_sex": {"0": "M", "1": "F"}.get(words["sex"].partition(".")[0], ""),
            "group_age": _decade(words["age"]),
        },
    )


def _decade(age: str) -> str:
    try:
        years = float(age)
    except ValueError:
        return ""
    return "90 and above" if years >= 90 else f"{int(years // 10) * 10}s"  # ages above 89 are all written as 300


ENTRY = Entry(
    name="ptb_xl",
    title="PTB-XL 1.0.3: 21,799 clinical 12-lead electrocardiograms of 18,869 patients with diagnostic statements",
    modality="signal",
    tasks=("multilabel",),
    licence="CC BY 4.0",
    citation="Wagner P, Strodthoff N, Bousseljot RD, Kreiseler D, Lunze FI, Samek W, Schaeffter T. PTB-XL, a large "
    "publicly available electrocardiography dataset. Scientific Data 7:154, 2020. "
    "Goldberger AL et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23):e215-e220, 2000.",
    homepage="https://doi.org/10.13026/kfzx-aw45",
    patient="patient_id",
    split="official folds by patient: 1 to 8 training, 9 validation, 10 test (both checked by a person)",
    traps=(
        "2,000 and more patients have several recordings: never split by recording",
        "statements are a likelihood, 0 means that it was not given",
        "ages above 89 are written as 300",
    ),
    options={"rate_hz": ("100", "500")},
    files=(
        Remote(
            url="https://physionet.org/content/ptb-xl/get-zip/1.0.3/",
            path="ptb-xl-1.0.3.zip",
            unpack=True,
        ),
    ),
    load=load,
)
