"""DICOM: rescaling, polarity, geometry, order of slices, refusals. The files are written here."""

import contextlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from salus.data.readers.dicom import is_dicom, read_dicom, read_dicom_series, series_in
from salus.schema.errors import DataError

SERIES = generate_uid()


def write(path: Path, pixels: np.ndarray, **fields: object) -> Path:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.SeriesInstanceUID, data.Modality, data.PatientID = SERIES, "CT", "P1"
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    data.Rows, data.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    data.SamplesPerPixel = 3 if colour else 1
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        data.PlanarConfiguration = 0
    elif pixels.ndim == 3:
        data.NumberOfFrames = len(pixels)
    data.BitsAllocated = data.BitsStored = pixels.dtype.itemsize * 8
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, int(pixels.dtype.kind == "i")
    data.PixelData = pixels.tobytes()
    for name, value in fields.items():
        if value is None:
            del data[name]
        else:
            setattr(data, name, value)
    pydicom.dcmwrite(path, data, enforce_file_format=True)
    return path


def slice_at(folder: Path, name: str, z: float, value: int = 0, **fields: object) -> Path:
    place = {
        "ImagePositionPatient": [10.0, 20.0, z],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [0.5, 0.25],
        "RescaleSlope": 1,
        "RescaleIntercept": -1000,
    }
    return write(folder / name, np.full((4, 6), value, np.int16), **{**place, **fields})


def test_ct_is_rescaled_to_hounsfield_units(tmp_path: Path) -> None:
    pixels = np.arange(24, dtype=np.int16).reshape(4, 6)
    image = read_dicom(write(tmp_path / "a.dcm", pixels, RescaleSlope=2, RescaleIntercept=-1024))
    assert image.unit == "HU"
    assert image.array.tolist() == [(pixels * 2.0 - 1024).tolist()]
    assert image.spacing_mm is None
    assert image.affine is None
    assert read_dicom(write(tmp_path / "b.dcm", pixels)).unit == "a.u."


def test_monochrome1_is_inverted_where_values_are_not_physical(tmp_path: Path) -> None:
    pixels = np.array([[0, 1], [100, 4095]], dtype=np.uint16)
    fields = {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 12, "HighBit": 11}
    image = read_dicom(write(tmp_path / "cr.dcm", pixels, Modality="CR", **fields))
    assert image.array.tolist() == [[[4095, 4094], [3995, 0]]]
    physical = read_dicom(write(tmp_path / "ct.dcm", pixels, RescaleSlope=1, RescaleIntercept=-1000, **fields))
    assert physical.array[0, 0, 0] == -1000


def test_colour_and_frames(tmp_path: Path) -> None:
    colour = np.random.default_rng(0).integers(0, 255, (4, 6, 3), dtype=np.uint8)
    image = read_dicom(write(tmp_path / "c.dcm", colour, Modality="XC"))
    assert (image.array == colour.transpose(2, 0, 1)).all()
    frames = np.random.default_rng(0).integers(0, 255, (5, 4, 6), dtype=np.uint8)
    assert (read_dicom(write(tmp_path / "f.dcm", frames, Modality="US")).array == frames[None]).all()


def test_a_series_is_ordered_by_place_not_by_name(tmp_path: Path) -> None:
    for name, z in (("a.dcm", 6.0), ("b.dcm", 0.0), ("c.dcm", 3.0)):
        slice_at(tmp_path, name, z, value=int(z), InstanceNumber=1)
    (tmp_path / "notes.txt").write_text("left out")
    volume = read_dicom_series(tmp_path)
    assert volume.array.shape == (1, 3, 4, 6)
    assert volume.array[0, :, 0, 0].tolist() == [-1000, -997, -994]
    assert volume.spacing_mm == pytest.approx((3.0, 0.5, 0.25))
    assert volume.affine is not None
    # column 1, row 2, slice 2 lies at LPS (10 + 0.25, 20 + 1, 6), so RAS flips the first two
    assert (volume.affine @ [1, 2, 2, 1])[:3] == pytest.approx([-10.25, -21.0, 6.0])


def test_a_sagittal_series_steps_along_its_normal(tmp_path: Path) -> None:
    for index, x in enumerate((4.0, 0.0, 2.0)):
        slice_at(
            tmp_path, f"{index}.dcm", 0, ImagePositionPatient=[x, 1.0, 9.0], ImageOrientationPatient=[0, 1, 0, 0, 0, -1]
        )
    volume = read_dicom_series(tmp_path)
    assert volume.spacing_mm == pytest.approx((2.0, 0.5, 0.25))
    assert volume.affine is not None
    first = volume.affine @ [0, 0, 0, 1]
    last = volume.affine @ [0, 0, 2, 1]
    assert abs(last[0] - first[0]) == pytest.approx(4.0)
    assert last[1:3] == pytest.approx(first[1:3])


def test_what_is_no_single_volume_is_refused(tmp_path: Path) -> None:
    def folder(name: str) -> Path:
        place = tmp_path / name
        place.mkdir()
        for index in range(4):
            slice_at(place, f"{index}.dcm", 2.0 * index)
        return place

    mixed = folder("mixed")
    slice_at(mixed, "other.dcm", 8.0, SeriesInstanceUID=generate_uid())
    with pytest.raises(DataError, match="holds 2 series"):
        read_dicom_series(mixed)
    assert len(series_in(mixed)) == 2
    twice = folder("twice")
    slice_at(twice, "again.dcm", 2.0)
    with pytest.raises(DataError, match=r"1\.dcm and again\.dcm lie at one place"):
        read_dicom_series(twice)
    gap = folder("gap")
    (gap / "1.dcm").unlink()
    with pytest.raises(DataError, match="a slice is missing"):
        read_dicom_series(gap)
    turned = folder("turned")
    slice_at(turned, "scout.dcm", 8.0, ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    with pytest.raises(DataError, match=r"scout\.dcm is turned"):
        read_dicom_series(turned)
    with pytest.raises(DataError, match="more than the allowed 95"):
        read_dicom_series(folder("large"), limit=95)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no DICOM images"):
        read_dicom_series(tmp_path / "empty")


def test_unreadable_files_are_named_with_a_remedy(tmp_path: Path) -> None:
    whole = slice_at(tmp_path, "a.dcm", 0.0).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[:-20])
    with pytest.raises(DataError, match=r"cut\.dcm.*(export|damaged)"):
        read_dicom(tmp_path / "cut.dcm")
    (tmp_path / "text.dcm").write_text("no image at all")
    with pytest.raises(DataError, match=r"text\.dcm: not a DICOM file"):
        read_dicom(tmp_path / "text.dcm")
    with pytest.raises(DataError, match=r"text\.dcm"):
        read_dicom_series(tmp_path)
    with pytest.raises(DataError, match="declares 4,294,836,225 values"):
        read_dicom(write(tmp_path / "claim.dcm", np.zeros((2, 2), np.int16), Rows=65535, Columns=65535))
    none = write(tmp_path / "none.dcm", np.zeros((2, 2), np.int16), Rows=None)
    with pytest.raises(DataError, match=r"DICOM without an image \(CT Image Storage"):
        read_dicom(none)
    assert not is_dicom(tmp_path / "absent")


def test_random_damage_never_escapes_as_another_error(tmp_path: Path) -> None:
    whole = bytearray(slice_at(tmp_path, "a.dcm", 0.0).read_bytes())
    rng = np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(whole)
        for place in rng.integers(132, len(whole), 4):
            broken[place] = rng.integers(0, 256)
        (tmp_path / "b.dcm").write_bytes(broken)
        with contextlib.suppress(DataError):
            read_dicom(tmp_path / "b.dcm")


@pytest.mark.realdata
def test_one_slice_in_many_lossless_encodings_is_one_array(data_root: Path) -> None:
    folder = data_root / "dicom" / "ct_same_slice_many_syntaxes"
    if not folder.is_dir():
        pytest.skip("no DICOM samples")
    lossless = [path for path in sorted(folder.glob("*.dcm")) if ".4.50" not in path.name and ".4.51" not in path.name]
    sums: dict[float, int] = {}
    for path in lossless:
        total = float(read_dicom(path).array.sum(dtype=np.float64))
        sums[total] = sums.get(total, 0) + 1
    assert max(sums.values()) >= 7


@pytest.mark.realdata
def test_a_real_ct_series(data_root: Path) -> None:
    folder = data_root / "ct_lidc_idri_0314"
    if not folder.is_dir():
        pytest.skip("no CT series")
    volume = read_dicom_series(folder)
    assert volume.array.shape == (1, 31, 512, 512)
    assert volume.unit == "HU"
    assert volume.spacing_mm == pytest.approx((9.0, 0.78125, 0.78125))
    assert -1100 < volume.array.min() < -900
