"""Cut a motion stream into windows, put jittery packets on a grid, turn a body sensor about gravity.

Arrays are `(L, T)`: leads by time. Three leads are acceleration in g; six add rotation in deg/s.
"""

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, ShapeError

Floats = NDArray[np.floating]


def check_stamps(times_ms: NDArray[np.number], name: str) -> None:
    """Refuse measuring times that do not rise.

    Args:
        times_ms: `(N,)`, when each value was measured.
        name: What the message calls the stream.

    Raises:
        DataError: A time that repeats or goes back.
    """
    steps = np.diff(np.asarray(times_ms, dtype=float))
    wrong = np.flatnonzero(~(steps > 0))
    if wrong.size:
        first = int(wrong[0])
        raise DataError(
            f"{name}: time {float(times_ms[first]):g} ms is followed by {float(times_ms[first + 1]):g} ms "
            f"({wrong.size} such steps); drop repeated packets, or use `latest_times` if these are arrival times"
        )


def latest_times(arrival_ms: NDArray[np.number], period_ms: float) -> NDArray[np.float64]:
    """Return the latest moments at which packets that arrived in bursts can have been measured.

    A value is measured no later than it arrives, and at least one period before the next one. Late and bunched
    arrivals are so spread evenly again, while packets that never came leave a gap.

    Args:
        arrival_ms: `(N,)`, arrival times in the order of measuring; may repeat.
        period_ms: Time between two measurements.

    Returns:
        `(N,)`, ms, rising by at least `period_ms`.

    >>> latest_times(np.array([0, 100, 101, 150, 300]), 50.0)
    array([-50.,   0.,  50., 100., 300.])
    """
    order = np.arange(len(arrival_ms)) * period_ms
    slack = np.asarray(arrival_ms, dtype=float) - order
    latest: NDArray[np.float64] = np.minimum.accumulate(slack[::-1])[::-1] + order
    return latest


def nearest_grid(times_ms: NDArray[np.number], values: Floats, rate_hz: float) -> NDArray[np.float32]:
    """Put values on an even grid that starts at the first of them; NaN where none was measured near a grid point.

    Args:
        times_ms: `(N,)`, rising.
        values: `(L, N)`.
        rate_hz: Rate of the grid.

    Returns:
        `(L, T)`. A grid point takes the nearest value within three quarters of a period.

    Raises:
        DataError: No value at all, or times that do not rise.
    """
    if values.shape[-1] == 0:
        raise DataError("stream without a single packet; leave the trial out")
    check_stamps(times_ms, "stream")
    times = np.asarray(times_ms, dtype=float)
    period = 1000.0 / rate_hz
    grid = times[0] + period * np.arange(int((times[-1] - times[0]) / period + 0.5) + 1)
    after = np.clip(np.searchsorted(times, grid), 1, max(len(times) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(times) - 1)
    index = np.where(grid - times[before] <= times[after] - grid, before, after)
    result = values[:, index].astype(np.float32)
    result[:, np.abs(times[index] - grid) > 0.75 * period] = np.nan
    return result


def window_starts(length: int, size: int, stride: int) -> NDArray[np.int64]:
    """Return the first samples of all windows that lie inside a stream; none where it is shorter than one."""
    return np.arange(0, max(length - size + 1, 0), stride, dtype=np.int64)


def sliding_windows(array: Floats, size: int, stride: int) -> Floats:
    """Return all windows of a stream as a view.

    Args:
        array: `(L, T)`.
        size: Samples of a window.
        stride: Samples between the starts of two windows.

    Returns:
        `(W, L, size)`.

    Raises:
        ShapeError: A stream shorter than one window.
    """
    if array.shape[-1] < size:
        raise ShapeError(f"stream of {array.shape[-1]} samples: one window needs {size}; record longer")
    view = np.lib.stride_tricks.sliding_window_view(array, size, axis=-1)[:, ::stride]
    return np.moveaxis(view, 0, 1)


def dropped_share(array: Floats, size: int, stride: int) -> NDArray[np.float64]:
    """Return for each window `(W,)` the share of its moments at which any lead is missing (NaN)."""
    lost = np.isnan(array).max(axis=0, keepdims=True).astype(float)
    share: NDArray[np.float64] = sliding_windows(lost, size, stride)[:, 0].mean(axis=-1)
    return share


def fill_gaps(array: Floats) -> NDArray[np.float32]:
    """Replace NaN by lines between neighbours, by the nearest value at the ends; an empty lead by zero."""
    result = np.array(array, dtype=np.float32)
    moments = np.arange(result.shape[-1])
    for row in result:
        known: NDArray[np.bool_] = np.isfinite(row)
        if not known.all():
            row[~known] = np.interp(moments[~known], moments[known], row[known]) if known.any() else 0.0
    return result


def longest_saturation(acceleration: Floats, limit_g: float) -> int:
    """Return the longest run of samples in which some axis stands at the sensor's limit.

    Args:
        acceleration: `(3, T)`, g.
        limit_g: Full scale; 1 % below counts as reached.
    """
    full: NDArray[np.bool_] = np.abs(np.nan_to_num(acceleration)).max(axis=0) >= 0.99 * limit_g
    edges = np.flatnonzero(np.diff(full.astype(np.int8), prepend=0, append=0))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0


def gravity_direction(acceleration: Floats) -> NDArray[np.float64]:
    """Return the unit vector `(3,)` of the mean acceleration `(3, T)`: movement averages out, gravity stays.

    A mean of length zero (free fall throughout, or an empty stream) gives the third axis.
    """
    mean = np.nanmean(acceleration, axis=1, dtype=float)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 1e-6 else np.array([0.0, 0.0, 1.0])


def rotation_matrix(axis: NDArray[np.floating], angle_rad: float) -> NDArray[np.float64]:
    """Return the `(3, 3)` matrix that turns by `angle_rad` about the unit vector `axis`.

    Source:
        Rodrigues' formula: R = I + sin(a) K + (1 - cos(a)) K K, with K the cross-product matrix of the axis.
    """
    x, y, z = (float(value) for value in axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle_rad) * cross + (1.0 - np.cos(angle_rad)) * (cross @ cross)


def rotate_triples(array: Floats, matrix: NDArray[np.floating]) -> NDArray[np.float32]:
    """Turn every three leads of a stream `(3n, T)` by one `(3, 3)` matrix: acceleration and rotation alike.

    Raises:
        ShapeError: A number of leads that is no multiple of three.
    """
    if array.shape[0] % 3:
        raise ShapeError(f"stream of {array.shape[0]} leads: expected x, y, z of one or more sensors")
    triples = array.reshape(-1, 3, array.shape[-1])
    turned = np.einsum("ij,njt->nit", matrix, triples, dtype=np.float64)
    return turned.reshape(array.shape).astype(np.float32)
