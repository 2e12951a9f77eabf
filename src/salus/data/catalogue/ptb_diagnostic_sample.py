"""One 15-lead electrocardiogram of the PTB diagnostic database: for tests of reading, not for learning."""

from collections.abc import Mapping
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded, Remote
from salus.data.leads import harmonised
from salus.data.readers.wfdb import read_wfdb_recording, record_facts
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample

RECORD = "s0010_re"
CLASSES = ("Healthy control", "Myocardial infarction")
_SOURCE = "https://physionet.org/files/ptbdb/1.0.0/patient001"
_SUMS = {
    "s0010_re.dat": (921_600, "4e26a62c96e50eebd0eca7a11a4ad62ac8d7654e4de47acf2e0ce64be9565f20"),
    "s0010_re.hea": (2_687, "30d2d5db5b7b735f7dc39e5cf3e60a433a868b53d24587c9820cf51aa1729b87"),
    "s0010_re.xyz": (230_400, "0caffd208e17c5c597fb39c8416f85ce55726f3e8e9d5486a6331c9ec4451265"),
}


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the record: 12 leads and Frank's X, Y, Z, in mV at 1000 Hz."""
    wave = harmonised(read_wfdb_recording(folder / RECORD).groups[0])
    facts = record_facts(folder / RECORD)
    diagnosis = facts.get("diagnosis", "")
    if diagnosis not in CLASSES:
        raise DataError(f"{folder / RECORD}.hea: diagnosis {diagnosis!r}; expected one of {', '.join(CLASSES)}")
    sample = Sample(
        id=RECORD,
        patient="patient001",
        inputs={"ecg": wave},
        target=CLASSES.index(diagnosis),
        meta={"recording": RECORD, "group_sex": facts.get("sex", ""), "group_age_years": facts.get("age_years", "")},
    )
    return Loaded(
        dataset=ListDataset([sample]),
        question=Question(kind="classification", classes=CLASSES),
        notes=("One recording of one patient: it shows that files are read rightly, nothing can be learned from it.",),
    )


ENTRY = Entry(
    name="ptb_diagnostic_sample",
    title="PTB diagnostic database, record s0010_re: one 15-lead electrocardiogram with its diagnosis",
    modality="signal",
    tasks=("classification",),
    licence="ODC-BY 1.0",
    citation="Bousseljot R, Kreiseler D, Schnabel A. Biomed Tech 40(S1):317, 1995. "
    "Goldberger AL et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23):e215-e220, 2000.",
    homepage="https://doi.org/10.13026/C28C71",
    patient="the patient of the database (patient001)",
    split="none: one recording",
    traps=("leads are written in small letters (i, avr, vx)", "the diagnosis stands in the header's comments"),
    files=tuple(
        Remote(url=f"{_SOURCE}/{name}", path=name, sha256=digest, size=size) for name, (size, digest) in _SUMS.items()
    ),
    load=load,
)
