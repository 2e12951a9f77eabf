"""What every written DICOM object shares: the images it is about, who made it, and how it gets to the disk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salus.data.readers.dicom import inspect_series
from salus.data.readers.dicom_file import open_dicom
from salus.data.readers.dicom_seg import Code
from salus.schema.errors import DataError, SalusError
from salus.schema.files import replacing

# Type 2 attributes of the patient and study modules: they must be there and may be empty, and many files lack some.
_MAY_BE_EMPTY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Who made an object.

    Attributes:
        manufacturer: Of the software.
        model: Its name.
        version: Its version.
        serial: Of the installation.
        series_number: Under which the object is filed in its study.
        algorithm: What answered: a system's name.
        algorithm_version: Its version or the hash of its weights.
    """

    manufacturer: str = "Salus"
    model: str = "Salus workbench"
    version: str = "0.1.0"
    serial: str = "0"
    series_number: int = 900
    algorithm: str = "Salus system"
    algorithm_version: str = "0"

    def fields(self) -> dict[str, Any]:
        """Return the arguments that highdicom's objects share, with fresh UIDs."""
        from highdicom import UID

        return {
            "series_instance_uid": UID(),
            "series_number": self.series_number,
            "sop_instance_uid": UID(),
            "instance_number": 1,
            "manufacturer": self.manufacturer,
        }

    def device(self) -> dict[str, Any]:
        """Return the arguments of objects that name their device."""
        return {
            "manufacturer_model_name": self.model,
            "software_versions": self.version,
            "device_serial_number": self.serial,
        }


def source_headers(files: Sequence[Path | str]) -> list[Any]:
    """Return the headers of the images an object is about, in geometric order where they make a volume.

    Raises:
        DataError: No files, files of several studies or patients, or an image without what every object copies.
    """
    if not files:
        raise DataError("no source images; an object of DICOM needs the images it is about")
    paths = [Path(file) for file in files]
    if len(paths) > 1:
        report = inspect_series(paths)
        if not report.readable or len(report.order) != len(paths):
            first = report.findings[0].what if report.findings else "no volume"
            raise DataError(f"{paths[0].parent}: the source images make no volume ({first}); give one series")
        paths = list(report.order)
    headers = [open_dicom(path).header for path in paths]
    for header, path in zip(headers, paths, strict=True):
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"):
            if not getattr(header, name, None):
                raise DataError(f"{path}: no {name}; an object cannot refer to it")
        for name in _MAY_BE_EMPTY:
            if name not in header:
                setattr(header, name, "")
    frames = [str(header.FrameOfReferenceUID) for header in headers if getattr(header, "FrameOfReferenceUID", None)]
    for header in headers if frames else ():
        # A volume lies in one frame; archives have replaced its name slice by slice (`inspect_series` tells).
        header.FrameOfReferenceUID = frames[0]
    return headers


def concept(code: Code) -> Any:
    """Return a code as highdicom's concept."""
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning)


def save(path: Path | str, make: Callable[[], Any]) -> Path:
    """Make an object and write it whole or not at all.

    Raises:
        DataError: highdicom refuses what it is to be made of.
    """
    target = Path(path)
    try:
        made = make()
    except SalusError:
        raise
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise DataError(f"{target}: cannot be made ({error}); mend the source images or the arrays") from error
    if "Laterality" not in made and str(made.Modality) not in ("SEG", "SR"):
        made.Laterality = ""  # type 2C of the general series: empty where nobody said which of a pair
    with replacing(target) as temporary:
        made.save_as(temporary)
    return target
