"""What pictures, volumes and signals say of themselves: geometry, leads, and the identifiers in their headers."""

import contextlib
import warnings
import zlib
from pathlib import Path
from typing import Any

from salus.data.geometry_doctor import examine as examine_geometry
from salus.data.signal_doctor import examine as examine_signal
from salus.data.survey.facts import Facts
from salus.data.survey.words import identifiers_in
from salus.schema.errors import SalusError
from salus.schema.sample import Image, Waveform

_HEADER = 65_536
# EXIF and TIFF tags whose value names a person, a device or a place.
_EXIF = {
    0x010E: ("EXIF ImageDescription", "text"),
    0x013B: ("EXIF Artist", "name"),
    0x013C: ("EXIF HostComputer", "place"),
    0x9C9D: ("EXIF XPAuthor", "name"),
    0x9C9C: ("EXIF XPComment", "text"),
}
_CAMERA = {0xA430: ("EXIF CameraOwnerName", "name"), 0xA431: ("EXIF BodySerialNumber", "number")}
_GPS, _DETAILS = 0x8825, 0x8769


def photograph(path: Path, facts: Facts) -> None:
    """Note what a picture's metadata tell of people and places; a damaged picture is left to its reader."""
    from PIL import Image as Pillow

    with (
        contextlib.suppress(
            OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, Pillow.DecompressionBombError
        ),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        with Pillow.open(path) as picture:
            facts.form["picture mode"] = picture.mode
            tables = getattr(picture, "quantization", None)
            if tables:
                listed = str(sorted((k, tuple(v)) for k, v in tables.items())).encode()
                facts.form["JPEG quality"] = f"tables {zlib.crc32(listed):08x}"
            _exif(picture.getexif(), facts)
            for key, value in list(picture.info.items())[:50]:
                if isinstance(value, str) and isinstance(key, str) and key.lower() not in ("exif", "xmp"):
                    _text(f"text chunk {key!r}", value, facts)


def _exif(exif: Any, facts: Facts) -> None:
    for tag, (place, kind) in _EXIF.items():
        value = exif.get(tag)
        if isinstance(value, bytes):
            value = value.decode("utf-16-le", errors="ignore").strip("\0")
        if value and str(value).strip():
            if kind == "text":
                _text(place, str(value), facts)
            else:
                facts.mark(place, kind, value)
    if exif.get_ifd(_GPS):
        facts.mark("EXIF GPS", "address")
    details = exif.get_ifd(_DETAILS)
    for tag, (place, kind) in _CAMERA.items():
        if details.get(tag):
            facts.mark(place, kind, details[tag])


def header(path: Path, facts: Facts) -> None:
    """Note what a volume's header tells of people: free text fields of NIfTI, comments of NRRD and MetaImage."""
    name = path.name.lower()
    if not name.endswith((".nii", ".nii.gz", ".hdr")):
        with path.open("rb") as handle:
            _text("header", handle.read(_HEADER).split(b"\n\n")[0].decode("latin-1"), facts)
        return
    import nibabel as nib

    with contextlib.suppress(Exception):  # whatever is wrong with the file, its reader says it in a sentence
        volume: Any = nib.load(path)
        for field in ("descrip", "aux_file", "intent_name", "db_name"):
            with contextlib.suppress(ValueError, KeyError):
                value = bytes(volume.header[field].item()).split(b"\0")[0].decode("latin-1")
                _text(f"NIfTI {field}", value, facts)
        for extension in list(volume.header.extensions)[:50]:
            if extension.get_code() == 2:
                facts.mark("NIfTI extension with a DICOM header", "text")


def geometry(content: Image, path: Path, facts: Facts) -> None:
    """Note what is doubtful about a volume's place in space."""
    for one in examine_geometry(content, path):
        facts.doubt(one.severity, "geometry", one.what, one.remedy)


def describe_waveform(content: Waveform, facts: Facts) -> None:
    """Note leads, rate, length, gaps and flat leads of a signal."""
    leads, points = content.array.shape
    facts.size = f"{leads} leads, {points / content.rate_hz:.3g} s at {content.rate_hz:g} Hz"
    facts.form |= {"rate": f"{content.rate_hz:g} Hz", "leads": ", ".join(content.leads[:16]), "length": f"{points}"}
    if not points:
        facts.doubt("error", "signal", "a signal without samples", "remove it")
        return
    for one in examine_signal(content):
        facts.doubt(one.severity, "signal", one.what, one.remedy)


def signal_header(path: Path, facts: Facts) -> None:
    """Note whom a recording's header names: patient and recording fields of EDF, comments of WFDB."""
    with contextlib.suppress(OSError, SalusError), path.open("rb") as handle:
        head = handle.read(_HEADER)
        if path.suffix.lower() == ".hea":
            comments = "\n".join(line for line in head.decode("latin-1").splitlines() if line.startswith("#"))
            _text("WFDB comments", comments, facts)
            return
        patient, recording = head[8:88].decode("latin-1").strip(), head[88:168].decode("latin-1").strip()
        # EDF+: hospital code, sex, birth date, name, each X where it was taken out.
        words = patient.split()
        for place, word in zip(("number", "sex", "birth date", "name"), words, strict=False):
            if place != "sex" and word.upper() not in ("X", ""):
                facts.mark("EDF patient field", place, word)
        parts = recording.split()
        if len(parts) > 3 and parts[0] == "Startdate":
            for word in parts[2:4]:
                if word.upper() != "X":
                    facts.mark("EDF recording field", "staff", word)


def _text(place: str, text: str, facts: Facts) -> None:
    for kind, value in identifiers_in(text)[:5]:
        facts.mark(place, kind, value)
