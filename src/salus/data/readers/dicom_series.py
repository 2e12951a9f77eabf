"""A series of DICOM files: what is wrong with it, as data, and its volume, decoded into one array by a pool of threads.

Source: DICOM PS3.3, C.7.6.1.1.2 (image type), C.7.6.2.1.1 (image position and orientation), C.8.2.1 (gantry tilt).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.readers.dicom_file import DicomFile, guarded
from salus.data.readers.dicom_geometry import unit_of
from salus.data.readers.dicom_pixels import each_frame
from salus.data.readers.dicom_quick import open_slice
from salus.data.readers.dicom_stack import Placed, Stack, places, slice_of, stack, stacks, tilt_of
from salus.data.readers.dicom_values import Writer, channels_of, physical_type, writer_of
from salus.schema.errors import DataError

TILTED_DEGREES = 0.5
_TOGETHER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFinding:
    """One thing to know about a series.

    Attributes:
        kind: `unreadable`, `several_series`, `several_patients`, `localizer`, `several_sizes`, `several_spacings`,
            `several_units`, `no_geometry`, `duplicate_slice`, `missing_slice`, `uneven_spacing`, `gantry_tilt`,
            `several_frames` (of reference), `lossy`.
        severity: `error` keeps the series from being read as a volume, `warning` bends it, `note` is worth knowing.
        what: One sentence.
        which: Names of the files.
        remedy: What to do.
    """

    kind: str
    severity: str
    what: str
    which: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesReport:
    """What the headers of a series say; no pixels were decoded.

    Attributes:
        uid: SeriesInstanceUID of most files.
        modality: DICOM modality code.
        files: How many were given.
        findings: Errors first.
        order: Files that make the volume, by place; moment after moment where a place has several.
        shape: `(T, D, H, W)`, or None where no volume can be made even without the odd files.
        spacing_mm: (between slices, rows, columns); None where unknown.
        tilt_degrees: Angle between the step from slice to slice and the normal of the planes.
    """

    uid: str
    modality: str
    files: int
    findings: tuple[SeriesFinding, ...]
    order: tuple[Path, ...]
    shape: tuple[int, int, int, int] | None
    spacing_mm: tuple[float, float, float] | None
    tilt_degrees: float

    @property
    def readable(self) -> bool:
        """Tell whether `read_dicom_series` takes the files as they are."""
        return not any(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A series ready to be decoded: its files in order and the geometry of the first place."""

    files: tuple[tuple[DicomFile, ...], ...]
    first: Placed
    stack: Stack


def open_files(paths: Iterable[Path | str]) -> list[DicomFile]:
    """Parse the headers of files.

    Raises:
        DataError: One is not DICOM, or damaged.
    """
    return [open_slice(path) for path in paths]


def examine(files: Sequence[DicomFile]) -> tuple[SeriesReport, Plan | None]:
    """Look at the headers of a series; return what was found and, without errors, how to read it."""
    with guarded(files[0].path.parent):
        found, kept = _odd_files(files)
        placed = [(file, slice_of(file.header)) for file in kept]
        bare = [file for file, place in placed if place is None]
        if bare:
            severity = "error" if len(files) > 1 else "note"
            found.append(_finding("no_geometry", severity, "no position or orientation of the plane", bare))
        grid = [(file, place) for file, place in placed if place is not None]
        plan = None
        if grid:
            more, plan = _volume(grid)
            found += more
        found += _notes(kept, plan)
    report = _report(files, found, plan)
    return report, plan if report.readable else None


def decode_plan(plan: Plan, pool: ThreadPoolExecutor | None) -> NDArray[Any]:
    """Decode every slice into one array `(C, T, D, H, W)`, allocated once.

    Raises:
        DataError: A slice that cannot be decoded.
    """
    flat = [(t, k, file) for t, row in enumerate(plan.files) for k, file in enumerate(row)]
    _, rows, columns, _ = flat[0][2].sizes
    dtype = np.result_type(*{physical_type(file) for _, _, file in flat})
    shape = (channels_of(flat[0][2]), len(plan.files), len(plan.files[0]), rows, columns)
    volume = np.empty(shape, dtype)

    def work(jobs: list[tuple[int, int, DicomFile]]) -> None:
        for t, k, file in jobs:
            write, place = writer_of(file), volume[:, t, k]
            each_frame(file, partial(_put, write, place), None)

    # a few slices a task: handing over one alone costs as much as adding its intercept
    parts = [flat[start : start + _TOGETHER] for start in range(0, len(flat), _TOGETHER)]
    for _ in map(work, parts) if pool is None else pool.map(work, parts):
        pass
    return volume


def _put(write: Writer, place: NDArray[Any], frame: int, stored: NDArray[Any]) -> None:
    write(frame, stored, place)


def _odd_files(files: Sequence[DicomFile]) -> tuple[list[SeriesFinding], list[DicomFile]]:
    """Return what does not belong together, and the files of the largest part that does."""
    found: list[SeriesFinding] = []
    kept = list(files)
    for kind, name, remedy in (
        ("several_series", "SeriesInstanceUID", "put each series in a folder of its own"),
        ("several_patients", "PatientID", "sort the files by patient"),
    ):
        values = Counter(str(getattr(file.header, name, "") or "") for file in kept)
        if len(values) > 1:
            usual = values.most_common(1)[0][0]
            odd = [file for file in kept if str(getattr(file.header, name, "") or "") != usual]
            found.append(_finding(kind, "error", f"{len(values)} values of {name}", odd, remedy))
            kept = [file for file in kept if file not in odd]
    scouts = [file for file in kept if "LOCALIZER" in (str(part) for part in getattr(file.header, "ImageType", ()))]
    if scouts and len(scouts) < len(kept):
        found.append(_finding("localizer", "error", "localizers among the slices", scouts, "remove them"))
        kept = [file for file in kept if file not in scouts]
    sizes = Counter(file.sizes for file in kept)
    usual_size = sizes.most_common(1)[0][0]
    odd = [file for file in kept if file.sizes != usual_size]
    if odd:
        what = f"differs in size from its neighbours ({usual_size[1]} x {usual_size[2]})"
        found.append(_finding("several_sizes", "error", what, odd))
        kept = [file for file in kept if file.sizes == usual_size]
    units = Counter(unit_of(file.header) for file in kept)
    if len(units) > 1:
        odd = [file for file in kept if unit_of(file.header) != units.most_common(1)[0][0]]
        found.append(_finding("several_units", "error", f"slices in different units {sorted(units)}", odd))
    return found, kept


def _volume(grid: list[tuple[DicomFile, Placed]]) -> tuple[list[SeriesFinding], Plan | None]:
    found: list[SeriesFinding] = []
    groups = sorted(stacks([place for _, place in grid]), key=len, reverse=True)
    usual = grid[groups[0][0]][1]
    turned: list[DicomFile] = []
    spaced: list[DicomFile] = []
    for group in groups[1:]:
        same = np.allclose(grid[group[0]][1].orientation, usual.orientation, atol=1e-3)
        (spaced if same else turned).extend(grid[index][0] for index in group)
    if turned:
        found.append(_finding("localizer", "error", "is turned against its neighbours", turned, "remove localizers"))
    if spaced:
        found.append(_finding("several_spacings", "error", "has other pixel spacing", spaced))
    grid = [grid[index] for index in groups[0]]
    planes = [place for _, place in grid]
    ordered = stack(planes)
    if ordered is None:
        sets = places(planes)
        usual_count = Counter(len(group) for group in sets).most_common(1)[0][0]
        if usual_count == 1 or len({len(group) for group in sets}) == 1:
            twice = [grid[index][0] for group in sets if len(group) > 1 for index in group]
            names = " and ".join(file.path.name for file in twice[:2])
            found.append(_finding("duplicate_slice", "error", f"{names} lie at one place", twice))
        else:
            short = [grid[index][0] for group in sets if len(group) != usual_count for index in group]
            what = f"{len(short)} slices lie at places that have not {usual_count} of them like the others"
            found.append(_finding("missing_slice", "error", what, short, "export the series again"))
        ordered = stack([planes[group[0]] for group in sets])
        if ordered is None:
            return found, None
        grid = [grid[group[0]] for group in sets]
    found += _gaps(ordered, [file for file, _ in grid])
    files = tuple(tuple(grid[index][0] for index in row) for row in ordered.order)
    return found, Plan(files=files, first=grid[ordered.order[0][0]][1], stack=ordered)


def _gaps(ordered: Stack, files: list[DicomFile]) -> list[SeriesFinding]:
    gaps = np.diff(ordered.heights)
    if len(gaps) == 0:
        return []
    usual = float(np.median(gaps))
    found = []
    for index, gap in enumerate(gaps):
        if abs(gap - usual) <= max(0.05 * usual, 0.02):
            continue
        pair = [files[ordered.order[0][index]], files[ordered.order[0][index + 1]]]
        missing = gap > usual and abs(gap / usual - round(gap / usual)) < 0.1
        what = f"{gap:.2f} mm between {pair[0].path.name} and {pair[1].path.name}, elsewhere {usual:.2f} mm"
        count = round(gap / usual) - 1
        kind = "missing_slice" if missing else "uneven_spacing"
        tail = f"; a slice is missing ({count} of them)" if missing else "; a slice is missing or the spacing changes"
        found.append(_finding(kind, "error", what + tail, pair, "export the series again, or split it there"))
    return found


def _notes(files: Sequence[DicomFile], plan: Plan | None) -> list[SeriesFinding]:
    found = []
    lossy = [file for file in files if str(getattr(file.header, "LossyImageCompression", "") or "") == "01"]
    if lossy:
        what = "was compressed with loss: values are near the measured ones, not equal"
        found.append(_finding("lossy", "note", what, lossy, "prefer the original for measurements"))
    frames = {str(file.header.get("FrameOfReferenceUID") or "") for file in files}
    if len(frames) > 1:
        what = f"{len(frames)} names of the frame of reference in one series"
        remedy = "its slices are taken to lie in one frame; ask who replaced the UIDs"
        found.append(_finding("several_frames", "warning", what, files, remedy))
    tilt = 0.0 if plan is None else tilt_of(plan.stack.step, plan.first.orientation)
    if tilt > TILTED_DEGREES:
        what = f"slices lean by {tilt:.1f} degrees against the step of the table: the volume is sheared"
        remedy = "its affine keeps the shear; resample where a method needs right angles"
        found.append(_finding("gantry_tilt", "note", what, files, remedy))
    return found


def _report(files: Sequence[DicomFile], found: list[SeriesFinding], plan: Plan | None) -> SeriesReport:
    uids = Counter(str(getattr(file.header, "SeriesInstanceUID", "") or "") for file in files)
    rank = ("error", "warning", "note")
    shape = spacing = None
    tilt = 0.0
    if plan is not None:
        _, rows, columns, _ = plan.files[0][0].sizes
        shape = (len(plan.files), len(plan.files[0]), rows, columns)
        tilt = tilt_of(plan.stack.step, plan.first.orientation)
        if plan.first.spacing is not None and shape[1] > 1:
            spacing = (float(np.linalg.norm(plan.stack.step)), *plan.first.spacing)
    return SeriesReport(
        uid=uids.most_common(1)[0][0],
        modality=str(getattr(files[0].header, "Modality", "") or ""),
        files=len(files),
        findings=tuple(sorted(found, key=lambda finding: rank.index(finding.severity))),
        order=() if plan is None else tuple(file.path for row in plan.files for file in row),
        shape=shape,
        spacing_mm=spacing,
        tilt_degrees=tilt,
    )


def _finding(
    kind: str, severity: str, what: str, files: Iterable[DicomFile], remedy: str = "keep one acquisition in the folder"
) -> SeriesFinding:
    names = tuple(file.path.name for file in files)
    return SeriesFinding(kind=kind, severity=severity, what=what, which=names, remedy=remedy)


def first_error(report: SeriesReport, place: Path) -> DataError:
    """Return the first error of a report as what a reader raises."""
    finding = next(one for one in report.findings if one.severity == "error")
    named = "" if finding.which and finding.which[0] in finding.what else f"{', '.join(finding.which[:3])} "
    more = f" and {len(finding.which) - 3} more: " if len(finding.which) > 3 and named else ""
    return DataError(f"{place}: {named}{more}{finding.what}; {finding.remedy}")
