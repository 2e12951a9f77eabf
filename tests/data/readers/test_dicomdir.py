"""Studies on discs and in zips."""

import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.fileset import FileSet

from dicom_files import series, slice_file
from salus.data.open import read_any
from salus.data.readers.dicom import inspect_series, read_dicom_series
from salus.data.readers.dicomdir import opened_study, read_dicomdir
from salus.schema.errors import DataError
from salus.schema.sample import Image

STUDY = {"StudyDate": "20200102", "StudyTime": "030405", "PatientName": "Doe^Jane", "StudyID": "1", "SeriesNumber": 1}


@pytest.fixture
def disc(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """Return a folder with a DICOMDIR that pydicom wrote, and the volume in it."""
    truth = np.random.default_rng(0).integers(0, 900, (4, 6, 5)).astype(np.int16)
    files = series(tmp_path / "in", truth, **STUDY)
    made = FileSet()
    for number, file in enumerate(files):
        data = pydicom.dcmread(file)
        data.InstanceNumber = number + 1
        made.add(data)
    made.write(tmp_path / "disc")
    made._stage["t"].cleanup()  # it would warn when it is collected
    return tmp_path / "disc", truth


def test_a_disc_is_read_through_its_directory(disc: tuple[Path, np.ndarray]) -> None:
    folder, truth = disc
    listing = read_dicomdir(folder / "DICOMDIR")
    assert (len(listing.files), listing.missing) == (4, ())
    assert listing.kinds["PATIENT"] == 1
    for source in (folder / "DICOMDIR", folder):
        image = read_any(source)
        assert isinstance(image, Image)
        np.testing.assert_array_equal(image.array[0], truth - 1000.0)
    assert inspect_series(folder / "DICOMDIR").shape == (1, 4, 6, 5)
    listing.files[2].unlink()
    assert len(read_dicomdir(folder / "DICOMDIR").missing) == 1
    with pytest.raises(DataError, match="1 files that are not there"):
        read_dicom_series(folder / "DICOMDIR")


@pytest.mark.filterwarnings("ignore:Invalid value:UserWarning")
def test_a_directory_cannot_lead_out_of_its_folder(disc: tuple[Path, np.ndarray]) -> None:
    folder, _ = disc
    data = pydicom.dcmread(folder / "DICOMDIR")
    for name in (["..", "in", "0000.DCM"], ["", "etc", "passwd"]):
        for record in data.DirectoryRecordSequence:
            if "ReferencedFileID" in record:
                record.ReferencedFileID = name
        data.save_as(folder / "DICOMDIR")
        with pytest.raises(DataError, match=r"leads out of|not there"):
            read_dicom_series(folder / "DICOMDIR")
    with pytest.raises(DataError, match="no DICOMDIR"):
        read_dicomdir(slice_file(folder / "a.dcm", np.zeros((2, 2), np.int16), (0, 0, 0)))


def test_a_zipped_study_is_read_and_leaves_nothing(
    tmp_path: Path, disc: tuple[Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, truth = disc
    packed = tmp_path / "study.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.rglob("*"):
            archive.write(file, file.relative_to(folder))
        archive.writestr("readme.txt", "not an image")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    image = read_any(packed)
    assert isinstance(image, Image)
    np.testing.assert_array_equal(image.array[0], truth - 1000.0)
    assert list(scratch.iterdir()) == []
    with opened_study(packed) as found:
        assert [len(files) for files in found.values()] == [4]
    assert list(scratch.iterdir()) == []


def test_zips_that_are_traps_are_refused(tmp_path: Path) -> None:
    bomb, escape, empty = tmp_path / "bomb.zip", tmp_path / "escape.zip", tmp_path / "empty.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.dcm", "w") as member:
        for _ in range(300):
            member.write(bytes(2**20))
    with zipfile.ZipFile(escape, "w") as archive:
        archive.writestr("../out.dcm", b"x")
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("a.txt", "x")
    for path, message in ((bomb, "unpacks to more"), (escape, "leave the folder"), (empty, "holds no DICOM images")):
        with pytest.raises(DataError, match=message):
            read_dicom_series(path)
    assert not (tmp_path / "out.dcm").exists()
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(DataError, match=r"no\.zip"):
        read_any(tmp_path / "no.zip")
