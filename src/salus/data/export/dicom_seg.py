"""Write masks as a DICOM segmentation of the images they belong to.

Source: DICOM PS3.3, A.51 (segmentation IOD) and C.8.20; made with highdicom (Bridge et al., J Digit Imaging 2022,
doi:10.1007/s10278-022-00683-y).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.export.dicom_source import Maker, concept, save, source_headers
from salus.data.readers.dicom_seg import Code, Segment
from salus.schema.errors import DataError, ShapeError

STRUCTURE = Code(value="123037004", scheme="SCT", meaning="Anatomical Structure")
TISSUE = Code(value="85756007", scheme="SCT", meaning="Tissue")
ARTIFICIAL = Code(value="123109", scheme="DCM", meaning="Artificial Intelligence")
_AUTOMATIC = "AUTOMATIC"


def write_seg(
    path: Path | str,
    masks: NDArray[Any],
    segments: Sequence[Segment],
    sources: Sequence[Path | str],
    maker: Maker | None = None,
) -> Path:
    """Write a segmentation.

    Args:
        path: Where to.
        masks: `(K, D, H, W)` on the grid of the source images in geometric order (as `read_dicom_series` returns
            them), or `(K, H, W)` for one image. bool or 0 and 1: binary; float in [0, 1]: probabilities in 255 steps.
        segments: What each mask is, numbered from 1; missing codes become "tissue".
        sources: Files of the images that were segmented.
        maker: Who made it.

    Returns:
        The path.

    Raises:
        ShapeError: Masks that fit neither the segments nor the images.
        DataError: Values beyond [0, 1], segments not numbered 1 to K, or sources that make no volume.
    """
    who = maker or Maker()
    headers = source_headers(sources)
    array = masks[:, None] if masks.ndim == 3 else masks
    frames = int(getattr(headers[0], "NumberOfFrames", 1) or 1) if len(headers) == 1 else len(headers)
    expected = (len(segments), frames, int(headers[0].Rows), int(headers[0].Columns))
    if array.shape != expected:
        raise ShapeError(f"masks of shape {masks.shape}: expected {expected} for these segments and images")
    if [segment.number for segment in segments] != list(range(1, len(segments) + 1)):
        raise DataError(f"segments numbered {[s.number for s in segments]}: expected 1 to {len(segments)}")
    if array.size and (float(array.min()) < 0 or float(array.max()) > 1 or not np.isfinite(array).all()):
        raise DataError("masks with values beyond 0 and 1; give probabilities or one mask per segment")
    if not array.any():
        raise DataError("every mask is empty; say so in a report instead, the standard has no empty segmentation")
    fractional = array.dtype.kind == "f"
    frames_last = np.ascontiguousarray(np.moveaxis(array, 0, -1))
    return save(
        path,
        lambda: _segmentation(headers, frames_last if fractional else frames_last.astype(np.uint8), segments, who),
    )


def _segmentation(headers: list[Any], array: NDArray[Any], segments: Sequence[Segment], who: Maker) -> Any:
    from highdicom.seg import Segmentation, SegmentationTypeValues

    fractional = array.dtype.kind == "f"
    kind = SegmentationTypeValues.FRACTIONAL if fractional else SegmentationTypeValues.BINARY
    return Segmentation(
        source_images=headers,
        pixel_array=array,
        segmentation_type=kind,
        segment_descriptions=[_description(segment, who) for segment in segments],
        content_label="SALUS",
        content_description="Segmentation by " + who.algorithm[:40],
        **who.fields(),
        **who.device(),
    )


def _description(segment: Segment, who: Maker) -> Any:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentDescription

    kind = segment.algorithm.split(" ")[0] or _AUTOMATIC
    algorithm = None
    if kind != "MANUAL":
        algorithm = AlgorithmIdentificationSequence(
            name=who.algorithm, version=who.algorithm_version, family=concept(ARTIFICIAL)
        )
    return SegmentDescription(
        segment_number=segment.number,
        segment_label=segment.label[:64],
        segmented_property_category=concept(segment.category or STRUCTURE),
        segmented_property_type=concept(segment.kind or TISSUE),
        algorithm_type=kind,
        algorithm_identification=algorithm,
    )
