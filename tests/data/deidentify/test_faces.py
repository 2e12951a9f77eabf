"""Faces of a DICOM series, from the slices to the slices."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from data.deidentify.dicom_made import opened, patient, saved
from salus.data.deidentify.faces import faces_of
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.phantom import make_head
from salus.data.deidentify.plan import Plan
from salus.data.deidentify.walk import deidentify


def series(folder: Path, part: str, volume: np.ndarray, spacing: tuple[float, ...], affine: np.ndarray) -> list[Path]:
    """Write a volume `(D, H, W)` as axial MR slices, in an order of names that is not that of the slices."""
    lps = np.diag([-1.0, -1.0, 1.0]) @ affine[:3, :3]
    origin = np.diag([-1.0, -1.0, 1.0]) @ affine[:3, 3]
    rows = lps[:, 0] / np.linalg.norm(lps[:, 0])
    columns = lps[:, 1] / np.linalg.norm(lps[:, 1])
    paths = []
    for number, plane in enumerate(volume):
        one = patient(opened("MR_small.dcm"))
        one.BodyPartExamined, one.Rows, one.Columns = part, *plane.shape
        one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 15, 1
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.4.5.6.{number}"
        one.ImageOrientationPatient = [*map(float, np.round(rows, 6)), *map(float, np.round(columns, 6))]
        one.ImagePositionPatient = [float(round(value, 4)) for value in origin + number * lps[:, 2]]
        one.PixelSpacing, one.SliceThickness = [spacing[1], spacing[2]], spacing[0]
        one.InstanceNumber = number
        one.PixelData = np.ascontiguousarray(plane, "<i2").tobytes()
        paths.append(saved(one, folder / f"{(number * 7) % 97:03}.dcm"))
    return paths


@pytest.mark.slow
def test_a_face_is_removed_from_the_slices_and_the_brain_is_not(tmp_path: Path) -> None:
    head = make_head(np.random.default_rng(1), spacing_mm=(6.0, 3.0, 3.0))
    volume = np.round(head.image.array[0]).astype("<i2")
    series(tmp_path / "in", "HEAD", volume, head.image.spacing_mm, head.image.affine)
    done = deidentify(tmp_path / "in", tmp_path / "out", Plan(clean_faces=True, retain_uids=True), Key(b"k" * 32))
    assert not done.refused
    assert done.ledger.notes["face removed"] > 10
    found = {pydicom.dcmread(path).SOPInstanceUID: pydicom.dcmread(path) for path in (tmp_path / "out").rglob("*.dcm")}
    after = np.stack([found[f"1.2.3.4.5.6.{number}"].pixel_array for number in range(len(volume))])
    assert all(one.RecognizableVisualFeatures == "NO" for one in found.values())
    changed = after != volume
    assert not changed[head.brain].any()
    assert changed[head.face].mean() > 0.8


def test_another_part_of_the_body_has_no_face(tmp_path: Path) -> None:
    volume = np.zeros((6, 32, 32), "<i2")
    paths = series(tmp_path, "CHEST HEART", volume, (5.0, 1.0, 1.0), np.diag([1.0, 1, 5, 1]))
    assert faces_of(paths).masks == {}
    assert faces_of(paths).reason == ""


def test_a_head_without_a_findable_face_is_kept_back(tmp_path: Path) -> None:
    volume = np.zeros((6, 32, 32), "<i2")
    series(tmp_path / "in", "BRAIN", volume, (5.0, 1.0, 1.0), np.diag([1.0, 1, 5, 1]))
    done = deidentify(tmp_path / "in", tmp_path / "out", Plan(clean_faces=True), Key(b"k" * 32))
    assert len(done.refused) == 6
    assert not list((tmp_path / "out").rglob("*.dcm"))
