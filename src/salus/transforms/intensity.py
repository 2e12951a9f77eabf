"""Grey values: windows, standard scores, percentile limits."""

import numpy as np
from numpy.typing import NDArray


def apply_window(image: NDArray[np.floating], center: float, width: float) -> NDArray[np.floating]:
    """Map Hounsfield units to display values by the DICOM linear window.

    Args:
        image: Any shape, HU, real floating dtype; not changed.
        center: Window center, HU.
        width: Window width, HU, above 1.

    Returns:
        Same shape and dtype as `image`, in [0, 1].

    Raises:
        ValueError: `width` is 1 or less.

    Source:
        DICOM PS3.3, C.11.2.1.2.1, with the output range scaled to [0, 1].

    >>> apply_window(np.array([-160.0, 39.5, 239.0]), center=40.0, width=400.0)
    array([0. , 0.5, 1. ])
    """
    if width <= 1:
        raise ValueError(f"window width must exceed 1 HU, got {width}")
    scaled = (image - (center - 0.5)) / (width - 1) + 0.5
    return np.clip(scaled, 0.0, 1.0).astype(image.dtype, copy=False)


def z_score(
    image: NDArray[np.generic], mask: NDArray[np.bool_] | None = None, axes: tuple[int, ...] | None = None
) -> NDArray[np.float32]:
    """Shift and scale values to mean 0 and standard deviation 1.

    Args:
        image: Any shape, real dtype.
        mask: Where to measure mean and deviation, broadcast to `image`; None measures everywhere.
        axes: Over which axes; None takes all, `(-2, -1)` scales each channel by itself.

    Returns:
        Same shape, float32; 0 everywhere where all measured values are equal.

    Raises:
        ValueError: The mask is empty somewhere.

    >>> z_score(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """
    values = np.asarray(image, dtype=np.float64)
    where = True if mask is None else np.broadcast_to(mask, values.shape)
    if mask is not None and not np.broadcast_to(mask, values.shape).any(axis=axes).all():
        raise ValueError("z_score: the mask selects no value; give a mask with at least one")
    mean = values.mean(axis=axes, keepdims=True, where=where)
    deviation = values.std(axis=axes, keepdims=True, where=where)
    # below rounding noise of the mean the image is constant, and dividing would blow that noise up
    flat = deviation <= 1e-12 * np.maximum(np.abs(mean), 1.0)
    return np.where(flat, 0.0, (values - mean) / np.where(flat, 1.0, deviation)).astype(np.float32)


def clip_percentiles(
    image: NDArray[np.generic], low: float = 0.5, high: float = 99.5, mask: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Clip values to two percentiles and scale them to [0, 1]; a few bright voxels then no longer set the scale.

    Args:
        image: Any shape, real dtype.
        low: Lower percentile, from 0.
        high: Upper percentile, to 100.
        mask: Where the percentiles are measured; None measures everywhere.

    Returns:
        Same shape, float32; 0 everywhere where the two percentiles are equal.

    Raises:
        ValueError: Percentiles out of order, or an empty mask.

    Source:
        Nyúl LG, Udupa JK. On standardizing the MR image intensity scale. Magnetic Resonance in Medicine 42:1072-1081,
        1999, section on the percentile limits pc1 and pc2.
    """
    if not 0 <= low < high <= 100:
        raise ValueError(f"percentiles {low} and {high}: expected 0 <= low < high <= 100")
    values = np.asarray(image, dtype=np.float64)
    measured = values if mask is None else values[np.broadcast_to(mask, values.shape)]
    if not measured.size:
        raise ValueError("clip_percentiles: the mask selects no value; give a mask with at least one")
    bottom, top = np.percentile(measured, [low, high])
    if not top > bottom:
        return np.zeros(values.shape, dtype=np.float32)
    return ((np.clip(values, bottom, top) - bottom) / (top - bottom)).astype(np.float32)
