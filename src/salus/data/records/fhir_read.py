"""Find FHIR resources in files that come from anywhere: bundles, single resources, NDJSON, bulk-export folders.

Bounds: a JSON document of at most 64 MiB and 4 million values (a bundle of a long life has 50 MB and 2 million); a line
of NDJSON of at most 32 MiB, any number of lines. Nothing is unpacked beyond a hundred times the size of its file.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salus.data.limits import existing, inside, max_text_bytes
from salus.data.records.stream import MAX_LINE, MAX_RATIO
from salus.schema.errors import DataError

SUFFIXES = (".json", ".json.gz", ".ndjson", ".ndjson.gz")
MAX_DOCUMENT_SHARE = 16
"""A JSON document may have a sixteenth of `SALUS_MAX_TEXT_BYTES`; as objects it takes about ten times its size."""
MAX_MEMBERS = 4_000_000
MAX_DEPTH = 64
MAX_FILES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One resource, or why there is none.

    Attributes:
        resource: The resource, empty where it could not be read.
        where: File and place in it.
        address: `fullUrl` of its bundle entry, else empty.
        problem: Why it could not be read, else empty.
    """

    resource: dict[str, Any]
    where: str
    address: str = ""
    problem: str = ""


def looks_like_fhir(path: Path) -> bool:
    """Tell from its ending and first 64 KiB whether a file holds FHIR: JSON that names a `resourceType`."""
    if not path.name.lower().endswith(SUFFIXES):
        return False
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as handle:
            return b'"resourceType"' in handle.read(65_536)
    except (OSError, EOFError, zlib.error):
        return False


def fhir_files(place: Path) -> list[Path]:
    """Return a file itself, or the FHIR files of a folder, in order of name, NDJSON before bundles.

    Raises:
        DataError: None there, too many, or a link that leads out of the folder.
    """
    if not place.is_dir():
        return [existing(place)]
    found = []
    for path in sorted(place.rglob("*")):
        if path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".") and path.is_file():
            found.append(inside(place, path.relative_to(place)))
        if len(found) > MAX_FILES:
            raise DataError(f"{place}: more than {MAX_FILES:,} files; give a part of the folder")
    if not found:
        raise DataError(f"{place}: no FHIR files ({', '.join(SUFFIXES)}); check the folder")
    return found


def resources(path: Path) -> Iterator[Found]:
    """Yield each resource of a file; what cannot be read is yielded with its problem, never lost.

    Raises:
        DataError: The file as a whole is no JSON, too large, too deep or a bomb.
    """
    if path.name.lower().endswith((".ndjson", ".ndjson.gz")):
        yield from _lines(path)
        return
    document = parse_json(_whole(path), str(path))
    if not isinstance(document, dict) or "resourceType" not in document:
        raise DataError(f"{path}: JSON without a resourceType; give a FHIR resource or bundle")
    if document["resourceType"] != "Bundle":
        yield Found(resource=document, where=path.name)
        return
    entries = document.get("entry", [])
    if not isinstance(entries, list):
        raise DataError(f"{path}: Bundle.entry is no list; export the bundle again")
    for number, entry in enumerate(entries):
        yield _entry(entry, f"{path.name}, entry {number}")


def parse_json(data: bytes, where: str) -> Any:
    """Read JSON strictly: no NaN or Infinity, no name twice in an object, bounded depth and number of values.

    Raises:
        DataError: Not so.
    """
    members = data.count(b",") + data.count(b"{") + data.count(b"[")
    if members > MAX_MEMBERS:
        raise DataError(f"{where}: {members:,} values in one JSON document, allowed {MAX_MEMBERS:,}; export as NDJSON")
    _refuse_deep(data, where)
    try:
        return json.loads(data, parse_constant=_constant, object_pairs_hook=_object)
    except RecursionError as error:
        raise DataError(f"{where}: nested too deeply; this is no FHIR") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{where}: not JSON ({str(error)[:120]}); export it again") from error


def _entry(entry: Any, where: str) -> Found:
    if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
        return Found(resource={}, where=where, problem="a bundle entry without a resource")
    address = entry.get("fullUrl", "")
    resource = entry["resource"]
    if resource.get("resourceType") == "Bundle":
        return Found(resource={}, where=where, problem="a bundle inside a bundle")
    return Found(resource=resource, where=where, address=address if isinstance(address, str) else "")


def _lines(path: Path) -> Iterator[Found]:
    packed = path.name.lower().endswith(".gz")
    bound, total, number = MAX_RATIO * path.stat().st_size + 2**24, 0, 0
    try:
        with gzip.open(path) if packed else path.open("rb") as handle:
            while line := handle.readline(MAX_LINE + 1):
                number += 1
                total += len(line)
                if len(line) > MAX_LINE:
                    raise DataError(f"{path}: line {number} is longer than {MAX_LINE:,} bytes; this is no NDJSON")
                if packed and total > bound:
                    raise DataError(f"{path}: unpacks to more than {MAX_RATIO} times its size; refused as a bomb")
                if line.strip():
                    yield _line(line, f"{path.name}, line {number}")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); copy it again from its source") from error


def _line(line: bytes, where: str) -> Found:
    try:
        resource = parse_json(line, where)
    except DataError:
        return Found(resource={}, where=where, problem="a line that is no JSON")
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return Found(resource={}, where=where, problem="a line without a resourceType")
    return Found(resource=resource, where=where)


def _whole(path: Path) -> bytes:
    limit = max_text_bytes() // MAX_DOCUMENT_SHARE
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as handle:
            data = handle.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); copy it again from its source") from error
    if len(data) > limit:
        raise DataError(
            f"{path}: a JSON document above {limit:,} bytes; export as NDJSON or raise SALUS_MAX_TEXT_BYTES"
        )
    return data


def _refuse_deep(data: bytes, where: str) -> None:
    """Count brackets; those inside texts may be counted too, so only a document far too deep is refused here."""
    depth = deepest = 0
    for byte in data.translate(None, delete=_NO_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > 16 * MAX_DEPTH:
            raise DataError(f"{where}: more than {16 * MAX_DEPTH} brackets inside each other; this is no FHIR")


_NO_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names one member twice")
    return found
