"""Standard codecs for one grey plane of eight bits: JPEG, JPEG 2000, JPEG-LS and JPEG XL, at a wanted size."""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, MissingDependencyError, UsageError

NAMES = ("jpeg", "jpeg2000", "jpeg_ls", "jpeg_xl")
_RANGES = {"jpeg": (1, 98), "jpeg2000": (10, 70), "jpeg_ls": (0, 100), "jpeg_xl": (0, 25)}
_FINER_UP = {"jpeg": True, "jpeg2000": True, "jpeg_ls": False, "jpeg_xl": False}
_HALVINGS = 9
Plane = NDArray[np.uint8]


def available(name: str) -> bool:
    """Tell whether a codec is there."""
    import imagecodecs

    built = {"jpeg": "JPEG8", "jpeg2000": "JPEG2K", "jpeg_ls": "JPEGLS", "jpeg_xl": "JPEGXL"}
    return bool(getattr(imagecodecs, built[name]).available)


def encode(name: str, plane: Plane, level: float) -> bytes:
    """Return a plane `(H, W)` as the codec's own file.

    Args:
        name: One of `NAMES`.
        plane: uint8.
        level: JPEG quality 1 to 98; JPEG 2000 PSNR in dB; JPEG-LS largest error; JPEG XL Butteraugli distance.

    Raises:
        UsageError: No such codec.
        MissingDependencyError: It was not built into `imagecodecs`.
    """
    import imagecodecs

    if name not in NAMES:
        raise UsageError(f"no codec {name!r}; there are {', '.join(NAMES)}")
    if not available(name):
        raise MissingDependencyError(f"imagecodecs was built without {name}; install its full wheel")
    plane, library = np.ascontiguousarray(plane), cast("Any", imagecodecs)  # its stubs know no fractions of a dB
    if name == "jpeg":
        return bytes(library.jpeg8_encode(plane, level=round(level), optimize=True))
    if name == "jpeg2000":
        return bytes(library.jpeg2k_encode(plane, level=float(level), reversible=False, codecformat="j2k"))
    if name == "jpeg_ls":
        return bytes(library.jpegls_encode(plane, level=round(level)))
    return bytes(library.jpegxl_encode(plane, distance=float(level), effort=5, usecontainer=False))


def decode(name: str, data: bytes, shape: tuple[int, int]) -> Plane:
    """Return the plane of a codec's file.

    Args:
        name: One of `NAMES`.
        data: From `encode`, or from a stranger.
        shape: Height and width that are expected.

    Raises:
        DataError: No such file, or one of another size.
    """
    import imagecodecs

    readers: dict[str, Any] = {
        "jpeg": imagecodecs.jpeg8_decode,
        "jpeg2000": imagecodecs.jpeg2k_decode,
        "jpeg_ls": imagecodecs.jpegls_decode,
        "jpeg_xl": imagecodecs.jpegxl_decode,
    }
    # The buffer is given, so that a small file cannot unfold into a large picture.
    out = np.zeros(shape, np.uint8)
    try:
        plane = np.asarray(readers[name](data, out=out))
    except Exception as error:  # each library has its own kinds
        raise DataError(
            f"not a {name} picture of {shape[0]} x {shape[1]} pixels ({type(error).__name__}); send it again"
        ) from error
    if plane.shape != shape or plane.dtype != np.uint8:
        raise DataError(f"a {name} picture of shape {plane.shape}, larger or smaller than its header's {shape}")
    return plane


def encode_within(name: str, plane: Plane, most: int) -> tuple[bytes, float]:
    """Return the finest code of at most `most` bytes and its level; the coarsest there is where none is that small."""
    low, high = _RANGES[name]
    coarse, fine = (float(low), float(high)) if _FINER_UP[name] else (float(high), float(low))
    whole = name in ("jpeg", "jpeg_ls")
    best, level = encode(name, plane, coarse), coarse
    if len(best) > most:
        return best, level
    for _ in range(_HALVINGS):
        middle = (coarse + fine) / 2
        middle = float(round(middle)) if whole else middle
        if whole and middle in (coarse, fine) and abs(coarse - fine) <= 1:
            middle = fine
        tried = encode(name, plane, middle)
        if len(tried) <= most:
            best, level, coarse = tried, middle, middle
        else:
            fine = middle
        if coarse == fine or (whole and abs(coarse - fine) <= 1 and level != coarse):
            break
    return best, level
