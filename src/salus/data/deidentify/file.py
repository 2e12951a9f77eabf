"""One DICOM file in, one de-identified file out, or a reason why not."""

import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from salus.data.deidentify.dicom import Tally, deidentify_dataset, subject_of
from salus.data.deidentify.elements import many
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.pixels import clean_pixels, holds_pixels
from salus.data.deidentify.plan import Plan
from salus.data.deidentify.terms import Terms
from salus.data.readers.dicom_file import inflated, is_dicom
from salus.schema.errors import DataError, SalusError, StoreError

IMPLEMENTATION = "2.25.231797286735284205379263142386513347131"
"""Implementation Class UID of this writer."""
_PLAIN = {
    (True, True): "1.2.840.10008.1.2",
    (False, True): "1.2.840.10008.1.2.1",
    (False, False): "1.2.840.10008.1.2.2",
}
"""Transfer syntax of pixels that are not packed, by (implicit representation, little endian)."""
_DEFLATED = "1.2.840.10008.1.2.1.99"
_INDEX = "1.2.840.10008.1.3.10"
MAX_BYTES = 8 * 2**30


class RefusedError(DataError):
    """A file that cannot be de-identified; the reason holds no value of the file, so that a report may show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What became of one file.

    Attributes:
        place: Where it belongs below the output folder; its parts are pseudonyms.
        tally: How often each attribute met each action.
        notes: What a person should know, without values.
    """

    place: PurePosixPath
    tally: Tally = field(default_factory=Counter)
    notes: tuple[str, ...] = ()


def clean_file(source: Path, target: Path, plan: Plan, key: Key, face: Any | None = None) -> Cleaned:
    """De-identify a DICOM file.

    Args:
        source: Only read.
        target: Written whole or not at all.
        plan: What to keep and what to clean.
        key: The project's secret.
        face: Boolean `(F, H, W)` or `(H, W)`, true where a face was found in the series' volume; None where none is
            to be removed.

    Returns:
        What was done.

    Raises:
        RefusedError: The file cannot be de-identified or an identifier would remain; nothing is written.
    """
    if source.stat().st_size > MAX_BYTES:
        raise RefusedError(f"larger than {MAX_BYTES >> 30} GiB; split it first")
    with _guarded():
        dataset = _read(source)
        _refuse_hopeless(dataset, plan)
        place, had = place_of(dataset, key), holds_pixels(dataset)
        tally, terms = deidentify_dataset(dataset, plan, key)
        notes = clean_pixels(dataset, plan, face) if had else ()
        tally.update({("PixelData", note): 1 for note in notes})
        _renew_meta(dataset)
        _write(dataset, target, terms)
    return Cleaned(place=place, tally=tally, notes=notes)


def place_of(dataset: Any, key: Key) -> PurePosixPath:
    """Return patient/study/series/instance.dcm, all of them pseudonyms, from a data set as read."""
    patient = f"P{key.pseudonym('patient', subject_of(dataset))}"
    study = key.pseudonym("study", str(dataset.get("StudyInstanceUID", "")))
    series = key.pseudonym("series", str(dataset.get("SeriesInstanceUID", "")))
    instance = key.pseudonym("instance", str(dataset.get("SOPInstanceUID", "")))
    return PurePosixPath(patient, study, series, f"{instance}.dcm")


def _read(source: Path) -> Any:
    import pydicom

    _refuse_bomb(source)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        dataset = pydicom.dcmread(source, force=True)
    if any("end of file" in str(one.message).lower() for one in said):
        raise RefusedError("ends in the middle of an element: cut off while copied; copy it again")
    if "SOPClassUID" not in dataset or "SOPInstanceUID" not in dataset:
        if str(getattr(dataset.file_meta, "MediaStorageSOPClassUID", "")) == _INDEX:
            raise RefusedError("DICOMDIR, an index of the old names; make a new one from the output")
        raise RefusedError("not a complete DICOM object: no SOP Class or Instance UID")
    return dataset


def _refuse_bomb(source: Path) -> None:
    """Inflate a deflated file once within bounds, because pydicom has none."""
    from pydicom.filereader import read_file_meta_info

    if not is_dicom(source):
        return
    meta = read_file_meta_info(source)
    if str(meta.get("TransferSyntaxUID", "")) != _DEFLATED or "FileMetaInformationGroupLength" not in meta:
        return
    with source.open("rb") as handle, inflated(handle, source, 144 + int(meta.FileMetaInformationGroupLength)):
        pass


def _refuse_hopeless(dataset: Any, plan: Plan) -> None:
    if "EncapsulatedDocument" in dataset:
        raise RefusedError("holds a document (PDF, CDA, model) that cannot be cleaned; take its text out by hand")
    if "PixelDataProviderURL" in dataset and "PixelData" not in dataset:
        raise RefusedError("its pixels lie at an address elsewhere; fetch them into the file first")
    if "PixelData" in dataset and not _whole(dataset):
        raise RefusedError("its pixels are shorter than declared: cut off while copied; copy it again")
    stated = str(dataset.get("BurnedInAnnotation", "")).strip().upper()
    if stated == "YES" and not plan.clean_pixels:
        raise RefusedError("says that its pixels show identities; add --clean-pixels")


def _whole(dataset: Any) -> bool:
    """Tell whether plain pixels are as many as declared; packed ones are judged by their decoder."""
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if (syntax is not None and syntax.is_compressed) or "BitsAllocated" not in dataset or "Rows" not in dataset:
        return True
    size = int(dataset.Rows) * int(dataset.get("Columns", 0)) * int(dataset.get("SamplesPerPixel", 1) or 1)
    bits = size * int(dataset.get("NumberOfFrames", 1) or 1) * int(dataset.BitsAllocated)
    halved = dataset.get("PhotometricInterpretation", "") == "YBR_FULL_422"
    return len(dataset.PixelData) >= bits // 8 * (2 if halved else 3) // 3


def _renew_meta(dataset: Any) -> None:
    """Replace preamble and file meta information wholly: both may hold anything.

    Source:
        DICOM PS3.15, E.1.1; PS3.10, 7.1.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    import salus

    old = getattr(dataset, "file_meta", None)
    implicit, little = dataset.original_encoding
    meta = FileMetaDataset()
    stated = getattr(old, "TransferSyntaxUID", None)
    meta.TransferSyntaxUID = UID(stated or _PLAIN[bool(implicit), bool(little)])
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = f"SALUS {salus.__version__}"[:16]
    dataset.file_meta = meta
    dataset.preamble = b"\0" * 128


def _write(dataset: Any, target: Path, terms: Terms) -> None:
    """Write under another name, look at the bytes, then rename; a run brings many files to the disk at once."""
    temporary = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(temporary, enforce_file_format=True)
        if _remains(temporary.read_bytes(), dataset, terms):
            raise RefusedError("an identifier known from its header would remain in a place that cannot be cleaned")
        temporary.replace(target)
    except OSError as error:
        raise StoreError(
            f"{target}: cannot be written ({error.strerror}); free space or choose another disk"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def plain_bytes(written: bytes, syntax: str) -> bytes:
    """Return the bytes of a DICOM file as they can be searched: what was deflated is inflated."""
    if syntax != _DEFLATED:
        return written
    # The length of the file meta information stands in its first element, right after the mark.
    start = 144 + int.from_bytes(written[140:144], "little")
    return written[:start] + zlib.decompressobj(-zlib.MAX_WBITS).decompress(written[start:])


def _remains(written: bytes, dataset: Any, terms: Terms) -> bool:
    """Search the bytes as they stand on the disk: what no attribute accounts for is found here."""
    written = plain_bytes(written, str(dataset.file_meta.TransferSyntaxUID))
    pixels = next((dataset[tag].value for tag in ("PixelData",) if tag in dataset), b"")
    pixels = pixels if isinstance(pixels, bytes) else b""
    at = written.rfind(pixels) if pixels else -1
    if at < 0:
        return terms.within(written)
    packed = bool(dataset.file_meta.TransferSyntaxUID.is_compressed)
    # Among plain pixel values letters occur by chance; packed ones may carry a comment of the encoder.
    around = terms.within(written[:at]) or terms.within(written[at + len(pixels) :])
    return around or (packed and terms.within(pixels, least=7))


@contextmanager
def _guarded() -> Iterator[None]:
    """Turn whatever pydicom raises of a damaged file into a reason without values."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (RefusedError, StoreError, ImportError, SyntaxError):  # the latter two are faults of an installation
        raise
    except SalusError as error:  # its message names the file, and may quote it
        raise RefusedError("not readable within the bounds for files from outside; export it again") from error
    except RecursionError as error:
        raise RefusedError("sequences nested too deep; the file is damaged or hostile") from error
    except MemoryError as error:
        raise RefusedError("needs more memory than there is") from error
    except OSError as error:
        raise RefusedError(f"cannot be read ({error.strerror})") from error
    except Exception as error:
        raise RefusedError(f"damaged DICOM ({type(error).__name__}); export it again from its archive") from error


def series_of(source: Path) -> tuple[str, str]:
    """Return (SeriesInstanceUID, modality) of a file without its pixels.

    Raises:
        RefusedError: Not readable as DICOM.
    """
    import pydicom

    with _guarded():
        tags = ["SeriesInstanceUID", "Modality"]
        header = pydicom.dcmread(source, stop_before_pixels=True, force=True, specific_tags=tags)
        return str(header.get("SeriesInstanceUID", "")), str(many(header.get("Modality", "") or "")[0])
