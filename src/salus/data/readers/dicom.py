"""DICOM images: one file, or the slices of one series put in geometric order."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import existing, refuse_above
from salus.data.readers.dicom_geometry import affine_of, functional, in_plane_spacing, normal_of, plane, unit_of
from salus.schema.errors import DataError, SalusError
from salus.schema.sample import Image

SUFFIXES = (".dcm", ".dicom", ".ima")


def read_dicom(path: Path | str, limit: int | None = None) -> Image:
    """Read the image of one DICOM file in physical values.

    Rescaling is applied per frame. MONOCHROME1 is inverted so that bright is high, except where values are physical
    (HU, a stated rescale type): polarity is a matter of display there. YBR and palettes become RGB.

    Args:
        path: The file.
        limit: Most pixels x samples x frames; None takes the setting.

    Returns:
        `(1, H, W)`; `(3, H, W)` for colour; `(C, D, H, W)` for several frames. float32 after rescaling, else as
        stored. `spacing_mm` and `affine` (RAS) where the file states them.

    Raises:
        DataError: Not DICOM, no pixels, damaged, too large, or a transfer syntax without decoder.
    """
    found = existing(path)
    with _guarded(found):
        return _decoded(read_header(found), found, limit)


def read_dicom_series(source: Path | str | list[Path], limit: int | None = None) -> Image:
    """Read the slices of one series as a volume, ordered along the slice normal.

    Args:
        source: A folder that holds one series, or the list of its files.
        limit: Most voxels of the whole volume; None takes the setting.

    Returns:
        `(C, D, H, W)` with spacing and affine; slice k grows along the normal of the planes.

    Raises:
        DataError: No images, several series, slices that differ in size, orientation or spacing, two slices at one
            place, or a missing slice.
    """
    files = source if isinstance(source, list) else _one_series(Path(source))
    with _guarded(Path(files[0]).parent):
        return _assembled(files, limit)


def _assembled(files: list[Path], limit: int | None) -> Image:
    headers = [(read_header(existing(file)), Path(file)) for file in files]
    if len(headers) == 1:
        return _as_volume(_decoded(headers[0][0], headers[0][1], limit))
    place = headers[0][1].parent
    refuse_above(place, sum(_declared(header, file) for header, file in headers), limit)
    order, step = _order(headers, place)
    slices = [_decoded(*headers[index], limit) for index in order]
    first = slices[0]
    odd = next((i for i in order if slices[order.index(i)].array.shape != first.array.shape), None)
    if odd is not None or first.array.ndim != 3:
        name = headers[order[0] if odd is None else odd][1].name
        raise DataError(f"{place}: {name} differs in size from its neighbours; keep one acquisition in the folder")
    units = {image.unit for image in slices}
    if len(units) > 1:
        raise DataError(f"{place}: slices in different units {sorted(units)}; keep one acquisition in the folder")
    origin, orientation = _placed(*headers[order[0]])
    spacing = in_plane_spacing(headers[order[0]][0])
    volume = np.stack([image.array for image in slices], axis=1)
    if spacing is None:
        return Image(array=volume, unit=first.unit, modality=first.modality)
    return Image(
        array=volume,
        spacing_mm=(float(np.linalg.norm(step)), *spacing),
        affine=affine_of(origin, orientation, spacing, step),
        unit=first.unit,
        modality=first.modality,
    )


def series_in(folder: Path | str) -> dict[str, list[Path]]:
    """Return the image files of every series below a folder, by SeriesInstanceUID; other files are passed over.

    Raises:
        DataError: No such folder, or a file named `.dcm` that is not DICOM.
    """
    place = Path(folder)
    if not place.is_dir():
        raise DataError(f"{place}: no such folder; check the path")
    found: dict[str, list[Path]] = {}
    for file in sorted(place.rglob("*")):
        if not file.is_file() or file.name == "DICOMDIR" or not (file.suffix.lower() in SUFFIXES or is_dicom(file)):
            continue
        with _guarded(file):
            header = read_header(file, pixels=False)
            if "Rows" in header and "Columns" in header:
                found.setdefault(str(getattr(header, "SeriesInstanceUID", "")), []).append(file)
    return found


def is_dicom(path: Path | str) -> bool:
    """Tell whether a file carries the DICOM mark at byte 128."""
    try:
        with Path(path).open("rb") as handle:
            handle.seek(128)
            return handle.read(4) == b"DICM"
    except OSError:
        return False


def read_header(path: Path | str, pixels: bool = True) -> Any:
    """Return a file's pydicom data set; without pixel data where `pixels` is False.

    Raises:
        DataError: Not DICOM, or damaged.
    """
    import pydicom

    with _guarded(Path(path)):
        # Files from before 1996 lack the mark; force reads them, and what is not DICOM then has no elements.
        header = pydicom.dcmread(path, stop_before_pixels=not pixels, force=True)
        if not is_dicom(path) and ("SOPClassUID" not in header or "Modality" not in header):
            raise DataError(f"{path}: not a DICOM file; give .dcm files, or convert it")
        return header


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
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


def _content(header: Any) -> str:
    kind = getattr(header, "SOPClassUID", None) or getattr(
        getattr(header, "file_meta", None), "MediaStorageSOPClassUID", ""
    )
    return str(getattr(kind, "name", kind) or "content unknown")


def _declared(header: Any, path: Path) -> int:
    try:
        parts = [int(getattr(header, name)) for name in ("Rows", "Columns")]
        parts += [int(getattr(header, name, 1) or 1) for name in ("NumberOfFrames", "SamplesPerPixel")]
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(f"{path}: DICOM without an image ({_content(header)}); leave it out") from error
    if min(parts) < 1:
        raise DataError(f"{path}: declares an image of {parts}; every size must be above 0")
    return parts[0] * parts[1] * parts[2] * parts[3]


def _decoded(header: Any, path: Path, limit: int | None) -> Image:
    refuse_above(path, _declared(header, path), limit)
    try:
        array = _physical(_stored(header), header)
        return _with_geometry(array, header, unit_of(header), str(getattr(header, "Modality", "") or ""))
    except Exception as error:  # decoders of eight libraries raise their own kinds
        syntax = getattr(getattr(header, "file_meta", None), "TransferSyntaxUID", "unknown")
        name = getattr(syntax, "name", syntax)
        raise DataError(
            f"{path}: pixels cannot be decoded ({type(error).__name__}: {error}); transfer syntax {name}; "
            "export it uncompressed, or see `salus doctor` for the decoders"
        ) from error


def _stored(header: Any) -> NDArray[Any]:
    """Return `(F, C, H, W)` stored values, colour as RGB."""
    from pydicom.pixels.processing import apply_color_lut

    array = np.asarray(header.pixel_array)
    colour = int(getattr(header, "SamplesPerPixel", 1) or 1) > 1
    if header.PhotometricInterpretation == "PALETTE COLOR":
        array, colour = np.asarray(apply_color_lut(array, header)), True
    frames = int(getattr(header, "NumberOfFrames", 1) or 1)
    array = array.reshape(frames, *array.shape[-3 if colour else -2 :])
    return np.moveaxis(array, -1, 1) if colour else array[:, None]


def _physical(array: NDArray[Any], header: Any) -> NDArray[Any]:
    from pydicom.pixels.processing import apply_modality_lut

    if array.shape[1] > 1:
        return array
    if header.PhotometricInterpretation == "MONOCHROME1" and unit_of(header) == "a.u.":
        bits, signed = int(header.BitsStored), int(getattr(header, "PixelRepresentation", 0)) == 1
        array = (-1 - array.astype(np.int64) if signed else (1 << bits) - 1 - array.astype(np.int64)).astype(
            array.dtype
        )
    if "ModalityLUTSequence" in header:
        return np.asarray(apply_modality_lut(array, header)).astype(np.float32)
    group = "PixelValueTransformationSequence"
    slopes = [functional(header, frame, group, "RescaleSlope") for frame in range(len(array))]
    shifts = [functional(header, frame, group, "RescaleIntercept") for frame in range(len(array))]
    if all(value is None for value in (*slopes, *shifts)):
        return array
    slope = np.array([1.0 if value is None else float(value) for value in slopes])[:, None, None, None]
    shift = np.array([0.0 if value is None else float(value) for value in shifts])[:, None, None, None]
    return np.asarray(array * slope + shift, dtype=np.float32)


def _with_geometry(array: NDArray[Any], header: Any, unit: str, modality: str) -> Image:
    spacing, placed = in_plane_spacing(header), plane(header)
    if len(array) == 1:
        affine = None
        if spacing is not None and placed is not None:
            thickness = float(functional(header, 0, "PixelMeasuresSequence", "SliceThickness") or 1.0)
            affine = affine_of(*placed, spacing, normal_of(placed[1]) * thickness)
        return Image(array=array[0].copy(), spacing_mm=spacing, affine=affine, unit=unit, modality=modality)
    volume = np.ascontiguousarray(np.moveaxis(array, 0, 1))
    places = [plane(header, frame) for frame in range(len(array))]
    origins = np.array([place[0] for place in places if place is not None])
    steps = np.diff(origins, axis=0) if len(origins) == len(array) else np.zeros((0, 3))
    even = len(steps) > 0 and np.linalg.norm(steps[0]) > 0 and np.allclose(steps, steps[0], atol=0.01)
    if spacing is None or placed is None or not even:
        # Frames in time, or turned against each other, are no volume in space: no geometry is claimed.
        return Image(array=volume, unit=unit, modality=modality)
    step = (origins[-1] - origins[0]) / (len(origins) - 1)
    affine = affine_of(origins[0], placed[1], spacing, step)
    span = (float(np.linalg.norm(step)), *spacing)
    return Image(array=volume, spacing_mm=span, affine=affine, unit=unit, modality=modality)


def _as_volume(image: Image) -> Image:
    if image.array.ndim != 3:
        return image
    thickness = 1.0 if image.affine is None else float(np.linalg.norm(image.affine[:3, 2]))
    spacing = None if image.spacing_mm is None else (thickness, *image.spacing_mm)
    return Image(
        array=image.array[:, None], spacing_mm=spacing, affine=image.affine, unit=image.unit, modality=image.modality
    )


def _one_series(folder: Path) -> list[Path]:
    found = series_in(folder)
    if not found:
        raise DataError(f"{folder}: holds no DICOM images; check the path")
    if len(found) > 1:
        listing = ", ".join(f"{uid or 'no UID'} ({len(files)} files)" for uid, files in sorted(found.items()))
        raise DataError(f"{folder}: holds {len(found)} series: {listing}; put each in a folder of its own")
    return next(iter(found.values()))


def _placed(header: Any, path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    placed = plane(header)
    if placed is None:
        raise DataError(f"{path}: no ImagePositionPatient or ImageOrientationPatient; read it as a single picture")
    return placed


def _order(headers: list[tuple[Any, Path]], place: Path) -> tuple[list[int], NDArray[np.float64]]:
    """Return the files' order along the normal of the planes, and the step from one to the next in LPS mm."""
    placed = [_placed(header, path) for header, path in headers]
    normal = normal_of(placed[0][1])
    for (_, orientation), (header, path) in zip(placed, headers, strict=True):
        if not np.allclose(orientation, placed[0][1], atol=1e-3):
            raise DataError(f"{place}: {path.name} is turned against its neighbours; remove localizers from the folder")
        if in_plane_spacing(header) != in_plane_spacing(headers[0][0]):
            raise DataError(f"{place}: {path.name} has other pixel spacing; keep one acquisition in the folder")
    heights = np.array([float(origin @ normal) for origin, _ in placed])
    order = [int(index) for index in np.argsort(heights, kind="stable")]
    gaps = np.diff(heights[order])
    usual = float(np.median(gaps))
    for index, gap in enumerate(gaps):
        above, below = headers[order[index]][1].name, headers[order[index + 1]][1].name
        if gap < 1e-3:
            raise DataError(f"{place}: {above} and {below} lie at one place; keep one acquisition in the folder")
        if abs(gap - usual) > max(0.05 * usual, 0.02):
            raise DataError(
                f"{place}: {gap:.2f} mm between {above} and {below}, elsewhere {usual:.2f} mm; a slice is missing"
            )
    step = (placed[order[-1]][0] - placed[order[0]][0]) / (len(order) - 1)
    return order, step
