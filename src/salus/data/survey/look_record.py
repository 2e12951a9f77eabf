"""What a FHIR file holds, and whom it names."""

from collections import Counter
from pathlib import Path

from salus.data.records.fhir_check import problems
from salus.data.records.fhir_read import resources
from salus.data.survey.facts import Facts, Mark
from salus.schema.errors import DataError

_TOLD = 20
_PERSON = {"name": "name", "telecom": "phone", "address": "address", "birthDate": "birth date", "photo": "pixels"}


def record(path: Path, facts: Facts, deep: bool) -> None:
    """Count the resources of a FHIR bundle or of export lines, and note which identify someone.

    Raises:
        DataError: Not JSON, or not FHIR.
    """
    counts: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    people: Counter[tuple[str, str]] = Counter()
    for found in resources(path):
        if found.problem:
            broken[f"{found.problem}"] += 1
            continue
        resource = found.resource
        kind = str(resource.get("resourceType", "?"))
        counts[kind] += 1
        if deep:
            broken.update(f"{kind}.{why}" for why in list(problems(resource))[:_TOLD])
        if kind in ("Patient", "RelatedPerson", "Person", "Practitioner"):
            for key, what in _PERSON.items():
                people[f"{kind}.{key}", what] += bool(resource.get(key))
            people[f"{kind}.identifier", "number"] += bool(resource.get("identifier"))
    if not counts:
        raise DataError(f"{path}: holds no FHIR resource; remove it")
    facts.size = ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common(6))
    facts.form["resources"] = ", ".join(sorted(counts)[:12])
    for why, count in broken.most_common(_TOLD):
        facts.doubt(
            "warning", "record", f"{count:,} resources: {why}", "they are read in part or not at all; export again"
        )
    for (place, what), count in people.items():
        if count:
            facts.marks.append(Mark(place=place, kind=what, form=f"{count:,} of them"))
