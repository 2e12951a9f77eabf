"""Where on a slide is tissue? Stained tissue has colour, glass has none; fluorescence shines on black."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import ShapeError

LEAST_SATURATION = 0.06
LEAST_BRIGHTNESS = 0.12
_HOLE = 64


def tissue_mask(array: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where a small picture of a slide shows tissue, `(H, W)`.

    Colour (bright field): the saturation beyond that of glass against Otsu's threshold, and not black as pen and
    shadow are. Otherwise (fluorescence): the mean of the channels against Otsu's threshold. Both have a floor, so that
    an empty slide stays empty instead of being cut in halves.

    Args:
        array: `(3, H, W)` uint8 for bright field; `(C, H, W)` of any other kind for fluorescence.

    Raises:
        ShapeError: Another number of axes.

    Source:
        Otsu 1979, doi:10.1109/TSMC.1979.4310076, on the saturation of HSV.

    >>> tissue_mask(np.full((3, 8, 8), 240, np.uint8)).any()
    np.False_
    """
    from scipy import ndimage

    if array.ndim != 3 or 0 in array.shape:
        raise ShapeError(f"picture of shape {array.shape}: expected (C, H, W)")
    if array.shape[0] == 3 and array.dtype == np.uint8:
        colours = _balanced(ndimage.median_filter(array, size=(1, 3, 3)).astype(np.float32) / 255)
        high, low = colours.max(axis=0), colours.min(axis=0)
        saturation = (high - low) / np.maximum(high, 1e-6)
        mask = (saturation > _threshold(saturation, LEAST_SATURATION)) & (high > LEAST_BRIGHTNESS)
    else:
        mean = np.asarray(array, dtype=np.float32).mean(axis=0)
        top = float(mean.max())
        scaled = ndimage.median_filter(mean, size=3) / (top if top > 0 else 1.0)
        floor = max(LEAST_BRIGHTNESS, 2.0 * float(np.median(scaled)) if np.median(scaled) < 0.25 else 0.0)
        mask = scaled > _threshold(scaled, floor)
    return _without_specks(mask)


def _threshold(values: NDArray[np.float32], floor: float) -> float:
    from skimage.filters import threshold_otsu

    if float(values.max()) <= float(values.min()):
        return max(floor, float(values.max()))
    # Otsu halves a slide that is tissue all over: what is plainly above the floor is then tissue as well
    found = float(threshold_otsu(values))
    return floor if float((values > floor).mean()) > 0.95 else max(floor, min(found, 1.5 * floor))


def _balanced(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide by the colour of glass, the brightest pixels, so that a tinted lamp is no stain; a slide without stays.

    Args:
        colours: `(3, H, W)` in [0, 1].
    """
    least = colours.min(axis=0)
    glass = np.median(colours[:, least >= np.quantile(least, 0.98)], axis=1)
    if float(glass.min()) < 0.7 or 1 - float(glass.min() / glass.max()) > 0.25:
        return colours
    return np.minimum(colours / glass[:, None, None], 1.0).astype(np.float32)


def _without_specks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close small holes and drop specks: dust has colour too."""
    from scipy import ndimage

    closed = ndimage.binary_closing(np.pad(mask, 2, mode="edge"), iterations=1)[2:-2, 2:-2] | mask
    for value in (True, False):
        parts, count = ndimage.label(closed == value)
        if count:
            sizes = np.bincount(parts.ravel())
            small = (sizes < min(_HOLE, closed.size // 50))[parts] & (parts > 0)
            closed = closed & ~small if value else closed | small
    return np.asarray(closed, dtype=bool)
