"""Volumes: NRRD, with the values inside the file or beside it."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from salus.data.frame import Floats, flip_lps, spacing_of, usable
from salus.data.limits import existing, refuse_above
from salus.data.payload import beside, read_payload, refuse_short, text_values, values_of
from salus.schema.errors import DataError, SalusError
from salus.schema.sample import Image

SUFFIXES = (".nrrd", ".nhdr")
MAX_HEADER = 2**20
MAX_SKIP = 2**24

_PACKING = {"raw": "raw", "gzip": "deflate", "gz": "deflate", "bzip2": "bzip2", "bz2": "bzip2"}
_TEXT = ("ascii", "text", "txt")
_WORDS = {
    "i1": "signed char,int8,int8_t",
    "u1": "uchar,unsigned char,uint8,uint8_t",
    "i2": "short,short int,signed short,signed short int,int16,int16_t",
    "u2": "ushort,unsigned short,unsigned short int,uint16,uint16_t",
    "i4": "int,signed int,int32,int32_t",
    "u4": "uint,unsigned int,uint32,uint32_t",
    "i8": "longlong,long long,long long int,signed long long,signed long long int,int64,int64_t",
    "u8": "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t",
    "f4": "float",
    "f8": "double",
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words.split(",")}
_SHORT = {"ras": "right-anterior-superior", "las": "left-anterior-superior", "lps": "left-posterior-superior"}
_SHORT |= {f"{key}t": f"{name}-time" for key, name in _SHORT.items()}
_TO_RAS = {
    "right-anterior-superior": np.eye(4),
    "left-anterior-superior": np.diag([-1.0, 1.0, 1.0, 1.0]),
    "left-posterior-superior": flip_lps(np.eye(4)),
}
_TO_MM = {"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "m": 1000.0, "um": 1e-3, "µm": 1e-3, "micron": 1e-3, "nm": 1e-6}


def read_nrrd(path: Path | str, limit: int | None = None) -> Image:
    """Read a NRRD file.

    Args:
        path: `.nrrd`, or a `.nhdr` whose values lie in a file of the same folder or below it.
        limit: Most values it may decode to; None takes the setting.

    Returns:
        `(C, [T,] D, H, W)`, or `(C, H, W)` where the file has two axes in space. Axes of colours, vectors or lists
        become C, an axis of time T. `affine` (RAS mm) where the file names its space as left/right, back/front; other
        spaces keep the spacing alone.

    Raises:
        DataError: Unreadable, cut short, too large, values beside it outside its folder, more than one axis of
            channels or of time, NaN or infinity, or geometry that cannot be.

    Source:
        NRRD format definition 0005 (teem): fields space, space directions, space origin, kinds, encoding.
    """
    found = existing(path)
    try:
        with found.open("rb") as handle:
            header, start = _header(handle, found)
            shape, dtype = _declared(header, found)
            refuse_above(found, int(np.prod(shape, dtype=object)), limit)
            handle.seek(start)
            array = _values(header, handle, found, shape, dtype)
    except SalusError:
        raise
    except Exception as error:  # pynrrd converts fields with whatever Python raises for them
        why = " ".join(str(error).split())[:200]
        raise DataError(f"{found}: not a readable NRRD file ({why}); write it again, or convert it") from error
    if array.dtype.kind == "f" and (bad := int((~np.isfinite(array)).sum())):
        raise DataError(f"{found}: {bad} of {array.size} voxels are NaN or infinite; set them to a background value")
    roles = _roles(header, len(shape), found)
    affine, spacing = _geometry(header, roles, found)
    return Image(array=_arranged(array, roles, found), spacing_mm=spacing, affine=affine)


def _header(handle: IO[bytes], path: Path) -> tuple[Mapping[str, Any], int]:
    """Return the fields and where the values begin; a header is bounded, whatever follows it."""
    import nrrd

    lines: list[bytes] = []
    while (line := handle.readline(MAX_HEADER)) and handle.tell() <= MAX_HEADER:
        if not line.strip():
            break
        lines.append(line)
    if handle.tell() > MAX_HEADER:
        raise DataError(f"{path}: a header of more than {MAX_HEADER:,} bytes; this is no NRRD file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = nrrd.read_header([_lowered(line) for line in lines])
    return header, handle.tell()


def _lowered(line: bytes) -> str:
    """Field names in small letters, as teem takes them; pynrrd wants them so."""
    text = line.decode("ascii", "ignore")
    name, sign, value = text.partition(":")
    return text if not sign or text.startswith(("NRRD", "#")) or value[:1] == "=" else f"{name.lower()}:{value}"


def _declared(header: Mapping[str, Any], path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    missing = [name for name in ("dimension", "type", "encoding", "sizes") if name not in header]
    if missing:
        raise DataError(f"{path}: lacks the field {missing[0]!r}; this is no complete NRRD file")
    shape = tuple(int(size) for size in header["sizes"])
    if len(shape) != int(header["dimension"]) or not 2 <= len(shape) <= 5 or min(shape) < 1:
        raise DataError(f"{path}: declares sizes {shape} for {header['dimension']} axes; expected 2 to 5 axes above 0")
    kind = _KINDS.get(str(header["type"]).lower())
    if kind is None:
        raise DataError(f"{path}: values of type {header['type']!r}; store one real number a voxel")
    dtype = np.dtype(kind)
    text = str(header["encoding"]).lower() in _TEXT
    if dtype.itemsize > 1 and not text:
        order = str(header.get("endian", "")).lower()
        if order not in ("big", "little"):
            raise DataError(f"{path}: does not state its endian; add 'endian: little' or 'endian: big'")
        dtype = dtype.newbyteorder(">" if order == "big" else "<")
    return shape, dtype


def _values(
    header: Mapping[str, Any], handle: IO[bytes], path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return the values with the slowest axis first."""
    name = str(header.get("data file", header.get("datafile", "")))
    if not name:
        return _decoded(header, handle, path, shape, dtype)
    if name.upper().startswith("LIST") or "%" in name:
        raise DataError(f"{path}: its values are spread over several files; write it as one .nrrd file")
    place = beside(path, name)
    with place.open("rb") as values:
        return _decoded(header, values, place, shape, dtype)


def _decoded(
    header: Mapping[str, Any], handle: IO[bytes], path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    encoding = str(header["encoding"]).lower()
    lines = int(header.get("line skip", header.get("lineskip", 0)))
    skip = int(header.get("byte skip", header.get("byteskip", 0)))
    count = int(np.prod(shape, dtype=object))
    if not 0 <= lines <= 100_000 or not -1 <= skip <= MAX_SKIP:
        raise DataError(f"{path}: skips {lines} lines and {skip} bytes before its values; correct the header")
    for _ in range(lines):
        handle.readline(MAX_HEADER)
    if encoding in _TEXT:
        return text_values(handle, count, dtype, path).reshape(shape[::-1])
    if encoding not in _PACKING:
        raise DataError(f"{path}: encoding {encoding!r}; write it as raw or gzip")
    size = count * dtype.itemsize
    packing = _PACKING[encoding]
    if packing != "bzip2":
        refuse_short(path, 0, size, packed=packing == "deflate")
    if packing == "raw":
        handle.seek(-size, 2) if skip == -1 else handle.seek(skip, 1)
        data = read_payload(handle, size, path)
    else:  # bytes are skipped after unpacking
        data = read_payload(handle, size + max(skip, 0), path, packing)
        del data[: max(skip, 0)]
    return values_of(data, dtype, shape[::-1])


def _roles(header: Mapping[str, Any], axes: int, path: Path) -> str:
    """Return one letter an axis, the fastest first: `x` in space, `c` channel, `t` time."""
    kinds = [str(kind).lower() for kind in header.get("kinds", ())]
    directions = header.get("space directions")
    if directions is not None and len(directions) == axes:
        in_space = [row is not None and bool(np.isfinite(row).all()) for row in directions]
    elif len(kinds) == axes:
        in_space = [kind in ("domain", "space") for kind in kinds]
    else:
        in_space = [index < 3 for index in range(axes)]
    time_space = str(header.get("space", "")).lower().endswith("time")
    if time_space and sum(in_space) == 4:
        in_space[max(index for index in range(axes) if in_space[index])] = False
        kinds = []
    roles = ""
    for index in range(axes):
        kind = kinds[index] if len(kinds) == axes else ""
        told = kind not in ("", "domain", "space", "none", "???")
        other = "t" if kind == "time" or (not told and index > 0) else "c"
        roles += "x" if in_space[index] else other
    if roles.count("c") > 1 or roles.count("t") > 1 or not 2 <= roles.count("x") <= 3:
        raise DataError(
            f"{path}: {axes} axes of kinds {kinds or 'not stated'}; expected 2 or 3 in space, one other each"
        )
    return roles


def _arranged(array: NDArray[Any], roles: str, path: Path) -> NDArray[Any]:
    """Bring the axes (slowest first) to (C, [T,] [D,] H, W)."""
    slow = roles[::-1]
    order = [slow.index(role) for role in "ct" if role in slow] + [i for i, role in enumerate(slow) if role == "x"]
    turned = array.transpose(order)
    turned = turned if "c" in roles else turned[None]
    if "t" in roles and roles.count("x") == 2:
        turned = turned[:, :, None]
    if turned.ndim > 5:
        raise DataError(f"{path}: {turned.ndim} axes after sorting; expected at most (C, T, D, H, W)")
    return np.ascontiguousarray(turned)


def _geometry(header: Mapping[str, Any], roles: str, path: Path) -> tuple[Floats | None, tuple[float, ...] | None]:
    """Return the affine to RAS mm and the spacing in the order of the array's last axes."""
    place = [index for index, role in enumerate(roles) if role == "x"]
    directions = header.get("space directions")
    if directions is None or len(directions) != len(roles):
        return None, _stated_spacing(header.get("spacings"), place, path)
    steps = np.array([np.asarray(directions[index], dtype=np.float64) for index in place])
    factors = [_TO_MM.get(str(unit).lower(), 1.0) for unit in header.get("space units", ())]
    width = steps.shape[1]
    steps = steps * np.array(factors if len(factors) == width else [1.0] * width)
    spacing = tuple(float(np.linalg.norm(row)) for row in steps[::-1])
    if not np.isfinite(spacing).all() or min(spacing) <= 0:
        raise DataError(f"{path}: axes of length {spacing} mm; every one must be above 0, correct space directions")
    space = str(header.get("space", "")).lower()
    base = _TO_RAS.get(_SHORT.get(space, space).removesuffix("-time"))
    if base is None or len(place) != 3 or width < 3:
        return None, spacing
    origin = np.asarray(header.get("space origin", np.zeros(width)), dtype=np.float64)
    origin = origin * np.array(factors if len(factors) == len(origin) else [1.0] * len(origin))
    if len(origin) < 3 or not np.isfinite(origin[:3]).all():
        raise DataError(f"{path}: space origin {origin.tolist()}; expected a point in space, correct the header")
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = steps[:, :3].T, origin[:3]
    affine = base @ affine
    if not usable(affine):
        raise DataError(f"{path}: its space directions lie in one plane; correct the header")
    return affine, spacing_of(affine)


def _stated_spacing(stated: Sequence[float] | None, place: list[int], path: Path) -> tuple[float, ...] | None:
    if stated is None or len(stated) <= max(place):
        return None
    spacing = tuple(float(stated[index]) for index in reversed(place))
    if not np.isfinite(spacing).all():
        return None
    if min(spacing) <= 0:
        raise DataError(f"{path}: spacing {spacing} mm; every value must be above 0, correct the header")
    return spacing
