"""A whole folder, from the command to the report."""

import csv
import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from data.deidentify.dicom_made import opened, patient, saved
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.plan import Plan
from salus.data.deidentify.walk import deidentify
from salus.schema.errors import DataError, UsageError

KEY = Key(b"k" * 32)
NEEDLES = (b"zubrowska", b"halina", b"h4711", b"nowicka", b"617-555-0143")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Return a folder with the files of two patients, a table, a note, a volume, a picture and a link."""
    home = tmp_path / "in"
    for number in range(4):
        one = patient(opened())
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.4.5.{number}"
        saved(one, home / "ZUBROWSKA_HALINA" / f"Zubrowska{number}.dcm")
    saved(patient(opened("MR_small.dcm"), "Nowicka^Ewa", "H9"), home / "nowicka.dcm")
    shutil.copy(home / "ZUBROWSKA_HALINA" / "Zubrowska0.dcm", home / "again.dcm")
    (home / "list.csv").write_text(
        "patient_id,name,diagnosis\n" + "".join(f"{number},Zubrowska,x\n" for number in ("H4711-23", "H9"))
    )
    (home / "note.txt").write_text("Patient: Halina Zubrowska. Phone 617-555-0143. Stable nodule of 7 mm.")
    volume = nibabel.Nifti1Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.diag([2.0, 2, 2, 1]))
    volume.header["descrip"] = b"Zubrowska Halina"
    volume.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, b"Zubrowska"))
    nibabel.save(volume, home / "zubrowska.nii.gz")
    (home / "photo.png").write_bytes(b"Zubrowska")
    (home / "link.dcm").symlink_to(home / "nowicka.dcm")
    return home


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".deid" not in path.parts
    }


def test_nothing_of_the_input_is_left_in_names_or_bytes(given: Path, tmp_path: Path) -> None:
    before = digest(given)
    done = deidentify(given, tmp_path / "out", Plan(), KEY)
    assert digest(given) == before
    assert sorted(reason.split(":")[0][:20] for _, reason in done.refused) == [
        "a link; give the fol",
        "neither DICOM nor a ",
    ]
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len([path for path in written if path.suffix == ".dcm"]) == 6
    for path in written:
        data = path.read_bytes()
        data = nibabel.openers.ImageOpener(path).read() if path.suffix == ".gz" else data
        for needle in NEEDLES:
            assert needle not in data.lower(), path
            assert needle.decode() not in str(path.relative_to(tmp_path / "out")).lower()


def test_tables_and_images_of_a_patient_still_belong_together(given: Path, tmp_path: Path) -> None:
    deidentify(given, tmp_path / "out", Plan(), KEY)
    images = {str(pydicom.dcmread(path).PatientID) for path in (tmp_path / "out").rglob("*.dcm")}
    (table,) = (tmp_path / "out" / "tables").iterdir()
    with table.open() as handle:
        rows = list(csv.DictReader(handle))
    assert {row["patient_id"] for row in rows} == images
    (note,) = (tmp_path / "out" / "texts").iterdir()
    assert "nodule of 7 mm" in note.read_text()
    (volume,) = (tmp_path / "out" / "volumes").iterdir()
    loaded = nibabel.load(volume)
    assert np.array_equal(np.asarray(loaded.dataobj), np.arange(60).reshape(3, 4, 5))
    assert np.array_equal(loaded.affine, np.diag([2.0, 2, 2, 1]))
    assert len(loaded.header.extensions) == 0


def test_a_killed_run_goes_on_and_ends_alike(given: Path, tmp_path: Path) -> None:
    def killed(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    whole = deidentify(given, tmp_path / "whole", Plan(), KEY)
    with pytest.raises(KeyboardInterrupt):
        deidentify(given, tmp_path / "out", Plan(), KEY, killed)
    resumed = deidentify(given, tmp_path / "out", Plan(), KEY)
    again = deidentify(given, tmp_path / "out", Plan(), KEY)
    assert digest(tmp_path / "out") == digest(tmp_path / "whole")
    assert resumed.ledger.tally == whole.ledger.tally == again.ledger.tally
    assert again.skipped == len(again.ledger.entries)


def test_an_output_of_other_options_or_another_key_is_refused(given: Path, tmp_path: Path) -> None:
    deidentify(given, tmp_path / "out", Plan(), KEY)
    with pytest.raises(DataError, match="other options or another key"):
        deidentify(given, tmp_path / "out", Plan(retain_uids=True), KEY)
    with pytest.raises(DataError, match="other options or another key"):
        deidentify(given, tmp_path / "out", Plan(), Key(b"o" * 32))
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "something").write_text("x")
    with pytest.raises(DataError, match="not empty"):
        deidentify(given, tmp_path / "used", Plan(), KEY)


@pytest.mark.parametrize("out", ["in", "in/out", "."])
def test_input_and_output_stay_apart(out: str, given: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lie in each other"):
        deidentify(given, tmp_path / out, Plan(), KEY)


def test_a_dry_run_counts_and_leaves_nothing(given: Path, tmp_path: Path) -> None:
    done = deidentify(given, tmp_path / "out", Plan(), KEY, dry_run=True)
    assert not (tmp_path / "out").exists()
    assert done.ledger.tally["PatientName", "replaced"] == 6


def test_a_zip_gives_the_same_files(given: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as packed:
        for path in sorted(given.rglob("*.dcm")):
            if not path.is_symlink():
                packed.write(path, path.relative_to(given).as_posix())
    done = deidentify(tmp_path / "in.zip", tmp_path / "out", Plan(), KEY)
    deidentify(given, tmp_path / "other", Plan(), KEY)
    same = {name: mark for name, mark in digest(tmp_path / "other").items() if name.endswith(".dcm")}
    assert not done.refused
    assert set(digest(tmp_path / "out").values()) == set(same.values())


def test_the_ledger_says_nothing_without_the_key(given: Path, tmp_path: Path) -> None:
    deidentify(given, tmp_path / "out", Plan(), KEY)
    text = "".join(path.read_text() for path in (tmp_path / "out" / ".deid").iterdir()).lower()
    assert "zubrowska" not in text
    assert json.loads((tmp_path / "out" / ".deid" / "run.json").read_text())["key"] == KEY.fingerprint
