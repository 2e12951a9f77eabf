"""Synthea: fully synthetic patients, asked at each wellness visit what the next year will bring."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from salus.data.entry import Entry, Loaded
from salus.data.records.fhir import read_fhir
from salus.data.records.questions import Rule, TimelineDataset, Truth, at_each
from salus.data.records.summary import Summary
from salus.data.records.synthea import read_synthea
from salus.data.records.timeline import Encounter, Future, Timeline, Timelines
from salus.schema.question import Question

YEAR = timedelta(days=365)
CONDITIONS = {
    "respiratory_infection": ("snomed|444814009", "snomed|195662009", "snomed|10509002"),
    "viral_sinusitis": ("snomed|444814009",),
    "viral_pharyngitis": ("snomed|195662009",),
}
"""SNOMED CT codes of each target; respiratory infection is viral sinusitis, viral pharyngitis or acute bronchitis."""
SUMMARY = Summary(
    values={
        "loinc|39156-5": "bmi_kg_m2", "loinc|8480-6": "systolic_mmhg", "loinc|8462-4": "diastolic_mmhg",
        "loinc|8867-4": "heart_rate_bpm", "loinc|9279-1": "respiration_per_min", "loinc|29463-7": "weight_kg",
        "loinc|72514-3": "pain_score", "loinc|2339-0": "glucose_mg_dl", "loinc|4548-4": "hba1c_percent",
    },
    counts={"encounter": "encounter", "snomed": "condition_or_procedure", "rxnorm": "drug", "cvx": "vaccine"},
    words={"person|sex": "sex", "loinc|72166-2": "smoking"},
)  # fmt: skip


def _load(folder: Path, options: Mapping[str, str]) -> Loaded:
    fhir = options["source"] == "fhir"
    timelines = read_fhir(folder / "fhir_r4") if fhir else read_synthea(folder / "csv")
    wanted = CONDITIONS[options["target"]]
    asked = at_each(timelines, _visits("AMB" if fhir else "wellness", _last(timelines)), _within_a_year(wanted))
    table = options["inputs"] == "table"
    words = options["target"].replace("_", " ")
    return Loaded(
        dataset=TimelineDataset(timelines, asked, form=SUMMARY if table else None, name="row" if table else "events"),
        question=Question(kind="classification", classes=(f"no {words}", words), positive=words),
        notes=(
            "No real person: a simulator wrote these records, and a figure on them says how well its rules are found.",
            "Asked at the end of each visit of which a whole year follows in the record.",
        ),
    )


def _last(timelines: Timelines) -> datetime:
    """Return when the run of the simulator ended: the start of the last encounter of all."""
    return max(stay.start for line in timelines.values() for stay in line.encounters)


def _visits(kind: str, last: datetime) -> Rule:
    def rule(timeline: Timeline, encounter: Encounter) -> datetime | None:
        at = encounter.stop
        # a patient who died within the year has no whole year either
        gone = timeline.encounters[-1].start
        return at if at and encounter.kind == kind and at + YEAR <= last and gone > at else None

    return rule


def _within_a_year(codes: tuple[str, ...]) -> Truth:
    def truth(future: Future, encounter: Encounter, at: datetime) -> int:
        return int(any(future.has(code, until_h=365 * 24) for code in codes))

    return truth


ENTRY = Entry(
    name="synthea",
    title="Synthea: 59 synthetic patients, 2,590 encounters, and six of them as FHIR R4 bundles",
    modality="record",
    tasks=("classification",),
    licence="Apache-2.0",
    citation=(
        "Walonoski J, Kramer M, Nichols J, et al. Synthea: an approach, method, and software mechanism for generating "
        "synthetic patients and the synthetic electronic health care record. J Am Med Inform Assoc 25(3):230-238, 2018."
    ),
    homepage="https://synthea.mitre.org",
    patient="PATIENT",
    split="By PATIENT",
    traps=(
        "A condition's day of onset is written in the visit that found it: known when that visit has ended",
        "The six FHIR bundles are six of the 59 patients: never train on one form and test on the other",
        "Names, addresses and numbers in patients.csv look like identifiers and are synthetic",
    ),
    options={
        "target": tuple(CONDITIONS),
        "inputs": ("table", "events"),
        "source": ("csv", "fhir"),
    },
    load=_load,
)
