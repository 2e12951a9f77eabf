"""Write images so that other programs can read them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import ShapeError
from salus.schema.files import write_with


def write_picture(path: Path, array: NDArray[Any]) -> None:
    """Write the middle slice of `(C, [D,] H, W)` as an 8-bit PNG, 1st to 99th percentile; for looking only."""
    from PIL import Image as Pillow

    while array.ndim > 3:
        array = array[:, array.shape[1] // 2]
    picture = np.moveaxis(array, 0, -1) if array.shape[0] == 3 else array[0]
    low, high = np.percentile(picture, (1, 99))
    scaled = np.clip((picture.astype(np.float64) - low) / max(float(high - low), 1e-9), 0, 1)
    pixels = (255 * scaled).round().astype(np.uint8)
    write_with(path, lambda temporary: Pillow.fromarray(pixels).save(temporary, format="PNG"))


def write_volume(
    path: Path,
    array: NDArray[Any],
    spacing_mm: tuple[float, ...] | None = None,
    affine: NDArray[np.float64] | None = None,
) -> None:
    """Write `(1, H, W)` or `(1, D, H, W)` as compressed NIfTI, float32, in RAS millimetres.

    Args:
        path: Ends in `.nii.gz`.
        array: One channel; axes D, H, W become the file's k, j, i.
        spacing_mm: Used where there is no affine.
        affine: `(4, 4)`, voxel (i, j, k) to RAS.

    Raises:
        ShapeError: More than one channel.
    """
    import nibabel

    if array.shape[0] != 1 or array.ndim not in (3, 4):
        raise ShapeError(f"array of shape {array.shape}: a NIfTI file takes (1, H, W) or (1, D, H, W)")
    volume = array[0] if array.ndim == 4 else array[0][None]
    if affine is None:
        steps = tuple(spacing_mm or ())[::-1]
        affine = np.diag([*(steps + (1.0,) * (3 - len(steps))), 1.0])
    image = nibabel.Nifti1Image(np.ascontiguousarray(volume.transpose(2, 1, 0), dtype=np.float32), affine)

    def write(temporary: Path) -> None:
        # nibabel chooses the format by the ending, which a temporary name does not have.
        import gzip

        with temporary.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed:
            packed.write(image.to_bytes())

    write_with(path, write)
