"""DICOM files with made-up identities for tests."""

from pathlib import Path
from typing import Any

import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset


def opened(name: str = "CT_small.dcm") -> Any:
    """Return one of pydicom's files as a data set."""
    path = get_testdata_file(name)
    assert path is not None
    return pydicom.dcmread(path)


def patient(dataset: Any, name: str = "Zubrowska^Halina", number: str = "H4711-23") -> Any:
    """Give a data set a made-up patient and a made-up hospital."""
    dataset.PatientName, dataset.PatientID = name, number
    dataset.PatientBirthDate, dataset.PatientAge, dataset.PatientSex = "19310417", "093Y", "F"
    dataset.StudyDate, dataset.SeriesDate, dataset.StudyTime = "20240315", "20240322", "101112"
    dataset.InstitutionName, dataset.StationName = "Sankt Florian Klinikum", "SF-CT-03"
    dataset.ReferringPhysicianName = "Okonkwo^Chidi"
    dataset.StudyDescription = "Follow up of Mrs Zubrowska, pulmonary nodule"
    return dataset


def item(**values: Any) -> Any:
    """Return a sequence item."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def saved(dataset: Any, path: Path) -> Path:
    """Write a data set as a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path
