"""Write measurements as a structured report of TID 1500.

Source: DICOM PS3.16, TID 1500 (measurement report), 1411 (volumetric ROI), 1501 (measurement group).
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from salus.data.export.dicom_source import Maker, concept, save, source_headers
from salus.data.readers.dicom_file import open_dicom
from salus.data.readers.dicom_seg import Code
from salus.data.readers.dicom_sr import Measurement
from salus.schema.errors import DataError

IMAGING = Code(value="363679005", scheme="SCT", meaning="Imaging procedure")
_STATISTICS = {
    "Mean": ("373098007", "SCT"),
    "Maximum": ("56851009", "SCT"),
    "Minimum": ("255605001", "SCT"),
    "Standard Deviation": ("386136009", "SCT"),
    "Median": ("373099004", "SCT"),
}


def write_sr(
    path: Path | str,
    rows: Sequence[Measurement],
    sources: Sequence[Path | str],
    segmentation: Path | str | None = None,
    maker: Maker | None = None,
) -> Path:
    """Write a measurement report; `read_sr` gives the same rows back.

    Args:
        path: Where to.
        rows: Measurements; rows of one `group` stand together. `derivation` is empty or one of Mean, Maximum,
            Minimum, Standard Deviation, Median.
        sources: Files of the images that were measured.
        segmentation: The segmentation whose segments the groups name in `refers`, as `write_seg` wrote it.
        maker: Who made it.

    Returns:
        The path.

    Raises:
        DataError: No rows, a group without a finding, an unknown derivation, or a segment that is not there.
    """
    if not rows:
        raise DataError("no measurements; a report needs at least one")
    who = maker or Maker()
    headers = source_headers(sources)
    seg = None if segmentation is None else open_dicom(segmentation).header
    groups: dict[tuple[str, str], list[Measurement]] = defaultdict(list)
    for row in rows:
        if row.finding is None:
            raise DataError(f"measurement {row.name.meaning!r} of group {row.group!r} names no finding; give its code")
        if row.derivation and row.derivation not in _STATISTICS:
            raise DataError(f"derivation {row.derivation!r}; expected one of {', '.join(_STATISTICS)}, or nothing")
        groups[row.group, row.tracking_uid].append(row)
    return save(path, lambda: _report(list(groups.values()), headers, seg, who))


def _report(groups: list[list[Measurement]], headers: list[Any], seg: Any, who: Maker) -> Any:
    from highdicom import sr

    device = sr.DeviceObserverIdentifyingAttributes(
        uid=sr_uid(), name=who.algorithm, manufacturer_name=who.manufacturer, model_name=who.model
    )
    context = sr.ObservationContext(
        observer_device_context=sr.ObserverContext(
            observer_type=sr.CodedConcept("121007", "DCM", "Device"), observer_identifying_attributes=device
        )
    )
    content = sr.MeasurementReport(
        observation_context=context,
        procedure_reported=concept(IMAGING),
        imaging_measurements=[_group(rows, headers, seg, who) for rows in groups],
        referenced_images=headers,
    )
    evidence = [*headers, seg] if seg is not None else headers
    made = sr.ComprehensiveSR(evidence=evidence, content=content, is_complete=True, **who.fields())
    for keyword, value in (("ManufacturerModelName", who.model), ("SoftwareVersions", who.version)):
        setattr(made, keyword, value)
    return made


def sr_uid() -> Any:
    """Return a fresh UID."""
    from highdicom import UID

    return UID()


def _group(rows: list[Measurement], headers: list[Any], seg: Any, who: Maker) -> Any:
    from highdicom import sr

    first = rows[0]
    finding = first.finding
    assert finding is not None  # noqa: S101
    shared: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(uid=first.tracking_uid or sr_uid(), identifier=first.group),
        "finding_type": concept(finding),
        "finding_sites": None if first.site is None else [sr.FindingSite(anatomic_location=concept(first.site))],
        "algorithm_id": sr.AlgorithmIdentification(name=who.algorithm, version=who.algorithm_version),
        "measurements": [_measurement(row) for row in rows],
    }
    segment = _segment_number(first, seg)
    if segment is not None:
        return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            referenced_segment=sr.ReferencedSegment.from_segmentation(seg, segment_number=segment), **shared
        )
    images = [
        sr.SourceImageForMeasurementGroup(str(header.SOPClassUID), str(header.SOPInstanceUID)) for header in headers
    ]
    return sr.MeasurementsAndQualitativeEvaluations(source_images=images, **shared)


def _segment_number(row: Measurement, seg: Any) -> int | None:
    if seg is None:
        return None
    known = [int(item.SegmentNumber) for item in seg.SegmentSequence]
    named = [numbers[0] for uid, numbers in row.refers if numbers and uid in ("", str(seg.SOPInstanceUID))]
    number = named[0] if named else known[0] if len(known) == 1 else None
    if number not in known:
        raise DataError(f"group {row.group!r} names segment {number}; the segmentation has {known}")
    return number


def _measurement(row: Measurement) -> Any:
    from highdicom import sr

    derivation = None
    if row.derivation:
        value, scheme = _STATISTICS[row.derivation]
        derivation = sr.CodedConcept(value, scheme, row.derivation)
    return sr.Measurement(
        name=concept(row.name),
        value=row.value,
        unit=sr.CodedConcept(row.unit, "UCUM", row.unit),
        derivation=derivation,
    )
