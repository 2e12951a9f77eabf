"""What a FHIR file holds, and whom it names."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from salus.data.readers.table import read_text_bytes
from salus.data.survey.facts import Facts
from salus.schema.errors import DataError

_LARGEST = 2**28
_DEEPEST = 64
_PERSON = {"name": "name", "telecom": "phone", "address": "address", "birthDate": "birth date", "photo": "pixels"}


def record(path: Path, facts: Facts, deep: bool) -> None:
    """Count the resources of a FHIR bundle or of export lines, and note which identify someone.

    Raises:
        DataError: Not JSON, or not FHIR.
    """
    counts: Counter[str] = Counter()
    people: Counter[tuple[str, str]] = Counter()
    for resource in _resources(path):
        kind = str(resource.get("resourceType", "?"))
        counts[kind] += 1
        if kind in ("Patient", "RelatedPerson", "Person", "Practitioner"):
            for key, what in _PERSON.items():
                people[f"{kind}.{key}", what] += bool(resource.get(key))
            people[f"{kind}.identifier", "number"] += bool(resource.get("identifier"))
    if not counts:
        raise DataError(f"{path}: holds no FHIR resource; remove it")
    facts.size = ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common(6))
    facts.form["resources"] = ", ".join(sorted(counts)[:12])
    for (place, what), count in people.items():
        if count:
            facts.mark(place, what, f"{count} of them")


def _resources(path: Path) -> Iterator[dict[str, Any]]:
    if path.stat().st_size > _LARGEST:
        raise DataError(f"{path}: larger than {_LARGEST >> 20} MB as one JSON file; export it as NDJSON in parts")
    text = read_text_bytes(path).decode("utf-8", errors="replace")
    lines = text.splitlines() if path.suffix.lower() == ".ndjson" else [text]
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            where = f"line {number}: " if len(lines) > 1 else ""
            raise DataError(f"{path}: {where}not readable JSON ({error}); export it again") from error
        if not isinstance(found, dict):
            raise DataError(f"{path}: line {number} is no resource; export it again")
        if found.get("resourceType") == "Bundle":
            for entry in found.get("entry") or ():
                if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
                    yield entry["resource"]
        else:
            yield found
