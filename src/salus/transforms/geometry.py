"""Turned, scaled, shifted and mirrored pictures: the variations that training may add."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How a picture is moved about its centre.

    Attributes:
        angle_deg: Counter-clockwise as displayed with row 0 on top.
        scale: Above 1 enlarges.
        shift: Down and right, in pixels of the result.
        mirror: Flips left and right, before all else. Never for data whose side matters (heart, liver, lead names).
    """

    angle_deg: float = 0.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    mirror: bool = False


def random_pose(
    rng: np.random.Generator,
    angle_deg: float = 10.0,
    scale: float = 0.1,
    shift: float = 2.0,
    mirror: bool = False,
) -> Pose:
    """Draw a pose, uniform within limits.

    Args:
        rng: Source of randomness.
        angle_deg: Largest turn either way.
        scale: Largest enlargement; the factor is drawn between 1 / (1 + scale) and 1 + scale, even on a log axis.
        shift: Largest move along each axis, pixels.
        mirror: Whether half of the poses are mirrored.
    """
    down, right = rng.uniform(-shift, shift, 2)
    return Pose(
        angle_deg=float(rng.uniform(-angle_deg, angle_deg)),
        scale=float(np.exp(rng.uniform(-np.log1p(scale), np.log1p(scale)))),
        shift=(float(down), float(right)),
        mirror=bool(mirror and rng.random() < 0.5),
    )


def move(array: NDArray[np.generic], pose: Pose, order: int = 1, fill: float | None = None) -> NDArray[np.generic]:
    """Move the last two axes of a picture or of each slice of a volume.

    Args:
        array: `(..., H, W)`, real dtype; not changed.
        pose: How.
        order: 0 nearest (masks), 1 linear, 3 cubic.
        fill: Value of what comes in from outside; None continues the edge.

    Returns:
        Same shape and dtype; values are rounded where the dtype is whole.

    Raises:
        ValueError: A scale that is not above 0.

    Source:
        Inverse mapping of output to input coordinates by a similarity transform about the picture's centre.

    >>> move(np.array([[1, 2], [3, 4]]), Pose(angle_deg=90)).tolist()
    [[2, 4], [1, 3]]
    """
    from scipy import ndimage

    if not pose.scale > 0:
        raise ValueError(f"scale {pose.scale}: must be above 0")
    source = array[..., ::-1] if pose.mirror else array
    if pose.angle_deg % 90 == 0 and pose.scale == 1.0 and pose.shift == (0.0, 0.0):
        turns = round(pose.angle_deg / 90) % 4
        if turns % 2 == 0 or array.shape[-1] == array.shape[-2]:
            return np.rot90(source, turns, axes=(-2, -1)).copy()
    angle = np.deg2rad(pose.angle_deg)
    cosine, sine = np.cos(angle) / pose.scale, np.sin(angle) / pose.scale
    inverse = np.array([[cosine, sine], [-sine, cosine]])
    center = (np.array(array.shape[-2:]) - 1.0) / 2.0
    offset = center - inverse @ (center + np.array(pose.shift))
    planes = np.ascontiguousarray(source, dtype=np.float32).reshape(-1, *array.shape[-2:])
    out = np.empty_like(planes)
    mode, value = ("nearest", 0.0) if fill is None else ("constant", float(fill))
    for plane, target in zip(planes, out, strict=True):
        ndimage.affine_transform(plane, inverse, offset=offset, output=target, order=order, mode=mode, cval=value)
    if array.dtype.kind in "biu":
        whole = np.iinfo(np.uint8 if array.dtype.kind == "b" else array.dtype.name)
        limits = (0, 1) if array.dtype.kind == "b" else (whole.min, whole.max)
        out = np.clip(np.rint(out), *limits)
    return out.reshape(array.shape).astype(array.dtype)
