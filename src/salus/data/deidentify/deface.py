"""Faces and ears taken out of head MR and CT, the brain kept, by a template's brain fitted to the head.

The mean brain of 152 people (ICBM 2009a, inside nilearn) is fitted by an affine map that maximises mutual information,
so the contrast of the volume does not matter. The face lies in front of and below a plane in the template's space, the
ears outside two more; whatever is nearer than `MARGIN_MM` to the template's brain is kept.

What this does not promise: that nobody can be recognised. The shape of the skull, the brain itself, scars and implants
stay. It needs a head that is nearly whole and in the position that its affine states; it is no proof for a volume that
nobody has looked at.

Source:
    Idea of a fitted template with a face region: Bischoff-Grethe et al. 2007, doi 10.1002/hbm.20312. Template: Fonov et
    al. 2009, doi 10.1016/S1053-8119(09)70884-5. The region is this project's own.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Image

MARGIN_MM: Final = 8.0
"""Distance from the fitted brain within which nothing is removed: errors of the fit are smaller than this."""
_PLANE: Final = ((92.0, 25.0), (0.0, -62.0))
"""Two points (y, z) of the plane in front of which the face lies, in mm of the template."""
_EAR_X, _EAR_Z, _EAR_Y = 80.0, 12.0, -62.0


@dataclass(frozen=True, slots=True)
class Defaced:
    """A head without its face.

    Attributes:
        image: The image with removed voxels at the value of air; all else unchanged.
        mask: `(D, H, W)`, True where voxels were removed.
        note: What was done and how well the template fitted, for a report.
    """

    image: Image
    mask: NDArray[np.bool_]
    note: str


def deface(image: Image) -> Defaced:
    """Remove face and ears from a volume of a head.

    Args:
        image: `(C, D, H, W)` or `(C, T, D, H, W)` with an affine; MR of any contrast, or CT. The first channel (and
            time) is fitted, the mask holds for all.

    Raises:
        ShapeError: Not a volume.
        DataError: No affine, less than 100 mm of head, or a template that does not fit: the image is not changed then
            and must not be given away as defaced.
    """
    from salus.data.deidentify.deface_fit import fit_template

    if image.array.ndim not in (4, 5):
        raise ShapeError(f"image of shape {image.array.shape}: a face is removed from a volume (C, D, H, W)")
    if image.affine is None:
        raise DataError("a volume without affine: where the face lies is unknown; give NIfTI with sform, or DICOM")
    volume = image.array[0] if image.array.ndim == 4 else image.array[0, 0]
    fit = fit_template(volume, image.affine, is_ct=image.unit == "HU" or image.modality == "CT")
    mask = _face(volume.shape, image.affine, fit.to_template)
    head = fit.head_voxels
    if not mask.any():
        raise DataError("no face inside the volume: the field of view ends above it; check the volume by eye")
    array = image.array.copy()
    array[..., mask] = fit.air
    changed = Image(
        array=array, spacing_mm=image.spacing_mm, affine=image.affine, unit=image.unit, modality=image.modality
    )
    note = (
        f"Face and ears removed ({int(mask.sum()):,} voxels, {100 * mask.sum() / max(mask.size, 1):.1f} % of the "
        f"volume, head {head:,} voxels); template fit {fit.score:.3f}. Not a promise that nobody can be recognised."
    )
    return Defaced(changed, mask, note)


def face_region(points: NDArray[np.float64], brain_distance_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which points of the template's space belong to face or ears.

    Args:
        points: `(N, 3)`, RAS mm of the template.
        brain_distance_mm: `(N,)`, distance to the template's brain.
    """
    (y0, z0), (y1, z1) = _PLANE
    along = (points[:, 2] - z0) * (y1 - y0) - (points[:, 1] - y0) * (z1 - z0)
    face = (along > 0) & (points[:, 1] > -5)
    ears = (np.abs(points[:, 0]) > _EAR_X) & (points[:, 2] < _EAR_Z) & (points[:, 1] > _EAR_Y)
    return (face | ears) & (brain_distance_mm > MARGIN_MM)


def _face(shape: tuple[int, ...], affine: NDArray[np.float64], to_template: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the removed voxels `(D, H, W)`, slice by slice so that memory stays small."""
    from salus.data.deidentify.deface_fit import brain_distance

    depth, height, width = shape
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    mask = np.zeros(shape, bool)
    full: Any = to_template @ affine
    for slice_index in range(depth):
        voxels = np.stack([columns.ravel(), rows.ravel(), np.full(rows.size, slice_index)], 1)
        points = voxels @ full[:3, :3].T + full[:3, 3]
        mask[slice_index] = face_region(points, brain_distance(points)).reshape(height, width)
    return mask
