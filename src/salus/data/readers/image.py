"""Pictures: PNG, JPEG, TIFF, BMP through Pillow, and arrays in NPY and NPZ without pickle."""

import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import existing, refuse_above
from salus.data.readers.slide_form import SUFFIXES as SLIDES
from salus.schema.errors import DataError, SalusError
from salus.schema.sample import Image

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".pgm", ".ppm", *SLIDES)
ARRAYS = (".npy", ".npz")

# Pillow goes by content, and some of its formats start other programs (EPS runs Ghostscript): these do not.
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF", "PPM")

# Pillow mode -> mode to decode to, and bands that stay. Transparency carries no measurement and is dropped.
_MODES = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "PA": "RGB", "RGBA": "RGB", "RGBX": "RGB", "CMYK": "RGB"}
_DEEP = {"I;16": np.uint16, "I;16L": np.uint16, "I;16B": np.uint16, "I": np.int32, "F": np.float32}


def read_picture(path: Path | str, limit: int | None = None) -> Image:
    """Read a picture as stored, turned upright where its EXIF data say so.

    Args:
        path: PNG, JPEG, TIFF, ...; several pages or frames of one size become slices.
        limit: Most values it may decode to; None takes the setting.

    Returns:
        `(1 or 3, H, W)`, or `(C, D, H, W)` with pages; uint8, uint16, int32 or float32, named in `unit`.

    Raises:
        DataError: Not a picture, cut short, too large, or pages of different size.
    """
    from PIL import Image as Pillow
    from PIL import ImageOps, ImageSequence, UnidentifiedImageError

    found = existing(path)
    try:
        with warnings.catch_warnings():
            # Pillow's own guard against decompression bombs only warns below twice its bound.
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)
            with Pillow.open(found, formats=_FORMATS) as picture:
                # a phone's MPO holds the photograph and a preview of it
                frames = 1 if picture.format == "MPO" else int(getattr(picture, "n_frames", 1))
                refuse_above(found, picture.width * picture.height * len(picture.getbands()) * frames, limit)
                if _deep_png(found):
                    return _image(_deep_pixels(found))
                if frames == 1:
                    return _image(_pixels(ImageOps.exif_transpose(picture), found))
                pages = _pages(ImageSequence.Iterator(picture), found, limit)
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise DataError(f"{found}: {error}; refused as a decompression bomb, tile or reduce the picture") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{found}: not a picture that can be read; convert it to PNG") from error
    except SalusError:
        raise
    except Exception as error:  # Pillow raises a dozen kinds for a damaged file
        raise DataError(f"{found}: damaged or cut short ({error}); copy it again from its source") from error
    return _image(np.stack(pages, axis=1))


def read_array(path: Path | str, key: str = "", limit: int | None = None) -> Image:
    """Read an image from an NPY or NPZ file.

    Args:
        path: The file.
        key: Which array of an NPZ; may be empty where it holds one.
        limit: Most values; None takes the setting.

    Returns:
        `(H, W)` and `(D, H, W)` gain a channel; a last axis of 3 or 4 beside a plane is taken as colour;
        a first axis of 1, 3 or 4 as channels; four and five axes stay.

    Raises:
        DataError: Pickled objects, no such key, not numeric, NaN, too large or damaged.
    """
    found = existing(path)
    try:
        array = _load_npz(found, key, limit) if zipfile.is_zipfile(found) else _load_npy(found, limit)
    except SalusError:
        raise
    except Exception as error:  # NumPy's header goes through Python's own tokenizer, which raises kinds of its own
        raise DataError(
            f"{found}: not a readable NumPy file ({error}); save it with numpy.save and no objects"
        ) from error
    if array.dtype.kind == "f" and (bad := int((~np.isfinite(array)).sum())):
        raise DataError(f"{found}: {bad} values are NaN or infinite; replace or mask them first")
    return _image(_channels_first(array, found))


def _pages(pages: Iterable[Any], path: Path, limit: int | None) -> list[NDArray[Any]]:
    """Return the pages or frames, grey ones as colour where any is: the first frame of an animation is often grey."""
    found: list[NDArray[Any]] = []
    total = 0
    for page in pages:
        total += page.width * page.height * len(page.getbands())
        refuse_above(path, total, limit)  # a later page may be larger than the first one, whose size was looked at
        found.append(_pixels(page.copy(), path))
    if len({(page.shape[1:], page.dtype) for page in found}) > 1:
        raise DataError(f"{path}: its {len(found)} pages differ in size or type; split it into single pictures")
    channels = max(page.shape[0] for page in found)
    return [np.repeat(page, channels, axis=0) if page.shape[0] == 1 else page for page in found]


def _deep_png(path: Path) -> bool:
    """Tell whether a PNG holds colour of 16 bits, which Pillow cuts to 8.

    Source:
        PNG specification (ISO/IEC 15948), 11.2.2: bit depth and colour type of IHDR.
    """
    with path.open("rb") as handle:
        head = handle.read(26)
    return head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR" and head[24] == 16 and head[25] in (2, 4, 6)


def _deep_pixels(path: Path) -> NDArray[Any]:
    import imagecodecs

    try:
        array = np.asarray(imagecodecs.png_decode(path.read_bytes()))
    except Exception as error:  # the codec raises a kind of its own
        raise DataError(f"{path}: damaged or cut short ({error}); copy it again from its source") from error
    bands = array.shape[2] - 1 if array.shape[2] in (2, 4) else array.shape[2]  # the last one is transparency
    return np.ascontiguousarray(array[..., :bands].transpose(2, 0, 1))


def _pixels(picture: Any, path: Path) -> NDArray[Any]:
    if picture.mode in _DEEP:
        return np.asarray(picture).astype(_DEEP[picture.mode])[None]
    mode = _MODES.get(picture.mode, "RGB")
    array = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    if array.ndim not in (2, 3):
        raise DataError(f"{path}: a picture of shape {array.shape}; expected rows x columns")
    return array[None].copy() if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1))


def _image(array: NDArray[Any]) -> Image:
    return Image(array=array, unit=str(array.dtype))


def _load_npz(path: Path, key: str, limit: int | None) -> NDArray[Any]:
    with zipfile.ZipFile(path) as archive:
        keys = [name.removesuffix(".npy") for name in archive.namelist()]
        if not key and len(keys) != 1:
            raise DataError(f"{path}: holds the arrays {', '.join(keys) or 'none'}; say which one")
        chosen = key or keys[0]
        if chosen not in keys:
            raise DataError(f"{path}: no array {chosen!r}; it holds {', '.join(keys)}")
        with archive.open(chosen + ".npy") as handle:
            return _checked(handle, path, limit)


def _load_npy(path: Path, limit: int | None) -> NDArray[Any]:
    with path.open("rb") as handle:
        return _checked(handle, path, limit)


def _checked(handle: IO[bytes], path: Path, limit: int | None) -> NDArray[Any]:
    version = np.lib.format.read_magic(handle)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(handle)
    if dtype.kind not in "buif" or dtype.hasobject:
        raise DataError(f"{path}: an array of {dtype}; only plain real numbers are read, objects (pickle) never")
    count = int(np.prod(shape, dtype=object)) if shape else 1
    refuse_above(path, count, limit)
    data = handle.read(count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        raise DataError(f"{path}: cut short, {len(data)} of {count * dtype.itemsize} bytes; copy it again")
    flat = np.frombuffer(data, dtype=dtype)
    return flat.reshape(shape, order="F" if fortran else "C").copy()


def _channels_first(array: NDArray[Any], path: Path) -> NDArray[Any]:
    if array.ndim == 2:
        return array[None]
    if array.ndim == 3:
        if array.shape[-1] in (3, 4) and array.shape[0] not in (1, 3, 4):
            return np.ascontiguousarray(array.transpose(2, 0, 1))
        return array if array.shape[0] in (1, 3, 4) else array[None]
    if array.ndim in (4, 5):
        return array
    raise DataError(f"{path}: an array of shape {array.shape} is no image; expected 2 to 5 axes")
