"""Write marks and a window over images as a grayscale softcopy presentation state; the images stay untouched.

Source: DICOM PS3.3, A.33.1 and C.10.5 (graphic annotation), C.11.8 (softcopy VOI LUT).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.export.dicom_source import Maker, save, source_headers
from salus.schema.errors import DataError

SHAPES = ("POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One drawing on one image.

    Attributes:
        points: `(N, 2)`, (column, row) in pixels, the centre of the first pixel being (0, 0). One point for a POINT,
            centre and rim for a CIRCLE, ends of both axes for an ELLIPSE.
        shape: One of `SHAPES`.
        text: Written beside it; empty for none.
        slice: Which source image, in geometric order.
    """

    points: NDArray[np.float64]
    shape: str = "POLYLINE"
    text: str = ""
    slice: int = 0

    @staticmethod
    def box(top: float, left: float, bottom: float, right: float, text: str = "", place: int = 0) -> "Mark":
        """Return a closed rectangle; edges in pixels, (0, 0) the centre of the first."""
        points = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
        return Mark(points=np.array(points, dtype=np.float64), text=text, slice=place)


def write_gsps(
    path: Path | str,
    marks: Sequence[Mark],
    sources: Sequence[Path | str],
    window: tuple[float, float] | None = None,
    maker: Maker | None = None,
) -> Path:
    """Write a presentation state.

    Args:
        path: Where to.
        marks: What to draw.
        sources: Files of the images, of one series.
        window: Center and width in the images' unit; None leaves the images' own.
        maker: Who made it.

    Returns:
        The path.

    Raises:
        DataError: A mark beyond its image, an unknown shape, a wrong number of points, or no marks and no window.
    """
    if not marks and window is None:
        raise DataError("neither a mark nor a window; a presentation state needs one of them")
    who = maker or Maker()
    headers = source_headers(sources)
    for mark in marks:
        _check(mark, headers)
    return save(path, lambda: _state(marks, headers, window, who))


def _check(mark: Mark, headers: list[Any]) -> None:
    if mark.shape not in SHAPES:
        raise DataError(f"a mark of shape {mark.shape!r}; expected one of {', '.join(SHAPES)}")
    if not 0 <= mark.slice < len(headers):
        raise DataError(f"a mark on slice {mark.slice} of {len(headers)}; count from 0")
    points = np.asarray(mark.points, dtype=np.float64)
    least, most = {"POINT": (1, 1), "CIRCLE": (2, 2), "ELLIPSE": (4, 4)}.get(mark.shape, (2, 10_000))
    if points.ndim != 2 or points.shape[1] != 2 or not least <= len(points) <= most:
        raise DataError(f"a {mark.shape} of points {points.shape}; expected ({least}..{most}, 2)")
    size = np.array([int(headers[mark.slice].Columns), int(headers[mark.slice].Rows)])
    if not np.isfinite(points).all() or (points < -0.5).any() or (points > size - 0.5).any():
        raise DataError(f"a mark beyond its image of {size[1]} x {size[0]} pixels; clip it")


def _state(marks: Sequence[Mark], headers: list[Any], window: tuple[float, float] | None, who: Maker) -> Any:
    from highdicom import pr

    layer = pr.GraphicLayer("SALUS", order=1, description="Marks of " + who.algorithm)
    annotations = []
    for place in sorted({mark.slice for mark in marks}):
        here = [mark for mark in marks if mark.slice == place]
        annotations.append(
            pr.GraphicAnnotation(
                referenced_images=[headers[place]],
                graphic_layer=layer,
                graphic_objects=[
                    # DICOM counts from the corner of the first pixel, which it calls (1, 1) at the centre
                    pr.GraphicObject(graphic_type=mark.shape, graphic_data=_graphic(mark), units="PIXEL")
                    for mark in here
                ],
                text_objects=[
                    pr.TextObject(text_value=mark.text, units="PIXEL", anchor_point=_anchor(mark))
                    for mark in here
                    if mark.text
                ]
                or None,
            )
        )
    voi = None
    if window is not None:
        voi = [pr.SoftcopyVOILUTTransformation(window_center=window[0], window_width=window[1])]
    return pr.GrayscaleSoftcopyPresentationState(
        referenced_images=headers,
        content_label="SALUS",
        content_description="Marks of " + who.algorithm[:40],
        graphic_annotations=annotations or None,
        graphic_layers=[layer] if annotations else None,
        voi_lut_transformations=voi,
        **who.fields(),
        **who.device(),
    )


def _graphic(mark: Mark) -> NDArray[np.float64]:
    return np.maximum(np.asarray(mark.points, dtype=np.float64) + 1.0, 0.5)


def _anchor(mark: Mark) -> tuple[float, float]:
    first = _graphic(mark)[0]
    return float(first[0]), float(first[1])
