"""What a FHIR resource must be before it is used: types, required elements, references; each error names its path.

The library `fhir.resources` checks whole resources against the specification, and lets some things pass that matter
here: a number written as text, a status that no value set has. So the elements that Salus reads are checked here on
every resource, and the library checks the rest.

Source:
    HL7 FHIR R4 (4.0.1), resources Patient to DocumentReference; value sets of their status.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from salus.data.records.moment import parse_moment
from salus.schema.errors import DataError

_EVENT = "preparation in-progress not-done on-hold stopped completed entered-in-error unknown"
_REQUEST = "active on-hold cancelled completed entered-in-error stopped draft unknown"
_OBSERVED = "registered preliminary final amended corrected cancelled entered-in-error unknown"

RULES: Mapping[str, Mapping[str, str]] = {
    "Patient": {"birthDate": "time", "gender": "male female other unknown", "deceasedDateTime": "time",
                "deceasedBoolean": "boolean"},
    "Encounter": {"status": "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown !",
                  "class": "coding !", "subject": "reference !", "period": "period", "type": "concepts",
                  "reasonCode": "concepts"},
    "Condition": {"subject": "reference !", "code": "concept", "verificationStatus": "concept",
                  "encounter": "reference", "category": "concepts", "onsetDateTime": "time", "onsetPeriod": "period",
                  "recordedDate": "time", "abatementDateTime": "time"},
    "Observation": {"status": f"{_OBSERVED} !", "code": "concept !", "subject": "reference", "encounter": "reference",
                    "effectiveDateTime": "time", "effectivePeriod": "period", "effectiveInstant": "time",
                    "issued": "time", "valueQuantity": "quantity", "valueCodeableConcept": "concept",
                    "valueString": "text", "valueBoolean": "boolean", "valueInteger": "integer",
                    "component": "components", "category": "concepts"},
    "MedicationRequest": {"status": f"{_REQUEST} !", "intent": "proposal plan order original-order reflex-order "
                          "filler-order instance-order option !", "subject": "reference !", "encounter": "reference",
                          "medicationCodeableConcept": "concept", "medicationReference": "reference",
                          "authoredOn": "time"},
    "MedicationAdministration": {"status": "in-progress not-done on-hold completed entered-in-error stopped unknown !",
                                 "subject": "reference !", "medicationCodeableConcept": "concept",
                                 "medicationReference": "reference", "effectiveDateTime": "time",
                                 "effectivePeriod": "period"},
    "Medication": {"code": "concept"},
    "Procedure": {"status": f"{_EVENT} !", "code": "concept", "subject": "reference !", "encounter": "reference",
                  "performedDateTime": "time", "performedPeriod": "period"},
    "Immunization": {"status": "completed entered-in-error not-done !", "vaccineCode": "concept !",
                     "patient": "reference !", "occurrenceDateTime": "time", "recorded": "time"},
    "AllergyIntolerance": {"patient": "reference !", "code": "concept", "verificationStatus": "concept",
                           "recordedDate": "time", "onsetDateTime": "time", "encounter": "reference"},
    "DiagnosticReport": {"status": "registered partial preliminary final amended corrected appended cancelled "
                         "entered-in-error unknown !", "code": "concept !", "subject": "reference",
                         "encounter": "reference", "effectiveDateTime": "time", "effectivePeriod": "period",
                         "issued": "time", "conclusionCode": "concepts"},
    "DocumentReference": {"status": "current superseded entered-in-error !", "type": "concept", "subject": "reference",
                          "date": "time"},
}  # fmt: skip
"""By resource type: the elements that Salus reads, what they are, and `!` for those that must be there."""
CHOICES = ("value", "effective", "onset", "performed", "medication", "occurrence", "deceased")
_ONE_OF = {"MedicationRequest": "medication", "MedicationAdministration": "medication", "Immunization": "occurrence"}


def problems(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a resource of a known type, each with the path of the element."""
    kind = str(resource.get("resourceType"))
    if not isinstance(resource.get("id", ""), str):
        yield "id: not a text"
    for name, words in RULES.get(kind, {}).items():
        rule, must = words.removesuffix(" !"), words.endswith("!")
        if name not in resource:
            if must:
                yield f"{name}: required and missing"
            continue
        yield from _element(resource[name], rule, name)
    for stem in CHOICES:
        given = [name for name in resource if name.startswith(stem) and name[len(stem) :][:1].isupper()]
        if len(given) > 1:
            yield f"{stem}[x]: given {len(given)} times ({', '.join(sorted(given)[:4])})"
        if not given and _ONE_OF.get(kind) == stem:
            yield f"{stem}[x]: required and missing"


def _element(value: Any, rule: str, path: str) -> Iterator[str]:
    if rule in _CHECKS:
        yield from _CHECKS[rule](value, path)
    elif value not in rule.split() if isinstance(value, str) else True:
        yield f"{path}: {str(value)[:40]!r} is none of {rule}"


def _time(value: Any, path: str) -> Iterator[str]:
    try:
        if not isinstance(value, str):
            raise DataError(f"time {str(value)[:40]!r} is no text")
        parse_moment(value)
    except DataError as error:
        yield f"{path}: {error}"


def _period(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: not a period"
        return
    for end in ("start", "end"):
        if end in value:
            yield from _time(value[end], f"{path}.{end}")
    first, last = value.get("start"), value.get("end")
    if isinstance(first, str) and isinstance(last, str):
        try:
            if parse_moment(last).stop < parse_moment(first).start:
                yield f"{path}: ends before it starts"
        except DataError:
            return  # named above


def _concept(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: not a CodeableConcept"
        return
    codings = value.get("coding", [])
    if not isinstance(codings, list):
        yield f"{path}.coding: not a list"
        return
    for place, coding in enumerate(codings):
        yield from _coding(coding, f"{path}.coding[{place}]")
    if not isinstance(value.get("text", ""), str):
        yield f"{path}.text: not a text"


def _coding(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: not a Coding"
        return
    for name in ("system", "code", "display"):
        if not isinstance(value.get(name, ""), str):
            yield f"{path}.{name}: {str(value[name])[:40]!r} is no text"


def _concepts(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: not a list"
        return
    for place, concept in enumerate(value):
        yield from _concept(concept, f"{path}[{place}]")


def _reference(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict) or not isinstance(value.get("reference", ""), str):
        yield f"{path}: not a Reference"


def _quantity(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: not a Quantity"
        return
    number = value.get("value")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > 1e300):
        yield f"{path}.value: {str(number)[:40]!r} is no number"
    for name in ("unit", "code", "system"):
        if not isinstance(value.get(name, ""), str):
            yield f"{path}.{name}: not a text"
    if value.get("comparator", "<") not in ("<", "<=", ">=", ">", "ad"):
        yield f"{path}.comparator: {str(value['comparator'])[:20]!r} is none of < <= >= >"


def _components(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: not a list"
        return
    wanted = {name: RULES["Observation"][name] for name in RULES["Observation"] if name.startswith("value")}
    for place, part in enumerate(value):
        if not isinstance(part, dict) or "code" not in part:
            yield f"{path}[{place}]: a component needs a code"
            continue
        yield from _concept(part["code"], f"{path}[{place}].code")
        for name in set(wanted) & set(part):
            yield from _element(part[name], wanted[name], f"{path}[{place}].{name}")


def _boolean(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{path}: {str(value)[:40]!r} is neither true nor false"


def _integer(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**31:
        yield f"{path}: {str(value)[:40]!r} is no whole number"


def _text(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{path}: not a text"


_CHECKS = {
    "time": _time, "period": _period, "concept": _concept, "coding": _coding, "concepts": _concepts,
    "reference": _reference, "quantity": _quantity, "components": _components, "boolean": _boolean,
    "integer": _integer, "text": _text,
}  # fmt: skip
