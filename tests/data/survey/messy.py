"""A folder as hospitals hand it over: a bit of everything, some of it broken, copied, or with names inside."""

import csv
import json
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image
from pydicom import examples
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

SECRETS = ("Doe", "Janet", "19700203", "jd@example.org", "555-123-4567", "ZZ998877", "48.8566")


def picture(seed: int, size: int = 64) -> np.ndarray:
    """Return a smooth picture, another for each seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    waves = sum(rng.normal() * np.sin(4 * rng.normal() * x + 4 * rng.normal() * y + 6 * rng.random()) for _ in range(6))
    return np.clip(128 + 30 * waves, 0, 255).astype(np.uint8)


def write_messy(place: Path) -> Path:
    """Write the folder."""
    _pictures(place / "skin")
    _series(place / "ct")
    _volumes(place / "volumes")
    _others(place)
    return place


def _pictures(place: Path) -> None:
    for number, name in enumerate(("benign", "malignant")):
        (place / name).mkdir(parents=True)
        for i in range(12):
            Image.fromarray(picture(100 * number + i)).save(place / name / f"{i}.png")
    (place / "malignant" / "again.png").write_bytes((place / "benign" / "3.png").read_bytes())
    Image.open(place / "benign" / "4.png").save(place / "benign" / "near.jpg", quality=90)
    (place / "benign" / "cut.png").write_bytes((place / "benign" / "0.png").read_bytes()[:200])
    (place / "benign" / "empty.png").write_bytes(b"")
    exif = Image.Exif()
    exif[0x013B] = "Janet Doe"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (48.8566, 0.0, 0.0)
    Image.fromarray(picture(777)).save(place / "benign" / "phone.jpg", exif=exif)


def slice_of(z: float, series: str, number: int, **other: object) -> Dataset:
    """Return one CT slice at height z."""
    data = Dataset()
    data.update(examples.ct)
    data.file_meta = examples.ct.file_meta
    data.SeriesInstanceUID, data.SOPInstanceUID = series, generate_uid()
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.PatientName, data.PatientID, data.PatientBirthDate = "Doe^Janet", "ZZ998877", "19700203"
    data.ImagePositionPatient, data.ImageOrientationPatient = [0.0, 0.0, z], [1, 0, 0, 0, 1, 0]
    data.InstanceNumber = number
    for key, value in other.items():
        setattr(data, key, value)
    return data


def _series(place: Path) -> None:
    (place / "whole").mkdir(parents=True)
    (place / "hole").mkdir()
    whole, hole = generate_uid(), generate_uid()
    for i in range(5):
        slice_of(2.5 * i, whole, i).save_as(place / "whole" / f"{9 - i}.dcm")
        if i != 2:
            slice_of(2.5 * i, hole, i).save_as(place / "hole" / f"{i}.dcm")


def _volumes(place: Path) -> None:
    place.mkdir()
    rng = np.random.default_rng(0)
    volume = nibabel.Nifti1Image(rng.normal(size=(20, 22, 6)).astype(np.float32), np.diag([1.0, 1.0, 5.0, 1.0]))
    volume.header["descrip"] = b"Doe^Janet"
    nibabel.save(volume, place / "thick.nii.gz")
    (place / "cut.nii.gz").write_bytes((place / "thick.nii.gz").read_bytes()[:900])


def _others(place: Path) -> None:
    with (place / "patients.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["mrn", "last_name", "e_mail", "grade"])
        for i in range(30):
            writer.writerow([f"ZZ{998800 + i}", "Doe", "jd@example.org", ("high", "low", "High", "low")[i % 4]])
    (place / "note.txt").write_text("Patient: Janet Doe, MRN: 99887766, call 555-123-4567.\nChest clear.")
    person = {"resourceType": "Patient", "id": "1", "name": [{"family": "Doe", "given": ["Janet"]}], "gender": "female"}
    (place / "bundle.json").write_text(
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": person}]})
    )
    (place / "readme").write_text("nothing of interest")
    (place / ".hidden").write_text("Doe")
    (place / "out").symlink_to("/etc")
