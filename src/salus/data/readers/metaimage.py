"""Volumes: MetaImage, one file (.mha) or a header with its values beside it (.mhd)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from salus.data.frame import Floats, flip_lps, spacing_of, usable
from salus.data.limits import existing, refuse_above
from salus.data.payload import beside, read_payload, refuse_short, text_values, values_of
from salus.schema.errors import DataError
from salus.schema.sample import Image

SUFFIXES = (".mha", ".mhd")
MAX_HEADER = 2**20
MAX_SKIP = 2**24

_KINDS = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4", "MET_UINT": "u4",
    "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}  # fmt: skip
_TRUE = ("true", "1", "t", "yes")


def read_metaimage(path: Path | str, limit: int | None = None) -> Image:
    """Read a MetaImage.

    Args:
        path: `.mha`, or a `.mhd` whose values lie in a file of the same folder or below it.
        limit: Most values it may decode to; None takes the setting.

    Returns:
        `(C, D, H, W)`; `(C, H, W)` for two axes; `(C, T, D, H, W)` for four. `affine` (RAS mm) for three axes and
        more, from Offset, TransformMatrix and ElementSpacing, which MetaImage counts in LPS.

    Raises:
        DataError: Unreadable, cut short, too large, values outside the header's folder or spread over several files,
            NaN or infinity, or geometry that cannot be.

    Source:
        MetaIO documentation (Kitware), tags of MetaObject and MetaImage; axis directions are the rows of
        TransformMatrix, as ITK reads them.
    """
    found = existing(path)
    with found.open("rb") as handle:
        fields = _fields(handle, found)
        sizes = _integers(fields, "DimSize", found)
        if (len(sizes),) != _integers(fields, "NDims", found) or not 2 <= len(sizes) <= 4 or min(sizes) < 1:
            raise DataError(f"{found}: DimSize {sizes} for NDims {fields.get('ndims')}; expected 2 to 4 sizes above 0")
        channels = int(fields.get("elementnumberofchannels", "1") or 1) if _whole(fields) else 0
        if not 1 <= channels <= 1024:
            raise DataError(
                f"{found}: ElementNumberOfChannels {fields['elementnumberofchannels']!r}; expected 1 to 1024"
            )
        refuse_above(found, int(np.prod(sizes, dtype=object)) * channels, limit)
        array = _values(fields, handle, found, (*sizes[::-1], channels))
    array = _scaled(array, fields, found)
    if array.dtype.kind == "f" and (bad := int((~np.isfinite(array)).sum())):
        raise DataError(f"{found}: {bad} of {array.size} voxels are NaN or infinite; set them to a background value")
    affine, spacing = _geometry(fields, len(sizes), found)
    return Image(array=np.ascontiguousarray(np.moveaxis(array, -1, 0)), spacing_mm=spacing, affine=affine)


def _fields(handle: IO[bytes], path: Path) -> Mapping[str, str]:
    """Return the tags, in small letters; ElementDataFile is the last of them."""
    fields: dict[str, str] = {}
    while line := handle.readline(MAX_HEADER):
        name, sign, value = line.decode("latin-1").partition("=")
        key = name.strip().lower()
        if handle.tell() > MAX_HEADER or (line.strip() and (not sign or not re.fullmatch(r"\w+", key))):
            raise DataError(f"{path}: not a MetaImage; its header holds a line without 'name = value'")
        if sign:
            fields[key] = value.strip()
        if key == "elementdatafile":
            return fields
    raise DataError(f"{path}: not a MetaImage, or cut short; its header never names ElementDataFile")


def _values(fields: Mapping[str, str], handle: IO[bytes], path: Path, shape: tuple[int, ...]) -> NDArray[Any]:
    kind = _KINDS.get(_one(fields, "ElementType", path).upper().removesuffix("_ARRAY"))
    if kind is None:
        raise DataError(f"{path}: ElementType {fields['elementtype']!r}; store one real number a channel")
    order = fields.get("elementbyteordermsb", fields.get("binarydatabyteordermsb", "False"))
    dtype = np.dtype(kind).newbyteorder(">" if order.lower() in _TRUE else "<")
    name = fields["elementdatafile"]
    if name.upper() == "LOCAL":
        return _decoded(fields, handle, path, shape, dtype)
    if name.upper().startswith("LIST") or "%" in name:
        raise DataError(f"{path}: its values are spread over several files; write it as one .mha file")
    place = beside(path, name)
    with place.open("rb") as values:
        return _decoded(fields, values, place, shape, dtype)


def _decoded(
    fields: Mapping[str, str], handle: IO[bytes], path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    count = int(np.prod(shape, dtype=object))
    if fields.get("binarydata", "True").lower() not in _TRUE:
        return text_values(handle, count, dtype, path).reshape(shape)
    size = count * dtype.itemsize
    packed = fields.get("compresseddata", "False").lower() in _TRUE
    refuse_short(path, 0, size, packed)
    skip = _integers(fields, "HeaderSize", path)[0] if "headersize" in fields else 0
    if not -1 <= skip <= MAX_SKIP:
        raise DataError(f"{path}: HeaderSize {skip}; expected -1 (values end the file) or a number of bytes")
    if not packed and skip:
        handle.seek(-size, 2) if skip == -1 else handle.seek(skip)
    return values_of(read_payload(handle, size, path, "deflate" if packed else "raw"), dtype, shape)


def _scaled(array: NDArray[Any], fields: Mapping[str, str], path: Path) -> NDArray[Any]:
    slope = _numbers(fields, ("elementtointensityfunctionslope",), 1, path) or (1.0,)
    shift = _numbers(fields, ("elementtointensityfunctionoffset",), 1, path) or (0.0,)
    if slope == (1.0,) and shift == (0.0,):
        return array
    return np.asarray(array * slope[0] + shift[0], dtype=np.float32)


def _geometry(fields: Mapping[str, str], axes: int, path: Path) -> tuple[Floats | None, tuple[float, ...] | None]:
    steps = _numbers(fields, ("elementspacing", "elementsize"), axes, path)
    turn = _numbers(fields, ("transformmatrix", "rotation", "orientation"), axes * axes, path)
    origin = _numbers(fields, ("offset", "position", "origin"), axes, path)
    count = min(axes, 3)
    spacing = None if steps is None else tuple(abs(step) for step in steps[:count])[::-1]
    if spacing is not None and min(spacing) <= 0:
        raise DataError(f"{path}: ElementSpacing {steps}; every value must be above 0, correct the header")
    if count < 3 or steps is None or (turn is None and origin is None):
        return None, spacing
    rows = np.eye(axes) if turn is None else np.array(turn).reshape(axes, axes)
    affine = np.eye(4)
    affine[:3, :3] = rows[:3, :3].T * np.array(steps[:3])
    affine[:3, 3] = np.zeros(3) if origin is None else origin[:3]
    affine = flip_lps(affine)
    if not usable(affine):
        raise DataError(f"{path}: its TransformMatrix cannot be inverted; correct the header")
    return affine, spacing_of(affine)


def _one(fields: Mapping[str, str], name: str, path: Path) -> str:
    try:
        return fields[name.lower()]
    except KeyError as error:
        raise DataError(f"{path}: its header lacks {name}; this is no complete MetaImage") from error


def _integers(fields: Mapping[str, str], name: str, path: Path) -> tuple[int, ...]:
    words = _one(fields, name, path).split()
    if not words or not all(re.fullmatch(r"[+-]?\d{1,12}", word) for word in words):
        raise DataError(f"{path}: {name} = {fields[name.lower()]!r}; expected whole numbers")
    return tuple(int(word) for word in words)


def _whole(fields: Mapping[str, str]) -> bool:
    return bool(re.fullmatch(r"\d{1,4}", fields.get("elementnumberofchannels", "1")))


def _numbers(fields: Mapping[str, str], names: tuple[str, ...], count: int, path: Path) -> tuple[float, ...] | None:
    name = next((name for name in names if name in fields), None)
    if name is None:
        return None
    try:
        found = tuple(float(word) for word in fields[name].split())
    except ValueError:
        found = ()
    if len(found) != count or not np.isfinite(found).all():
        raise DataError(f"{path}: {name} = {fields[name]!r}; expected {count} finite numbers")
    return found
