"""Write a picture (an overlay, a figure, an attribution map) as a secondary capture in the study of its image.

Source: DICOM PS3.3, A.8.1 (secondary capture) and C.8.6.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.export.dicom_source import Maker, save, source_headers
from salus.data.readers.dicom_geometry import plane
from salus.schema.errors import ShapeError


def write_capture(
    path: Path | str,
    picture: NDArray[np.uint8],
    source: Path | str,
    description: str = "",
    maker: Maker | None = None,
) -> Path:
    """Write a secondary capture.

    Args:
        path: Where to.
        picture: `(1, H, W)` grey or `(3, H, W)` RGB, uint8.
        source: A file of the study it belongs to; patient and study are taken from it.
        description: Of the series, at most 64 letters.
        maker: Who made it.

    Returns:
        The path.

    Raises:
        ShapeError: Another shape or type.
        DataError: The source is no DICOM image.
    """
    if picture.ndim != 3 or picture.shape[0] not in (1, 3) or picture.dtype != np.uint8 or 0 in picture.shape:
        raise ShapeError(f"picture of {picture.dtype} {picture.shape}: expected uint8 (1, H, W) or (3, H, W)")
    who = maker or Maker()
    header = source_headers([source])[0]
    return save(path, lambda: _capture(picture, header, description, who))


def _capture(picture: NDArray[np.uint8], header: Any, description: str, who: Maker) -> Any:
    from highdicom.sc import ConversionTypeValues, SCImage

    colour = len(picture) == 3
    made = SCImage.from_ref_dataset(
        header,
        pixel_array=np.ascontiguousarray(np.moveaxis(picture, 0, -1)) if colour else picture[0],
        photometric_interpretation="RGB" if colour else "MONOCHROME2",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),  # replaced below: highdicom takes no unknown one
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        **who.fields(),
    )
    made.PatientOrientation = _orientation(header)
    made.ConversionType = ConversionTypeValues.WSD.value
    made.SecondaryCaptureDeviceManufacturer = who.manufacturer
    made.SecondaryCaptureDeviceManufacturerModelName = who.model
    made.SecondaryCaptureDeviceSoftwareVersions = who.version
    if description:
        made.SeriesDescription = description[:64]
    return made


def _orientation(header: Any) -> list[str]:
    """Return where the rows and columns of the source point, such as `["L", "P"]`; nothing where it is unknown.

    Source:
        DICOM PS3.3, C.7.6.1.1.1 (patient orientation).
    """
    placed = plane(header)
    if placed is None:
        stated = getattr(header, "PatientOrientation", None)
        return [str(part) for part in stated] if stated is not None and len(stated) == 2 else []
    return [
        "".join(
            ("LR", "PA", "HF")[axis][int(direction[axis] < 0)]
            for axis in np.argsort(-np.abs(direction))
            if abs(direction[axis]) > 0.1
        )
        for direction in placed[1]
    ]
