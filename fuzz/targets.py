"""Every reader of Salus as a target: how a good file is written, and how it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fuzz import bombs, good, read
from fuzz import good_images as images


def _only(folder: Path) -> Path:
    """Return the file that is read: the one whose name starts with `main`, else the only one."""
    files = sorted(folder.iterdir())
    return next((path for path in files if path.name.lower().startswith(("main", "dicomdir"))), files[0])


def _itself(folder: Path) -> Path:
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader.

    Attributes:
        make: Writes good files into a folder, each in a folder of its own.
        read: Reads one, as a user would, and touches all of the result.
        entry: From a good file's folder to the path that `read` gets.
        bombs: Writes files that must be refused, each in a folder of its own; None where there are none.
    """

    make: Callable[[Path], None]
    read: Callable[[Path], object]
    entry: Callable[[Path], Path] = _only
    bombs: Callable[[Path], None] | None = None


TARGETS: dict[str, Target] = {
    "dicom": Target(make=images.dicom, read=read.dicom, bombs=bombs.dicom),
    "dicom_series": Target(make=images.dicom_series, read=read.dicom_series, entry=_itself),
    "dicom_objects": Target(make=images.dicom_objects, read=read.dicom_objects),
    "dicomdir": Target(make=images.dicomdir, read=read.dicomdir),
    "dicom_zip": Target(make=images.dicom_zip, read=read.anything, bombs=bombs.dicom_zip),
    "dicom_ecg": Target(make=images.dicom_ecg, read=read.anything),
    "nifti": Target(make=images.nifti, read=read.anything, bombs=bombs.nifti),
    "nrrd": Target(make=images.nrrd, read=read.anything, bombs=bombs.nrrd),
    "metaimage": Target(make=images.metaimage, read=read.anything, bombs=bombs.metaimage),
    "picture": Target(make=images.picture, read=read.anything, bombs=bombs.picture),
    "slide": Target(make=images.slide, read=read.slide),
    "array": Target(make=images.array, read=read.anything, bombs=bombs.array),
    "wfdb": Target(make=good.wfdb, read=read.wfdb, bombs=bombs.wfdb),
    "edf": Target(make=good.edf, read=read.anything, bombs=bombs.edf),
    "table": Target(make=good.table, read=read.table, bombs=bombs.table),
    "text": Target(make=good.text, read=read.anything, bombs=bombs.text),
    "fhir": Target(make=good.fhir, read=read.fhir, bombs=bombs.fhir),
    "documents": Target(make=good.documents, read=read.anything),
    "xpt": Target(make=good.xpt, read=read.table),
    "omop": Target(make=good.omop, read=read.omop, entry=_itself),
    "dictionary": Target(make=good.dictionary, read=read.dictionary),
    "archive": Target(make=good.archive, read=read.archive, bombs=bombs.archive),
    "manifest": Target(make=good.manifest, read=read.manifest),
    "study": Target(make=good.study, read=read.study),
    "run": Target(make=good.run, read=read.run, entry=_itself, bombs=bombs.run),
    "run_signed": Target(make=good.run, read=read.run_signed, entry=_itself),
    "look": Target(make=good.everything, read=read.look),
}
