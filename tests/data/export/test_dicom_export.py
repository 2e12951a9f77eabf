"""Objects written with highdicom: read back, and judged by dicom3tools' validator."""

import shutil
import subprocess
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicom_files import dataset, save, series
from salus.data.export.dicom_capture import write_capture
from salus.data.export.dicom_gsps import Mark, write_gsps
from salus.data.export.dicom_seg import write_seg
from salus.data.export.dicom_source import Maker
from salus.data.export.dicom_sr import write_sr
from salus.data.readers.dicom import read_dicom, read_dicom_series
from salus.data.readers.dicom_display import to_display
from salus.data.readers.dicom_rtstruct import read_rtstruct
from salus.data.readers.dicom_seg import Code, Segment, read_seg
from salus.data.readers.dicom_sr import Measurement, read_sr
from salus.schema.errors import DataError, ShapeError

SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"
LIVER = Code(value="10200004", scheme="SCT", meaning="Liver")
NODULE = Code(value="27925004", scheme="SCT", meaning="Nodule")
ORGAN = Code(value="123037004", scheme="SCT", meaning="Anatomical Structure")
VOLUME = Code(value="118565006", scheme="SCT", meaning="Volume")
OBLIQUE = [0.8, 0.6, 0.0, 0.0, 0.0, -1.0]
STUDY = {
    "StudyDate": "20200102", "StudyTime": "030405", "PatientName": "Doe^Jane", "PatientBirthDate": "", "StudyID": "1",
    "PatientSex": "O", "AccessionNumber": "", "ReferringPhysicianName": "", "SeriesNumber": 1, "InstanceNumber": 1,
    "PositionReferenceIndicator": "", "Laterality": "",
}  # fmt: skip


def judged(path: Path) -> Path:
    """Let the validator judge a file, where it is installed."""
    program = shutil.which("dciodvfy")
    if program is not None:
        said = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        errors = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]
        assert not errors, errors
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return an oblique series of five slices, files by place."""
    truth = np.random.default_rng(0).integers(0, 2000, (5, 12, 9)).astype(np.int16)
    step = 2.0 * np.cross(OBLIQUE[:3], OBLIQUE[3:])
    return series(tmp_path_factory.mktemp("ct"), truth, step, ImageOrientationPatient=OBLIQUE, **STUDY)


def masks() -> np.ndarray:
    found = np.zeros((2, 5, 12, 9), bool)
    found[0, 1:4, 2:8, 3:7] = True
    found[1, 3, 9:11, 1:3] = True
    return found


def test_a_segmentation_comes_back_where_it_was(tmp_path: Path, study: list[Path]) -> None:
    segments = [
        Segment(number=1, label="liver", category=ORGAN, kind=LIVER),
        Segment(number=2, label="by hand", category=ORGAN, kind=NODULE, algorithm="MANUAL"),
    ]
    image = read_dicom_series(study)
    path = judged(write_seg(tmp_path / "seg.dcm", masks(), segments, list(reversed(study))))
    found = read_seg(path, image)
    np.testing.assert_array_equal(found.masks, masks())
    assert [(one.number, one.label, one.kind) for one in found.segments] == [
        (1, "liver", LIVER),
        (2, "by hand", NODULE),
    ]
    assert found.segments[1].algorithm == "MANUAL"
    header = pydicom.dcmread(study[0])
    assert found.series == header.SeriesInstanceUID
    assert set(found.instances) <= {pydicom.dcmread(file).SOPInstanceUID for file in study}
    # without the reference: the smallest grid that holds the frames, at the same place in the patient
    small = read_seg(path)
    assert small.masks.shape == (2, 3, 12, 9)
    np.testing.assert_array_equal(small.masks, masks()[:, 1:4])
    assert image.affine is not None
    assert small.affine is not None
    np.testing.assert_allclose(small.affine @ [0, 0, 0, 1], image.affine @ [0, 0, 1, 1], atol=1e-4)
    assert small.labels().max() == 2
    again = read_dicom(path)
    assert (again.unit, again.array.shape) == ("mask", (2, 3, 12, 9))
    # a second reader
    volume = highdicom.seg.segread(path).get_volume(combine_segments=False, dtype=np.uint8)
    theirs = np.asarray(volume.array)
    assert theirs.sum() == masks().sum()


def test_probabilities_keep_255_steps(tmp_path: Path, study: list[Path]) -> None:
    smooth = np.random.default_rng(0).random((1, 5, 12, 9)).astype(np.float32)
    path = judged(write_seg(tmp_path / "p.dcm", smooth, [Segment(number=1, label="p")], study))
    found = read_seg(path, read_dicom_series(study))
    assert found.masks.dtype == np.float32
    assert np.abs(found.masks - smooth).max() <= 0.5 / 255 + 1e-6


def test_one_image_of_another_modality(tmp_path: Path) -> None:
    for name in ("MR_small.dcm", "examples_overlay.dcm"):
        source = SHIPPED / name
        size = read_dicom(source).array.shape[1:]
        mask = np.zeros((1, *size), bool)
        mask[0, 5:9, 4:8] = True
        path = write_seg(tmp_path / name, mask, [Segment(number=1, label="spot")], [source])
        np.testing.assert_array_equal(read_seg(path).masks[:, 0], mask)


def test_masks_that_fit_nothing_are_refused(tmp_path: Path, study: list[Path]) -> None:
    one = [Segment(number=1, label="a")]
    target = tmp_path / "x.dcm"
    with pytest.raises(ShapeError, match=r"expected \(1, 5, 12, 9\)"):
        write_seg(target, np.ones((1, 5, 12, 8), bool), one, study)
    with pytest.raises(DataError, match="beyond 0 and 1"):
        write_seg(target, np.full((1, 5, 12, 9), 1.5, np.float32), one, study)
    with pytest.raises(DataError, match="empty"):
        write_seg(target, np.zeros((1, 5, 12, 9), bool), one, study)
    with pytest.raises(DataError, match="numbered"):
        write_seg(target, np.ones((1, 5, 12, 9), bool), [Segment(number=2, label="a")], study)
    with pytest.raises(DataError, match="make no volume"):
        write_seg(target, np.ones((1, 4, 12, 9), bool), one, [*study[:2], *study[3:]])
    with pytest.raises(DataError, match="no source images"):
        write_seg(target, np.ones((1, 4, 12, 9), bool), one, [])
    assert not target.exists()
    seg = write_seg(target, masks(), [Segment(number=1, label="a"), Segment(number=2, label="b")], study)
    moved = read_dicom_series(study[:3])
    with pytest.raises(DataError, match="another grid"):
        read_seg(seg, moved)
    overlap = masks()
    overlap[1] |= overlap[0]
    write_seg(target, overlap, [Segment(number=1, label="a"), Segment(number=2, label="b")], study)
    with pytest.raises(DataError, match="'b' overlaps"):
        read_seg(target).labels()


def row(name: str, value: float, derivation: str = "", segment: int = 1) -> Measurement:
    return Measurement(
        group=f"lesion {segment}", tracking_uid=f"1.2.3.{segment}", finding=NODULE, site=LIVER, name=VOLUME,
        value=value, unit="mm3", method="", derivation=derivation, refers=(("", (segment,)),),
    )  # fmt: skip


@pytest.mark.parametrize("with_masks", [True, False])
def test_measurements_come_back(tmp_path: Path, study: list[Path], with_masks: bool) -> None:
    seg = None
    if with_masks:
        segments = [Segment(number=1, label="a"), Segment(number=2, label="b")]
        seg = write_seg(tmp_path / "seg.dcm", masks(), segments, study)
    rows = [row("v", 12.5), row("v", 0.000125, "Mean"), row("v", 1234567.0, "Maximum", segment=2)]
    path = judged(write_sr(tmp_path / "sr.dcm", rows, study, seg, Maker(algorithm="net", algorithm_version="2")))
    report = read_sr(path)
    assert (report.template, report.complete, report.verified) == ("1500", True, False)
    for ours, theirs in zip(rows, report.measurements, strict=True):
        assert theirs.value == pytest.approx(ours.value, rel=1e-9)
        for name in ("group", "tracking_uid", "finding", "site", "name", "unit", "derivation"):
            assert getattr(theirs, name) == getattr(ours, name)
    if seg is not None:
        uid = str(pydicom.dcmread(seg).SOPInstanceUID)
        assert (uid, (2,)) in report.measurements[2].refers
        with pytest.raises(DataError, match="names segment 3"):
            write_sr(path, [row("v", 1.0, segment=3)], study, seg)
    with pytest.raises(DataError, match="no measurements"):
        write_sr(path, [], study)
    with pytest.raises(DataError, match="derivation 'Mode'"):
        write_sr(path, [row("v", 1.0, "Mode")], study)


def test_a_presentation_state_names_its_images_and_marks(tmp_path: Path, study: list[Path]) -> None:
    marks = [Mark.box(2, 3, 7, 8, "nodule", place=2), Mark(points=np.array([[0.0, 0.0]]), shape="POINT")]
    path = judged(write_gsps(tmp_path / "pr.dcm", marks, study, window=(40.0, 400.0)))
    data = pydicom.dcmread(path)
    by_uid = {item.ReferencedImageSequence[0].ReferencedSOPInstanceUID: item for item in data.GraphicAnnotationSequence}
    third = by_uid[pydicom.dcmread(study[2]).SOPInstanceUID]
    # the standard's first pixel has its centre at (1, 1)
    drawn = np.array(third.GraphicObjectSequence[0].GraphicData).reshape(-1, 2)
    np.testing.assert_allclose(drawn, marks[0].points + 1)
    assert third.TextObjectSequence[0].UnformattedTextValue == "nodule"
    assert float(data.SoftcopyVOILUTSequence[0].WindowCenter) == 40.0
    with pytest.raises(DataError, match="beyond its image"):
        write_gsps(path, [Mark.box(0, 0, 50, 50)], study)
    with pytest.raises(DataError, match="slice 5 of 5"):
        write_gsps(path, [Mark.box(0, 0, 5, 5, place=5)], study)
    with pytest.raises(DataError, match="neither a mark nor a window"):
        write_gsps(path, [], study)


def test_a_capture_joins_its_study(tmp_path: Path, study: list[Path]) -> None:
    grey = to_display(study[0])
    colour = np.random.default_rng(0).integers(0, 255, (3, 20, 30), dtype=np.uint8)
    for name, picture in (("grey", grey), ("colour", colour)):
        path = judged(write_capture(tmp_path / f"{name}.dcm", picture, study[0], "shown"))
        np.testing.assert_array_equal(read_dicom(path).array, picture)
        data = pydicom.dcmread(path)
        assert (data.PatientName, data.SeriesDescription) == ("Doe^Jane", "shown")
        assert data.StudyInstanceUID == pydicom.dcmread(study[0]).StudyInstanceUID
    with pytest.raises(ShapeError, match="expected uint8"):
        write_capture(tmp_path / "x.dcm", grey.astype(np.float32), study[0])  # type: ignore[arg-type]


def test_contours_are_drawn_on_the_series(tmp_path: Path, study: list[Path]) -> None:
    image = read_dicom_series(study)
    assert image.affine is not None
    outer = [(1.5, 1.5), (6.5, 1.5), (6.5, 9.5), (1.5, 9.5)]
    inner = [(2.5, 3.5), (4.5, 3.5), (4.5, 6.5), (2.5, 6.5)]
    data = dataset(np.zeros((1, 1), np.uint8), "1.2.840.10008.5.1.4.1.1.481.3", Modality="RTSTRUCT")
    for name in ("Rows", "Columns", "PixelData"):
        del data[name]
    region, contours, item = Dataset(), Dataset(), []
    region.ROINumber, region.ROIName = 7, "ring"
    contours.ReferencedROINumber = 7
    for corners in (outer, inner):
        points = [(image.affine @ [i, j, 2, 1])[:3] * [-1, -1, 1] for i, j in corners]
        one = Dataset()
        one.ContourGeometricType, one.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
        one.ContourData = [f"{value:.6f}"[:16] for point in points for value in point]
        item.append(one)
    contours.ContourSequence = Items(item)
    data.StructureSetROISequence, data.ROIContourSequence = Items([region]), Items([contours])
    found = read_rtstruct(save(tmp_path / "rt.dcm", data))
    assert found.names == {7: "ring"}
    drawn = found.draw(image)
    expected = np.zeros((12, 9), bool)
    expected[2:10, 2:7] = True
    expected[4:7, 3:5] = False
    np.testing.assert_array_equal(drawn.masks[0, 2], expected)
    assert drawn.masks.sum() == expected.sum()
    with pytest.raises(DataError, match="beyond the volume"):
        found.draw(read_dicom_series(study[:2]))
    real = read_rtstruct(SHIPPED / "rtstruct.dcm")
    assert (len(real.names), len(real.contours)) == (3, 5)
