"""Structured reports: the content tree as flat rows, and the measurements of TID 1500 as a table.

Source: DICOM PS3.3, C.17.3 (SR document content); PS3.16, TID 1500, 1410, 1411 and 1501 (measurement report).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salus.data.readers.dicom_file import guarded, open_dicom
from salus.data.readers.dicom_seg import Code, code_of
from salus.schema.errors import DataError

MAX_ITEMS = 200_000
MAX_DEPTH = 64

_GROUP, _TRACK, _TRACK_UID = "125007", "112039", "112040"
_FINDING, _SITE, _METHOD = ("121071",), ("363698007", "G-C0E3"), ("370129005", "G-C036")
_DERIVATION = ("121401",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One node of a report's content tree.

    Attributes:
        depth: 0 for the root.
        path: Meanings of the concepts from the root to it.
        relation: How it hangs on its parent: `CONTAINS`, `HAS CONCEPT MOD`, ... ; empty for the root.
        kind: `CONTAINER`, `TEXT`, `NUM`, `CODE`, `UIDREF`, `PNAME`, `DATETIME`, `IMAGE`, `SCOORD`, ...
        concept: What it says something about; None where not coded.
        value: What it says, as text; a number as written.
        unit: UCUM code of a `NUM`.
        code: What a `CODE` says, as a code.
        refers: (SOP instance UID, frame or segment numbers) of an image, waveform or composite.
    """

    depth: int
    path: tuple[str, ...]
    relation: str
    kind: str
    concept: Code | None
    value: str
    unit: str = ""
    code: Code | None = None
    refers: tuple[str, tuple[int, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number of a measurement group.

    Attributes:
        group: Tracking identifier of its group, or the group's place among them.
        tracking_uid: Of the group, or empty.
        finding: What was measured (lesion, ...); None where not stated.
        site: Where; None where not stated.
        name: What the number is (volume, mean, ...).
        value: The number.
        unit: UCUM code.
        method: How it was measured, or empty.
        derivation: Which statistic it is (mean, maximum, ...), or empty.
        refers: (SOP instance UID, frame or segment numbers) that the group names.
    """

    group: str
    tracking_uid: str
    finding: Code | None
    site: Code | None
    name: Code
    value: float
    unit: str
    method: str
    derivation: str
    refers: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuredReport:
    """A report.

    Attributes:
        title: The root's concept in words.
        template: Template number of the root, such as `1500`, or empty.
        complete: True where its author declared it complete.
        verified: True where a person verified it.
        items: The tree, depth first, in the order of the document.
        measurements: Every number in a measurement group.
    """

    title: str
    template: str
    complete: bool
    verified: bool
    items: tuple[Item, ...]
    measurements: tuple[Measurement, ...]


def read_sr(path: Path | str) -> StructuredReport:
    """Read a structured report.

    Raises:
        DataError: Not a structured report, damaged, or a tree of more than 200,000 items or 64 levels.
    """
    file = open_dicom(path)
    with guarded(file.path):
        header = file.header
        if "ContentSequence" not in header or "ValueType" not in header:
            raise DataError(f"{file.path}: no structured report; give a file of modality SR")
        items = tuple(_walk(header, file.path))
        template = getattr(header, "ContentTemplateSequence", None)
        return StructuredReport(
            title=items[0].concept.meaning if items[0].concept else "",
            template=str(getattr(template[0], "TemplateIdentifier", "") or "") if template else "",
            complete=str(getattr(header, "CompletionFlag", "")) == "COMPLETE",
            verified=str(getattr(header, "VerificationFlag", "")) == "VERIFIED",
            items=items,
            measurements=_measurements(items),
        )


def _walk(root: Any, path: Path) -> Iterator[Item]:
    waiting: list[tuple[Any, int, tuple[str, ...]]] = [(root, 0, ())]
    count = 0
    while waiting:
        node, depth, above = waiting.pop()
        count += 1
        if count > MAX_ITEMS or depth > MAX_DEPTH:
            raise DataError(f"{path}: a report of more than {MAX_ITEMS:,} items or {MAX_DEPTH} levels; refused")
        concept = code_of(node, "ConceptNameCodeSequence")
        here = (*above, concept.meaning if concept else str(getattr(node, "ValueType", "") or ""))
        yield _item(node, depth, here, concept)
        children = getattr(node, "ContentSequence", None) or ()
        waiting += [(child, depth + 1, here) for child in reversed(list(children))]


def _item(node: Any, depth: int, path: tuple[str, ...], concept: Code | None) -> Item:
    kind = str(getattr(node, "ValueType", "") or "")
    value, unit = _value(node, kind)
    return Item(
        depth=depth,
        path=path,
        relation=str(getattr(node, "RelationshipType", "") or ""),
        kind=kind,
        concept=concept,
        value=value,
        unit=unit,
        code=code_of(node, "ConceptCodeSequence") if kind == "CODE" else None,
        refers=_refers(node),
    )


def _value(node: Any, kind: str) -> tuple[str, str]:
    if kind == "NUM":
        measured = getattr(node, "MeasuredValueSequence", None)
        if not measured:
            reason = code_of(node, "NumericValueQualifierCodeSequence")
            return ("" if reason is None else reason.meaning), ""
        unit = code_of(measured[0], "MeasurementUnitsCodeSequence")
        return str(getattr(measured[0], "NumericValue", "") or ""), "" if unit is None else unit.value
    if kind == "CODE":
        code = code_of(node, "ConceptCodeSequence")
        return ("" if code is None else code.meaning), ""
    if kind in ("SCOORD", "SCOORD3D"):
        data = getattr(node, "GraphicData", None)
        points = [] if data is None else [f"{float(x):g}" for x in (data if hasattr(data, "__len__") else [data])]
        return f"{getattr(node, 'GraphicType', '')} {' '.join(points)}".strip(), ""
    if kind == "TCOORD":
        return str(getattr(node, "TemporalRangeType", "") or ""), ""
    keyword = {"TEXT": "TextValue", "UIDREF": "UID", "PNAME": "PersonName", "DATETIME": "DateTime"}
    keyword |= {"DATE": "Date", "TIME": "Time"}
    return str(getattr(node, keyword.get(kind, "TextValue"), "") or ""), ""


def _refers(node: Any) -> tuple[str, tuple[int, ...]] | None:
    found = getattr(node, "ReferencedSOPSequence", None)
    if not found:
        return None
    numbers: list[int] = []
    for name in ("ReferencedFrameNumber", "ReferencedSegmentNumber"):
        value = getattr(found[0], name, None)
        if value is not None:
            numbers += [
                int(one) for one in (value if hasattr(value, "__len__") and not isinstance(value, str) else [value])
            ]
    return str(getattr(found[0], "ReferencedSOPInstanceUID", "") or ""), tuple(numbers)


def _measurements(items: tuple[Item, ...]) -> tuple[Measurement, ...]:
    rows: list[Measurement] = []
    count = 0
    for start, item in enumerate(items):
        if item.concept is None or item.concept.value != _GROUP or item.kind != "CONTAINER":
            continue
        count += 1
        inside = _below(items, start)
        track = _first(inside, (_TRACK,))
        uid, finding, site = _first(inside, (_TRACK_UID,)), _first(inside, _FINDING), _first(inside, _SITE)
        refers = tuple(one.refers for one in inside if one.refers is not None)
        for place, one in enumerate(inside):
            if one.kind != "NUM" or one.concept is None or not one.unit:
                continue
            below = _below(inside, place)
            method, derivation = _first(below, _METHOD), _first(below, _DERIVATION)
            rows.append(
                Measurement(
                    group=track.value if track else f"group {count}",
                    tracking_uid=uid.value if uid else "",
                    finding=finding.code if finding else None,
                    site=site.code if site else None,
                    name=one.concept,
                    value=float(one.value),
                    unit=one.unit,
                    method=method.value if method else "",
                    derivation=derivation.value if derivation else "",
                    refers=refers,
                )
            )
    return tuple(rows)


def _below(items: tuple[Item, ...], start: int) -> tuple[Item, ...]:
    depth = items[start].depth
    stop = start + 1
    while stop < len(items) and items[stop].depth > depth:
        stop += 1
    return items[start + 1 : stop]


def _first(items: tuple[Item, ...], codes: tuple[str, ...]) -> Item | None:
    return next((item for item in items if item.concept is not None and item.concept.value in codes), None)
