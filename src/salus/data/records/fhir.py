"""HL7 FHIR R4 as timelines: bundles, single resources, NDJSON and bulk-export folders.

When an event is known:

* Observation and DiagnosticReport: when issued; without that, when the effective time has passed. An amended or
  corrected one is known when it was last updated, since the former value is not in it.
* Condition: when recorded; without that, when its encounter has ended; without that, when the onset has passed.
* Encounter: its class and type when it starts; the reasons and the place of discharge when it has ended.
* Procedure, MedicationAdministration: when performed or given to the end. Others: their date.

`clinicalStatus`, `status = superseded` and the like say what became of a thing later and are never used.

Source:
    HL7 FHIR R4 (4.0.1).
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any

from salus.data.records.fhir_check import RULES, problems
from salus.data.records.fhir_index import UCUM, Index, code_of, encounter_of, moment_of, names_of, register, target
from salus.data.records.fhir_read import Found, fhir_files, resources
from salus.data.records.fhir_valid import Validator
from salus.data.records.gather import Gatherer, coded
from salus.data.records.moment import MISSING, Moment
from salus.data.records.timeline import Timelines
from salus.data.records.ucum import is_unit
from salus.data.records.ucum_names import spelled
from salus.schema.errors import DataError

_FIRST = ("Patient", "Encounter", "Medication")
_NOT_TRUE = {
    "Observation": "registered cancelled entered-in-error unknown", "MedicationRequest": "draft entered-in-error",
    "MedicationAdministration": "not-done entered-in-error", "Procedure": "preparation not-done entered-in-error",
    "Immunization": "not-done entered-in-error", "Encounter": "planned cancelled entered-in-error",
    "DiagnosticReport": "registered cancelled entered-in-error", "DocumentReference": "entered-in-error",
}  # fmt: skip
_UPDATED = ("amended", "corrected", "appended")


def read_fhir(place: Path, zone: tzinfo | None = None, validate: str = "each") -> Timelines:
    """Read FHIR R4 into one timeline a patient.

    A resource that cannot be used is left out and counted in `findings` with its reason, the first twenty by name in
    `named`; the rest of its bundle is kept. Codes are `loinc|...`, `snomed|...`, `rxnorm|...`, `cvx|...` or
    `<address of the system>|...`; a value in words follows `=`.

    Args:
        place: A `.json` or `.ndjson` file, also with `.gz`, or a folder of them.
        zone: Of dates and times written without one; None counts them as known when they have passed everywhere.
        validate: `each` has the library `fhir.resources` check every resource (0.3 ms each), `sample` the first
            hundred of a type and then one in fifty, `none` leaves it. What Salus reads is always checked.

    Raises:
        DataError: A file that is no FHIR at all, or no patient in any.
    """
    gather, index, valid = Gatherer(str(place)), Index(zone=zone), Validator(validate)
    files = fhir_files(place)
    for path in files:
        for found in resources(path):
            _first(index, gather, valid, found)
    if not index.patients:
        raise DataError(f"{place}: no readable Patient among {len(index.seen):,} resources; export it with them")
    for name in index.cycles():
        gather.skip("Encounter: part of itself over others", which=name)
    for path in files:
        for found in resources(path):
            if not found.problem:
                _second(index, gather, found)
    for why, names in valid.complaints.items():
        for name in names:
            gather.skip(f"kept, though not valid FHIR: {why}", which=name)
    return gather.timelines()


def _first(index: Index, gather: Gatherer, valid: Validator, found: Found) -> None:
    """Check every resource once, refuse repeated ones, and register those that others refer to."""
    if found.problem:
        gather.skip(found.problem, which=found.where)
        return
    kind = found.resource.get("resourceType")
    if not isinstance(kind, str) or kind not in RULES:
        gather.skip(f"not used: {str(kind)[:40]}")
        return
    wrong = next(problems(found.resource), "")
    if wrong:
        gather.skip(f"{kind}: {wrong}"[:160], which=_name(found))
        return
    key = (kind, str(found.resource.get("id") or found.address or found.where))
    content = hash(repr(found.resource))
    if key in index.seen:
        same = index.seen[key] == content
        gather.skip(f"{kind}: {'repeated' if same else 'id used twice with other content'}", which=_name(found))
        return
    index.seen[key] = content
    valid.look(found.resource, _name(found))
    if kind in _FIRST:
        register(index, gather, found)
    found.resource.clear()


def _second(index: Index, gather: Gatherer, found: Found) -> None:
    """Make the events of a resource that the first walk let pass; a repeated one is there once."""
    resource, kind = found.resource, found.resource.get("resourceType")
    make = _MAKE.get(kind) if isinstance(kind, str) else None
    key = (str(kind), str(resource.get("id") or found.address or found.where))
    # 0 marks what has become events
    if make is None or index.seen.get(key) != hash(repr(resource)):
        return
    index.seen[key] = 0
    if resource.get("status") in _NOT_TRUE.get(str(kind), "").split():
        gather.skip(f"{kind}: status {resource['status']}", which=_name(found))
        return
    patient = index.patient_of(resource)
    if patient is None:
        who = target(resource.get("subject") or resource.get("patient"))
        why = "refers to a patient that is not here" if who else "refers to no patient"
        gather.skip(f"{kind}: {why}", which=_name(found))
        return
    if target(resource.get("encounter")) and index.stay_of(resource) is None:
        gather.skip(f"{kind}: kept, but its encounter is not here", which=_name(found))
    make(index, gather, found, patient)


def _name(found: Found) -> str:
    return (names_of(found) or (found.where,))[0]


def _event(
    gather: Gatherer, found: Found, patient: str, concept: Any, at: Moment | None, known: int | None = None
) -> None:
    code, words = code_of(concept)
    kind = found.resource["resourceType"]
    if not code or at is None:
        gather.skip(f"{kind}: no {'code' if not code else 'time'}", which=_name(found))
        return
    if known == MISSING:
        gather.skip(f"{kind}: waits for the end of its encounter", which=_name(found))
        return
    if words:
        gather.displays[code] = words
    gather.event(patient, code, at.start, at.stop if known is None else known)


def _issued(index: Index, resource: Mapping[str, Any], at: Moment) -> int:
    issued = moment_of(resource, index.zone, "issued")
    known = issued.stop if issued else at.stop
    if resource.get("status") in _UPDATED and isinstance(resource.get("meta"), dict):
        try:
            updated = moment_of(resource["meta"], index.zone, "lastUpdated")
        except DataError:
            updated = None
        known = max(known, updated.stop if updated else known)
    return max(known, at.stop)


def _observation(index: Index, gather: Gatherer, found: Found, patient: str) -> None:
    resource = found.resource
    at = moment_of(resource, index.zone, "effectiveDateTime", "effectiveInstant", "effectivePeriod", "issued")
    if at is None:
        gather.skip("Observation: no time", which=_name(found))
        return
    known, made = _issued(index, resource, at), False
    for part in (resource, *resource.get("component", ())):
        code, words = code_of(part["code"])
        value, word, unit = _value(gather, part, _name(found))
        # a panel without a value of its own stands for nothing but its components
        if not code or (part is resource and resource.get("component") and value is None and not word):
            continue
        if words:
            gather.displays[code] = words
        system, _, rest = code.partition("|")
        number = float("nan") if value is None else value
        gather.event(patient, coded(system, rest, word), at.start, known, number, unit)
        made = True
    if not made:
        gather.skip("Observation: no code", which=_name(found))


def _value(gather: Gatherer, part: Mapping[str, Any], name: str) -> tuple[float | None, str, str]:
    """Return number, word and unit of an Observation or a component."""
    if "valueQuantity" in part:
        return _quantity(gather, part["valueQuantity"], name)
    if "valueCodeableConcept" in part:
        code, words = code_of(part["valueCodeableConcept"])
        return None, words or code.partition("|")[2], ""
    if "valueInteger" in part:
        return float(part["valueInteger"]), "", ""
    if "valueBoolean" in part:
        return None, "true" if part["valueBoolean"] else "false", ""
    if "valueString" in part:
        return None, part["valueString"], ""
    odd = next((key for key in part if key.startswith("value")), "")
    if odd:
        gather.skip(f"Observation: kept without its {odd}", which=name)
    return None, "", ""


def _quantity(gather: Gatherer, quantity: Mapping[str, Any], name: str) -> tuple[float | None, str, str]:
    if quantity.get("value") is None:
        return None, "", ""
    if "comparator" in quantity:
        gather.skip("Observation: a value with < or > kept as its bound", which=name)
    code = quantity.get("code", "") if quantity.get("system", UCUM) == UCUM else ""
    unit = code or spelled(quantity.get("unit", ""))
    if unit and not is_unit(unit):
        gather.skip(f"unit {unit[:40]!r} is not UCUM, kept as written", which=name)
    return float(quantity["value"]), "", unit


def _condition(index: Index, gather: Gatherer, found: Found, patient: str) -> None:
    resource = found.resource
    if code_of(resource.get("verificationStatus"))[0].rpartition("|")[2] in ("entered-in-error", "refuted"):
        gather.skip("Condition: refuted or entered in error", which=_name(found))
        return
    at = moment_of(resource, index.zone, "onsetDateTime", "onsetPeriod", "recordedDate")
    _event(gather, found, patient, resource.get("code"), at, _recorded(index, resource, at))


def _recorded(index: Index, resource: Mapping[str, Any], at: Moment | None) -> int | None:
    """Return when a diagnosis was known; `MISSING` while an encounter that it waits for lasts."""
    recorded, stay = moment_of(resource, index.zone, "recordedDate"), index.stay_of(resource)
    if recorded:
        return recorded.stop
    return stay.stop if stay else at.stop if at else None


def _encounter(index: Index, gather: Gatherer, found: Found, patient: str) -> None:
    resource, stay = found.resource, encounter_of(index, found, patient)
    if stay is None:
        gather.skip("Encounter: no start", which=_name(found))
        return
    gather.encounter(stay)
    span = next(index.stays[name] for name in names_of(found) if name in index.stays)
    if stay.kind:
        gather.event(patient, coded("encounter", stay.kind), span.start, span.start)
    for concept in resource.get("type", ()):
        _event(gather, found, patient, concept, Moment(span.start, span.start))
    if span.stop != MISSING:
        for concept in resource.get("reasonCode", ()):
            _event(gather, found, patient, concept, Moment(span.start, span.stop))
        if stay.outcome:
            gather.event(patient, coded("discharge", stay.outcome["place"]), span.stop, span.stop)


def _medication(index: Index, gather: Gatherer, found: Found, patient: str) -> None:
    resource = found.resource
    concept = resource.get("medicationCodeableConcept")
    if concept is None:
        name = target(resource.get("medicationReference"))
        contained = resource.get("contained") if isinstance(resource.get("contained"), list) else ()
        inside = (part for part in contained or () if isinstance(part, dict) and f"#{part.get('id')}" == name)
        concept = index.drugs.get(name) or next(inside, {}).get("code")
        if concept is None or any(problems({"resourceType": "Medication", "code": concept})):
            gather.skip(f"{resource['resourceType']}: its medication is not here", which=_name(found))
            return
    at = moment_of(resource, index.zone, "authoredOn", "effectiveDateTime", "effectivePeriod")
    _event(gather, found, patient, concept, at)


def _plain(code: str, *times: str) -> Callable[[Index, Gatherer, Found, str], None]:
    """Return the maker of an event whose code is one element and whose time is the first of several."""

    def make(index: Index, gather: Gatherer, found: Found, patient: str) -> None:
        resource = found.resource
        at = moment_of(resource, index.zone, *times)
        known = _issued(index, resource, at) if at and "issued" in times else None
        if resource["resourceType"] == "AllergyIntolerance":
            known = _recorded(index, resource, at)
        _event(gather, found, patient, resource.get(code), at, known)
        for concept in resource.get("conclusionCode", ()):
            _event(gather, found, patient, concept, at, known)

    return make


_MAKE: Mapping[str, Callable[[Index, Gatherer, Found, str], None]] = {
    "Observation": _observation, "Condition": _condition, "Encounter": _encounter, "MedicationRequest": _medication,
    "MedicationAdministration": _medication,
    "Procedure": _plain("code", "performedDateTime", "performedPeriod"),
    "Immunization": _plain("vaccineCode", "occurrenceDateTime"),
    "AllergyIntolerance": _plain("code", "onsetDateTime", "recordedDate"),
    "DiagnosticReport": _plain("code", "effectiveDateTime", "effectivePeriod", "issued"),
    "DocumentReference": _plain("type", "date"),
}  # fmt: skip
