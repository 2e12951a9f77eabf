"""What kind of file something is, by its first bytes where they tell, else by its ending."""

from pathlib import Path

from salus.data.readers import dicom, image, nifti, table
from salus.data.readers.iob import SUFFIXES as IOB
from salus.schema.errors import DataError

WORDS = {
    "dicom": "DICOM objects",
    "dicomdir": "DICOM directories",
    "volume": "volumes (NIfTI, NRRD, MetaImage)",
    "picture": "pictures",
    "array": "arrays (NPY, NPZ)",
    "signal": "signals (WFDB, EDF, waveform tables)",
    "table": "tables",
    "text": "texts",
    "record": "health records (FHIR)",
    "part": "parts of other files",
    "archive": "archives",
    "model": "weights",
    "other": "other files",
}
VOLUMES = (*nifti.SUFFIXES, ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr")
SLIDES = (".svs", ".ndpi", ".scn", ".btf")
SIGNALS = (".hea", ".edf", ".bdf")
TEXTS = (*IOB, ".txt", ".md", ".jsonl", ".ann")
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
_PARTS = {".dat": (".hea",), ".raw": (".mhd", ".nhdr"), ".zraw": (".mhd",), ".img": (".hdr",)}
_ANNOTATIONS = (".atr", ".qrs", ".ecg", ".apn", ".st", ".xws")
_HEAD = 4096


def kind_of(path: Path) -> str:
    """Return a key of `WORDS` for a plain file.

    Raises:
        DataError: It cannot be opened.
    """
    try:
        with path.open("rb") as handle:
            head = handle.read(_HEAD)
    except OSError as error:
        raise DataError(f"{path}: cannot be opened ({error.strerror}); check its rights and the disk") from error
    name = path.name.lower()
    if name == "dicomdir":
        return "dicomdir"
    if head[128:132] == b"DICM" or name.endswith(dicom.SUFFIXES):
        return "dicom"
    return _by_content(head, name) or _by_name(path, name, head)


def is_fhir(head: bytes) -> bool:
    """Tell whether a text's first bytes are those of a FHIR resource, a bundle or bulk export lines."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"resourceType"' in head


def _by_content(head: bytes, name: str) -> str:
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "picture"
    if head.startswith(b"NRRD0"):
        return "volume"
    if head.startswith((b"0       ", b"\xffBIOSEMI")) and len(head) >= 256:
        return "signal"
    if head.startswith(b"PK\3\4") and not name.endswith(image.ARRAYS):
        return "archive"
    if head.startswith(b"\x93NUMPY"):
        return "array"
    return "record" if is_fhir(head) else ""


def _by_name(path: Path, name: str, head: bytes) -> str:
    ending = path.suffix.lower()
    if _is_part(path, ending):
        return "part"
    for endings, kind in (
        (VOLUMES, "volume"),
        (image.ARRAYS, "array"),
        ((*image.PICTURES, *SLIDES), "picture"),
        (SIGNALS, "signal"),
        ((*table.SUFFIXES, ".xpt"), "table"),
        (TEXTS, "text"),
        (ARCHIVES, "archive"),
        ((".safetensors", ".pth", ".pt", ".onnx", ".h5", ".pkl"), "model"),
        (_ANNOTATIONS, "part"),
    ):
        if name.endswith(endings):
            return kind
    return "dicom" if not ending and _is_old_dicom(head) else "other"


def _is_part(path: Path, ending: str) -> bool:
    """Tell whether a file is read together with a neighbour that has a header's ending."""
    return any(path.with_suffix(header).is_file() for header in _PARTS.get(ending, ()))


def _is_old_dicom(head: bytes) -> bool:
    """Tell whether a file without name ending or mark starts with elements of group 0008, as before 1996."""
    return head[:2] in (b"\x08\x00", b"\x00\x08") and len(head) >= 132
