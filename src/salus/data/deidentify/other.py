"""Files beside DICOM in one run: tables, notes and NIfTI volumes, with the same key."""

import gzip
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from salus.data.deidentify.file import Cleaned, RefusedError
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.plan import Plan
from salus.data.limits import max_text_bytes, refuse_above
from salus.schema.errors import SalusError, StoreError
from salus.schema.files import write_bytes, write_text

TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
TEXTS = (".txt", ".text", ".md")
VOLUMES = (".nii", ".nii.gz")


def suffix_of(path: Path, known: tuple[str, ...]) -> str:
    """Return the longest of the known endings that a file's name has, empty where it has none."""
    name = path.name.lower()
    return max((end for end in known if name.endswith(end)), key=len, default="")


def replacer(key: Key, plan: Plan) -> Callable[[str, str], str]:
    """Return what writes a stand-in for a value of a kind: numbers of patients get the pseudonym they have in DICOM.

    Dates in tables and notes belong to no patient that a single cell names, so they keep their year alone, or move by
    one number of weeks for the whole project.
    """
    from salus.data.deidentify.text import tag

    days = key.shift_days("all tables and notes of the project")

    def replace(kind: str, value: str) -> str:
        if kind == "date":
            if plan.retain_dates:
                return value
            return _moved(value, days) if plan.shift_dates else tag(kind, value)
        if kind == "mrn":
            return f"P{key.pseudonym('patient', value)}"
        if kind in ("age", "place"):
            return tag(kind, value)
        return f"{kind.upper()}-{key.pseudonym(kind, value, 8)}"

    return replace


def clean_other(source: Path, target: Path, plan: Plan, key: Key) -> Cleaned:
    """De-identify a table, a note or a NIfTI volume.

    Raises:
        RefusedError: Of no kind that is known here, or not readable.
    """
    name = key.pseudonym("file", str(source.name))
    try:
        if end := suffix_of(source, TABLES):
            return _table(source, target, plan, key, PurePosixPath("tables", name + end))
        if end := suffix_of(source, TEXTS):
            return _text(source, target, plan, key, PurePosixPath("texts", name + end))
        if end := suffix_of(source, VOLUMES):
            return _volume(source, target, plan, PurePosixPath("volumes", name + end))
    except (RefusedError, StoreError):
        raise
    except SalusError as error:
        # A message of the reader may quote what stands in the file.
        raise RefusedError(f"cannot be read as its name says ({type(error).__name__}); convert it") from error
    raise RefusedError("neither DICOM nor a table, note or NIfTI volume; leave it out or convert it")


def _table(source: Path, target: Path, plan: Plan, key: Key, place: PurePosixPath) -> Cleaned:
    from salus.data.deidentify.table import deidentify_table

    # The kind of a table is told by its ending, which a temporary name must keep.
    draft = target.with_name(f"{target.stem}{suffix_of(source, TABLES)}")
    try:
        report = deidentify_table(source, draft, replace=replacer(key, plan))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    tally = Counter({("table columns", column.action): 0 for column in report.columns})
    for column in report.columns:
        tally["table columns", column.action] += 1
    return Cleaned(place=place, tally=tally, notes=("table cells shared by fewer than five",) if report.small else ())


def _text(source: Path, target: Path, plan: Plan, key: Key, place: PurePosixPath) -> Cleaned:
    from salus.data.deidentify.text import mask_text

    if source.stat().st_size > max_text_bytes():
        raise RefusedError("a note larger than SALUS_MAX_TEXT_BYTES allows; cut it in parts")
    masked = mask_text(source.read_bytes().decode("utf-8", "replace"), replace=replacer(key, plan))
    write_text(target, masked.text)
    return Cleaned(place=place, tally=Counter(("text", f"masked: {kind}") for _, _, kind in masked.spans))


def _volume(source: Path, target: Path, plan: Plan, place: PurePosixPath) -> Cleaned:
    """Write voxels and geometry alone: texts of the header and all extensions are dropped.

    Source:
        NIfTI-1 and NIfTI-2 standards: fields descrip, aux_file, intent_name, db_name, data_type; extender.
    """
    import numpy as np

    from salus.data.deidentify.deface import deface
    from salus.data.readers.nifti import open_nifti, read_nifti

    loaded = open_nifti(source)
    refuse_above(source, int(np.prod(loaded.shape, dtype=object)))
    raw, notes = np.asanyarray(loaded.dataobj.get_unscaled()), ["texts of the header removed"]
    if plan.clean_faces:
        raw = np.array(raw)
        raw[deface(read_nifti(source)).mask.transpose(2, 1, 0)] = raw.min()
        notes.append("face removed")
    header = loaded.header.copy()
    for name in ("descrip", "aux_file", "intent_name", "db_name", "data_type"):
        if name in header.structarr.dtype.names:
            header[name] = b""
    size = len(header.binaryblock)
    header["vox_offset"] = size + 4
    payload = header.binaryblock + bytes(4) + raw.tobytes(order="F")
    if place.name.endswith(".gz"):
        buffer = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as out:
            out.write(payload)
        payload = buffer.getvalue()
    write_bytes(target, payload)
    return Cleaned(place=place, tally=Counter({("NIfTI header", "texts removed"): 1}), notes=tuple(notes))


def _moved(value: str, days: int) -> str:
    from datetime import timedelta

    import pandas as pd

    from salus.data.deidentify.text import tag

    moment = pd.to_datetime(value, errors="coerce")
    if not isinstance(moment, pd.Timestamp):
        return tag("date", value)
    moved = moment + timedelta(days=days)
    timed = moved.isoformat(sep=" ") if ":" in value else moved.date().isoformat()
    return str(timed)
