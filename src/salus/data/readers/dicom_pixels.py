"""Stored samples of a DICOM file, frame by frame: read from the disk as they are needed, decoded by a pool of threads.

Source: DICOM PS3.3, C.7.6.3 (image pixel module); PS3.5, section 8 and annex A.4 (encapsulation).
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.readers.dicom_codecs import (
    DEFLATED_FRAMES,
    JPEG_XL,
    RLE,
    chosen,
    decode_directly,
    decode_grey,
    decode_rle,
    refuse_false_size,
)
from salus.data.readers.dicom_file import DicomFile
from salus.data.readers.dicom_frames import BIG_ENDIAN, NATIVE, raw_frames, stored_type, swapped
from salus.schema.errors import DataError, SalusError


def threads() -> int:
    """Return how many threads decode: the processor's cores, at most eight."""
    return max(1, min(8, os.cpu_count() or 1))


def each_frame(file: DicomFile, use: Callable[[int, NDArray[Any]], None], pool: ThreadPoolExecutor | None) -> None:
    """Decode every frame and hand it to `use`; with a pool, in its threads and in any order.

    Args:
        file: As `open_dicom` returns it.
        use: Called with the frame's number and its samples `(H, W)`, or `(H, W, 3)` in RGB; palettes as indices.
        pool: Where to decode; at most two frames a thread wait in memory. None decodes here.

    Raises:
        DataError: No pixels, cut short, damaged, or no decoder.
    """

    def work(index: int, data: bytes) -> None:
        use(index, _decoded(data, file, index))

    with _explained(file), file.opened() as handle:
        if pool is None:
            for index, data in raw_frames(file, handle):
                work(index, data)
            return
        waiting: deque[Future[None]] = deque()
        try:
            for index, data in raw_frames(file, handle):
                if len(waiting) >= 2 * threads():
                    waiting.popleft().result()
                waiting.append(pool.submit(work, index, data))
            while waiting:
                waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def one_frame(file: DicomFile, number: int) -> NDArray[Any]:
    """Decode frame `number` alone: `(H, W)`, or `(H, W, 3)` in RGB; palettes as indices.

    Raises:
        DataError: No such frame, or as `each_frame`.
    """
    with _explained(file), file.opened() as handle:
        for index, data in raw_frames(file, handle):
            if index == number:
                return _decoded(data, file, index)
    raise DataError(f"{file.path}: has {file.sizes[0]} frames, number {number} is none of them; count from 0")


def raw_words(file: DicomFile) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield each native frame `(H, W)` with all its bits, those beside the sample too (overlays of old files).

    Raises:
        DataError: Compressed, colour, or as `each_frame`.
    """
    _, rows, columns, samples = file.sizes
    if file.syntax not in NATIVE or samples != 1:
        raise DataError(f"{file.path}: bits beside the samples are kept in uncompressed grey files alone")
    dtype = stored_type(file)
    kind = np.dtype(f"u{dtype.itemsize}").newbyteorder(">" if file.syntax == BIG_ENDIAN else "<")
    with _explained(file), file.opened() as handle:
        for index, data in raw_frames(file, handle):
            yield index, np.frombuffer(data, kind).reshape(rows, columns)


class _explained:  # noqa: N801
    """Tell which file and encoding a decoder failed on; decoders of eight libraries raise their own kinds."""

    def __init__(self, file: DicomFile) -> None:
        self.file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or not isinstance(error, Exception):
            return
        if isinstance(error, SalusError) and str(self.file.path) in str(error):
            return
        from pydicom.uid import UID

        why = str(error) if isinstance(error, SalusError) else f"{type(error).__name__}: {error}"
        raise DataError(
            f"{self.file.path}: pixels cannot be decoded ({why}); transfer syntax "
            f"{UID(self.file.syntax).name or 'unknown'}; export it uncompressed, or see `salus doctor` for the decoders"
        ) from error


def _decoded(data: bytes, file: DicomFile, index: int) -> NDArray[Any]:
    _, rows, columns, samples = file.sizes
    dtype = stored_type(file)
    shape = (rows, columns) if samples == 1 else (rows, columns, samples)
    bits = int(getattr(file.header, "BitsAllocated", 8) or 8)
    if bits == 1 and file.syntax in NATIVE:
        return np.frombuffer(data, np.uint8).reshape(shape)
    if file.syntax in NATIVE and samples == 1 and not swapped(file):
        array = np.frombuffer(data, dtype.newbyteorder(">" if file.syntax == BIG_ENDIAN else "<"))
        return _used_bits(array.astype(dtype, copy=False).reshape(shape), file)
    if file.syntax in JPEG_XL or file.syntax == DEFLATED_FRAMES:
        direct = decode_directly(data, file.syntax, rows * columns * samples, dtype.newbyteorder("<"))
        return _used_bits(direct.reshape(shape), file)
    if file.syntax not in NATIVE:
        refuse_false_size(data, file.syntax, rows * columns * samples)
        if samples == 1 and file.syntax == RLE:
            return _used_bits(decode_rle(data, rows * columns, dtype).reshape(shape), file)
        if samples == 1:
            grey = decode_grey(data, file.syntax, dtype.kind == "i")
            if grey is not None and grey.shape == shape and grey.dtype.itemsize <= dtype.itemsize:
                return _used_bits(grey.astype(dtype, copy=False), file)
    return _by_pydicom(data, file)


def _used_bits(array: NDArray[Any], file: DicomFile) -> NDArray[Any]:
    """Drop what stands in the bits that hold no sample: an old overlay, or noise.

    Source:
        DICOM PS3.5, 8.1.1.
    """
    stored = int(getattr(file.header, "BitsStored", 0) or 0)
    unused = array.dtype.itemsize * 8 - stored
    if array.dtype.kind == "f" or not stored > 0 or unused <= 0:
        return array
    if array.dtype.kind == "u":
        return array & array.dtype.type((1 << stored) - 1)
    return np.right_shift(np.left_shift(array, unused), unused)


def _by_pydicom(data: bytes, file: DicomFile) -> NDArray[Any]:
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    _, rows, columns, samples = file.sizes
    decoder = get_decoder(UID(file.syntax))
    source: bytes = data
    if file.syntax not in NATIVE:
        source = encapsulate([data], has_bot=False)
    options: dict[str, Any] = {
        "rows": rows,
        "columns": columns,
        "samples_per_pixel": samples,
        "number_of_frames": 1,
        "bits_allocated": int(file.header.BitsAllocated),
        "bits_stored": int(getattr(file.header, "BitsStored", 0) or file.header.BitsAllocated),
        "pixel_representation": int(getattr(file.header, "PixelRepresentation", 0) or 0),
        "photometric_interpretation": str(file.header.PhotometricInterpretation),
        "pixel_keyword": file.keyword,
        "pixel_vr": file.vr,
    }
    if samples > 1:
        options["planar_configuration"] = int(getattr(file.header, "PlanarConfiguration", 0) or 0)
    first = chosen(file.syntax, samples)
    if first:
        try:
            return np.asarray(decoder.as_array(source, index=0, decoding_plugin=first, **options)[0])
        except Exception as error:  # other decoders may take what this one does not
            if file.syntax == RLE or decoder.available_plugins == (first,):
                raise DataError(f"{first}: {error}") from error
    return _by_another(decoder, source, first, options)


def _by_another(decoder: Any, source: bytes, first: str, options: dict[str, Any]) -> NDArray[Any]:
    """Ask every other decoder; never gdcm, which ends the whole program where a frame contradicts its header."""
    names = [name for name in decoder.available_plugins if name not in (first, "gdcm")]
    if not names and decoder.is_encapsulated:
        raise DataError("no other decoder is here for this transfer syntax")
    failed: Exception | None = None
    for name in names or [""]:
        try:
            return np.asarray(decoder.as_array(source, index=0, decoding_plugin=name, **options)[0])
        except Exception as error:  # decoders of several libraries raise their own kinds
            failed = error
    raise DataError(f"{', '.join(names)}: {failed}") from failed
