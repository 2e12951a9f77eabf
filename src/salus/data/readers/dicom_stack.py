"""Put planes in order: which place along the normal, which moment, and whether they make one even volume.

The same rules hold for the frames of one enhanced file and for the files of a classic series; file names and the
order in the file decide nothing.

Source: DICOM PS3.3, C.7.6.2 (image plane), C.7.6.16 (multi-frame functional groups), C.7.6.17 (multi-frame dimension).
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.readers.dicom_geometry import functional, in_plane_spacing, normal_of, plane

SAME_MM = 1e-3
TURNED = 1e-3

_SPATIAL = {0x00209057, 0x00200032, 0x00209056, 0x00201041, 0x0048021E, 0x0048021F}
"""Dimension pointers that say where a frame lies: in-stack position, position, stack, slice location, slide rows."""

_MOMENTS = ("TemporalPositionIdentifier", "TriggerTime", "EchoTime", "DiffusionBValue", "AcquisitionNumber")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where one plane lies.

    Attributes:
        origin: `(3,)`, LPS mm, of its first pixel.
        orientation: `(2, 3)`, as `dicom_geometry.plane` returns it.
        spacing: (between rows, between columns), mm; None where unknown.
        moment: What tells it from the other planes of its place: time, echo, b-value, ...; empty where nothing does.
    """

    origin: NDArray[np.float64]
    orientation: NDArray[np.float64]
    spacing: tuple[float, float] | None
    moment: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Planes in order.

    Attributes:
        order: Plane numbers, `order[t][k]`: moment t, place k.
        heights: `(D,)`, mm along the normal, growing.
        step: `(3,)`, LPS mm, mean from one place to the next.
        even: True where every gap equals the mean one, within 0.01 mm or 1 % of it.
    """

    order: tuple[tuple[int, ...], ...]
    heights: NDArray[np.float64]
    step: NDArray[np.float64]
    even: bool


def tilt_of(step: NDArray[np.float64], orientation: NDArray[np.float64]) -> float:
    """Return the angle between the step from slice to slice and the normal of the planes, degrees.

    A tilted gantry moves the table along one axis while the planes lean: the volume is sheared, not rotated.

    >>> round(tilt_of(np.array([0.0, 1.0, 1.0]), np.eye(3)[:2]), 6)
    45.0
    """
    length = float(np.linalg.norm(step))
    if length == 0:
        return 0.0
    cosine = abs(float(step @ normal_of(orientation))) / length
    return float(np.degrees(np.arccos(min(1.0, cosine))))


def frames_of(header: Any, count: int) -> list[Placed | None]:
    """Return where each frame of a file lies; None for a frame without geometry."""
    offsets = _dose_offsets(header, count)
    placed: list[Placed | None] = []
    moments = _dimension_moments(header, count)
    for frame in range(count):
        here = plane(header, frame)
        if here is None:
            placed.append(None)
            continue
        origin, orientation = here
        if offsets is not None:
            origin = origin + normal_of(orientation) * offsets[frame]
        placed.append(
            Placed(
                origin=origin, orientation=orientation, spacing=in_plane_spacing(header, frame), moment=moments[frame]
            )
        )
    return placed


def slice_of(header: Any) -> Placed | None:
    """Return where the only frame of a file lies, and its moment in a series; None without geometry."""
    here = plane(header)
    if here is None:
        return None
    moment = tuple(_number(getattr(header, name, None)) for name in _MOMENTS)
    return Placed(origin=here[0], orientation=here[1], spacing=in_plane_spacing(header), moment=moment)


def stack(placed: Sequence[Placed]) -> Stack | None:
    """Order planes along their common normal, and several planes of one place by their moment.

    Returns:
        None where planes are turned against each other, differ in spacing, or do not fill a grid of places x moments.
    """
    first = placed[0]
    if any(
        not np.allclose(one.orientation, first.orientation, atol=TURNED) or one.spacing != first.spacing
        for one in placed
    ):
        return None
    groups = places(placed)
    count = len(groups[0])
    if any(len(group) != count for group in groups):
        return None
    if count > 1:
        timed = _in_time(placed, groups)
        if timed is None:
            return None
        groups = timed
    normal = normal_of(first.orientation)
    origins = np.array([placed[group[0]].origin for group in groups])
    steps = np.diff(origins, axis=0)
    mean = steps.mean(axis=0) if len(steps) else np.zeros(3)
    even = bool(len(steps) == 0 or np.abs(steps - mean).max() <= max(0.01, 0.01 * float(np.linalg.norm(mean))))
    return Stack(
        order=tuple(tuple(group[moment] for group in groups) for moment in range(count)),
        heights=origins @ normal,
        step=mean,
        even=even,
    )


def places(placed: Sequence[Placed]) -> list[list[int]]:
    """Return plane numbers grouped by their place along the first plane's normal, in growing order."""
    normal = normal_of(placed[0].orientation)
    heights = np.array([float(one.origin @ normal) for one in placed])
    groups: list[list[int]] = []
    last = -np.inf
    for index in np.argsort(heights, kind="stable"):
        if heights[index] - last > SAME_MM:
            groups.append([])
        groups[-1].append(int(index))
        last = heights[index]
    return groups


def stacks(placed: Sequence[Placed]) -> list[list[int]]:
    """Return plane numbers grouped by orientation and spacing, each group in order of appearance."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    known: list[Placed] = []
    for index, one in enumerate(placed):
        for number, other in enumerate(known):
            if np.allclose(one.orientation, other.orientation, atol=TURNED) and one.spacing == other.spacing:
                groups[number].append(index)
                break
        else:
            known.append(one)
            groups[len(known) - 1].append(index)
    return list(groups.values())


def _in_time(placed: Sequence[Placed], groups: list[list[int]]) -> list[list[int]] | None:
    """Sort the planes of every place by what tells them apart: all that is known, or one thing of it.

    The trigger time of a heart scan differs from slice to slice while its temporal position does not, so each part of
    the moment is tried by itself as well.
    """
    parts = len(placed[groups[0][0]].moment)
    for chosen in (slice(None), *(slice(part, part + 1) for part in range(parts))):
        ordered = [sorted(group, key=lambda index, part=chosen: placed[index].moment[part]) for group in groups]  # type: ignore[misc]
        keys = {tuple(placed[index].moment[chosen] for index in group) for group in ordered}
        if len(keys) == 1 and len(set(next(iter(keys)))) == len(groups[0]):
            return ordered
    return None


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return -1.0


def _dimension_moments(header: Any, count: int) -> list[tuple[float, ...]]:
    """Return each frame's dimension index values without the spatial ones; without an index, what times it has."""
    pointers = [int(item.DimensionIndexPointer) for item in getattr(header, "DimensionIndexSequence", None) or ()]
    keep = [place for place, pointer in enumerate(pointers) if pointer not in _SPATIAL]
    moments: list[tuple[float, ...]] = []
    for frame in range(count):
        values = functional(header, frame, "FrameContentSequence", "DimensionIndexValues")
        numbers = [int(value) for value in np.atleast_1d(values)] if values is not None else []
        if pointers and len(numbers) == len(pointers):
            moments.append(tuple(numbers[place] for place in keep))
            continue
        time = functional(header, frame, "FrameContentSequence", "TemporalPositionIndex")
        moments.append((int(time),) if time is not None else ())
    return moments


def _dose_offsets(header: Any, count: int) -> list[float] | None:
    """Return each dose plane's distance from the first along the normal, mm.

    Source:
        DICOM PS3.3, C.8.8.3.2 (grid frame offset vector, relative or absolute).
    """
    vector = getattr(header, "GridFrameOffsetVector", None)
    if vector is None or len(vector) != count:
        return None
    offsets = [float(value) for value in vector]
    return [value - offsets[0] for value in offsets]
