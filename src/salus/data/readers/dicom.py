"""DICOM images: one file, or the slices of one series put in geometric order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import existing, refuse_above
from salus.data.readers.dicom_file import DicomFile, guarded, is_dicom, open_dicom
from salus.data.readers.dicom_geometry import affine_of, functional, in_plane_spacing, normal_of, unit_of
from salus.data.readers.dicom_series import (
    Plan,
    SeriesFinding,
    SeriesReport,
    decode_plan,
    examine,
    first_error,
    open_files,
)
from salus.data.readers.dicom_stack import Placed, Stack, frames_of, stack
from salus.data.readers.dicomdir import SUFFIXES, ZIPPED, found_in, one_series, opened_study
from salus.schema.errors import DataError
from salus.schema.sample import Image

__all__ = [
    "SUFFIXES",
    "ZIPPED",
    "SeriesFinding",
    "SeriesReport",
    "inspect_series",
    "is_dicom",
    "read_dicom",
    "read_dicom_series",
    "read_header",
    "series_in",
]


def read_dicom(path: Path | str, limit: int | None = None) -> Image:
    """Read the image of one DICOM file in physical values.

    Rescaling is applied per frame. MONOCHROME1 is inverted so that bright is high, except where values are physical
    (HU, a stated rescale type): polarity is a matter of display there. YBR and palettes become RGB.

    Args:
        path: The file.
        limit: Most pixels x samples x frames; None takes the setting.

    Returns:
        `(1, H, W)`; `(3, H, W)` for colour; `(C, D, H, W)` for several frames, sorted along the normal of their
        planes; `(C, T, D, H, W)` where each place was taken T times. float32 after rescaling, else as stored.
        `spacing_mm` and `affine` (RAS) where the file states them and the frames make an even volume; frames without
        that stay in the order of the file. A segmentation gives one channel a segment (`read_seg` tells which).

    Raises:
        DataError: Not DICOM, no pixels, damaged, too large, or a transfer syntax without decoder.
    """
    found = existing(path)
    with guarded(found):
        return _read_file(open_dicom(found), limit)


def read_dicom_series(source: Path | str | list[Path], limit: int | None = None, series: str | None = None) -> Image:
    """Read the slices of one series as a volume, ordered along the slice normal.

    Args:
        source: A folder, DICOMDIR or zip that holds one series, or the list of its files.
        limit: Most voxels of the whole volume; None takes the setting.
        series: SeriesInstanceUID, where the source holds several.

    Returns:
        `(C, D, H, W)` with spacing and affine; slice k grows along the normal of the planes. `(C, T, D, H, W)` where
        every place was taken T times and the headers tell the moments apart. A tilted gantry leaves its shear in the
        affine (`inspect_series` says so).

    Raises:
        DataError: No images, several series, slices that differ in size, orientation or spacing, two slices at one
            place, or a missing slice.
    """
    with _series_files(source, series) as files:
        place = files[0].path.parent if isinstance(source, list) else Path(source)
        with guarded(place):
            return _volume(files, place, limit)


def inspect_series(source: Path | str | list[Path], series: str | None = None) -> SeriesReport:
    """Say what a series holds and what is wrong with it, from its headers alone.

    Args:
        source: A folder, DICOMDIR or zip that holds one series, or the list of its files.
        series: SeriesInstanceUID, where the source holds several.

    Returns:
        Findings as data: localizers, missing or duplicated slices, gantry tilt, mixed acquisitions, lossy compression.

    Raises:
        DataError: No images, several series in a folder, or a file that is not DICOM.
    """
    with _series_files(source, series) as files:
        return examine(files)[0]


def series_in(folder: Path | str) -> dict[str, list[Path]]:
    """Return the image files of every series below a folder, by SeriesInstanceUID; other files are passed over.

    Raises:
        DataError: No such folder, or a file named `.dcm` that is not DICOM.
    """
    return {uid: [file.path for file in files] for uid, files in found_in(Path(folder)).items()}


def read_header(path: Path | str, pixels: bool = True) -> Any:
    """Return a file's pydicom data set; without pixel data where `pixels` is False.

    Raises:
        DataError: Not DICOM, or damaged.
    """
    import pydicom

    file = open_dicom(path)
    if not pixels or not file.keyword:
        return file.header
    with guarded(file.path):
        return pydicom.dcmread(file.path, force=True)


@contextmanager
def _series_files(source: Path | str | list[Path], series: str | None) -> Iterator[list[DicomFile]]:
    if isinstance(source, list):
        if not source:
            raise DataError("a series of no files; give at least one")
        yield one_series({series or "": open_files(source)}, source[0].parent, series)
        return
    with opened_study(source) as found:
        yield one_series(found, Path(source), series)


def _volume(files: list[DicomFile], place: Path, limit: int | None) -> Image:
    if len(files) == 1:
        return _as_volume(_read_file(files[0], limit))
    refuse_above(place, sum(int(np.prod(file.sizes)) for file in files), limit)
    report, plan = examine(files)
    if plan is None:
        raise first_error(report, place)
    if plan.files[0][0].sizes[0] > 1:
        raise DataError(f"{place}: {files[0].path.name} holds several frames; read each file of it by itself")
    with _pool() as pool:
        volume = decode_plan(plan, pool)
    return _series_image(volume, plan)


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    from salus.data.readers.dicom_pixels import threads

    pool = ThreadPoolExecutor(threads())
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read_file(file: DicomFile, limit: int | None) -> Image:
    from salus.data.readers.dicom_frames import refuse_short
    from salus.data.readers.dicom_pixels import each_frame
    from salus.data.readers.dicom_values import channels_of, physical_type, writer_of

    if "SegmentSequence" in file.header:
        return _masks(file, limit)
    file.refuse_above(limit)
    refuse_short(file)
    frames, rows, columns, _ = file.sizes
    header, unit = file.header, unit_of(file.header)
    modality = str(getattr(header, "Modality", "") or "")
    order, ordered, placed = _arranged(file)
    seat = np.empty(frames, np.int64)
    seat[np.array(order).reshape(-1)] = np.arange(frames)
    array = np.empty((channels_of(file), frames, rows, columns), physical_type(file))
    write = writer_of(file)

    def use(index: int, stored: NDArray[Any]) -> None:
        write(index, stored, array[:, seat[index]])

    if frames > 1:
        with _pool() as pool:
            each_frame(file, use, pool)
    else:
        each_frame(file, use, None)
    if frames == 1:
        return _picture(array[:, 0], file, unit, modality)
    if ordered is None or placed is None:
        # Frames in time, or turned against each other, are no volume in space: no geometry is claimed.
        return Image(array=array, unit=unit, modality=modality)
    moments = len(ordered.order)
    if moments > 1:
        array = array.reshape(array.shape[0], moments, -1, rows, columns)
    if placed.spacing is None or not ordered.even or len(ordered.heights) < 2:
        return Image(array=array, unit=unit, modality=modality)
    affine = affine_of(placed.origin, placed.orientation, placed.spacing, ordered.step)
    spacing = (float(np.linalg.norm(ordered.step)), *placed.spacing)
    return Image(array=array, spacing_mm=spacing, affine=affine, unit=unit, modality=modality)


def _masks(file: DicomFile, limit: int | None) -> Image:
    from salus.data.readers.dicom_seg import read_seg

    found = read_seg(file.path, limit=limit)
    array = found.masks.astype(np.uint8) if found.masks.dtype == bool else found.masks
    return Image(array=array, spacing_mm=found.spacing_mm, affine=found.affine, unit="mask", modality="SEG")


def _arranged(file: DicomFile) -> tuple[tuple[tuple[int, ...], ...], Stack | None, Placed | None]:
    """Return the order of the frames, and their stack where they make one."""
    frames = file.sizes[0]
    plain = (tuple(range(frames)),)
    if frames == 1:
        return plain, None, None
    placed = [one for one in frames_of(file.header, frames) if one is not None]
    ordered = stack(placed) if len(placed) == frames else None
    if ordered is None or len(ordered.heights) < 2:
        return plain, None, None
    return ordered.order, ordered, placed[ordered.order[0][0]]


def _picture(array: NDArray[Any], file: DicomFile, unit: str, modality: str) -> Image:
    spacing, affine = in_plane_spacing(file.header), None
    placed = frames_of(file.header, 1)[0]
    if spacing is not None and placed is not None:
        thickness = float(functional(file.header, 0, "PixelMeasuresSequence", "SliceThickness") or 1.0)
        affine = affine_of(placed.origin, placed.orientation, spacing, normal_of(placed.orientation) * thickness)
    return Image(array=array, spacing_mm=spacing, affine=affine, unit=unit, modality=modality)


def _series_image(volume: NDArray[Any], plan: Plan) -> Image:
    header = plan.files[0][0].header
    unit, modality = unit_of(header), str(getattr(header, "Modality", "") or "")
    array = volume[:, 0] if volume.shape[1] == 1 else volume
    spacing, step = plan.first.spacing, plan.stack.step
    if spacing is None or array.shape[-3] < 2:
        return Image(array=array, unit=unit, modality=modality)
    return Image(
        array=array,
        spacing_mm=(float(np.linalg.norm(step)), *spacing),
        affine=affine_of(plan.first.origin, plan.first.orientation, spacing, step),
        unit=unit,
        modality=modality,
    )


def _as_volume(image: Image) -> Image:
    if image.array.ndim != 3:
        return image
    thickness = 1.0 if image.affine is None else float(np.linalg.norm(image.affine[:3, 2]))
    spacing = None if image.spacing_mm is None else (thickness, *image.spacing_mm)
    return Image(
        array=image.array[:, None], spacing_mm=spacing, affine=image.affine, unit=image.unit, modality=image.modality
    )
