"""A folder in, a folder without identities out; killed at any moment, it goes on where it was."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from salus.data.deidentify.faces import Faces, faces_of, volumes_in
from salus.data.deidentify.file import Cleaned, RefusedError, clean_file
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.ledger import FOLDER, Entry, Ledger, open_ledger
from salus.data.deidentify.other import TABLES, TEXTS, VOLUMES, clean_other, suffix_of
from salus.data.deidentify.plan import Plan
from salus.data.readers.dicom_file import is_dicom
from salus.data.unpack import unpack
from salus.schema.errors import DataError, UsageError

_SKIPPED = (".ds_store", "thumbs.db", "desktop.ini")
Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run did.

    Attributes:
        ledger: Entries and counts, without names.
        refused: (path as given, reason) of the files without a result; only for the eyes of who owns the input.
        skipped: Files that an earlier run had finished.
    """

    ledger: Ledger
    refused: tuple[tuple[str, str], ...]
    skipped: int


def deidentify(
    source: Path, out: Path, plan: Plan, key: Key, watch: Watch | None = None, dry_run: bool = False
) -> Done:
    """De-identify a file, a folder or a zip of them.

    Args:
        source: Only read; links are not followed.
        out: New, or of an earlier run with the same plan and key.
        plan: What to keep and what to clean.
        key: The project's secret.
        watch: Called with (done, all) after each file.
        dry_run: Do all of it, but leave nothing behind in `out`.

    Raises:
        UsageError: Input and output lie in each other.
        DataError: No such input, or an output folder of another run.
    """
    _apart(source, out)
    with _unpacked(source) as (root, files):
        if dry_run:
            with tempfile.TemporaryDirectory(prefix="salus-deid-") as scratch:
                return _run(root, files, Path(scratch) / "out", plan, key, watch, keep=False)
        return _run(root, files, out, plan, key, watch, keep=True)


def _run(root: Path, files: list[Path], out: Path, plan: Plan, key: Key, watch: Watch | None, *, keep: bool) -> Done:
    ledger = open_ledger(out, plan, key)
    places = {entry.place for entry in ledger.entries.values() if entry.place}
    refused: list[tuple[str, str]] = []
    skipped = 0
    faces = _Faces(files) if plan.clean_faces else None
    part = out / FOLDER / "part"
    for count, file in enumerate(files, 1):
        mark = _mark(root, file, key)
        known = ledger.entries.get(mark)
        if known is not None:
            skipped += 1
            if known.reason:
                refused.append((str(file), known.reason))
        else:
            kind = _kind(file)
            try:
                cleaned = _cleaned(file, part, kind, plan, key, faces)
                place = _free(cleaned.place, places)
                places.add(place)
                _settle(part, out / place, keep)
                ledger.add(Entry(mark=mark, place=place, kind=kind), cleaned.tally, cleaned.notes)
            except RefusedError as error:
                part.unlink(missing_ok=True)
                refused.append((str(file), str(error)))
                ledger.add(Entry(mark=mark, reason=str(error), kind=kind), Counter(), ())
        if watch is not None:
            watch(count, len(files))
    ledger.checkpoint()
    return Done(ledger=ledger, refused=tuple(refused), skipped=skipped)


def _cleaned(file: Path, part: Path, kind: str, plan: Plan, key: Key, faces: "_Faces | None") -> Cleaned:
    if file.is_symlink():
        raise RefusedError("a link; give the folder that it leads to")
    if kind != "dicom":
        return clean_other(file, part, plan, key)
    found = faces.of(file) if faces is not None else Faces({})
    if found.reason:
        raise RefusedError(found.reason)
    return clean_file(file, part, plan, key, found.masks.get(file))


class _Faces:
    """Faces of the series at hand: one volume is kept at a time."""

    def __init__(self, files: list[Path]) -> None:
        self._series = volumes_in(file for file in files if _kind(file) == "dicom")
        self._home = {file: uid for uid, members in self._series.items() for file in members}
        self._uid, self._found = "", Faces({})

    def of(self, file: Path) -> Faces:
        uid = self._home.get(file)
        if uid is None:
            return Faces({})
        if uid != self._uid:
            self._uid, self._found = uid, faces_of(self._series[uid])
        return self._found


def _kind(file: Path) -> str:
    """Tell what a file is by its mark, and by its ending where it has none."""
    if is_dicom(file):
        return "dicom"
    for kind, endings in (("table", TABLES), ("text", TEXTS), ("volume", VOLUMES)):
        if suffix_of(file, endings):
            return kind
    # Old DICOM files have neither mark nor ending; what is none is refused by the reader.
    return "dicom" if file.suffix.lower() in ("", ".dcm", ".dicom", ".ima", ".img") or file.suffix[1:].isdigit() else ""


def _mark(root: Path, file: Path, key: Key) -> str:
    found = file.lstat()
    return key.digest("path", f"{file.relative_to(root)}\n{found.st_size}\n{found.st_mtime_ns}").hex()[:24]


def _free(place: PurePosixPath, taken: set[str]) -> str:
    """Return the place, numbered where another file of the same instance has it."""
    name, number = place.as_posix(), 1
    stem, dot, ending = place.name.partition(".")
    while name in taken:
        number += 1
        name = place.with_name(f"{stem}-{number}{dot}{ending}").as_posix()
    return name


def _settle(part: Path, target: Path, keep: bool) -> None:
    if not keep:
        part.unlink()
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target)


def _apart(source: Path, out: Path) -> None:
    if not source.exists():
        raise DataError(f"{source}: no such file or folder; check the path")
    inner, outer = source.resolve(), out.resolve()
    if inner == outer or inner in outer.parents or (source.is_dir() and outer in inner.parents):
        raise UsageError(f"{out}: input and output lie in each other; choose an output folder elsewhere")


@contextmanager
def _unpacked(source: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Yield a root and the files below it; a zip is unpacked beside the system's temporary files and removed after."""
    if source.is_file() and source.suffix.lower() == ".zip":
        home = Path(tempfile.mkdtemp(prefix="salus-deid-"))
        try:
            # The times of unpacked files are new each time; those of the archive stand for them.
            for file in unpack(source, home):
                os.utime(file, ns=(source.stat().st_mtime_ns, source.stat().st_mtime_ns))
            yield home, _listed(home)
        finally:
            shutil.rmtree(home, ignore_errors=True)
        return
    yield (source, _listed(source)) if source.is_dir() else (source.parent, [source])


def dicom_files(source: Path) -> list[Path]:
    """Return the DICOM files of a folder, or the file itself; what a zip holds is not listed."""
    files = _listed(source) if source.is_dir() else [source]
    return [file for file in files if is_dicom(file)]


def _listed(folder: Path) -> list[Path]:
    found = []
    for home, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        found += [Path(home, name) for name in sorted(names) if name.lower() not in _SKIPPED]
    return found
