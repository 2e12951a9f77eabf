"""Who and what a set of FHIR files speaks of: patients, encounters and medications, and how references find them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from salus.data.records.fhir_read import Found
from salus.data.records.gather import Gatherer, coded
from salus.data.records.moment import MISSING, Moment, parse_moment, when
from salus.data.records.timeline import Encounter

SYSTEMS = {
    "http://loinc.org": "loinc", "http://snomed.info/sct": "snomed", "http://hl7.org/fhir/sid/cvx": "cvx",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm", "http://hl7.org/fhir/sid/icd-10-cm": "icd10cm",
    "http://hl7.org/fhir/sid/icd-10": "icd10", "http://hl7.org/fhir/sid/icd-9-cm": "icd9cm",
    "http://www.ama-assn.org/go/cpt": "cpt", "http://hl7.org/fhir/sid/ndc": "ndc", "http://www.whocc.no/atc": "atc",
    "http://hl7.org/fhir/sid/icd-10-pcs": "icd10pcs", "http://www.cms.gov/Medicare/Coding/ICD10": "icd10pcs",
}  # fmt: skip
"""Short names of code systems; another keeps its address."""
_ORDER = {name: place for place, name in enumerate(SYSTEMS.values())}
UCUM = "http://unitsofmeasure.org"


@dataclass(slots=True)
class Index:
    """What the first walk over the files keeps.

    Attributes:
        zone: Of times that are written without one; None where unknown.
        patients: Every way a patient is referred to, and the patient's id.
        stays: Every way an encounter is referred to, and its start and stop, `MISSING` where not known.
        drugs: Every way a medication is referred to, and its CodeableConcept.
        seen: Hash of each resource by type and id, to find repeated ones.
        part_of: Encounter to the encounter it is part of.
    """

    zone: tzinfo | None = None
    patients: dict[str, str] = field(default_factory=dict)
    stays: dict[str, Moment] = field(default_factory=dict)
    drugs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    seen: dict[tuple[str, str], int] = field(default_factory=dict)
    part_of: dict[str, str] = field(default_factory=dict)

    def patient_of(self, resource: Mapping[str, Any]) -> str | None:
        """Return the id of the patient that a resource is about, None where it is not in the files."""
        return self.patients.get(target(resource.get("subject") or resource.get("patient")))

    def stay_of(self, resource: Mapping[str, Any]) -> Moment | None:
        """Return start and stop of the encounter that a resource belongs to, None where it names none that is here."""
        return self.stays.get(target(resource.get("encounter")))

    def cycles(self) -> list[str]:
        """Return encounters that are, over others, part of themselves."""
        done: set[str] = set()
        found = []
        for first in self.part_of:
            walked: set[str] = set()
            name = first
            while name in self.part_of and name not in done:
                if name in walked:
                    found.append(name)
                    break
                walked.add(name)
                name = self.part_of[name]
            done |= walked
        return found


def target(reference: Any) -> str:
    """Return what a Reference points to, without the server and the version: `Patient/1`, `urn:uuid:...`, `#part`."""
    text = reference.get("reference", "") if isinstance(reference, dict) else ""
    if not isinstance(text, str) or "?" in text:
        return ""
    text = text.partition("/_history/")[0]
    if "://" in text:
        text = "/".join(text.rsplit("/", 2)[-2:])
    return text


def names_of(found: Found) -> tuple[str, ...]:
    """Return every way a resource is referred to: `Type/id`, and the address of its bundle entry."""
    kind, name = str(found.resource.get("resourceType")), str(found.resource.get("id", ""))
    names = (f"{kind}/{name}",) if name else ()
    return (*names, target({"reference": found.address})) if found.address else names


def register(index: Index, gather: Gatherer, found: Found) -> None:
    """Take a checked Patient, Encounter or Medication into the index and the gatherer."""
    resource, kind = found.resource, found.resource["resourceType"]
    if kind == "Patient":
        _patient(index, gather, found)
    elif kind == "Medication":
        for name in names_of(found):
            index.drugs[name] = resource.get("code", {})
    elif kind == "Encounter":
        span = moment_of(resource, index.zone, "period") or Moment(MISSING, MISSING)
        ended = isinstance(resource.get("period"), dict) and "end" in resource["period"]
        for name in names_of(found):
            index.stays[name] = Moment(span.start, span.stop if ended else MISSING)
            whole = target(resource.get("partOf"))
            if whole:
                index.part_of[name] = whole


def _patient(index: Index, gather: Gatherer, found: Found) -> None:
    resource = found.resource
    name = str(resource.get("id") or found.address or found.where)
    for address in names_of(found):
        index.patients[address] = name
    birth = moment_of(resource, index.zone, "birthDate")
    sex = resource.get("gender", "")
    gather.person(name, birth.start if birth else MISSING, [coded("person", "sex", sex)] if sex else [])
    death = moment_of(resource, index.zone, "deceasedDateTime")
    if death:
        gather.event(name, coded("person", "death"), death.start, death.stop)
    elif resource.get("deceasedBoolean") is True:
        gather.skip("Patient: dead, but no date of death", which=found.where)


def encounter_of(index: Index, found: Found, patient: str) -> Encounter | None:
    """Return the stay that a checked Encounter describes, None where it has no start."""
    resource = found.resource
    span = next((index.stays[name] for name in names_of(found) if name in index.stays), None)
    if span is None or span.start == MISSING:
        return None
    leave = resource.get("hospitalization")
    place = code_of(leave.get("dischargeDisposition"))[0] if isinstance(leave, dict) else ""
    return Encounter(
        id=str(resource.get("id") or found.where), patient=patient, start=when(span.start),
        stop=None if span.stop == MISSING else when(max(span.start, span.stop)),
        kind=str(resource["class"].get("code", "")), outcome={"place": place} if place else {},
        site=target(resource.get("serviceProvider")),
    )  # fmt: skip


def moment_of(resource: Mapping[str, Any], zone: tzinfo | None, *names: str) -> Moment | None:
    """Return when an element says, from the first of `names` that is there; a period from its start to its end."""
    for name in names:
        value = resource.get(name)
        if isinstance(value, str):
            return parse_moment(value, zone)
        if isinstance(value, dict) and ("start" in value or "end" in value):
            first = parse_moment(value.get("start") or value["end"], zone)
            last = parse_moment(value.get("end") or value["start"], zone)
            return Moment(first.start, max(first.stop, last.stop))
    return None


def code_of(concept: Any) -> tuple[str, str]:
    """Return `system|code` and the words of a CodeableConcept; of several codings the best-known system's.

    A concept of words alone gives `text|words`; an empty one gives an empty code.
    """
    if not isinstance(concept, dict):
        return "", ""
    best: tuple[int, str, str] | None = None
    for coding in concept.get("coding") or ():
        system, code = coding.get("system", ""), coding.get("code", "")
        if code:
            short = SYSTEMS.get(system, system or "local")
            rank = _ORDER.get(short, len(_ORDER))
            if best is None or rank < best[0]:
                best = (rank, f"{short}|{code}", coding.get("display", "") or concept.get("text", ""))
    if best is not None:
        return best[1], best[2]
    text = " ".join(str(concept.get("text", "")).split())[:64]
    return (f"text|{text}", text) if text else ("", "")
