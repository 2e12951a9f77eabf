"""Parallel-beam Radon transform and filtered back-projection as two cached sparse matrices.

The forward matrix holds exact strip integrals: the share of each square pixel that falls into each detector bin, so
the sinogram of an image that is constant inside its pixels has no discretization error. Only the views between 0 and
45 degrees are stored; the other three eighths of the half turn are the same matrix on the transposed or mirrored image.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from salus.schema.errors import ConfigError, ShapeError

MARGIN = 2  # bins added so that the footprint of a pixel on the circle's edge stays on the detector


@dataclass(frozen=True)
class ParallelBeam:
    """The geometry: `views` angles over 180 degrees, detector bins one pixel wide, object inside the inscribed circle.

    Angle k is k * 180 / views degrees; bin b of a view at angle a collects the strip whose points satisfy
    x cos(a) + y sin(a) = b - (bins - 1) / 2, with x along columns and y along rows, in pixels from the centre.

    Attributes:
        size: Rows and columns of the image.
        views: Number of angles, a multiple of four.
        forward: `(pixels in the circle, (views / 4 + 1) * bins)`, strip areas.
        backward: Same shape, linear interpolation weights.
    """

    size: int
    views: int
    forward: csr_array = field(repr=False)
    backward: csr_array = field(repr=False)

    @property
    def bins(self) -> int:
        """Return the number of detector bins."""
        return self.size + MARGIN

    def project(self, images: NDArray[np.floating]) -> NDArray[np.float32]:
        """Integrate images along lines.

        Args:
            images: `(N, size, size)`; values outside the inscribed circle are ignored.

        Returns:
            `(N, views, bins)`, in image value times pixel.

        Raises:
            ShapeError: Images of another size.
        """
        self._check(images, (self.size, self.size))
        inside = circle(self.size)
        columns = np.concatenate([turn[:, inside] for turn in _turns(np.asarray(images, np.float32))])
        parts = (self.forward.T @ columns.T).T.reshape(4, len(images), -1, self.bins)
        sinogram = np.empty((len(images), self.views, self.bins), np.float32)
        for part, (views, base) in zip(parts, _eighths(self.views), strict=True):
            sinogram[:, views] = part[:, base]
        return sinogram

    def back_project(self, sinograms: NDArray[np.floating]) -> NDArray[np.float32]:
        """Smear sinograms back over the image with linear interpolation: `(N, views, bins)` to `(N, size, size)`.

        Raises:
            ShapeError: Sinograms of another geometry.
        """
        self._check(sinograms, (self.views, self.bins))
        count, inside = len(sinograms), circle(self.size)
        columns = np.zeros((4, count, self.views // 4 + 1, self.bins), np.float32)
        for part, (views, base) in zip(columns, _eighths(self.views), strict=True):
            part[:, base] = sinograms[:, views]
        smeared = (self.backward @ columns.reshape(4 * count, -1).T).T.reshape(4, count, -1)
        images = np.zeros((4, count, self.size, self.size), np.float32)
        images[:, :, inside] = smeared
        return images[0] + _untranspose(images[1]) + _unturn(images[2]) + images[3][:, :, ::-1]

    def reconstruct(self, sinograms: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the filtered back-projection with the unapodized ramp, zero outside the circle.

        Args:
            sinograms: `(N, views, bins)`, in image value times pixel.

        Raises:
            ShapeError: Sinograms of another geometry.

        Source:
            Kak and Slaney 1988, Principles of Computerized Tomographic Imaging, section 3.3, equations 61 and 69.
        """
        self._check(sinograms, (self.views, self.bins))
        length = 1 << int(np.ceil(np.log2(2 * self.bins)))
        response = np.fft.rfft(_ramp(length))
        filtered = np.fft.irfft(np.fft.rfft(sinograms, length, axis=-1) * response, length, axis=-1)[..., : self.bins]
        return self.back_project(filtered.astype(np.float32)) * np.float32(np.pi / self.views)

    def _check(self, array: NDArray[np.floating], tail: tuple[int, int]) -> None:
        if array.ndim != 3 or array.shape[1:] != tail:
            raise ShapeError(
                f"array of shape {array.shape}: this geometry ({self.size}, {self.views}) takes (N, *{tail})"
            )


@lru_cache(maxsize=2)
def parallel_beam(size: int, views: int = 360) -> ParallelBeam:
    """Return the geometry for one image size; built once (about a second and 0.2 GB at 256 with 360 views).

    Raises:
        ConfigError: `views` is no multiple of four or `size` is below 4.
    """
    if views < 4 or views % 4 or size < 4:
        raise ConfigError(
            f"parallel beam of {views} views on {size} pixels: views must be a multiple of 4, size over 3"
        )
    bins, base = size + MARGIN, np.arange(views // 4 + 1)
    row, column = np.nonzero(circle(size))
    x, y = column - (size - 1) / 2, row - (size - 1) / 2
    strip = np.empty((len(x), len(base), 3), np.float32)
    strip_at = np.empty(strip.shape, np.int32)
    linear = np.empty((len(x), len(base), 2), np.float32)
    linear_at = np.empty(linear.shape, np.int32)
    for k in base:
        cos, sin = np.cos(np.pi * k / views), np.sin(np.pi * k / views)
        at = x * cos + y * sin
        first = np.floor(at - (cos + sin) / 2 + bins / 2)
        low = _footprint(first + 1 - bins / 2 - at, cos, sin)
        high = _footprint(first + 2 - bins / 2 - at, cos, sin)
        strip[:, k] = np.stack([low, high - low, 1 - high], axis=1)
        strip_at[:, k] = np.minimum(first[:, None] + [0, 1, 2], bins - 1) + k * bins
        place = at + (bins - 1) / 2
        left = np.floor(place)
        linear[:, k] = np.stack([left + 1 - place, place - left], axis=1)
        linear_at[:, k] = left[:, None] + [0, 1] + k * bins
    shape = (len(x), len(base) * bins)
    return ParallelBeam(size, views, _matrix(strip, strip_at, shape), _matrix(linear, linear_at, shape))


@lru_cache(maxsize=4)
def circle(size: int) -> NDArray[np.bool_]:
    """Return the `(size, size)` mask of the pixels whose centre lies in the inscribed circle."""
    offset = np.arange(size) - (size - 1) / 2
    mask: NDArray[np.bool_] = offset[:, None] ** 2 + offset**2 <= (size / 2) ** 2
    mask.setflags(write=False)
    return mask


def _matrix(data: NDArray[np.float32], at: NDArray[np.int32], shape: tuple[int, int]) -> csr_array:
    per_row = data.shape[1] * data.shape[2]
    starts = np.arange(shape[0] + 1, dtype=np.int32) * per_row
    return csr_array((data.reshape(-1), at.reshape(-1), starts), shape=shape)


def _footprint(edge: NDArray[np.float64], cos: float, sin: float) -> NDArray[np.float64]:
    """Return the share of a unit pixel on the near side of a line at distance `edge` from its centre."""
    if sin < 1e-9:  # the trapezoid's flanks have no width: a box
        return np.clip(edge / cos + 0.5, 0.0, 1.0)
    wide, narrow = (cos + sin) / 2, (cos - sin) / 2
    corners = [np.maximum(edge + shift, 0.0) ** 2 for shift in (wide, narrow, -narrow, -wide)]
    return np.clip((corners[0] - corners[1] - corners[2] + corners[3]) / (2 * cos * sin), 0.0, 1.0)


def _ramp(length: int) -> NDArray[np.float64]:
    """Return the band-limited ramp in space (not in frequency, whose zero at DC would shift all values)."""
    at = np.fft.fftfreq(length, 1 / length)
    kernel = np.zeros(length)
    kernel[0] = 0.25
    odd = at.astype(int) % 2 == 1
    kernel[odd] = -1 / (np.pi * at[odd]) ** 2
    return kernel


def _turns(images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [images, images.transpose(0, 2, 1), images[:, :, ::-1].transpose(0, 2, 1), images[:, :, ::-1]]


def _untranspose(images: NDArray[np.float32]) -> NDArray[np.float32]:
    return images.transpose(0, 2, 1)


def _unturn(images: NDArray[np.float32]) -> NDArray[np.float32]:
    return images.transpose(0, 2, 1)[:, :, ::-1]


def _eighths(views: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Pair the view numbers of each eighth of the turn with the stored views they mirror."""
    m = views // 4
    base = np.arange(m + 1)
    return [(base, base), (2 * m - base[:m], base[:m]), (2 * m + base[1:], base[1:]), (4 * m - base[1:m], base[1:m])]
