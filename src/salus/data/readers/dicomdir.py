"""Where the files of a study are: below a folder, listed in a DICOMDIR, or packed in a zip.

Source: DICOM PS3.3, annex F (basic directory IOD); PS3.10, 8 (file set, file IDs); PS3.12, annex V (zip over media).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salus.data.limits import existing, inside
from salus.data.readers.dicom_file import DicomFile, guarded, is_dicom, open_dicom
from salus.data.readers.dicom_quick import open_slice
from salus.data.unpack import unpack
from salus.schema.errors import DataError

SUFFIXES = (".dcm", ".dicom", ".ima")
ZIPPED = (".zip",)
MAX_RECORDS = 1_000_000

Series = dict[str, list[DicomFile]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a DICOMDIR lists.

    Attributes:
        files: Listed files that are there, in the order of the directory.
        missing: File IDs that lead to no file.
        kinds: How many records of each type (`PATIENT`, `STUDY`, `SERIES`, `IMAGE`, ...).
    """

    files: tuple[Path, ...]
    missing: tuple[str, ...]
    kinds: dict[str, int]


def read_dicomdir(path: Path | str) -> Listing:
    """Read a DICOMDIR.

    Args:
        path: The file; what it lists lies below its folder.

    Raises:
        DataError: No DICOMDIR, damaged, too many records, or a file ID that leads out of the folder.
    """
    file = open_dicom(path)
    home = file.path.parent
    with guarded(file.path):
        records = getattr(file.header, "DirectoryRecordSequence", None)
        if records is None:
            raise DataError(f"{file.path}: no DICOMDIR; give the file of that name, or the folder")
        if len(records) > MAX_RECORDS:
            raise DataError(f"{file.path}: lists {len(records):,} records, more than {MAX_RECORDS:,}; refused")
        files: list[Path] = []
        missing: list[str] = []
        kinds: dict[str, int] = {}
        for record in records:
            kind = str(getattr(record, "DirectoryRecordType", "") or "")
            kinds[kind] = kinds.get(kind, 0) + 1
            name = _file_id(record)
            if not name:
                continue
            found = _find(home, name)
            if found is None:
                missing.append(name)
            elif found not in files[-1:]:
                files.append(found)
    return Listing(files=tuple(dict.fromkeys(files)), missing=tuple(missing), kinds=kinds)


@contextmanager
def opened_study(source: Path | str) -> Iterator[Series]:
    """Yield the image files of every series of a folder, DICOMDIR or zip; a zip is unpacked to a temporary folder.

    Raises:
        DataError: Nothing there, no DICOM in it, a file named `.dcm` that is not DICOM, or a zip that is refused.
    """
    place = Path(source)
    if place.is_dir():
        yield found_in(place)
        return
    found = existing(place)
    if found.name.lower().endswith(ZIPPED):
        with tempfile.TemporaryDirectory(prefix="salus-") as folder:
            # images pack to a tenth at best; what claims more is a bomb
            unpack(found, Path(folder), max_bytes=max(2**28, 30 * found.stat().st_size))
            yield found_in(Path(folder))
        return
    listing = read_dicomdir(found)
    if listing.missing:
        named = ", ".join(listing.missing[:3])
        raise DataError(f"{found}: lists {len(listing.missing)} files that are not there ({named}); copy all of it")
    yield _by_series(list(listing.files), strict=True)


def found_in(folder: Path) -> Series:
    """Return the image files of every series below a folder, by SeriesInstanceUID; other files are passed over.

    Raises:
        DataError: No such folder, or a file named `.dcm` that is not DICOM.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; check the path")
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.name != "DICOMDIR" and path.is_file() and (path.suffix.lower() in SUFFIXES or is_dicom(path))
    ]
    return _by_series(files, strict=False)


def one_series(found: Series, source: Path, uid: str | None = None) -> list[DicomFile]:
    """Return the files of the only series, or of the one that is named.

    Raises:
        DataError: None, several, or not that one.
    """
    if not found:
        raise DataError(f"{source}: holds no DICOM images; check the path")
    listing = ", ".join(f"{name or 'no UID'} ({len(files)} files)" for name, files in sorted(found.items()))
    if uid is not None:
        if uid not in found:
            raise DataError(f"{source}: holds no series {uid}; it holds {listing}")
        return found[uid]
    if len(found) > 1:
        raise DataError(f"{source}: holds {len(found)} series: {listing}; put each in a folder of its own, or name one")
    return next(iter(found.values()))


def _by_series(paths: list[Path], strict: bool) -> Series:
    found: Series = {}
    for path in paths:
        file = open_slice(path)
        if file.declared is not None:
            with guarded(path):
                found.setdefault(str(file.header.get("SeriesInstanceUID") or ""), []).append(file)
        elif strict and "SOPClassUID" not in file.header:
            raise DataError(f"{path}: listed in the DICOMDIR, but not a DICOM object; copy it again")
    return found


def _file_id(record: Any) -> str:
    value = getattr(record, "ReferencedFileID", None)
    if not value:
        return ""
    return str(value) if isinstance(value, str) else "/".join(str(part) for part in value)


def _find(home: Path, name: str) -> Path | None:
    """Return the file of an ID below the folder; discs copied to other systems often changed the case of names."""
    clean = name.replace("\\", "/")
    for chosen in (clean, clean.lower()):
        found = inside(home, chosen)
        if found.is_file():
            return found
    return None
