"""Open any file a user has, by what it holds and how it ends."""

from pathlib import Path

from salus.data.limits import existing
from salus.data.readers import dicom, image, metaimage, nifti, nrrd, table
from salus.data.readers.brat import SUFFIXES as BRAT
from salus.data.readers.brat import read_brat
from salus.data.readers.dicom_ecg import is_dicom_waveform, read_dicom_ecg
from salus.data.readers.edf import SUFFIXES as EDF
from salus.data.readers.edf import is_edf, read_edf
from salus.data.readers.iob import SUFFIXES as IOB
from salus.data.readers.iob import looks_like_iob, read_iob, read_note
from salus.data.readers.jsonl import SUFFIXES as JSONL
from salus.data.readers.jsonl import read_jsonl
from salus.data.readers.slide_form import is_slide
from salus.data.readers.waveform import looks_like_waveform, read_waveform
from salus.data.records.own import read_records, record_form
from salus.schema.errors import DataError
from salus.schema.sample import Events, Image, Note, Row, Waveform

Content = Image | Waveform | Note | Events | list[Row] | list[Note] | list[Events]

_TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF

KINDS = (
    "pictures (PNG, JPEG, TIFF, BMP), whole slides (tiled TIFF, OME-TIFF, SVS), arrays (NPY, NPZ), DICOM files, "
    "series (a folder, zip or DICOMDIR) and waveforms, NIfTI, NRRD, MetaImage, WFDB (.hea), EDF and BDF, tables and "
    "waveforms (CSV, TSV, Parquet, XPT), FHIR (.json, .ndjson), IOB text (.tsv, .iob, .conll), brat (.ann), JSON lines "
    "(.jsonl) and plain text (.txt)"
)

_VOLUMES = (
    (nifti.SUFFIXES, nifti.read_nifti),
    (nrrd.SUFFIXES, nrrd.read_nrrd),
    (metaimage.SUFFIXES, metaimage.read_metaimage),
)


def read_any(path: Path | str, rate_hz: float | None = None, limit: int | None = None) -> Content:
    """Read one file, or a folder, zip or DICOMDIR that holds one DICOM series, or a folder of records.

    Args:
        path: What to read; the content decides where it carries a mark, else the ending.
        rate_hz: Makes a table a waveform of this rate.
        limit: Most values an image or signal may decode to; None takes the setting.

    Returns:
        An `Image`, `Waveform`, `Note`, the `Row`s of a table (one sample each), the `Note`s of an IOB file, or of FHIR
        the `Events` of its patient as the record stands (a list where there are several patients).

    Raises:
        DataError: Unknown kind, or what the kind's reader raises.
    """
    given = Path(path)
    name = given.name.lower()
    if given.is_dir() or name == "dicomdir" or name.endswith(dicom.ZIPPED):
        return _read_record(given) if record_form(given) else dicom.read_dicom_series(given, limit)
    if name.endswith((".hea", ".dat")) or (not given.exists() and given.with_name(given.name + ".hea").is_file()):
        from salus.data.readers.wfdb import read_wfdb

        return read_wfdb(given, limit)
    found = existing(given)
    if dicom.is_dicom(found) or name.endswith(dicom.SUFFIXES):
        return read_dicom_ecg(found, limit) if is_dicom_waveform(found) else dicom.read_dicom(found, limit)
    if name.endswith(EDF) or is_edf(found):
        return read_edf(found, limit=limit)
    for suffixes, read in _VOLUMES:
        if name.endswith(suffixes):
            return read(found, limit)
    if name.endswith(image.ARRAYS):
        return image.read_array(found, limit=limit)
    if name.endswith(image.PICTURES) or _is_picture(found):
        return _read_picture(found, limit)
    return _read_text(found, name, rate_hz)


def _read_picture(path: Path, limit: int | None) -> Image:
    with path.open("rb") as handle:
        head = handle.read(4)
    if head in _TIFF_MARKS and is_slide(path):
        from salus.data.readers.slide import read_slide

        return read_slide(path, limit)
    return image.read_picture(path, limit)


def _read_text(path: Path, name: str, rate_hz: float | None) -> Content:
    if name.endswith(IOB):
        return list(read_iob(path).sentences)
    if name.endswith(table.SUFFIXES):
        if name.endswith(".tsv") and looks_like_iob(_head(path)):
            return list(read_iob(path).sentences)
        if rate_hz is not None or looks_like_waveform(table.read_columns(path)):
            return read_waveform(path, rate_hz)
        return table.read_table(path)
    if name.endswith((".txt", ".md")):
        return read_note(path)
    if name.endswith((*BRAT, *JSONL)):
        texts = read_jsonl(path) if name.endswith(JSONL) else (read_brat(path),)
        return [Note(text=document.text) for document in texts]
    if name.endswith((".json", ".json.gz", ".ndjson", ".ndjson.gz")):
        return _read_record(path)
    raise DataError(f"{path}: unknown kind of file; Salus reads {KINDS}")


def _read_record(path: Path) -> Events | list[Events]:
    if not record_form(path):
        raise DataError(f"{path}: JSON without a resourceType; of JSON, Salus reads FHIR")
    lines = [line for line in read_records(path).values() if line.known_at_all()]
    if not lines:
        raise DataError(f"{path}: no patient with a dated event; there is nothing to predict from")
    events = [line.before(line.end()) for line in lines]
    return events[0] if len(events) == 1 else events


def _is_picture(path: Path) -> bool:
    with path.open("rb") as handle:
        head = handle.read(8)
    return head.startswith((b"\x89PNG", b"\xff\xd8\xff", *_TIFF_MARKS))


def _head(path: Path) -> str:
    with path.open("rb") as handle:
        return handle.read(20_000).decode("utf-8", errors="ignore")
