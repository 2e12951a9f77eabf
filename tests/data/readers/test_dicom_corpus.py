"""96 real files of every kind: each is read right, as a second reader says, or refused with its reason."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.pixels import apply_modality_lut

from salus.data.readers.dicom import inspect_series, read_dicom, read_dicom_series, series_in
from salus.data.readers.dicom_seg import read_seg
from salus.data.readers.dicom_sr import read_sr
from salus.data.readers.dicomdir import read_dicomdir
from salus.schema.errors import DataError

pytestmark = pytest.mark.realdata

REFUSED = {
    "dicomdirtests/DICOMDIR": r"without an image \(Media Storage Directory Storage\)",
    "charset/chrJapMulti.dcm": "declares an image but holds no pixel data",
    "charset/chrSQEncoding.dcm": r"without an image \(MR Image Storage\)",
    "single/reportsi.dcm": r"without an image \(Basic Text SR Storage\)",
    "single/rtplan.dcm": r"without an image \(RT Plan Storage\)",
    "single/rwvm.dcm": r"without an image \(Real World Value Mapping Storage\)",
    "single/sr.dcm": r"without an image \(Comprehensive SR Storage\)",
    "single/test-SR.dcm": r"without an image \(Comprehensive SR Storage\)",
}

# What the second reader (ITK's GDCM) leaves undone or does otherwise, and what its answer must become.
UNEQUAL: dict[str, Callable[[np.ndarray, pydicom.Dataset], np.ndarray]] = {
    # palettes cut to eight bits
    "single/OBXXXX1A_rle.dcm": lambda a, d: a.astype(np.uint16) << 8,
    "single/OBXXXX1A_rle_2frame.dcm": lambda a, d: a.astype(np.uint16) << 8,
    # frames as they stand in the file, not by place
    "single/eCT_Supplemental.dcm": lambda a, d: a[:, ::-1],
    # no modality table, no dose scaling
    "single/mlut_18.dcm": lambda a, d: apply_modality_lut(a[0], d)[None],
    "single/rtdose.dcm": lambda a, d: a * float(d.DoseGridScaling),
    # masks as 0 and 255
    "single/seg.dcm": lambda a, d: a // 255,
    "single/liver.dcm": lambda a, d: a // 255,
}
# Optical densities: that reader turns MONOCHROME1 there too, Salus keeps what is physical as it is.
PHYSICAL = re.compile(r"dicomdirtests/77654033/CR\d/")
# Not known to that reader: JPEG-LS of 7 bits, float pixels; pydicom is the second reader there.
UNKNOWN = ("single/JLSL_08_07_0_1F.dcm", "single/parametric_map_float.dcm")


def _corpus(data_root: Path) -> Path:
    folder = data_root / "dicom"
    if not (folder / "MANIFEST.csv").is_file():
        pytest.skip("no DICOM samples")
    return folder


def _second(path: Path, name: str) -> np.ndarray:
    data = pydicom.dcmread(path)
    if name in UNKNOWN:
        return np.asarray(data.pixel_array)[None]
    image = SimpleITK.ReadImage(str(path))
    array = SimpleITK.GetArrayFromImage(image)
    array = np.moveaxis(array, -1, 0) if image.GetNumberOfComponentsPerPixel() > 1 else array[None]
    if PHYSICAL.match(name):
        top = (1 << int(data.BitsStored)) - 1
        stored = top - (array - float(data.RescaleIntercept)) / float(data.RescaleSlope)
        array = stored * float(data.RescaleSlope) + float(data.RescaleIntercept)
    return array


@pytest.mark.slow
def test_every_file_is_read_right_or_refused(data_root: Path) -> None:
    folder = _corpus(data_root)
    rows = list(csv.DictReader((folder / "MANIFEST.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 96
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    read = 0
    for row in rows:
        name = row["file"].removeprefix("./")
        if name in REFUSED:
            with pytest.raises(DataError, match=REFUSED[name]):
                read_dicom(folder / name)
            continue
        image = read_dicom(folder / name)
        frames = int(row["frames"] or 1)
        channels = 1 if row["photometric"].startswith("MONOCHROME") else 3
        expected = (channels, *((frames,) if frames > 1 else ()), int(row["rows"]), int(row["columns"]))
        assert image.array.shape == expected, name
        assert image.modality == row["modality"], name
        second = _second(folder / name, name).reshape(image.array.shape)
        second = UNEQUAL.get(name, lambda a, d: a)(second, pydicom.dcmread(folder / name))
        if image.array.dtype.kind == "f":
            np.testing.assert_allclose(image.array, second, rtol=1e-6, atol=1e-3, err_msg=name)
        else:
            np.testing.assert_array_equal(image.array, second, err_msg=name)
        read += 1
    assert read == 88


def test_one_slice_in_ten_encodings(data_root: Path) -> None:
    folder = _corpus(data_root) / "ct_same_slice_many_syntaxes"
    arrays = {path.name.split("_")[-1]: read_dicom(path) for path in sorted(folder.glob("*.dcm"))}
    assert len(arrays) == 10
    truth = arrays["CTImage.dcm"].array
    lossy = {"1.2.840.10008.1.2.4.50.dcm": 90.0, "1.2.840.10008.1.2.4.51.dcm": 6.0}  # largest mean error, HU
    for name, image in arrays.items():
        assert image.unit == "HU"
        if name in lossy:
            assert 0 < np.abs(image.array - truth).mean() < lossy[name], name
        else:
            np.testing.assert_array_equal(image.array, truth, err_msg=name)


def test_the_directory_lists_its_files(data_root: Path) -> None:
    folder = _corpus(data_root) / "dicomdirtests"
    listing = read_dicomdir(folder / "DICOMDIR")
    assert (len(listing.files), listing.missing) == (31, ())
    assert listing.kinds == {"PATIENT": 2, "STUDY": 6, "SERIES": 13, "IMAGE": 31}
    with pytest.raises(DataError, match="holds 13 series"):
        read_dicom_series(folder / "DICOMDIR")
    uid = next(uid for uid, files in series_in(folder).items() if len(files) == 5)
    volume = read_dicom_series(folder / "DICOMDIR", series=uid)
    assert volume.array.shape == (1, 5, 16, 16)
    np.testing.assert_array_equal(volume.array, read_dicom_series(folder, series=uid).array)
    report = inspect_series(folder, series=next(u for u, files in series_in(folder).items() if len(files) == 7))
    assert [finding.kind for finding in report.findings if finding.severity == "error"] == ["localizer"]


def test_segmentations_and_reports_of_others(data_root: Path) -> None:
    folder = _corpus(data_root) / "single"
    tumour = read_seg(folder / "seg.dcm")
    assert tumour.masks.shape == (1, 13, 128, 128)
    assert tumour.masks.sum() == 795
    assert tumour.segments[0].kind is not None
    assert tumour.segments[0].kind.meaning == "Neoplasm, Primary"
    assert tumour.spacing_mm == pytest.approx((3.375, 3.537818, 3.537818))
    report = read_sr(folder / "sr.dcm")
    assert (report.template, len(report.items), len(report.measurements)) == ("1500", 256, 22)
    by_name = {(row.name.meaning, row.derivation): row.value for row in report.measurements}
    assert by_name["SUVbw", "Mean"] == pytest.approx(6.01529)
    assert {row.group for row in report.measurements} == {"primary tumor"}
