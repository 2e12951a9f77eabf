"""Faces in the head volumes of a folder: found per series, handed to the files one by one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.deidentify.file import RefusedError, series_of
from salus.schema.errors import SalusError

MODALITIES = ("CT", "MR")
_HEAD = ("HEAD", "BRAIN", "SKULL", "FACE", "HEADNECK", "ORBIT", "EAR", "SINUS", "CRANI", "CEREB", "NEURO", "SCHAEDEL")
_ELSEWHERE = ("CHEST", "ABDOMEN", "PELVIS", "KNEE", "FOOT", "HAND", "ANKLE", "WRIST", "HIP", "SHOULDER", "HEART",
              "BREAST", "PROSTATE", "LSPINE", "TSPINE", "LIVER", "KIDNEY", "EXTREMITY", "LEG", "ARM")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Faces:
    """What is known of the faces of one series.

    Attributes:
        masks: By file, `(H, W)`, true where the face is.
        reason: Why the series cannot be given away, empty where it can.
    """

    masks: dict[Path, NDArray[np.bool_]]
    reason: str = ""


def volumes_in(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Return the files of every CT and MR series, by SeriesInstanceUID; unreadable ones are passed over."""
    found: dict[str, list[Path]] = {}
    for file in files:
        try:
            series, modality = series_of(file)
        except RefusedError:
            continue
        if modality in MODALITIES:
            found.setdefault(series, []).append(file)
    return found


def faces_of(files: list[Path]) -> Faces:
    """Find the face in a series.

    A series that says it shows another part of the body has none. One that says head, or nothing, is fitted; where
    that fails, or the series is no volume, it must not be given away as faceless.
    """
    from salus.data.deidentify.deface import deface
    from salus.data.readers.dicom import read_dicom_series

    headers = [_header(file) for file in files]
    said = _said(headers[0])
    if _speaks_of(said, _ELSEWHERE) and not _speaks_of(said, _HEAD):
        return Faces({})
    try:
        order = _order(headers)
        mask = deface(read_dicom_series([files[index] for index in order])).mask
    except SalusError:
        return Faces({}, "a head series whose face could not be found: not a volume, or the template does not fit")
    if len(mask) != len(order):
        return Faces({}, "a head series whose slices do not match its volume")
    return Faces({files[index]: mask[place] for place, index in enumerate(order)})


def _header(file: Path) -> Any:
    import pydicom

    return pydicom.dcmread(file, stop_before_pixels=True, force=True)


def _said(header: Any) -> str:
    names = (
        "BodyPartExamined",
        "StudyDescription",
        "SeriesDescription",
        "ProtocolName",
        "RequestedProcedureDescription",
    )
    return " ".join(str(header.get(name, "") or "") for name in names)


def _speaks_of(said: str, parts: tuple[str, ...]) -> bool:
    """Long words may have endings ("cranial"), short ones stand alone ("ear" is not in "heart")."""
    tokens = re.findall(r"[A-Z]+", said.upper())
    return any(token == part or (len(part) > 4 and token.startswith(part)) for token in tokens for part in parts)


def _order(headers: list[Any]) -> list[int]:
    """Return the files' order along the normal of their planes, in which the reader stacks them."""
    if any("ImagePositionPatient" not in header or "ImageOrientationPatient" not in header for header in headers):
        raise RefusedError("slices without a place in space")
    first = np.array(headers[0].ImageOrientationPatient, dtype=float)
    normal = np.cross(first[:3], first[3:])
    heights = [float(np.dot(normal, np.array(header.ImagePositionPatient, dtype=float))) for header in headers]
    return [int(index) for index in np.argsort(heights, kind="stable")]
