"""What one observation is: a `Sample` of one patient whose inputs keep their physical units.

Arrays are plain NumPy. Axis letters: C channel, D H W space, L lead, T time (see `docs/reference/words.md`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import ShapeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture or volume in physical values.

    Attributes:
        array: `(C, H, W)`, `(C, D, H, W)` or `(C, T, D, H, W)`; any real dtype.
        spacing_mm: Distance between sample centres in mm, one per spatial axis in the order of `array`'s last axes.
        affine: `(4, 4)`, maps voxel indices (column i, row j, slice k) to RAS millimetres; None where unknown.
        unit: What one intensity step means: `"HU"`, `"uint8"`, `"a.u."`, ...
        modality: DICOM modality code (`"CT"`, `"MR"`, `"XC"`, ...) or empty.
    """

    array: NDArray[Any]
    spacing_mm: tuple[float, ...] | None = None
    affine: NDArray[np.float64] | None = None
    unit: str = "a.u."
    modality: str = ""

    def __post_init__(self) -> None:
        if self.array.ndim not in (3, 4, 5):
            raise ShapeError(
                f"image of shape {self.array.shape}: expected (C, H, W), (C, D, H, W) or (C, T, D, H, W); "
                "add a leading channel axis"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waveform:
    """A recording sampled at one rate.

    Attributes:
        array: `(L, T)`, physical values, float; NaN where the sensor gave nothing.
        rate_hz: Samples per second.
        leads: Name of each row.
        units: Unit of each row.
    """

    array: NDArray[Any]
    rate_hz: float
    leads: tuple[str, ...]
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.array.ndim != 2 or len(self.leads) != self.array.shape[0]:
            raise ShapeError(f"waveform of shape {self.array.shape} with {len(self.leads)} lead names: expected (L, T)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What happened to a patient, in order of time.

    Attributes:
        times_h: `(N,)`, hours since the patient's first event, not decreasing.
        codes: What happened, N of them.
        values: `(N,)`, NaN where an event has no value.
        units: Unit of each value, empty where none.
    """

    times_h: NDArray[np.float64]
    codes: tuple[str, ...]
    values: NDArray[np.float64]
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.times_h) == len(self.codes) == len(self.values):
            raise ShapeError(
                f"events: {len(self.times_h)} times, {len(self.codes)} codes and {len(self.values)} values; "
                "give one of each per event"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text, its tokens and where each stands.

    Attributes:
        text: The document or sentence.
        tokens: Its words, in order.
        offsets: `(start, end)` of each token in `text`, in characters.
    """

    text: str
    tokens: tuple[str, ...] = ()
    offsets: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.offsets and len(self.offsets) != len(self.tokens):
            raise ShapeError(f"note: {len(self.tokens)} tokens but {len(self.offsets)} offsets; give one per token")
        if self.offsets and self.offsets[-1][1] > len(self.text):
            raise ShapeError(
                f"note: an offset ends at {self.offsets[-1][1]}, beyond the text's {len(self.text)} letters"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table; a missing number is NaN, a missing word is the empty string."""

    values: Mapping[str, float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One observation of one patient as measured: physical units, original size.

    Attributes:
        id: Unique in its dataset.
        patient: A split never divides one patient.
        inputs: `Image | Waveform | Events | Note | Row`, by name.
        target: The truth in the form the task asks for; None once deployed.
        meta: What the protocol needs to know beside the inputs: `site`, `split`, `group_*`, `recording`,
            `start_s`, `stop_s`, `path`, `weight` (how often training draws it, relative to others). A system never
            reads it.
    """

    id: str
    patient: str
    inputs: Mapping[str, Any]
    target: Any = None
    meta: Mapping[str, Any] = field(default_factory=dict)
