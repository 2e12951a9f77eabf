"""Decoders of imagecodecs as a plug-in of pydicom's, and a look at what a compressed frame claims before it is decoded.

pydicom finds its own plug-ins (Pillow, pylibjpeg, pyjpegls) without help. imagecodecs adds 12-bit JPEG, every
predictor of lossless JPEG at four times gdcm's speed, HTJ2K, JPEG XL, and releases the interpreter's lock while it
works, so that a pool of threads decodes in parallel.

Source: DICOM PS3.5, 8.2 and annex A.4; ITU-T T.81 (JPEG), T.87 (JPEG-LS), T.800 (JPEG 2000).
"""

import zlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError

NAME = "imagecodecs"
JPEG_XL = ("1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111", "1.2.840.10008.1.2.4.112")
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
OWN = {
    JPEG_XL[0]: "JPEG XL Lossless",
    JPEG_XL[1]: "JPEG XL JPEG Recompression",
    JPEG_XL[2]: "JPEG XL",
    DEFLATED_FRAMES: "Deflated Image Frame Compression",
}
"""Syntaxes that pydicom does not know, by name."""

_JPEG = ("1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_LOSSLESS = _JPEG[1:]
_JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_HTJ2K = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")
_OTHER_JPEG = ("1.2.840.10008.1.2.4.50",)
RLE = "1.2.840.10008.1.2.5"
_SEGMENTS = 4096
_TAIL = 16

DECODER_DEPENDENCIES = dict.fromkeys((*_JPEG, *_JPEG_LS, *_JPEG_2000, *_HTJ2K), ("imagecodecs>=2025.3",))


def is_available(uid: str) -> bool:
    """Tell pydicom whether the plug-in decodes a transfer syntax here."""
    try:
        import imagecodecs  # noqa: F401
    except ImportError:
        return False
    return str(uid) in DECODER_DEPENDENCIES or str(uid) in OWN


@cache
def plug_in(syntax: str) -> str:
    """Register the plug-in for a transfer syntax once; return its name, or nothing where it has no part in it."""
    from pydicom.pixels.decoders.base import get_decoder

    if syntax not in DECODER_DEPENDENCIES:
        return ""
    decoder = get_decoder(syntax)
    if NAME not in decoder.available_plugins:
        decoder.add_plugin(NAME, (__name__, "decode"))
    return NAME if NAME in decoder.available_plugins else ""


def chosen(syntax: str, samples: int) -> str:
    """Return the plug-in to ask first for frames of so many samples a pixel; empty leaves the choice to pydicom."""
    if syntax == RLE:
        return "pydicom"
    return "" if syntax in _JPEG and syntax not in _LOSSLESS and samples > 1 else plug_in(syntax)


def decode(frame: bytes, runner: Any) -> bytes:
    """Decode one frame for pydicom, which corrects sign and colour afterwards.

    Args:
        frame: The compressed frame.
        runner: pydicom's `DecodeRunner`; told how many bits a decoded sample has.

    Returns:
        Samples, row by row, colours interleaved.

    Raises:
        NotImplementedError: Colour in lossy JPEG, which pydicom's own plug-ins convert rightly.
        ValueError: The frame decodes to another size than the header says.
    """
    import imagecodecs

    syntax, samples = str(runner.transfer_syntax), int(runner.samples_per_pixel)
    if syntax in _JPEG:
        if samples != 1 and syntax not in _LOSSLESS:
            raise NotImplementedError("colour in JPEG is converted rightly by the other decoders")
        # Lossless JPEG has no colours of its own: components come as they are, and the header names their space.
        array = imagecodecs.jpeg_decode(frame) if samples == 1 else imagecodecs.ljpeg_decode(frame)
    elif syntax in _JPEG_LS:
        array = imagecodecs.jpegls_decode(frame)
    elif syntax in _HTJ2K:
        array = imagecodecs.htj2k_decode(frame)
    else:
        array = imagecodecs.jpeg2k_decode(frame)
    expected = (runner.rows, runner.columns) if samples == 1 else (runner.rows, runner.columns, samples)
    if array.shape != expected:
        raise ValueError(f"the frame decodes to {array.shape}, the header says {expected}")
    if samples > 1:
        runner.set_option("planar_configuration", 0)
        if syntax not in _JPEG_LS and str(runner.photometric_interpretation) in ("YBR_ICT", "YBR_RCT"):
            runner.set_option("photometric_interpretation", "RGB")
    runner.set_option("bits_allocated", array.dtype.itemsize * 8)
    return array.tobytes()


def decode_directly(frame: bytes, syntax: str, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Decode a frame of a syntax that pydicom does not know: JPEG XL, or deflated frames.

    Args:
        frame: The compressed frame.
        syntax: Transfer syntax UID.
        count: Samples that the header declares.
        dtype: Their type, little endian.

    Returns:
        `(count,)` samples.

    Raises:
        ValueError: More or fewer samples than declared.

    Source:
        DICOM PS3.5, A.4.14 (deflated image frame compression) and A.4.13 (JPEG XL).
    """
    if syntax == DEFLATED_FRAMES:
        engine = zlib.decompressobj(-zlib.MAX_WBITS)
        data = engine.decompress(frame, count * dtype.itemsize + 1)
        if len(data) < count * dtype.itemsize:
            raise ValueError(f"the frame inflates to {len(data)} bytes of {count * dtype.itemsize}")
        return np.frombuffer(data, dtype=dtype, count=count)
    import imagecodecs

    array = imagecodecs.jpegxl_decode(frame, numthreads=1)
    if array.size != count:
        raise ValueError(f"the frame decodes to {array.shape}, the header says {count} samples")
    return np.asarray(array).reshape(-1).view(dtype) if array.dtype.itemsize == dtype.itemsize else array.reshape(-1)


def decode_grey(frame: bytes, syntax: str, signed: bool) -> NDArray[Any] | None:
    """Decode a grey frame of lossless JPEG, 12-bit JPEG or JPEG-LS, without the cost of a plug-in.

    Args:
        frame: The compressed frame, its size already checked.
        syntax: Transfer syntax UID.
        signed: True where the header says so; these codecs know no sign, so it is taken from the precision's top bit.

    Returns:
        `(H, W)` samples, or None where the syntax or the frame is for another decoder.
    """
    import imagecodecs

    if syntax not in (*_JPEG, *_JPEG_LS):
        return None
    precision = _precision(frame)
    try:
        array = imagecodecs.jpegls_decode(frame) if syntax in _JPEG_LS else imagecodecs.jpeg_decode(frame)
    except (imagecodecs.JpeglsError, imagecodecs.Jpeg8Error, RuntimeError, ValueError):
        return None
    if array.ndim != 2 or not 2 <= precision <= array.dtype.itemsize * 8:
        return None
    if signed:
        unused = array.dtype.itemsize * 8 - precision
        array = array.view(f"i{array.dtype.itemsize}")
        return np.right_shift(np.left_shift(array, unused), unused) if unused else array
    return np.asarray(array)


def decode_rle(frame: bytes, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Decode a frame of run lengths.

    pylibjpeg's decoder of it ends a damaged frame with an exception that is no `Exception`, so it is not asked.

    Args:
        frame: The compressed frame.
        count: Samples that the header declares.
        dtype: Their type in the machine's byte order.

    Returns:
        `(count,)` samples, colour plane after plane.

    Raises:
        ValueError: Damaged, or another number of samples.

    Source:
        DICOM PS3.5, annex G.
    """
    import imagecodecs

    little = dtype.newbyteorder("<")
    try:
        data = imagecodecs.dicomrle_decode(frame, little, out=count * dtype.itemsize)
    except (imagecodecs.DicomrleError, RuntimeError) as error:
        raise ValueError(f"damaged run lengths ({error})") from error
    if len(data) != count * dtype.itemsize:
        raise ValueError(f"the frame decodes to {len(data)} bytes of {count * dtype.itemsize}")
    return np.frombuffer(data, little).astype(dtype, copy=False)


def refuse_false_size(frame: bytes, syntax: str, count: int) -> None:
    """Refuse a compressed frame that claims more samples than its header, before a decoder allocates for them.

    Args:
        frame: The compressed frame.
        syntax: Transfer syntax UID.
        count: Rows x columns x samples of the header.

    Raises:
        DataError: It claims more, or a JPEG-LS frame is cut short.
    """
    claimed = None
    if syntax in (*_JPEG_2000, *_HTJ2K):
        claimed = _jpeg_2000_size(frame)
    elif syntax in (*_JPEG, *_JPEG_LS, *_OTHER_JPEG):
        claimed = _jpeg_size(frame)
    if claimed is not None and claimed[0] * claimed[1] * claimed[2] > count:
        raise DataError(
            f"a compressed frame claims {' x '.join(map(str, claimed))} samples, its header {count:,} in all; "
            "damaged, export it again from its archive"
        )
    if syntax in _JPEG_LS and b"\xff\xd9" not in frame[-_TAIL:]:
        # CharLS needs seconds to find out that a stream ends too soon.
        raise DataError("a JPEG-LS frame without its end mark; cut short, export it again from its archive")


def _jpeg_size(frame: bytes) -> tuple[int, int, int] | None:
    place = _frame_header(frame)
    if place is None:
        return None
    return _word(frame, place + 5, 2), _word(frame, place + 7, 2), frame[place + 9]


def _precision(frame: bytes) -> int:
    place = _frame_header(frame)
    return 0 if place is None else frame[place + 4]


def _frame_header(frame: bytes) -> int | None:
    """Return where the first frame header stands (SOF0 to SOF15, or SOF55 of JPEG-LS)."""
    place = 2
    for _ in range(_SEGMENTS):
        if place + 10 > len(frame) or frame[place] != 0xFF:
            return None
        mark = frame[place + 1]
        if mark == 0xFF:
            place += 1
            continue
        if mark == 0xF7 or (0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC)):
            return place
        place += 2 if 0xD0 <= mark <= 0xD8 else 2 + _word(frame, place + 2, 2)
    return None


def _jpeg_2000_size(frame: bytes) -> tuple[int, int, int] | None:
    """Return (rows, columns, samples) of the SIZ segment: the reference grid less the image's offset in it."""
    place = frame.find(b"\xff\x4f\xff\x51", 0, _SEGMENTS)
    if place < 0 or len(frame) < place + 42:
        return None
    right, bottom, left, top = (_word(frame, place + at, 4) for at in (8, 12, 16, 20))
    return max(0, bottom - top), max(0, right - left), _word(frame, place + 40, 2)


def _word(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "big")
