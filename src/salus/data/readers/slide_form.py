"""What the metadata of a TIFF say: its planes, the size of a pixel, and whether it needs more than Pillow."""

import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from salus.schema.errors import DataError, SalusError

SUFFIXES = (".svs", ".ome.tif", ".ome.tiff", ".btf", ".tf2", ".tf8", ".ndpi", ".scn", ".bif", ".qptiff")

_MICRONS = {"µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "microns": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6}
_ROLES = {"T": "t", "C": "c", "Z": "z", "I": "z", "Q": "z"}
_SCANNERS = ("svs", "ndpi", "scn", "bif", "qpi", "philips", "avs", "indica")
_COARSEST_UM = 20.0
"""A resolution tag coarser than this (72 dpi is 353 micrometres) speaks of a printed page, not of tissue."""
_BY_PILLOW = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)
_MOST_METADATA = 2**24


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Name the file in whatever tifffile raises on a damaged one."""
    try:
        yield
    except SalusError:
        raise
    except (Exception, zlib.error) as error:
        raise DataError(f"{path}: damaged TIFF ({type(error).__name__}: {error}); copy it again") from error


def is_slide(path: Path) -> bool:
    """Tell whether a TIFF is more than Pillow reads: tiled, a pyramid, BigTIFF, OME, deep colour or many channels."""
    import tifffile

    if path.name.lower().endswith(SUFFIXES):
        return True
    try:
        with tifffile.TiffFile(path, _multifile=False) as tiff:
            page = tiff.pages.first
            deep = page.bitspersample > 8 and page.samplesperpixel > 1
            odd = page.dtype is not None and page.dtype.name in ("int8", "uint32", "int64", "uint64", "float64")
            coded = int(page.compression) not in _BY_PILLOW or int(page.predictor) not in (1, 2)
            many = page.samplesperpixel > 4 or page.is_subifd or page.subifds is not None
            # Pillow takes the axes of ImageJ for pages, and leaves white as zero in deep grey
            planes = tiff.is_imagej or (page.bitspersample > 8 and int(page.photometric) == 0)
            return bool(tiff.is_bigtiff or tiff.is_ome or page.is_tiled or deep or odd or coded or many or planes)
    except Exception:  # what tifffile cannot open is Pillow's to refuse
        return False


def planes_of(series: Any, path: Path) -> tuple[list[tuple[str, int]], dict[str, int]]:
    """Return the axes over planes, slowest first, as (`t`, `c` or `z`; size), and the size of each of the three.

    Raises:
        DataError: Axes of another kind, or two of one kind.
    """
    axes, shape = str(series.get_axes(squeeze=False)), series.get_shape(squeeze=False)
    inner = series.keyframe.axes
    roles: list[tuple[str, int]] = []
    for letter, size in zip(axes, shape, strict=True):
        if letter in "YXS" and letter in inner + "S":
            continue
        if size == 1:
            continue
        role = _ROLES.get(letter)
        if role is None or role in dict(roles):
            raise DataError(f"{path}: axes {axes} of shape {shape}; expected time, channel, depth, rows and columns")
        roles.append((role, int(size)))
    return roles, {"t": 1, "c": 1, "z": 1} | dict(roles)


def spacing_of(tiff: Any, series: Any) -> tuple[tuple[float, float] | None, float | None]:
    """Return the size of a pixel (rows, columns) and the distance of focal planes, micrometres; None where unknown.

    Source:
        OME-TIFF: PhysicalSizeX and its unit; Aperio: MPP of the description; ImageJ: unit and spacing; else the
        resolution tags of TIFF 6.0.
    """
    page = series.keyframe
    if tiff.is_ome and tiff.ome_metadata and len(tiff.ome_metadata) < _MOST_METADATA:
        return _of_ome(tiff.ome_metadata)
    found = re.search(r"\bMPP\s*=\s*([0-9.]+)", str(page.description)[:100_000])
    if found is not None and _sound(size := _number(found[1])):
        return (size, size), None
    unit = int(page.tags.valueof(296, 2) or 2)
    step = {2: 25_400.0, 3: 10_000.0}.get(unit)
    depth = None
    if tiff.is_imagej and isinstance(tiff.imagej_metadata, Mapping):
        step = _MICRONS.get(str(tiff.imagej_metadata.get("unit", "")).replace("\\u00B5", "µ"), step)
        depth = float(tiff.imagej_metadata.get("spacing", 0) or 0) * (step or 0) or None
    sizes = [step / value if step and value > 0 else 0.0 for value in (_tag(page, 283), _tag(page, 282))]
    if not all(_sound(size) and size <= _COARSEST_UM for size in sizes):
        return None, None
    return (sizes[0], sizes[1]), depth


def names_of(series: Sequence[Any]) -> dict[str, Any]:
    """Return the pictures beside the tissue under names of their own."""
    named: dict[str, Any] = {}
    for number, one in enumerate(series):
        name = re.sub(r"\W+", "_", str(one.name or "")).strip("_").lower() or f"picture{number}"
        named[name if name not in named else f"{name}_{number}"] = one
    return named


def is_microscope(series: Any) -> bool:
    """Tell whether a slide scanner wrote the file."""
    return str(series.kind) in _SCANNERS


def _of_ome(text: str) -> tuple[tuple[float, float] | None, float | None]:
    pixels = re.search(r"<(?:\w+:)?Pixels\b([^>]*)>", text)
    given = dict(re.findall(r"(\w+)=\"([^\"]*)\"", pixels[1])) if pixels else {}
    sizes = []
    for axis in "YXZ":
        unit = _MICRONS.get(given.get(f"PhysicalSize{axis}Unit", "µm"), 0.0)
        sizes.append(_number(given.get(f"PhysicalSize{axis}", "")) * unit)
    plane = (sizes[0], sizes[1]) if _sound(sizes[0]) and _sound(sizes[1]) else None
    return plane, sizes[2] if _sound(sizes[2]) else None


def _tag(page: Any, code: int) -> float:
    value = page.tags.valueof(code)
    if isinstance(value, tuple) and len(value) == 2 and value[1]:
        return float(value[0]) / float(value[1])
    return 0.0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _sound(size: float) -> bool:
    return math.isfinite(size) and size > 0
