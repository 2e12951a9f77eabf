"""The bytes of a file's frames: where each begins, how many there must be, one after the other from the disk.

Source: DICOM PS3.3, C.7.6.3 (image pixel module); PS3.5, section 8 and annex A.4 (encapsulation).
"""

from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from salus.data.readers.dicom_codecs import JPEG_XL
from salus.data.readers.dicom_file import DEFLATED, DicomFile
from salus.schema.errors import DataError

NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", DEFLATED)
BIG_ENDIAN = "1.2.840.10008.1.2.2"
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_FLOAT: dict[str, np.dtype[Any]] = {"FloatPixelData": np.dtype("f4"), "DoubleFloatPixelData": np.dtype("f8")}


def stored_type(file: DicomFile) -> np.dtype[Any]:
    """Return the type of a stored sample in the machine's byte order.

    Raises:
        DataError: Bits allocated that the standard does not know.
    """
    if file.keyword in _FLOAT:
        return _FLOAT[file.keyword]
    bits = int(getattr(file.header, "BitsAllocated", 0) or 0)
    if bits not in (1, 8, 16, 32, 64):
        raise DataError(f"{file.path}: {bits} bits allocated to a sample; expected 1, 8, 16, 32 or 64")
    signed = int(getattr(file.header, "PixelRepresentation", 0) or 0) == 1
    return np.dtype("u1") if bits == 1 else np.dtype(f"{'i' if signed else 'u'}{bits // 8}")


def refuse_short(file: DicomFile) -> None:
    """Refuse a file whose bytes cannot hold the frames that it declares, before anything is made for them.

    Raises:
        DataError: No pixels, too few bytes, or an encoding that is not known.
    """
    if not file.keyword:
        raise DataError(f"{file.path}: declares an image but holds no pixel data; export it again with its pixels")
    _refuse_unknown(file)
    left = file.path.stat().st_size - file.start if file.syntax != DEFLATED else file.length or 0
    if file.syntax in NATIVE:
        whole, left = _whole_bytes(file), min(file.length or 0, left)
        if left < whole:
            raise DataError(f"{file.path}: cut short, {left:,} of {whole:,} bytes of pixels; export or copy it again")
    elif left < 8 * file.sizes[0]:  # every frame needs an item of its own
        raise DataError(f"{file.path}: cut short, {left:,} bytes for {file.sizes[0]:,} frames; export or copy it again")


def raw_frames(file: DicomFile, handle: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of every frame; frames of one bit a sample come as one byte a sample.

    Raises:
        DataError: As `refuse_short`, or fewer frames than declared.
    """
    refuse_short(file)
    frames = file.sizes[0]
    if file.syntax not in NATIVE:
        yield from _encapsulated(file, handle, frames)
        return
    size, whole = _frame_bytes(file), _whole_bytes(file)
    bits = int(getattr(file.header, "BitsAllocated", 8) or 8)
    if bits == 1:  # frames follow each other without padding to bytes
        packed = np.frombuffer(handle.read(whole), np.uint8)
        for index in range(frames):
            first, last = index * size // 8, ((index + 1) * size + 7) // 8
            bits_here = np.unpackbits(packed[first:last], bitorder="little")
            skip = index * size - first * 8
            yield index, bits_here[skip : skip + size].tobytes()
        return
    if frames == 1 and size % 2 and swapped(file):
        size += 1  # the last sample stands behind the padding
    for index in range(frames):
        data = handle.read(size)
        if len(data) != size:
            raise DataError(f"{file.path}: cut short in frame {index + 1}; copy it again")
        yield index, data


def swapped(file: DicomFile) -> bool:
    """Tell whether bytes were written as words of two, the last first.

    Source:
        DICOM PS3.5, annex A.3 and 7.3 (OW in big endian).
    """
    return file.syntax == BIG_ENDIAN and file.vr == "OW" and int(getattr(file.header, "BitsAllocated", 8) or 8) == 8


def _encapsulated(file: DicomFile, handle: IO[bytes], frames: int) -> Iterator[tuple[int, bytes]]:
    from pydicom.encaps import generate_frames

    offsets = getattr(file.header, "ExtendedOffsetTable", None)
    lengths = getattr(file.header, "ExtendedOffsetTableLengths", None)
    found = 0
    for index, data in enumerate(
        generate_frames(
            handle,
            number_of_frames=frames,
            extended_offsets=(offsets, lengths) if offsets and lengths else None,
        )
    ):
        if index == frames:
            break
        found += 1
        yield index, data
    if found != frames:
        raise DataError(f"{file.path}: holds {found} of {frames} frames; copy it again")


def _whole_bytes(file: DicomFile) -> int:
    frames, size = file.sizes[0], _frame_bytes(file)
    one_bit = int(getattr(file.header, "BitsAllocated", 8) or 8) == 1 and file.keyword not in _FLOAT
    return (size * frames + 7) // 8 if one_bit else size * frames


def _frame_bytes(file: DicomFile) -> int:
    """Return the bytes of one native frame; its bits where one sample is one bit."""
    _, rows, columns, samples = file.sizes
    count = rows * columns * samples
    if file.keyword in _FLOAT:
        return count * _FLOAT[file.keyword].itemsize
    bits = int(getattr(file.header, "BitsAllocated", 8) or 8)
    if bits == 1:
        return count
    if str(getattr(file.header, "PhotometricInterpretation", "")) == "YBR_FULL_422":
        count = count // 3 * 2  # two luminances share a pair of chrominances
    return count * bits // 8


def _refuse_unknown(file: DicomFile) -> None:
    samples = file.sizes[3]
    colour = str(getattr(file.header, "PhotometricInterpretation", "") or "")
    if samples not in (1, 3):
        raise DataError(f"{file.path}: {samples} samples a pixel; expected 1 or 3")
    if samples == 3 and colour not in _COLOURS:
        raise DataError(f"{file.path}: colour as {colour or 'nothing stated'}; expected one of {', '.join(_COLOURS)}")
    if file.syntax.startswith("1.2.840.10008.1.2.4.10") and file.syntax not in JPEG_XL:
        raise DataError(f"{file.path}: a video (MPEG); convert it to frames with a video program first")
    if file.syntax not in NATIVE and file.length is not None:
        # some writers state the length of what they encapsulate, against A.4
        with file.path.open("rb") as handle:
            handle.seek(file.start)
            if handle.read(4) != b"\xfe\xff\x00\xe0":
                raise DataError(f"{file.path}: of a compressed transfer syntax, not encapsulated; export it again")
