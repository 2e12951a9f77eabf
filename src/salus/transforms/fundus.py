"""Fundus photographs: find and cut out the field of view, take slow changes of light away, sharpen the green channel.

Pictures are `(3, H, W)` in the order red, green, blue, uint8 or floating from 0 to 255.
"""

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.transforms.resample import resize

SMALLEST = 64
"""Pixels of the shorter side below which a lesion is less than a pixel."""
ROUND = 0.85
"""How far the bright part must agree with a disc that the frame may cut."""
RIM = 0.05
"""Least share of the picture that is the dark around the disc."""
_DARK = 0.1
_EDGE = 8
Picture = NDArray[np.uint8] | NDArray[np.floating]
Mask = NDArray[np.bool_]


def field_of_view(picture: Picture, name: str = "picture") -> Mask:
    """Find the bright disc on its dark surround.

    What is brighter than a tenth of the bright pixels is taken, its largest piece kept and filled. It must agree with
    the disc that its extent implies, as far as the frame shows that disc.

    Args:
        picture: `(3, H, W)`.
        name: Of the sample, for errors.

    Returns:
        `(H, W)`, true inside the disc.

    Raises:
        ShapeError: Not three channels, or a side below 64 pixels.
        DataError: No such disc.
    """
    from scipy import ndimage

    check_fundus_shape(picture, name)
    light = picture.max(axis=0).astype(np.float32)
    bright = light > _DARK * float(np.percentile(light, 95)) + 1e-6
    # Opening takes away lettering and sparks in the dark part.
    bright = ndimage.binary_opening(bright, iterations=max(1, min(light.shape) // 200))
    pieces, count = ndimage.label(bright)
    if count:
        sizes = np.bincount(pieces.ravel())[1:]
        bright = ndimage.binary_fill_holes(pieces == 1 + int(sizes.argmax()))
    share = float(bright.mean())
    if not count or share > 1.0 - RIM or share < RIM or _roundness(bright) < ROUND:
        what = "is bright to its edges" if share > 1.0 - RIM else "shows no bright disc on a dark surround"
        raise DataError(
            f"{name}: no field of view found, the picture {what}; not a fundus photograph? If it is one and was cut "
            "inside the disc, train with preprocess='plain'"
        )
    return bright


def check_fundus_shape(picture: NDArray[np.generic], name: str = "picture") -> None:
    """Refuse what cannot be a colour photograph of enough pixels; errors as in `field_of_view`."""
    if picture.ndim != 3 or picture.shape[0] != 3:
        what = {1: "a grey picture", 4: "a picture of four channels"}.get(picture.shape[0], f"shape {picture.shape}")
        raise ShapeError(f"{name}: {what}; fundus photographs are read in colour, (3, H, W): red, green, blue")
    if min(picture.shape[1:]) < SMALLEST:
        raise ShapeError(
            f"{name}: {picture.shape[1]} x {picture.shape[2]} pixels; lesions vanish below {SMALLEST} pixels a side: "
            "give the photograph at a larger size, or train with preprocess='plain'"
        )


def crop_field(picture: Picture, field: Mask, *others: NDArray[np.generic]) -> tuple[NDArray[np.generic], ...]:
    """Cut a square around the disc; where the frame cut the disc, zeros are added.

    Args:
        picture: `(3, H, W)`.
        field: `(H, W)` from `field_of_view`.
        others: Further arrays `(..., H, W)` that are cut alike, such as a mask of vessels.

    Returns:
        Picture `(3, S, S)`, field `(S, S)` and the others, where S is the larger extent of the disc.
    """
    rows, columns = np.flatnonzero(field.any(axis=1)), np.flatnonzero(field.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    side = int(max(bottom - top, right - left))
    above, before = (side - (bottom - top)) // 2, (side - (right - left)) // 2
    cut = []
    for array in (picture, field, *others):
        out = np.zeros((*array.shape[:-2], side, side), dtype=array.dtype)
        out[..., above : above + bottom - top, before : before + right - left] = array[..., top:bottom, left:right]
        cut.append(out)
    return tuple(cut)


def subtract_local_mean(picture: Picture, field: Mask, sigma_share: float = 1 / 30) -> NDArray[np.float32]:
    """Take the local mean away and scale what is left to deviation one, channel by channel, inside the disc.

    The mean is weighted by the field, so that the dark surround does not darken the rim. Scaling each channel by
    itself takes away the gain that cameras differ in.

    Args:
        picture: `(3, H, W)`.
        field: `(H, W)`.
        sigma_share: Width of the Gaussian as a share of the disc's radius.

    Returns:
        `(3, H, W)`, zero outside the field, clipped to [-5, 5] deviations.

    Source:
        Graham 2015, Kaggle Diabetic Retinopathy Detection competition report, section on preprocessing: local average
        colour subtracted, Gaussian of a thirtieth of the radius, rim cut off.
    """
    from scipy import ndimage

    radius = float(np.sqrt(field.sum() / np.pi))
    sigma = max(1.0, sigma_share * radius)
    inside = field.astype(np.float32)
    weight = np.maximum(ndimage.gaussian_filter(inside, sigma, truncate=3.0), 1e-3)
    out = np.empty(picture.shape, dtype=np.float32)
    for source, target in zip(picture.astype(np.float32) * inside, out, strict=True):
        rest = (source - ndimage.gaussian_filter(source, sigma, truncate=3.0) / weight) * inside
        spread = float(rest[field].std()) if field.any() else 0.0
        target[...] = np.clip(rest / spread, -5.0, 5.0) if spread > 1e-6 else 0.0
    return out


def sharpen_green(picture: Picture, field: Mask, clip: float = 0.01, tiles: int = 4) -> NDArray[np.float32]:
    """Return the green channel with its contrast evened out tile by tile, where vessels and red lesions are darkest.

    Args:
        picture: `(3, H, W)`.
        field: `(H, W)`; outside it is filled by the mean inside before, and zero afterwards.
        clip: Largest share of a tile's pixels in one grey level before the excess is spread.
        tiles: Tiles along each side.

    Returns:
        `(H, W)`, mean zero and deviation one inside the field, zero outside.

    Source:
        Zuiderveld 1994, Contrast Limited Adaptive Histogram Equalization, Graphics Gems IV, pages 474-485.
    """
    from skimage.exposure import equalize_adapthist

    green = picture[1].astype(np.float64)
    middle = float(green[field].mean()) if field.any() else 0.0
    filled = np.where(field, np.clip(green, 0.0, 255.0), middle) / 255.0
    kernel = tuple(max(2, side // tiles) for side in green.shape)
    even = equalize_adapthist(filled, kernel_size=kernel, clip_limit=clip)
    mean, spread = even[field].mean(), even[field].std()
    scaled = (even - mean) / spread if spread > 1e-6 else np.zeros_like(even)
    return np.where(field, scaled, 0.0).astype(np.float32)


def fundus_planes(
    picture: Picture, pixels: int | None, name: str = "picture", mask: NDArray[np.generic] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None]:
    """Cut out, resize and normalise a fundus photograph.

    Args:
        picture: `(3, H, W)`; 16-bit values are brought to 8 bit.
        pixels: Side of the square it becomes; None keeps frame and size.
        name: Of the sample, for errors.
        mask: `(H, W)` of class indices, cut and resized alike.

    Returns:
        `(4, S, S)`: colour without its local mean, then the sharpened green channel; and the mask `(S, S)`.

    Raises:
        ShapeError: Not three channels, or a side below 64 pixels.
        UnitError: Values that are no grey levels.
        DataError: No field of view.
    """
    check_fundus_shape(picture, name)
    levels = _grey_levels(picture, name)
    field = field_of_view(levels, name)
    cut: list[NDArray[np.generic]] = [levels, field] + ([] if mask is None else [mask])
    if pixels is not None:
        cut = list(crop_field(levels, field, *cut[2:]))
        shape = (pixels, pixels)
        cut = [resize(cut[0], shape), resize(cut[1], shape) >= 0.5, *(resize(m, shape, order=0) for m in cut[2:])]
    colour, inside = cut[0].astype(np.float32), cut[1].astype(bool)
    planes = np.concatenate((subtract_local_mean(colour, inside), sharpen_green(colour, inside)[None]))
    return planes, cut[2].astype(np.uint8) if mask is not None else None


def _grey_levels(picture: Picture, name: str) -> NDArray[np.float32]:
    if picture.dtype == np.uint8:
        return picture.astype(np.float32)
    if picture.dtype == np.uint16:
        return (picture / 257.0).astype(np.float32)
    if float(picture.min()) < 0.0 or float(picture.max()) > 255.0:
        raise UnitError(
            f"{name}: values {float(picture.min()):g} to {float(picture.max()):g}; a photograph has grey levels from "
            "0 to 255"
        )
    return picture.astype(np.float32)


def _roundness(bright: Mask) -> float:
    """Return the overlap of a piece with the disc of its extent, over their union, as far as the frame shows it."""
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    radius = max(height, width) / 2
    middle = ((rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2)
    grid = np.ogrid[: bright.shape[0], : bright.shape[1]]
    disc = (grid[0] - middle[0]) ** 2 + (grid[1] - middle[1]) ** 2 <= radius**2
    # What the frame cuts off need not be bright; the opening takes a pixel or two at the frame.
    disc[: rows[0] if rows[0] < _EDGE else 0] = False
    disc[rows[-1] + 1 if len(disc) - 1 - rows[-1] < _EDGE else len(disc) :] = False
    disc[:, : columns[0] if columns[0] < _EDGE else 0] = False
    return float((bright & disc).sum() / max((bright | disc).sum(), 1))
