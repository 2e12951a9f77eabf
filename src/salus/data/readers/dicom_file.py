"""One DICOM file: its header, and where in the file its pixels lie. Pixels stay on the disk until they are asked for.

Source: DICOM PS3.5 (encoding, annex A: transfer syntaxes) and PS3.10 (file format).
"""

import tempfile
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from salus.data.limits import existing, refuse_above
from salus.schema.errors import DataError, SalusError

DEFLATED = "1.2.840.10008.1.2.1.99"
MAX_INFLATED = 2**30
"""Most bytes that a deflated file may unpack to; also at most 200 times its size and 16 MiB."""

_PIXELS = {0x7FE00010: "PixelData", 0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData"}
_IN_MEMORY = 2**26
_PIECE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomFile:
    """A parsed header and the place of the pixels.

    Attributes:
        path: The file.
        header: pydicom data set of everything before the pixels.
        syntax: Transfer syntax UID.
        keyword: `PixelData`, `FloatPixelData`, `DoubleFloatPixelData`, or empty where the file has none.
        vr: Value representation of the pixels, `OB` or `OW`.
        start: Byte at which the pixels begin (of the inflated content in a deflated file).
        length: Their bytes; None where they are encapsulated.
        declared: (frames, rows, columns, samples) as stated; None where the file is no image.
    """

    path: Path
    header: Any
    syntax: str
    keyword: str = ""
    vr: str = ""
    start: int = 0
    length: int | None = 0
    declared: tuple[int, int, int, int] | None = None

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Return (frames, rows, columns, samples).

        Raises:
            DataError: Not an image, or an impossible size.
        """
        if self.declared is None:
            raise DataError(f"{self.path}: DICOM without an image ({content_of(self.header)}); leave it out")
        if min(self.declared) < 1:
            raise DataError(f"{self.path}: declares an image of {self.declared}; every size must be above 0")
        return self.declared

    def refuse_above(self, limit: int | None = None) -> None:
        """Refuse more values than the limit (None: the setting), before anything is decoded."""
        frames, rows, columns, samples = self.sizes
        refuse_above(self.path, frames * rows * columns * samples, limit)

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open the content for reading, positioned at the pixels."""
        with self.path.open("rb") as handle:
            if self.syntax == DEFLATED:
                with inflated(handle, self.path, _header_end(self.path)) as content:
                    content.seek(self.start)
                    yield content
            else:
                handle.seek(self.start)
                yield handle


def open_dicom(path: Path | str) -> DicomFile:
    """Parse a file up to its pixels.

    Raises:
        DataError: Not DICOM, or damaged.
    """
    found = existing(path)
    with guarded(found):
        if _is_deflated(found):
            return _open_deflated(found)
        return _open_plain(found)


def is_dicom(path: Path | str) -> bool:
    """Tell whether a file carries the DICOM mark at byte 128."""
    try:
        with Path(path).open("rb") as handle:
            handle.seek(128)
            return handle.read(4) == b"DICM"
    except OSError:
        return False


def content_of(header: Any) -> str:
    """Return what kind of object a header says it is, in the words of the standard."""
    kind = getattr(header, "SOPClassUID", None) or getattr(
        getattr(header, "file_meta", None), "MediaStorageSOPClassUID", ""
    )
    return str(getattr(kind, "name", kind) or "content unknown")


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Name the file in whatever pydicom raises: it converts elements when they are touched, so any line can meet one.

    Its warnings of values that it mends are silenced.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SalusError:
        raise
    except Exception as error:
        raise DataError(
            f"{path}: damaged DICOM ({type(error).__name__}: {error}); export it again from its archive"
        ) from error


@contextmanager
def inflated(handle: IO[bytes], path: Path, start: int) -> Iterator[IO[bytes]]:
    """Inflate what follows byte `start` into a temporary file, large ones on the disk, never above `MAX_INFLATED`.

    Source:
        DICOM PS3.5, A.5 (deflated explicit VR little endian).
    """
    bound = min(MAX_INFLATED, 200 * path.stat().st_size + 2**24)
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    handle.seek(start)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as content:
        while piece := handle.read(_PIECE):
            while piece and not engine.eof:
                content.write(engine.decompress(piece, _PIECE))
                piece = engine.unconsumed_tail
                if content.tell() > bound:
                    raise DataError(f"{path}: inflates to more than {bound:,} bytes; refused as a decompression bomb")
        content.write(engine.flush())
        content.seek(0)
        yield content


def _open_plain(path: Path) -> DicomFile:
    from pydicom.filereader import read_partial

    with path.open("rb") as handle:
        # Files from before 1996 lack the mark; force reads them, and what is not DICOM then has no elements.
        header = read_partial(handle, _at_pixels, force=True)
        if not header.preamble and ("SOPClassUID" not in header or "Modality" not in header):
            raise DataError(f"{path}: not a DICOM file; give .dcm files, or convert it")
        syntax = str(getattr(header.file_meta, "TransferSyntaxUID", "") or _guessed(header))
        return _located(path, header, syntax, handle)


def _open_deflated(path: Path) -> DicomFile:
    from pydicom.dataset import FileDataset
    from pydicom.filereader import read_dataset, read_file_meta_info

    meta = read_file_meta_info(path)
    with path.open("rb") as handle, inflated(handle, path, _header_end(path)) as content:
        data = read_dataset(cast(BinaryIO, content), False, True, stop_when=_at_pixels)
        header = FileDataset(str(path), data, b"\0" * 128, meta, False, True)
        header.set_original_encoding(False, True, data._character_set)
        return _located(path, header, DEFLATED, content)


def _located(path: Path, header: Any, syntax: str, handle: IO[bytes]) -> DicomFile:
    """Read the element header of the pixels, at which the parser stopped."""
    declared = declared_size(header)
    implicit, little = header.original_encoding
    order = "little" if little else "big"
    head = handle.read(12)
    if len(head) < 8:
        return DicomFile(path=path, header=header, syntax=syntax, declared=declared)
    tag = (int.from_bytes(head[:2], order) << 16) | int.from_bytes(head[2:4], order)  # type: ignore[arg-type]
    if tag not in _PIXELS:
        return DicomFile(path=path, header=header, syntax=syntax, declared=declared)
    if not (head[4:6].isalpha() and head[4:6].isupper()):
        implicit = True  # some writers leave the VR out of this one element
    vr = "OW" if implicit else head[4:6].decode("latin-1")
    place = handle.tell() - len(head)
    start = place + (8 if implicit else 12)
    length = int.from_bytes(head[4:8] if implicit else head[8:12], order)  # type: ignore[arg-type]
    undefined = length == 0xFFFFFFFF
    return DicomFile(
        path=path,
        header=header,
        syntax=syntax,
        keyword=_PIXELS[tag],
        vr=vr,
        start=start,
        length=None if undefined else length,
        declared=declared,
    )


def declared_size(header: Any) -> tuple[int, int, int, int] | None:
    """Return (frames, rows, columns, samples) as a header states them, None where it is no image's."""
    try:
        frames, samples = (int(header.get(name) or 1) for name in ("NumberOfFrames", "SamplesPerPixel"))
        return frames, int(header.Rows), int(header.Columns), samples
    except (AttributeError, TypeError, ValueError):
        return None


def _at_pixels(tag: Any, vr: str | None, length: int) -> bool:
    return int(tag) in _PIXELS


def _guessed(header: Any) -> str:
    implicit, little = header.original_encoding
    if implicit:
        return "1.2.840.10008.1.2"
    return "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2"


def _is_deflated(path: Path) -> bool:
    with path.open("rb") as handle:
        return b"\x02\x00\x10\x00UI\x16\x00" + DEFLATED.encode() in handle.read(4096)


def _header_end(path: Path) -> int:
    """Return the byte after the file meta group, whose length its first element states."""
    with path.open("rb") as handle:
        head = handle.read(144)
    if len(head) < 144 or head[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        raise DataError(f"{path}: deflated, without the length of its file meta group; export it again uncompressed")
    return 144 + int.from_bytes(head[140:144], "little")
